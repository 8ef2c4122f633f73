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

void TipWatch::Start(std::function<void(const ledger::HeaderEntry&)> changed,
                     std::function<void(const BlockPtr&)> coming) {
  changed_ = std::move(changed);
  coming_ = std::move(coming);
  tip_thread_ = std::jthread([this] {
    log::SetThreadName("net.tip");
    WatchTip();
  });
  block_thread_ = std::jthread([this] {
    log::SetThreadName("net.block");
    WatchBlocks();
  });
}

void TipWatch::Stop() {
  stopping_ = true;
  for (std::jthread* thread : {&tip_thread_, &block_thread_}) {
    if (thread->joinable()) thread->join();
  }
}

void TipWatch::WatchBlocks() {
  BlockPtr seen = ledger_.WaitForBlock(nullptr, {});
  while (!stopping_) {
    const auto before = std::chrono::steady_clock::now();
    if (BlockPtr block = ledger_.WaitForBlock(seen, kLookForStopEvery)) {
      seen = std::move(block);
      coming_(seen);
    } else if (std::chrono::steady_clock::now() - before < kPauseBehindStopped) {
      std::this_thread::sleep_for(kPauseBehindStopped);
    }
  }
}

void TipWatch::WatchTip() {
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
