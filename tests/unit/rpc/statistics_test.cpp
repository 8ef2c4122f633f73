// getblockstats and getchaintxstats.
#include <gmock/gmock.h>

#include "cairn/base/hex.h"
#include "tests/support/vectors.h"
#include "tests/unit/rpc/ledger_fixture.h"

namespace cairn::rpc {
namespace {

using testing::StartsWith;

class BlockStatsTest : public LedgerMethodsTest {
 protected:
  /// Brings the chain of Bitcoin Core's own test into the ledger.
  void SubmitVectors() {
    vectors_ = ParseOrFail(test::ReadText(test::VectorPath("rpc/rpc_getblockstats.json")));
    world_.clock.SetMock(*vectors_.Find("mocktime")->AsInt());
    const auto& blocks = vectors_.Find("blocks")->Items();
    ASSERT_EQ(blocks.size(), 104u);
    EXPECT_EQ(blocks[0].Text(), ToHex(world_.params.genesis_block));
    for (size_t height = 1; height < blocks.size(); ++height) {
      ASSERT_EQ(Call("submitblock", "[" + blocks[height].ToString() + "]"), "null") << height;
    }
  }

  const std::vector<json::Value>& Expected() const { return vectors_.Find("stats")->Items(); }

  json::Value vectors_;
};

TEST_F(BlockStatsTest, VectorsByHeightAndByHash) {
  CAIRN_NEED_VECTORS();
  SubmitVectors();
  ASSERT_EQ(Expected().size(), 3u);
  for (const json::Value& expected : Expected()) {
    const json::Value stats =
        CallJson("getblockstats", "[" + expected.Find("height")->Text() + "]");
    ASSERT_EQ(stats.Members().size(), expected.Members().size());
    for (const auto& [name, value] : expected.Members()) {
      ASSERT_NE(stats.Find(name), nullptr) << name;
      EXPECT_EQ(stats.Find(name)->ToString(), value.ToString()) << name;
    }
    EXPECT_EQ(Call("getblockstats", "[" + expected.Find("blockhash")->ToString() + "]"),
              stats.ToString());
  }
}

TEST_F(BlockStatsTest, EachStatisticAloneIsTheSame) {
  CAIRN_NEED_VECTORS();
  SubmitVectors();
  for (const json::Value& expected : Expected()) {
    for (const auto& [name, value] : expected.Members()) {
      std::string one = "{\"";
      one += name + "\":" + value.ToString() + "}";
      EXPECT_EQ(
          Call("getblockstats", "[" + expected.Find("height")->Text() + ",[\"" + name + "\"]]"),
          one);
    }
  }
  EXPECT_EQ(Call("getblockstats", R"([101,["txs","height","txs"]])"), R"({"height":101,"txs":1})");
  EXPECT_EQ(Call("getblockstats", "[101,[]]"), Call("getblockstats", "[101]"));
}

TEST_F(BlockStatsTest, GenesisAddsNothingToTheUnspentOutputs) {
  const json::Value stats = CallJson("getblockstats", "[0]");
  EXPECT_EQ(stats.Find("utxo_increase")->Text(), "1");
  EXPECT_EQ(stats.Find("utxo_increase_actual")->Text(), "0");
  EXPECT_EQ(stats.Find("utxo_size_inc")->Text(), "117");
  EXPECT_EQ(stats.Find("utxo_size_inc_actual")->Text(), "0");
  EXPECT_EQ(stats.Find("subsidy")->Text(), "5000000000");
  EXPECT_EQ(stats.Find("feerate_percentiles")->ToString(), "[0,0,0,0,0]");
}

TEST_F(BlockStatsTest, BadRequests) {
  EXPECT_EQ(Call("getblockstats", "[-1]"), "-8 Target block height -1 is negative");
  EXPECT_EQ(Call("getblockstats", "[1]"), "-8 Target block height 1 after current tip 0");
  EXPECT_EQ(Call("getblockstats", R"(["abc"])"),
            "-8 hash_or_height must be of length 64 (not 3, for 'abc')");
  EXPECT_EQ(Call("getblockstats", "[" + Quoted(std::string(64, '0')) + "]"), "-5 Block not found");
  EXPECT_EQ(Call("getblockstats", "[true]"),
            "-3 JSON value of type bool is not of expected type string");
  EXPECT_EQ(Call("getblockstats", R"([0,["asdfghjkl"]])"),
            "-8 Invalid selected statistic 'asdfghjkl'");
  EXPECT_EQ(Call("getblockstats", R"([0,["txs","b","a"]])"), "-8 Invalid selected statistic 'a'");
  EXPECT_EQ(Call("getblockstats", "[0,[1]]"),
            "-3 JSON value of type number is not of expected type string");
  EXPECT_THAT(Call("getblockstats", R"([0,"txs"])"), StartsWith("-3 Wrong type passed"));
  EXPECT_THAT(Call("getblockstats", "[]"), StartsWith("-1 getblockstats"));
  EXPECT_THAT(Call("getblockstats", "[0,[],1]"), StartsWith("-1 getblockstats"));
}

TEST_F(BlockStatsTest, ABlockThatWasNeverConnectedHasNone) {
  const auto base = test::MakeChain(world_.params, test::Place::Genesis(world_.params), 101);
  Submit(base);
  test::BlockPlan plan;
  plan.transactions = {
      test::MakeSpend(test::OutputOf(base[0].block->transactions()[0]), 49 * kCoin)};
  plan.fees = kCoin;
  const auto first = test::MakeBlock(world_.params, base.back().place);
  Submit({&first, 1});
  const auto side = test::MakeBlock(world_.params, base.back().place, plan);
  ASSERT_EQ(world_.ledger->SubmitBlock(side.block).get().outcome, ledger::BlockOutcome::kStored);
  EXPECT_EQ(Call("getblockstats", "[" + Quoted(side.block->hash().ToString()) + "]"),
            "-1 Undo data not available");
  const auto next = test::MakeBlock(world_.params, side.place);
  Submit({&next, 1});
  const json::Value stats =
      CallJson("getblockstats", "[" + Quoted(side.block->hash().ToString()) + "]");
  EXPECT_EQ(stats.Find("totalfee")->Text(), "100000000");
}

TEST_F(LedgerMethodsTest, ChainTxStats) {
  EXPECT_EQ(Call("getchaintxstats"),
            "{\"time\":1296688602,\"txcount\":1,\"window_final_block_hash\":\"" + world_.Tip() +
                "\",\"window_final_block_height\":0,\"window_block_count\":0}");
  world_.clock.SetMock(1'700'000'000);
  const std::vector<std::string> hashes = Generate(20);
  world_.clock.SetMock(1'700'001'000);
  Generate(20);
  const json::Value stats = CallJson("getchaintxstats");
  EXPECT_EQ(stats.Find("txcount")->Text(), "41");
  EXPECT_EQ(stats.Find("window_final_block_height")->Text(), "40");
  EXPECT_EQ(stats.Find("window_block_count")->Text(), "39");
  EXPECT_EQ(stats.Find("window_tx_count")->Text(), "39");
  const json::Value window = CallJson("getchaintxstats", "[20]");
  EXPECT_EQ(window.Find("window_tx_count")->Text(), "20");
  const int64_t seconds = *window.Find("window_interval")->AsInt();
  EXPECT_NEAR(*window.Find("txrate")->AsDouble(), 20.0 / static_cast<double>(seconds), 1e-12);
  const json::Value early = CallJson("getchaintxstats", "[9," + Quoted(hashes[9]) + "]");
  EXPECT_EQ(early.Find("txcount")->Text(), "11");
  EXPECT_EQ(early.Find("window_final_block_hash")->Text(), hashes[9]);
  const json::Value none = CallJson("getchaintxstats", "[0]");
  EXPECT_EQ(none.Find("window_interval"), nullptr);
  EXPECT_EQ(none.Find("txrate"), nullptr);
}

TEST_F(LedgerMethodsTest, ChainTxStatsKnowsItsBounds) {
  Generate(5);
  const char* wrong = "-8 Invalid block count: should be between 0 and the block's height - 1";
  EXPECT_EQ(Call("getchaintxstats", "[-1]"), wrong);
  EXPECT_EQ(Call("getchaintxstats", "[5]"), wrong);
  EXPECT_EQ(CallJson("getchaintxstats", "[4]").Find("window_block_count")->Text(), "4");
  EXPECT_EQ(Call("getchaintxstats", R"([null,"0"])"),
            "-8 blockhash must be of length 64 (not 1, for '0')");
  EXPECT_EQ(Call("getchaintxstats", "[null," + Quoted(std::string(64, '0')) + "]"),
            "-5 Block not found");
  const auto side = test::MakeBlock(world_.params, test::Place::Genesis(world_.params));
  ASSERT_EQ(world_.ledger->SubmitBlock(side.block).get().outcome, ledger::BlockOutcome::kStored);
  EXPECT_EQ(Call("getchaintxstats", "[null," + Quoted(side.block->hash().ToString()) + "]"),
            "-8 Block is not in main chain");
}

}  // namespace
}  // namespace cairn::rpc
