// What a block pays to whom, to the satoshi.
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "consensus/rules/transaction.h"
#include "src/mining/stratum/payout.h"

namespace cairn::mining::stratum {
namespace {

using Outputs = std::vector<TransactionDraft::Output>;

Bytes Script(uint8_t number) { return {0x51, number}; }

Amount Sum(const Outputs& outputs) {
  Amount sum = 0;
  for (const auto& output : outputs) sum += output.value;
  return sum;
}

TEST(StratumPayout, PaysInProportionToTheWork) {
  const std::vector<Payee> payees{{Script(1), 1}, {Script(2), 2}, {Script(3), 5}};
  const Outputs outputs = ShareOut(800'000, payees, 10);
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[0].script, Script(3));
  EXPECT_EQ(outputs[0].value, 500'000);
  EXPECT_EQ(outputs[1].script, Script(2));
  EXPECT_EQ(outputs[1].value, 200'000);
  EXPECT_EQ(outputs[2].script, Script(1));
  EXPECT_EQ(outputs[2].value, 100'000);
}

TEST(StratumPayout, GivesWhatRoundingLeavesToWhoDidMost) {
  const std::vector<Payee> payees{{Script(1), 1}, {Script(2), 1}, {Script(3), 1}};
  const Outputs outputs = ShareOut(100'000, payees, 10);
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[0].value, 33'334);
  EXPECT_EQ(outputs[0].script, Script(1));  // the least script of equals
  EXPECT_EQ(outputs[1].value, 33'333);
  EXPECT_EQ(outputs[2].value, 33'333);
}

TEST(StratumPayout, AddsUpTheWorkOfEqualScripts) {
  const std::vector<Payee> payees{{Script(1), 3}, {Script(2), 4}, {Script(1), 3}};
  const Outputs outputs = ShareOut(10'000, payees, 10);
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(outputs[0].script, Script(1));
  EXPECT_EQ(outputs[0].value, 6'000);
}

TEST(StratumPayout, FoldsDustIntoTheLargest) {
  const std::vector<Payee> payees{{Script(1), 99'454}, {Script(2), 546}, {Script(3), 545}};
  const Outputs outputs = ShareOut(100'545, payees, 10);
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(outputs[0].value, 99'454 + 545);
  EXPECT_EQ(outputs[1].value, 546);
}

TEST(StratumPayout, PaysTheFirstEvenIfThereIsNextToNothing) {
  const std::vector<Payee> payees{{Script(1), 2}, {Script(2), 1}};
  for (const Amount total : {0, 1, 3, 545}) {
    const Outputs outputs = ShareOut(total, payees, 10);
    ASSERT_EQ(outputs.size(), 1u);
    EXPECT_EQ(outputs[0].script, Script(1));
    EXPECT_EQ(outputs[0].value, total);
  }
}

TEST(StratumPayout, HasNoMoreOutputsThanItMay) {
  std::vector<Payee> payees;
  for (uint8_t i = 0; i < 200; ++i) payees.push_back({Script(i), U256(1000u + i)});
  const Outputs outputs = ShareOut(50 * kCoin, payees, 3);
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[0].script, Script(199));
  EXPECT_EQ(outputs[1].script, Script(198));
  EXPECT_EQ(outputs[2].script, Script(197));
  EXPECT_EQ(Sum(outputs), 50 * kCoin);
}

TEST(StratumPayout, PaysNobodyWithoutWork) {
  EXPECT_TRUE(ShareOut(1'000'000, {}, 10).empty());
  const std::vector<Payee> idle{{Script(1), 0}};
  EXPECT_TRUE(ShareOut(1'000'000, idle, 10).empty());
}

TEST(StratumPayout, SumsUpExactlyForAnyWorkAndAmount) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<Payee> payees(1 + random() % 20);
    for (Payee& payee : payees) {
      payee.script = Script(static_cast<uint8_t>(random() % 30));
      payee.work = U256(random()) << static_cast<unsigned>(random() % 128);
    }
    payees[0].work += 1;
    const auto total = static_cast<Amount>(random() % kMaxMoney);
    const size_t most = 1 + random() % 20;
    const Outputs outputs = ShareOut(total, payees, most);
    ASSERT_FALSE(outputs.empty());
    ASSERT_LE(outputs.size(), most);
    ASSERT_EQ(Sum(outputs), total);
    for (size_t i = 1; i < outputs.size(); ++i) {
      ASSERT_GE(outputs[i].value, kLeastPayout);
      ASSERT_LE(outputs[i].value, outputs[i - 1].value);
    }
    std::shuffle(payees.begin(), payees.end(), random);
    const Outputs again = ShareOut(total, payees, most);
    ASSERT_EQ(again.size(), outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      ASSERT_EQ(again[i].script, outputs[i].script);
      ASSERT_EQ(again[i].value, outputs[i].value);
    }
  }
}

TEST(StratumPayout, CountsHashesOfAShare) {
  EXPECT_EQ(WorkOfShare(1), 4294967296u);
  EXPECT_EQ(WorkOfShare(1.0 / 4294967296.0), 1u);
  EXPECT_EQ(WorkOfShare(1e-30), 1u);
  EXPECT_EQ(WorkOfShare(0.5), 2147483648u);
  EXPECT_EQ(WorkOfShare(2147483648.0), uint64_t{1} << 63);
}

TEST(StratumPayout, LeavesRoomForTheTransactions) {
  EXPECT_EQ(RoomForPayouts(0), kMostPayouts);
  EXPECT_EQ(RoomForPayouts(consensus::kMaxBlockWeight - 8000), 37u);
  EXPECT_EQ(RoomForPayouts(consensus::kMaxBlockWeight), 1u);
  EXPECT_EQ(RoomForPayouts(UINT32_MAX), 1u);
}

}  // namespace
}  // namespace cairn::mining::stratum
