// Making, combining and signing raw transactions.
#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/crypto/hash.h"
#include "cairn/crypto/secret_key.h"
#include "cairn/genesis/chain_file.h"
#include "cairn/primitives/descriptor.h"
#include "cairn/primitives/output_scripts.h"
#include "src/rpc/transaction_signer.h"
#include "tests/unit/rpc/schema.h"
#include "tests/unit/rpc/support.h"

namespace cairn::rpc {
namespace {

const std::string kTxid = "9b907ef1e3c26fc71fe4a4b3580bc75264112f95050014157059c736f0202e71";
const std::string kAddress = "mpLQjfK79b7CCV4VMJWEWAj5Mpx8Up5zxB";

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

/// A private key, in the forms that calls and descriptors take.
struct Key {
  explicit Key(uint8_t number, bool compressed = true) {
    secret.key.back() = number;
    secret.compressed = compressed;
    public_key = crypto::PublicKeyOf(secret.key, compressed);
  }
  std::string Hex() const { return ToHex(public_key); }
  std::string XOnly() const { return Hex().substr(2); }

  DecodedSecret secret{};
  Bytes public_key;
};

class RawTransactionsTest : public testing::Test {
 protected:
  RawTransactionsTest() {
    node_.params = *genesis::BuiltInChain("regtest");
    dispatcher_.SetReady(node_.context);
  }

  std::string Call(const std::string& method, const std::string& params) {
    return CallByTable(dispatcher_, method, params);
  }

  std::string Unquote(const std::string& json) { return ParseOrFail(json).Text(); }

  Bytes ScriptOf(const std::string& descriptor) {
    return Descriptor::Parse(descriptor, node_.params.prefixes)->front().Scripts(0)->front();
  }

  std::string Wif(const Key& key) { return EncodeSecret(key.secret, node_.params.prefixes); }

  /// One that spends an output.
  std::string Spend(const std::string& outputs = R"({"mpLQjfK79b7CCV4VMJWEWAj5Mpx8Up5zxB":0.1})") {
    return Unquote(Call("createrawtransaction",
                        R"([[{"txid":")" + kTxid + R"(","vout":0}],)" + outputs + "]"));
  }

  /// Signs with some keys. `coin` has what is known of the output beside its name.
  json::Value Sign(const std::string& hex, const std::vector<Key>& keys, const std::string& coin,
                   const std::string& hash_type = "ALL") {
    std::string list;
    for (const Key& key : keys) list += (list.empty() ? "" : ",") + Quoted(Wif(key));
    const std::string prevtx = R"([{"txid":")" + kTxid + R"(","vout":0,)" + coin + "}]";
    return ParseOrFail(
        Call("signrawtransactionwithkey",
             "[" + Quoted(hex) + ",[" + list + "]," + prevtx + "," + Quoted(hash_type) + "]"));
  }

  std::string CoinOf(const Bytes& script, const std::string& rest = "") {
    return R"("scriptPubKey":")" + ToHex(script) + R"(","amount":1)" + rest;
  }

  FakeNode node_;
  Dispatcher dispatcher_{AllMethods()};
};

TEST_F(RawTransactionsTest, AreMade) {
  EXPECT_EQ(Call("createrawtransaction", "[[],{}]"), Quoted("02000000000000000000"));
  const json::Value made = ParseOrFail(Call(
      "decoderawtransaction",
      "[" +
          Quoted(Unquote(Call("createrawtransaction", R"([[{"txid":")" + kTxid +
                                                          R"(","vout":7}],[{")" + kAddress +
                                                          R"(":"0.5"},{"data":"00010203"}],9])"))) +
          "]"));
  EXPECT_EQ(made.Find("version")->Text(), "2");
  EXPECT_EQ(made.Find("locktime")->Text(), "9");
  const json::Value& input = made.Find("vin")->Items()[0];
  EXPECT_EQ(input.Find("txid")->Text(), kTxid);
  EXPECT_EQ(input.Find("vout")->Text(), "7");
  EXPECT_EQ(input.Find("sequence")->Text(), std::to_string(0xfffffffdu));
  const auto& outputs = made.Find("vout")->Items();
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(outputs[0].Find("value")->Text(), "0.50000000");
  EXPECT_EQ(outputs[1].Find("scriptPubKey")->Find("hex")->Text(), "6a0400010203");
}

