// Pruning: what goes, what stays, what readers are told, and that no start misses what went.
#include <deque>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/ledger/pruner.h"
#include "tests/support/chain_world.h"

namespace cairn::ledger {
namespace {

using test::ChainWorld;
using test::MakeChain;
using test::ModelChain;
using test::Place;
using testing::HasSubstr;

constexpr int kLength = 400;

consensus::Params PrunedRegtest() {
  consensus::Params params = test::QuickRegtest();
  params.prune_after_height = 100;
  return params;
}

/// A chain of many small blocks, made once, and a ledger that prunes it.
class PruneTest : public testing::Test {
 protected:
  PruneTest() : world_(PrunedRegtest()) {
    world_.ledger.reset();
    world_.options.prune = true;
    world_.options.check_level = 3;
    world_.options.check_blocks = 0;
    world_.Open();
  }

  static const ModelChain& Chain() {
    static const ModelChain chain = [] {
      static const consensus::Params params = PrunedRegtest();
      ModelChain model(params);
      std::mt19937 random(11);
      model.Grow(kLength, random);
      return model;
    }();
    return chain;
  }

  void Connect(int from, int to) {
    for (int at = from; at < to; ++at) world_.Connect(Chain().blocks()[static_cast<size_t>(at)]);
  }

  const HeaderEntry& At(int height) { return *world_.ledger->View()->At(height); }

  std::string ReadError(int height) {
    const auto bytes = world_.ledger->ReadBlock(At(height));
    return bytes ? "" : bytes.error().message;
  }

  std::string ReopenError() {
    world_.ledger.reset();
    auto opened = Ledger::Open(world_.options, world_.params, world_.clock, world_.workers);
    if (!opened) return opened.error().message;
    world_.ledger = *std::move(opened);
    return "";
  }

