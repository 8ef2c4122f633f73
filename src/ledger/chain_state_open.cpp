// Opening the store: headers, the flushed tip, and the blocks stored above it.

#include <algorithm>
#include <utility>

#include "cairn/base/log.h"
#include "src/ledger/chain_state.h"
#include "src/ledger/memory_shares.h"

namespace cairn::ledger {
namespace {

std::vector<BlockHash> HashRows(const std::vector<storage::HeaderRow>& rows) {
  Bytes headers;
  headers.reserve(rows.size() * Header::kSize);
  for (const storage::HeaderRow& row : rows) Append(headers, row.header.Serialize());
  return HashHeaders(headers);
}

void Restore(HeaderEntry& entry, const storage::HeaderRow& row, const storage::BlockStore& store) {
  if (!row.IsPruned() && !store.Has(row.body_sequence))
    return;  // lost with a power cut: a header, no more
  entry.validity =
      static_cast<Validity>(std::min(row.validity, static_cast<uint8_t>(Validity::kConnected)));
  entry.body_size = row.body_size;
  entry.tx_count = row.tx_count;
  entry.body_sequence = row.body_sequence;
  if (store.Has(row.undo_sequence)) entry.undo_sequence = row.undo_sequence;
}

}  // namespace

Status ChainState::Open() {
  if (Status gone = DestroyWhatIsRemade(); !gone) return gone;
  if (Status opened = OpenStores(); !opened) return opened;
  if (Status loaded = LoadHeaders(); !loaded) return loaded;
  if (Status loaded = LoadTip(); !loaded) return loaded;
  if (Status opened = OpenPruner(); !opened) return opened;
  if (Status begun = OpenIndexes(); !begun) return begun;
  if (flush_number_ == 0) {
    if (Status flushed = FlushNow(); !flushed) return flushed;
  }
  Publish();
  if (block_store_->reindexing()) {
    if (Status done = Reindex(); !done) return done;
  } else {
    if (pruner_ != nullptr) {
      if (Status deleted = DeleteLeftovers(); !deleted) return deleted;
    }
    if (Status checked = CheckAtStart(); !checked) return checked;
  }
  if (Status connected = ConnectStored(); !connected) return connected;
  LOG_INFO("Loaded the ledger: tip {} at height {}, {} headers", tip_->hash, tip_->height,
           tree_.entries().size());
  return {};
}

Status ChainState::OpenStores() {
  auto blocks =
      storage::BlockStore::Open(options_.blocks_folder, BlockStoreBytes(options_.cache_bytes),
                                StepBytes(options_.prune_target_bytes));
  if (!blocks) return tl::unexpected(blocks.error());
  block_store_ = *std::move(blocks);
  auto coins =
      storage::CoinStore::Open(options_.coins_folder, CoinStoreBytes(options_.cache_bytes));
  if (!coins) return tl::unexpected(coins.error());
  coin_store_ = *std::move(coins);
  return {};
}

Status ChainState::LoadHeaders() {
  std::vector<storage::HeaderRow> rows;
  Status scanned =
      block_store_->ForEachRow([&](const storage::HeaderRow& row) { rows.push_back(row); });
  if (!scanned) return scanned;
  const bool is_new = rows.empty();
  // Records without any row: the index was deleted, by -reindex or by hand.
  if (is_new && block_store_->next_sequence() > 1 && !block_store_->reindexing()) {
    if (Status marked = block_store_->SetReindexing(true); !marked) return marked;
  }
  if (Status inserted = InsertRows(std::move(rows)); !inserted) return inserted;
  store_ = std::make_unique<StoreThread>(
      *block_store_, *coin_store_, WaitingBytes(options_.cache_bytes, options_.prune_target_bytes),
      events_.wake);
  read_ahead_ = std::make_unique<ReadAhead>(workers_, [this](const HeaderEntry& entry) {
    auto block = ReadBlock(entry);
    if (block) Warm(**block);
    return block;
  });
  if (!is_new) return {};
  auto genesis = Block::Parse(params_.genesis_block);
  if (!genesis) return tl::unexpected(genesis.error());
  StoreGenesis(*genesis);
  return {};
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
    if (entry.tx_count != 0) stored.push_back(&entry);
  }
  // In the order in which they came; those that are pruned came first.
  std::ranges::stable_sort(stored, {},
                           [](const HeaderEntry* e) { return e->body_sequence.load(); });
  for (HeaderEntry* entry : stored) tree_.LinkBody(entry);
  if (block_store_->reindexing()) return {};  // there is more than the rows name
  return block_store_->DiscardBehind(last_sequence);
}

