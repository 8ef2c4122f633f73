// getdeploymentinfo through the life of a vote.
#include <gmock/gmock.h>

#include "tests/unit/rpc/ledger_fixture.h"

namespace cairn::rpc {
namespace {

class DeploymentsTest : public LedgerMethodsTest {
 protected:
  /// Adds blocks, of which the first `votes` vote for testdummy and the others do not.
  void Mine(int count, int votes) {
    for (int i = 0; i < count; ++i) {
      test::BlockPlan plan;
      plan.version = i < votes ? 0x30000000 : 0x20000000;
      const auto made = test::MakeBlock(world_.params, place_, plan);
      Submit({&made, 1});
      place_ = made.place;
    }
  }

  json::Value Info(const std::string& params = "[]") {
    return CallJson("getdeploymentinfo", params);
  }
  /// The part about one deployment.
  json::Value Of(const std::string& name, const std::string& params = "[]") {
    const json::Value info = Info(params);
    const json::Value* found = info.Find("deployments")->Find(name);
    return found != nullptr ? *found : json::Value();
  }
  std::string HashAt(int height) {
    return "[" + Call("getblockhash", "[" + std::to_string(height) + "]") + "]";
  }

  test::Place place_ = test::Place::Genesis(world_.params);
};

TEST_F(DeploymentsTest, Genesis) {
  const json::Value info = Info();
  EXPECT_EQ(info.Find("hash")->Text(), world_.Tip());
  EXPECT_EQ(info.Find("height")->Text(), "0");
  std::vector<std::string> names;
  for (const auto& [name, deployment] : info.Find("deployments")->Members()) names.push_back(name);
  EXPECT_THAT(names, testing::ElementsAre("bip34", "bip66", "bip65", "csv", "segwit", "testdummy",
                                          "taproot"));
  EXPECT_EQ(Of("bip34").ToString(), R"({"type":"buried","active":true,"height":1})");
  EXPECT_EQ(Of("segwit").ToString(), R"({"type":"buried","active":true,"height":0})");
  EXPECT_EQ(Of("testdummy").ToString(),
            R"({"type":"bip9","active":false,"bip9":{"start_time":0,)"
            R"("timeout":9223372036854775807,"min_activation_height":0,"status":"defined",)"
            R"("since":0,"status_next":"defined"}})");
  EXPECT_EQ(Of("taproot").ToString(),
            R"({"type":"bip9","height":0,"active":true,"bip9":{"start_time":-1,)"
            R"("timeout":9223372036854775807,"min_activation_height":0,"status":"active",)"
            R"("since":0,"status_next":"active"}})");
}

TEST_F(DeploymentsTest, AVoteThatIsWon) {
  Mine(143, 143);
  EXPECT_EQ(Of("testdummy").Find("bip9")->Find("status_next")->Text(), "started");
  Mine(1, 1);
  const std::string started = Of("testdummy").ToString();
  EXPECT_EQ(started,
            R"({"type":"bip9","active":false,"bip9":{"bit":28,"start_time":0,)"
            R"("timeout":9223372036854775807,"min_activation_height":0,"status":"started",)"
            R"("since":144,"status_next":"started","statistics":{"period":144,"elapsed":1,)"
            R"("count":1,"threshold":108,"possible":true},"signalling":"#"}})");

  Mine(143, 107);
  const json::Value won = Of("testdummy");
  EXPECT_EQ(won.Find("bip9")->Find("status_next")->Text(), "locked_in");
  EXPECT_EQ(won.Find("bip9")->Find("statistics")->Find("count")->Text(), "108");
  EXPECT_EQ(won.Find("bip9")->Find("statistics")->Find("elapsed")->Text(), "144");
  EXPECT_EQ(won.Find("bip9")->Find("signalling")->Text(),
            std::string(108, '#') + std::string(36, '-'));

  Mine(10, 3);
  const json::Value locked = Of("testdummy");
  const json::Value& bip9 = *locked.Find("bip9");
  EXPECT_EQ(bip9.Find("status")->Text(), "locked_in");
  EXPECT_EQ(bip9.Find("since")->Text(), "288");
  EXPECT_EQ(bip9.Find("bit")->Text(), "28");
  EXPECT_EQ(bip9.Find("statistics")->ToString(), R"({"period":144,"elapsed":10,"count":3})");
  EXPECT_EQ(bip9.Find("signalling")->Text(), "###-------");

  Mine(133, 0);
  EXPECT_EQ(world_.Height(), 430);
  Mine(1, 0);
  const json::Value last = Of("testdummy");
  EXPECT_TRUE(last.Find("active")->AsBool());
  EXPECT_EQ(last.Find("height")->Text(), "432");
  EXPECT_EQ(last.Find("bip9")->Find("status")->Text(), "locked_in");
  EXPECT_EQ(last.Find("bip9")->Find("status_next")->Text(), "active");

  Mine(150, 0);
  const json::Value active = Of("testdummy");
  EXPECT_EQ(active.Find("height")->Text(), "432");
  EXPECT_EQ(active.Find("bip9")->Find("since")->Text(), "432");
  EXPECT_EQ(active.Find("bip9")->Find("statistics"), nullptr);
  EXPECT_EQ(active.Find("bip9")->Find("signalling"), nullptr);
  // And the past is as it was.
  EXPECT_EQ(Of("testdummy", HashAt(144)).ToString(), started);
  EXPECT_EQ(Info(HashAt(144)).Find("height")->Text(), "144");
}

TEST_F(DeploymentsTest, AVoteThatCannotBeWonAnyMore) {
  Mine(143, 0);
  Mine(36, 0);
  EXPECT_TRUE(Of("testdummy").Find("bip9")->Find("statistics")->Find("possible")->AsBool());
  Mine(1, 0);
  const json::Value lost = Of("testdummy");
  EXPECT_FALSE(lost.Find("bip9")->Find("statistics")->Find("possible")->AsBool());
  EXPECT_EQ(lost.Find("bip9")->Find("statistics")->Find("count")->Text(), "0");
}

TEST_F(DeploymentsTest, HashesAreChecked) {
  EXPECT_EQ(Call("getdeploymentinfo", R"(["00"])"),
            "-8 blockhash must be of length 64 (not 2, for '00')");
  EXPECT_EQ(Call("getdeploymentinfo", "[\"" + std::string(64, '0') + "\"]"), "-5 Block not found");
}

class MainnetDeploymentsTest : public LedgerMethodsTest {
 protected:
  MainnetDeploymentsTest() : LedgerMethodsTest("mainnet") {}
};

TEST_F(MainnetDeploymentsTest, WhatIsNeverActiveIsNotListed) {
  const json::Value info = CallJson("getdeploymentinfo");
  const json::Value& all = *info.Find("deployments");
  EXPECT_EQ(all.Find("testdummy"), nullptr);
  EXPECT_EQ(all.Find("segwit")->ToString(), R"({"type":"buried","active":false,"height":481824})");
  EXPECT_EQ(all.Find("taproot")->Find("bip9")->Find("min_activation_height")->Text(), "709632");
}

}  // namespace
}  // namespace cairn::rpc
