// getrawtransaction, gettxoutproof and verifytxoutproof.
#include <gmock/gmock.h>

#include "cairn/base/hex.h"
#include "cairn/primitives/merkle_proof.h"
#include "tests/unit/rpc/indexed_fixture.h"

namespace cairn::rpc {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A chain whose last block spends two coinbases, one of them by way of another transaction.
class TransactionsTest : public IndexedTest {
 protected:
  explicit TransactionsTest(ledger::IndexOptions indexes = {}) : IndexedTest(indexes) {
    base_ = test::MakeChain(world_.params, test::Place::Genesis(world_.params), 102);
    Submit(base_);
    first_ = test::MakeSpend(test::OutputOf(base_[0].block->transactions()[0]), 49 * kCoin);
    second_ = test::MakeSpend(test::OutputOf(base_[1].block->transactions()[0]), 48 * kCoin);
    third_ = test::MakeSpend(test::OutputOf(*second_), 47 * kCoin);
    test::BlockPlan plan;
    plan.transactions = {first_, second_, third_};
    plan.fees = 4 * kCoin;
    last_ = test::MakeBlock(world_.params, base_.back().place, plan);
    Submit({&last_, 1});
  }

  static std::string Id(const TransactionPtr& transaction) {
    return Quoted(transaction->txid.ToString());
  }
  static std::string Hash(const test::MadeBlock& made) {
    return Quoted(made.block->hash().ToString());
  }
  std::string Get(const std::string& params) {
    return Call("getrawtransaction", "[" + params + "]");
  }
  json::Value GetJson(const std::string& params) { return ParseOrFail(Get(params)); }

