// Descriptors, the addresses behind them, and signed messages.
#include <gtest/gtest.h>

#include "cairn/genesis/chain_file.h"
#include "cairn/primitives/descriptor.h"
#include "tests/support/vectors.h"
#include "tests/unit/rpc/schema.h"
#include "tests/unit/rpc/support.h"

namespace cairn::rpc {
namespace {

constexpr const char* kTprv =
    "tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcM"
    "RvmDUjyEmNUWwx8UbK";
constexpr const char* kKey = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
constexpr const char* kOther = "03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd";
constexpr const char* kLongKey =
    "04a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709"
    "c02559e3aa73aa03918ba2d492eea75abea235";

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

class DescriptorsTest : public testing::Test {
 protected:
  DescriptorsTest() { UseChain("regtest"); }

  void UseChain(const std::string& name) {
    node_.params = *genesis::BuiltInChain(name);
    dispatcher_.SetReady(node_.context);
  }

  std::string Call(const std::string& method, const std::string& params) {
    return CallByTable(dispatcher_, method, params);
  }

  std::string Derive(const std::string& body, const std::string& range = "") {
    return Call("deriveaddresses",
                "[" + Quoted(WithChecksum(body)) + (range.empty() ? "" : "," + range) + "]");
  }

  FakeNode node_;
  Dispatcher dispatcher_{AllMethods()};
};

TEST_F(DescriptorsTest, InfoOfTheVectors) {
  CAIRN_NEED_VECTORS();
  int count = 0;
  const json::Value vectors =
      ParseOrFail(test::ReadText(test::VectorPath("keys/descriptors_valid.json")));
  for (const auto& [group, entries] : vectors.Members()) {
    for (const json::Value& entry : entries.Items()) {
      ++count;
      const json::Value* network = entry.Find("network");
      const bool mainnet = network == nullptr || network->Text() == "main";
      UseChain(mainnet ? "mainnet" : network->Text() == "regtest" ? "regtest" : "testnet3");
      const json::Value info =
          ParseOrFail(Call("getdescriptorinfo", "[" + Quoted(entry.Find("input")->Text()) + "]"));
      for (const char* member :
           {"descriptor", "checksum", "isrange", "issolvable", "hasprivatekeys"}) {
        ASSERT_NE(info.Find(member), nullptr) << info.ToString();
        EXPECT_EQ(info.Find(member)->ToString(), entry.Find(member)->ToString());
      }
    }
  }
  EXPECT_EQ(count, 57);
}

TEST_F(DescriptorsTest, InfoOfMultipathDescriptors) {
  const std::string tpub =
      "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76u"
      "ZPStJRJCTKvosUCJZL5B";
  const json::Value info =
      ParseOrFail(Call("getdescriptorinfo", "[" + Quoted("pk(" + tpub + "/<0;1>)") + "]"));
  const std::string first = WithChecksum("pk(" + tpub + "/0)");
  EXPECT_EQ(info.Find("descriptor")->Text(), first);
  EXPECT_EQ(info.Find("multipath_expansion")->ToString(),
            "[" + Quoted(first) + "," + Quoted(WithChecksum("pk(" + tpub + "/1)")) + "]");
  EXPECT_EQ(Call("getdescriptorinfo", "[\"foo\"]"), "-5 'foo' is not a valid descriptor function");
}

TEST_F(DescriptorsTest, AddressesAreDerived) {
  const std::string tprv = kTprv;
  const std::string address = "bcrt1qjqmxmkpmxt80xz4y3746zgt0q3u3ferr34acd5";
  EXPECT_EQ(Derive("wpkh(" + tprv + "/1/1/0)"), "[" + Quoted(address) + "]");
  EXPECT_EQ(Derive("wpkh(" + tprv + "/1/1/*)", "[0,0]"), "[" + Quoted(address) + "]");
  EXPECT_EQ(ParseOrFail(Derive("wpkh(" + tprv + "/1/1/*)", "2")).Items().size(), 3u);
  EXPECT_EQ(ParseOrFail(Derive("wpkh(" + tprv + "/1/1/*)", "[1,2]")).Items().size(), 2u);
  // The bare key of a combo() has no address.
  EXPECT_EQ(Derive("combo(" + tprv + "/1/1/0)"), R"(["mtfUoUax9L4tzXARpw1oTGxWyoogp52KhJ",)" +
                                                     Quoted(address) +
                                                     R"(,"2NDvEwGfpEqJWfybzpKPHF2XH3jwoQV3D7x"])");
  EXPECT_EQ(Derive("wpkh(" + tprv + "/<1;2>/1/*)", "0"),
            "[" + Derive("wpkh(" + tprv + "/1/1/*)", "0") + "," +
                Derive("wpkh(" + tprv + "/2/1/*)", "0") + "]");
}

TEST_F(DescriptorsTest, WhatHasNoAddresses) {
  const std::string tprv = kTprv;
  const std::string one = "wpkh(" + tprv + "/1/1/0)";
  const std::string ranged = "wpkh(" + tprv + "/1/1/*)";
  EXPECT_EQ(Call("deriveaddresses", "[" + Quoted(one) + "]"), "-5 Missing checksum");
  EXPECT_EQ(Derive(one, "[0,2]"), "-8 Range should not be specified for an un-ranged descriptor");
  EXPECT_EQ(Derive(ranged), "-8 Range must be specified for a ranged descriptor");
  EXPECT_EQ(Derive(ranged, "10000000000"), "-8 End of range is too high");
  EXPECT_EQ(Derive(ranged, "[1000000000,2001000000]"), "-8 Range is too large");
  EXPECT_EQ(Derive(ranged, "[2,0]"),
            "-8 Range specified as [begin,end] must not have begin after end");
  EXPECT_EQ(Derive(ranged, "[-1,0]"), "-8 Range should be greater or equal than 0");
  EXPECT_EQ(Derive(ranged, "[0]"), "-8 Range must be specified as end or as [begin,end]");
  EXPECT_EQ(Derive("raw(51)"), "-5 Descriptor does not have a corresponding address");
  EXPECT_EQ(Derive("pk(" + std::string(kKey) + ")"),
            "-5 Descriptor does not have a corresponding address");
  const std::string tpub =
      "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76u"
      "ZPStJRJCTKvosUCJZL5B";
  EXPECT_EQ(Derive("pkh(" + tpub + "/1h)"), "-5 Cannot derive script without private keys");
}

TEST_F(DescriptorsTest, MultisigAddresses) {
  const std::string keys = R"([")" + std::string(kKey) + R"(",")" + kOther + R"("])";
  const std::string list = std::string("multi(2,") + kKey + "," + kOther + ")";
  for (const auto& [type, descriptor] :
       std::vector<std::pair<std::string, std::string>>{{"legacy", "sh(" + list + ")"},
                                                        {"p2sh-segwit", "sh(wsh(" + list + "))"},
                                                        {"bech32", "wsh(" + list + ")"}}) {
    const json::Value made =
        ParseOrFail(Call("createmultisig", "[2," + keys + "," + Quoted(type) + "]"));
    EXPECT_EQ(made.Find("descriptor")->Text(), WithChecksum(descriptor));
    EXPECT_EQ("[" + Quoted(made.Find("address")->Text()) + "]", Derive(descriptor));
    EXPECT_EQ(made.Find("redeemScript")->Text(),
              "5221" + std::string(kKey) + "21" + kOther + "52ae");
    EXPECT_EQ(made.Find("warnings"), nullptr);
  }
  // Uncompressed keys have no witness programs.
  const json::Value legacy =
      ParseOrFail(Call("createmultisig", R"([1,[")" + std::string(kLongKey) + R"("],"bech32"])"));
  EXPECT_EQ(legacy.Find("descriptor")->Text(),
            WithChecksum(std::string("sh(multi(1,") + kLongKey + "))"));
  EXPECT_EQ(
      legacy.Find("warnings")->ToString(),
      R"(["Unable to make chosen address type, please ensure no uncompressed public keys are )"
      R"(present."])");
}

