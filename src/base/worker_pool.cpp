#include "cairn/base/worker_pool.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "cairn/base/log.h"

namespace cairn {
namespace {

/// The shared state of one ForEach: who finds work left takes the next index.
struct Round {
  std::atomic<size_t> next{0};
  size_t count = 0;
  const std::function<void(size_t)>* task = nullptr;
  base::Mutex mutex;
  base::CondVar done_cond;
  size_t done CAIRN_GUARDED_BY(mutex) = 0;
  std::exception_ptr thrown CAIRN_GUARDED_BY(mutex);  // the first, for the caller

  void Work() {
    size_t finished = 0;
    for (size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      try {
        (*task)(i);
      } catch (...) {
        base::MutexLock lock(mutex);
        if (!thrown) thrown = std::current_exception();
      }
      ++finished;
    }
    if (finished == 0) return;
    base::MutexLock lock(mutex);
    done += finished;
    if (done == count) done_cond.NotifyAll();
  }
};

}  // namespace

WorkerPool::WorkerPool(size_t threads) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, i] {
      log::SetThreadName("worker." + std::to_string(i));
      Loop();
    });
  }
}

WorkerPool::~WorkerPool() {
  {
    base::MutexLock lock(mutex_);
    closed_ = true;
    filled_.NotifyAll();
  }
  threads_.clear();  // joins: queued tasks are still run
}

void WorkerPool::Run(std::function<void()> task) {
  if (threads_.empty()) return task();
  base::MutexLock lock(mutex_);
  tasks_.push_back(std::move(task));
  filled_.NotifyOne();
}

void WorkerPool::ForEach(size_t count, const std::function<void(size_t)>& task) {
  if (count == 0) return;
  const auto round = std::make_shared<Round>();
  round->count = count;
  round->task = &task;
  const size_t helpers = std::min(threads_.size(), count - 1);
  for (size_t i = 0; i < helpers; ++i) Run([round] { round->Work(); });
  round->Work();
  base::MutexLock lock(round->mutex);
  while (round->done < count) round->done_cond.Wait(round->mutex);
  if (round->thrown) std::rethrow_exception(round->thrown);
}

void WorkerPool::Loop() {
  while (true) {
    std::function<void()> task;
    {
      base::MutexLock lock(mutex_);
      while (tasks_.empty() && !closed_) filled_.Wait(mutex_);
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace cairn
