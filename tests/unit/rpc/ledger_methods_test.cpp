// The methods that look at the ledger, on a real one.
#include <gmock/gmock.h>

#include "cairn/base/hex.h"
#include "cairn/mining/solver.h"
#include "tests/support/vectors.h"
#include "tests/unit/rpc/ledger_fixture.h"

namespace cairn::rpc {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kRegtestGenesis =
    "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";

/// The same block or header with a nonce that meets its target.
std::string Solved(const std::string& hex) {
  const Bytes bytes = *FromHex(hex);
  Header header = Header::From(std::span(bytes).first<Header::kSize>());
  uint64_t tries = 1000;
  const std::atomic<bool> stop{false};
  EXPECT_EQ(mining::Solve(header, tries, stop), mining::SolveOutcome::kSolved);
  return ToHex(header.Serialize()) + hex.substr(2 * Header::kSize);
}

TEST_F(LedgerMethodsTest, AFreshChainHasItsGenesis) {
  EXPECT_EQ(Call("getblockcount"), "0");
  EXPECT_EQ(Call("getbestblockhash"), std::string("\"") + kRegtestGenesis + "\"");
  EXPECT_EQ(Call("getblockhash", "[0]"), std::string("\"") + kRegtestGenesis + "\"");
  EXPECT_EQ(Call("getdifficulty"), "4.656542373906925e-10");
  const json::Value info = CallJson("getblockchaininfo");
  EXPECT_EQ(info.Find("chain")->Text(), "regtest");
  EXPECT_EQ(info.Find("blocks")->Text(), "0");
  EXPECT_EQ(info.Find("chainwork")->Text(), std::string(63, '0') + "2");
  EXPECT_EQ(info.Find("time")->Text(), "1296688602");
  EXPECT_TRUE(info.Find("initialblockdownload")->AsBool());
  EXPECT_FALSE(info.Find("pruned")->AsBool());
  EXPECT_EQ(info.Find("warnings")->ToString(), R"(["beware"])");
}

TEST_F(LedgerMethodsTest, GetBlockHashKnowsItsBounds) {
  for (const char* params : {"[-1]", "[1]", "[2147483647]"}) {
    EXPECT_EQ(Call("getblockhash", params), "-8 Block height out of range");
  }
  EXPECT_EQ(Call("getblockhash", "[2147483648]"), "-1 JSON integer out of range");
  EXPECT_THAT(Call("getblockhash", R"(["0"])"), StartsWith("-3 Wrong type passed"));
}

TEST_F(LedgerMethodsTest, GetBlockGivesGenesisInEveryDepth) {
  const std::string hash = std::string("\"") + kRegtestGenesis + "\"";
  const std::string raw = ToHex(world_.params.genesis_block);
  EXPECT_EQ(Call("getblock", "[" + hash + ",0]"), "\"" + raw + "\"");
  EXPECT_EQ(Call("getblock", "[" + hash + ",false]"), "\"" + raw + "\"");
  EXPECT_EQ(Call("getblockheader", "[" + hash + ",false]"), "\"" + raw.substr(0, 160) + "\"");

  const json::Value block = CallJson("getblock", "[" + hash + "]");
  EXPECT_EQ(block.ToString(), CallJson("getblock", "[" + hash + ",true]").ToString());
  EXPECT_EQ(block.Find("confirmations")->Text(), "1");
  EXPECT_EQ(block.Find("versionHex")->Text(), "00000001");
  EXPECT_EQ(block.Find("bits")->Text(), "207fffff");
  EXPECT_EQ(block.Find("size")->Text(), "285");
  EXPECT_EQ(block.Find("weight")->Text(), "1140");
  EXPECT_EQ(block.Find("nTx")->Text(), "1");
  EXPECT_EQ(block.Find("previousblockhash"), nullptr);
  const std::string txid = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";
  EXPECT_EQ(block.Find("tx")->ToString(), "[\"" + txid + "\"]");

  const json::Value whole = CallJson("getblock", "[" + hash + ",2]");
  const json::Value& coinbase = whole.Find("tx")->Items()[0];
  EXPECT_EQ(coinbase.Find("txid")->Text(), txid);
  EXPECT_EQ(coinbase.Find("vin")->Items()[0].Find("sequence")->Text(), "4294967295");
  const json::Value& output = coinbase.Find("vout")->Items()[0];
  EXPECT_EQ(output.Find("value")->Text(), "50.00000000");
  EXPECT_EQ(output.Find("scriptPubKey")->Find("type")->Text(), "pubkey");
  EXPECT_THAT(output.Find("scriptPubKey")->Find("desc")->Text(), StartsWith("pk(04678afdb0fe5548"));
  EXPECT_EQ(coinbase.Find("fee"), nullptr);
}

TEST_F(LedgerMethodsTest, HashesAreChecked) {
  EXPECT_EQ(Call("getblock", R"(["abc"])"), "-8 blockhash must be of length 64 (not 3, for 'abc')");
  const std::string wrong = std::string(63, '0') + "g";
  EXPECT_EQ(Call("getblockheader", "[\"" + wrong + "\"]"),
            "-8 hash must be hexadecimal string (not '" + wrong + "')");
  EXPECT_EQ(Call("getblock", "[\"" + std::string(64, '0') + "\"]"), "-5 Block not found");
}

TEST_F(LedgerMethodsTest, GeneratesBlocks) {
  const std::vector<std::string> hashes = Generate(3);
  ASSERT_EQ(hashes.size(), 3u);
  EXPECT_EQ(synchronisations_, 1);
  EXPECT_EQ(Call("getblockcount"), "3");
  EXPECT_EQ(Call("getbestblockhash"), "\"" + hashes[2] + "\"");
  const json::Value middle = CallJson("getblock", "[\"" + hashes[1] + "\",2]");
  EXPECT_EQ(middle.Find("confirmations")->Text(), "2");
  EXPECT_EQ(middle.Find("previousblockhash")->Text(), hashes[0]);
  EXPECT_EQ(middle.Find("nextblockhash")->Text(), hashes[2]);
  const json::Value& coinbase = middle.Find("tx")->Items()[0];
  EXPECT_EQ(coinbase.Find("vout")->Items()[0].Find("scriptPubKey")->Find("address")->Text(),
            kAddress);
  EXPECT_EQ(coinbase.Find("vin")->Items()[0].Find("txinwitness")->ToString(),
            "[\"" + std::string(64, '0') + "\"]");
}

TEST_F(LedgerMethodsTest, GenerateRefusesBadRequests) {
  EXPECT_EQ(Call("generatetoaddress", R"([1,"nonsense"])"), "-5 Error: Invalid address");
  EXPECT_EQ(Call("generatetoaddress", std::string("[1,\"") + kAddress + "\",0]"), "[]");
  EXPECT_EQ(Call("generatetodescriptor", R"j([1,"foo(51)"])j"),
            "-5 'foo(51)' is not a valid descriptor function");
  EXPECT_THAT(Call("generatetodescriptor", R"j([1,"raw(51)#aaaaaaaa"])j"),
              HasSubstr("does not match computed checksum"));
  const std::string tpub =
      "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76u"
      "ZPStJRJCTKvosUCJZL5B";
  const auto to_key = [&](const std::string& path) {
    return Call("generatetodescriptor", "[1,\"pkh(" + tpub + path + ")\"]");
  };
  EXPECT_EQ(to_key("/*"),
            "-8 Ranged descriptor not accepted. Maybe pass through deriveaddresses first?");
  EXPECT_EQ(to_key("/<0;1>"), "-8 Multipath descriptor not accepted");
  EXPECT_EQ(to_key("/0h"), "-5 Cannot derive script without private keys");
  EXPECT_EQ(Call("generateblock", std::string("[\"") + kAddress + "\",[\"00\"]]"),
            "-22 Transaction decode failed for 00. Make sure the tx has at least one input.");
  EXPECT_EQ(Call("generateblock", R"(["nonsense",[]])"), "-5 Error: Invalid address or descriptor");
  EXPECT_EQ(Call("getblockcount"), "0");
}

TEST_F(LedgerMethodsTest, GenerateEndsWhenTheNodeStops) {
  stopping_ = true;
  EXPECT_EQ(Call("generatetoaddress", std::string("[1000,\"") + kAddress + "\"]"), "[]");
}

TEST_F(LedgerMethodsTest, GeneratesToDescriptors) {
  EXPECT_EQ(CallJson("generatetodescriptor", R"j([2,"raw(51)"])j").Items().size(), 2u);
  const json::Value made = CallJson("generateblock", R"j(["raw(51)",[]])j");
  EXPECT_EQ(made.Find("hex"), nullptr);
  EXPECT_EQ(Call("getbestblockhash"), made.Find("hash")->ToString());
}

TEST_F(LedgerMethodsTest, ABlockThatWasNotSubmittedCanBe) {
  const json::Value made = CallJson("generateblock", R"j(["raw(51)",[],false])j");
  EXPECT_EQ(Call("getblockcount"), "0");
  const std::string params = "[" + made.Find("hex")->ToString() + "]";
  EXPECT_EQ(Call("submitblock", params), "null");
  EXPECT_EQ(Call("getblockcount"), "1");
  EXPECT_EQ(Call("submitblock", params), "\"duplicate\"");
  EXPECT_EQ(Call("getbestblockhash"), made.Find("hash")->ToString());
}

TEST_F(LedgerMethodsTest, SubmitBlockPutsTheWitnessNonceIn) {
  const json::Value made = CallJson("generateblock", R"j(["raw(51)",[],false])j");
  const auto block = Block::Parse(*FromHex(made.Find("hex")->Text()));
  ASSERT_TRUE(block);
  TransactionDraft bare = TransactionDraft::From((*block)->transactions()[0]);
  bare.inputs[0].witness.clear();
  const std::vector<TransactionPtr> transactions = {bare.Finish()};
  const Bytes stripped = SerializeBlock((*block)->header(), transactions);
  EXPECT_LT(stripped.size(), (*block)->bytes().size());
  EXPECT_EQ(Call("submitblock", "[\"" + ToHex(stripped) + "\"]"), "null");
  EXPECT_EQ(Call("getblock", "[" + made.Find("hash")->ToString() + ",0]"),
            made.Find("hex")->ToString());
}

TEST_F(LedgerMethodsTest, SubmitBlockSaysWhatIsWrong) {
  EXPECT_EQ(Call("submitblock", R"(["xyz"])"), "-22 Block decode failed");
  EXPECT_EQ(Call("submitblock", R"(["00"])"), "-22 Block decode failed");
  const std::string header = ToHex(world_.params.genesis_block).substr(0, 160);
  EXPECT_EQ(Call("submitblock", "[\"" + header + "00\"]"),
            "-22 Block does not start with a coinbase");

  const json::Value made = CallJson("generateblock", R"j(["raw(51)",[],false])j");
  std::string orphan = made.Find("hex")->Text();
  orphan.replace(8, 64, std::string(64, '1'));  // the hash of the parent
  EXPECT_EQ(Call("submitblock", "[\"" + Solved(orphan) + "\"]"), "\"prev-blk-not-found\"");
  std::string bad_root = made.Find("hex")->Text();
  bad_root.replace(72, 64, std::string(64, '1'));
  EXPECT_EQ(Call("submitblock", "[\"" + Solved(bad_root) + "\"]"), "\"bad-txnmrklroot\"");
  EXPECT_EQ(Call("getblockcount"), "0");
}

TEST_F(LedgerMethodsTest, ABranchOfLessWorkIsInconclusive) {
  const json::Value side = CallJson("generateblock", R"j(["raw(52)",[],false])j");
  Generate(2);
  EXPECT_EQ(Call("submitblock", "[" + side.Find("hex")->ToString() + "]"), "\"inconclusive\"");
  const json::Value tips = CallJson("getchaintips");
  ASSERT_EQ(tips.Items().size(), 2u);
  EXPECT_EQ(tips.Items()[0].Find("status")->Text(), "active");
  EXPECT_EQ(tips.Items()[0].Find("height")->Text(), "2");
  EXPECT_EQ(tips.Items()[1].Find("status")->Text(), "valid-headers");
  EXPECT_EQ(tips.Items()[1].Find("branchlen")->Text(), "1");
  const json::Value header = CallJson("getblockheader", "[" + side.Find("hash")->ToString() + "]");
  EXPECT_EQ(header.Find("confirmations")->Text(), "-1");
  EXPECT_EQ(header.Find("nextblockhash"), nullptr);
}

TEST_F(LedgerMethodsTest, SubmitHeaderAnnouncesABlock) {
  const json::Value made = CallJson("generateblock", R"j(["raw(51)",[],false])j");
  const std::string header = made.Find("hex")->Text().substr(0, 160);
  EXPECT_EQ(Call("submitheader", R"(["00"])"), "-22 Block header decode failed");
  EXPECT_EQ(Call("submitheader", "[\"" + header + "00\"]"), "-22 Block header decode failed");
  std::string orphan = header;
  orphan.replace(8, 64, std::string(64, '0'));
  EXPECT_EQ(Call("submitheader", "[\"" + orphan + "\"]"),
            "-25 Must submit previous header (" + std::string(64, '0') + ") first");
  EXPECT_EQ(Call("submitheader", "[\"" + header + "\"]"), "null");
  EXPECT_EQ(CallJson("getblockchaininfo").Find("headers")->Text(), "1");
  EXPECT_EQ(Call("getblock", "[" + made.Find("hash")->ToString() + "]"),
            "-1 Block not available (not fully downloaded)");
  EXPECT_EQ(CallJson("getchaintips").Items()[0].Find("status")->Text(), "headers-only");
  std::string early = header;
  early.replace(136, 8, "00000000");  // the timestamp
  EXPECT_EQ(Call("submitheader", "[\"" + Solved(early) + "\"]"), "-25 time-too-old");
}

TEST_F(LedgerMethodsTest, GetTxOutShowsUnspentOutputs) {
  const std::vector<std::string> hashes = Generate(2);
  const json::Value block = CallJson("getblock", "[\"" + hashes[0] + "\"]");
  const std::string txid = block.Find("tx")->Items()[0].ToString();
  const json::Value coin = CallJson("gettxout", "[" + txid + ",0]");
  EXPECT_EQ(coin.Find("bestblock")->Text(), hashes[1]);
  EXPECT_EQ(coin.Find("confirmations")->Text(), "2");
  EXPECT_EQ(coin.Find("value")->Text(), "50.00000000");
  EXPECT_TRUE(coin.Find("coinbase")->AsBool());
  EXPECT_EQ(coin.Find("scriptPubKey")->Find("address")->Text(), kAddress);
  EXPECT_EQ(Call("gettxout", "[" + txid + ",7]"), "null");
  EXPECT_EQ(Call("gettxout", "[\"" + std::string(64, 'a') + "\",0]"), "null");
  EXPECT_EQ(Call("gettxout", "[" + txid + ",-1]"), "-1 JSON integer out of range");
  EXPECT_THAT(Call("gettxout", R"(["ab",0])"), StartsWith("-8 txid must be of length 64"));
}

TEST_F(LedgerMethodsTest, MiningInfoTellsHowFastTheMinerIs) {
  const auto now = std::chrono::steady_clock::now();
  hash_meter_.Start(now - std::chrono::seconds(10));
  hash_meter_.Add(1'000'000, now);
  const json::Value info = CallJson("getmininginfo");
  ASSERT_NE(info.Find("minerhashps"), nullptr);
  EXPECT_GT(*info.Find("minerhashps")->AsDouble(), 0);
}

TEST_F(LedgerMethodsTest, MiningInfoAndHashRate) {
  EXPECT_EQ(CallJson("getmininginfo").Find("currentblockweight"), nullptr);
  EXPECT_EQ(CallJson("getmininginfo").Find("currentblocktx"), nullptr);
  world_.clock.SetMock(1'700'000'000);
  Generate(1);
  world_.clock.SetMock(1'700'000'600);
  Generate(10);
  const json::Value info = CallJson("getmininginfo");
  EXPECT_EQ(info.Find("blocks")->Text(), "11");
  EXPECT_EQ(info.Find("currentblockweight")->Text(), "8000");
  EXPECT_EQ(info.Find("currentblocktx")->Text(), "0");
  EXPECT_EQ(info.Find("pooledtx")->Text(), "0");
  EXPECT_EQ(info.Find("minerhashps"), nullptr);
  EXPECT_EQ(info.Find("chain")->Text(), "regtest");
  EXPECT_EQ(Call("getnetworkhashps", "[120,0]"), "0");
  EXPECT_EQ(Call("getnetworkhashps", "[10]"),
            ParseOrFail(Call("getnetworkhashps", "[10,11]")).Text());
  EXPECT_NEAR(*ParseOrFail(Call("getnetworkhashps", "[10]")).AsDouble(), 20.0 / 609, 1e-2);
  EXPECT_EQ(Call("getnetworkhashps", "[0]"),
            "-8 Invalid nblocks. Must be a positive number or -1.");
  EXPECT_EQ(Call("getnetworkhashps", "[120,12]"), "-8 Block does not exist at specified height");
}

TEST_F(LedgerMethodsTest, ChainStatesTellOfTheOneThatThereIs) {
  context_.memory = {.database_bytes = 7, .cache_bytes = 8};
  Generate(3);
  const json::Value info = CallJson("getchainstates");
  EXPECT_EQ(info.Find("headers")->Text(), "3");
  ASSERT_EQ(info.Find("chainstates")->Items().size(), 1u);
  EXPECT_EQ(info.Find("chainstates")->Items()[0].ToString(),
            "{\"blocks\":3,\"bestblockhash\":\"" + world_.Tip() +
                "\",\"difficulty\":4.656542373906925e-10,\"verificationprogress\":1,"
                "\"coins_db_cache_bytes\":7,\"coins_tip_cache_bytes\":8,\"validated\":true}");
}

TEST_F(LedgerMethodsTest, ProgressCountsTransactions) {
  const auto progress = [this] {
    return *CallJson("getblockchaininfo").Find("verificationprogress")->AsDouble();
  };
  EXPECT_EQ(progress(), 1);
  Generate(3);
  EXPECT_EQ(progress(), 1);
  // Each known header stands for a transaction at least.
  std::vector<Header> headers;
  for (const auto& made :
       test::MakeChain(world_.params, test::Place::Of(world_.ledger->View()->tip), 4)) {
    headers.push_back(made.block->header());
  }
  ASSERT_EQ(world_.ledger->SubmitHeaders(headers).accepted, 4u);
  EXPECT_EQ(progress(), 0.5);
  // What was known of the chain long ago, and what came since.
  world_.params.activity = {.time = 1'700'000'000, .transactions = 16, .per_second = 0.25};
  world_.clock.SetMock(1'700'000'000);
  EXPECT_EQ(progress(), 0.25);
  world_.clock.SetMock(1'700'000'064);
  EXPECT_EQ(progress(), 0.125);
  // Beyond that, what came since the tip.
  world_.params.activity.transactions = 3;
  world_.clock.SetMock(int64_t{world_.ledger->View()->tip->header.time} + 48);
  EXPECT_EQ(progress(), 0.25);
}

TEST_F(LedgerMethodsTest, KnowsFeesAndSpentOutputs) {
  CAIRN_NEED_VECTORS();
  const auto report = world_.Import(test::VectorPath("chains/regtest_0_206.dat"));
  ASSERT_EQ(report.error, "");
  const std::vector<Bytes> raw =
      test::SplitFrames(test::ReadBinary(test::VectorPath("chains/regtest_0_206.dat")));
  int with_fee = 0;
  for (size_t height = 0; height < raw.size(); ++height) {
    const std::string hash = Call("getblockhash", "[" + std::to_string(height) + "]");
    EXPECT_EQ(Call("getblock", "[" + hash + ",0]"), "\"" + ToHex(raw[height]) + "\"");
    const json::Value block = CallJson("getblock", "[" + hash + ",3]");
    for (const json::Value& transaction : block.Find("tx")->Items()) {
      const bool coinbase = transaction.Find("vin")->Items()[0].Find("coinbase") != nullptr;
      EXPECT_EQ(transaction.Find("fee") == nullptr, coinbase);
      if (coinbase) continue;
      ++with_fee;
      const json::Value* prevout = transaction.Find("vin")->Items()[0].Find("prevout");
      ASSERT_NE(prevout, nullptr);
      EXPECT_EQ(prevout->Find("scriptPubKey")->Find("type")->Text(), "witness_v0_keyhash");
    }
    const json::Value shallower = CallJson("getblock", "[" + hash + ",2]");
    EXPECT_EQ(shallower.ToString().find("prevout"), std::string::npos);
  }
  EXPECT_GT(with_fee, 20);
}

class SignetMethodsTest : public LedgerMethodsTest {
 protected:
  SignetMethodsTest() : LedgerMethodsTest("signet") {}
};

TEST_F(SignetMethodsTest, InfoHasTheChallenge) {
  EXPECT_EQ(CallJson("getblockchaininfo").Find("signet_challenge")->Text(),
            ToHex(*world_.params.signet_challenge));
  EXPECT_EQ(CallJson("getmininginfo").Find("signet_challenge")->Text(),
            ToHex(*world_.params.signet_challenge));
}

}  // namespace
}  // namespace cairn::rpc
