// Indexes that are built from stored blocks, while the chain stands still, moves and reorganises.
#include "src/ledger/index/catch_up.h"

#include <chrono>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "src/ledger/index/coin_stats_index.h"
#include "src/ledger/index/filter_index.h"
#include "src/ledger/index/tx_index.h"
#include "tests/support/chain_world.h"
#include "tests/support/memory_chain.h"

namespace cairn::ledger {
namespace {

using test::FactChain;
using test::MemoryChain;
using test::ModelChain;

class CatchUpTest : public testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    indexes_.clear();
    std::vector<std::unique_ptr<const IndexKind>> kinds;
    kinds.push_back(MakeTxIndexKind());
    kinds.push_back(MakeFilterIndexKind());
    kinds.push_back(MakeCoinStatsIndexKind(params_));
    for (auto& kind : kinds) {
      auto opened = Index::Open(folder_.path(), {}, std::move(kind));
      ASSERT_TRUE(opened.has_value()) << opened.error().message;
      indexes_.push_back(*std::move(opened));
    }
  }

  std::vector<Index*> All() {
    std::vector<Index*> all;
    for (const auto& index : indexes_) all.push_back(index.get());
    return all;
  }

  Status Run(std::vector<Index*> which) {
    return CatchUp(std::move(which), source_, workers_, stop_, options_);
  }

  void WriteAll() {
    for (Index* index : All()) {
      ASSERT_TRUE(index->Freeze());
      ASSERT_TRUE(index->WriteFrozen().has_value());
    }
  }

  void ExpectAll(const FactChain& chain, const std::vector<const FactChain*>& others = {}) {
    for (Index* index : All()) test::ExpectIndexOf(*index, chain, others);
  }

  FactChain Grown(const ModelChain& base, int count, unsigned seed) {
    return FactChain(params_, test::GrownBy(base, count, seed).blocks());
  }
  ModelChain Base(int count) { return test::GrownBy(ModelChain(params_), count, 1); }

  consensus::Params params_ = test::QuickRegtest();
  test::TempDir folder_;
  MemoryChain source_;
  WorkerPool workers_{2};
  std::atomic<bool> stop_{false};
  CatchUpOptions options_;
  std::vector<std::unique_ptr<Index>> indexes_;
};

TEST_F(CatchUpTest, BuildsFromTheBeginning) {
  const FactChain chain = Grown(Base(0), 70, 2);
  source_.SetBest(chain);
  ASSERT_TRUE(Run(All()).has_value());
  ExpectAll(chain);
  EXPECT_EQ(source_.reads(), 71);  // once for all three
  EXPECT_EQ(source_.times_made_durable(), 0);
}

TEST_F(CatchUpTest, GenesisAloneIsAChain) {
  const FactChain chain = Grown(Base(0), 0, 2);
  source_.SetBest(chain);
  ASSERT_TRUE(Run(All()).has_value());
  ExpectAll(chain);
}

TEST_F(CatchUpTest, WritesOnTheWayWhatIsDurable) {
  const FactChain chain = Grown(Base(0), 60, 3);
  source_.SetBest(chain);
  options_.flush_bytes = 1;
  ASSERT_TRUE(Run(All()).has_value());
  EXPECT_GT(source_.times_made_durable(), 2);
  for (Index* index : All()) EXPECT_EQ(index->flushed_tip(), chain.tip());
  Reopen();
  ExpectAll(chain);
}

TEST_F(CatchUpTest, GoesOnFromDifferentHeights) {
  const FactChain chain = Grown(Base(0), 60, 4);
  source_.SetBest(chain, 20);
  ASSERT_TRUE(Run({All()[0], All()[1]}).has_value());
  source_.SetBest(chain, 33);
  ASSERT_TRUE(Run({All()[1]}).has_value());
  WriteAll();
  Reopen();
  source_.SetBest(chain);
  const int before = source_.reads();
  ASSERT_TRUE(Run(All()).has_value());
  ExpectAll(chain);
  EXPECT_EQ(source_.reads() - before, 61);
}