TEST_F(DescriptorsTest, MultisigAddressesOfBip67) {
  CAIRN_NEED_VECTORS();
  const json::Value cases = ParseOrFail(test::ReadText(test::VectorPath("rpc/rpc_bip67.json")));
  ASSERT_EQ(cases.Items().size(), 4u);
  for (const json::Value& entry : cases.Items()) {
    const std::string sorted = entry.Find("sorted_keys")->ToString();
    const json::Value made = ParseOrFail(Call("createmultisig", "[2," + sorted + "]"));
    EXPECT_EQ(made.Find("address")->Text(), entry.Find("address")->Text());
    EXPECT_EQ(made.Find("redeemScript")->Text(), entry.Find("script")->Text());
    std::string text = "sh(sortedmulti(2";
    for (const json::Value& key : entry.Find("keys")->Items()) text += "," + key.Text();
    EXPECT_EQ(Derive(text + "))"), "[" + Quoted(entry.Find("address")->Text()) + "]");
  }
}

TEST_F(DescriptorsTest, MultisigRefusals) {
  const auto create = [&](const std::string& required, const std::vector<std::string>& keys,
                          const std::string& rest = "") {
    std::string list;
    for (const std::string& key : keys) list += (list.empty() ? "" : ",") + Quoted(key);
    return Call("createmultisig", "[" + required + ",[" + list + "]" + rest + "]");
  };
  EXPECT_EQ(create("1", {"xx"}), "-5 Pubkey \"xx\" must be a hex string");
  EXPECT_EQ(create("1", {"0203"}),
            "-5 Pubkey \"0203\" must have a length of either 33 or 65 bytes");
  const std::string none = "02" + std::string(64, 'f');
  EXPECT_EQ(create("1", {none}), "-5 Pubkey \"" + none + "\" must be cryptographically valid.");
  EXPECT_EQ(create("0", {kKey}),
            "-8 a multisignature address must require at least one key to redeem");
  EXPECT_EQ(create("2", {kKey}),
            "-8 not enough keys supplied (got 1 keys, but need at least 2 to redeem)");
  EXPECT_EQ(create("1", std::vector<std::string>(21, kKey)),
            "-8 Number of keys involved in the multisignature address creation > 20\nReduce the "
            "number");
  EXPECT_EQ(create("1", std::vector<std::string>(16, kKey)),
            "-8 redeemScript exceeds size limit: 547 > 520");
  EXPECT_EQ(create("1", {kKey}, R"(,"bech32m")"),
            "-5 createmultisig cannot create bech32m multisig addresses");
  EXPECT_EQ(create("1", {kKey}, R"(,"x")"), "-5 Unknown address type 'x'");
}