TEST_F(RawTransactionsTest, SequencesFollowTheOptions) {
  const auto sequence = [&](const std::string& member, const std::string& rest) {
    const std::string hex =
        Unquote(Call("createrawtransaction",
                     R"([[{"txid":")" + kTxid + R"(","vout":0)" + member + "}],{}" + rest + "]"));
    const auto tx = ParseTransaction(*FromHex(hex));
    return tx ? (*tx)->inputs[0].sequence : 0;
  };
  EXPECT_EQ(sequence("", ""), 0xfffffffdu);
  EXPECT_EQ(sequence("", ",0,true"), 0xfffffffdu);
  EXPECT_EQ(sequence("", ",0,false"), 0xffffffffu);
  EXPECT_EQ(sequence("", ",1,false"), 0xfffffffeu);
  EXPECT_EQ(sequence(R"(,"sequence":1000)", ",0,true"), 1000u);
  EXPECT_EQ(sequence(R"(,"sequence":4294967294)", ""), 0xfffffffeu);
}

TEST_F(RawTransactionsTest, RefusalsOfMaking) {
  const auto make = [&](const std::string& params) {
    return Call("createrawtransaction", "[" + params + "]");
  };
  const std::string input = R"([{"txid":")" + kTxid + R"(","vout":0}])";
  EXPECT_EQ(make(R"([{"txid":"foo","vout":0}],{})"),
            "-8 txid must be of length 64 (not 3, for 'foo')");
  EXPECT_EQ(make(R"([{"txid":")" + kTxid + R"("}],{})"), "-8 Invalid parameter, missing vout key");
  EXPECT_EQ(make(R"([{"txid":")" + kTxid + R"(","vout":-1}],{})"),
            "-8 Invalid parameter, vout cannot be negative");
  EXPECT_EQ(make(R"([{"txid":")" + kTxid + R"(","vout":0,"sequence":4294967296}],{})"),
            "-8 Invalid parameter, sequence number is out of range");
  EXPECT_EQ(make(input + R"(,{"foo":1})"), "-5 Invalid Bitcoin address: foo");
  EXPECT_EQ(make(input + R"(,{"data":"foo"})"), "-8 Data must be hexadecimal string (not 'foo')");
  EXPECT_EQ(make(input + R"(,[{"data":"00"},{"data":"00"}])"),
            "-8 Invalid parameter, duplicate key: data");
  EXPECT_EQ(make(input + R"(,[{")" + kAddress + R"(":1},{")" + kAddress + R"(":1}])"),
            "-8 Invalid parameter, duplicated address: " + kAddress);
  EXPECT_EQ(make(input + R"(,[{"a":1,"b":1}])"),
            "-8 Invalid parameter, key-value pair must contain exactly one key");
  EXPECT_EQ(make(input + R"(,["x"])"),
            "-8 Invalid parameter, key-value pair not an object as expected");
  EXPECT_EQ(make(input + R"(,"x")"), "-8 Invalid parameter, output argument must be non-null");
  EXPECT_EQ(make(input + ",{},-1"), "-8 Invalid parameter, locktime out of range");
  EXPECT_EQ(make(input + ",{},4294967296"), "-8 Invalid parameter, locktime out of range");
  EXPECT_EQ(make(R"([{"txid":")" + kTxid + R"(","vout":0,"sequence":4294967295}],{},0,true)"),
            "-8 Invalid parameter combination: Sequence number(s) contradict replaceable option");
}

