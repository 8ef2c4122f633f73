// Which of several pools to try, and when: in order of preference, each with a pause after a
// failure that doubles from one second to a minute.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace cairn::mining::stratum {

/// No clock of its own; for one thread.
class ClientPlan {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds kFirstPause{1};
  static constexpr std::chrono::seconds kLongestPause{60};

  explicit ClientPlan(size_t pools) : pools_(pools) {}

  /// The best pool that is due, among those before `active` where there is such a one.
  std::optional<size_t> Next(std::optional<size_t> active, Time now) const;

  /// When the first of these is due; nothing if there are none.
  std::optional<Time> NextTime(std::optional<size_t> active) const;

  /// That it gives work. A pool that does so for a minute has no failures behind it.
  void Worked(size_t pool, Time now) { pools_[pool].working_since = now; }

  /// That its connection failed or ended.
  void Failed(size_t pool, Time now);

  /// That it wants to be connected to anew, not before `until`. It is not blamed before it has
  /// given work; after that it is as if its connection had failed, or one that moves us again and
  /// again would take us each time from a good pool.
  void PutOff(size_t pool, Time now, Time until);

 private:
  struct Pool {
    Time due = Time::min();
    std::chrono::seconds pause = kFirstPause;
    std::optional<Time> working_since;
  };

  size_t Considered(std::optional<size_t> active) const { return active.value_or(pools_.size()); }

  std::vector<Pool> pools_;
};

}  // namespace cairn::mining::stratum
