// The ledger of one simulated node: the header tree of the real one, and bodies that nodes share.
//
// The rules are the real ones as far as they need no coins. It judges at once; its node says how
// long that would have taken.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "cairn/p2p/environment.h"
#include "src/ledger/header_tree.h"
#include "tests/simulation/mint.h"

namespace cairn::simulation {

/// What the submission of a block has led to.
struct LedgerStep {
  p2p::BlockVerdict verdict;
  bool tip_moved = false;
  std::vector<BlockPtr> disconnected;
  std::vector<BlockPtr> connected;
};

class MemoryLedger final : public p2p::Chain {
 public:
  /// Both must outlive the ledger.
  MemoryLedger(const Mint& mint, const p2p::Instant& now);

  const consensus::Params& params() const override { return mint_.params(); }
  ledger::ChainViewPtr View() const override { return view_; }
  const ledger::HeaderEntry* Find(const BlockHash& hash) const override { return tree_.Find(hash); }
  bool IsInitialBlockDownload() const override;
  int FirstStoredHeight() const override { return 0; }
  BlockPtr RecentBlock(const BlockHash& hash) const override;

  p2p::HeadersVerdict AcceptHeaders(std::span<const Header> headers);
  /// The first half of `Submit`: whether the block is good as far as it shows without coins, and
  /// would lead to a better tip.
  bool Check(BlockPtr& block);
  LedgerStep Submit(BlockPtr block);

  const ledger::HeaderEntry* tip() const { return view_->tip; }
  bool Contains(const BlockHash& hash) const;
  /// Null if it is not stored.
  BlockPtr Body(const ledger::HeaderEntry& entry) const;
  /// Bytes of headers, without bodies.
  size_t MemoryUse() const;

 private:
  struct Accepted {
    ledger::HeaderEntry* entry = nullptr;
    std::string reason;  // why it was refused
    bool invalid = false;
    bool orphan = false;
  };

  Accepted AcceptHeader(const Header& header, const BlockHash& hash);
  void Activate(LedgerStep& step);
  bool Connects(ledger::HeaderEntry* target, const ledger::HeaderEntry* fork);
  void Publish(const ledger::HeaderEntry* tip);
  void Remember(const BlockPtr& block);

  const Mint& mint_;
  const p2p::Instant& now_;
  ledger::HeaderTree tree_;
  std::vector<BlockPtr> bodies_;  // by sequence number, from 1
  std::deque<BlockPtr> recent_;
  ledger::ChainViewPtr view_;
  mutable bool downloading_ = true;  // until the tip is recent
};

}  // namespace cairn::simulation
