// Staging blocks above the coins and taking them off: which coin each input finds, that nothing
// reaches the table before it is committed, and that every step back restores exactly what was
// there.
#include "src/ledger/coin_overlay.h"

#include <deque>
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

class CoinOverlayTest : public testing::Test {
 protected:
  CoinOverlayTest() : params_(test::ChainNamed("regtest")) {
    params_.coinbase_maturity = 2;
    auto opened = storage::CoinStore::Open(folder_ / "chainstate", 8 << 20);
    EXPECT_TRUE(opened.has_value());
    store_ = *std::move(opened);
    table_ = std::make_unique<CoinTable>(*store_, true);
    overlay_ = std::make_unique<CoinOverlay>(*table_);
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
    table_->Add(outpoint, {value, 3, false, script}, CoinTable::Origin::kNew);
    return outpoint;
  }

  std::vector<const Coin*> Resolve(const BlockPtr& block) {
    auto spent = overlay_->Stage(*block, 10);
    EXPECT_TRUE(spent.has_value());
    spent_ = *std::move(spent);
    return {spent_->pointers().begin(), spent_->pointers().end()};
  }

  Status Apply(const BlockPtr& block) {
    Resolve(block);
    return overlay_->Commit(*block, 10, *spent_);
  }

  Status Unapply(const BlockPtr& block, const std::vector<storage::StoredCoin>& spent) {
    if (Status done = overlay_->Unstage(*block, spent, false); !done) {
      overlay_->Clear();
      return done;
    }
    return overlay_->CommitAll();
  }

  bool Has(const OutPoint& outpoint) {
    ScriptArena scripts;
    const auto found = table_->Find(outpoint, scripts);
    EXPECT_TRUE(found.has_value());
    return found && found->has_value();
  }

  consensus::Params params_;
  test::TempDir folder_;
  std::unique_ptr<storage::CoinStore> store_;
  WorkerPool workers_{2};
  std::unique_ptr<CoinTable> table_;
  std::unique_ptr<CoinOverlay> overlay_;
  std::shared_ptr<const SpentCoins> spent_;
};

TEST_F(CoinOverlayTest, FindsCoinsOfTheTableAndOfTheBlock) {
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
  EXPECT_TRUE(Has(old));  // spent above the table, not in it
}

TEST_F(CoinOverlayTest, MissingCoinsAreNull) {
  OutPoint absent = AddCoin(1, 50);
  absent.index = 1;
  EXPECT_EQ(Resolve(BlockOf({MakeSpend(absent, 1)})), std::vector<const Coin*>{nullptr});
}

TEST_F(CoinOverlayTest, ACoinIsThereOncePerBlock) {
  const OutPoint old = AddCoin(1, 50);
  const auto coins = Resolve(BlockOf({MakeSpend(old, 40), MakeSpend(old, 39)}));
  ASSERT_EQ(coins.size(), 2u);
  EXPECT_NE(coins[0], nullptr);
  EXPECT_EQ(coins[1], nullptr);
}

TEST_F(CoinOverlayTest, AnOutputOfTheBlockIsThereOnceToo) {
  const TransactionPtr first = MakeSpend(AddCoin(1, 50), 40);
  const OutPoint output = OutputOf(*first);
  const auto coins = Resolve(BlockOf({first, MakeSpend(output, 30), MakeSpend(output, 29)}));
  ASSERT_EQ(coins.size(), 3u);
  EXPECT_NE(coins[1], nullptr);
  EXPECT_EQ(coins[2], nullptr);
}

TEST_F(CoinOverlayTest, OnlyEarlierTransactionsOfTheBlockCount) {
  const TransactionPtr first = MakeSpend(AddCoin(1, 50), 40);
  const auto coins = Resolve(BlockOf({MakeSpend(OutputOf(*first), 30), first}));
  ASSERT_EQ(coins.size(), 2u);
  EXPECT_EQ(coins[0], nullptr);
  EXPECT_NE(coins[1], nullptr);
}

