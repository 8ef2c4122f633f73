// Statistics of coins: known values of Bitcoin Core and of a few lines of Python, and the counters
// that are kept up block by block against those of the whole set.
#include "cairn/ledger/coin_stats.h"

#include <random>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "consensus/subsidy.h"
#include "tests/support/chain_world.h"
#include "tests/support/coin_set.h"
#include "tests/support/vectors.h"

namespace cairn::ledger {
namespace {

using test::CoinSet;
using test::ModelCoin;

std::string DisplayHex(const crypto::Digest& digest) { return HashToText(digest); }

CoinSetStats StatsOf(const std::map<OutPoint, ModelCoin>& coins, CoinSetHash hash) {
  CoinSetCounter counter(hash);
  for (const auto& [outpoint, coin] : coins) {
    counter.Add(outpoint, {coin.value, coin.height, coin.coinbase, coin.script});
  }
  return counter.Finish();
}

/// A chain whose statistics are kept up block by block.
struct Kept {
  CoinSet set;
  CoinTotals totals;
  UnspendableAmounts unspendable;
  crypto::MuHash muhash;

  /// What was done, so that a test can take it back.
  struct Step {
    BlockCoinStats stats;
    crypto::MuHash muhash;
  };

  Step Connect(const Block& block, const consensus::Params& params) {
    const auto spent = set.Connect(block);
    const int height = set.height();
    const BlockCoinStats stats =
        CountBlock(block, spent->pointers(), height, consensus::SubsidyAt(height, params));
    const crypto::MuHash change = HashBlockCoins(block, spent->pointers(), height);
    totals.Connect(stats);
    muhash.InsertAll(change);
    unspendable.genesis_block += stats.unspendable.genesis_block;
    unspendable.bip30 += stats.unspendable.bip30;
    unspendable.scripts += stats.unspendable.scripts;
    unspendable.unclaimed_rewards += stats.unspendable.unclaimed_rewards;
    return {stats, change};
  }

  void Disconnect(const Step& step) {
    totals.Disconnect(step.stats);
    muhash.RemoveAll(step.muhash);
  }

