// Connecting blocks to coins and taking them off: which coin each input finds, and that every step
// back restores exactly what was there.
#include "src/ledger/connect.h"

#include <random>

#include <gtest/gtest.h>

#include "src/ledger/undo.h"
#include "tests/support/ledger_world.h"
#include "tests/support/model_chain.h"

namespace cairn::ledger {
namespace {

using test::BlockPlan;
using test::MakeBlock;
using test::MakeSpend;
using test::ModelChain;
using test::ModelCoin;
using test::OutputOf;
using test::Place;

class ConnectTest : public testing::Test {
 protected:
  ConnectTest() : params_(test::ChainNamed("regtest")) {
    params_.coinbase_maturity = 2;
    auto opened = storage::CoinStore::Open(folder_ / "chainstate", 8 << 20);
    EXPECT_TRUE(opened.has_value());
    store_ = *std::move(opened);
    cache_ = std::make_unique<CoinCache>(*store_);
  }

  /// A block at height 10 with these transactions behind the coinbase.
  BlockPtr BlockOf(std::vector<TransactionPtr> transactions) {
    BlockPlan plan;
    plan.transactions = std::move(transactions);
    Place parent = Place::Genesis(params_);
    parent.height = 9;
    return MakeBlock(params_, parent, plan).block;
  }

  OutPoint AddCoin(uint8_t seed, Amount value) {
    OutPoint outpoint;
    outpoint.txid.bytes.fill(seed);
    outpoint.index = 0;
    const Bytes script = {OP_1};
    cache_->Add(outpoint, {value, 3, false, script}, CoinCache::Origin::kNew);
    return outpoint;
  }

  std::vector<const Coin*> Resolve(const BlockPtr& block) {
    auto resolved = ResolvedCoins::Resolve(*block, 10, *cache_);
    EXPECT_TRUE(resolved.has_value());
    resolved_ = std::make_unique<ResolvedCoins>(*std::move(resolved));
    return {resolved_->pointers().begin(), resolved_->pointers().end()};
  }

  bool Has(const OutPoint& outpoint) {
    const auto found = cache_->Find(outpoint);
    EXPECT_TRUE(found.has_value());
    return found && found->has_value();
  }

