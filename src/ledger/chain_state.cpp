#include "src/ledger/chain_state.h"

#include <algorithm>
#include <random>
#include <utility>

#include "cairn/base/log.h"
#include "consensus/rules/header.h"
#include "src/ledger/undo.h"

namespace cairn::ledger {
namespace {

using consensus::Blame;
using consensus::Violation;

SubmitResult Of(BlockOutcome outcome, std::string reason, const HeaderEntry* entry = nullptr) {
  return {outcome, std::move(reason), entry, {}};
}

/// That nobody else knows.
crypto::Digest NewSalt() {
  std::random_device source;
  crypto::Digest salt;
  for (uint8_t& byte : salt) byte = static_cast<uint8_t>(source());
  return salt;
}

}  // namespace

ChainState::ChainState(const LedgerOptions& options, const consensus::Params& params,
                       const Clock& clock, WorkerPool& workers, StateEvents events)
    : options_(options),
      params_(params),
      clock_(clock),
      workers_(workers),
      events_(std::move(events)),
      proofs_(options.proof_cache_bytes, NewSalt()),
      tree_(params) {
  meter_.enabled = log::IsEnabled(log::kBench);
}

ChainState::~ChainState() { DropStaged(); }

void ChainState::Fail(const Error& error) {
  if (!failure().empty()) return;
  LOG_ERROR("The ledger stops: {}", error.message);
  failure_.Set(std::make_shared<const std::string>(error.message));
}

SubmitResult ChainState::AcceptHeader(const Header& header, const BlockHash& hash) {
  if (HeaderEntry* known = tree_.Find(hash)) {
    if (known->failed) return Of(BlockOutcome::kDuplicateInvalid, "duplicate-invalid", known);
    return Of(BlockOutcome::kDuplicate, "duplicate", known);
  }
  HeaderEntry* parent = tree_.Find(header.previous);
  const HeaderEntry* above = parent != nullptr ? parent : &tree_.entries().front();
  const EntryAncestors ancestors(above);
  const consensus::HeaderContext context{header,    hash,         params_,
                                         ancestors, clock_.Now(), CheckpointedHeight()};
  if (parent == nullptr) {
    if (!consensus::HasProofOfWork(context)) return Of(BlockOutcome::kRejected, "high-hash");
    return Of(BlockOutcome::kOrphan, "prev-blk-not-found");
  }
  if (parent->failed && consensus::HasProofOfWork(context)) {
    return Of(BlockOutcome::kRejected, "bad-prevblk");
  }
  if (const consensus::Verdict verdict = consensus::CheckHeader(context); !verdict) {
    return {BlockOutcome::kRejected, verdict.error().Reason(), nullptr, verdict.error()};
  }
  HeaderEntry* entry = tree_.Insert(header, hash, parent);
  dirty_rows_.insert(entry);
  return Of(BlockOutcome::kStored, "", entry);
}

void ChainState::AcceptBlock(const consensus::CheckedBlock& block, Answer answer,
                             StoredRecords stored) {
  if (!failure().empty()) return answer(Of(BlockOutcome::kFailed, failure()));
  const SubmitResult header = AcceptHeader(block->header(), block->hash());
  HeaderEntry* entry = tree_.Find(block->hash());
  const bool refused = entry == nullptr || header.outcome == BlockOutcome::kDuplicateInvalid;
  if (refused || entry->tx_count != 0) {
    PublishIfStale();
    return answer(header);  // refused, or a duplicate, be it pruned by now
  }
  const EntryAncestors ancestors(entry->parent);
  if (const auto placed = consensus::AcceptBlock({*block, params_, ancestors}); !placed) {
    const SubmitResult refusal = Refuse(entry, placed.error());
    PublishIfStale();
    return answer(refusal);
  }
  StoreBody(entry, block.ptr(), stored);
  TellOf(*entry, block.ptr());
  watched_ = entry;
  watched_violation_.reset();
  const Status advanced = Advance(block.ptr());
  watched_ = nullptr;
  if (!advanced) {
    Fail(advanced.error());
    return answer(Of(BlockOutcome::kFailed, failure()));
  }
  if (Front() != tip_ && Front()->Ancestor(entry->height) == entry) {
    // Staged, with whatever had waited for it: the answer comes when all of that is settled.
    window_.back().answers.emplace_back(entry, std::move(answer));
    return;
  }
  if (entry->failed && watched_violation_) {
    const SubmitResult result{BlockOutcome::kRejected, watched_violation_->Reason(), entry,
                              watched_violation_};
    if (window_.empty()) return answer(result);
    refusals_.emplace_back(std::move(answer), result);  // once the chain without it stands
    return;
  }
  const bool connected = tip_->Ancestor(entry->height) == entry;
  answer(Of(connected ? BlockOutcome::kConnected : BlockOutcome::kStored, "", entry));
}

SubmitResult ChainState::RefuseBlock(const Block& block, const Violation& violation) {
  const Blame blame = consensus::BlameOf(violation, consensus::Subject::kBlock);
  const bool own_fault = blame == Blame::kInvalid &&
                         violation.reject != consensus::Reject::kHighHash &&
                         !consensus::HasAmbiguousMerkleTree(block);
  HeaderEntry* entry = tree_.Find(block.hash());
  if (entry != nullptr && entry->failed) {
    return Of(BlockOutcome::kDuplicateInvalid, "duplicate-invalid", entry);
  }
  if (entry == nullptr && own_fault && failure().empty()) {
    AcceptHeader(block.header(), block.hash());
    entry = tree_.Find(block.hash());
  }
  if (entry != nullptr && own_fault && entry->tx_count == 0) return Refuse(entry, violation);
  LOG_INFO("Block {} refused: {}", block.hash(), violation);
  return {BlockOutcome::kRejected, violation.Reason(), nullptr, violation};
}

SubmitResult ChainState::Refuse(HeaderEntry* entry, const Violation& violation) {
  LOG_INFO("Block {} at height {} refused: {}", entry->hash, entry->height, violation);
  if (consensus::BlameOf(violation, consensus::Subject::kBlock) == Blame::kInvalid) Condemn(entry);
  if (watched_ != nullptr && watched_->failed && !watched_violation_)
    watched_violation_ = violation;
  return {BlockOutcome::kRejected, violation.Reason(), entry, violation};
}

void ChainState::Condemn(HeaderEntry* entry) {
  for (HeaderEntry* changed : tree_.MarkFailed(entry)) dirty_rows_.insert(changed);
}

void ChainState::StoreBody(HeaderEntry* entry, const BlockPtr& block, StoredRecords stored) {
  entry->body_size = static_cast<uint32_t>(block->bytes().size());
  entry->tx_count = static_cast<uint32_t>(block->transactions().size());
  if (stored.body == 0) stored.body = TakeLeftOut(*block);
  if (stored.body == 0) stored.body = store_->WriteBody(block);
  entry->body_sequence.store(stored.body, std::memory_order_release);
  entry->undo_sequence = stored.undo;
  entry->validity = Validity::kBody;
  NoteRecords(*entry);
  dirty_rows_.insert(entry);
  tree_.LinkBody(entry);
}

void ChainState::TellOf(const HeaderEntry& entry, const BlockPtr& block) {
  if (entry.parent != tip_ || IsInitialDownload(*tip_)) return;
  PublishIfStale();  // whoever hears of the block finds its header and its parent
  if (view_.Get()->tip != entry.parent) return;  // in the middle of a reorganisation
  fresh_block_.Set(block);
  events_.published();
}

BlockCheck ChainState::Check(Result<BlockPtr> block) {
  BlockCheck check;
  if (!block) {
    check.malformed = block.error().message;
    return check;
  }
  check.block = *std::move(block);
  check.verdict = consensus::CheckBlock(check.block, params_);
  if (check.verdict) Warm(*check.block);
  return check;
}

void ChainState::Warm(const Block& block) {
  if (table_ == nullptr || table_->IsComplete()) return;
  std::unordered_set<Txid, UnsaltedHasher> own;
  std::vector<OutPoint> outpoints;
  outpoints.reserve(block.SpendCount());
  for (const Transaction& tx : block.transactions()) {
    for (const TxIn& input : tx.inputs) {
      if (!input.prevout.IsNull() && !own.contains(input.prevout.txid)) {
        outpoints.push_back(input.prevout);
      }
    }
    own.insert(tx.txid);
  }
  std::sort(outpoints.begin(), outpoints.end());
  // A failure to read is met again, and dealt with, when the coin is needed.
  static_cast<void>(table_->Warm(outpoints));
}

Result<std::optional<FoundCoin>> ChainState::FindCoin(const OutPoint& outpoint) const {
  const auto stale = [] { return cairn::Fail(ErrorCode::kBusy, "the tip has moved"); };
  const uint64_t version = coins_version_.load(std::memory_order_acquire);
  if (version % 2 != 0) return stale();
  const ChainViewPtr view = view_.Get();
  ScriptArena scripts;
  const auto found = table_->FindOnly(outpoint, scripts);
  if (!found) return tl::unexpected(found.error());
  std::atomic_thread_fence(std::memory_order_acquire);
  if (coins_version_.load(std::memory_order_acquire) != version) return stale();
  if (!*found) return std::nullopt;
  const Coin& coin = **found;
  return FoundCoin{coin.value, coin.height, coin.coinbase,
                   Bytes(coin.script.begin(), coin.script.end()), view->tip};
}

bool ChainState::HoldsCoin(const OutPoint& outpoint) const {
  ScriptArena scripts;
  Coin coin;
  return table_->Look(outpoint, scripts, coin) == CoinTable::Presence::kUnspent;
}

Result<BlockPtr> ChainState::ReadBlock(const HeaderEntry& entry) const {
  auto bytes = store_->ReadBody(entry.body_sequence);
  if (!bytes) return tl::unexpected(bytes.error());
  auto block = Block::Parse(*std::move(bytes));
  if (!block || (*block)->hash() != entry.hash) {
    return cairn::Fail(ErrorCode::kCorruption, "the stored body of " + entry.hash.ToString() +
                                                   " is damaged; " +
                                                   std::string(storage::kRecordWayOut));
  }
  return block;
}

Result<std::vector<storage::StoredCoin>> ChainState::ReadSpent(const HeaderEntry& entry) const {
  const auto undo = store_->ReadUndo(entry.undo_sequence);
  if (!undo) return tl::unexpected(undo.error());
  auto spent = DecodeUndo(entry.hash, *undo);
  if (!spent) {
    return cairn::Fail(ErrorCode::kCorruption, "the undo data of " + entry.hash.ToString() +
                                                   " is damaged; " +
                                                   std::string(storage::kRecordWayOut));
  }
  return *std::move(spent);
}

std::vector<BranchTip> ChainState::BranchTips() const {
  // The tip is one of them even where headers build on it.
  std::vector<BranchTip> tips = {{tip_, 0, "active"}};
  for (const HeaderEntry* leaf : tree_.leaves()) {
    if (leaf == tip_) continue;
    const char* status = "valid-headers";
    if (leaf->failed) {
      status = "invalid";
    } else if (leaf->chain_tx_count == 0) {
      status = "headers-only";
    } else if (leaf->validity == Validity::kConnected) {
      status = "valid-fork";
    }
    tips.push_back({leaf, leaf->height - FindFork(leaf, tip_)->height, status});
  }
  std::sort(tips.begin(), tips.end(), [](const BranchTip& a, const BranchTip& b) {
    return a.tip->height != b.tip->height ? a.tip->height > b.tip->height
                                          : a.tip->hash < b.tip->hash;
  });
  return tips;
}

}  // namespace cairn::ledger