  void ExpectToFit() const {
    const CoinSetStats whole = StatsOf(set.coins(), CoinSetHash::kMuHash);
    EXPECT_EQ(totals.txouts, whole.txouts);
    EXPECT_EQ(totals.bogosize, whole.bogosize);
    EXPECT_EQ(totals.total_amount, whole.total_amount);
    EXPECT_EQ(totals.total_unspendable_amount, unspendable.Total());
    EXPECT_EQ(DisplayHex(muhash.Finalize()), DisplayHex(*whole.hash));
  }
};

/// Connects the blocks of a file of the vectors up to `last`.
Kept FollowFile(const std::string& file, int last, const consensus::Params& params) {
  Kept kept;
  for (const Bytes& raw : test::SplitFrames(test::ReadBinary(test::VectorPath(file)))) {
    if (kept.set.height() == last) break;
    const auto block = Block::Parse(raw);
    EXPECT_TRUE(block.has_value());
    kept.Connect(**block, params);
  }
  return kept;
}

TEST(CoinStats, HashesACoinAsBitcoinCoreDoes) {
  OutPoint outpoint;
  outpoint.txid.bytes[0] = 0xab;
  outpoint.index = 0x01020304;
  const Bytes script = {OP_1, OP_2DROP};
  Bytes hashed;
  AppendHashedCoin(hashed, outpoint, {0x0a0b, 100, true, script});
  EXPECT_EQ(ToHex(hashed),
            "ab" + std::string(62, '0') + "04030201" + "c9000000" + "0b0a000000000000" + "02516d");
  EXPECT_EQ(BogoSize(script), 52u);
}

TEST(CoinStats, TheEmptySet) {
  const CoinSetStats none = CoinSetCounter(CoinSetHash::kNone).Finish();
  EXPECT_EQ(none, CoinSetStats{});
  EXPECT_EQ(DisplayHex(*CoinSetCounter(CoinSetHash::kMuHash).Finish().hash),
            "dd5ad2a105c2d29495f577245c357409002329b9f4d6182c0af3dc2f462555c8");
  EXPECT_EQ(*CoinSetCounter(CoinSetHash::kSerialized).Finish().hash, crypto::Sha256dOf({}));
}

// The chain that Bitcoin Core's unit tests mine, whose hash at height 110 is in its parameters.
TEST(CoinStats, GivesTheHashOfBitcoinCoresTestChain) {
  const Bytes key = *FromHex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
  std::map<OutPoint, ModelCoin> coins;
  for (int height = 1; height <= 110; ++height) {
    TransactionDraft coinbase;
    coinbase.inputs.emplace_back().script_sig = ScriptBuilder().Number(height).Op(OP_0).Take();
    const Bytes script = ScriptBuilder().Push(key).Op(OP_CHECKSIG).Take();
    coinbase.outputs.push_back({50 * kCoin, script});
    coinbase.outputs.push_back({0, consensus::WitnessCommitmentScript({}, Bytes(32))});
    coins[{coinbase.Finish()->txid, 0}] = {50 * kCoin, height, true, script};
  }
  const CoinSetStats stats = StatsOf(coins, CoinSetHash::kSerialized);
  EXPECT_EQ(DisplayHex(*stats.hash),
            "6657b736d4fe4db0cbc796789e812d5dba7f5c143764b1b6905612f1830609d1");
}

struct KnownSet {
  const char* chain;
  const char* file;
  int height;
  CoinSetStats stats;
  const char* serialized;
  const char* muhash;
};

TEST(CoinStats, KnownSets) {
  CAIRN_NEED_VECTORS();
  const KnownSet known[] = {{"mainnet",
                             "chains/mainnet_0_599.dat",
                             599,
                             {599, 601, 70317, 29950 * kCoin, {}},
                             "6b1d7ce40dba4aac9c4d4342c1482f516885b50a6c60c814d82eefc73c9ad8a6",
                             "ce93177ecb5987744529c6e484b895dea4e4b1d062aef2230583f3f32acc4f8d"},
                            {"signet",
                             "chains/signet_0_120.dat",
                             120,
                             {120, 120, 8640, 6000 * kCoin, {}},
                             "6d9f9fd0d6598843659a78f451c1f577690c1ef4a0d9bd0c41ad3877d85d43d3",
                             "a0e968901678296996072f24a75f381740acea4ef28cb1409ce2739887faf58b"},
                            {"regtest",
                             "chains/regtest_0_206.dat",
                             206,
                             {211, 230, 16584, 8875 * kCoin, {}},
                             "6f596a9fb79023e72ac6c2423e9dff4991f49994c0a55d1a2124ce03a98e9d74",
                             "99fe6181ed22d50f27486264ed5d1f538c9343042db64a088248bcc9912a869a"}};
  for (const KnownSet& set : known) {
    SCOPED_TRACE(set.file);
    const Kept kept = FollowFile(set.file, set.height, test::ChainNamed(set.chain));
    ASSERT_EQ(kept.set.height(), set.height);
    EXPECT_EQ(StatsOf(kept.set.coins(), CoinSetHash::kNone), set.stats);
    EXPECT_EQ(DisplayHex(*StatsOf(kept.set.coins(), CoinSetHash::kSerialized).hash),
              set.serialized);
    EXPECT_EQ(DisplayHex(*StatsOf(kept.set.coins(), CoinSetHash::kMuHash).hash), set.muhash);
    EXPECT_EQ(DisplayHex(kept.muhash.Finalize()), set.muhash);
    EXPECT_EQ(kept.unspendable, (UnspendableAmounts{50 * kCoin, 0, 0, 0}));
    kept.ExpectToFit();
  }
}

TEST(CoinStats, KeptUpBlockByBlockTheyFitTheSet) {
  const consensus::Params params = test::QuickRegtest();
  std::mt19937 random(3);
  test::ModelChain chain(params);
  chain.Grow(120, random);
  Kept kept;
  const auto genesis = Block::Parse(params.genesis_block);
  kept.Connect(**genesis, params);
  std::vector<Kept::Step> steps;
  std::vector<CoinTotals> totals;
  std::vector<crypto::Digest> hashes;
  for (const BlockPtr& block : chain.blocks()) {
    totals.push_back(kept.totals);
    hashes.push_back(kept.muhash.Finalize());
    steps.push_back(kept.Connect(*block, params));
  }
  EXPECT_EQ(kept.set.coins(), chain.coins());
  kept.ExpectToFit();
  EXPECT_EQ(kept.unspendable.genesis_block, 50 * kCoin);
  EXPECT_EQ(kept.unspendable.unclaimed_rewards, 0);
  for (size_t i = steps.size(); i-- > 0;) {
    kept.Disconnect(steps[i]);
    ASSERT_EQ(kept.totals, totals[i]) << i;
    if (i % 10 == 0) {
      ASSERT_EQ(kept.muhash.Finalize(), hashes[i]) << i;
    }
  }
}

TEST(CoinStats, CountsWhatABlockMovesAndLoses) {
  const consensus::Params params = test::QuickRegtest();
  Kept kept;
  kept.Connect(**Block::Parse(params.genesis_block), params);
  const auto first = test::MakeBlock(params, test::Place::Genesis(params));
  kept.Connect(*first.block, params);
  const OutPoint coin = test::OutputOf(first.block->transactions()[0]);

  // 50 bitcoins become 30, 5 in data, 2 in a script that is too long, 10 through another
  // transaction of the block that leaves 1, and 3 of fees. The coinbase takes 50 of 54.
  TransactionDraft spend;
  spend.inputs.emplace_back().prevout = coin;
  spend.outputs = {{30 * kCoin, {OP_1}},
                   {5 * kCoin, {OP_RETURN}},
                   {2 * kCoin, Bytes(10'001, OP_NOP)},
                   {10 * kCoin, {OP_1, OP_1}}};
  const TransactionPtr spending = spend.Finish();
  TransactionDraft pass;
  pass.inputs.emplace_back().prevout = test::OutputOf(*spending, 3);
  pass.outputs = {{9 * kCoin, {}}};
  test::BlockPlan plan;
  plan.transactions = {spending, pass.Finish()};
  const auto second = test::MakeBlock(params, first.place, plan);
  const BlockCoinStats stats = kept.Connect(*second.block, params).stats;

  // Coinbase (1 byte of script), 30 (1 byte), 9 (none) for one that had 1 byte.
  BlockCoinStats expected;
  expected.txouts = 3 - 1;
  expected.bogosize = 2 * 50 + 1;
  expected.prevout_spent = 60 * kCoin;
  expected.coinbase = 50 * kCoin;
  expected.new_outputs_ex_coinbase = 49 * kCoin;
  expected.total_amount = (50 + 49 - 60) * kCoin;
  expected.unspendable.scripts = 7 * kCoin;
  expected.unspendable.unclaimed_rewards = 4 * kCoin;
  EXPECT_EQ(stats, expected);
  kept.ExpectToFit();
}

TEST(CoinStats, ReplacedCoinbasesNeverCount) {
  CAIRN_NEED_VECTORS();
  const Amount subsidy = 50 * kCoin;
  for (const int height : {91'722, 91'812, 91'842, 91'880}) {
    const auto block = Block::Parse(
        test::ReadBinary(test::VectorPath("blocks/mainnet_" + std::to_string(height) + ".blk")));
    ASSERT_TRUE(block.has_value());
    const bool replaced = height < 91'842;
    const Coin coin = {7, 1, false, {}};
    const std::vector<const Coin*> spent((*block)->SpendCount(), &coin);
    const BlockCoinStats stats = CountBlock(**block, spent, height, subsidy);
    EXPECT_EQ(stats.coinbase, replaced ? 0 : subsidy) << height;
    EXPECT_EQ(stats.unspendable.bip30, replaced ? subsidy : 0) << height;

    crypto::MuHash expected;
    size_t created = 0;
    for (const Transaction& tx : (*block)->transactions()) {
      if (replaced && tx.IsCoinbase()) continue;
      for (uint32_t i = 0; i < tx.outputs.size(); ++i, ++created) {
        Bytes hashed;
        AppendHashedCoin(hashed, {tx.txid, i},
                         {tx.outputs[i].value, height, tx.IsCoinbase(), tx.outputs[i].script});
        expected.Insert(hashed);
      }
      for (const TxIn& input : tx.inputs) {
        if (tx.IsCoinbase()) continue;
        Bytes hashed;
        AppendHashedCoin(hashed, input.prevout, coin);
        expected.Remove(hashed);
      }
    }
    EXPECT_EQ(stats.txouts, static_cast<int64_t>(created) - static_cast<int64_t>(spent.size()));
    EXPECT_EQ(HashBlockCoins(**block, spent, height).Finalize(), expected.Finalize()) << height;
    // At another height it is a block like any other.
    EXPECT_EQ(CountBlock(**block, spent, 91'723, subsidy).unspendable.bip30, 0);
  }
}

TEST(CoinStats, MayOverflowOnlyWhereNobodyHasSoMuch) {
  // A coin that passes through very many transactions of one block.
  TransactionDraft pass;
  pass.inputs.emplace_back().prevout = {Txid{}, 0};
  pass.outputs = {{kMaxMoney, {OP_1}}};
  std::vector<TransactionPtr> transactions(5000, pass.Finish());
  test::BlockPlan plan;
  plan.transactions = transactions;
  const consensus::Params params = test::QuickRegtest();
  const auto made = test::MakeBlock(params, test::Place::Genesis(params), plan);
  const Coin coin = {kMaxMoney, 1, false, {}};
  const std::vector<const Coin*> spent(5000, &coin);
  const BlockCoinStats stats = CountBlock(*made.block, spent, 1, 50 * kCoin);
  EXPECT_EQ(stats.total_amount, 50 * kCoin);
  EXPECT_EQ(stats.unspendable.unclaimed_rewards, 0);
}

}  // namespace
}  // namespace cairn::ledger
