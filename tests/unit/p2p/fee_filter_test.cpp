#include <set>

#include "tests/unit/p2p/transaction_world.h"

namespace cairn::p2p {
namespace {

using std::chrono::minutes;
using test::TransactionWorld;

std::vector<Amount> Rates(TransactionWorld& world, PeerId peer) {
  std::vector<Amount> rates;
  for (const wire::FeeFilter& message : world.Take<wire::FeeFilter>(peer)) {
    rates.push_back(message.per_kvb);
  }
  return rates;
}

TEST(FeeFilter, SaysAtFirstWhatRelayCosts) {
  TransactionWorld world;
  const PeerId peer = world.Join();
  EXPECT_EQ(Rates(world, peer), std::vector<Amount>{1000});
  world.Wait(minutes(60));
  EXPECT_TRUE(Rates(world, peer).empty());
}

TEST(FeeFilter, WantsNothingWhileFarBehind) {
  TransactionWorld world;
  world.chain.initial_download = true;
  const PeerId peer = world.Join();
  const std::vector<Amount> rates = Rates(world, peer);
  ASSERT_EQ(rates.size(), 1u);
  EXPECT_GT(rates[0], 9'000'000);
  EXPECT_LE(rates[0], 10'000'000);
  world.Wait(minutes(60));
  EXPECT_TRUE(Rates(world, peer).empty());
  world.chain.initial_download = false;
  world.Mine();
  EXPECT_EQ(Rates(world, peer), std::vector<Amount>{1000});
}

TEST(FeeFilter, FollowsThePoolRoundedAndInTime) {
  TransactionWorld world;
  const PeerId peer = world.Join();
  Rates(world, peer);
  world.pool.floor = 20'000;
  world.Enter(test::SomeTransaction(1));  // it has pushed others out
  world.Wait(minutes(8));
  const std::vector<Amount> rates = Rates(world, peer);
  ASSERT_FALSE(rates.empty());
  std::set<Amount> said(rates.begin(), rates.end());
  world.Wait(minutes(600));
  for (const Amount rate : Rates(world, peer)) said.insert(rate);
  // The steps on both sides of it, and no other.
  EXPECT_EQ(said.size(), 2u);
  EXPECT_LT(*said.begin(), 20'000);
  EXPECT_GT(*said.rbegin(), 20'000);
  EXPECT_LT(*said.rbegin(), *said.begin() * 12 / 10);
}

TEST(FeeFilter, GoesOnlyWhereTransactionsMayComeFrom) {
  TransactionWorld world;
  EXPECT_TRUE(Rates(world, world.Join({.type = ConnectionType::kBlockRelayOnly})).empty());
  EXPECT_TRUE(Rates(world, world.Join({.permissions = kForceRelayPermission})).empty());
  EXPECT_EQ(Rates(world, world.Join({.permissions = kRelayPermission})).size(), 1u);

  Settings settings;
  settings.blocks_only = true;
  TransactionWorld blocks_only(settings);
  EXPECT_TRUE(Rates(blocks_only, blocks_only.Join()).empty());
}

}  // namespace
}  // namespace cairn::p2p
