// The methods of the mempool.
#include <gmock/gmock.h>

#include "cairn/base/hex.h"
#include "tests/unit/rpc/ledger_fixture.h"

namespace cairn::rpc {
namespace {

using testing::HasSubstr;

class MempoolMethodsTest : public PoolMethodsTest {
 protected:
  MempoolMethodsTest() {
    first_ = Spend(test::OutputOf(base_[0].block->transactions()[0]), 50 * kCoin - 1000);
    second_ = Spend(test::OutputOf(*first_), 50 * kCoin - 2000);
  }

  TransactionPtr first_;
  TransactionPtr second_;
};

TEST_F(MempoolMethodsTest, Prioritises) {
  EXPECT_EQ(Call("getprioritisedtransactions"), "{}");
  EXPECT_EQ(Call("prioritisetransaction", "[" + Id(first_) + ",0,500]"), "true");
  EXPECT_EQ(Call("prioritisetransaction", "[" + Id(first_) + ",null,-50]"), "true");
  EXPECT_EQ(Call("prioritisetransaction", "[" + Id(first_) + ",0.0,-50]"), "true");
  EXPECT_EQ(Call("getprioritisedtransactions"),
            "{" + Id(first_) + R"(:{"fee_delta":400,"in_mempool":false}})");
  Send(first_);
  EXPECT_EQ(Call("getprioritisedtransactions"),
            "{" + Id(first_) + R"(:{"fee_delta":400,"in_mempool":true,"modified_fee":1400}})");
  EXPECT_EQ(Call("prioritisetransaction", "[" + Id(first_) + ",0,-400]"), "true");
  EXPECT_EQ(Call("getprioritisedtransactions"), "{}");
  for (int i = 0; i < 3; ++i) {
    Call("prioritisetransaction", "[" + Id(first_) + ",0,9223372036854775807]");
  }
  EXPECT_EQ(Call("getprioritisedtransactions"),
            "{" + Id(first_) + R"(:{"fee_delta":21000000000000,"in_mempool":true,)" +
                R"("modified_fee":21000000001000}})");
  EXPECT_THAT(Call("prioritisetransaction", "[" + Id(first_) + ",0.5,5]"),
              HasSubstr("-8 Priority is no longer supported"));
  EXPECT_THAT(Call("prioritisetransaction", "[" + Id(first_) + ",1,5]"),
              HasSubstr("-8 Priority is no longer supported"));
  EXPECT_THAT(Call("prioritisetransaction", "[" + Id(first_) + ",0]"), HasSubstr("-1 "));
}

TEST_F(MempoolMethodsTest, EstimatesFees) {
  EXPECT_EQ(Call("estimatesmartfee", "[6]"),
            R"({"errors":["Insufficient data or no feerate found"],"blocks":0})");
  mempool::FeeEstimator& fees = pool_->Fees();
  Txid txid;
  fees.BlockCame(1000, {});
  for (int height = 1000; height < 1060; ++height) {
    std::vector<Txid> taken;
    for (int i = 0; i < 5; ++i) {
      ++txid.bytes[static_cast<size_t>(i)];
      fees.Entered(txid, height, mempool::FeeRate(20'000));
      taken.push_back(txid);
    }
    fees.BlockCame(height + 1, taken);
  }
  EXPECT_EQ(Call("estimatesmartfee", R"([6,"Conservative"])"),
            R"({"feerate":0.00020000,"blocks":6})");
  EXPECT_EQ(Call("estimatesmartfee", "[1008]"), R"({"feerate":0.00020000,"blocks":29})");
  const json::Value raw = CallJson("estimaterawfee", "[6]");
  EXPECT_EQ(raw.Find("short")->Find("feerate")->Text(), "0.00020000");
  EXPECT_EQ(raw.Find("long")->Find("scale")->AsInt(), 24);
  EXPECT_EQ(CallJson("estimaterawfee", "[40]").Find("short"), nullptr);
  EXPECT_EQ(Call("estimatesmartfee", "[0]"), "-8 Invalid conf_target, must be between 1 and 1008");
  EXPECT_THAT(Call("estimatesmartfee", R"([6,"cheap"])"),
              HasSubstr("-8 Invalid estimate_mode parameter, must be one of"));
  EXPECT_EQ(Call("estimaterawfee", "[6,1.5]"), "-8 Invalid threshold");
}

TEST_F(MempoolMethodsTest, SavesAndLoads) {
  context_.pool_file = world_.folder / "mempool.dat";
  EXPECT_EQ(Send(first_), Id(first_));
  EXPECT_FALSE(CallJson("getmempoolinfo").Find("loaded")->AsBool());
  EXPECT_EQ(Call("savemempool"), "-1 The mempool was not loaded yet");
  pool_->SetLoaded();
  EXPECT_TRUE(CallJson("getmempoolinfo").Find("loaded")->AsBool());
  const std::string file = Quoted(context_.pool_file.string());
  EXPECT_EQ(Call("savemempool"), "{\"filename\":" + file + "}");
  OpenPool();
  world_.clock.SetMock(world_.ledger->View()->tip->header.time + 1);
  EXPECT_EQ(Call("importmempool", "[" + file + R"(,{"apply_unbroadcast_set":true}])"), "{}");
  EXPECT_EQ(Call("getrawmempool"), "[" + Id(first_) + "]");
  EXPECT_TRUE(pool_->Entry(first_->txid)->unbroadcast);
  EXPECT_THAT(Call("importmempool", R"(["/none"])"),
              HasSubstr("-1 Unable to import mempool file: there is no /none"));
}

TEST_F(MempoolMethodsTest, RefusesToLoadDuringInitialBlockDownload) {
  world_.clock.SetMock(world_.ledger->View()->tip->header.time + 10 * 24 * 3600);
  EXPECT_THAT(Call("importmempool", R"(["/none"])"), HasSubstr("-10 Can only import"));
}

TEST_F(MempoolMethodsTest, SendsAndShows) {
  EXPECT_EQ(Send(second_), "-25 bad-txns-inputs-missingorspent");
  EXPECT_EQ(Send(first_), Id(first_));
  EXPECT_EQ(Send(first_), Id(first_));
  EXPECT_EQ(Send(second_), Id(second_));
  EXPECT_EQ(Call("getrawmempool"), "[" + Id(first_) + "," + Id(second_) + "]");
  EXPECT_EQ(Call("getrawmempool", "[false,true]"),
            "{\"txids\":[" + Id(first_) + "," + Id(second_) + "],\"mempool_sequence\":3}");
  EXPECT_EQ(Call("getrawmempool", "[true,true]"),
            "-8 Verbose results cannot contain mempool sequence values.");
  const json::Value all = CallJson("getrawmempool", "[true]");
  const json::Value* entry = all.Find(second_->txid.ToString());
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->ToString(), Call("getmempoolentry", "[" + Id(second_) + "]"));
  EXPECT_EQ(entry->Find("fees")->Find("base")->Text(), "0.00001000");
  EXPECT_EQ(entry->Find("fees")->Find("ancestor")->Text(), "0.00002000");
  EXPECT_EQ(entry->Find("depends")->ToString(), "[" + Id(first_) + "]");
  EXPECT_EQ(Call("getmempoolancestors", "[" + Id(second_) + "]"), "[" + Id(first_) + "]");
  EXPECT_EQ(Call("getmempooldescendants", "[" + Id(second_) + "]"), "[]");
  const json::Value info = CallJson("getmempoolinfo");
  EXPECT_EQ(info.Find("size")->Text(), "2");
  EXPECT_EQ(info.Find("total_fee")->Text(), "0.00002000");
  EXPECT_EQ(CallJson("getmininginfo").Find("pooledtx")->Text(), "2");
}

TEST_F(MempoolMethodsTest, MinesWhatItHolds) {
  Send(first_);
  Send(second_);
  const std::vector<std::string> hashes = Generate(1);
  const json::Value block = CallJson("getblock", "[" + Quoted(hashes[0]) + "]");
  ASSERT_EQ(block.Find("tx")->Items().size(), 3u);
  EXPECT_EQ(block.Find("tx")->Items()[1].ToString(), Id(first_));
  pool_->Synchronize();
  EXPECT_EQ(Call("getrawmempool"), "[]");
  EXPECT_EQ(Send(second_), "-27 Transaction outputs already in utxo set");
}

TEST_F(MempoolMethodsTest, FindsCoinsAboveTheTip) {
  Send(first_);
  const std::string spent =
      Id(TransactionPtr(base_[0].block, base_[0].block->transactions().data()));
  EXPECT_EQ(Call("gettxout", "[" + spent + ",0]"), "null");
  EXPECT_NE(Call("gettxout", "[" + spent + ",0,false]"), "null");
  EXPECT_EQ(CallJson("gettxout", "[" + Id(first_) + ",0]").Find("confirmations")->Text(), "0");
  EXPECT_EQ(Call("gettxout", "[" + Id(first_) + ",1]"), "null");
  EXPECT_EQ(Call("gettxout", "[" + Id(first_) + ",0,false]"), "null");
  EXPECT_EQ(Call("gettxspendingprevout", "[[{\"txid\":" + spent + ",\"vout\":0},{\"txid\":" +
                                             Id(first_) + ",\"vout\":0}]]"),
            "[{\"txid\":" + spent + ",\"vout\":0,\"spendingtxid\":" + Id(first_) +
                "},{\"txid\":" + Id(first_) + ",\"vout\":0}]");
  EXPECT_EQ(
      Call("gettxspendingprevout", "[[{\"txid\":" + spent + ",\"vout\":0,\"vin\":0,\"b\":0}]]"),
      "-3 Unexpected key vin");
  EXPECT_EQ(Call("gettxspendingprevout", R"([[{"txid":1,"vout":0}]])"),
            "-3 JSON value of type number for field txid is not of expected type string");
  EXPECT_EQ(Call("gettxspendingprevout", "[[{\"txid\":" + spent + ",\"vout\":\"0\"}]]"),
            "-3 JSON value of type string for field vout is not of expected type number");
  EXPECT_EQ(Call("gettxspendingprevout", "[[]]"), "-8 Invalid parameter, outputs are missing");
}

TEST_F(MempoolMethodsTest, TestsWithoutTakingIn) {
  const json::Value tested = CallJson("testmempoolaccept", "[[" + Raw(first_) + "]]").Items()[0];
  EXPECT_EQ(tested.Find("allowed")->ToString(), "true");
  EXPECT_EQ(tested.Find("fees")->Find("base")->Text(), "0.00001000");
  EXPECT_EQ(Call("getrawmempool"), "[]");
  const json::Value orphan = CallJson("testmempoolaccept", "[[" + Raw(second_) + "]]").Items()[0];
  EXPECT_EQ(orphan.Find("reject-reason")->Text(), "missing-inputs");
  EXPECT_THAT(Call("testmempoolaccept", R"([["00"]])"), HasSubstr("-22 TX decode failed: 00"));
  EXPECT_EQ(Call("testmempoolaccept", "[[]]"),
            "-8 Array must contain between 1 and 25 transactions.");
}

TEST_F(MempoolMethodsTest, TestsSeveralTogether) {
  const auto test = [this](const std::string& raws) {
    return CallJson("testmempoolaccept", "[[" + raws + "]]").Items();
  };
  const auto both = test(Raw(first_) + "," + Raw(second_));
  ASSERT_EQ(both.size(), 2u);
  for (const json::Value& one : both) EXPECT_EQ(one.Find("allowed")->ToString(), "true");
  EXPECT_EQ(Call("getrawmempool"), "[]");
  for (const json::Value& one : test(Raw(second_) + "," + Raw(first_))) {
    EXPECT_EQ(one.Find("package-error")->Text(), "package-not-sorted");
    EXPECT_EQ(one.Find("allowed"), nullptr);
  }
  Send(first_);
  const auto known = test(Raw(first_) + "," + Raw(second_));
  EXPECT_EQ(known[0].Find("reject-reason")->Text(), "txn-already-in-mempool");
  EXPECT_EQ(known[1].Find("allowed"), nullptr);
  EXPECT_EQ(known[1].Find("txid")->ToString(), Id(second_));
}

TEST_F(MempoolMethodsTest, RefusesAPackageThatPaysTooMuch) {
  const TransactionPtr dear = Spend(test::OutputOf(base_[1].block->transactions()[0]), 49 * kCoin);
  const TransactionPtr child = Spend(test::OutputOf(*dear), 49 * kCoin - 1000);
  const json::Value result = CallJson("submitpackage", "[[" + Raw(dear) + "," + Raw(child) + "]]");
  EXPECT_EQ(result.Find("package_msg")->Text(), "transaction failed");
  const json::Value* results = result.Find("tx-results");
  EXPECT_EQ(results->Find(dear->wtxid.ToString())->Find("error")->Text(), "max feerate exceeded");
}

TEST_F(MempoolMethodsTest, ShowsThatAParentIsConfirmed) {
  Send(first_);
  Generate(1);
  pool_->Synchronize();
  const json::Value result =
      CallJson("submitpackage", "[[" + Raw(first_) + "," + Raw(second_) + "]]");
  EXPECT_EQ(result.Find("package_msg")->Text(), "transaction failed");
  const json::Value* results = result.Find("tx-results");
  EXPECT_EQ(results->Find(first_->wtxid.ToString())->Find("error")->Text(), "txn-already-known");
  EXPECT_NE(results->Find(second_->wtxid.ToString())->Find("fees"), nullptr);
}

/// A signature operation weighs in the rate that the sender does not want to exceed.
TEST_F(MempoolMethodsTest, TestsTheRateOfTheAdjustedSize) {
  TransactionDraft draft = TransactionDraft::From(*first_);
  draft.outputs[0].script = Bytes(40, OP_CHECKSIG);
  const TransactionPtr tx = draft.Finish();
  const json::Value free = CallJson("testmempoolaccept", "[[" + Raw(tx) + "],0]").Items()[0];
  ASSERT_EQ(free.Find("allowed")->ToString(), "true");
  const int64_t vsize = *free.Find("vsize")->AsInt();
  ASSERT_GT(vsize, 2 * tx->VirtualSize());
  // 1000 satoshis are too many for its bytes, not for its weight in the pool.
  const std::string rate = FormatAmount(1000 * 1000 / vsize + 1);
  const std::string params = "[[" + Raw(tx) + "]," + rate + "]";
  EXPECT_EQ(CallJson("testmempoolaccept", params).Items()[0].Find("allowed")->ToString(), "true");
  EXPECT_THAT(Call("sendrawtransaction", "[" + Raw(tx) + "," + rate + "]"),
              HasSubstr("-25 Fee exceeds maximum"));
}

TEST_F(MempoolMethodsTest, ProtectsTheSender) {
  const TransactionPtr dear = Spend(test::OutputOf(base_[1].block->transactions()[0]), 49 * kCoin);
  EXPECT_EQ(Send(dear), "-25 Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)");
  EXPECT_EQ(Call("sendrawtransaction", "[" + Raw(dear) + ",1]"),
            "-8 Fee rates larger than or equal to 1BTC/kvB are not accepted");
  EXPECT_EQ(Call("sendrawtransaction", "[" + Raw(dear) + ",0]"), Id(dear));
  TransactionDraft burn = TransactionDraft::From(*first_);
  burn.outputs.push_back({5, {OP_RETURN}});
  burn.outputs[0].value -= 5;
  EXPECT_EQ(Send(burn.Finish()),
            "-25 Unspendable output exceeds maximum configured by user (maxburnamount)");
  EXPECT_EQ(Call("sendrawtransaction", "[" + Raw(burn.Finish()) + ",0,0.00000005]"),
            Id(burn.Finish()));
}

}  // namespace
}  // namespace cairn::rpc
