// The board of jobs: what it publishes, and when.
#include "cairn/mining/job_board.h"

#include <gtest/gtest.h>

#include "consensus/rules/block.h"
#include "tests/unit/mempool/pool_fixture.h"

namespace cairn::mining {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;
constexpr UnixSeconds kNow = 1'700'000'000;

class JobBoardTest : public mempool::PoolTest {
 protected:
  JobBoardTest() { world_.clock.SetMock(kNow); }

  TemplateOptions Options() {
    return {.payout_script = {OP_1}, .version = {}, .pool = pool_.get()};
  }

  void ExpectOnTip(const JobPtr& job, size_t transactions) const {
    ASSERT_NE(job, nullptr);
    EXPECT_EQ(job->view->tip, world_.ledger->View()->tip);
    EXPECT_EQ(job->block.header.previous, job->view->tip->hash);
    EXPECT_EQ(job->block.height, world_.Height() + 1);
    EXPECT_EQ(job->transactions.size(), transactions);
    EXPECT_EQ(job->block.transactions.size(), transactions + 1);
    EXPECT_EQ(job->fees, static_cast<Amount>(transactions) * kFee);
  }
};

TEST_F(JobBoardTest, GivesTheSameJobWhileItIsYoungOrNothingHasChanged) {
  JobBoard board(*world_.ledger, world_.clock, Options());
  EXPECT_EQ(board.Current(), nullptr);
  const JobPtr first = board.Fresh().value();
  ExpectOnTip(first, 0);
  EXPECT_EQ(board.Current(), first);
  world_.clock.SetMock(kNow + 3600);
  EXPECT_EQ(board.Fresh().value(), first);

  world_.clock.SetMock(kNow);
  Enter(SpendReward());
  EXPECT_EQ(board.Fresh().value(), first);
  world_.clock.SetMock(kNow + 5);
  EXPECT_EQ(board.Fresh().value(), first);
  world_.clock.SetMock(kNow + 6);
  const JobPtr second = board.Fresh().value();
  ExpectOnTip(second, 1);
  EXPECT_GT(second->number, first->number);

  ExtendChain(1);
  ExpectOnTip(board.Fresh().value(), 1);
}

TEST_F(JobBoardTest, TellsWhyATemplateWouldNotConnect) {
  TemplateOptions options = Options();
  options.chosen = {SpendReward(rewards_.size() - 1)};  // not mature yet
  JobBoard board(*world_.ledger, world_.clock, options);
  const auto job = board.Fresh();
  ASSERT_FALSE(job.has_value());
  EXPECT_EQ(job.error().message, "bad-txns-premature-spend-of-coinbase");
  EXPECT_EQ(board.Current(), nullptr);
}

TEST_F(JobBoardTest, WaitsNoLongerThanItIsTold) {
  JobBoard board(*world_.ledger, world_.clock, Options());
  EXPECT_EQ(board.WaitBeyond(0, 1ms), nullptr);
  EXPECT_EQ(board.WaitOn(world_.ledger->View()->tip, 1ms), nullptr);
  const JobPtr job = board.Fresh().value();
  EXPECT_EQ(board.WaitBeyond(0, 1ms), job);
  EXPECT_EQ(board.WaitBeyond(job->number, 1ms), nullptr);
  EXPECT_EQ(board.WaitOn(job->view->tip, 1ms), job);
  EXPECT_EQ(board.WaitOn(job->view->tip->parent, 1ms), nullptr);
}

TEST_F(JobBoardTest, PublishesWhenTheTipChanges) {
  Enter(SpendReward());
  // However long choosing takes.
  JobBoard board(*world_.ledger, world_.clock, Options(), nullptr, {.most_to_choose = kPatience});
  board.Watch();
  JobPtr job = board.WaitBeyond(0, kPatience);
  ExpectOnTip(job, 1);
  for (int i = 0; i < 5; ++i) {
    ExtendChain(1);
    const JobPtr next = board.WaitOn(world_.ledger->View()->tip, kPatience);
    ExpectOnTip(next, 1);
    EXPECT_GT(next->number, job->number);
    job = next;
  }
  Mine({SpendReward()});
  ExpectOnTip(board.WaitOn(world_.ledger->View()->tip, kPatience), 0);
}

TEST_F(JobBoardTest, BeginsWithoutTransactionsWhereChoosingTakesLong) {
  Enter(SpendReward());
  JobBoard board(*world_.ledger, world_.clock, Options(), nullptr, {.most_to_choose = 0ms});
  board.Watch();
  const JobPtr before = board.WaitBeyond(0, kPatience);
  ASSERT_NE(before, nullptr);
  EXPECT_TRUE(before->full);  // nothing is known of how long it takes yet
  ExtendChain(1);
  const ledger::HeaderEntry* tip = world_.ledger->View()->tip;
  ASSERT_NE(board.WaitOn(tip, kPatience), nullptr);
  const JobPtr full = board.WaitBeyond(before->number + 1, kPatience);
  ASSERT_NE(full, nullptr);
  EXPECT_EQ(full->number, before->number + 2);
  ExpectOnTip(full, 1);
  EXPECT_TRUE(full->full);
  // Who asks is never content with less.
  EXPECT_EQ(board.Fresh().value(), full);
}

TEST_F(JobBoardTest, PublishesWhenFeesHaveRisenEnough) {
  Enter(SpendReward(0, 1'000'000));
  JobBoard board(*world_.ledger, world_.clock, Options(), nullptr, {.look_at_pool_every = 1ms});
  board.Watch();
  const JobPtr first = board.WaitBeyond(0, kPatience);
  ASSERT_NE(first, nullptr);
  Enter(SpendReward(1, 10'000));  // a hundredth, and no more
  EXPECT_EQ(board.WaitBeyond(first->number, 300ms), nullptr);
  Enter(SpendReward(2, 1000));
  const JobPtr second = board.WaitBeyond(first->number, kPatience);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->fees, 1'011'000);
  // After some time it is worth it for less.
  Enter(SpendReward(3, 1000));
  EXPECT_EQ(board.WaitBeyond(second->number, 300ms), nullptr);
  world_.clock.SetMock(kNow + 30);
  const JobPtr third = board.WaitBeyond(second->number, kPatience);
  ASSERT_NE(third, nullptr);
  EXPECT_EQ(third->fees, 1'012'000);
}

TEST_F(JobBoardTest, AHeaderIsNoEarlierThanTheChainAllows) {
  JobBoard board(*world_.ledger, world_.clock, Options());
  const JobPtr job = board.Fresh().value();
  EXPECT_EQ(job->HeaderAt(kNow + 7).time, kNow + 7);
  EXPECT_EQ(job->HeaderAt(0).time, job->view->tip->median_time + 1);
}

TEST_F(JobBoardTest, KeepsToTheLimits) {
  Enter(SpendReward(0, 300));
  Enter(SpendReward(1, 5000));
  const auto count = [&](const TemplateLimits& limits) {
    TemplateOptions options = Options();
    options.limits = limits;
    JobBoard board(*world_.ledger, world_.clock, options);
    return board.Fresh().value()->transactions.size();
  };
  EXPECT_EQ(count({}), 2u);
  EXPECT_EQ(count({.min_rate = mempool::FeeRate(20'000)}), 1u);
  EXPECT_EQ(count({.min_rate = mempool::FeeRate(100'000)}), 0u);
  // A template stays below what its limit leaves.
  const uint64_t weight = SpendReward()->Weight();
  EXPECT_EQ(count({.weight = 8000 + 2 * weight + 1}), 2u);
  EXPECT_EQ(count({.weight = 8000 + 2 * weight}), 1u);
  EXPECT_EQ(count({.weight = 8000 + weight + 1}), 1u);
  EXPECT_EQ(count({.weight = 8000 + weight}), 0u);
  EXPECT_EQ(count({.weight = 10'000, .reserved_weight = 10'000 - weight - 1}), 1u);
  EXPECT_EQ(count({.weight = 2000, .reserved_weight = 8000}), 0u);
}

TEST_F(JobBoardTest, TellsHowLargeTheLastTemplateWas) {
  LastTemplate last;
  Enter(SpendReward());
  JobBoard board(*world_.ledger, world_.clock, Options(), &last);
  EXPECT_FALSE(last.Get().has_value());
  board.Fresh().value();
  ASSERT_TRUE(last.Get().has_value());
  EXPECT_EQ(last.Get()->weight, 8000 + SpendReward()->Weight());
  EXPECT_EQ(last.Get()->transactions, 1u);
}

}  // namespace
}  // namespace cairn::mining
