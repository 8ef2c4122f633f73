// Blocks that people take as invalid or first, the chain checked again, and all coins at one tip.

#include <chrono>
#include <cstdint>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/chain_world.h"

namespace cairn::ledger {
namespace {

using test::BlockPlan;
using test::ChainWorld;
using test::MadeBlock;
using test::MakeChain;
using test::MakeSpend;
using test::OutputOf;
using test::Place;

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() : trunk_(MakeChain(world_.params, world_.TipPlace(), 6)) {
    for (const MadeBlock& made : trunk_) world_.Connect(made.block);
  }

  std::string TipAfter(const std::string& what, const Status& done) {
    EXPECT_TRUE(done.has_value()) << what << ": " << (done ? "" : done.error().message);
    return world_.Tip();
  }

  static std::string Name(const MadeBlock& made) { return made.block->hash().ToString(); }

  ChainWorld world_;
  std::vector<MadeBlock> trunk_;
};

TEST_F(CommandsTest, AnInvalidatedBlockComesOffWithAllAboveIt) {
  const Status done = world_.ledger->InvalidateBlock(trunk_[3].block->hash());
  EXPECT_EQ(TipAfter("invalidate", done), Name(trunk_[2]));
  EXPECT_EQ(world_.ledger->View()->best_header->hash, trunk_[2].block->hash());
  EXPECT_EQ(world_.Submit(trunk_[5].block).outcome, BlockOutcome::kDuplicateInvalid);
  // Another branch takes its place, and it stays invalid through a restart.
  const auto other = MakeChain(world_.params, trunk_[2].place, 1, 7);
  world_.Connect(other[0].block);
  world_.Reopen();
  EXPECT_EQ(world_.Tip(), Name(other[0]));
  const Status again = world_.ledger->ReconsiderBlock(trunk_[4].block->hash());
  EXPECT_EQ(TipAfter("reconsider", again), Name(trunk_[5]));
  world_.Reopen();
  EXPECT_EQ(world_.Tip(), Name(trunk_[5]));
}

TEST_F(CommandsTest, InvalidatingFallsBackToTheNextBestBranch) {
  const auto other = MakeChain(world_.params, trunk_[1].place, 3, 7);
  for (const MadeBlock& made : other) {
    EXPECT_EQ(world_.Submit(made.block).outcome, BlockOutcome::kStored);
  }
  const Status done = world_.ledger->InvalidateBlock(trunk_[4].block->hash());
  // Heights 4 of the trunk and 5 of the other branch.
  EXPECT_EQ(TipAfter("invalidate", done), Name(other[2]));
  const Status back = world_.ledger->ReconsiderBlock(trunk_[4].block->hash());
  EXPECT_EQ(TipAfter("reconsider", back), Name(trunk_[5]));
}

TEST_F(CommandsTest, CoinsFollow) {
  BlockPlan plan;
  plan.transactions = {MakeSpend(OutputOf(trunk_[0].block->transactions()[0]), 40 * kCoin)};
  plan.fees = 10 * kCoin;
  const MadeBlock spending = test::MakeBlock(world_.params, trunk_[5].place, plan);
  world_.Connect(spending.block);
  const OutPoint spent = OutputOf(trunk_[0].block->transactions()[0]);
  EXPECT_FALSE(world_.ledger->FindCoin(spent)->has_value());
  ASSERT_TRUE(world_.ledger->InvalidateBlock(spending.block->hash()).has_value());
  EXPECT_TRUE(world_.ledger->FindCoin(spent)->has_value());
  ASSERT_TRUE(world_.ledger->ReconsiderBlock(spending.block->hash()).has_value());
  EXPECT_FALSE(world_.ledger->FindCoin(spent)->has_value());
}

TEST_F(CommandsTest, APreciousBlockComesFirstAmongEquals) {
  const auto rival = MakeChain(world_.params, trunk_[4].place, 1, 7);
  EXPECT_EQ(world_.Submit(rival[0].block).outcome, BlockOutcome::kStored);
  EXPECT_EQ(TipAfter("precious", world_.ledger->PreciousBlock(rival[0].block->hash())),
            Name(rival[0]));
  EXPECT_EQ(TipAfter("precious", world_.ledger->PreciousBlock(trunk_[5].block->hash())),
            Name(trunk_[5]));
  // One with less work is not taken for that.
  EXPECT_EQ(TipAfter("precious", world_.ledger->PreciousBlock(trunk_[2].block->hash())),
            Name(trunk_[5]));
}

TEST_F(CommandsTest, RefuseWhatIsUnknownOrGenesis) {
  const BlockHash nobody{};
  EXPECT_EQ(world_.ledger->InvalidateBlock(nobody).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(world_.ledger->ReconsiderBlock(nobody).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(world_.ledger->PreciousBlock(nobody).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(world_.ledger->InvalidateBlock(world_.params.genesis_hash).has_value());
  EXPECT_EQ(world_.Height(), 6);
}

TEST_F(CommandsTest, ASoundChainPassesEveryLevel) {
  for (int level = 0; level <= 4; ++level) {
    EXPECT_TRUE(world_.ledger->VerifyChain(level, 0)->IsSound()) << level;
    EXPECT_TRUE(world_.ledger->VerifyChain(level, 3)->IsSound()) << level;
  }
  world_.Extend(1);  // the coins are as before
}

TEST_F(CommandsTest, WhatDoesNotFitIntoMemoryIsCheckedLess) {
  world_.ledger.reset();
  world_.options.cache_bytes = 1;
  world_.options.check_level = 4;
  world_.Open();
  EXPECT_TRUE(world_.ledger->VerifyChain(2, 0)->IsSound());
  EXPECT_TRUE(world_.ledger->VerifyChain(4, 1)->IsSound());
  EXPECT_EQ(world_.ledger->VerifyChain(3, 0)->outcome, ChainCheck::Outcome::kSkippedMemory);
  EXPECT_EQ(world_.ledger->VerifyChain(4, 2)->outcome, ChainCheck::Outcome::kSkippedMemory);
  world_.Extend(1);  // the coins are as before
  // At the start that matters only to whoever asked for the check.
  world_.Reopen();
  world_.ledger.reset();
  world_.options.check_strictly = true;
  const auto opened = Ledger::Open(world_.options, world_.params, world_.clock, world_.workers);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().message, "Insufficient dbcache for block verification");
}

TEST_F(CommandsTest, TheEndOfTheNodeEndsLongOnes) {
  int questions = INT32_MAX;
  world_.ledger.reset();
  world_.options.interrupted = [&questions] { return questions-- <= 0; };
  world_.Open();
  questions = 3;
  EXPECT_EQ(world_.ledger->VerifyChain(4, 0)->outcome, ChainCheck::Outcome::kInterrupted);
  questions = 8;  // in the middle of connecting
  EXPECT_EQ(world_.ledger->VerifyChain(4, 0)->outcome, ChainCheck::Outcome::kInterrupted);
  for (int after = 0; after < 6; ++after) {
    questions = after;
    const Status done = world_.ledger->InvalidateBlock(trunk_[0].block->hash());
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, ErrorCode::kStopped);
    EXPECT_EQ(world_.Height(), 6);  // readers see nothing of it
    world_.ledger.reset();
    questions = after % 2 == 0 ? 3 : INT32_MAX;  // the next start may not come far, either
    world_.Open();
    questions = INT32_MAX;
    world_.Reopen();
    EXPECT_EQ(world_.Height(), 0) << after;
    const Status back = world_.ledger->ReconsiderBlock(trunk_[0].block->hash());
    EXPECT_EQ(TipAfter("reconsider", back), Name(trunk_[5]));
    EXPECT_TRUE(world_.ledger->VerifyChain(4, 0)->IsSound());
  }
}

TEST_F(CommandsTest, ASnapshotStaysAtItsTip) {
  const auto set = world_.ledger->SnapshotCoins();
  ASSERT_TRUE(set.has_value());
  world_.Extend(2);
  EXPECT_EQ(set->tip->height, 6);
  int coins = 0;
  ASSERT_TRUE(set->coins
                  ->Scan({Txid{}, 0},
                         [&](const OutPoint&, const storage::StoredCoin&) {
                           ++coins;
                           return true;
                         })
                  .has_value());
  EXPECT_EQ(coins, 6);
}

TEST(LedgerIndexes, FollowTheChainAndItsReorganisations) {
  ChainWorld world;
  world.ledger.reset();
  world.options.indexes = {true, true, true};
  world.Open();
  const auto trunk = MakeChain(world.params, world.TipPlace(), 5);
  for (const MadeBlock& made : trunk) world.Connect(made.block);
  const auto expect_synced = [&] {
    const ChainViewPtr view = world.ledger->View();
    const auto indexes = world.ledger->Indexes();
    ASSERT_EQ(indexes.size(), 3u);
    for (const IndexReader* index : indexes) {
      // One that begins with the chain is built in the background first.
      for (int i = 0; i < 1000 && !index->synced(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      EXPECT_TRUE(index->synced()) << index->name();
      EXPECT_EQ(index->tip().hash, view->tip->hash) << index->name();
    }
  };
  expect_synced();
  const auto other = MakeChain(world.params, trunk[2].place, 4, 7);
  for (const MadeBlock& made : other) world.Submit(made.block);
  EXPECT_EQ(world.Height(), 7);
  expect_synced();
  world.Reopen();
  expect_synced();
  const IndexReader* transactions = world.ledger->FindIndex("txindex");
  ASSERT_NE(transactions, nullptr);
  const auto found = FindTransaction(*transactions, other[0].block->transactions()[0].txid);
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->height, 4);
}

}  // namespace
}  // namespace cairn::ledger
