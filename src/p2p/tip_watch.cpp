#include "src/p2p/tip_watch.h"

#include <chrono>
#include <utility>

#include "cairn/base/log.h"

namespace cairn::p2p {
namespace {

/// How long a stop may take at most.
constexpr std::chrono::milliseconds kLookForStopEvery{300};
/// A ledger that has stopped answers at once.
constexpr std::chrono::milliseconds kPauseBehindStopped{50};

}  // namespace

void TipWatch::Start(std::function<void(const ledger::HeaderEntry&)> changed) {
  changed_ = std::move(changed);
  thread_ = std::jthread([this] {
    log::SetThreadName("net.tip");
    Watch();
  });
}

void TipWatch::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void TipWatch::Watch() {
  BlockHash seen = ledger_.View()->tip->hash;
  while (!stopping_) {
    const auto before = std::chrono::steady_clock::now();
    if (ledger_.WaitForTip(seen, kLookForStopEvery)) {
      const ledger::HeaderEntry* tip = ledger_.View()->tip;
      seen = tip->hash;
      changed_(*tip);
    } else if (std::chrono::steady_clock::now() - before < kPauseBehindStopped) {
      std::this_thread::sleep_for(kPauseBehindStopped);
    }
  }
}

}  // namespace cairn::p2p
