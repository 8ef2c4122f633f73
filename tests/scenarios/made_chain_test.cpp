// The chains that the benchmarks replay: valid to the last signature, the coins as announced, the
// same bytes from the same seed, and in them everything that mainnet has.
#include "tests/bench/chain_maker/made_chain.h"

#include <map>
#include <memory>

#include <gtest/gtest.h>

#include "consensus/script/encoding.h"
#include "tests/bench/chain_maker/utxo_summary.h"
#include "tests/support/chain_world.h"

namespace cairn::bench {
namespace {

using test::ChainWorld;

/// All that a made chain needs, for regtest with its real maturity.
struct Workshop {
  explicit Workshop(size_t inputs, uint64_t seed = 5, size_t threads = 1)
      : schedule(Schedule::Make(seed, inputs, 0, params.coinbase_maturity).value()),
        workers(threads),
        keys(seed, 60, workers),
        chain({params, schedule, keys, workers}, seed) {}

  std::vector<BlockPtr> GrowAll() {
    std::vector<BlockPtr> blocks;
    while (chain.tip().height < schedule.blocks()) blocks.push_back(chain.Grow());
    return blocks;
  }

  consensus::Params params = test::ChainNamed("regtest");
  Schedule schedule;
  WorkerPool workers;
  KeyRing keys;
  MadeChain chain;
};

/// The ledger's world at a time when the blocks are no future.
struct MadeWorld : ChainWorld {
  MadeWorld() : ChainWorld(test::ChainNamed("regtest")) { clock.SetMock(kTipTime + 3600); }
};

std::map<OutPoint, test::ModelCoin> CoinsOf(const MadeChain& chain) {
  std::map<OutPoint, test::ModelCoin> coins;
  for (const MadeCoin& coin : chain.coins().coins()) {
    if (coin.spent) continue;
    coins[coin.outpoint] = {coin.value, coin.height, coin.coinbase,
                            chain.keys().OutputScript(coin.payee)};
  }
  return coins;
}

void ExpectCoinsOf(MadeWorld& world, const MadeChain& chain) {
  ASSERT_EQ(world.Tip(), chain.tip().hash.ToString());
  const auto coins = world.CloseAndReadCoins();
  EXPECT_EQ(coins, CoinsOf(chain));
  EXPECT_EQ(coins.size(), SummariseUtxos(chain).count);
  world.Open();
}

struct Caching {
  const char* name;
  int flush_every_blocks;
  uint64_t cache_bytes;
};

class MadeChainCoins : public testing::TestWithParam<Caching> {
 protected:
  void SetUp() override {
    world_.ledger.reset();
    world_.options.flush_every_blocks = GetParam().flush_every_blocks;
    world_.options.cache_bytes = GetParam().cache_bytes;
    world_.Open();
  }

  MadeWorld world_;
};

TEST_P(MadeChainCoins, AreThoseThatWereAnnounced) {
  Workshop shop(500);
  for (const BlockPtr& block : shop.GrowAll()) world_.Connect(block);
  EXPECT_EQ(shop.chain.traffic_inputs(), 500u);
  ExpectCoinsOf(world_, shop.chain);
}

TEST_P(MadeChainCoins, FollowReorganisationsBackAndForth) {
  Workshop shop(300);
  std::optional<MadeChain> fork;
  while (shop.chain.tip().height < shop.schedule.blocks()) {
    if (shop.chain.tip().height == shop.schedule.blocks() - 4) fork.emplace(shop.chain);
    world_.Connect(shop.chain.Grow());
  }
  fork->Reseed(99);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(world_.Submit(fork->GrowTransactions(10)).reason, "");
  ExpectCoinsOf(world_, *fork);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(world_.Submit(shop.chain.GrowEmpty()).reason, "");
  ExpectCoinsOf(world_, shop.chain);
}

INSTANTIATE_TEST_SUITE_P(Cachings, MadeChainCoins,
                         testing::Values(Caching{"Cached", 0, 64 << 20},
                                         Caching{"FlushedOften", 7, 64 << 20},
                                         Caching{"Uncached", 1, 0}),
                         [](const auto& test) { return test.param.name; });

TEST(MadeChains, TheSameSeedGivesTheSameBytesWithAnyNumberOfThreads) {
  Workshop one(300, 7, 0);
  Workshop many(300, 7, 3);
  Workshop other(300, 8);
  const auto blocks = one.GrowAll();
  const auto again = many.GrowAll();
  ASSERT_EQ(blocks.size(), again.size());
  for (size_t i = 0; i < blocks.size(); ++i) {
    ASSERT_TRUE(Equal(blocks[i]->bytes(), again[i]->bytes())) << "height " << i + 1;
  }
  EXPECT_EQ(SummariseUtxos(one.chain).serialized_hash, SummariseUtxos(many.chain).serialized_hash);
  EXPECT_EQ(SummariseUtxos(one.chain).muhash, SummariseUtxos(many.chain).muhash);
  other.GrowAll();
  EXPECT_NE(other.chain.tip().hash, one.chain.tip().hash);
}

TEST(MadeChains, EndAtAFixedTime) {
  Workshop shop(100);
  const auto blocks = shop.GrowAll();
  EXPECT_EQ(blocks.back()->header().time, kTipTime);
  EXPECT_EQ(blocks.front()->header().time,
            kTipTime - (static_cast<uint32_t>(blocks.size()) - 1) * kBlockSpacing);
}

TEST(MadeChains, TakeAsManyBlocksAsTheyAreTold) {
  const auto few = Schedule::Make(1, 1000, 100, 100);
  ASSERT_FALSE(few.has_value());
  EXPECT_EQ(few.error().message, "at least 104 blocks are needed");
  const auto enough = Schedule::Make(1, 1000, 160, 100);
  ASSERT_TRUE(enough.has_value());
  EXPECT_EQ(enough->blocks(), 160);
  EXPECT_EQ(enough->InputsUntil(103), 0u);
  EXPECT_GT(enough->InputsUntil(104), 0u);
  EXPECT_LT(enough->InputsUntil(159), 1000u);
  EXPECT_EQ(enough->InputsUntil(160), 1000u);
}

/// What occurs in a chain.
struct Census {
  std::map<OutputType, int> spent_types;
  int taproot_keys = 0, taproot_scripts = 0, data_outputs = 0;
  int spent_at_once = 0, ecdsa_signatures = 0, malformed_signatures = 0;
  int consolidations = 0, payouts = 0;

