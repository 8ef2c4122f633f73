// What the options say about templates and the built-in miner.
#include "src/node/mining_options.h"

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/genesis/chain_file.h"
#include "cairn/primitives/script.h"
#include "tests/support/ledger_world.h"
#include "tests/unit/node/support.h"

namespace cairn::node {
namespace {

// The private key 1.
constexpr const char* kKey = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
constexpr const char* kProgram = "0014751e76e8199196d454941c45d1b3a323f1433bd6";

std::string Problem(const std::string& option) {
  const auto limits = TemplateLimitsFrom(Given({option}));
  return limits ? "" : limits.error().message;
}

TEST(MiningOptions, LimitsOfTemplates) {
  const mining::TemplateLimits plain = TemplateLimitsFrom(Given({})).value();
  EXPECT_EQ(plain.weight, 4'000'000u);
  EXPECT_EQ(plain.reserved_weight, 8000u);
  EXPECT_EQ(plain.min_rate.For(1000), 1000);
  const mining::TemplateLimits given =
      TemplateLimitsFrom(
          Given({"-blockmaxweight=0", "-blockreservedweight=2000", "-blockmintxfee=0.0002"}))
          .value();
  EXPECT_EQ(given.weight, 0u);
  EXPECT_EQ(given.reserved_weight, 2000u);
  EXPECT_EQ(given.min_rate.For(1000), 20'000);
  EXPECT_EQ(Problem("-blockmaxweight=4000000"), "");
  EXPECT_EQ(Problem("-blockmaxweight=4000001"),
            "Specified -blockmaxweight (4000001) exceeds consensus maximum block weight (4000000)");
  EXPECT_EQ(Problem("-blockmaxweight=-1"),
            "Specified -blockmaxweight (-1) is lower than minimum safety value of (0)");
  EXPECT_EQ(Problem("-blockreservedweight=1999"),
            "Specified -blockreservedweight (1999) is lower than minimum safety value of (2000)");
  EXPECT_EQ(Problem("-blockreservedweight=4000001"),
            "Specified -blockreservedweight (4000001) exceeds consensus maximum block weight "
            "(4000000)");
  EXPECT_EQ(Problem("-blockmintxfee=much"), "Invalid amount for -blockmintxfee=<amount>: 'much'");
}

std::string Payout(const std::string& payout) {
  const auto miner = MinerOptionsFrom(Given({"-mine=" + payout}), test::ChainNamed("regtest"));
  return miner ? ToHex((*miner)->block.payout_script) : miner.error().message;
}

TEST(MiningOptions, WhomTheMinerPays) {
  EXPECT_FALSE(MinerOptionsFrom(Given({}), test::ChainNamed("regtest")).value().has_value());
  EXPECT_EQ(Payout("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"), kProgram);
  const std::string key = kKey;
  EXPECT_EQ(Payout("wpkh(" + key + ")"), kProgram);
  EXPECT_EQ(Payout("combo(" + key + ")"), kProgram);
  EXPECT_EQ(Payout("raw(51)"), "51");
  EXPECT_EQ(Payout("nonsense").rfind("-mine=nonsense: ", 0), 0u);
  const std::string extended =
      "tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxb"
      "aTLV3X4FyWuejifB9jusQ46QzG87VKp";
  EXPECT_NE(Payout("wpkh(" + extended + "/*)").find("Ranged descriptor"), std::string::npos);
}

TEST(MiningOptions, HowTheMinerWorks) {
  const auto miner = MinerOptionsFrom(
      Given({"-mine=raw(51)", "-minethreads=3", "-mineinterval=7", "-blockversion=5"}),
      test::ChainNamed("regtest"));
  ASSERT_TRUE(miner.has_value());
  EXPECT_EQ((*miner)->threads, 3u);
  EXPECT_EQ((*miner)->interval, std::chrono::seconds(7));
  EXPECT_EQ((*miner)->block.version, 5);
}

TEST(MiningOptions, BlocksThatMustBeSignedAreNotMined) {
  consensus::Params signet = test::ChainNamed("signet");
  const auto miner = MinerOptionsFrom(Given({"-mine=raw(51)"}), signet);
  ASSERT_FALSE(miner.has_value());
  EXPECT_EQ(miner.error().message.rfind("-mine cannot make blocks of this chain", 0), 0u);
  EXPECT_FALSE(MinerOptionsFrom(Given({}), signet).value().has_value());
  genesis::ApplySignetChallenge(signet, Bytes{OP_1});
  EXPECT_TRUE(MinerOptionsFrom(Given({"-mine=raw(51)"}), signet).has_value());
}

}  // namespace
}  // namespace cairn::node
