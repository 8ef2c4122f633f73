// How fast the built-in miner hashes.
#pragma once

#include <chrono>
#include <cstdint>

#include "cairn/base/mutex.h"

namespace cairn::mining {

/// Counts hashes of several threads. All members may be called from any thread.
class HashMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Begins to measure, at the latest when the first hashes are added.
  void Start(Time now) CAIRN_EXCLUDES(mutex_);
  void Add(uint64_t hashes, Time now) CAIRN_EXCLUDES(mutex_);

  struct Rate {
    uint64_t hashes = 0;     // since the start
    double per_second = 0;   // lately: over the last ten to twenty seconds, if there are as many
    double since_start = 0;  // per second
    bool mining = false;     // whether it was ever started
  };
  Rate Get(Time now) const CAIRN_EXCLUDES(mutex_);

 private:
  /// How many hashes there were at some time.
  struct Mark {
    Time time{};
    uint64_t hashes = 0;
  };

  mutable base::Mutex mutex_;
  bool started_ CAIRN_GUARDED_BY(mutex_) = false;
  uint64_t hashes_ CAIRN_GUARDED_BY(mutex_) = 0;
  Mark first_ CAIRN_GUARDED_BY(mutex_), before_ CAIRN_GUARDED_BY(mutex_),
      last_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::mining