  void Count(const Block& block) {
    for (const Transaction& tx : block.transactions()) {
      if (!tx.IsCoinbase()) {
        for (const TxIn& input : tx.inputs) CountInput(input, block);
        consolidations += tx.inputs.size() >= 6 && tx.outputs.size() == 1 ? 1 : 0;
        payouts += tx.outputs.size() >= 10 ? 1 : 0;
      }
      for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
        const ByteSpan script = tx.outputs[i].script;
        scripts_[{tx.txid, i}] = {Bytes(script.begin(), script.end()), block.hash()};
        data_outputs +=
            !tx.IsCoinbase() && ClassifyOutput(script).type == OutputType::kNullData ? 1 : 0;
      }
    }
  }

 private:
  void CountInput(const TxIn& input, const Block& block) {
    const auto& [script, made_in] = scripts_.at(input.prevout);
    const OutputType type = ClassifyOutput(script).type;
    ++spent_types[type];
    spent_at_once += made_in == block.hash() ? 1 : 0;
    if (type == OutputType::kWitnessV1Taproot) {
      ++(input.witness.size() == 1 ? taproot_keys : taproot_scripts);
    }
    for (const ByteSpan item : input.witness) CountSignature(item);
    if (type == OutputType::kPubKeyHash) {
      ScriptElement element;
      ScriptCursor(input.script_sig).Next(element);
      CountSignature(element.data);
    }
  }

  void CountSignature(ByteSpan item) {
    // Of what is in these witnesses, only DER signatures have such a length and first byte.
    if (item.size() < 68 || item.size() > 73 || item[0] != 0x30) return;
    ++ecdsa_signatures;
    const bool well_formed = consensus::IsStrictDer(item) &&
                             crypto::HasLowS(item.first(item.size() - 1)) && item.back() == 1;
    malformed_signatures += well_formed ? 0 : 1;
  }

  struct Output {
    Bytes script;
    BlockHash block;
  };
  std::map<OutPoint, Output> scripts_;
};

TEST(MadeChains, HaveEverythingThatMainnetHas) {
  Workshop shop(1500);
  Census census;
  for (const BlockPtr& block : shop.GrowAll()) {
    EXPECT_LE(block->Weight(), 4'000'000u);
    census.Count(*block);
  }
  for (const OutputType type :
       {OutputType::kPubKeyHash, OutputType::kScriptHash, OutputType::kWitnessV0KeyHash,
        OutputType::kWitnessV0ScriptHash, OutputType::kWitnessV1Taproot}) {
    EXPECT_GT(census.spent_types[type], 20) << OutputTypeName(type);
  }
  EXPECT_GT(census.taproot_keys, census.taproot_scripts);
  EXPECT_GT(census.taproot_scripts, 20);
  EXPECT_GT(census.data_outputs, 20);
  EXPECT_GT(census.spent_at_once, 20);
  EXPECT_GT(census.consolidations, 3);
  EXPECT_GT(census.payouts, 3);
  EXPECT_GT(census.ecdsa_signatures, 500);
  EXPECT_EQ(census.malformed_signatures, 0);
}

}  // namespace
}  // namespace cairn::bench
