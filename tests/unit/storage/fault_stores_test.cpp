// Blocks and coins on files that fail, tear and lose power at every step of a run with flushes and
// pruning: no row names what is not there, the coins are those of a flush, and nothing durable is
// gone.
#include <gtest/gtest.h>

#include "tests/support/effort.h"
#include "tests/support/fault_env.h"
#include "tests/unit/storage/store_run.h"

namespace cairn::storage {
namespace {

using Fault = test::FaultEnv::Fault;
using test_run::Progress;
using test_run::Rows;

const std::string kFolder = "/node";
constexpr uint64_t kFlushes = 9;

/// Opens what is left, checks it, sweeps up as the ledger does at its start, and goes on.
void ExpectSound(const Progress& progress) {
  Rows rows;
  uint64_t flush = 0;
  {
    auto stores = test_run::OpenStores(kFolder);
    ASSERT_TRUE(stores.has_value()) << stores.error().message;
    const auto checked = test_run::CheckStores(*stores, rows);
    ASSERT_TRUE(checked.has_value()) << checked.error().message;
    flush = *checked;
    ASSERT_GE(flush, progress.durable);
    ASSERT_LE(flush, progress.begun);
    ASSERT_LE(stores->blocks->flush_number(), flush + 1);
    uint64_t least = UINT64_MAX;
    uint64_t greatest = 0;
    for (const auto& [height, row] : rows) {
      if (row.body_sequence == 0) continue;
      least = std::min({least, row.body_sequence, row.undo_sequence});
      greatest = std::max({greatest, row.body_sequence, row.undo_sequence});
    }
    ASSERT_TRUE(stores->blocks->DiscardBehind(greatest).has_value());
    if (least < greatest) {
      ASSERT_TRUE(stores->blocks->PruneBelow(least).has_value());
    }
  }
  const Progress more = test_run::Work(kFolder, flush, flush + 2, rows);
  ASSERT_EQ(more.durable, flush + 2);
  auto stores = test_run::OpenStores(kFolder);
  ASSERT_TRUE(stores.has_value()) << stores.error().message;
  const auto checked = test_run::CheckStores(*stores, rows);
  ASSERT_TRUE(checked.has_value()) << checked.error().message;
  ASSERT_EQ(*checked, flush + 2);
}

class FaultyStores : public testing::Test {
 protected:
  uint64_t StepsOfARun() {
    EXPECT_EQ(test_run::Work(kFolder, 0, kFlushes).durable, kFlushes);
    return env_.steps();
  }

  test::FaultEnv env_;
};

TEST_F(FaultyStores, ARunWithoutFaultsIsSound) {
  EXPECT_GT(StepsOfARun(), 300u);
  ExpectSound({kFlushes, kFlushes});
}

TEST_F(FaultyStores, EveryStepFailsInTurn) {
  const uint64_t steps = StepsOfARun();
  for (uint64_t at = 0; at < steps && !HasFailure(); at += test::Stride()) {
    SCOPED_TRACE("step " + std::to_string(at));
    env_.Clear();
    env_.Plan(at % 4 < 2 ? Fault::kFail : Fault::kTear, at);
    const Progress progress = test_run::Work(kFolder, 0, kFlushes);
    if (at % 2 == 0) {
      env_.Kill();
    } else {
      env_.LosePower(at);
    }
    ExpectSound(progress);
  }
}

TEST_F(FaultyStores, ThePowerIsCutAtEveryStep) {
  const uint64_t steps = StepsOfARun();
  for (uint64_t at = 0; at < steps && !HasFailure(); at += test::Stride()) {
    SCOPED_TRACE("step " + std::to_string(at));
    env_.Clear();
    env_.Plan(Fault::kPowerCut, at);
    const Progress progress = test_run::Work(kFolder, 0, kFlushes);
    env_.LosePower(at);
    ExpectSound(progress);
  }
}

TEST_F(FaultyStores, StoresOfDifferentCopiesAreToldApart) {
  ASSERT_EQ(test_run::Work(kFolder, 0, 3).durable, 3u);
  const auto early = env_.Save();
  Rows rows;
  {
    auto stores = test_run::OpenStores(kFolder);
    ASSERT_EQ(test_run::CheckStores(*stores, rows), 3u);
  }
  ASSERT_EQ(test_run::Work(kFolder, 3, 5, rows).durable, 5u);
  const auto late = env_.Save();
  const auto mix = [&](const std::string& part) {  // of the early copy, the rest of the late one
    std::map<std::string, std::string> files;
    for (const bool is_early : {true, false}) {
      for (const auto& [path, content] : is_early ? early : late) {
        if ((path.find(part) != std::string::npos) == is_early) files[path] = content;
      }
    }
    env_.Restore(files);
  };
  // Old coins with new blocks are what a crash leaves, too.
  mix("/chainstate/");
  {
    auto stores = test_run::OpenStores(kFolder);
    ASSERT_TRUE(stores.has_value());
    EXPECT_EQ(test_run::CheckStores(*stores, rows), 3u);
  }
  mix("/bodies/");
  {
    const auto stores = test_run::OpenStores(kFolder);
    ASSERT_FALSE(stores.has_value());
    EXPECT_EQ(stores.error().code, ErrorCode::kCorruption);
    EXPECT_EQ(stores.error().message,
              "blocks/bodies ends at record 24, but was flushed up to record 40; start with "
              "-reindex, which fetches damaged blocks again");
  }
  mix("/blocks/");
  {
    const auto stores = test_run::OpenStores(kFolder);
    ASSERT_TRUE(stores.has_value());
    const Status one = stores->blocks->CheckFlushOfCoins(5);
    ASSERT_FALSE(one.has_value());
    EXPECT_EQ(one.error().message,
              "blocks stands at flush 3, chainstate at flush 5: they are not of one copy; start "
              "with -reindex-chainstate to build chainstate again");
  }
}

TEST_F(FaultyStores, DeletingADatabaseIsDoneOrNot) {
  ASSERT_EQ(test_run::Work(kFolder, 0, 4).durable, 4u);
  const auto made = env_.Save();
  ASSERT_TRUE(Database::Destroy(kFolder + "/chainstate").has_value());
  const uint64_t steps = env_.steps();
  EXPECT_TRUE(env_.Files("chainstate").empty());
  for (uint64_t at = 0; at < steps; ++at) {
    env_.Restore(made);
    env_.Plan(Fault::kPowerCut, at);
    static_cast<void>(Database::Destroy(kFolder + "/chainstate"));
    env_.LosePower(at);
    auto coins = CoinStore::Open(kFolder + "/chainstate", test_run::kBudget);
    ASSERT_TRUE(coins.has_value()) << coins.error().message;
    const auto tip = (*coins)->ReadTip();
    ASSERT_TRUE(tip.has_value());
    if (*tip) {
      EXPECT_EQ((*tip)->flush_number, 4u);
    }
    EXPECT_TRUE(env_.Files(".deleted").empty());
  }
}

}  // namespace
}  // namespace cairn::storage