TEST_F(CoinOverlayTest, OutputsThatNobodyCanSpendAreNoCoins) {
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

TEST_F(CoinOverlayTest, TheBlocksOwnCoinbaseIsACoinbase) {
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

TEST_F(CoinOverlayTest, ApplyingSpendsAndCreates) {
  const OutPoint old = AddCoin(1, 50);
  const TransactionPtr first = MakeSpend(old, 40);
  const TransactionPtr second = MakeSpend(OutputOf(*first), 30);
  const BlockPtr block = BlockOf({first, second});
  EXPECT_EQ(overlay_->Overwrites(*block), false);
  ASSERT_TRUE(Apply(block).has_value());
  EXPECT_FALSE(Has(old));
  EXPECT_FALSE(Has(OutputOf(*first)));
  EXPECT_TRUE(Has(OutputOf(*second)));
  EXPECT_TRUE(Has(OutputOf(block->transactions()[0], 0)));
  EXPECT_FALSE(Has(OutputOf(block->transactions()[0], 1)));  // the commitment
  EXPECT_EQ(overlay_->Overwrites(*block), true);
}

TEST_F(CoinOverlayTest, ApplyingWithoutACoinIsCorruption) {
  OutPoint absent;
  absent.txid.bytes.fill(9);
  absent.index = 0;
  const Status applied = Apply(BlockOf({MakeSpend(absent, 1)}));
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().code, ErrorCode::kCorruption);
}

TEST_F(CoinOverlayTest, UndoDataThatDoesNotFitIsCorruption) {
  const OutPoint old = AddCoin(1, 50);
  const BlockPtr block = BlockOf({MakeSpend(old, 40)});
  ASSERT_TRUE(Apply(block).has_value());
  const storage::StoredCoin coin{50, 3, false, {OP_1}};
  for (const size_t count : {0, 2}) {
    const std::vector<storage::StoredCoin> spent(count, coin);
    const Status done = Unapply(block, spent);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, ErrorCode::kCorruption);
  }
  EXPECT_TRUE(Has(OutputOf(block->transactions()[1])));  // nothing has been touched
  ASSERT_TRUE(Unapply(block, std::vector{coin}).has_value());
  EXPECT_TRUE(Has(old));
  EXPECT_FALSE(Has(OutputOf(block->transactions()[1])));
}

TEST_F(CoinOverlayTest, TakingOffABlockWhoseCoinsAreGoneIsCorruption) {
  const BlockPtr block = BlockOf({MakeSpend(AddCoin(1, 50), 40)});
  ASSERT_TRUE(Apply(block).has_value());
  EXPECT_EQ(table_->Spend(OutputOf(block->transactions()[0])), true);
  const Status done = Unapply(block, std::vector<storage::StoredCoin>{{50, 3, false, {OP_1}}});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::kCorruption);
}

TEST_F(CoinOverlayTest, ARepeatedCoinbaseMayBeGone) {
  const BlockPtr block = BlockOf({});
  ASSERT_TRUE(Apply(block).has_value());
  EXPECT_EQ(table_->Spend(OutputOf(block->transactions()[0])), true);  // as its repetition did
  ASSERT_TRUE(overlay_->Unstage(*block, {}, true).has_value());
  EXPECT_TRUE(overlay_->CommitAll().has_value());
}

TEST_F(CoinOverlayTest, NothingReachesTheTableBeforeItIsCommitted) {
  const OutPoint old = AddCoin(1, 50);
  const TransactionPtr first = MakeSpend(old, 40);
  const TransactionPtr second = MakeSpend(OutputOf(*first), 30);
  const BlockPtr one = BlockOf({first});
  const BlockPtr two = BlockOf({second});
  const auto coins_one = overlay_->Stage(*one, 10);
  const auto coins_two = overlay_->Stage(*two, 11);
  ASSERT_TRUE(coins_one.has_value() && coins_two.has_value());
  ASSERT_NE((*coins_two)->pointers()[0], nullptr);
  EXPECT_EQ((*coins_two)->pointers()[0]->height, 10);
  EXPECT_TRUE(Has(old));
  EXPECT_FALSE(Has(OutputOf(*first)));
  ASSERT_TRUE(overlay_->Commit(*one, 10, **coins_one).has_value());
  EXPECT_FALSE(Has(old));
  EXPECT_TRUE(Has(OutputOf(*first)));  // the second block's spending is still above
  EXPECT_FALSE(overlay_->empty());
  overlay_->Clear();  // the second block was refused
  EXPECT_TRUE(Has(OutputOf(*first)));
  const auto again = overlay_->Stage(*two, 11);
  ASSERT_TRUE(again.has_value());
  ASSERT_TRUE(overlay_->Commit(*two, 11, **again).has_value());
  EXPECT_FALSE(Has(OutputOf(*first)));
  EXPECT_TRUE(overlay_->empty());
}

