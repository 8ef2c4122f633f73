#include "src/ledger/chain_state.h"

#include <algorithm>
#include <utility>

#include "cairn/base/log.h"
#include "consensus/rules/header.h"

namespace cairn::ledger {
namespace {

using consensus::Blame;
using consensus::Violation;

storage::HeaderRow RowOf(const HeaderEntry& entry) {
  storage::HeaderRow row;
  row.header = entry.header;
  row.height = entry.height;
  row.validity = static_cast<uint8_t>(entry.validity.load());
  row.failed = entry.failed;
  row.body_sequence = entry.body_sequence;
  row.undo_sequence = entry.undo_sequence;
  row.body_size = entry.body_size;
  row.tx_count = entry.tx_count;
  return row;
}

SubmitResult Answer(BlockOutcome outcome, std::string reason, const HeaderEntry* entry = nullptr) {
  return {outcome, std::move(reason), entry, {}};
}

}  // namespace

ChainState::ChainState(const LedgerOptions& options, const consensus::Params& params,
                       const Clock& clock, WorkerPool& workers)
    : options_(options), params_(params), clock_(clock), workers_(workers), tree_(params) {}

void ChainState::Fail(const Error& error) {
  if (!failure().empty()) return;
  LOG_ERROR("The ledger stops: {}", error.message);
  failure_.Set(std::make_shared<const std::string>(error.message));
}

SubmitResult ChainState::AcceptHeader(const Header& header, const BlockHash& hash) {
  if (HeaderEntry* known = tree_.Find(hash)) {
    if (known->failed) return Answer(BlockOutcome::kDuplicateInvalid, "duplicate-invalid", known);
    return Answer(BlockOutcome::kDuplicate, "duplicate", known);
  }
  HeaderEntry* parent = tree_.Find(header.previous);
  const HeaderEntry* above = parent != nullptr ? parent : &tree_.entries().front();
  const EntryAncestors ancestors(above);
  const int checkpointed = options_.use_checkpoints ? tree_.checkpointed_height() : 0;
  const consensus::HeaderContext context{header,    hash,         params_,
                                         ancestors, clock_.Now(), checkpointed};
  if (parent == nullptr) {
    if (!consensus::HasProofOfWork(context)) return Answer(BlockOutcome::kRejected, "high-hash");
    return Answer(BlockOutcome::kOrphan, "prev-blk-not-found");
  }
  if (parent->failed && consensus::HasProofOfWork(context)) {
    return Answer(BlockOutcome::kRejected, "bad-prevblk");
  }
  if (const consensus::Verdict verdict = consensus::CheckHeader(context); !verdict) {
    return {BlockOutcome::kRejected, verdict.error().Reason(), nullptr, verdict.error()};
  }
  HeaderEntry* entry = tree_.Insert(header, hash, parent);
  dirty_rows_.insert(entry);
  return Answer(BlockOutcome::kStored, "", entry);
}

SubmitResult ChainState::AcceptBlock(const consensus::CheckedBlock& block) {
  if (!failure().empty()) return Answer(BlockOutcome::kFailed, failure());
  const SubmitResult header = AcceptHeader(block->header(), block->hash());
  HeaderEntry* entry = tree_.Find(block->hash());
  if (entry == nullptr || header.outcome == BlockOutcome::kDuplicateInvalid) return header;
  if (entry->HasBody()) return header;  // a duplicate

  const EntryAncestors ancestors(entry->parent);
  const consensus::PlacedBlock placed{*block, params_, ancestors};
  if (const consensus::Verdict verdict = consensus::AcceptBlock(placed); !verdict) {
    return Refuse(entry, verdict.error());
  }
  if (const Status stored = StoreBody(entry, *block); !stored) {
    Fail(stored.error());
    return Answer(BlockOutcome::kFailed, failure());
  }
  const auto activated = Activate(block.ptr(), entry);
  if (!activated) {
    Fail(activated.error());
    return Answer(BlockOutcome::kFailed, failure());
  }
  if (activated->violation) {
    const Violation& violation = *activated->violation;
    return {BlockOutcome::kRejected, violation.Reason(), entry, violation};
  }
  const bool connected = tip_->Ancestor(entry->height) == entry;
  return Answer(connected ? BlockOutcome::kConnected : BlockOutcome::kStored, "", entry);
}

SubmitResult ChainState::RefuseBlock(const Block& block, const Violation& violation) {
  const Blame blame = consensus::BlameOf(violation, consensus::Subject::kBlock);
  const bool own_fault = blame == Blame::kInvalid &&
                         violation.reject != consensus::Reject::kHighHash &&
                         !consensus::HasAmbiguousMerkleTree(block);
  HeaderEntry* entry = tree_.Find(block.hash());
  if (entry != nullptr && entry->failed) {
    return Answer(BlockOutcome::kDuplicateInvalid, "duplicate-invalid", entry);
  }
  if (entry == nullptr && own_fault && failure().empty()) {
    AcceptHeader(block.header(), block.hash());
    entry = tree_.Find(block.hash());
  }
  if (entry != nullptr && own_fault && !entry->HasBody()) return Refuse(entry, violation);
  LOG_INFO("Block {} refused: {}", block.hash(), violation);
  return {BlockOutcome::kRejected, violation.Reason(), nullptr, violation};
}

SubmitResult ChainState::Refuse(HeaderEntry* entry, const Violation& violation) {
  LOG_INFO("Block {} at height {} refused: {}", entry->hash, entry->height, violation);
  if (consensus::BlameOf(violation, consensus::Subject::kBlock) == Blame::kInvalid) Condemn(entry);
  return {BlockOutcome::kRejected, violation.Reason(), entry, violation};
}

void ChainState::Condemn(HeaderEntry* entry) {
  for (HeaderEntry* changed : tree_.MarkFailed(entry)) dirty_rows_.insert(changed);
}

Status ChainState::StoreBody(HeaderEntry* entry, const Block& block) {
  const auto sequence = block_store_->AppendBody(block.bytes());
  if (!sequence) return tl::unexpected(sequence.error());
  entry->body_size = static_cast<uint32_t>(block.bytes().size());
  entry->tx_count = static_cast<uint32_t>(block.transactions().size());
  entry->body_sequence.store(*sequence, std::memory_order_release);
  entry->validity = Validity::kBody;
  dirty_rows_.insert(entry);
  tree_.LinkBody(entry);
  return {};
}

Result<std::optional<FoundCoin>> ChainState::FindCoin(const OutPoint& outpoint) {
  const auto coin = cache_->Find(outpoint);
  if (!coin) return tl::unexpected(coin.error());
  if (!*coin) return std::nullopt;
  const Coin& found = **coin;
  return FoundCoin{found.value, found.height, found.coinbase,
                   Bytes(found.script.begin(), found.script.end()), tip_};
}

Result<BlockPtr> ChainState::ReadBlock(const HeaderEntry& entry) const {
  auto bytes = block_store_->ReadBody(entry.body_sequence);
  if (!bytes) return tl::unexpected(bytes.error());
  auto block = Block::Parse(*std::move(bytes));
  if (!block || (*block)->hash() != entry.hash) {
    return cairn::Fail(ErrorCode::kCorruption,
                       "the stored body of " + entry.hash.ToString() + " is damaged");
  }
  return block;
}

std::vector<BranchTip> ChainState::BranchTips() const {
  std::unordered_set<const HeaderEntry*> parents;
  for (const HeaderEntry& entry : tree_.entries()) parents.insert(entry.parent);
  std::vector<BranchTip> tips;
  for (const HeaderEntry& entry : tree_.entries()) {
    const bool on_best_chain = tip_->Ancestor(entry.height) == &entry;
    if (&entry != tip_ && (parents.contains(&entry) || on_best_chain)) continue;
    const char* status = "valid-headers";
    if (on_best_chain) {
      status = "active";
    } else if (entry.failed) {
      status = "invalid";
    } else if (entry.chain_tx_count == 0) {
      status = "headers-only";
    } else if (entry.validity == Validity::kConnected) {
      status = "valid-fork";
    }
    tips.push_back({&entry, entry.height - FindFork(&entry, tip_)->height, status});
  }
  std::sort(tips.begin(), tips.end(), [](const BranchTip& a, const BranchTip& b) {
    return a.tip->height != b.tip->height ? a.tip->height > b.tip->height
                                          : a.tip->hash < b.tip->hash;
  });
  return tips;
}

Status ChainState::Flush() {
  // After a failure the coins in memory may be half of a change.
  if (!failure().empty()) return cairn::Fail(ErrorCode::kIo, failure());
  std::vector<storage::HeaderRow> rows;
  rows.reserve(dirty_rows_.size());
  for (const HeaderEntry* entry : dirty_rows_) rows.push_back(RowOf(*entry));
  if (Status synced = block_store_->SyncWithRows(rows); !synced) return synced;
  dirty_rows_.clear();
  const bool drop = cache_->MemoryBytes() > options_.cache_bytes;
  if (Status flushed = cache_->Flush({tip_->hash, ++flush_number_}, drop); !flushed) return flushed;
  blocks_since_flush_ = 0;
  last_flush_ = std::chrono::steady_clock::now();
  return {};
}

Status ChainState::FlushIfDue() {
  const bool by_count =
      options_.flush_every_blocks > 0 && blocks_since_flush_ >= options_.flush_every_blocks;
  const bool by_memory = cache_->MemoryBytes() > options_.cache_bytes;
  const bool by_time = std::chrono::steady_clock::now() - last_flush_ >= options_.flush_interval;
  if (!by_count && !by_memory && !by_time) return {};
  return Flush();
}

}  // namespace cairn::ledger
