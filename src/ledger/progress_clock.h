// Tells when the next line about a long work is due.
#pragma once

#include <algorithm>
#include <chrono>

namespace cairn::ledger {

class ProgressClock {
 public:
  explicit ProgressClock(std::chrono::milliseconds interval = std::chrono::seconds(5))
      : interval_(interval) {}

  /// True once in each interval.
  bool IsDue() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < interval_) return false;
    last_ = now;
    return true;
  }
  /// Since the work began.
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
  }
  /// The rate of what was counted since then.
  double PerSecond(double count) const { return count / std::max(Seconds(), 1e-3); }

 private:
  const std::chrono::milliseconds interval_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_ = begun_;
};

}  // namespace cairn::ledger