TEST_F(DescriptorsTest, MessagesAreSignedAndVerified) {
  const std::string message = "This is just a test message";
  const std::string signature =
      Call("signmessagewithprivkey",
           R"(["cUeKHd5orzT3mz8P9pxyREHfsWtVfgsfDjiZZBcjUBAaGk1BTj7N",)" + Quoted(message) + "]");
  EXPECT_EQ(signature,
            R"("INbVnW4e6PeRmsv2Qgu8NuopvrVjkcxob+sX8OcZG0SALhWybUjzMLPdAsXI46YZGb0KQTRii+wWIQzRp)"
            R"(G/U+S0=")");
  const auto verify = [&](const std::string& address, const std::string& signed_text,
                          const std::string& text) {
    return Call("verifymessage",
                "[" + Quoted(address) + "," + signed_text + "," + Quoted(text) + "]");
  };
  const std::string address = "mpLQjfK79b7CCV4VMJWEWAj5Mpx8Up5zxB";
  EXPECT_EQ(verify(address, signature, message), "true");
  EXPECT_EQ(verify(address, signature, "another"), "false");
  EXPECT_EQ(verify("mtfUoUax9L4tzXARpw1oTGxWyoogp52KhJ", signature, message), "false");
  EXPECT_EQ(verify(address, R"("aGVsbG8=")", message), "false");
  EXPECT_EQ(verify("nowhere", signature, message), "-5 Invalid address");
  EXPECT_EQ(verify("2NDvEwGfpEqJWfybzpKPHF2XH3jwoQV3D7x", signature, message),
            "-3 Address does not refer to key");
  EXPECT_EQ(verify(address, R"("no base 64")", message), "-3 Malformed base64 encoding");
  EXPECT_EQ(Call("signmessagewithprivkey", R"(["nothing","text"])"), "-5 Invalid private key");
}

}  // namespace
}  // namespace cairn::rpc
