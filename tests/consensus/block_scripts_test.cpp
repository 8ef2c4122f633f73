// Every real block whose spent outputs are known verifies completely: structure, place, money, sums
// and scripts, with the flags of its height; exactly, deferring and by the cache.

#include <cstdio>
#include <map>

#include <gtest/gtest.h>

#include "consensus/rules/transaction.h"
#include "consensus/script/signature_cache.h"
#include "consensus/script/sigops.h"
#include "consensus/subsidy.h"
#include "tests/support/block_judge.h"
#include "tests/support/real_blocks.h"
#include "tests/support/script_cases.h"

namespace cairn::test {
namespace {

using consensus::Reject;

/// What the signature operations of each block cost, by count_sigops.py.
uint64_t CountedSigops(const std::string& name) {
  static const std::map<std::string, uint64_t> counted = {
      {"mainnet_170.blk", 12},        {"mainnet_24835.blk", 8},
      {"mainnet_57043.blk", 8},       {"mainnet_116928.blk", 160},
      {"mainnet_150013.blk", 352},    {"mainnet_210000.blk", 4292},
      {"mainnet_255018.blk", 1220},   {"mainnet_277647.blk", 3076},
      {"mainnet_300025.blk", 5284},   {"mainnet_367891.blk", 3408},
      {"mainnet_403200.blk", 5644},   {"mainnet_478558.blk", 3160},
      {"mainnet_757739.blk", 278},    {"mainnet_757753.blk", 505},
      {"mainnet_866342.blk", 5666},   {"testnet3_928816.blk", 9109},
      {"testnet3_928828.blk", 23236}, {"testnet3_928831.blk", 10035},
      {"testnet3_928848.blk", 11319}, {"testnet3_928849.blk", 9137},
      {"testnet3_928927.blk", 10015}, {"testnet3_1087400.blk", 1298},
  };
  const auto found = counted.find(name);
  return found == counted.end() ? 0 : found->second;
}

uint64_t SigopsCostOf(const consensus::FundedBlock& funded) {
  const auto transactions = funded.block.transactions();
  uint64_t cost = consensus::SigopsCost(transactions[0], {}, funded.flags);
  size_t at = 0;
  for (const Transaction& tx : transactions.subspan(1)) {
    cost += consensus::SigopsCost(tx, funded.coins.subspan(at, tx.inputs.size()), funded.flags);
    at += tx.inputs.size();
  }
  return cost;
}

Amount PaidByCoinbase(const Block& block) {
  Amount total = 0;
  for (const TxOut& output : block.transactions()[0].outputs) total += output.value;
  return total;
}

/// Inputs that BIP68 makes wait.
size_t RelativeLocks(const Block& block) {
  size_t count = 0;
  for (const Transaction& tx : block.transactions().subspan(1)) {
    if (!consensus::HasRelativeLocks(tx)) continue;
    for (const TxIn& input : tx.inputs) {
      count += (input.sequence & consensus::kSequenceDisabled) == 0 ? 1 : 0;
    }
  }
  return count;
}

TEST(BlockScripts, EveryRealBlockVerifiesCompletely) {
  CAIRN_NEED_VECTORS();
  size_t inputs = 0;
  size_t locks = 0;
  consensus::ExactVerifier exact;
  consensus::OptimisticRuns runs(exact);
  for (const RealBlock& real : RealBlocks()) {
    SCOPED_TRACE(real.name);
    const std::vector<const Coin*> coins = PointersTo(real.coins);
    ASSERT_EQ(coins.size(), real.block->SpendCount());
    const consensus::FundedBlock funded{*real.block,  real.params, *real.ancestors,
                                        real.Flags(), coins,       false};
    const auto before = JudgeBeforeScripts(funded);
    ASSERT_TRUE(before.has_value()) << before.error().ToString();
    EXPECT_EQ(consensus::ConnectBlock(funded), real.fees);
    // Each of these coinbases took all that it could.
    EXPECT_EQ(PaidByCoinbase(*real.block),
              consensus::SubsidyAt(real.height, real.params) + real.fees);
    EXPECT_EQ(SigopsCostOf(funded), CountedSigops(real.name));
    const auto verdict = RunBlockOptimistically(funded, runs);
    ASSERT_TRUE(verdict.has_value()) << verdict.error().ToString();
    inputs += coins.size();
    locks += RelativeLocks(*real.block);
  }
  EXPECT_EQ(RealBlocks().size(), 22u);
  EXPECT_EQ(inputs, 85'108u);
  EXPECT_EQ(runs.counts().repeated, 0u);
  DeferredTally tally;
  tally.Add(runs.counts());
  std::printf("%zu blocks, %zu inputs, %zu with relative locks; %s\n", RealBlocks().size(), inputs,
              locks, tally.ToString().c_str());
}

TEST(BlockScripts, EveryRealBlockVerifiesByTheCache) {
  CAIRN_NEED_VECTORS();
  consensus::SignatureCache cache(16 << 20, {});
  CountingVerifier curve;
  consensus::CachingVerifier caching(cache, curve);
  for (const RealBlock& real : RealBlocks()) {
    if (real.coins.size() > 2000) continue;  // the others show no more
    SCOPED_TRACE(real.name);
    const std::vector<const Coin*> coins = PointersTo(real.coins);
    const consensus::FundedBlock funded{*real.block,  real.params, *real.ancestors,
                                        real.Flags(), coins,       false};
    ASSERT_TRUE(RunBlockExactly(funded, caching).has_value());
    // Nothing is verified again that was right before.
    const uint64_t verified = curve.valid();
    ASSERT_TRUE(RunBlockExactly(funded, caching).has_value());
    consensus::OptimisticRuns runs(caching);
    ASSERT_TRUE(RunBlockOptimistically(funded, runs).has_value());
    EXPECT_EQ(curve.valid(), verified);
  }
  EXPECT_GE(caching.hits(), 2 * curve.valid());
  std::printf("%llu signatures verified, %llu remembered\n",
              static_cast<unsigned long long>(curve.valid() + curve.invalid()),
              static_cast<unsigned long long>(caching.hits()));
}

TEST(BlockScripts, ACoinbaseThatTakesOneMoreIsRefused) {
  CAIRN_NEED_VECTORS();
  for (const RealBlock& real : RealBlocks()) {
    SCOPED_TRACE(real.name);
    std::vector<Coin> coins = real.coins;
    // One satoshi less to spend is one less in fees.
    coins[0].value -= 1;
    const std::vector<const Coin*> pointers = PointersTo(coins);
    const auto verdict = JudgeBeforeScripts(
        {*real.block, real.params, *real.ancestors, real.Flags(), pointers, false});
    ASSERT_FALSE(verdict.has_value());
    // The first transaction may have paid no fee.
    const bool below = verdict.error().reject == Reject::kInputsBelowOutputs;
    EXPECT_TRUE(below || verdict.error().reject == Reject::kCoinbaseAmount)
        << verdict.error().ToString();
  }
}

}  // namespace
}  // namespace cairn::test