  std::vector<test::MadeBlock> base_;
  TransactionPtr first_;
  TransactionPtr second_;
  TransactionPtr third_;
  test::MadeBlock last_;
};

constexpr const char* kNoIndex =
    "-5 No such mempool transaction. Use -txindex or provide a block hash to enable blockchain "
    "transaction queries. Use gettransaction for wallet transactions.";

TEST_F(TransactionsTest, RawFromABlock) {
  const std::string raw = Quoted(ToHex(first_->bytes));
  EXPECT_EQ(Get(Id(first_) + ",0," + Hash(last_)), raw);
  EXPECT_EQ(Get(Id(first_) + ",false," + Hash(last_)), raw);
  EXPECT_EQ(Get(Id(first_) + ",-1," + Hash(last_)), raw);
  EXPECT_EQ(Get(Id(first_) + ",null," + Hash(last_)), raw);
  EXPECT_EQ(Call("getrawtransaction", R"({"txid":)" + Id(first_) +
                                          R"(,"verbose":false,"blockhash":)" + Hash(last_) + "}"),
            raw);
}

TEST_F(TransactionsTest, DecodedFromABlock) {
  Generate(2);
  const json::Value found = GetJson(Id(third_) + ",1," + Hash(last_));
  EXPECT_EQ(found.Members()[0].first, "in_active_chain");
  EXPECT_TRUE(found.Find("in_active_chain")->AsBool());
  EXPECT_EQ(found.Find("txid")->Text(), third_->txid.ToString());
  EXPECT_EQ(found.Find("hex")->Text(), ToHex(third_->bytes));
  EXPECT_EQ(found.Find("blockhash")->ToString(), Hash(last_));
  EXPECT_EQ(found.Find("confirmations")->Text(), "3");
  EXPECT_EQ(found.Find("time")->Text(), std::to_string(last_.place.time));
  EXPECT_EQ(found.Find("blocktime")->Text(), std::to_string(last_.place.time));
  EXPECT_EQ(found.Find("fee"), nullptr);
  EXPECT_EQ(found.Find("vin")->Items()[0].Find("prevout"), nullptr);
  EXPECT_EQ(found.ToString(), Get(Id(third_) + ",true," + Hash(last_)));
}

TEST_F(TransactionsTest, WithFeeAndSpentOutputs) {
  const json::Value first = GetJson(Id(first_) + ",2," + Hash(last_));
  EXPECT_EQ(first.Find("fee")->Text(), "1.00000000");
  const json::Value& spent = *first.Find("vin")->Items()[0].Find("prevout");
  EXPECT_TRUE(spent.Find("generated")->AsBool());
  EXPECT_EQ(spent.Find("height")->Text(), "1");
  EXPECT_EQ(spent.Find("value")->Text(), "50.00000000");
  const json::Value third = GetJson(Id(third_) + ",3," + Hash(last_));
  EXPECT_EQ(third.Find("fee")->Text(), "1.00000000");
  EXPECT_EQ(third.Find("vin")->Items()[0].Find("prevout")->Find("value")->Text(), "48.00000000");
  EXPECT_EQ(third.Find("vin")->Items()[0].Find("prevout")->Find("height")->Text(), "103");
  const std::string coinbase = Quoted(last_.block->transactions()[0].txid.ToString());
  EXPECT_EQ(Get(coinbase + ",2," + Hash(last_)), Get(coinbase + ",1," + Hash(last_)));
}

TEST_F(TransactionsTest, FromASideBranch) {
  const auto side = test::MakeBlock(world_.params, base_.back().place);
  ASSERT_EQ(world_.ledger->SubmitBlock(side.block).get().outcome, ledger::BlockOutcome::kStored);
  const std::string coinbase = Quoted(side.block->transactions()[0].txid.ToString());
  const json::Value found = GetJson(coinbase + ",2," + Hash(side));
  EXPECT_FALSE(found.Find("in_active_chain")->AsBool());
  EXPECT_EQ(found.Find("confirmations")->Text(), "0");
  EXPECT_EQ(found.Find("blocktime"), nullptr);
}

TEST_F(TransactionsTest, WhatIsNotFound) {
  EXPECT_EQ(Get(Id(first_)), kNoIndex);
  EXPECT_EQ(Get(Id(first_) + ",1"), kNoIndex);
  EXPECT_EQ(Get(Id(first_) + ",1," + Hash(base_[0])),
            "-5 No such transaction found in the provided block. Use gettransaction for wallet "
            "transactions.");
  EXPECT_EQ(Get(Id(first_) + ",1," + Quoted(std::string(64, '0'))), "-5 Block hash not found");
  EXPECT_EQ(Get(Id(first_) + ",1," + Quoted("00")),
            "-8 parameter 3 must be of length 64 (not 2, for '00')");
  EXPECT_EQ(Get(Quoted("00")), "-8 parameter 1 must be of length 64 (not 2, for '00')");
  EXPECT_EQ(Get(Quoted(std::string(64, 'x'))),
            "-8 parameter 1 must be hexadecimal string (not '" + std::string(64, 'x') + "')");
  EXPECT_EQ(Get(Id(first_) + ",\"1\"," + Hash(last_)),
            "-3 JSON value of type string is not of expected type number");
  EXPECT_EQ(Get(Id(first_) + ",[]," + Hash(last_)),
            "-3 JSON value of type array is not of expected type number");
  const std::string genesis = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";
  EXPECT_EQ(Get(Quoted(genesis)),
            "-5 The genesis block coinbase is not considered an ordinary transaction and cannot be "
            "retrieved");
  ASSERT_EQ(
      world_.ledger->SubmitHeaders({test::MakeBlock(world_.params, last_.place).block->header()})
          .accepted,
      1u);
  const json::Value tips = CallJson("getchaintips");
  EXPECT_EQ(Get(Id(first_) + ",1," + tips.Items()[0].Find("hash")->ToString()),
            "-1 Block not available");
}

TEST_F(TransactionsTest, FromTheMempool) {
  policy_.require_standard = false;
  OpenPool();
  TransactionDraft draft;  // large enough to be relayed
  draft.inputs.emplace_back().prevout = test::OutputOf(base_[2].block->transactions()[0]);
  draft.outputs.push_back({49 * kCoin, {OP_NOP, OP_NOP, OP_NOP, OP_NOP, OP_NOP, OP_1}});
  const TransactionPtr tx = draft.Finish();
  ASSERT_TRUE(pool_->Submit(tx, {}).Accepted());
  EXPECT_EQ(Get(Id(tx)), Quoted(ToHex(tx->bytes)));
  const json::Value waiting = GetJson(Id(tx) + ",2");
  EXPECT_EQ(waiting.Find("in_active_chain"), nullptr);
  EXPECT_EQ(waiting.Find("blockhash"), nullptr);
  EXPECT_EQ(waiting.Find("fee"), nullptr);
  EXPECT_EQ(Get(Id(second_)), kNoIndex);
}

class IndexedTransactionsTest : public TransactionsTest {
 protected:
  IndexedTransactionsTest() : TransactionsTest({.transactions = true}) {}
};

TEST_F(IndexedTransactionsTest, FromTheIndex) {
  for (const Transaction& transaction : last_.block->transactions()) {
    EXPECT_EQ(Get(Quoted(transaction.txid.ToString())), Quoted(ToHex(transaction.bytes)));
  }
  const json::Value found = GetJson(Id(third_) + ",2");
  EXPECT_EQ(found.Find("in_active_chain"), nullptr);
  EXPECT_EQ(found.Find("blockhash")->ToString(), Hash(last_));
  EXPECT_EQ(found.Find("confirmations")->Text(), "1");
  EXPECT_EQ(found.Find("fee")->Text(), "1.00000000");
  EXPECT_EQ(Get(Quoted(std::string(64, '1'))),
            "-5 No such mempool or blockchain transaction. Use gettransaction for wallet "
            "transactions.");
  IndexProxy& index = Disguise("txindex");
  index.Forget();
  index.SetBuilding(5);
  EXPECT_EQ(Get(Id(first_)),
            "-5 No such mempool transaction. Blockchain transactions are still in the process of "
            "being indexed. Use gettransaction for wallet transactions.");
}

TEST_F(IndexedTransactionsTest, ForProofs) {
  const std::string proof = Call("gettxoutproof", "[[" + Id(second_) + "]]");
  EXPECT_EQ(Call("verifytxoutproof", "[" + proof + "]"), "[" + Id(second_) + "]");
  EXPECT_EQ(Call("gettxoutproof", "[[" + Quoted(std::string(64, '0')) + "]]"),
            "-5 Transaction not yet in block");
}

// --- proofs

class ProofsTest : public TransactionsTest {
 protected:
  std::string Prove(const std::string& params) { return Call("gettxoutproof", "[" + params + "]"); }
  std::string Verify(const std::string& quoted) {
    return Call("verifytxoutproof", "[" + quoted + "]");
  }
};

TEST_F(ProofsTest, ProvesWhatHasAnUnspentOutput) {
  const std::string proof = Prove("[" + Id(first_) + "]");
  EXPECT_EQ(Verify(proof), "[" + Id(first_) + "]");
  EXPECT_EQ(Prove("[" + Id(first_) + "]," + Hash(last_)), proof);
  EXPECT_THAT(Prove("[" + Id(third_) + "," + Id(first_) + "]"), HasSubstr("00000020"));
}

TEST_F(ProofsTest, SeveralComeInBlockOrder) {
  const std::string all = Id(third_) + "," + Id(second_) + "," + Id(first_);
  const std::string in_order = Id(first_) + "," + Id(second_) + "," + Id(third_);
  EXPECT_EQ(Verify(Prove("[" + all + "]")), "[" + in_order + "]");
}

TEST_F(ProofsTest, SpentOnesNeedTheBlock) {
  EXPECT_EQ(Prove("[" + Id(second_) + "]"), "-5 Transaction not yet in block");
  EXPECT_EQ(Verify(Prove("[" + Id(second_) + "]," + Hash(last_))), "[" + Id(second_) + "]");
}

TEST_F(ProofsTest, BadRequests) {
  EXPECT_EQ(Prove("[]"), "-8 Parameter 'txids' cannot be empty");
  EXPECT_EQ(Prove("[" + Id(first_) + "," + Id(first_) + "]"),
            "-8 Invalid parameter, duplicated txid: " + first_->txid.ToString());
  EXPECT_EQ(Prove(R"(["00"])"), "-8 txid must be of length 64 (not 2, for '00')");
  EXPECT_EQ(Prove("[1]"), "-3 JSON value of type number is not of expected type string");
  EXPECT_EQ(Prove("[" + Id(first_) + "]," + Quoted(std::string(64, '0'))), "-5 Block not found");
  EXPECT_EQ(Prove("[" + Id(first_) + "]," + Hash(base_[0])),
            "-5 Not all transactions found in specified or retrieved block");
  EXPECT_EQ(Verify(Quoted("xx")), "-8 proof must be hexadecimal string (not 'xx')");
  EXPECT_THAT(Verify(Quoted("00")), StartsWith("-1 "));
}

TEST_F(ProofsTest, WrongProofsProveNothing) {
  const std::string proof = ParseOrFail(Prove("[" + Id(first_) + "]")).Text();
  MerkleProof forged = *MerkleProof::Parse(*FromHex(proof));
  forged.hashes[0][0] ^= 1;
  EXPECT_EQ(Verify(Quoted(ToHex(forged.Serialize()))), "[]");
  // Four transactions: three would have a tree of the same shape on the side of the first two.
  forged = *MerkleProof::Parse(*FromHex(proof));
  forged.transaction_count = 3;
  ASSERT_TRUE(forged.Matches());
  EXPECT_EQ(Verify(Quoted(ToHex(forged.Serialize()))), "[]");
}

TEST_F(ProofsTest, TheBlockMustBeOnTheBestChain) {
  const auto side = test::MakeBlock(world_.params, base_.back().place);
  ASSERT_EQ(world_.ledger->SubmitBlock(side.block).get().outcome, ledger::BlockOutcome::kStored);
  const std::string coinbase = Quoted(side.block->transactions()[0].txid.ToString());
  const std::string proof = Prove("[" + coinbase + "]," + Hash(side));
  EXPECT_EQ(Verify(proof), "-5 Block not found in chain");
  const auto next = test::MakeBlock(world_.params, side.place);
  Submit({&next, 1});
  EXPECT_EQ(Verify(proof), "[" + coinbase + "]");
}

}  // namespace
}  // namespace cairn::rpc
