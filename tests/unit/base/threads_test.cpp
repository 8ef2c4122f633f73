// The small tools between threads: Mutex, CondVar, Published, Clock.
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/base/clock.h"
#include "cairn/base/mutex.h"
#include "cairn/base/published.h"

namespace cairn {
namespace {

using namespace std::chrono_literals;

TEST(Mutex, ExcludesOtherThreads) {
  base::Mutex mutex;
  int64_t count = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 5000; ++i) {
          base::MutexLock lock(mutex);
          ++count;
        }
      });
    }
  }
  EXPECT_EQ(count, 20'000);
}

TEST(CondVar, WaitForEndsByTime) {
  base::Mutex mutex;
  base::CondVar cond;
  const auto start = std::chrono::steady_clock::now();
  base::MutexLock lock(mutex);
  while (cond.WaitFor(mutex, 30ms)) {
  }
  EXPECT_GE(std::chrono::steady_clock::now() - start, 25ms);
}

TEST(CondVar, ATimeThatHasPassedDoesNotWait) {
  base::Mutex mutex;
  base::CondVar cond;
  const auto start = std::chrono::steady_clock::now();
  base::MutexLock lock(mutex);
  while (cond.WaitFor(mutex, 0ms)) {
  }
  while (cond.WaitFor(mutex, -1h)) {
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(CondVar, WaitForEndsByNotification) {
  base::Mutex mutex;
  base::CondVar cond;
  bool ready = false;
  std::jthread notifier([&] {
    std::this_thread::sleep_for(10ms);
    base::MutexLock lock(mutex);
    ready = true;
    cond.NotifyOne();
  });
  const auto start = std::chrono::steady_clock::now();
  base::MutexLock lock(mutex);
  while (!ready) ASSERT_TRUE(cond.WaitFor(mutex, 1h));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10min);
}

TEST(CondVar, WaitingReleasesTheMutexAndTakesItBack) {
  base::Mutex mutex;
  base::CondVar cond;
  int turn = 0;
  const auto play = [&](int own) {
    for (int i = 0; i < 500; ++i) {
      base::MutexLock lock(mutex);
      while (turn % 2 != own) cond.Wait(mutex);
      ++turn;
      cond.NotifyAll();
    }
  };
  {
    std::jthread even([&] { play(0); });
    std::jthread odd([&] { play(1); });
  }
  EXPECT_EQ(turn, 1000);
}

TEST(CondVar, NotifyAllWakesEverybody) {
  base::Mutex mutex;
  base::CondVar cond;
  bool go = false;
  std::atomic<int> waiting{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 5; ++t) {
    threads.emplace_back([&] {
      base::MutexLock lock(mutex);
      ++waiting;
      while (!go) cond.Wait(mutex);
    });
  }
  while (waiting < 5) std::this_thread::yield();
  {
    base::MutexLock lock(mutex);  // all five are inside Wait now
    go = true;
    cond.NotifyAll();
  }
  threads.clear();  // joins
}

TEST(Published, StartsAsItIsTold) {
  EXPECT_EQ(Published<int>().Get(), nullptr);
  EXPECT_EQ(*Published<int>(std::make_shared<const int>(4)).Get(), 4);
}

TEST(Published, ASnapshotStaysWhatItWas) {
  Published<int> published(std::make_shared<const int>(1));
  const auto old = published.Get();
  published.Set(std::make_shared<const int>(2));
  EXPECT_EQ(*old, 1);
  EXPECT_EQ(*published.Get(), 2);
  published.Set(nullptr);
  EXPECT_EQ(published.Get(), nullptr);
}

TEST(Published, ReleasesTheOldValueOutsideItsLock) {
  // The destructor of a value may itself look at what is published.
  struct Looking {
    Published<Looking>* at = nullptr;
    bool* looked = nullptr;
    ~Looking() {
      if (at == nullptr) return;
      at->Get();
      *looked = true;
    }
  };
  Published<Looking> published;
  bool looked = false;
  auto value = std::make_shared<Looking>();
  value->at = &published;
  value->looked = &looked;
  published.Set(std::move(value));
  published.Set(nullptr);
  EXPECT_TRUE(looked);
}

TEST(Published, ReadersSeeWholeValuesInOrder) {
  struct Pair {
    uint64_t a, b;
  };
  Published<Pair> published(std::make_shared<const Pair>(Pair{0, 0}));
  std::atomic<bool> stop{false};
  std::vector<std::jthread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      uint64_t last = 0;
      while (!stop) {
        const auto pair = published.Get();
        ASSERT_EQ(pair->b, pair->a * 3);
        ASSERT_GE(pair->a, last);
        last = pair->a;
      }
    });
  }
  for (uint64_t i = 1; i <= 5000; ++i) published.Set(std::make_shared<const Pair>(Pair{i, i * 3}));
  stop = true;
}

TEST(Clock, FollowsTheSystemUntilItIsMocked) {
  Clock clock;
  const UnixSeconds before = Clock::SystemNow();
  EXPECT_GE(clock.Now(), before);
  EXPECT_LE(clock.Now(), Clock::SystemNow());
  EXPECT_GT(before, 1'600'000'000);  // seconds, not another unit
  EXPECT_LT(before, 20'000'000'000);
  clock.SetMock(1);
  EXPECT_EQ(clock.Now(), 1);
  clock.SetMock(5'000'000'000);
  EXPECT_EQ(clock.Now(), 5'000'000'000);
  clock.SetMock(0);
  EXPECT_GE(clock.Now(), before);
}

}  // namespace
}  // namespace cairn
