// gettxoutsetinfo and scantxoutset.
#include <future>
#include <thread>

#include <gmock/gmock.h>

#include "cairn/base/hex.h"
#include "cairn/crypto/muhash.h"
#include "cairn/primitives/descriptor.h"
#include "tests/unit/rpc/indexed_fixture.h"

namespace cairn::rpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class CoinSetTest : public IndexedTest {
 protected:
  explicit CoinSetTest(ledger::IndexOptions indexes = {}) : IndexedTest(indexes) {
    GrowRandomChain(130);
  }

  const std::map<OutPoint, test::ModelCoin>& coins() const { return chain_.coins(); }

  Amount TotalAmount() const {
    Amount total = 0;
    for (const auto& [outpoint, coin] : coins()) total += coin.value;
    return total;
  }
  std::string MuHashOfAll() const {
    crypto::MuHash set;
    for (const auto& [outpoint, coin] : coins()) {
      Bytes element;
      ledger::AppendHashedCoin(element, outpoint,
                               {coin.value, coin.height, coin.coinbase, coin.script});
      set.Insert(element);
    }
    return HashToText(set.Finalize());
  }
};

TEST_F(CoinSetTest, CountsTheWholeSet) {
  const json::Value info = CallJson("gettxoutsetinfo");
  EXPECT_EQ(info.Find("height")->Text(), "130");
  EXPECT_EQ(info.Find("bestblock")->Text(), world_.Tip());
  EXPECT_EQ(info.Find("txouts")->Text(), std::to_string(coins().size()));
  EXPECT_EQ(info.Find("total_amount")->Text(), FormatAmount(TotalAmount()));
  EXPECT_EQ(info.Find("hash_serialized_3")->Text().size(), 64u);
  std::vector<std::string> names;
  for (const auto& [name, value] : info.Members()) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("height", "bestblock", "txouts", "bogosize", "hash_serialized_3",
                                 "total_amount", "transactions", "disk_size"));
}

TEST_F(CoinSetTest, HashesAsAsked) {
  const json::Value info = CallJson("gettxoutsetinfo", R"(["muhash"])");
  EXPECT_EQ(info.Find("muhash")->Text(), MuHashOfAll());
  EXPECT_EQ(info.Find("hash_serialized_3"), nullptr);
  const json::Value none = CallJson("gettxoutsetinfo", R"(["none"])");
  EXPECT_EQ(none.Find("muhash"), nullptr);
  EXPECT_EQ(none.Find("hash_serialized_3"), nullptr);
  EXPECT_EQ(none.Find("transactions")->Text(), info.Find("transactions")->Text());
  EXPECT_EQ(Call("gettxoutsetinfo", R"(["foo"])"), "-8 'foo' is not a valid hash_type");
}

TEST_F(CoinSetTest, OtherBlocksNeedTheIndex) {
  EXPECT_EQ(Call("gettxoutsetinfo", R"(["muhash",100])"),
            "-8 Querying specific block heights requires coinstatsindex");
}

TEST_F(CoinSetTest, FailuresAreTold) {
  proxy_->snapshot_coins = []() -> Result<ledger::CoinSet> {
    return Fail(ErrorCode::kCorruption, "a coin is damaged");
  };
  EXPECT_EQ(Call("gettxoutsetinfo"), "-32603 Unable to read UTXO set: a coin is damaged");
  EXPECT_EQ(Call("scantxoutset", R"j(["start",["raw(51)"]])j"),
            "-32603 Unable to read UTXO set: a coin is damaged");
}

TEST_F(CoinSetTest, EndsWhenTheNodeStops) {
  stopping_ = true;
  EXPECT_EQ(Call("gettxoutsetinfo"), "-9 Shutting down");
  EXPECT_EQ(Call("scantxoutset", R"j(["start",["raw(51)"]])j"), "-9 Shutting down");
}

class IndexedCoinSetTest : public CoinSetTest {
 protected:
  IndexedCoinSetTest() : CoinSetTest({.coin_stats = true}) {}
};