  consensus::Params params_;
  test::TempDir folder_;
  std::unique_ptr<storage::CoinStore> store_;
  std::unique_ptr<CoinCache> cache_;
  std::unique_ptr<ResolvedCoins> resolved_;
};

TEST_F(ConnectTest, FindsCoinsOfTheCacheAndOfTheBlock) {
  const OutPoint old = AddCoin(1, 50);
  const TransactionPtr first = MakeSpend(old, 40);
  const TransactionPtr second = MakeSpend(OutputOf(*first), 30);
  const auto coins = Resolve(BlockOf({first, second}));
  ASSERT_EQ(coins.size(), 2u);
  ASSERT_NE(coins[0], nullptr);
  EXPECT_EQ(coins[0]->value, 50);
  EXPECT_EQ(coins[0]->height, 3);
  ASSERT_NE(coins[1], nullptr);
  EXPECT_EQ(coins[1]->value, 40);
  EXPECT_EQ(coins[1]->height, 10);
  EXPECT_FALSE(coins[1]->coinbase);
  EXPECT_TRUE(Has(old));  // looked up, not spent
}

TEST_F(ConnectTest, MissingCoinsAreNull) {
  OutPoint absent = AddCoin(1, 50);
  absent.index = 1;
  EXPECT_EQ(Resolve(BlockOf({MakeSpend(absent, 1)})), std::vector<const Coin*>{nullptr});
}

TEST_F(ConnectTest, ACoinIsThereOncePerBlock) {
  const OutPoint old = AddCoin(1, 50);
  const auto coins = Resolve(BlockOf({MakeSpend(old, 40), MakeSpend(old, 39)}));
  ASSERT_EQ(coins.size(), 2u);
  EXPECT_NE(coins[0], nullptr);
  EXPECT_EQ(coins[1], nullptr);
}

TEST_F(ConnectTest, AnOutputOfTheBlockIsThereOnceToo) {
  const TransactionPtr first = MakeSpend(AddCoin(1, 50), 40);
  const OutPoint output = OutputOf(*first);
  const auto coins = Resolve(BlockOf({first, MakeSpend(output, 30), MakeSpend(output, 29)}));
  ASSERT_EQ(coins.size(), 3u);
  EXPECT_NE(coins[1], nullptr);
  EXPECT_EQ(coins[2], nullptr);
}

TEST_F(ConnectTest, OnlyEarlierTransactionsOfTheBlockCount) {
  const TransactionPtr first = MakeSpend(AddCoin(1, 50), 40);
  const auto coins = Resolve(BlockOf({MakeSpend(OutputOf(*first), 30), first}));
  ASSERT_EQ(coins.size(), 2u);
  EXPECT_EQ(coins[0], nullptr);
  EXPECT_NE(coins[1], nullptr);
}

TEST_F(ConnectTest, OutputsThatNobodyCanSpendAreNoCoins) {
  TransactionDraft draft;
  draft.inputs.emplace_back().prevout = AddCoin(1, 50);
  draft.outputs.push_back({5, {OP_RETURN}});
  draft.outputs.push_back({5, Bytes(kMaxScriptSize + 1, OP_NOP)});
  const TransactionPtr first = draft.Finish();
  const auto coins = Resolve(
      BlockOf({first, MakeSpend(OutputOf(*first, 0), 1), MakeSpend(OutputOf(*first, 1), 1),
               MakeSpend(OutputOf(*first, 2), 1), MakeSpend(OutputOf(*first, UINT32_MAX), 1)}));
  ASSERT_EQ(coins.size(), 5u);
  EXPECT_NE(coins[0], nullptr);
  for (size_t i = 1; i < coins.size(); ++i) EXPECT_EQ(coins[i], nullptr) << i;
}

TEST_F(ConnectTest, TheBlocksOwnCoinbaseIsACoinbase) {
  const BlockPtr empty = BlockOf({});
  const OutPoint own = OutputOf(empty->transactions()[0]);
  // The same coinbase, but for the witness commitment: put the spend behind it by hand.
  const TransactionPtr coinbase = TransactionDraft::From(empty->transactions()[0]).Finish();
  const TransactionPtr spend = MakeSpend(own, 1);
  const std::vector<TransactionPtr> both = {coinbase, spend};
  const auto coins = Resolve(test::JoinBlock(empty->header(), both));
  ASSERT_EQ(coins.size(), 1u);
  ASSERT_NE(coins[0], nullptr);
  EXPECT_TRUE(coins[0]->coinbase);
  EXPECT_EQ(coins[0]->height, 10);
}

TEST_F(ConnectTest, ApplyingSpendsAndCreates) {
  const OutPoint old = AddCoin(1, 50);
  const TransactionPtr first = MakeSpend(old, 40);
  const TransactionPtr second = MakeSpend(OutputOf(*first), 30);
  const BlockPtr block = BlockOf({first, second});
  EXPECT_EQ(OverwritesCoin(*block, *cache_), false);
  ASSERT_TRUE(ApplyBlock(*block, 10, *cache_).has_value());
  EXPECT_FALSE(Has(old));
  EXPECT_FALSE(Has(OutputOf(*first)));
  EXPECT_TRUE(Has(OutputOf(*second)));
  EXPECT_TRUE(Has(OutputOf(block->transactions()[0], 0)));
  EXPECT_FALSE(Has(OutputOf(block->transactions()[0], 1)));  // the commitment
  EXPECT_EQ(OverwritesCoin(*block, *cache_), true);
}

TEST_F(ConnectTest, ApplyingWithoutACoinIsCorruption) {
  OutPoint absent;
  absent.txid.bytes.fill(9);
  absent.index = 0;
  const Status applied = ApplyBlock(*BlockOf({MakeSpend(absent, 1)}), 10, *cache_);
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().code, ErrorCode::kCorruption);
}

TEST_F(ConnectTest, UndoDataThatDoesNotFitIsCorruption) {
  const OutPoint old = AddCoin(1, 50);
  const BlockPtr block = BlockOf({MakeSpend(old, 40)});
  ASSERT_TRUE(ApplyBlock(*block, 10, *cache_).has_value());
  const storage::StoredCoin coin{50, 3, false, {OP_1}};
  for (const size_t count : {0, 2}) {
    const std::vector<storage::StoredCoin> spent(count, coin);
    const Status done = UnapplyBlock(*block, spent, *cache_);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, ErrorCode::kCorruption);
  }
  EXPECT_TRUE(Has(OutputOf(block->transactions()[1])));  // nothing has been touched
  ASSERT_TRUE(UnapplyBlock(*block, std::vector{coin}, *cache_).has_value());
  EXPECT_TRUE(Has(old));
  EXPECT_FALSE(Has(OutputOf(block->transactions()[1])));
}

