// The thread that writes: what it says about the flush in its hands.
#include "src/ledger/store_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fault_env.h"
#include "tests/support/temp_dir.h"

namespace cairn::ledger {
namespace {

class StoreThreadTest : public testing::Test {
 protected:
  static std::unique_ptr<FlushPlan> PlanOf(uint64_t number) {
    auto plan = std::make_unique<FlushPlan>();
    plan->tip.flush_number = number;
    return plan;
  }

  test::TempDir folder_;
  std::unique_ptr<storage::BlockStore> blocks_ =
      *storage::BlockStore::Open(folder_ / "blocks", 1 << 20);
  std::unique_ptr<storage::CoinStore> coins_ =
      *storage::CoinStore::Open(folder_ / "chainstate", 1 << 20);
  StoreThread thread_{*blocks_, *coins_, 1 << 20, [] {}};
};

// Whoever begins another flush before that settles coins as durable that are only being written.
TEST_F(StoreThreadTest, AFlushIsOverWhenItHasBeenTaken) {
  EXPECT_FALSE(thread_.IsFlushing());
  for (uint64_t number = 1; number <= 3; ++number) {
    thread_.Flush(PlanOf(number));
    EXPECT_TRUE(thread_.IsFlushing());
    thread_.WaitForFlush();
    EXPECT_TRUE(thread_.IsFlushing());
    const auto done = thread_.TakeDone();
    ASSERT_NE(done, nullptr);
    EXPECT_EQ(done->tip.flush_number, number);
    EXPECT_FALSE(thread_.IsFlushing());
    EXPECT_EQ(thread_.TakeDone(), nullptr);
  }
  EXPECT_EQ((*coins_->ReadTip())->flush_number, 3u);
  EXPECT_EQ(blocks_->flush_number(), 3u);
}

TEST(StoreThreadFailure, ARecordThatWasNeverWrittenIsMissingForThatReason) {
  test::FaultEnv env;
  const auto blocks = *storage::BlockStore::Open("/node/blocks", 1 << 20);
  const auto coins = *storage::CoinStore::Open("/node/chainstate", 1 << 20);
  StoreThread thread(*blocks, *coins, 1 << 20, [] {});
  env.LimitSpace(0);
  const uint64_t sequence = thread.WriteUndo(Bytes(100));
  while (thread.status()) std::this_thread::yield();
  for (const auto& read : {thread.ReadUndo(sequence), thread.ReadBody(sequence)}) {
    ASSERT_FALSE(read.has_value());
    EXPECT_THAT(read.error().message, testing::HasSubstr("the disk is full"));
  }
}

}  // namespace
}  // namespace cairn::ledger