  ChainWorld world_;
};

TEST_F(PruneTest, ByCommandUpToTheBlocksThatMustStay) {
  Connect(0, kLength);
  EXPECT_EQ(world_.ledger->Pruning().last_height, -1);
  EXPECT_EQ(world_.ledger->PruneTo(50), 50);
  EXPECT_EQ(world_.ledger->Pruning().last_height, 50);
  EXPECT_EQ(ReadError(50), "Block not available (pruned data)");
  EXPECT_EQ(ReadError(51), "");
  const auto undo = world_.ledger->ReadSpentCoins(At(50));
  ASSERT_FALSE(undo.has_value());
  EXPECT_EQ(undo.error().message, "Undo data not available (pruned data)");
  EXPECT_EQ(world_.ledger->PruneTo(20), 50);
  EXPECT_EQ(world_.ledger->PruneTo(kLength), kLength - kBlocksToKeep);
  EXPECT_EQ(ReadError(kLength - kBlocksToKeep + 1), "");
  EXPECT_TRUE(At(50).IsPruned());
  EXPECT_EQ(world_.Submit(Chain().blocks()[49]).outcome, BlockOutcome::kDuplicate);
  EXPECT_TRUE(At(50).IsPruned());
  EXPECT_EQ(world_.CloseAndReadCoins(), Chain().coins());
}

TEST_F(PruneTest, AStartKnowsWhatIsGone) {
  Connect(0, kLength - 10);
  EXPECT_EQ(world_.ledger->PruneTo(80), 80);
  const uint64_t transactions = world_.ledger->View()->tip->chain_tx_count;
  ASSERT_EQ(ReopenError(), "");
  EXPECT_EQ(world_.Height(), kLength - 10);
  EXPECT_EQ(world_.ledger->View()->tip->chain_tx_count, transactions);
  EXPECT_EQ(world_.ledger->Pruning().last_height, 80);
  EXPECT_EQ(ReadError(80), "Block not available (pruned data)");
  EXPECT_EQ(ReadError(81), "");
  Connect(kLength - 10, kLength);
  EXPECT_EQ(world_.ledger->PruneTo(90), 90);
  EXPECT_EQ(world_.CloseAndReadCoins(), Chain().coins());
  world_.options.prune = false;
  EXPECT_THAT(ReopenError(), HasSubstr("-reindex to go back to unpruned mode"));
  world_.options.prune = true;
  EXPECT_EQ(ReopenError(), "");
}

TEST_F(PruneTest, TheChainCannotGoBackBehindWhatIsGone) {
  Connect(0, kLength);
  ASSERT_EQ(world_.ledger->PruneTo(100), 100);
  const Status refused = world_.ledger->InvalidateBlock(At(90).hash);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("pruned"));
  EXPECT_EQ(world_.Height(), kLength);
  EXPECT_EQ(world_.ledger->FailureReason(), "");
  // As far as its blocks are there, it can.
  const BlockHash lowest = At(101).hash;
  EXPECT_TRUE(world_.ledger->InvalidateBlock(lowest).has_value());
  EXPECT_EQ(world_.Height(), 100);
  EXPECT_TRUE(world_.ledger->ReconsiderBlock(lowest).has_value());
  EXPECT_EQ(world_.Height(), kLength);
  EXPECT_EQ(world_.CloseAndReadCoins(), Chain().coins());
}

TEST_F(PruneTest, ABranchThatForksOffBehindWhatIsGoneStopsTheLedger) {
  Connect(0, 350);
  ASSERT_EQ(world_.ledger->PruneTo(60), 60);
  SubmitResult last;
  for (const auto& made : MakeChain(world_.params, Place::Of(&At(40)), 320, 9)) {
    last = world_.Submit(made.block);
    if (last.outcome == BlockOutcome::kFailed) break;
  }
  EXPECT_EQ(last.outcome, BlockOutcome::kFailed);
  EXPECT_THAT(world_.ledger->FailureReason(), HasSubstr("height 60 are pruned"));
  EXPECT_THAT(world_.ledger->FailureReason(), HasSubstr("-reindex"));
}

TEST_F(PruneTest, AnOldBranchWithoutItsBlocksIsNoCandidate) {
  // A branch beside the low blocks is pruned with them; when one of its children comes, nothing
  // breaks.
  Connect(0, 30);
  const auto branch = MakeChain(world_.params, Place::Of(&At(20)), 5, 4);
  for (const auto& made : branch) {
    EXPECT_EQ(world_.Submit(made.block).outcome, BlockOutcome::kStored);
  }
  Connect(30, kLength);
  ASSERT_EQ(world_.ledger->PruneTo(100), 100);
  EXPECT_TRUE(world_.ledger->Find(branch.back().block->hash())->IsPruned());
  const auto more = MakeChain(world_.params, branch.back().place, 1, 4);
  EXPECT_EQ(world_.Submit(more.front().block).outcome, BlockOutcome::kStored);
  ASSERT_EQ(ReopenError(), "");
  EXPECT_EQ(world_.Height(), kLength);
  EXPECT_EQ(world_.CloseAndReadCoins(), Chain().coins());
}

TEST_F(PruneTest, ByItselfWhenTheTargetIsReached) {
  // The blocks are small, so the target is, too; what LevelDB keeps in memory counts as well.
  world_.ledger.reset();
  world_.options.prune_target_bytes = 100 << 10;
  world_.Open();
  Connect(0, kLength);
  ASSERT_TRUE(world_.ledger->Flush().has_value());
  ASSERT_TRUE(world_.ledger->Flush().has_value());
  const PruneState state = world_.ledger->Pruning();
  EXPECT_GT(state.last_height, 0);
  EXPECT_LE(state.last_height, kLength - kBlocksToKeep);
  EXPECT_EQ(state.target_bytes, 100u << 10);
  ASSERT_EQ(ReopenError(), "");
  EXPECT_EQ(world_.ledger->Pruning().last_height, state.last_height);
  EXPECT_EQ(world_.CloseAndReadCoins(), Chain().coins());
}

TEST_F(PruneTest, AnIndexHoldsItBack) {
  world_.ledger.reset();
  world_.options.indexes.block_filters = true;
  world_.Open();
  Connect(0, kLength);
  EXPECT_EQ(world_.ledger->PruneTo(kLength), kLength - kBlocksToKeep);
  // One that needs what is gone cannot be made.
  world_.ledger.reset();
  world_.options.indexes.coin_stats = true;
  EXPECT_EQ(ReopenError(),
            "coinstatsindex best block of the index goes beyond pruned data. Please disable the "
            "index or reindex (which will download the whole blockchain again)");
  // Nor one that was off while what it lacks went.
  world_.options.indexes = {};
  ASSERT_EQ(ReopenError(), "");
  world_.Extend(10);
  EXPECT_EQ(world_.ledger->PruneTo(kLength), kLength + 10 - kBlocksToKeep);
  world_.options.indexes.block_filters = true;
  ASSERT_EQ(ReopenError(), "");  // it had all that is gone now
  while (!world_.ledger->Indexes().front()->synced()) std::this_thread::yield();
  EXPECT_EQ(world_.ledger->FailureReason(), "");
}

TEST_F(PruneTest, TheCheckOfTheChainSaysHowFarItCame) {
  Connect(0, kLength);
  EXPECT_EQ(world_.ledger->VerifyChain(4, 0)->outcome, ChainCheck::Outcome::kSound);
  ASSERT_EQ(world_.ledger->PruneTo(30), 30);
  EXPECT_EQ(world_.ledger->VerifyChain(4, 0)->outcome, ChainCheck::Outcome::kSkippedPruned);
  EXPECT_EQ(world_.ledger->VerifyChain(4, kLength - 30)->outcome, ChainCheck::Outcome::kSound);
  ASSERT_EQ(ReopenError(), "");  // all blocks, too
}

TEST_F(PruneTest, OnlyWhenSwitchedOn) {
  world_.ledger.reset();
  world_.options.prune = false;
  world_.Open();
  EXPECT_FALSE(world_.ledger->PruneTo(0).has_value());
  EXPECT_FALSE(world_.ledger->Pruning().enabled);
}

// ---- The choice ----

class PrunerTest : public testing::Test {
 protected:
  HeaderEntry& Entry(int height, uint64_t body, uint64_t undo) {
    HeaderEntry& entry = entries_.emplace_back();
    entry.height = height;
    entry.body_sequence = body;
    entry.undo_sequence = undo;
    entry.tx_count = 1;
    return entry;
  }
  std::deque<HeaderEntry> entries_;
};

TEST_F(PrunerTest, TakesFromBelowUntilOneMustStay) {
  Pruner pruner(0);
  HeaderEntry& a = Entry(1, 1, 2);
  HeaderEntry& b = Entry(9, 3, 0);
  HeaderEntry& c = Entry(2, 4, 5);
  for (HeaderEntry* entry : {&a, &b, &c}) pruner.Add(entry->body_sequence, entry, 100);
  for (HeaderEntry* entry : {&a, &c}) pruner.Add(entry->undo_sequence, entry, 10);
  EXPECT_EQ(pruner.Take(0, UINT64_MAX).below, 0u);
  const auto first = pruner.Take(5, UINT64_MAX);
  EXPECT_EQ(first.below, 3u);
  EXPECT_TRUE(a.IsPruned());
  EXPECT_EQ(a.undo_sequence, 0u);
  EXPECT_FALSE(c.IsPruned());
  EXPECT_EQ(pruner.Lowest(99), 3u);
  EXPECT_EQ(pruner.Take(9, 150).below, 5u);  // two bodies: 200 bytes
  EXPECT_TRUE(b.IsPruned());
  EXPECT_TRUE(c.IsPruned());
  EXPECT_EQ(c.undo_sequence, 5u);
  EXPECT_EQ(pruner.Take(9, 1).below, 6u);
  EXPECT_EQ(pruner.Lowest(99), 99u);
}

TEST_F(PrunerTest, KeepsSomeRoomBelowTheTarget) {
  constexpr uint64_t kMiB = 1 << 20;
  const Pruner pruner(1000 * kMiB);
  EXPECT_FALSE(pruner.IsOver(850 * kMiB));
  EXPECT_TRUE(pruner.IsOver(850 * kMiB + 1));
  EXPECT_EQ(pruner.Excess(950 * kMiB), 200 * kMiB);
  EXPECT_EQ(pruner.Excess(0), 0u);
  EXPECT_FALSE(Pruner(0).IsOver(UINT64_MAX));
  EXPECT_TRUE(Pruner(10).IsOver(11));
}

TEST_F(PrunerTest, WaitsForARunThatIsWorthIt) {
  Pruner pruner(2000);
  for (int i = 1; i <= 3; ++i) pruner.Add(static_cast<uint64_t>(i), &Entry(i, i, 0), 40);
  EXPECT_FALSE(pruner.HasRun(2));
  EXPECT_TRUE(pruner.HasRun(3));
}

}  // namespace
}  // namespace cairn::ledger