TEST_F(RawTransactionsTest, AllKindsOfOutputsAreSigned) {
  const Key one(1);
  const Key two(2);
  const std::string pair = "multi(2," + one.Hex() + "," + two.Hex() + ")";
  const std::string inner =
      ToHex(PayToMultisig(2, std::vector<ByteSpan>{one.public_key, two.public_key}));
  const std::string program = ToHex(ScriptOf("wpkh(" + one.Hex() + ")"));
  const auto redeem = [](const std::string& hex) { return R"(,"redeemScript":")" + hex + "\""; };
  const auto witness = [](const std::string& hex) { return R"(,"witnessScript":")" + hex + "\""; };
  const std::vector<std::pair<std::string, std::string>> outputs = {
      {"pk(" + one.Hex() + ")", ""},
      {"pkh(" + one.Hex() + ")", ""},
      {pair, ""},
      {"wpkh(" + one.Hex() + ")", ""},
      {"sh(wpkh(" + one.Hex() + "))", redeem(program)},
      {"sh(" + pair + ")", redeem(inner)},
      {"wsh(" + pair + ")", witness(inner)},
      {"wsh(" + pair + ")", redeem(inner)},
      {"sh(wsh(" + pair + "))", witness(inner)},
      {"rawtr(" + one.XOnly() + ")", ""},
      {"tr(" + one.XOnly() + ")", ""}};
  const std::string hex = Spend();
  for (const auto& [descriptor, rest] : outputs) {
    for (const std::string hash_type : {"DEFAULT", "ALL", "NONE", "SINGLE|ANYONECANPAY"}) {
      const std::string coin = CoinOf(ScriptOf(descriptor), rest);
      const json::Value made = Sign(hex, {one, two}, coin, hash_type);
      EXPECT_TRUE(made.Find("complete")->AsBool()) << descriptor << made.ToString();
      EXPECT_EQ(made.Find("errors"), nullptr);
      // What is complete stays as it is.
      EXPECT_EQ(Sign(made.Find("hex")->Text(), {}, coin).Find("hex")->Text(),
                made.Find("hex")->Text());
    }
  }
}

TEST_F(RawTransactionsTest, UncompressedKeysSignOldOutputs) {
  const Key key(1, false);
  const std::string hex = Spend();
  EXPECT_TRUE(
      Sign(hex, {key}, CoinOf(ScriptOf("pkh(" + key.Hex() + ")"))).Find("complete")->AsBool());
  const Bytes program = PayToWitness(0, crypto::Hash160Of(key.public_key));
  EXPECT_FALSE(Sign(hex, {key}, CoinOf(program)).Find("complete")->AsBool());
}

TEST_F(RawTransactionsTest, SignaturesOfSeveralPeopleComeTogether) {
  const Key one(1);
  const Key two(2);
  const std::string pair = "multi(2," + one.Hex() + "," + two.Hex() + ")";
  const std::string coin = CoinOf(ScriptOf(pair));
  const std::string hex = Spend();
  const json::Value first = Sign(hex, {two}, coin);
  EXPECT_FALSE(first.Find("complete")->AsBool());
  const json::Value& problem = first.Find("errors")->Items()[0];
  EXPECT_EQ(problem.Find("txid")->Text(), kTxid);
  EXPECT_EQ(problem.Find("error")->Text(),
            "CHECK(MULTI)SIG failing with non-zero signature (possibly need more signatures)");
  const json::Value both = Sign(first.Find("hex")->Text(), {one}, coin);
  EXPECT_TRUE(both.Find("complete")->AsBool());
  EXPECT_EQ(both.Find("hex")->Text(), Sign(hex, {one, two}, coin).Find("hex")->Text());

  const TransactionDraft draft = TransactionDraft::From(**ParseTransaction(*FromHex(hex)));
  const auto input_of = [](const json::Value& made) {
    const auto tx = ParseTransaction(*FromHex(made.Find("hex")->Text()));
    return TransactionDraft::From(**tx).inputs[0];
  };
  TransactionSigner signer(draft, {TransactionSigner::Coin{kCoin, ScriptOf(pair)}});
  const std::vector<TransactionDraft::Input> copies = {input_of(first),
                                                       input_of(Sign(hex, {one}, coin))};
  signer.Sign(0, Keyring(), 1, copies);
  EXPECT_EQ(signer.Problem(0), "");
  EXPECT_EQ(ToHex(signer.draft().Serialize()), both.Find("hex")->Text());
}

