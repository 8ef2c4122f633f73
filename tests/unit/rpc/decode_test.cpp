// Addresses, scripts, transactions and descriptors.
#include <gmock/gmock.h>

#include "cairn/base/hex.h"
#include "cairn/genesis/chain_file.h"
#include "tests/support/vectors.h"
#include "tests/unit/rpc/schema.h"
#include "tests/unit/rpc/support.h"

namespace cairn::rpc {
namespace {

using testing::HasSubstr;

class DecodeTest : public testing::Test {
 protected:
  DecodeTest() {
    node_.params = *genesis::BuiltInChain("regtest");
    dispatcher_.SetReady(node_.context);
  }
  std::string Call(const std::string& method, const std::string& params) {
    return CallByTable(dispatcher_, method, params);
  }

  FakeNode node_;
  Dispatcher dispatcher_{AllMethods()};
};

/// Equal but for the order of members.
bool SameJson(const json::Value& a, const json::Value& b) {
  if (!a.IsObject() || !b.IsObject()) return a.ToString() == b.ToString();
  if (a.Members().size() != b.Members().size()) return false;
  for (const auto& [name, member] : a.Members()) {
    const json::Value* other = b.Find(name);
    if (other == nullptr || !SameJson(member, *other)) return false;
  }
  return true;
}

TEST_F(DecodeTest, DecodescriptVectors) {
  CAIRN_NEED_VECTORS();
  const json::Value cases =
      ParseOrFail(test::ReadText(test::VectorPath("rpc/rpc_decodescript.json")));
  ASSERT_EQ(cases.Items().size(), 10u);
  for (const json::Value& entry : cases.Items()) {
    const std::string& script = entry.Items()[0].Text();
    const std::string result = Call("decodescript", "[\"" + script + "\"]");
    EXPECT_TRUE(SameJson(ParseOrFail(result), entry.Items()[1])) << script << "\n" << result;
  }
}

TEST_F(DecodeTest, DecodescriptWrapsKeysAndMultisig) {
  const std::string key = "03b0da749730dc9b4b1f4a14d6902877a92541f5368778853d9c4a0cb7802dcfb2";
  const std::string key_hash = "5dd1d3a048119c27b28293056724d9522f26d945";
  const json::Value pay_to_key = ParseOrFail(Call("decodescript", "[\"21" + key + "ac\"]"));
  EXPECT_EQ(pay_to_key.Find("segwit")->Find("asm")->Text(), "0 " + key_hash);
  const json::Value pay_to_hash =
      ParseOrFail(Call("decodescript", "[\"76a914" + key_hash + "88ac\"]"));
  EXPECT_EQ(pay_to_hash.Find("segwit")->Find("asm")->Text(), "0 " + key_hash);
  const json::Value multisig =
      ParseOrFail(Call("decodescript", "[\"5121" + key + "21" + key + "52ae\"]"));
  EXPECT_THAT(multisig.Find("desc")->Text(), HasSubstr("multi(1," + key + "," + key + ")#"));
  EXPECT_THAT(multisig.Find("segwit")->Find("desc")->Text(), HasSubstr("wsh(multi(1,"));
  const std::string uncompressed = "04" + std::string(128, '1');
  const json::Value old = ParseOrFail(Call("decodescript", "[\"41" + uncompressed + "ac\"]"));
  EXPECT_NE(old.Find("p2sh"), nullptr);
  EXPECT_EQ(old.Find("segwit"), nullptr);
  EXPECT_EQ(Call("decodescript", R"(["xx"])"),
            "-8 hexstring must be hexadecimal string (not 'xx')");
}

TEST_F(DecodeTest, ValidateAddressExplains) {
  const json::Value good =
      ParseOrFail(Call("validateaddress", R"(["bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202"])"));
  EXPECT_TRUE(good.Find("isvalid")->AsBool());
  EXPECT_EQ(good.Find("scriptPubKey")->Text(), "0014" + std::string(40, '0'));
  EXPECT_FALSE(good.Find("isscript")->AsBool());
  EXPECT_TRUE(good.Find("iswitness")->AsBool());
  EXPECT_EQ(good.Find("witness_version")->Text(), "0");
  const json::Value script_hash =
      ParseOrFail(Call("validateaddress", R"(["2NF2b3KS8xXb9XHvbRMXdZh8s5g92rUZHtp"])"));
  EXPECT_TRUE(script_hash.Find("isscript")->AsBool());
  EXPECT_FALSE(script_hash.Find("iswitness")->AsBool());
  const json::Value bad =
      ParseOrFail(Call("validateaddress", R"(["1BoatSLRHtKNngkdXEeobR76b53LETtpyT"])"));
  EXPECT_FALSE(bad.Find("isvalid")->AsBool());
  EXPECT_FALSE(bad.Find("error")->Text().empty());
  EXPECT_EQ(bad.Find("error_locations")->ToString(), "[]");
  const json::Value mistyped =
      ParseOrFail(Call("validateaddress", R"(["bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku20p"])"));
  EXPECT_EQ(mistyped.Find("error")->Text(), "Invalid Bech32 checksum");
  EXPECT_EQ(mistyped.Find("error_locations")->ToString(), "[43]");
}

TEST_F(DecodeTest, DecodeRawTransactionExplains) {
  const std::string coinbase =
      "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0704ffff00"
      "1d0104"
      "ffffffff0100f2052a0100000043410496b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7947be6"
      "3c52da"
      "7589379515d4e0a604f8141781e62294721166bf621e73a82cbf2342c858eeac00000000";
  const json::Value decoded = ParseOrFail(Call("decoderawtransaction", "[\"" + coinbase + "\"]"));
  EXPECT_EQ(decoded.Find("txid")->Text(),
            "0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098");
  EXPECT_EQ(decoded.Find("hex"), nullptr);
  EXPECT_EQ(decoded.Find("vsize")->Text(), "134");
  EXPECT_EQ(Call("decoderawtransaction", "[\"" + coinbase + "00\"]"),
            "-22 TX decode failed. Make sure the tx has at least one input.");
  EXPECT_EQ(Call("decoderawtransaction", R"(["zz"])"),
            "-22 TX decode failed. Make sure the tx has at least one input.");
}

}  // namespace
}  // namespace cairn::rpc
