// Opening the store: headers, the flushed tip, and the blocks stored above it.

#include <algorithm>
#include <utility>

#include "cairn/base/log.h"
#include "src/ledger/chain_state.h"

namespace cairn::ledger {
namespace {

// Shares of the memory budget; the coins in memory have the rest.
constexpr uint64_t kBlockStoreShare = 8;
constexpr uint64_t kCoinStoreShare = 8;

std::vector<BlockHash> HashRows(const std::vector<storage::HeaderRow>& rows) {
  Bytes headers;
  headers.reserve(rows.size() * Header::kSize);
  for (const storage::HeaderRow& row : rows) Append(headers, row.header.Serialize());
  return HashHeaders(headers);
}

void Restore(HeaderEntry& entry, const storage::HeaderRow& row, const storage::BlockStore& store) {
  if (!store.Has(row.body_sequence)) return;  // lost with a power cut: a header, no more
  entry.validity =
      static_cast<Validity>(std::min(row.validity, static_cast<uint8_t>(Validity::kConnected)));
  entry.body_size = row.body_size;
  entry.tx_count = row.tx_count;
  entry.body_sequence = row.body_sequence;
  if (store.Has(row.undo_sequence)) entry.undo_sequence = row.undo_sequence;
}

}  // namespace

Status ChainState::Open() {
  auto blocks =
      storage::BlockStore::Open(options_.blocks_folder, options_.cache_bytes / kBlockStoreShare);
  if (!blocks) return tl::unexpected(blocks.error());
  block_store_ = *std::move(blocks);
  auto coins =
      storage::CoinStore::Open(options_.coins_folder, options_.cache_bytes / kCoinStoreShare);
  if (!coins) return tl::unexpected(coins.error());
  coin_store_ = *std::move(coins);
  cache_ = std::make_unique<CoinCache>(*coin_store_);

  if (Status loaded = LoadHeaders(); !loaded) return loaded;
  if (Status loaded = LoadTip(); !loaded) return loaded;
  Publish();
  const int flushed_height = tip_->height;
  const auto activated = Activate(nullptr, nullptr);
  if (!activated) return tl::unexpected(activated.error());
  if (tip_->height > flushed_height) {
    LOG_INFO("Connected {} stored blocks above the flushed tip", tip_->height - flushed_height);
  }
  LOG_INFO("Loaded the ledger: tip {} at height {}, {} headers", tip_->hash, tip_->height,
           tree_.entries().size());
  return {};
}

Status ChainState::LoadHeaders() {
  std::vector<storage::HeaderRow> rows;
  Status scanned =
      block_store_->ForEachRow([&](const storage::HeaderRow& row) { rows.push_back(row); });
  if (!scanned) return scanned;
  if (rows.empty()) return StoreGenesis();
  return InsertRows(std::move(rows));
}

Status ChainState::InsertRows(std::vector<storage::HeaderRow> rows) {
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.height < b.height; });
  uint64_t last_sequence = 0;
  const std::vector<BlockHash> hashes = HashRows(rows);
  for (size_t i = 0; i < rows.size(); ++i) {
    const storage::HeaderRow& row = rows[i];
    const BlockHash& hash = hashes[i];
    HeaderEntry* parent = tree_.Find(row.header.previous);
    if (row.height == 0 && hash != params_.genesis_hash) {
      return cairn::Fail(ErrorCode::kInvalid,
                         "the data directory holds another chain, with genesis " + hash.ToString());
    }
    if (row.height != 0 && parent == nullptr) {
      return cairn::Fail(ErrorCode::kCorruption,
                         "blocks/index lacks the parent of " + hash.ToString());
    }
    HeaderEntry* entry = tree_.Insert(row.header, hash, parent, row.failed);
    Restore(*entry, row, *block_store_);
    if (row.body_sequence != entry->body_sequence) dirty_rows_.insert(entry);
    last_sequence = std::max({last_sequence, row.body_sequence, row.undo_sequence});
  }
  std::vector<HeaderEntry*> stored;
  for (HeaderEntry& entry : tree_.entries()) {
    if (entry.HasBody()) stored.push_back(&entry);
  }
  std::sort(stored.begin(), stored.end(), [](const HeaderEntry* a, const HeaderEntry* b) {
    return a->body_sequence < b->body_sequence;
  });
  for (HeaderEntry* entry : stored) tree_.LinkBody(entry);
  return block_store_->DiscardBehind(last_sequence);
}

Status ChainState::StoreGenesis() {
  auto genesis = Block::Parse(params_.genesis_block);
  if (!genesis) return tl::unexpected(genesis.error());
  HeaderEntry* entry = tree_.Insert((*genesis)->header(), (*genesis)->hash(), nullptr);
  return StoreBody(entry, **genesis);
}

Status ChainState::LoadTip() {
  const auto flushed = coin_store_->ReadTip();
  if (!flushed) return tl::unexpected(flushed.error());
  // The coins of genesis do not exist, so an empty set is that of the chain of genesis alone.
  const BlockHash hash = *flushed ? (*flushed)->hash : params_.genesis_hash;
  tip_ = tree_.Find(hash);
  if (tip_ == nullptr || tip_->chain_tx_count == 0) {
    return cairn::Fail(ErrorCode::kCorruption,
                       "chainstate stands at " + hash.ToString() + ", which blocks/ does not have");
  }
  if (*flushed) flush_number_ = (*flushed)->flush_number;
  tree_.Prefer(tip_);  // no other branch of equal work takes its place only because of the restart
  tip_->validity = Validity::kConnected;
  if (*flushed) return {};
  return Flush();
}

}  // namespace cairn::ledger
