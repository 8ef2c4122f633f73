// Tells when the ledger's tip changes.
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
  /// soon after each other.
  void Start(std::function<void(const ledger::HeaderEntry&)> changed);
  void Stop();

 private:
  void Watch();

  ledger::Ledger& ledger_;
  std::function<void(const ledger::HeaderEntry&)> changed_;
  std::atomic<bool> stopping_{false};
  std::jthread thread_;
};

}  // namespace cairn::p2p
