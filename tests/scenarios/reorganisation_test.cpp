// Reorganisations of every depth, back and forth, with spends on all branches: the coins are always
// those of the winning chain alone.
#include <random>

#include <gtest/gtest.h>

#include "tests/support/chain_world.h"

namespace cairn::test {
namespace {

/// The coins of a ledger that has never seen anything but this chain.
std::map<OutPoint, ModelCoin> CoinsOfChainAlone(const ModelChain& chain) {
  ChainWorld fresh;
  for (const BlockPtr& block : chain.blocks()) fresh.Connect(block);
  return fresh.CloseAndReadCoins();
}

/// Every height, every body and every undo record of the chain that must be the best one.
void ExpectBestChain(ChainWorld& world, const ModelChain& chain) {
  const ledger::ChainViewPtr view = world.ledger->View();
  ASSERT_EQ(view->tip->hash, chain.tip().hash);
  for (size_t i = 0; i < chain.blocks().size(); ++i) {
    const BlockPtr& block = chain.blocks()[i];
    const ledger::HeaderEntry* entry = view->At(static_cast<int>(i) + 1);
    ASSERT_NE(entry, nullptr);
    ASSERT_EQ(entry->hash, block->hash());
    ASSERT_EQ(world.ledger->ReadBlock(*entry), Bytes(block->bytes().begin(), block->bytes().end()));
    const auto spent = world.ledger->ReadSpentCoins(*entry);
    ASSERT_TRUE(spent.has_value());
    ASSERT_EQ(spent->size(), block->SpendCount());
  }
}

/// Closes the ledger and compares what it has with the model and with a ledger that saw less.
void ExpectCoinsOf(ChainWorld& world, const ModelChain& chain) {
  const auto coins = world.CloseAndReadCoins();
  ASSERT_EQ(coins, chain.coins());
  ASSERT_EQ(coins, CoinsOfChainAlone(chain));
  world.Open();
  ASSERT_EQ(world.Tip(), chain.tip().hash.ToString());
}

struct Caching {
  const char* name;
  int flush_every_blocks;
  uint64_t cache_bytes;
};

class Reorganisation : public testing::TestWithParam<std::tuple<int, Caching>> {
 protected:
  int depth() const { return std::get<0>(GetParam()); }

  void SetUp() override {
    const Caching caching = std::get<1>(GetParam());
    world_.ledger.reset();
    world_.options.flush_every_blocks = caching.flush_every_blocks;
    world_.options.cache_bytes = caching.cache_bytes;
    world_.Open();
  }

  ChainWorld world_;
};

TEST_P(Reorganisation, BackAndForth) {
  std::mt19937 random(static_cast<unsigned>(depth()));
  ModelChain trunk(world_.params);
  trunk.Grow(10, random);
  ModelChain branches[] = {trunk, trunk};
  for (const BlockPtr& block : trunk.blocks()) world_.Connect(block);
  size_t submitted[] = {trunk.blocks().size(), trunk.blocks().size()};
  branches[0].Grow(depth(), random);
  branches[1].Grow(depth() + 1, random);
  for (int turn = 0; turn < 6; ++turn) {
    ModelChain& winner = branches[turn % 2];
    if (turn >= 2) winner.Grow(2, random);
    for (size_t& at = submitted[turn % 2]; at < winner.blocks().size(); ++at) {
      const ledger::SubmitResult result = world_.Submit(winner.blocks()[at]);
      ASSERT_TRUE(result.outcome == ledger::BlockOutcome::kConnected ||
                  result.outcome == ledger::BlockOutcome::kStored)
          << result.reason;
    }
    ExpectBestChain(world_, winner);
    if (turn >= 2 && turn % 3 == 0) ExpectCoinsOf(world_, winner);
    if (HasFatalFailure()) return;
  }
  ExpectCoinsOf(world_, branches[1]);
}

constexpr Caching kCachings[] = {
    {"Cached", 0, 64 << 20},
    {"FlushedOften", 3, 64 << 20},
    {"Uncached", 1, 0},
};

INSTANTIATE_TEST_SUITE_P(Depths, Reorganisation,
                         testing::Combine(testing::Values(1, 2, 3, 10, 60),
                                          testing::ValuesIn(kCachings)),
                         [](const auto& test) {
                           return std::get<1>(test.param).name +
                                  std::to_string(std::get<0>(test.param));
                         });

/// A random tree of chains, of which one is the longest.
class RandomForest {
 public:
  RandomForest(const consensus::Params& params, unsigned seed) : random_(seed) {
    chains_.emplace_back(params);
    for (int i = 0; i < 25; ++i) {
      ModelChain& grown = chains_[random_() % chains_.size()];
      if (random_() % 3 == 0) chains_.push_back(grown);
      Grow(chains_[random_() % chains_.size()], 1 + static_cast<int>(random_() % 4));
    }
    size_t best = 0;
    for (size_t i = 0; i < chains_.size(); ++i) {
      if (chains_[i].tip().height > chains_[best].tip().height) best = i;
    }
    Grow(chains_[best], 1);
    winner_ = best;
  }

