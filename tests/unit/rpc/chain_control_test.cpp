// invalidateblock, reconsiderblock, preciousblock, verifychain and pruneblockchain.
#include <gmock/gmock.h>

#include "tests/unit/rpc/indexed_fixture.h"

namespace cairn::rpc {
namespace {

using testing::StartsWith;

class ChainControlTest : public IndexedTest {
 protected:
  ChainControlTest() : IndexedTest({}) {}

  std::string Of(int height) { return "[" + Quoted(At(height).hash.ToString()) + "]"; }
};

TEST_F(ChainControlTest, ABlockIsTakenBackAndBroughtBack) {
  const std::vector<std::string> hashes = Generate(5);
  const int before = synchronisations_;
  EXPECT_EQ(Call("invalidateblock", "[" + Quoted(hashes[2]) + "]"), "null");
  EXPECT_EQ(Call("getblockcount"), "2");
  EXPECT_EQ(Call("getbestblockhash"), Quoted(hashes[1]));
  const json::Value tips = CallJson("getchaintips");
  EXPECT_EQ(tips.Items()[0].Find("hash")->Text(), hashes[4]);
  EXPECT_EQ(tips.Items()[0].Find("status")->Text(), "invalid");
  EXPECT_EQ(Call("reconsiderblock", "[" + Quoted(hashes[4]) + "]"), "null");
  EXPECT_EQ(Call("getbestblockhash"), Quoted(hashes[4]));
  EXPECT_EQ(synchronisations_, before + 2);
}

TEST_F(ChainControlTest, APreciousBlockGoesFirst) {
  const test::Place genesis = test::Place::Genesis(world_.params);
  const auto first = test::MakeBlock(world_.params, genesis);
  test::BlockPlan other;
  other.tag = 7;
  const auto second = test::MakeBlock(world_.params, genesis, other);
  Submit({&first, 1});
  world_.ledger->SubmitBlock(second.block).get();
  const std::string a = Quoted(first.block->hash().ToString());
  const std::string b = Quoted(second.block->hash().ToString());
  EXPECT_EQ(Call("getbestblockhash"), a);
  EXPECT_EQ(Call("preciousblock", "[" + b + "]"), "null");
  EXPECT_EQ(Call("getbestblockhash"), b);
  EXPECT_EQ(Call("preciousblock", "[" + a + "]"), "null");
  EXPECT_EQ(Call("getbestblockhash"), a);
}

TEST_F(ChainControlTest, BlocksMustBeKnown) {
  for (const char* method : {"invalidateblock", "reconsiderblock", "preciousblock"}) {
    EXPECT_EQ(Call(method, "[" + Quoted(std::string(64, '0')) + "]"), "-5 Block not found");
    EXPECT_EQ(Call(method, R"(["00"])"), "-8 blockhash must be of length 64 (not 2, for '00')");
    EXPECT_THAT(Call(method, "[]"), StartsWith("-1 " + std::string(method)));
  }
  proxy_->invalidate_block = [](const BlockHash&) -> Status { return Invalid("no way"); };
  EXPECT_EQ(Call("invalidateblock", Of(0)), "-20 no way");
}

TEST_F(ChainControlTest, VerifyChainHasBounds) {
  Generate(10);
  EXPECT_EQ(Call("verifychain"), "true");
  EXPECT_EQ(Call("verifychain", "[4,0]"), "true");
  EXPECT_EQ(Call("getblockcount"), "10");
  std::pair<int, int> asked;
  Result<ledger::ChainCheck> answer = ledger::ChainCheck{};
  proxy_->verify_chain = [&](int level, int blocks) {
    asked = {level, blocks};
    return answer;
  };
  const auto verify = [&](const std::string& params) {
    Call("verifychain", params);
    return asked;
  };
  EXPECT_EQ(verify("[]"), std::pair(3, 6));
  EXPECT_EQ(verify("[4,3]"), std::pair(4, 3));
  EXPECT_EQ(verify("[9,0]"), std::pair(4, 10));
  EXPECT_EQ(verify("[-1,-5]"), std::pair(0, 10));
  EXPECT_EQ(verify("[0,11]"), std::pair(0, 10));
  using Outcome = ledger::ChainCheck::Outcome;
  for (const Outcome outcome : {Outcome::kUnsound, Outcome::kDamaged, Outcome::kSkippedPruned,
                                Outcome::kSkippedMemory, Outcome::kInterrupted}) {
    answer = ledger::ChainCheck{outcome, ""};
    EXPECT_EQ(Call("verifychain"), "false");
  }
  answer = Fail(ErrorCode::kStopped, "the ledger has stopped");
  EXPECT_EQ(Call("verifychain"), "-20 the ledger has stopped");
}

class PruneTest : public ChainControlTest {
 protected:
  PruneTest() {
    world_.params.prune_after_height = 300;
    proxy_->pruning.enabled = true;
    proxy_->prune_to = [this](int height) -> Result<int> {
      asked_ = height;
      return height - 1;
    };
  }
  int asked_ = -7;
};

TEST_F(PruneTest, OnlyWithTheOption) {
  proxy_->pruning.enabled = false;
  EXPECT_EQ(Call("pruneblockchain", "[1]"),
            "-1 Cannot prune blocks because node is not in prune mode.");
}

TEST_F(PruneTest, NeverCloseToTheTip) {
  world_.clock.SetMock(1'700'000'000);
  Generate(299);
  EXPECT_EQ(Call("pruneblockchain", "[1]"), "-1 Blockchain is too short for pruning.");
  EXPECT_EQ(Call("pruneblockchain", "[-1]"), "-8 Negative block height.");
  Generate(21);
  EXPECT_EQ(Call("pruneblockchain", "[10]"), "9");
  EXPECT_EQ(asked_, 10);
  EXPECT_EQ(Call("pruneblockchain", "[320]"), "319");
  EXPECT_EQ(asked_, 320);
  EXPECT_EQ(Call("pruneblockchain", "[321]"),
            "-8 Blockchain is shorter than the attempted prune height.");
}

TEST_F(PruneTest, ByTime) {
  world_.clock.SetMock(1'700'000'000);
  Generate(20);
  world_.clock.SetMock(1'700'100'000);
  Generate(300);
  EXPECT_EQ(Call("pruneblockchain", "[1700107200]"), "20");
  EXPECT_EQ(asked_, 21);
  EXPECT_EQ(Call("pruneblockchain", "[1800000000]"),
            "-8 Could not find block with at least the specified timestamp.");
}

}  // namespace
}  // namespace cairn::rpc
