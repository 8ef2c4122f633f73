// The chain as the protocol wants to see it, over the ledger.
#pragma once

#include <deque>

#include "cairn/base/mutex.h"
#include "cairn/ledger/ledger.h"
#include "cairn/p2p/environment.h"

namespace cairn::p2p {

/// Safe from any thread.
class LedgerChain final : public Chain {
 public:
  explicit LedgerChain(ledger::Ledger& ledger) : ledger_(ledger) {}

  const consensus::Params& params() const override { return ledger_.params(); }
  ledger::ChainViewPtr View() const override { return ledger_.View(); }
  const ledger::HeaderEntry* Find(const BlockHash& hash) const override {
    return ledger_.Find(hash);
  }
  bool IsInitialBlockDownload() const override { return ledger_.IsInitialBlockDownload(); }
  int FirstStoredHeight() const override { return ledger_.Pruning().last_height + 1; }
  BlockPtr RecentBlock(const BlockHash& hash) const override CAIRN_EXCLUDES(mutex_);

  void Remember(BlockPtr block) CAIRN_EXCLUDES(mutex_);

 private:
  static constexpr size_t kRemembered = 4;

  ledger::Ledger& ledger_;
  mutable base::Mutex mutex_;
  std::deque<BlockPtr> recent_ CAIRN_GUARDED_BY(mutex_);  // the last one first
};

}  // namespace cairn::p2p