/// All coins of the table, as the model has them: by way of the database.
std::map<OutPoint, ModelCoin> CoinsOf(CoinTable& table, storage::CoinStore& store,
                                      WorkerPool& workers, bool drop) {
  const FrozenCoins frozen = table.Freeze(workers);
  storage::Batch batch;
  frozen.AddTo(batch);
  EXPECT_TRUE(store.Commit(batch, {}).has_value());
  table.Settle(frozen, workers);
  if (drop) table.Shrink(0, workers);
  std::map<OutPoint, ModelCoin> coins;
  EXPECT_TRUE(store
                  .ForEachCoin([&](const OutPoint& outpoint, const storage::StoredCoin& coin) {
                    coins[outpoint] = {coin.value, coin.height, coin.coinbase, coin.script};
                  })
                  .has_value());
  return coins;
}

TEST_F(CoinOverlayTest, RandomBlocksGoOnAndOffWithoutATrace) {
  std::mt19937 random(1);
  std::vector<ModelChain> states = {ModelChain(params_)};  // the model at every height
  constexpr int kBlocks = 40;
  for (int i = 0; i < kBlocks; ++i) {
    ModelChain next = states.back();
    next.Grow(1, random);
    states.push_back(std::move(next));
  }
  const std::vector<BlockPtr> blocks = states.back().blocks();
  std::vector<std::vector<storage::StoredCoin>> undo;  // of committed blocks
  std::deque<std::shared_ptr<const SpentCoins>> staged;
  size_t spends = 0;
  const auto commit = [&] {
    const BlockPtr& block = blocks[undo.size()];
    const Bytes encoded = EncodeUndo(block->hash(), staged.front()->pointers());
    ASSERT_TRUE(
        overlay_->Commit(*block, static_cast<int>(undo.size()) + 1, *staged.front()).has_value());
    undo.push_back(DecodeUndo(block->hash(), encoded).value());
    spends += undo.back().size();
    staged.pop_front();
  };
  const auto take_off = [&] {
    const BlockPtr& block = blocks[undo.size() - 1];
    ASSERT_TRUE(Unapply(block, undo.back()).has_value());
    undo.pop_back();
  };
  for (int step = 0; step < 1500; ++step) {
    const size_t front = undo.size() + staged.size();
    switch (random() % 8) {
      case 0:
      case 1:
      case 2: {
        if (front == blocks.size()) break;
        auto spent = overlay_->Stage(*blocks[front], static_cast<int>(front) + 1);
        ASSERT_TRUE(spent.has_value());
        for (const Coin* coin : (*spent)->pointers()) ASSERT_NE(coin, nullptr);
        staged.push_back(*std::move(spent));
        break;
      }
      case 3:
      case 4:
        if (!staged.empty()) commit();
        break;
      case 5:
        if (random() % 4 != 0) break;
        overlay_->Clear();
        staged.clear();
        break;
      case 6:
        if (staged.empty() && !undo.empty()) take_off();
        break;
      default:
        const auto coins = CoinsOf(*table_, *store_, workers_, random() % 2 == 0);
        ASSERT_EQ(coins, states[undo.size()].coins()) << "at " << undo.size();
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(spends, 100u);
  while (!staged.empty()) commit();
  EXPECT_TRUE(overlay_->empty());
  while (!undo.empty()) take_off();
  EXPECT_TRUE(CoinsOf(*table_, *store_, workers_, true).empty());
}

}  // namespace
}  // namespace cairn::ledger