TEST_F(IndexedCoinSetTest, TheIndexAndTheSetAgree) {
  const json::Value indexed = CallJson("gettxoutsetinfo", R"(["muhash"])");
  const json::Value counted = CallJson("gettxoutsetinfo", R"(["muhash",null,false])");
  for (const char* name : {"height", "bestblock", "txouts", "bogosize", "muhash", "total_amount"}) {
    EXPECT_EQ(indexed.Find(name)->Text(), counted.Find(name)->Text()) << name;
  }
  EXPECT_EQ(indexed.Find("disk_size"), nullptr);
  EXPECT_EQ(indexed.Find("transactions"), nullptr);
  EXPECT_EQ(counted.Find("block_info"), nullptr);
  EXPECT_NE(CallJson("gettxoutsetinfo").Find("disk_size"), nullptr);  // this hash is not indexed
  std::vector<std::string> names;
  for (const auto& [name, value] : indexed.Members()) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("height", "bestblock", "txouts", "bogosize", "muhash",
                                 "total_amount", "total_unspendable_amount", "block_info"));
}

TEST_F(IndexedCoinSetTest, EveryBlockCanBeAskedFor) {
  const json::Value genesis = CallJson("gettxoutsetinfo", R"(["none",0])");
  EXPECT_EQ(genesis.Find("txouts")->Text(), "0");
  EXPECT_EQ(genesis.Find("total_unspendable_amount")->Text(), "50.00000000");
  EXPECT_EQ(genesis.Find("block_info")->ToString(),
            R"({"prevout_spent":0.00000000,"coinbase":0.00000000,)"
            R"("new_outputs_ex_coinbase":0.00000000,"unspendable":50.00000000,)"
            R"("unspendables":{"genesis_block":50.00000000,"bip30":0.00000000,)"
            R"("scripts":0.00000000,"unclaimed_rewards":0.00000000}})");
  const json::Value first = CallJson("gettxoutsetinfo", R"(["none",1])");
  EXPECT_EQ(first.Find("block_info")->Find("coinbase")->Text(), "50.00000000");
  EXPECT_EQ(first.Find("total_amount")->Text(), "50.00000000");
  EXPECT_EQ(first.ToString(),
            Call("gettxoutsetinfo", "[\"none\"," + Quoted(At(1).hash.ToString()) + "]"));
  const json::Value last = CallJson("gettxoutsetinfo", R"(["muhash",130])");
  EXPECT_EQ(last.Find("muhash")->Text(), MuHashOfAll());
  EXPECT_EQ(last.ToString(), Call("gettxoutsetinfo", R"(["muhash"])"));
}

TEST_F(IndexedCoinSetTest, BadRequests) {
  EXPECT_EQ(Call("gettxoutsetinfo", "[null,100]"),
            "-8 hash_serialized_3 hash type cannot be queried for a specific block");
  EXPECT_EQ(Call("gettxoutsetinfo", R"(["muhash",100,false])"),
            "-8 Cannot set use_index to false when querying for a specific block");
  EXPECT_EQ(Call("gettxoutsetinfo", R"(["muhash",131])"),
            "-8 Target block height 131 after current tip 130");
  EXPECT_EQ(Call("gettxoutsetinfo", R"(["muhash",-1])"), "-8 Target block height -1 is negative");
  EXPECT_EQ(Call("gettxoutsetinfo", R"(["none","00"])"),
            "-8 hash_or_height must be of length 64 (not 2, for '00')");
}

TEST_F(IndexedCoinSetTest, AnIndexThatIsBeingBuilt) {
  IndexProxy& index = Disguise("coinstatsindex");
  index.SetBuilding(120);
  EXPECT_EQ(CallJson("gettxoutsetinfo", R"(["muhash",120])").Find("height")->Text(), "120");
  EXPECT_EQ(Call("gettxoutsetinfo", R"(["muhash"])"),
            "-32603 Unable to get data because coinstatsindex is still syncing. Current height: "
            "120");
  index.Forget();
  EXPECT_EQ(Call("gettxoutsetinfo", R"(["muhash",7])"), "-32603 Unable to read UTXO set");
}

