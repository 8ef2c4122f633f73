// A fixed set of threads for pure functions on constant inputs: parsing, hashing, checks.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "cairn/base/mutex.h"

namespace cairn {

class WorkerPool {
 public:
  /// `threads` of zero runs everything on the caller's thread.
  explicit WorkerPool(size_t threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  size_t threads() const { return threads_.size(); }

  /// Queues one task. Tasks must not wait for other tasks.
  void Run(std::function<void()> task) CAIRN_EXCLUDES(mutex_);

  /// Calls `task(i)` for each i below `count`, on the workers and the calling thread, and returns
  /// when all are done. What a task throws is thrown here again, once no task runs any more.
  void ForEach(size_t count, const std::function<void(size_t)>& task) CAIRN_EXCLUDES(mutex_);

 private:
  void Loop();

  base::Mutex mutex_;
  base::CondVar filled_;
  std::deque<std::function<void()>> tasks_ CAIRN_GUARDED_BY(mutex_);
  bool closed_ CAIRN_GUARDED_BY(mutex_) = false;
  std::vector<std::jthread> threads_;
};

}  // namespace cairn
