// A queue between threads that makes the producer wait when it is full, which is how back-pressure
// travels from the ledger to whoever feeds it. Once full it drains to a half before it takes more:
// a producer that were woken for each item taken would cost both threads a switch for each.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "cairn/base/mutex.h"

namespace cairn {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  /// Waits for room. False, with `item` dropped, once the queue is closed.
  bool Push(T item) CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    while (items_.size() >= capacity_ && !closed_) room_.Wait(mutex_);
    if (closed_) return false;
    items_.push_back(std::move(item));
    filled_.NotifyOne();
    return true;
  }

  /// Before all that came by `Push`, and without a wait for room: who calls bounds the number.
  bool PushUrgent(T item) CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    if (closed_) return false;
    urgent_.push_back(std::move(item));
    filled_.NotifyOne();
    return true;
  }

  /// Waits for an item. Nothing once the queue is closed and drained.
  std::optional<T> Pop() CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    while (items_.empty() && urgent_.empty() && !closed_) filled_.Wait(mutex_);
    if (!urgent_.empty()) {
      T item = std::move(urgent_.front());
      urgent_.pop_front();
      return item;
    }
    if (items_.empty()) return std::nullopt;
    T item = std::move(items_.front());
    items_.pop_front();
    if (items_.size() <= capacity_ / 2) room_.NotifyAll();
    return item;
  }

  /// Ends all waiting. Items already queued can still be popped.
  void Close() CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    closed_ = true;
    room_.NotifyAll();
    filled_.NotifyAll();
  }

 private:
  const size_t capacity_;
  base::Mutex mutex_;
  base::CondVar room_;
  base::CondVar filled_;
  std::deque<T> items_ CAIRN_GUARDED_BY(mutex_);
  std::deque<T> urgent_ CAIRN_GUARDED_BY(mutex_);
  bool closed_ CAIRN_GUARDED_BY(mutex_) = false;
};

}  // namespace cairn
