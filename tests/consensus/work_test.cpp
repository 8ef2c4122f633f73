// How hard the next block must be: retargets, their limits, the exceptions of the test networks.

#include "consensus/work.h"

#include <sstream>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "cairn/genesis/chain_file.h"
#include "consensus/rules/header.h"
#include "tests/support/listed_ancestors.h"
#include "tests/support/vectors.h"

namespace cairn::test {
namespace {

using consensus::AncestorFacts;
using consensus::NextBits;
using consensus::RetargetRules;

constexpr uint32_t kStart = 1'500'000'000;
constexpr int kInterval = 2016;
constexpr uint32_t kSpacing = 600;
constexpr uint32_t kTwoWeeks = kInterval * kSpacing;

RetargetRules RulesOf(const char* chain) { return genesis::BuiltInChain(chain).value().retarget; }

/// A whole period of blocks with one target, `timespan` seconds from its first to its last.
ListedAncestors Period(uint32_t bits, uint32_t timespan) {
  auto chain = ListedAncestors::Steady(kInterval, {4, kStart, bits}, timespan / kInterval);
  chain.Edit(kInterval - 1).time = kStart + timespan;
  return chain;
}

/// The target behind a period.
uint32_t Retarget(const RetargetRules& rules, uint32_t bits, uint32_t timespan) {
  return NextBits(Period(bits, timespan), 0, rules);
}

TEST(Retarget, FollowsTheTimeOfThePeriod) {
  const RetargetRules rules = RulesOf("mainnet");
  EXPECT_EQ(Retarget(rules, 0x1c0ffff0, kTwoWeeks), 0x1c0ffff0u);
  EXPECT_EQ(Retarget(rules, 0x1c0ffff0, kTwoWeeks / 2), 0x1c07fff8u);
  EXPECT_EQ(Retarget(rules, 0x1c0ffff0, kTwoWeeks * 2), 0x1c1fffe0u);
  EXPECT_EQ(Retarget(rules, 0x1c0ffff0, kTwoWeeks - 1), 0x1c0fffefu);
}

TEST(Retarget, ChangesFourfoldAtMost) {
  const RetargetRules rules = RulesOf("mainnet");
  EXPECT_EQ(Retarget(rules, 0x1c0ffff0, kTwoWeeks / 4), 0x1c03fffcu);
  EXPECT_EQ(Retarget(rules, 0x1c0ffff0, kTwoWeeks / 4 - 1), 0x1c03fffcu);
  EXPECT_EQ(Retarget(rules, 0x1c0ffff0, 0), 0x1c03fffcu);
  EXPECT_EQ(Retarget(rules, 0x1c0ffff0, kTwoWeeks * 4), 0x1c3fffc0u);
  EXPECT_EQ(Retarget(rules, 0x1c0ffff0, kTwoWeeks * 4 + 1), 0x1c3fffc0u);
  // The last block may claim to be older than the first.
  auto backwards = Period(0x1c0ffff0, kTwoWeeks);
  backwards.Edit(kInterval - 1).time = kStart - 7200;
  EXPECT_EQ(NextBits(backwards, 0, rules), 0x1c03fffcu);
}

TEST(Retarget, NeverGetsEasierThanTheLimit) {
  const RetargetRules rules = RulesOf("mainnet");
  EXPECT_EQ(Retarget(rules, 0x1d00ffff, kTwoWeeks * 4), 0x1d00ffffu);
  EXPECT_EQ(Retarget(rules, 0x1c7fffff, kTwoWeeks * 4), 0x1d00ffffu);
}

// Signet's targets have up to 234 bits, and a period up to 23. The product of the greatest of both
// still fits into 256 bits, if only just: the result must be exact, since rounding earlier, to have
// more room, would give another block's difficulty.
TEST(Retarget, IsExactForSignetsWideTargets) {
  const RetargetRules rules = RulesOf("signet");
  EXPECT_EQ(Retarget(rules, 0x1e0377ae, kTwoWeeks), 0x1e0377aeu);
  EXPECT_EQ(Retarget(rules, 0x1e0377ae, kTwoWeeks - 1), 0x1e0377adu);
  EXPECT_EQ(Retarget(rules, 0x1e0377ae, kTwoWeeks / 2), 0x1e01bbd7u);
  EXPECT_EQ(Retarget(rules, 0x1e0377ae, kTwoWeeks / 4), 0x1e00ddebu);
  EXPECT_EQ(Retarget(rules, 0x1e0377ae, kTwoWeeks * 4), 0x1e0377aeu);
  EXPECT_EQ(Retarget(rules, 0x1e00ffff, kTwoWeeks), 0x1e00ffffu);
  EXPECT_EQ(Retarget(rules, 0x1e00ddeb, kTwoWeeks * 4), 0x1e0377acu);
  EXPECT_EQ(Retarget(rules, 0x1e00ddec, kTwoWeeks * 4), 0x1e0377aeu);
  EXPECT_EQ(Retarget(rules, 0x1e012fa7, kTwoWeeks * 2), 0x1e025f4eu);
  EXPECT_EQ(Retarget(rules, 0x1e000fff, kTwoWeeks), 0x1d0fff00u);
}

// No network does this; a chain of one's own may.
TEST(Retarget, SurvivesTargetsThatLeaveThe256Bits) {
  RetargetRules rules = RulesOf("regtest");
  rules.never = false;
  EXPECT_EQ(Retarget(rules, 0x207fffff, kTwoWeeks), 0x207fffffu);
  EXPECT_EQ(Retarget(rules, 0x207fffff, kTwoWeeks * 4), 0x207fffffu);
  EXPECT_EQ(Retarget(rules, 0x203fffff, kTwoWeeks * 4), 0x207fffffu);
  EXPECT_EQ(Retarget(rules, 0x201fffff, kTwoWeeks * 4), 0x207ffffcu);
  EXPECT_EQ(Retarget(rules, 0x207fffff, kTwoWeeks / 4), 0x201fffffu);
}

TEST(Retarget, GivesTheRealSignetItsSecondTarget) {
  CAIRN_NEED_VECTORS();
  const Bytes raw = ReadBinary(VectorPath("headers/signet_0_2015.bin"));
  ListedAncestors chain;
  for (size_t at = 0; at < raw.size(); at += Header::kSize) {
    const Header header = Header::From(ByteSpan(raw).subspan(at).first<Header::kSize>());
    chain.Add({header.version, header.time, header.bits});
  }
  std::istringstream lines(ReadText(VectorPath("headers/signet_checkpoints.jsonl")));
  std::string line;
  std::getline(lines, line);
  const auto checkpoint = json::Parse(line);
  ASSERT_TRUE(checkpoint.has_value());
  ASSERT_EQ(checkpoint->Find("height")->AsInt(), kInterval);
  const Bytes bytes = FromHex(checkpoint->Find("header_hex")->Text()).value();
  const Header header = Header::From(ByteSpan(bytes).first<Header::kSize>());
  EXPECT_EQ(NextBits(chain, header.time, RulesOf("signet")), header.bits);
}

TEST(Retarget, HappensAtTheFirstBlockOfAPeriodOnly) {
  const RetargetRules rules = RulesOf("mainnet");
  auto chain = Period(0x1c0ffff0, kTwoWeeks / 2);
  chain.RemoveLast();
  EXPECT_EQ(NextBits(chain, 0, rules), 0x1c0ffff0u);
  chain = Period(0x1c0ffff0, kTwoWeeks / 2);
  const uint32_t bits = NextBits(chain, 0, rules);
  chain.Add({4, kStart, bits});
  EXPECT_EQ(NextBits(chain, 0, rules), bits);
}

TEST(Retarget, NeverHappensOnRegtest) {
  const RetargetRules rules = RulesOf("regtest");
  EXPECT_EQ(Retarget(rules, 0x207fffff, 0), 0x207fffffu);
  EXPECT_EQ(Retarget(rules, 0x1d00ffff, kTwoWeeks * 4), 0x1d00ffffu);
}

// A late block of the limit as the last of a period resets testnet3's difficulty; BIP94 reads the
// first block, which cannot be such an exception.
TEST(Retarget, ReadsTheLastBlockOrByBip94TheFirst) {
  auto chain = Period(0x1c0ffff0, kTwoWeeks);
  chain.Edit(kInterval - 1).bits = 0x1d00ffff;
  EXPECT_EQ(NextBits(chain, 0, RulesOf("testnet3")), 0x1d00ffffu);
  EXPECT_EQ(NextBits(chain, 0, RulesOf("testnet4")), 0x1c0ffff0u);
}

class MinimumDifficulty : public testing::TestWithParam<const char*> {
 protected:
  const RetargetRules rules_ = RulesOf(GetParam());
};

TEST_P(MinimumDifficulty, IsForBlocksMoreThanTwentyMinutesLate) {
  const auto chain = ListedAncestors::Steady(20, {4, kStart, 0x1c0ffff0}, kSpacing);
  const uint32_t parent_time = chain.Last().time;
  EXPECT_EQ(NextBits(chain, parent_time + 1200, rules_), 0x1c0ffff0u);
  EXPECT_EQ(NextBits(chain, parent_time + 1201, rules_), rules_.limit_bits);
  EXPECT_EQ(NextBits(chain, 0, rules_), 0x1c0ffff0u);
}

TEST_P(MinimumDifficulty, DoesNotLastAndTheTrueTargetIsFoundBehindIt) {
  auto chain = ListedAncestors::Steady(20, {4, kStart, 0x1c0ffff0}, kSpacing);
  for (int i = 0; i < 5; ++i) chain.Add({4, chain.Last().time + 1201, rules_.limit_bits});
  EXPECT_EQ(NextBits(chain, chain.Last().time + 1, rules_), 0x1c0ffff0u);
  EXPECT_EQ(NextBits(chain, chain.Last().time + 1201, rules_), rules_.limit_bits);
}

TEST_P(MinimumDifficulty, IsTheTruthWhereAPeriodBeganWithIt) {
  // A period whose first block is of the limit: the search ends there and does not go below.
  auto chain = Period(0x1c0ffff0, kTwoWeeks);
  for (int i = 0; i < 3; ++i) chain.Add({4, chain.Last().time + 600, rules_.limit_bits});
  EXPECT_EQ(NextBits(chain, chain.Last().time + 1, rules_), rules_.limit_bits);
  // The same at genesis.
  const auto young = ListedAncestors::Steady(5, {1, kStart, rules_.limit_bits}, kSpacing);
  EXPECT_EQ(NextBits(young, young.Last().time + 1, rules_), rules_.limit_bits);
}

INSTANTIATE_TEST_SUITE_P(TestNetworks, MinimumDifficulty, testing::Values("testnet3", "testnet4"));

TEST(MinimumDifficultyElsewhere, DoesNotExist) {
  const auto chain = ListedAncestors::Steady(20, {4, kStart, 0x1c0ffff0}, kSpacing);
  for (const char* name : {"mainnet", "signet"}) {
    EXPECT_EQ(NextBits(chain, chain.Last().time + 1'000'000, RulesOf(name)), 0x1c0ffff0u) << name;
  }
}

/// Whether a block may be dated `back` seconds before its parent, as far as BIP94 is concerned.
bool MayStepBack(const char* network, int height, uint32_t back) {
  const consensus::Params params = genesis::BuiltInChain(network).value();
  const uint32_t bits = params.retarget.limit_bits;
  const auto chain = ListedAncestors::Steady(height, {4, kStart, bits}, kSpacing);
  Header header;
  header.time = chain.Last().time - back;
  const BlockHash hash{};
  const consensus::HeaderContext context{header, hash, params, chain, kStart, 0};
  for (const auto& rule : consensus::HeaderRules()) {
    if (rule.reject == consensus::Reject::kTimewarpAttack) return rule.holds(context);
  }
  ADD_FAILURE() << "no such rule";
  return false;
}

TEST(Timewarp, IsRefusedWhereAPeriodBeginsOnTestnet4) {
  EXPECT_TRUE(MayStepBack("testnet4", kInterval, 600));
  EXPECT_FALSE(MayStepBack("testnet4", kInterval, 601));
  EXPECT_FALSE(MayStepBack("testnet4", kInterval * 2, 601));
  EXPECT_TRUE(MayStepBack("testnet4", kInterval - 1, 601));
  EXPECT_TRUE(MayStepBack("testnet4", kInterval + 1, 601));
  for (const char* name : {"mainnet", "testnet3", "signet"}) {
    EXPECT_TRUE(MayStepBack(name, kInterval, 601)) << name;
  }
}

TEST(Targets, AreMetUpToEquality) {
  const RetargetRules rules = RulesOf("mainnet");
  const uint32_t bits = 0x1c0ffff0;
  const U256 target = DecodeCompact(bits).target;
  const auto hash_of = [](const U256& number) { return BlockHash{number.ToLittle()}; };
  EXPECT_TRUE(consensus::MeetsTarget(hash_of(target), bits, rules));
  EXPECT_TRUE(consensus::MeetsTarget(hash_of(0), bits, rules));
  EXPECT_FALSE(consensus::MeetsTarget(hash_of(target + U256(1)), bits, rules));
}

TEST(Targets, ThatAreNoneOfTheChainAreNeverMet) {
  const RetargetRules rules = RulesOf("mainnet");
  const BlockHash zero{};
  EXPECT_TRUE(consensus::MeetsTarget(zero, 0x1d00ffff, rules));
  EXPECT_FALSE(consensus::MeetsTarget(zero, 0x1d010000, rules)) << "beyond the limit";
  EXPECT_FALSE(consensus::MeetsTarget(zero, 0x00000000, rules)) << "zero";
  EXPECT_FALSE(consensus::MeetsTarget(zero, 0x01003456, rules)) << "zero after shifting";
  EXPECT_FALSE(consensus::MeetsTarget(zero, 0x1c8ffff0, rules)) << "negative";
  EXPECT_FALSE(consensus::MeetsTarget(zero, 0xff123456, rules)) << "overflow";
}

TEST(Work, IsTheNumberOfExpectedHashes) {
  EXPECT_EQ(consensus::WorkOf(0x1d00ffff), U256(0x100010001));
  EXPECT_EQ(consensus::WorkOf(0x207fffff), U256(2));
  EXPECT_EQ(consensus::WorkOf(0x03000001), *U256::FromHex("80" + std::string(62, '0')));
  for (const uint32_t nothing : {0x00000000u, 0x1c8ffff0u, 0xff123456u}) {
    EXPECT_TRUE(consensus::WorkOf(nothing).IsZero());
  }
}

TEST(Work, IsShownAsDifficulty) {
  EXPECT_DOUBLE_EQ(consensus::DifficultyOf(0x1d00ffff), 1.0);
  EXPECT_DOUBLE_EQ(consensus::DifficultyOf(0x1c3fffc0), 4.0);
  EXPECT_NEAR(consensus::DifficultyOf(0x1b0404cb), 16307.420938523983, 1e-9);
  EXPECT_NEAR(consensus::DifficultyOf(0x207fffff), 4.656542373906925e-10, 1e-24);
}

TEST(MedianTime, IsTheUpperMiddleOfElevenOrFewer) {
  ListedAncestors chain;
  const uint32_t times[] = {50, 10, 30, 20, 40, 5, 70, 60, 90, 80, 100, 1};
  const uint32_t medians[] = {50, 50, 30, 30, 30, 30, 30, 40, 40, 50, 50, 40};
  for (size_t i = 0; i < std::size(times); ++i) {
    chain.Add({1, times[i], 0});
    EXPECT_EQ(consensus::MedianTimePast(chain), medians[i]) << i;
  }
  for (size_t i = 0; i < std::size(times); ++i) {
    EXPECT_EQ(consensus::MedianTimePastAt(chain, static_cast<int>(i)), medians[i]) << i;
  }
}

}  // namespace
}  // namespace cairn::test
