#include "cairn/primitives/descriptor.h"

#include <random>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "cairn/crypto/hash.h"
#include "tests/support/vectors.h"

namespace cairn {
namespace {

constexpr const char* kKey = "03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd";
constexpr const char* kLongKey =
    "04a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709"
    "c02559e3aa73aa03918ba2d492eea75abea235";

AddressPrefixes Mainnet() {
  AddressPrefixes prefixes;
  prefixes.script_hash = 5;
  prefixes.bech32_hrp = "bc";
  return prefixes;
}

std::string In(const std::string& function, const std::string& argument) {
  return function + "(" + argument + ")";
}

/// All scripts in hex, or the error.
std::vector<std::string> ScriptsOf(const std::string& descriptor) {
  const auto expanded = ExpandDescriptor(descriptor, Mainnet());
  if (!expanded) return {expanded.error().message};
  std::vector<std::string> scripts;
  for (const DescriptorScript& script : *expanded) scripts.push_back(ToHex(script.script));
  return scripts;
}

/// The descriptors of the single scripts, without their checksums, which must be right.
std::vector<std::string> Specialised(const std::string& descriptor) {
  const auto expanded = ExpandDescriptor(descriptor, Mainnet());
  std::vector<std::string> texts;
  if (!expanded) return texts;
  for (const DescriptorScript& script : *expanded) {
    const std::string body = script.descriptor.substr(0, script.descriptor.find('#'));
    EXPECT_EQ(WithChecksum(body), script.descriptor);
    texts.push_back(body);
    // A specialised descriptor says the same script again.
    EXPECT_EQ(ScriptsOf(script.descriptor), std::vector{ToHex(script.script)});
  }
  return texts;
}

std::string ErrorOf(const std::string& descriptor) {
  const auto expanded = ExpandDescriptor(descriptor, Mainnet());
  return expanded ? "none" : expanded.error().message;
}

json::Value ReadVectors() {
  const auto vectors = json::Parse(test::ReadText(test::VectorPath("keys/descriptors_bips.json")));
  EXPECT_TRUE(vectors);
  return vectors ? *vectors : json::Value::Array();
}

TEST(Descriptor, VectorsOfTheBips) {
  CAIRN_NEED_VECTORS();
  int expanded = 0;
  int refused = 0;
  const json::Value vectors = ReadVectors();
  for (const json::Value& bip : vectors.Items()) {
    for (const json::Value& entry : bip.Find("valid")->Items()) {
      const std::string& text = entry.Find("descriptor")->Text();
      const auto scripts = ExpandDescriptor(text, Mainnet());
      if (!scripts) continue;  // secret keys, extended keys and trees are beyond this parser
      ++expanded;
      std::vector<std::string> expected;
      for (const json::Value& script : entry.Find("expansions")->Items()) {
        expected.push_back(script.Text());
      }
      EXPECT_EQ(ScriptsOf(text), expected) << text;
    }
    for (const json::Value& entry : bip.Find("invalid")->Items()) {
      ++refused;
      EXPECT_NE(ErrorOf(entry.Find("descriptor")->Text()), "none")
          << entry.Find("descriptor")->Text();
    }
  }
  EXPECT_EQ(expanded, 20);
  EXPECT_EQ(refused, 61);
}

TEST(Descriptor, KeyExpressionsOfBip380) {
  CAIRN_NEED_VECTORS();
  const json::Value bip380 = ReadVectors().Items()[0];
  int accepted = 0;
  for (const json::Value& entry : bip380.Find("key_expressions_valid")->Items()) {
    if (ErrorOf(In("pk", entry.Find("key")->Text())) == "none") ++accepted;
  }
  EXPECT_EQ(accepted, 5);  // those in hex
  for (const json::Value& entry : bip380.Find("key_expressions_invalid")->Items()) {
    EXPECT_NE(ErrorOf(In("pk", entry.Find("key")->Text())), "none") << entry.ToString();
  }
}

TEST(Descriptor, ChecksumsOfBip380) {
  EXPECT_EQ(DescriptorChecksum("raw(deadbeef)"), "89f8spxm");
  EXPECT_EQ(DescriptorChecksum("raw(Ü)"), "");
  CAIRN_NEED_VECTORS();
  const json::Value bip380 = ReadVectors().Items()[0];
  ASSERT_EQ(bip380.Find("checksum")->Items().size(), 8u);
  for (const json::Value& entry : bip380.Find("checksum")->Items()) {
    EXPECT_EQ(ErrorOf(entry.Find("descriptor")->Text()) == "none", entry.Find("valid")->AsBool())
        << entry.ToString();
  }
}

TEST(Descriptor, ComboHasAllScriptsOfAKey) {
  const std::string hash = ToHex(crypto::Hash160Of(*FromHex(kKey)));
  const std::string own = "[" + hash.substr(0, 8) + "]" + kKey;
  EXPECT_EQ(Specialised(In("combo", kKey)),
            (std::vector<std::string>{In("pk", own), In("pkh", own), In("wpkh", own),
                                      In("sh", In("wpkh", own))}));
  EXPECT_EQ(ScriptsOf(In("combo", kKey)),
            (std::vector<std::string>{ScriptsOf(In("pk", kKey))[0], ScriptsOf(In("pkh", kKey))[0],
                                      ScriptsOf(In("wpkh", kKey))[0],
                                      ScriptsOf(In("sh", In("wpkh", kKey)))[0]}));
  EXPECT_EQ(ScriptsOf(In("combo", kLongKey)),
            (std::vector<std::string>{ScriptsOf(In("pk", kLongKey))[0],
                                      ScriptsOf(In("pkh", kLongKey))[0]}));
}

TEST(Descriptor, CoinsGoToTheWitnessProgramOfACombo) {
  EXPECT_EQ(ToHex(*ScriptFromDescriptor(In("combo", kKey), Mainnet())),
            ScriptsOf(In("wpkh", kKey))[0]);
  EXPECT_EQ(ToHex(*ScriptFromDescriptor(In("combo", kLongKey), Mainnet())),
            ScriptsOf(In("pkh", kLongKey))[0]);
  EXPECT_EQ(ToHex(*ScriptFromDescriptor("raw()", Mainnet())), "");
  EXPECT_FALSE(ScriptFromDescriptor("nothing", Mainnet()));
}

TEST(Descriptor, OriginsAreKept) {
  const std::string key = std::string("[DEADBEEF/1/2'/3h]") + kKey;
  const std::string normal = std::string("[deadbeef/1/2h/3h]") + kKey;
  EXPECT_EQ(Specialised(In("pkh", key)), std::vector{In("pkh", normal)});
  EXPECT_EQ(Specialised(In("sh", In("wsh", In("pk", key)))),
            std::vector{In("sh", In("wsh", In("pk", normal)))});
  const std::string x_only(kKey + 2);
  EXPECT_EQ(Specialised(In("tr", "[deadbeef]" + x_only)),
            std::vector{In("tr", "[deadbeef]" + x_only)});
  const std::string even = ToHex(crypto::Hash160Of(*FromHex("02" + x_only))).substr(0, 8);
  EXPECT_EQ(Specialised(In("rawtr", x_only)), std::vector{In("rawtr", "[" + even + "]" + x_only)});
  EXPECT_EQ(ScriptsOf(In("rawtr", x_only)), std::vector{"5120" + x_only});
  EXPECT_EQ(ScriptsOf(In("rawtr", kKey)), std::vector{"5120" + x_only});
}

TEST(Descriptor, MultisigIsSortedWhereAsked) {
  const std::string other = "02e493dbf1c10d80f3581e4904930b1404cc6c13900ee0758474fa94abe8c4cd13";
  const std::string keys = std::string(kKey) + "," + other;
  EXPECT_EQ(ScriptsOf(In("multi", "1," + keys)),
            std::vector{"5121" + std::string(kKey) + "21" + other + "52ae"});
  EXPECT_EQ(ScriptsOf(In("sortedmulti", "2," + keys)),
            std::vector{"5221" + other + "21" + kKey + "52ae"});
  EXPECT_EQ(ScriptsOf(In("wsh", In("sortedmulti", "2," + keys))),
            ScriptsOf(In("wsh", In("multi", "2," + other + "," + kKey))));
  EXPECT_EQ(Specialised(In("sh", In("sortedmulti", "2,[00000000]" + keys))).size(), 1u);
}

TEST(Descriptor, WhatIsOpaqueIsInferred) {
  EXPECT_EQ(Specialised("raw(deadbeef)"), std::vector<std::string>{"raw(deadbeef)"});
  EXPECT_EQ(Specialised("raw(a9149a4d9901d6af519b2a23d4a2f51650fcba87ce7b87)"),
            std::vector<std::string>{"addr(3Fktwfew1dVGUoDoA1g8jJHFmPTgdq7Wwk)"});
  EXPECT_EQ(Specialised("addr(3PUNyaW7M55oKWJ3kDukwk9bsKvryra15j)"),
            std::vector<std::string>{"addr(3PUNyaW7M55oKWJ3kDukwk9bsKvryra15j)"});
}

TEST(Descriptor, ErrorsSayWhatIsWrong) {
  const std::string key = kKey;
  EXPECT_EQ(ErrorOf("raw(51)#"), "Expected 8 character checksum, not 0 characters");
  EXPECT_EQ(ErrorOf("raw(51)#8lvh9jx"), "Expected 8 character checksum, not 7 characters");
  EXPECT_EQ(ErrorOf("raw(51)#8lvh9jxk#"), "Multiple '#' symbols");
  EXPECT_EQ(ErrorOf("raw(51)#aaaaaaaa"),
            "Provided checksum 'aaaaaaaa' does not match computed "
            "checksum '" +
                DescriptorChecksum("raw(51)") + "'");
  EXPECT_EQ(ErrorOf("raw(Ü)"), "Invalid characters in payload");
  EXPECT_EQ(ErrorOf("foo(51)"), "'foo(51)' is not a valid descriptor function");
  EXPECT_EQ(ErrorOf("raw(51"), "'raw(51' is not a valid descriptor function");
  EXPECT_EQ(ErrorOf(key), "'" + key + "' is not a valid descriptor function");
  EXPECT_EQ(ErrorOf("raw(5)"), "Raw script is not hex");
  EXPECT_EQ(ErrorOf("addr(x)"), "Address is not valid");
  EXPECT_EQ(ErrorOf("pk()"), "pk(): No key provided");
  EXPECT_EQ(ErrorOf("pk(zz)"), "pk(): key 'zz' is not valid");
  EXPECT_EQ(ErrorOf("pk(00)"), "pk(): Pubkey '00' is invalid");
  EXPECT_EQ(ErrorOf("pk(06" + std::string(kLongKey + 2) + ")"),
            "pk(): Pubkey '06" + std::string(kLongKey + 2) + "' is invalid");
  EXPECT_EQ(ErrorOf("pk(07" + std::string(kLongKey + 2) + ")"),
            "pk(): Hybrid public keys are not allowed");
  EXPECT_EQ(ErrorOf(In("wpkh", kLongKey)), "wpkh(): Uncompressed keys are not allowed");
  EXPECT_EQ(ErrorOf(In("wsh", In("pk", kLongKey))), "pk(): Uncompressed keys are not allowed");
  EXPECT_EQ(ErrorOf(In("tr", kLongKey)), "tr(): Uncompressed keys are not allowed");
  EXPECT_EQ(ErrorOf(In("pk", key.substr(2))), "pk(): Pubkey '" + key.substr(2) + "' is invalid");
  EXPECT_EQ(ErrorOf(In("sh", In("combo", key))), "Can only have combo() at top level");
  EXPECT_EQ(ErrorOf(In("sh", In("sh", In("pk", key)))), "Can only have sh() at top level");
  EXPECT_EQ(ErrorOf(In("wsh", In("wpkh", key))),
            "Can only have wpkh() at top level or inside sh()");
  EXPECT_EQ(ErrorOf(In("wsh", In("wsh", In("pk", key)))),
            "Can only have wsh() at top level or inside sh()");
  EXPECT_EQ(ErrorOf(In("sh", In("raw", "51"))), "Can only have raw() at top level");
  EXPECT_EQ(ErrorOf(In("sh", In("tr", key))), "Can only have tr at top level");
  EXPECT_EQ(ErrorOf(In("sh", key)), "A function is needed within P2SH");
  EXPECT_EQ(ErrorOf(In("wsh", key)), "A function is needed within P2WSH");
  EXPECT_EQ(ErrorOf("multi(a," + key + ")"), "Multi threshold 'a' is not valid");
  EXPECT_EQ(ErrorOf("multi(0," + key + ")"), "Multisig threshold cannot be 0, must be at least 1");
  EXPECT_EQ(ErrorOf("multi(2," + key + ")"),
            "Multisig threshold cannot be larger than the number of keys; threshold is 2 but only "
            "1 keys specified");
  EXPECT_EQ(ErrorOf("multi(1)"),
            "Cannot have 0 keys in multisig; must have between 1 and 20 keys, inclusive");
  EXPECT_EQ(ErrorOf("multi(1," + key + "," + key + "," + key + "," + key + ")"),
            "Cannot have 4 pubkeys in bare multisig; only at most 3 pubkeys");
  EXPECT_EQ(ErrorOf("pk([deadbeef/]" + key + ")"), "pk(): Key path value '' is not a valid uint32");
  EXPECT_EQ(ErrorOf("pk([deadbeef/2147483648]" + key + ")"),
            "pk(): Key path value 2147483648 is out of range");
  EXPECT_EQ(ErrorOf("pk([dead]" + key + ")"),
            "pk(): Fingerprint is not 4 bytes (4 characters instead of 8 characters)");
  EXPECT_EQ(ErrorOf("pk([deadbeex]" + key + ")"), "pk(): Fingerprint 'deadbeex' is not hex");
  EXPECT_EQ(ErrorOf("pk(]" + key + ")"),
            "pk(): Key origin start '[ character expected but not found, got ']' instead");
  EXPECT_EQ(ErrorOf("pk([][]" + key + ")"),
            "pk(): Multiple ']' characters found for a single pubkey");
}

TEST(Descriptor, AnyTextIsReadOrRefused) {
  const std::string seed =
      In("sh", In("wsh", "multi(2,[deadbeef/1h]" + std::string(kKey) + "," + kKey + ")"));
  std::mt19937 random(3);
  const std::string alphabet = "()[]{},/'h#0123456789abcdefmultiwshtrpk@~";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seed;
    for (unsigned edits = random() % 4 + 1; edits > 0; --edits) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0: text[at] = alphabet[random() % alphabet.size()]; break;
        case 1: text.erase(at, random() % 8); break;
        default: text.insert(at, 1, alphabet[random() % alphabet.size()]); break;
      }
      if (text.empty()) text = "x";
    }
    if (ErrorOf(text) == "none") Specialised(text);
  }
}

}  // namespace
}  // namespace cairn