TEST_F(RawTransactionsTest, WhatCannotBeSigned) {
  const Key one(1);
  const Key two(2);
  const std::string hex = Spend();
  const auto problem = [&](const std::string& descriptor, const std::vector<Key>& keys,
                           const std::string& hash_type = "ALL") {
    const json::Value made = Sign(hex, keys, CoinOf(ScriptOf(descriptor)), hash_type);
    const json::Value* errors = made.Find("errors");
    return errors == nullptr ? "none" : errors->Items()[0].Find("error")->Text();
  };
  const std::string no_key = "Unable to sign input, invalid stack size (possibly missing key)";
  EXPECT_EQ(problem("pkh(" + one.Hex() + ")", {two}), no_key);
  EXPECT_EQ(problem("wpkh(" + one.Hex() + ")", {two}), "Witness program hash mismatch");
  EXPECT_EQ(problem("tr(" + one.XOnly() + ")", {two}),
            "Witness program was passed an empty witness");
  const std::string nowhere =
      Unquote(Call("createrawtransaction", R"([[{"txid":")" + kTxid + R"(","vout":0}],{}])"));
  EXPECT_FALSE(Sign(nowhere, {one}, CoinOf(ScriptOf("pkh(" + one.Hex() + ")")), "SINGLE")
                   .Find("complete")
                   ->AsBool());
  const std::string unknown =
      Call("signrawtransactionwithkey", "[" + Quoted(hex) + ",[" + Quoted(Wif(one)) + "]]");
  EXPECT_EQ(ParseOrFail(unknown).Find("errors")->Items()[0].Find("error")->Text(),
            "Input not found or already spent");
  const json::Value no_amount =
      Sign(hex, {one}, R"("scriptPubKey":")" + ToHex(ScriptOf("wpkh(" + one.Hex() + ")")) + "\"");
  EXPECT_EQ(no_amount.Find("errors")->Items()[0].Find("error")->Text(), "Missing amount");
}

TEST_F(RawTransactionsTest, RefusalsOfSigning) {
  const Key one(1);
  const std::string hex = Spend();
  const std::string keys = "[" + Quoted(Wif(one)) + "]";
  EXPECT_EQ(Call("signrawtransactionwithkey", R"(["00",[]])"),
            "-22 TX decode failed. Make sure the tx has at least one input.");
  EXPECT_EQ(Call("signrawtransactionwithkey", "[" + Quoted(hex) + R"(,["x"]])"),
            "-5 Invalid private key");
  EXPECT_EQ(
      Call("signrawtransactionwithkey", "[" + Quoted(hex) + "," + keys + R"(,[],"ALL|SINGLE"])"),
      "-8 'ALL|SINGLE' is not a valid sighash parameter.");
  const auto with = [&](const std::string& descriptor, const std::string& rest) {
    return Call("signrawtransactionwithkey", "[" + Quoted(hex) + "," + keys + R"(,[{"txid":")" +
                                                 kTxid + R"(","vout":0,)" +
                                                 CoinOf(ScriptOf(descriptor), rest) + "}]]");
  };
  const std::string nested = "sh(wpkh(" + one.Hex() + "))";
  EXPECT_EQ(with(nested, ""), "-8 Missing redeemScript/witnessScript");
  EXPECT_EQ(with(nested, R"(,"redeemScript":"51")"),
            "-8 redeemScript/witnessScript does not match scriptPubKey");
  EXPECT_EQ(with(nested, R"(,"redeemScript":"51","witnessScript":"52")"),
            "-8 redeemScript does not correspond to witnessScript");
  EXPECT_EQ(with(nested, R"(,"redeemScript":"x")"),
            "-8 redeemScript must be hexadecimal string (not 'x')");
  EXPECT_EQ(Call("combinerawtransaction", "[[]]"), "-22 Missing transactions");
  EXPECT_EQ(Call("combinerawtransaction", R"([["00"]])"),
            "-22 TX decode failed for tx 0. Make sure the tx has at least one input.");
  EXPECT_EQ(Call("combinerawtransaction", "[[" + Quoted(hex) + "]]"),
            "-25 Input not found or already spent");
}

}  // namespace
}  // namespace cairn::rpc