TEST_F(CoinSetTest, ScanFindsWhatDescriptorsSay) {
  const json::Value found = CallJson("scantxoutset", R"j(["start",["raw(51)"]])j");
  EXPECT_TRUE(found.Find("success")->AsBool());
  EXPECT_EQ(found.Find("txouts")->Text(), std::to_string(coins().size()));
  EXPECT_EQ(found.Find("height")->Text(), "130");
  EXPECT_EQ(found.Find("bestblock")->Text(), world_.Tip());
  const auto& unspents = found.Find("unspents")->Items();
  Amount total = 0;
  size_t expected = 0;
  for (const auto& [outpoint, coin] : coins()) {
    if (coin.script != Bytes{OP_1}) continue;
    ASSERT_LT(expected, unspents.size());
    const json::Value& entry = unspents[expected++];
    EXPECT_EQ(entry.Find("txid")->Text(), outpoint.txid.ToString());
    EXPECT_EQ(entry.Find("vout")->Text(), std::to_string(outpoint.index));
    EXPECT_EQ(entry.Find("scriptPubKey")->Text(), "51");
    EXPECT_EQ(entry.Find("desc")->Text(), WithChecksum("raw(51)"));
    EXPECT_EQ(entry.Find("amount")->Text(), FormatAmount(coin.value));
    EXPECT_EQ(entry.Find("coinbase")->AsBool(), coin.coinbase);
    EXPECT_EQ(entry.Find("height")->Text(), std::to_string(coin.height));
    EXPECT_EQ(entry.Find("blockhash")->Text(), At(coin.height).hash.ToString());
    EXPECT_EQ(entry.Find("confirmations")->Text(), std::to_string(131 - coin.height));
    total += coin.value;
  }
  EXPECT_GT(expected, 10u);
  EXPECT_EQ(expected, unspents.size());
  EXPECT_EQ(found.Find("total_amount")->Text(), FormatAmount(total));
}

TEST_F(CoinSetTest, ScanOfSeveralObjects) {
  const json::Value none = CallJson("scantxoutset", R"j(["start",["raw(5151)"]])j");
  EXPECT_EQ(none.Find("unspents")->ToString(), "[]");
  EXPECT_EQ(none.Find("total_amount")->Text(), "0.00000000");
  const auto count = [this](const std::string& objects) {
    const json::Value found = CallJson("scantxoutset", "[\"start\",[" + objects + "]]");
    return found.Find("unspents")->Items().size();
  };
  size_t other = 0;
  for (const auto& [outpoint, coin] : coins()) other += coin.script == Bytes{0, OP_DROP, OP_1};
  const size_t anyone = count(R"j("raw(51)")j");
  EXPECT_EQ(count(R"j("raw(007551)")j"), other);
  EXPECT_EQ(count(R"j({"desc":"raw(51)","range":[0,5]},"raw(007551)","raw(51)")j"), anyone + other);
}

TEST_F(CoinSetTest, ScanDerivesKeys) {
  const std::string tpub =
      "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76u"
      "ZPStJRJCTKvosUCJZL5B";
  const std::string text = "combo([01020304/5h]" + tpub + "/*)";
  const Descriptor descriptor = Descriptor::Parse(text, world_.params.prefixes)->front();
  constexpr size_t kWitness = 2;  // the place of wpkh in combo()
  const Bytes script = (*descriptor.Scripts(7))[kWitness];
  test::BlockPlan plan;
  plan.edit_coinbase = [&](TransactionDraft& draft) { draft.outputs.push_back({0, script}); };
  const auto made = test::MakeBlock(world_.params, chain_.tip(), plan);
  Submit({&made, 1});
  const auto scan = [&](const std::string& range) {
    const json::Value found =
        CallJson("scantxoutset", R"(["start",[{"desc":")" + text + R"(","range":)" + range + "}]]");
    std::string descriptors;
    for (const json::Value& unspent : found.Find("unspents")->Items()) {
      descriptors += unspent.Find("desc")->Text();
    }
    return descriptors;
  };
  const std::string expected = (*descriptor.ScriptDescriptors(7))[kWitness];
  EXPECT_THAT(expected, StartsWith("wpkh([01020304/5h/7]0"));
  EXPECT_EQ(scan("7"), expected);
  EXPECT_EQ(scan("[7,7]"), expected);
  EXPECT_EQ(scan("6"), "");
  EXPECT_EQ(scan("[8,9]"), "");
  EXPECT_EQ(Call("scantxoutset", R"(["start",["pkh()" + tpub + R"j(/1h)"]])j"),
            "-5 Cannot derive script without private keys: 'pkh(" + tpub + "/1h)'");
}

