// A regtest chain in memory, as the peer protocol sees it: real headers and blocks with trivial
// work, on any number of branches. It judges what is handed over as the ledger would, at once.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cairn/base/assert.h"
#include "cairn/p2p/environment.h"
#include "consensus/verdict.h"
#include "consensus/work.h"
#include "src/ledger/header_tree.h"
#include "tests/support/block_maker.h"

namespace cairn::test {

inline std::vector<Header> HeadersOf(const std::vector<BlockPtr>& blocks) {
  std::vector<Header> headers;
  for (const BlockPtr& block : blocks) headers.push_back(block->header());
  return headers;
}

class FakeChain : public p2p::Chain {
 public:
  explicit FakeChain(consensus::Params params) : params_(std::move(params)), tree_(params_) {
    const BlockPtr genesis = Block::Parse(params_.genesis_block).value();
    ledger::HeaderEntry* entry = tree_.Insert(genesis->header(), genesis->hash(), nullptr);
    StoreBody(entry, genesis);
    Publish(entry);
  }

  static constexpr size_t kRecentBlocks = 4;  // which `RecentBlock` knows

  // -- what tests set --
  bool initial_download = false;
  int first_stored = 0;
  std::set<BlockHash> breaking;  // blocks that break a rule once their coins are looked at

  // -- p2p::Chain --
  const consensus::Params& params() const override { return params_; }
  ledger::ChainViewPtr View() const override { return view_; }
  const ledger::HeaderEntry* Find(const BlockHash& hash) const override { return tree_.Find(hash); }
  bool IsInitialBlockDownload() const override { return initial_download; }
  int FirstStoredHeight() const override { return first_stored; }
  BlockPtr RecentBlock(const BlockHash& hash) const override {
    const auto found = std::find_if(recent_.begin(), recent_.end(),
                                    [&](const BlockPtr& block) { return block->hash() == hash; });
    return found == recent_.end() ? nullptr : *found;
  }

  // -- the ledger --
  p2p::HeadersVerdict AcceptHeaders(std::span<const Header> headers) {
    p2p::HeadersVerdict verdict;
    for (const Header& header : headers) {
      const BlockHash hash = header.Hash();
      ledger::HeaderEntry* entry = tree_.Find(hash);
      if (entry == nullptr) entry = Insert(header, hash, verdict.reason);
      if (entry == nullptr || entry->failed) {
        if (entry != nullptr) verdict.reason = "duplicate-invalid";
        verdict.invalid = verdict.reason != "prev-blk-not-found";
        break;
      }
      verdict.last = entry;
    }
    Publish(Tip());
    return verdict;
  }

  p2p::BlockVerdict AcceptBlock(const BlockPtr& block) {
    const auto checked = consensus::CheckBlock(block, params_);
    if (!checked) return Refused(checked.error(), tree_.Find(block->hash()));
    const p2p::HeadersVerdict headers = AcceptHeaders(std::span(&block->header(), 1));
    ledger::HeaderEntry* entry = tree_.Find(block->hash());
    if (headers.reason == "prev-blk-not-found") {
      return {p2p::BlockFate::kOrphan, headers.reason, nullptr};
    }
    if (headers.invalid) return {p2p::BlockFate::kInvalid, headers.reason, entry};
    if (entry->HasBody()) return {p2p::BlockFate::kDuplicate, "duplicate", entry};
    const ledger::EntryAncestors ancestors(entry->parent);
    const auto placed = consensus::AcceptBlock({*block, params_, ancestors});
    if (!placed) return Refused(placed.error(), entry);
    if (breaking.contains(block->hash())) {
      tree_.MarkFailed(entry);
      Publish(Tip());
      return {p2p::BlockFate::kInvalid, "bad-txns-inputs-missingorspent", entry};
    }
    StoreBody(entry, block);
    Publish(Tip());
    const bool connected = view_->Contains(entry);
    return {connected ? p2p::BlockFate::kConnected : p2p::BlockFate::kStored, "", entry};
  }

