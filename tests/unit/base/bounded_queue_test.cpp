// BoundedQueue: order, the wait for room and for items, and the end of both at Close.
#include "cairn/base/bounded_queue.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace cairn {
namespace {

using namespace std::chrono_literals;

// Long enough for a thread that does not wait to be caught, short enough to spend.
constexpr auto kMoment = 20ms;

TEST(BoundedQueue, GivesItemsInOrder) {
  BoundedQueue<int> queue(3);
  EXPECT_TRUE(queue.Push(1));
  EXPECT_TRUE(queue.Push(2));
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_TRUE(queue.Push(3));
  EXPECT_EQ(queue.Pop(), 2);
  EXPECT_EQ(queue.Pop(), 3);
}

TEST(BoundedQueue, CarriesItemsThatOnlyMove) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.Push(std::make_unique<int>(5)));
  const auto popped = queue.Pop();
  ASSERT_TRUE(popped.has_value());
  EXPECT_EQ(**popped, 5);
}

TEST(BoundedQueue, AFullOneMakesTheProducerWait) {
  BoundedQueue<int> queue(2);
  queue.Push(0);
  queue.Push(1);
  std::atomic<bool> pushed{false};
  std::jthread producer([&] {
    EXPECT_TRUE(queue.Push(2));
    pushed = true;
  });
  std::this_thread::sleep_for(kMoment);
  EXPECT_FALSE(pushed);
  EXPECT_EQ(queue.Pop(), 0);
  producer.join();
  EXPECT_TRUE(pushed);
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), 2);
}

TEST(BoundedQueue, AnEmptyOneMakesTheConsumerWait) {
  BoundedQueue<int> queue(2);
  std::atomic<bool> popped{false};
  std::jthread consumer([&] {
    EXPECT_EQ(queue.Pop(), 7);
    popped = true;
  });
  std::this_thread::sleep_for(kMoment);
  EXPECT_FALSE(popped);
  queue.Push(7);
  consumer.join();
}

TEST(BoundedQueue, UrgentItemsGoFirstAndNeedNoRoom) {
  BoundedQueue<int> queue(2);
  queue.Push(0);
  queue.Push(1);
  EXPECT_TRUE(queue.PushUrgent(10));
  EXPECT_TRUE(queue.PushUrgent(11));
  for (const int expected : {10, 11, 0, 1}) EXPECT_EQ(queue.Pop(), expected);
  queue.PushUrgent(12);
  queue.Close();
  EXPECT_FALSE(queue.PushUrgent(13));
  EXPECT_EQ(queue.Pop(), 12);
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

// A producer that were woken for each item would cost a switch of threads each time.
TEST(BoundedQueue, AFullOneDrainsToAHalfBeforeItTakesMore) {
  BoundedQueue<int> queue(4);
  for (int i = 0; i < 4; ++i) queue.Push(i);
  std::atomic<bool> pushed{false};
  std::jthread producer([&] {
    EXPECT_TRUE(queue.Push(4));
    pushed = true;
  });
  std::this_thread::sleep_for(kMoment);
  EXPECT_EQ(queue.Pop(), 0);
  std::this_thread::sleep_for(kMoment);
  EXPECT_FALSE(pushed);
  EXPECT_EQ(queue.Pop(), 1);
  producer.join();
  for (const int expected : {2, 3, 4}) EXPECT_EQ(queue.Pop(), expected);
}

TEST(BoundedQueue, ClosingRefusesNewItemsAndGivesTheOld) {
  BoundedQueue<int> queue(4);
  queue.Push(1);
  queue.Push(2);
  queue.Close();
  EXPECT_FALSE(queue.Push(3));
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), 2);
  EXPECT_EQ(queue.Pop(), std::nullopt);
  EXPECT_EQ(queue.Pop(), std::nullopt);
  queue.Close();  // twice does no harm
  EXPECT_FALSE(queue.Push(4));
}

TEST(BoundedQueue, ClosingDropsTheItemOfAWaitingProducer) {
  BoundedQueue<std::shared_ptr<int>> queue(1);
  queue.Push(nullptr);
  auto item = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = item;
  std::jthread producer([&] { EXPECT_FALSE(queue.Push(std::move(item))); });
  std::this_thread::sleep_for(kMoment);
  queue.Close();
  producer.join();
  EXPECT_TRUE(watched.expired());
  EXPECT_TRUE(queue.Pop().has_value());
  EXPECT_FALSE(queue.Pop().has_value());
}

TEST(BoundedQueue, ClosingEndsEveryWait) {
  BoundedQueue<int> empty(1);
  BoundedQueue<int> full(1);
  full.Push(0);
  {
    std::vector<std::jthread> waiting;
    for (int i = 0; i < 4; ++i) {
      waiting.emplace_back([&] { EXPECT_EQ(empty.Pop(), std::nullopt); });
      waiting.emplace_back([&] { EXPECT_FALSE(full.Push(1)); });
    }
    std::this_thread::sleep_for(kMoment);
    empty.Close();
    full.Close();
  }
  EXPECT_EQ(full.Pop(), 0);
}

TEST(BoundedQueue, ManyProducersAndConsumersLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  BoundedQueue<int> queue(8);
  std::vector<std::atomic<int>> seen(kThreads * kEach);
  {
    std::vector<std::jthread> consumers;
    for (int t = 0; t < kThreads; ++t) {
      consumers.emplace_back([&] {
        std::vector<int> last(kThreads, -1);  // of each producer, as this consumer saw it
        while (const auto item = queue.Pop()) {
          ++seen[static_cast<size_t>(*item)];
          int& before = last[static_cast<size_t>(*item / kEach)];
          EXPECT_LT(before, *item);
          before = *item;
        }
      });
    }
    {
      std::vector<std::jthread> producers;
      for (int t = 0; t < kThreads; ++t) {
        producers.emplace_back([&queue, t] {
          for (int i = 0; i < kEach; ++i) EXPECT_TRUE(queue.Push(t * kEach + i));
        });
      }
    }
    queue.Close();
  }
  for (const auto& count : seen) ASSERT_EQ(count, 1);
}

}  // namespace
}  // namespace cairn
