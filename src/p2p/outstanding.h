// Counts work that is under way elsewhere, so that one can wait for its end.
#pragma once

#include <cstddef>

#include "cairn/base/mutex.h"

namespace cairn::p2p {

/// Safe from any thread.
class Outstanding {
 public:
  void Begin() CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    ++count_;
  }
  void End() CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    if (--count_ == 0) none_.NotifyAll();
  }
  void WaitForNone() CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    while (count_ > 0) none_.Wait(mutex_);
  }

 private:
  base::Mutex mutex_;
  base::CondVar none_;
  size_t count_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::p2p
