// getblocktemplate: what a template says, and how proposals are judged.
#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <thread>

#include <gmock/gmock.h>

#include "cairn/base/hex.h"
#include "tests/unit/rpc/ledger_fixture.h"

namespace cairn::rpc {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kSegwit = R"([{"rules":["segwit"]}])";

class BlockTemplateTest : public PoolMethodsTest {
 protected:
  /// Puts a transaction into the pool that pays a fee of 1000.
  TransactionPtr Enter(const OutPoint& prevout, Amount value) {
    TransactionPtr tx = Spend(prevout, value);
    EXPECT_EQ(Send(tx), Id(tx));
    return tx;
  }

  test::Place TipPlace() { return test::Place::Of(world_.ledger->View()->tip); }

  std::string Propose(const Block& block) {
    return Call("getblocktemplate",
                R"([{"mode":"proposal","data":")" + ToHex(block.bytes()) + R"("}])");
  }

  /// A block that takes more than there is.
  test::MadeBlock Greedy(const test::Place& parent) const {
    test::BlockPlan plan;
    plan.fees = 1;
    return test::MakeBlock(world_.params, parent, plan);
  }
};

TEST_F(BlockTemplateTest, TellsAllThatAMinerNeeds) {
  const TransactionPtr parent =
      Enter(test::OutputOf(base_[0].block->transactions()[0]), 50 * kCoin - 1000);
  const TransactionPtr child = Enter(test::OutputOf(*parent), 50 * kCoin - 2000);
  const json::Value job = CallJson("getblocktemplate", kSegwit);
  const auto text = [&job](const char* name) { return job.Find(name)->ToString(); };
  EXPECT_EQ(text("capabilities"), R"(["proposal"])");
  EXPECT_EQ(text("version"), "536870912");
  EXPECT_EQ(text("rules"), R"(["csv","!segwit","taproot"])");
  EXPECT_EQ(text("vbavailable"), "{}");
  EXPECT_EQ(text("vbrequired"), "0");
  EXPECT_EQ(text("previousblockhash"), Quoted(world_.Tip()));
  EXPECT_EQ(text("coinbaseaux"), "{}");
  EXPECT_EQ(text("coinbasevalue"), "5000002000");
  EXPECT_EQ(text("target"), Quoted("7fffff" + std::string(58, '0')));
  EXPECT_EQ(text("mintime"), std::to_string(world_.ledger->View()->tip->median_time + 1));
  EXPECT_EQ(text("mutable"), R"(["time","transactions","prevblock"])");
  EXPECT_EQ(text("noncerange"), R"("00000000ffffffff")");
  EXPECT_EQ(text("sigoplimit"), "80000");
  EXPECT_EQ(text("sizelimit"), "4000000");
  EXPECT_EQ(text("weightlimit"), "4000000");
  EXPECT_EQ(text("bits"), R"("207fffff")");
  EXPECT_EQ(text("height"), "103");
  EXPECT_THAT(text("longpollid"), StartsWith("\"" + world_.Tip()));
  EXPECT_THAT(text("default_witness_commitment"), StartsWith("\"6a24aa21a9ed"));
  EXPECT_EQ(job.Find("signet_challenge"), nullptr);

  const auto row = [](const TransactionPtr& tx, const std::string& depends) {
    return R"({"data":")" + ToHex(tx->bytes) + R"(","txid":")" + tx->txid.ToString() +
           R"(","hash":")" + tx->wtxid.ToString() + R"(","depends":[)" + depends +
           R"(],"fee":1000,"sigops":0,"weight":)" + std::to_string(tx->Weight()) + "}";
  };
  EXPECT_EQ(text("transactions"), "[" + row(parent, "") + "," + row(child, "1") + "]");
}

TEST_F(BlockTemplateTest, TellsWhatIsVotedOn) {
  Submit(test::MakeChain(world_.params, TipPlace(), 143 - world_.Height()));
  const json::Value job = CallJson("getblocktemplate", kSegwit);
  EXPECT_EQ(job.Find("vbavailable")->ToString(), R"({"testdummy":28})");
  EXPECT_EQ(job.Find("version")->ToString(), std::to_string(0x30000000));
}

TEST_F(BlockTemplateTest, JudgesProposals) {
  EXPECT_EQ(Propose(*test::MakeBlock(world_.params, TipPlace()).block), "null");
  EXPECT_EQ(Propose(*base_.back().block), R"("duplicate")");
  EXPECT_EQ(Propose(*Greedy(test::Place::Genesis(world_.params)).block),
            R"("inconclusive-not-best-prevblk")");
  EXPECT_EQ(Propose(*Greedy(TipPlace()).block), R"("bad-cb-amount")");

  struct Case {
    const char* reason;
    std::function<void(Header&)> edit;
  };
  const uint32_t median = world_.ledger->View()->tip->median_time;
  const Case cases[] = {
      {"bad-txnmrklroot", [](Header& header) { header.merkle_root.bytes[0] ^= 1; }},
      {"bad-diffbits", [](Header& header) { header.bits = 0x1d00ffff; }},
      {"time-too-old", [median](Header& header) { header.time = median; }},
      {"time-too-new", [](Header& header) { header.time = 0xffffffff; }},
      {"bad-version(0x00000001)", [](Header& header) { header.version = 1; }},
  };
  const BlockPtr good = test::MakeBlock(world_.params, TipPlace()).block;
  for (const Case& spoiled : cases) {
    Header header = good->header();
    spoiled.edit(header);
    Bytes raw(good->bytes().begin(), good->bytes().end());
    const auto serialized = header.Serialize();
    std::copy(serialized.begin(), serialized.end(), raw.begin());
    EXPECT_EQ(Propose(**Block::Parse(std::move(raw))), Quoted(spoiled.reason));
  }
}

