// Which pool is tried when, and what names a pool.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/mining/pool_client.h"
#include "src/mining/stratum/client_plan.h"

namespace cairn::mining::stratum {
namespace {

using std::chrono::seconds;

const ClientPlan::Time kStart{std::chrono::hours(1)};

TEST(StratumClientPlan, PoolsAreTriedInTheirOrder) {
  ClientPlan plan(3);
  EXPECT_EQ(plan.Next({}, kStart), 0u);
  plan.Failed(0, kStart);
  EXPECT_EQ(plan.Next({}, kStart), 1u);
  plan.Failed(1, kStart);
  EXPECT_EQ(plan.Next({}, kStart), 2u);
  plan.Failed(2, kStart);
  EXPECT_EQ(plan.Next({}, kStart), std::nullopt);
  EXPECT_EQ(plan.NextTime({}), kStart + seconds(1));
  EXPECT_EQ(plan.Next({}, kStart + seconds(1)), 0u);
}

TEST(StratumClientPlan, OnlyBetterPoolsAreTriedBesidesAnActiveOne) {
  ClientPlan plan(3);
  plan.Failed(0, kStart);
  EXPECT_EQ(plan.Next(1, kStart), std::nullopt);
  EXPECT_EQ(plan.NextTime(1), kStart + seconds(1));
  EXPECT_EQ(plan.Next(1, kStart + seconds(1)), 0u);
  EXPECT_EQ(plan.Next(0, kStart + seconds(1)), std::nullopt);
  EXPECT_EQ(plan.NextTime(0), std::nullopt);
}

TEST(StratumClientPlan, PausesDoubleUpToAMinute) {
  ClientPlan plan(1);
  auto now = kStart;
  for (const int pause : {1, 2, 4, 8, 16, 32, 60, 60}) {
    plan.Failed(0, now);
    EXPECT_EQ(plan.NextTime({}), now + seconds(pause));
    now += seconds(pause);
  }
  plan.Worked(0, now);
  now += seconds(59);
  plan.Failed(0, now);
  EXPECT_EQ(plan.NextTime({}), now + seconds(60)) << "it worked for too short a time";
  plan.Worked(0, now);
  now += seconds(60);
  plan.Failed(0, now);
  EXPECT_EQ(plan.NextTime({}), now + seconds(1));
}

TEST(StratumClientPlan, WhatIsPutOffIsNotBlamed) {
  ClientPlan plan(2);
  plan.PutOff(0, kStart, kStart + seconds(5));
  EXPECT_EQ(plan.Next({}, kStart), 1u);
  EXPECT_EQ(plan.Next({}, kStart + seconds(5)), 0u);
  plan.Failed(0, kStart);
  EXPECT_EQ(plan.NextTime(1), kStart + seconds(1));
}

TEST(StratumClientPlan, APoolThatMovesUsAgainAndAgainIsLeftAloneForLonger) {
  ClientPlan plan(2);
  auto now = kStart;
  for (const int pause : {1, 2, 4, 8, 16, 32, 60, 60}) {
    plan.Worked(0, now);
    now += seconds(10);
    plan.PutOff(0, now, now + seconds(1));
    EXPECT_EQ(plan.NextTime(1), now + seconds(pause));
    now += seconds(pause);
  }
  plan.Worked(0, now);
  now += seconds(10);
  plan.PutOff(0, now, now + seconds(90));
  EXPECT_EQ(plan.NextTime(1), now + seconds(90)) << "it may ask for more";
  plan.Worked(0, now);
  now += seconds(60);
  plan.PutOff(0, now, now + seconds(1));
  EXPECT_EQ(plan.NextTime(1), now + seconds(1)) << "it has worked for long";
}

TEST(PoolUrl, PartsAreRead) {
  const auto url = ParsePoolUrl("stratum+tcp://bc1qxyz.worker:secret@pool.example:3333");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(*url, (PoolAddress{false, "pool.example", 3333, "bc1qxyz.worker", "secret"}));
  EXPECT_EQ(url->Url(), "stratum+tcp://pool.example:3333");
  const auto tls = ParsePoolUrl("stratum+ssl://us%40er:p%3Aa%25@[::1]:443/");
  ASSERT_TRUE(tls) << tls.error().message;
  EXPECT_EQ(*tls, (PoolAddress{true, "::1", 443, "us@er", "p:a%"}));
  EXPECT_EQ(tls->Url(), "stratum+ssl://[::1]:443");
  EXPECT_EQ(ParsePoolUrl("stratum+tcp://u@h:1")->password, "x");
  EXPECT_EQ(ParsePoolUrl("stratum+tcp://u:@h:1")->password, "");
  EXPECT_EQ(ParsePoolUrl("stratum+tcp://u:a@b@h:1")->password, "a@b");
}

TEST(PoolUrl, WhatIsNoneIsRefused) {
  for (const std::string url :
       {"", "pool.example:3333", "http://u:p@h:1", "stratum+tcp://h:1", "stratum+tcp://u:hush@h",
        "stratum+tcp://u:hush@h:", "stratum+tcp://u:hush@h:0", "stratum+tcp://u:hush@h:65536",
        "stratum+tcp://u:hush@h:12a", "stratum+tcp://u:hush@:1", "stratum+tcp://:hush@h:1",
        "stratum+tcp://u:hush%@h:1", "stratum+tcp://u:hush%zz@h:1", "stratum+tcp://u%0a:hush@h:1",
        "stratum+tcp://u:hush@a:b:1", "stratum+tcp://u:hush@[::1]", "stratum+tcp://u:hush@a b:1",
        "stratum+tcp://u:hush@h:1/path", "stratum+udp://u:hush@h:1"}) {
    const auto parsed = ParsePoolUrl(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_THAT(parsed.error().message, testing::Not(testing::HasSubstr("hush"))) << url;
  }
}

}  // namespace
}  // namespace cairn::mining::stratum