  const ModelChain& winner() const { return chains_[winner_]; }
  /// All blocks of all chains, parents first.
  const std::vector<BlockPtr>& blocks() const { return blocks_; }
  std::mt19937& random() { return random_; }

 private:
  void Grow(ModelChain& chain, int count) {
    const size_t before = chain.blocks().size();
    chain.Grow(count, random_);
    for (size_t i = before; i < chain.blocks().size(); ++i) blocks_.push_back(chain.blocks()[i]);
  }

  std::mt19937 random_;
  std::vector<ModelChain> chains_;
  size_t winner_ = 0;
  std::vector<BlockPtr> blocks_;
};

class RandomBranches : public testing::TestWithParam<unsigned> {};

TEST_P(RandomBranches, InTheOrderOfTheirMaking) {
  ChainWorld world;
  RandomForest forest(world.params, GetParam());
  for (const BlockPtr& block : forest.blocks()) {
    const auto outcome = world.Submit(block).outcome;
    ASSERT_TRUE(outcome == ledger::BlockOutcome::kConnected ||
                outcome == ledger::BlockOutcome::kStored);
  }
  ExpectBestChain(world, forest.winner());
  ExpectCoinsOf(world, forest.winner());
}

TEST_P(RandomBranches, BodiesInAnyOrderWithRestartsInBetween) {
  ChainWorld world;
  RandomForest forest(world.params, GetParam() + 100);
  std::vector<Header> headers;
  for (const BlockPtr& block : forest.blocks()) headers.push_back(block->header());
  ASSERT_EQ(world.ledger->SubmitHeaders(headers).accepted, headers.size());
  std::vector<BlockPtr> bodies = forest.blocks();
  std::shuffle(bodies.begin(), bodies.end(), forest.random());
  U256 work;
  for (const BlockPtr& block : bodies) {
    const auto outcome = world.Submit(block).outcome;
    ASSERT_TRUE(outcome == ledger::BlockOutcome::kConnected ||
                outcome == ledger::BlockOutcome::kStored);
    ASSERT_GE(world.ledger->View()->tip->chain_work, work);
    work = world.ledger->View()->tip->chain_work;
    if (forest.random()() % 15 != 0) continue;
    const std::string tip = world.Tip();
    world.Reopen();
    ASSERT_EQ(world.Tip(), tip);
  }
  ExpectBestChain(world, forest.winner());
  ExpectCoinsOf(world, forest.winner());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomBranches, testing::Range(1u, 6u));

TEST(ReorganisationCases, ATransactionOfBothBranchesTakesTheHeightOfTheWinner) {
  ChainWorld world;
  const auto trunk = MakeChain(world.params, world.TipPlace(), 5);
  for (const MadeBlock& made : trunk) world.Connect(made.block);
  const TransactionPtr shared = MakeSpend(OutputOf(trunk[0].block->transactions()[0]), 50 * kCoin);
  const TransactionPtr child = MakeSpend(OutputOf(*shared), 50 * kCoin);
  // Branch A confirms the transaction at once; B two blocks later, together with its child.
  BlockPlan early;
  early.transactions = {shared};
  const MadeBlock a6 = MakeBlock(world.params, trunk[4].place, early);
  const auto coin_height = [&](const Transaction& tx) {
    const auto coin = world.ledger->FindCoin(OutputOf(tx));
    EXPECT_TRUE(coin.has_value());
    return coin && *coin ? (*coin)->height : -1;
  };
  world.Connect(a6.block);
  EXPECT_EQ(coin_height(*shared), 6);

  const auto b = MakeChain(world.params, trunk[4].place, 2, 9);
  world.Submit(b[0].block);
  world.Connect(b[1].block);
  EXPECT_EQ(coin_height(*shared), -1);
  EXPECT_EQ(coin_height(trunk[0].block->transactions()[0]), 1);  // unspent again
  BlockPlan late;
  late.transactions = {shared, child};
  const MadeBlock b8 = MakeBlock(world.params, b[1].place, late);
  world.Connect(b8.block);
  EXPECT_EQ(coin_height(*shared), -1);
  EXPECT_EQ(coin_height(*child), 8);

  for (const MadeBlock& made : MakeChain(world.params, a6.place, 3, 5)) world.Submit(made.block);
  EXPECT_EQ(world.Height(), 9);
  EXPECT_EQ(coin_height(*shared), 6);
  EXPECT_EQ(coin_height(*child), -1);
}

TEST(ReorganisationCases, ASpendOfARewardThatTheOtherBranchNeverPaid) {
  ChainWorld world;
  const auto trunk = MakeChain(world.params, world.TipPlace(), 3);
  for (const MadeBlock& made : trunk) world.Connect(made.block);
  // A's reward of height 4 is spent at height 6 of A.
  const auto a = MakeChain(world.params, trunk[2].place, 2, 1);
  for (const MadeBlock& made : a) world.Connect(made.block);
  BlockPlan spending;
  spending.transactions = {MakeSpend(OutputOf(a[0].block->transactions()[0]), 50 * kCoin)};
  const MadeBlock a6 = MakeBlock(world.params, a[1].place, spending);
  world.Connect(a6.block);
  // B knows no such reward: the same spend is invalid there, and A comes back whole.
  const auto b = MakeChain(world.params, trunk[2].place, 3, 2);
  for (const MadeBlock& made : b) world.Submit(made.block);
  const MadeBlock b7 = MakeBlock(world.params, b[2].place, spending);
  const ledger::SubmitResult refused = world.Submit(b7.block);
  EXPECT_EQ(refused.outcome, ledger::BlockOutcome::kRejected);
  EXPECT_EQ(refused.reason, "bad-txns-inputs-missingorspent");
  EXPECT_EQ(world.Tip(), a6.block->hash().ToString());
  const auto coin = world.ledger->FindCoin(OutputOf(*spending.transactions[0]));
  ASSERT_TRUE(coin.has_value() && coin->has_value());
  EXPECT_EQ((*coin)->height, 6);
}

TEST(ReorganisationCases, DownToGenesis) {
  ChainWorld world;
  std::mt19937 random(8);
  ModelChain first(world.params);
  ModelChain second(world.params);
  first.Grow(30, random);
  second.Grow(31, random);
  for (const BlockPtr& block : first.blocks()) world.Connect(block);
  for (const BlockPtr& block : second.blocks()) world.Submit(block);
  ExpectBestChain(world, second);
  ExpectCoinsOf(world, second);
}

}  // namespace
}  // namespace cairn::test
