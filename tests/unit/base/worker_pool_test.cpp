// WorkerPool: everything runs exactly once, with any number of threads, also while it closes.
#include "cairn/base/worker_pool.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace cairn {
namespace {

using namespace std::chrono_literals;

class WorkerPoolOfSize : public testing::TestWithParam<size_t> {};

TEST_P(WorkerPoolOfSize, ForEachVisitsEveryIndexOnce) {
  WorkerPool pool(GetParam());
  EXPECT_EQ(pool.threads(), GetParam());
  for (const size_t count : {size_t{0}, size_t{1}, size_t{2}, size_t{3}, size_t{1000}}) {
    std::vector<std::atomic<int>> visits(count);
    pool.ForEach(count, [&](size_t i) { ++visits.at(i); });
    for (const auto& visit : visits) ASSERT_EQ(visit, 1);
  }
}

TEST_P(WorkerPoolOfSize, ForEachReturnsAfterTheSlowestIndex) {
  WorkerPool pool(GetParam());
  std::atomic<int> done{0};
  pool.ForEach(5, [&](size_t i) {
    if (i == 1) std::this_thread::sleep_for(20ms);
    ++done;
  });
  EXPECT_EQ(done, 5);
}

TEST_P(WorkerPoolOfSize, ManyCallersShareTheWorkers) {
  WorkerPool pool(GetParam());
  std::atomic<size_t> sum{0};
  {
    std::vector<std::jthread> callers;
    for (int c = 0; c < 4; ++c) {
      callers.emplace_back([&] {
        for (int round = 0; round < 50; ++round) {
          size_t own = 0;
          std::mutex mutex;
          pool.ForEach(20, [&](size_t i) {
            const std::lock_guard lock(mutex);
            own += i;
          });
          EXPECT_EQ(own, 190u);
          sum += own;
        }
      });
    }
  }
  EXPECT_EQ(sum, 4u * 50u * 190u);
}

TEST_P(WorkerPoolOfSize, RunsEveryTask) {
  std::atomic<int> ran{0};
  {
    WorkerPool pool(GetParam());
    for (int i = 0; i < 500; ++i) pool.Run([&] { ++ran; });
  }  // closing runs what is queued
  EXPECT_EQ(ran, 500);
}

TEST_P(WorkerPoolOfSize, TasksMayQueueTasksWhileItCloses) {
  std::atomic<int> ran{0};
  {
    WorkerPool pool(GetParam());
    for (int i = 0; i < 20; ++i) {
      pool.Run([&] {
        std::this_thread::sleep_for(100us);
        pool.Run([&] { ++ran; });
      });
    }
  }
  EXPECT_EQ(ran, 20);
}

TEST_P(WorkerPoolOfSize, ReleasesATaskOnceItRan) {
  WorkerPool pool(GetParam());
  auto held = std::make_shared<int>(0);
  std::promise<void> ran;
  pool.Run([held, &ran] { ran.set_value(); });
  ran.get_future().wait();
  // The function object dies right behind the call, before the worker takes the next task.
  for (int i = 0; i < 1000 && held.use_count() > 1; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(held.use_count(), 1);
}

INSTANTIATE_TEST_SUITE_P(Threads, WorkerPoolOfSize,
                         testing::Values(size_t{0}, size_t{1}, size_t{2}, size_t{7}));

TEST(WorkerPool, WithoutThreadsEverythingIsTheCallers) {
  WorkerPool pool(0);
  const auto caller = std::this_thread::get_id();
  std::thread::id task;
  pool.Run([&] { task = std::this_thread::get_id(); });
  EXPECT_EQ(task, caller);
  std::set<std::thread::id> ids;
  pool.ForEach(10, [&](size_t) { ids.insert(std::this_thread::get_id()); });
  EXPECT_EQ(ids, std::set{caller});
}

TEST(WorkerPool, TasksOfOneWorkerRunInOrder) {
  std::vector<int> order;
  {
    WorkerPool pool(1);
    for (int i = 0; i < 100; ++i) pool.Run([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(WorkerPool, TheCallerHelpsWhenAllWorkersAreBusy) {
  WorkerPool pool(1);
  std::promise<void> release;
  pool.Run([&, released = release.get_future().share()] { released.wait(); });
  std::atomic<int> done{0};
  pool.ForEach(10, [&](size_t) { ++done; });  // would wait for ever otherwise
  EXPECT_EQ(done, 10);
  release.set_value();
}

TEST(WorkerPool, WorkersHelpTheCaller) {
  WorkerPool pool(2);
  std::atomic<int> inside{0};
  // Three must be inside at once for any of them to leave.
  pool.ForEach(3, [&](size_t) {
    ++inside;
    while (inside < 3) std::this_thread::yield();
  });
  EXPECT_EQ(inside, 3);
}

}  // namespace
}  // namespace cairn
