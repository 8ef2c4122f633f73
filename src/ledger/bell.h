// Wakes one thread that waits for any of many things.
#pragma once

#include <cstdint>

#include "cairn/base/mutex.h"

namespace cairn::ledger {

/// A ring that comes between `Count` and `WaitSince` is not lost. From any thread.
class Bell {
 public:
  void Ring() CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    ++count_;
    rung_.NotifyAll();
  }

  uint64_t Count() const CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return count_;
  }

  /// Waits until the bell has rung since `seen` was the count.
  void WaitSince(uint64_t seen) CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    while (count_ == seen) rung_.Wait(mutex_);
  }

 private:
  mutable base::Mutex mutex_;
  base::CondVar rung_;
  uint64_t count_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::ledger