void ChainState::StoreGenesis(const BlockPtr& genesis) {
  HeaderEntry* entry = tree_.Insert(genesis->header(), genesis->hash(), nullptr);
  StoreBody(entry, genesis);
}

Status ChainState::LoadTip() {
  const auto flushed = coin_store_->ReadTip();
  if (!flushed) return tl::unexpected(flushed.error());
  // The coins of genesis do not exist, so an empty set is that of the chain of genesis alone.
  const BlockHash hash = *flushed ? (*flushed)->hash : params_.genesis_hash;
  tip_ = tree_.Find(hash);
  if (tip_ == nullptr || tip_->chain_tx_count == 0) {
    return cairn::Fail(ErrorCode::kCorruption,
                       "chainstate stands at " + hash.ToString() +
                           ", which blocks/ does not have; start with -reindex to make both anew "
                           "from the stored blocks");
  }
  if (*flushed) {
    flush_number_ = (*flushed)->flush_number;
    if (Status fits = block_store_->CheckFlushOfCoins(flush_number_); !fits) return fits;
  }
  // After a crash between the two, the blocks are one flush ahead.
  flush_number_ = std::max(flush_number_, block_store_->flush_number());
  table_ = std::make_unique<CoinTable>(*coin_store_, !*flushed);
  overlay_ = std::make_unique<CoinOverlay>(*table_);
  tree_.Prefer(tip_);  // no other branch of equal work takes its place only because of the restart
  tip_->validity = Validity::kConnected;
  durable_height_ = tip_->height;
  return {};
}

Status ChainState::OpenIndexes() {
  auto opened = IndexSet::Open(options_.indexes_folder, options_.indexes, params_,
                               IndexBytes(options_.cache_bytes));
  if (!opened) return tl::unexpected(opened.error());
  indexes_ = *std::move(opened);
  if (Status possible = CheckIndexesCanBeBuilt(); !possible) return possible;
  if (tip_->height > 0) return indexes_->Begin({tip_->height, tip_->hash});
  const auto genesis = Block::Parse(params_.genesis_block);
  if (!genesis) return tl::unexpected(genesis.error());
  return indexes_->BeginAtGenesis(**genesis);
}

Status ChainState::CheckIndexesCanBeBuilt() const {
  for (const IndexReader* index : indexes_->readers()) {
    int height = -1;  // of the last block of our chain that it has
    if (const HeaderEntry* at = tree_.Find(index->tip().hash); at != nullptr) {
      const HeaderEntry* fork = FindFork(at, tip_);
      if (HasWayTo(at, fork)) height = fork->height;
    }
    if (height >= pruned_height_) continue;
    return cairn::Fail(ErrorCode::kInvalid,
                       std::string(index->name()) +
                           " best block of the index goes beyond pruned data. Please disable the "
                           "index or reindex (which will download the whole blockchain again)");
  }
  return {};
}

Status ChainState::CheckAtStart() {
  if (options_.check_level < 0) return {};
  const auto check = VerifyChain(options_.check_level, options_.check_blocks);
  if (!check) return tl::unexpected(check.error());
  switch (check->outcome) {
    case ChainCheck::Outcome::kSound:
    case ChainCheck::Outcome::kSkippedPruned:
    case ChainCheck::Outcome::kInterrupted: return {};
    case ChainCheck::Outcome::kSkippedMemory:
      if (!options_.check_strictly) return {};
      return cairn::Fail(ErrorCode::kInvalid, "Insufficient dbcache for block verification");
    case ChainCheck::Outcome::kDamaged:
      return cairn::Fail(ErrorCode::kCorruption,
                         "what is stored of the last blocks is damaged: " + check->reason);
    case ChainCheck::Outcome::kUnsound: break;
  }
  return cairn::Fail(ErrorCode::kCorruption,
                     "the last blocks do not fit the coins: " + check->reason +
                         "; start with -reindex-chainstate, or with -reindex if that does not "
                         "help");
}

Status ChainState::ConnectStored() {
  // A crash may have come between the rows, which say that a block was declared invalid, and the
  // coins.
  if (tip_->failed) {
    if (Status left = LeaveFailedTip(); !left) return left;
    tree_.RebuildCandidates(tip_);
    if (tip_->failed) return {};  // interrupted
  }
  const int flushed_height = tip_->height;
  progress_.emplace(Progress{"Connecting stored blocks", flushed_height, ProgressClock()});
  if (Status advanced = Advance(nullptr); !advanced) return advanced;
  SettleAll();
  progress_.reset();
  if (!failure().empty()) return cairn::Fail(ErrorCode::kIo, failure());
  if (tip_->height > flushed_height) {
    LOG_INFO("Connected {} stored blocks above the flushed tip", tip_->height - flushed_height);
  }
  return {};
}

}  // namespace cairn::ledger