TEST_F(CatchUpTest, UnwindsABranchThatTheChainLeft) {
  const ModelChain base = Base(30);
  const FactChain first = Grown(base, 25, 5), second = Grown(base, 3, 6);
  source_.SetBest(first);
  ASSERT_TRUE(Run(All()).has_value());
  WriteAll();
  Reopen();
  source_.SetBest(second);
  ASSERT_TRUE(Run(All()).has_value());
  ExpectAll(second, {&first});
  source_.SetBest(first);
  ASSERT_TRUE(Run(All()).has_value());
  ExpectAll(first, {&second});
}

TEST_F(CatchUpTest, StaysWhereItIsWhenItCoversTheTip) {
  const FactChain chain = Grown(Base(0), 30, 7);
  source_.SetBest(chain);
  ASSERT_TRUE(Run(All()).has_value());
  const int before = source_.reads();
  ASSERT_TRUE(Run(All()).has_value());
  EXPECT_EQ(source_.reads(), before);
  ExpectAll(chain);
}

TEST_F(CatchUpTest, BeginsAnewIfItsBlockIsGone) {
  const ModelChain base = Base(10);
  const FactChain first = Grown(base, 15, 8), second = Grown(base, 20, 9);
  source_.SetBest(first);
  ASSERT_TRUE(Run(All()).has_value());
  WriteAll();
  Reopen();
  source_.SetBest(second);
  source_.Forget(first.tip().hash);
  ASSERT_TRUE(Run(All()).has_value());
  ExpectAll(second, {&first});
  // Filters of the forgotten branch are gone as well.
  EXPECT_FALSE(FindFilter(*All()[1], first.tip())->has_value());
}

TEST_F(CatchUpTest, SaysThatANeededBlockWasPruned) {
  const FactChain chain = Grown(Base(0), 30, 10);
  source_.SetBest(chain);
  source_.Forget(chain.blocks()[12].place.hash);
  const Status built = Run(All());
  ASSERT_FALSE(built.has_value());
  EXPECT_EQ(built.error().message,
            "Cannot build txindex, basic block filter index, coinstatsindex: block 12 was pruned. "
            "Switch it off, or start with -reindex, which fetches all blocks again");
  for (Index* index : All()) EXPECT_LT(index->working_tip().height, 12);
}

TEST_F(CatchUpTest, StopsWhenAsked) {
  const FactChain chain = Grown(Base(0), 30, 11);
  source_.SetBest(chain);
  stop_ = true;
  ASSERT_TRUE(Run(All()).has_value());
  for (Index* index : All()) EXPECT_EQ(index->working_tip().height, -1);
}

TEST_F(CatchUpTest, MeetsAChainThatMoves) {
  const ModelChain base = Base(20);
  const FactChain first = Grown(base, 60, 12), second = Grown(base, 50, 13);
  source_.Store(first);
  source_.Store(second);
  source_.SetBest(first, 20);
  options_.blocks_at_once = 3;
  options_.flush_bytes = 20'000;
  for (int round = 0; round < 5; ++round) {
    std::atomic<bool> done{false};
    std::jthread mover([&] {
      std::mt19937 random(static_cast<unsigned>(round));
      // It comes to rest: nobody catches up with a chain that moves faster than blocks are read.
      for (int move = 0; move < 100 && !done; ++move) {
        const FactChain& chain = random() % 2 == 0 ? first : second;
        source_.SetBest(chain, 20 + static_cast<int>(random() % 30));
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 3));
      }
    });
    ASSERT_TRUE(Run(All()).has_value());
    done = true;
    mover.join();
    const FactChain& last = round % 2 == 0 ? first : second;
    source_.SetBest(last);
    ASSERT_TRUE(Run(All()).has_value());
    ExpectAll(last, {&first, &second});
    if (round == 2) Reopen();  // whatever was written stands at some block of some branch
  }
}

}  // namespace
}  // namespace cairn::ledger