  // -- help for tests --
  Place TipPlace() const { return Place::Of(view_->tip); }
  int Height() const { return view_->Height(); }
  /// The block of that header; null if it is not stored.
  BlockPtr BlockOf(const BlockHash& hash) const {
    const auto found = bodies_.find(hash);
    return found == bodies_.end() ? nullptr : found->second;
  }
  /// Blocks on `parent`, which nobody knows of yet.
  std::vector<BlockPtr> Make(const Place& parent, int count, uint32_t tag = 0) const {
    std::vector<BlockPtr> blocks;
    for (const MadeBlock& made : MakeChain(params_, parent, count, tag)) {
      blocks.push_back(made.block);
    }
    return blocks;
  }
  std::vector<BlockPtr> Make(int count, uint32_t tag = 0) const {
    return Make(TipPlace(), count, tag);
  }
  /// Adds blocks to the best chain; the last one's entry.
  const ledger::HeaderEntry* Extend(int count, uint32_t tag = 0) {
    for (const BlockPtr& block : Make(count, tag)) AcceptBlock(block);
    return view_->tip;
  }
  /// A block of these transactions on `parent`; it becomes the tip, whatever its work.
  BlockPtr MineOn(const ledger::HeaderEntry* parent,
                  const std::vector<TransactionPtr>& transactions) {
    BlockPlan plan;
    plan.transactions = transactions;
    plan.tag = static_cast<uint32_t>(bodies_.size());
    const BlockPtr block = MakeBlock(params_, Place::Of(parent), plan).block;
    AcceptBlock(block);
    const ledger::HeaderEntry* entry = tree_.Find(block->hash());
    CAIRN_ASSERT(entry != nullptr && entry->HasBody());
    Publish(entry);
    return block;
  }
  /// Forgets bodies of the best chain below that height.
  void PruneBelow(int height) {
    first_stored = height;
    for (int at = 1; at < height; ++at) {
      ledger::HeaderEntry* entry = tree_.Find(view_->At(at)->hash);
      entry->body_sequence = 0;
      bodies_.erase(entry->hash);
    }
  }

 private:
  ledger::HeaderEntry* Insert(const Header& header, const BlockHash& hash, std::string& reason) {
    ledger::HeaderEntry* parent = tree_.Find(header.previous);
    if (parent == nullptr) {
      reason = "prev-blk-not-found";
    } else if (parent->failed) {
      reason = "bad-prevblk";
    } else if (!consensus::MeetsTarget(hash, header.bits, params_.retarget)) {
      reason = "high-hash";
    } else {
      return tree_.Insert(header, hash, parent);
    }
    return nullptr;
  }

  p2p::BlockVerdict Refused(const consensus::Violation& violation, ledger::HeaderEntry* entry) {
    const auto blame = consensus::BlameOf(violation, consensus::Subject::kBlock);
    if (blame == consensus::Blame::kMutated) {
      return {p2p::BlockFate::kMutated, violation.Reason(), entry};
    }
    if (entry != nullptr) tree_.MarkFailed(entry);
    return {p2p::BlockFate::kInvalid, violation.Reason(), entry};
  }

  void StoreBody(ledger::HeaderEntry* entry, const BlockPtr& block) {
    bodies_[entry->hash] = block;
    recent_.push_front(block);
    if (recent_.size() > kRecentBlocks) recent_.pop_back();
    entry->body_sequence = bodies_.size();
    entry->tx_count = static_cast<uint32_t>(block->transactions().size());
    tree_.LinkBody(entry);
  }

  const ledger::HeaderEntry* Tip() {
    ledger::HeaderEntry* best = tree_.BestCandidate();
    const ledger::HeaderEntry* now = view_->tip;
    return best->chain_work > now->chain_work || now->failed ? best : now;
  }

  void Publish(const ledger::HeaderEntry* tip) {
    auto next = std::make_shared<ledger::ChainView>();
    next->params = &params_;
    next->tip = tip;
    next->best_header = tree_.best_header();
    next->heights = (view_ == nullptr ? ledger::HeightIndex() : view_->heights).With(tip);
    next->generation = view_ == nullptr ? 0 : view_->generation + 1;
    for (const ledger::HeaderEntry* entry = tip;
         entry != nullptr && entry->validity != ledger::Validity::kConnected;
         entry = entry->parent) {
      tree_.Find(entry->hash)->validity = ledger::Validity::kConnected;
    }
    view_ = std::move(next);
  }

  consensus::Params params_;
  ledger::HeaderTree tree_;
  ledger::ChainViewPtr view_;
  std::map<BlockHash, BlockPtr> bodies_;
  std::deque<BlockPtr> recent_;
};

}  // namespace cairn::test
