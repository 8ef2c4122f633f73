// The one clock that rules depend on. `-mocktime` and RPC setmocktime replace it for the whole
// node.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace cairn {

/// Seconds since 1970, UTC.
using UnixSeconds = int64_t;

/// Wall time in seconds, or a fixed mock time. All members may be called from any thread.
class Clock {
 public:
  UnixSeconds Now() const {
    const UnixSeconds mock = mock_.load(std::memory_order_relaxed);
    return mock != 0 ? mock : SystemNow();
  }

  /// Zero goes back to the system's clock.
  void SetMock(UnixSeconds seconds) { mock_.store(seconds, std::memory_order_relaxed); }

  bool IsMocked() const { return mock_.load(std::memory_order_relaxed) != 0; }

  static UnixSeconds SystemNow() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

 private:
  std::atomic<UnixSeconds> mock_{0};
};

}  // namespace cairn