TEST_F(BlockTemplateTest, KnowsBlocksThatAreNotConnected) {
  const test::MadeBlock bad = Greedy(TipPlace());
  EXPECT_EQ(world_.ledger->SubmitBlock(bad.block).get().outcome, ledger::BlockOutcome::kRejected);
  EXPECT_EQ(Propose(*bad.block), R"("duplicate-invalid")");
  const test::MadeBlock next = test::MakeBlock(world_.params, TipPlace());
  world_.ledger->SubmitHeaders({next.block->header()});
  EXPECT_EQ(Propose(*next.block), R"("duplicate-inconclusive")");
}

TEST_F(BlockTemplateTest, RefusesBadRequests) {
  const char* no_segwit =
      "-8 getblocktemplate must be called with the segwit rule set (call with {\"rules\": "
      "[\"segwit\"]})";
  for (const char* params : {"[]", "[{}]", R"([{"rules":["csv"]}])", R"([{"mode":"template"}])"}) {
    EXPECT_EQ(Call("getblocktemplate", params), no_segwit) << params;
  }
  EXPECT_EQ(Call("getblocktemplate", R"([{"mode":"wish"}])"), "-8 Invalid mode");
  EXPECT_EQ(Call("getblocktemplate", R"([{"mode":1}])"), "-8 Invalid mode");
  EXPECT_EQ(Call("getblocktemplate", R"([{"mode":"proposal"}])"),
            "-3 Missing data String key for proposal");
  for (const char* data : {"xx", "00", ""}) {
    EXPECT_EQ(
        Call("getblocktemplate", R"([{"mode":"proposal","data":")" + std::string(data) + R"("}])"),
        "-22 Block decode failed");
  }
  EXPECT_THAT(Call("getblocktemplate", R"([{"rules":["segwit"],"longpollid":"00"}])"),
              HasSubstr("-8 longpollid must be of length 64"));
}

TEST_F(BlockTemplateTest, WaitsForAnotherTip) {
  const std::string seen = world_.Tip() + "0";
  const std::string params = R"([{"rules":["segwit"],"longpollid":")" + seen + R"("}])";
  const auto start = [&] {
    return std::async(std::launch::async, [&] { return Call("getblocktemplate", params); });
  };
  auto first = start();
  auto second = start();
  while (dispatcher_.ActiveCalls().size() < 2) std::this_thread::yield();
  EXPECT_EQ(first.wait_for(std::chrono::milliseconds(150)), std::future_status::timeout);
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(0)), std::future_status::timeout);
  EXPECT_THAT(Call("getblocktemplate", params), HasSubstr(world_.Tip()));  // one too many
  Submit(test::MakeChain(world_.params, TipPlace(), 1));
  EXPECT_THAT(first.get(), HasSubstr("\"longpollid\":\"" + world_.Tip()));
  EXPECT_THAT(second.get(), HasSubstr("\"height\":104"));
  EXPECT_THAT(Call("getblocktemplate", params), HasSubstr(world_.Tip()));  // news already
}

TEST_F(BlockTemplateTest, WaitingEndsWhenTheNodeStops) {
  const std::string params = R"([{"rules":["segwit"],"longpollid":")" + world_.Tip() + R"(0"}])";
  stopping_ = true;
  EXPECT_EQ(Call("getblocktemplate", params), "-9 Shutting down");
}

class SignetTemplateTest : public LedgerMethodsTest {
 protected:
  SignetTemplateTest() : LedgerMethodsTest("signet") {}
};

TEST_F(SignetTemplateTest, NeedsTheSignetRule) {
  EXPECT_EQ(Call("getblocktemplate", kSegwit),
            "-8 getblocktemplate must be called with the signet rule set (call with {\"rules\": "
            "[\"segwit\", \"signet\"]})");
  const json::Value job = CallJson("getblocktemplate", R"([{"rules":["segwit","signet"]}])");
  EXPECT_EQ(job.Find("signet_challenge")->ToString(),
            Quoted(ToHex(*world_.params.signet_challenge)));
  EXPECT_THAT(job.Find("rules")->ToString(), HasSubstr("\"!signet\""));
}

class MainTemplateTest : public LedgerMethodsTest {
 protected:
  MainTemplateTest() : LedgerMethodsTest("main") {}
};

TEST_F(MainTemplateTest, NeedsPeers) {
  EXPECT_THAT(Call("getblocktemplate", kSegwit), StartsWith("-31 "));
}

}  // namespace
}  // namespace cairn::rpc