TEST_F(ConnectTest, TakingOffABlockWhoseCoinsAreGoneIsCorruption) {
  const BlockPtr block = BlockOf({MakeSpend(AddCoin(1, 50), 40)});
  ASSERT_TRUE(ApplyBlock(*block, 10, *cache_).has_value());
  EXPECT_EQ(cache_->Spend(OutputOf(block->transactions()[0])), true);
  const Status done =
      UnapplyBlock(*block, std::vector<storage::StoredCoin>{{50, 3, false, {OP_1}}}, *cache_);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::kCorruption);
}

/// All coins after a flush, as the model has them.
std::map<OutPoint, ModelCoin> CoinsOf(CoinCache& cache, storage::CoinStore& store, bool drop) {
  EXPECT_TRUE(cache.Flush({}, drop).has_value());
  std::map<OutPoint, ModelCoin> coins;
  EXPECT_TRUE(store
                  .ForEachCoin([&](const OutPoint& outpoint, const storage::StoredCoin& coin) {
                    coins[outpoint] = {coin.value, coin.height, coin.coinbase, coin.script};
                  })
                  .has_value());
  return coins;
}

TEST_F(ConnectTest, RandomBlocksGoOnAndOffWithoutATrace) {
  std::mt19937 random(1);
  std::vector<ModelChain> states = {ModelChain(params_)};  // the model at every height
  constexpr int kBlocks = 40;
  for (int i = 0; i < kBlocks; ++i) {
    ModelChain next = states.back();
    next.Grow(1, random);
    states.push_back(std::move(next));
  }
  const std::vector<BlockPtr> blocks = states.back().blocks();
  std::vector<std::vector<storage::StoredCoin>> undo;
  size_t spends = 0;
  for (int step = 0; step < 400; ++step) {
    const size_t height = undo.size();
    const bool up = height == 0 || (height < blocks.size() && random() % 5 != 0);
    if (up) {
      const BlockPtr& block = blocks[height];
      const int at = static_cast<int>(height) + 1;
      const auto resolved = ResolvedCoins::Resolve(*block, at, *cache_);
      ASSERT_TRUE(resolved.has_value());
      const Bytes encoded = EncodeUndo(block->hash(), resolved->pointers());
      undo.push_back(DecodeUndo(block->hash(), encoded).value());
      spends += undo.back().size();
      ASSERT_TRUE(ApplyBlock(*block, at, *cache_).has_value());
    } else {
      ASSERT_TRUE(UnapplyBlock(*blocks[height - 1], undo.back(), *cache_).has_value());
      undo.pop_back();
    }
    if (random() % 8 == 0) {
      const auto coins = CoinsOf(*cache_, *store_, random() % 2 == 0);
      ASSERT_EQ(coins, states[undo.size()].coins()) << "at " << undo.size();
    }
  }
  EXPECT_GT(spends, 100u);
  while (!undo.empty()) {
    ASSERT_TRUE(UnapplyBlock(*blocks[undo.size() - 1], undo.back(), *cache_).has_value());
    undo.pop_back();
  }
  EXPECT_TRUE(CoinsOf(*cache_, *store_, true).empty());
}

}  // namespace
}  // namespace cairn::ledger
