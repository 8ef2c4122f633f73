// Tells when the ledger's tip changes, and of blocks that are about to change it.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "cairn/ledger/ledger.h"

namespace cairn::p2p {

class TipWatch {
 public:
  explicit TipWatch(ledger::Ledger& ledger) : ledger_(ledger) {}
  ~TipWatch() { Stop(); }

  /// Calls `changed` on a thread of its own, with the new tip, once for several changes that come
  /// soon after each other; and `coming` on another with each block that is about to be connected.
  void Start(std::function<void(const ledger::HeaderEntry&)> changed,
             std::function<void(const BlockPtr&)> coming);
  void Stop();

 private:
  void WatchTip();
  void WatchBlocks();

  ledger::Ledger& ledger_;
  std::function<void(const ledger::HeaderEntry&)> changed_;
  std::function<void(const BlockPtr&)> coming_;
  std::atomic<bool> stopping_{false};
  std::jthread tip_thread_;
  std::jthread block_thread_;
};

}  // namespace cairn::p2p
