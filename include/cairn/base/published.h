// A value that one thread replaces and all threads read as an immutable snapshot.
//
// A mutex guards only the pointer's copy: ThreadSanitizer on GCC 12 reports races inside
// std::atomic<std::shared_ptr>.
#pragma once

#include <memory>
#include <utility>

#include "cairn/base/mutex.h"

namespace cairn {

template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first = nullptr) : value_(std::move(first)) {}

  std::shared_ptr<const T> Get() const CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return value_;
  }

  void Set(std::shared_ptr<const T> next) CAIRN_EXCLUDES(mutex_) {
    {
      base::MutexLock lock(mutex_);
      value_.swap(next);
    }
    // The old value is released here, outside the lock.
  }

 private:
  mutable base::Mutex mutex_;
  std::shared_ptr<const T> value_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn
