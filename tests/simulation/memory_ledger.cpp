#include "tests/simulation/memory_ledger.h"

#include <algorithm>

#include "consensus/rules/header.h"

namespace cairn::simulation {
namespace {

constexpr size_t kRecent = 4;
constexpr int64_t kRecentSeconds = 24 * 60 * 60;

}  // namespace

MemoryLedger::MemoryLedger(const Mint& mint, const p2p::Instant& now)
    : mint_(mint), now_(now), tree_(mint.params()) {
  const auto raw = ByteSpan(params().genesis_block).first<Header::kSize>();
  ledger::HeaderEntry* genesis = tree_.Insert(Header::From(raw), params().genesis_hash, nullptr);
  bodies_.push_back(Block::Parse(params().genesis_block).value());
  genesis->tx_count = 1;
  genesis->body_sequence = bodies_.size();
  genesis->validity = ledger::Validity::kConnected;
  tree_.LinkBody(genesis);
  Publish(genesis);
}

bool MemoryLedger::IsInitialBlockDownload() const {
  if (downloading_) {
    downloading_ = view_->tip->header.time + kRecentSeconds < p2p::UnixSecondsOf(now_);
  }
  return downloading_;
}

BlockPtr MemoryLedger::RecentBlock(const BlockHash& hash) const {
  const auto found = std::find_if(recent_.begin(), recent_.end(),
                                  [&](const BlockPtr& block) { return block->hash() == hash; });
  return found == recent_.end() ? nullptr : *found;
}

bool MemoryLedger::Check(BlockPtr& block) {
  const Accepted accepted = AcceptHeader(block->header(), block->hash());
  const ledger::HeaderEntry* entry = accepted.entry;
  if (entry == nullptr || entry->failed || entry->parent == nullptr) return false;
  if (tree_.best_header() != view_->best_header) Publish(view_->tip);
  if (entry->chain_work <= view_->tip->chain_work) return false;
  if (!mint_.Judge(block, *entry->parent)) return false;
  if (RecentBlock(block->hash()) == nullptr) Remember(block);
  return true;
}

void MemoryLedger::Remember(const BlockPtr& block) {
  recent_.push_back(block);
  if (recent_.size() > kRecent) recent_.pop_front();
}

BlockPtr MemoryLedger::Body(const ledger::HeaderEntry& entry) const {
  return entry.HasBody() ? bodies_[entry.body_sequence - 1] : nullptr;
}

bool MemoryLedger::Contains(const BlockHash& hash) const {
  const ledger::HeaderEntry* entry = tree_.Find(hash);
  return entry != nullptr && view_->Contains(entry);
}

size_t MemoryLedger::MemoryUse() const {
  constexpr size_t kOfIndex = 64;
  return tree_.entries().size() * (sizeof(ledger::HeaderEntry) + kOfIndex);
}

void MemoryLedger::Publish(const ledger::HeaderEntry* tip) {
  auto view = std::make_shared<ledger::ChainView>();
  view->params = &params();
  view->tip = tip;
  view->best_header = tree_.best_header();
  const bool moved = view_ == nullptr || view_->tip != tip;
  if (view_ != nullptr) view->generation = view_->generation + 1;
  const ledger::HeightIndex none;
  const ledger::HeightIndex& before = view_ != nullptr ? view_->heights : none;
  view->heights = moved ? before.With(tip) : before;
  view_ = std::move(view);
}

MemoryLedger::Accepted MemoryLedger::AcceptHeader(const Header& header, const BlockHash& hash) {
  if (ledger::HeaderEntry* known = tree_.Find(hash)) {
    return {known, known->failed ? "duplicate-invalid" : "", known->failed, false};
  }
  ledger::HeaderEntry* parent = tree_.Find(header.previous);
  if (parent == nullptr) return {nullptr, "prev-blk-not-found", false, true};
  if (parent->failed) return {nullptr, "bad-prevblk", true, false};
  const ledger::EntryAncestors ancestors(parent);
  const consensus::Verdict verdict =
      consensus::CheckHeader({header, hash, params(), ancestors, p2p::UnixSecondsOf(now_)});
  if (!verdict) {
    const consensus::Violation& violation = verdict.error();
    const bool for_ever =
        consensus::BlameOf(violation, consensus::Subject::kBlock) == consensus::Blame::kInvalid;
    return {nullptr, violation.Reason(), for_ever, false};
  }
  return {tree_.Insert(header, hash, parent), "", false, false};
}

p2p::HeadersVerdict MemoryLedger::AcceptHeaders(std::span<const Header> headers) {
  p2p::HeadersVerdict verdict;
  for (const Header& header : headers) {
    const Accepted accepted = AcceptHeader(header, header.Hash());
    if (!accepted.reason.empty()) {
      verdict.reason = accepted.reason;
      verdict.invalid = accepted.invalid;
      break;
    }
    verdict.last = accepted.entry;
  }
  if (tree_.best_header() != view_->best_header) Publish(view_->tip);
  return verdict;
}

LedgerStep MemoryLedger::Submit(BlockPtr block) {
  using p2p::BlockFate;
  LedgerStep step;
  p2p::BlockVerdict& verdict = step.verdict;
  const Accepted accepted = AcceptHeader(block->header(), block->hash());
  ledger::HeaderEntry* entry = accepted.entry;
  verdict.entry = entry;
  verdict.reason = accepted.reason;
  if (!accepted.reason.empty()) {
    verdict.fate = accepted.orphan    ? BlockFate::kOrphan
                   : accepted.invalid ? BlockFate::kInvalid
                                      : BlockFate::kPremature;
    return step;
  }
  if (entry->HasBody()) {
    verdict.fate = BlockFate::kDuplicate;
    return step;
  }
  if (const consensus::Verdict judged = mint_.Judge(block, *entry->parent); !judged) {
    const bool mutated = consensus::BlameOf(judged.error(), consensus::Subject::kBlock) ==
                         consensus::Blame::kMutated;
    verdict.fate = mutated ? BlockFate::kMutated : BlockFate::kInvalid;
    verdict.reason = judged.error().Reason();
    if (!mutated) tree_.MarkFailed(entry);
    Publish(view_->tip);
    return step;
  }
  bodies_.push_back(block);
  entry->body_size = static_cast<uint32_t>(block->bytes().size());
  entry->tx_count = static_cast<uint32_t>(block->transactions().size());
  entry->body_sequence = bodies_.size();
  entry->validity = ledger::Validity::kBody;
  tree_.LinkBody(entry);
  if (RecentBlock(block->hash()) == nullptr) Remember(block);
  Activate(step);
  verdict.fate = entry->failed            ? BlockFate::kInvalid
                 : view_->Contains(entry) ? BlockFate::kConnected
                                          : BlockFate::kStored;
  if (entry->failed) verdict.reason = "marked as invalid";
  return step;
}

/// Whether all blocks from the fork up to the target can be connected; condemns the first that
/// cannot.
bool MemoryLedger::Connects(ledger::HeaderEntry* target, const ledger::HeaderEntry* fork) {
  for (int height = fork->height + 1; height <= target->height; ++height) {
    const ledger::HeaderEntry* entry = target->Ancestor(height);
    if (!mint_.IsInvalid(entry->hash)) continue;
    tree_.MarkFailed(tree_.Find(entry->hash));
    return false;
  }
  return true;
}

void MemoryLedger::Activate(LedgerStep& step) {
  const ledger::HeaderEntry* tip = view_->tip;
  ledger::HeaderEntry* target = nullptr;
  while (true) {
    tree_.PruneCandidates(tip);
    target = tree_.BestCandidate();
    if (target == nullptr || target == tip) break;
    const ledger::HeaderEntry* fork = FindFork(tip, target);
    if (!Connects(target, fork)) continue;
    for (const ledger::HeaderEntry* off = tip; off != fork; off = off->parent) {
      step.disconnected.push_back(Body(*off));
    }
    for (int height = fork->height + 1; height <= target->height; ++height) {
      const ledger::HeaderEntry* on = target->Ancestor(height);
      tree_.Find(on->hash)->validity = ledger::Validity::kConnected;
      step.connected.push_back(Body(*on));
    }
    step.tip_moved = true;
    tip = target;
  }
  Publish(tip);
}

}  // namespace cairn::simulation