TEST_F(CoinSetTest, ScanRefusesBadRequests) {
  const auto start = [this](const std::string& objects) {
    return Call("scantxoutset", "[\"start\",[" + objects + "]]");
  };
  EXPECT_EQ(Call("scantxoutset", R"(["foo"])"), "-8 Invalid action 'foo'");
  EXPECT_EQ(Call("scantxoutset", R"(["start"])"),
            "-1 scanobjects argument is required for the start action");
  EXPECT_EQ(start("1"), "-8 Scan object needs to be either a string or an object");
  EXPECT_EQ(start("{}"), "-8 Descriptor needs to be provided in scan object");
  EXPECT_EQ(start(R"({"desc":1})"), "-3 JSON value of type number is not of expected type string");
  EXPECT_EQ(start(R"j("foo(51)")j"), "-5 'foo(51)' is not a valid descriptor function");
  EXPECT_THAT(start(R"j("raw(51)#aaaaaaaa")j"), HasSubstr("does not match computed checksum"));
  const auto range = [&](const std::string& text) {
    return start(R"j({"desc":"raw(51)","range":)j" + text + "}");
  };
  EXPECT_EQ(range("-1"), "-8 Range should be greater or equal than 0");
  EXPECT_EQ(range("[2,1]"), "-8 Range specified as [begin,end] must not have begin after end");
  EXPECT_EQ(range("[-1,1]"), "-8 Range should be greater or equal than 0");
  EXPECT_EQ(range("2147483648"), "-8 End of range is too high");
  EXPECT_EQ(range("1000000"), "-8 Range is too large");
  EXPECT_EQ(range("[1]"), "-8 Range must be specified as end or as [begin,end]");
  EXPECT_THAT(range("999999"), StartsWith("{"));
  EXPECT_EQ(Call("scantxoutset", R"(["status"])"), "null");
}

TEST_F(CoinSetTest, StatusAndAbortOfAScan) {
  // More coins than are looked at before the scan asks whether it should go on.
  test::BlockPlan plan;
  plan.edit_coinbase = [](TransactionDraft& draft) { draft.outputs.resize(9000, {0, {OP_1}}); };
  const auto made = test::MakeBlock(world_.params, chain_.tip(), plan);
  Submit({&made, 1});
  std::atomic<bool> begun{false};
  std::atomic<bool> go_on{false};
  proxy_->snapshot_coins = [&] {
    begun = true;
    while (!go_on) std::this_thread::yield();
    return world_.ledger->SnapshotCoins();
  };
  EXPECT_EQ(Call("scantxoutset", R"(["status"])"), "null");
  EXPECT_EQ(Call("scantxoutset", R"(["abort"])"), "false");
  auto answer = std::async(std::launch::async,
                           [this] { return Call("scantxoutset", R"j(["start",["raw(51)"]])j"); });
  while (!begun) std::this_thread::yield();
  EXPECT_EQ(Call("scantxoutset", R"(["status"])"), R"({"progress":0})");
  EXPECT_EQ(Call("scantxoutset", R"j(["start",["raw(51)"]])j"),
            "-8 Scan already in progress, use action \"abort\" or \"status\"");
  EXPECT_EQ(Call("scantxoutset", R"(["abort"])"), "true");
  go_on = true;
  const json::Value result = ParseOrFail(answer.get());
  EXPECT_FALSE(result.Find("success")->AsBool());
  EXPECT_EQ(result.Find("txouts")->Text(), "8192");
  EXPECT_EQ(Call("scantxoutset", R"(["status"])"), "null");
  EXPECT_EQ(Call("scantxoutset", R"(["abort"])"), "false");
  EXPECT_TRUE(CallJson("scantxoutset", R"j(["start",["raw(51)"]])j").Find("success")->AsBool());
}

}  // namespace
}  // namespace cairn::rpc
