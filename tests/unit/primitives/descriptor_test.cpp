#include "cairn/primitives/descriptor.h"

#include <random>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/crypto/hash.h"
#include "cairn/primitives/bip32.h"
#include "tests/support/address_prefixes.h"

namespace cairn {
namespace {

constexpr const char* kKey = "03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd";
constexpr const char* kLongKey =
    "04a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709"
    "c02559e3aa73aa03918ba2d492eea75abea235";

// The keys of BIP32's second vector, and one that is deep in the tree of the first.
constexpr const char* kXpub =
    "xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY"
    "47LJhkJ8UB7WEGuduB";
constexpr const char* kXprv =
    "xprv9s21ZrQH143K31xYSDQpPDxsXRTUcvj2iNHm5NUtrGiGG5e2DtALGdso3pGz6ssrdK4PFmM8NSpSBHNqPqm55Qn3L"
    "qFtT2emdEXVYsCzC2U";
constexpr const char* kWif = "L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1";  // of kKey
constexpr const char* kLongWif = "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss";

const AddressPrefixes kMainnet = test::Mainnet();

std::string In(const std::string& function, const std::string& argument) {
  return function + "(" + argument + ")";
}

/// All scripts in hex, or the error.
std::vector<std::string> ScriptsOf(const std::string& text, uint32_t index = 0) {
  const auto parsed = Descriptor::Parse(text, kMainnet);
  if (!parsed) return {parsed.error().message};
  const auto scripts = parsed->front().Scripts(index);
  if (!scripts) return {"needs private keys"};
  std::vector<std::string> texts;
  for (const Bytes& script : *scripts) texts.push_back(ToHex(script));
  return texts;
}

/// The descriptors of the single scripts, without their checksums, which must be right.
std::vector<std::string> Specialised(const std::string& text, uint32_t index = 0) {
  const auto parsed = Descriptor::Parse(text, kMainnet);
  if (!parsed) return {parsed.error().message};
  const auto scripts = parsed->front().Scripts(index);
  const auto descriptors = parsed->front().ScriptDescriptors(index);
  if (!scripts || !descriptors) return {"needs private keys"};
  EXPECT_EQ(scripts->size(), descriptors->size());
  std::vector<std::string> texts;
  for (size_t i = 0; i < scripts->size(); ++i) {
    const std::string body = (*descriptors)[i].substr(0, (*descriptors)[i].find('#'));
    EXPECT_EQ(WithChecksum(body), (*descriptors)[i]);
    texts.push_back(body);
    // A specialised descriptor says the same script again.
    EXPECT_EQ(ScriptsOf((*descriptors)[i]), std::vector{ToHex((*scripts)[i])});
  }
  return texts;
}

std::string ErrorOf(const std::string& text) {
  const auto parsed = Descriptor::Parse(text, kMainnet);
  return parsed ? "none" : parsed.error().message;
}

/// Without their checksums.
std::string Canonical(const std::string& text) {
  const auto parsed = Descriptor::Parse(text, kMainnet);
  if (!parsed) return parsed.error().message;
  const std::string canonical = parsed->front().ToString();
  return canonical.substr(0, canonical.find('#'));
}

TEST(Descriptor, Checksums) {
  EXPECT_EQ(DescriptorChecksum("raw(deadbeef)"), "89f8spxm");
  EXPECT_EQ(DescriptorChecksum("raw(Ü)"), "");
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
            "pk(): Hybrid public keys are not allowed");
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

TEST(Descriptor, ErrorsOfTreesAndLists) {
  const std::string key = kKey;
  const std::string leaf = In("pk", key);
  EXPECT_EQ(ErrorOf("tr(" + key + ",{" + leaf + "})"),
            "tr(): expected ',' after script expression");
  EXPECT_EQ(ErrorOf("tr(" + key + ",{" + leaf + "," + leaf + ")"),
            "tr(): expected '}' after script expression");
  EXPECT_EQ(ErrorOf("tr(" + key + "," + leaf + "," + leaf + ")"),
            "tr(): expected ')' after script expression");
  EXPECT_EQ(ErrorOf("tr(" + key + ",{" + leaf + "," + leaf + "," + leaf + "})"),
            "tr(): expected '}' after script expression");
  EXPECT_EQ(ErrorOf("tr(" + key + "," + In("wpkh", key) + ")"),
            "Can only have wpkh() at top level or inside sh()");
  EXPECT_EQ(ErrorOf("tr(" + key + "," + In("multi", "1," + key) + ")"),
            "Can only have multi/sortedmulti at top level, in sh(), or in wsh()");
  EXPECT_EQ(ErrorOf(In("multi_a", "1," + key)), "Can only have multi_a/sortedmulti_a inside tr()");
  EXPECT_EQ(ErrorOf("tr(" + key + ",multi_a(1))"),
            "Cannot have 0 keys in multi_a; must have between 1 and 999 keys, inclusive");
  EXPECT_EQ(ErrorOf("tr(" + key + "," + key + ")"),
            "'" + key + "' is not a valid descriptor function");
  EXPECT_EQ(ErrorOf("rawtr(" + key + "," + leaf + ")"), "rawtr(): only one key expected.");
  EXPECT_EQ(ErrorOf("multi(1}{" + key + ")"), "Multi: expected ',', got '}'");
  EXPECT_EQ(ErrorOf("sh(" + leaf + "," + leaf + ")"), "sh(): only one script expected");
  EXPECT_EQ(ErrorOf(leaf + "," + leaf), "Expected the end of the descriptor, got '," + leaf + "'");
  EXPECT_EQ(ErrorOf(std::string(100'001, 'a')), "Descriptor is too long");
  const auto missing = Descriptor::Parse("raw(51)", kMainnet, ChecksumRule::kRequired);
  EXPECT_EQ(missing.error().message, "Missing checksum");
  std::string keys;
  for (int i = 0; i < 16; ++i) keys += "," + key;
  EXPECT_EQ(ErrorOf("sh(multi(1" + keys + "))"),
            "P2SH script is too large, 547 bytes is larger than 520 bytes");
}

TEST(Descriptor, ErrorsOfExtendedKeys) {
  const std::string xpub = kXpub;
  const std::string testing =
      EncodeExtendedKey(*DecodeExtendedPublicKey(xpub, kMainnet), test::Testing("tb"));
  const auto error = [](const std::string& key) { return ErrorOf(In("pk", key)); };
  EXPECT_EQ(error(testing), "pk(): key '" + testing + "' is not valid");
  EXPECT_EQ(error(std::string(kKey) + "/0"), "pk(): key '" + std::string(kKey) + "' is not valid");
  EXPECT_EQ(error(std::string(kWif) + "/*"), "pk(): key '" + std::string(kWif) + "' is not valid");
  EXPECT_EQ(error(xpub + "/1aa"), "pk(): Key path value '1aa' is not a valid uint32");
  EXPECT_EQ(error(xpub + "/2147483648"), "pk(): Key path value 2147483648 is out of range");
  EXPECT_EQ(error(xpub + "/*/0"), "pk(): Key path value '*' is not a valid uint32");
  EXPECT_EQ(error(xpub + "/"), "pk(): Key path value '' is not a valid uint32");
  EXPECT_EQ(error(xpub + "/<0;1>/<2;3>"), "pk(): Multiple multipath key path specifiers found");
  EXPECT_EQ(error(xpub + "/<0>"),
            "pk(): Multipath key path specifiers must have at least two items");
  EXPECT_EQ(error(xpub + "/<0;0>"), "pk(): Duplicated key path value 0 in multipath specifier");
  EXPECT_EQ(error("[deadbeef/<0;1>]" + xpub),
            "pk(): Key path value '<0;1>' specifies multipath in a section where multipath is not "
            "allowed");
  EXPECT_EQ(ErrorOf("sh(multi(1," + xpub + "/<0;1>," + xpub + "/<0;1;2>))"),
            "multi(): Multipath derivation paths have mismatched lengths");
  EXPECT_EQ(ErrorOf("tr(" + xpub + "/<0;1>,pk(" + xpub + "/<0;1;2>))"),
            "tr(): Multipath internal key mismatches multipath subscripts lengths");
}

TEST(Descriptor, KeysAreDerived) {
  const std::string xpub = kXpub;
  const auto first = DecodeExtendedPublicKey(xpub, kMainnet)->Child(7)->Child(3);
  const std::string hex = ToHex(first->key);
  EXPECT_EQ(ScriptsOf(In("pk", xpub + "/7/*"), 3), ScriptsOf(In("pk", hex)));
  EXPECT_EQ(Specialised(In("pk", xpub + "/7/*"), 3), std::vector{In("pk", "[bd16bee5/7/3]" + hex)});
  EXPECT_EQ(Specialised(In("pk", "[00000001/1']" + xpub + "/7/*"), 3),
            std::vector{In("pk", "[00000001/1h/7/3]" + hex)});
  EXPECT_EQ(ScriptsOf(In("pk", std::string(kXprv) + "/7/*"), 3), ScriptsOf(In("pk", hex)));
}

TEST(Descriptor, HardenedKeysTakeThePrivateOne) {
  EXPECT_EQ(ScriptsOf(In("pk", std::string(kXpub) + "/0h")),
            std::vector<std::string>{"needs private keys"});
  EXPECT_EQ(ScriptsOf(In("pk", std::string(kXpub) + "/*h")),
            std::vector<std::string>{"needs private keys"});
  const auto key = DecodeExtendedSecretKey(kXprv, kMainnet)->Child(kHardened)->Child(kHardened | 5);
  const std::string hex = ToHex(key->Public().key);
  EXPECT_EQ(Specialised(In("pk", std::string(kXprv) + "/0'/*'"), 5),
            std::vector{In("pk", "[bd16bee5/0h/5h]" + hex)});
  // A tree is at most 255 deep.
  std::string path;
  for (int i = 0; i < 255; ++i) path += "/0";
  EXPECT_EQ(ScriptsOf(In("pkh", kXpub + path)).front().substr(0, 6), "76a914");
  EXPECT_EQ(ScriptsOf(In("pkh", kXpub + path + "/0")),
            std::vector<std::string>{"needs private keys"});
}

TEST(Descriptor, PrivateKeysAreWrittenOnlyWhenAskedFor) {
  for (const auto& [secret, open] : std::vector<std::pair<std::string, std::string>>{
           {In("pk", kWif), In("pk", kKey)},
           {In("pkh", kLongWif), In("pkh", kLongKey)},
           {In("tr", kWif), In("tr", kKey + 2)},
           {In("wpkh", std::string("[deadbeef/1h]") + kXprv + "/2h/*h"),
            In("wpkh", std::string("[deadbeef/1h]") + kXpub + "/2h/*h")}}) {
    const auto parsed = Descriptor::Parse(secret, kMainnet);
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->front().HasPrivateKeys());
    EXPECT_EQ(parsed->front().ToString(), WithChecksum(open));
    EXPECT_EQ(parsed->front().ToPrivateString(), WithChecksum(secret));
    EXPECT_FALSE(Descriptor::Parse(open, kMainnet)->front().ToPrivateString());
  }
  const auto half = Descriptor::Parse(In("multi", std::string("1,") + kWif + "," + kKey), kMainnet);
  EXPECT_TRUE(half->front().HasPrivateKeys());
  EXPECT_FALSE(half->front().ToPrivateString());
}

TEST(Descriptor, TheLastMarkOfAKeyIsTheOneThatItIsWrittenWith) {
  const std::string xpub = kXpub;
  EXPECT_EQ(Canonical(In("pk", "[DEADBEEF/1h/2']" + xpub + "/*h")),
            In("pk", "[deadbeef/1h/2h]" + xpub + "/*h"));
  EXPECT_EQ(Canonical(In("pk", "[deadbeef/1h]" + xpub + "/2'/3/*h")),
            In("pk", "[deadbeef/1']" + xpub + "/2'/3/*'"));
  EXPECT_EQ(Canonical("multi(1," + xpub + "/1h/*'," + xpub + "/1'/*h)"),
            "multi(1," + xpub + "/1h/*h," + xpub + "/1'/*')");
}

TEST(Descriptor, TreesOfScripts) {
  const std::string leaf = In("pk", kKey);
  const std::string x_only = kKey + 2;
  const std::string head = "tr(" + x_only + ",";
  for (const std::string& tree :
       {leaf, "{" + leaf + "," + leaf + "}", "{{" + leaf + "," + leaf + "}," + leaf + "}",
        "{" + leaf + ",{{" + leaf + ",pkh(" + x_only + ")},sortedmulti_a(1," + x_only + ")}}"}) {
    EXPECT_EQ(Canonical(head + tree + ")"), head + tree + ")");
    EXPECT_EQ(Specialised(head + tree + ")").size(), 1u);
  }
  // The halves of a branch have no order.
  const std::string other = "pk(669b8afcec803a0d323e9a17f3ea8e68e8abe5a278020a929adbec52421adbd0)";
  EXPECT_EQ(ScriptsOf(head + "{" + leaf + "," + other + "})"),
            ScriptsOf(head + "{" + other + "," + leaf + "})"));
  // No deeper than a control block can prove.
  std::string deep = leaf;
  for (int i = 0; i < 128; ++i) deep = "{" + deep + "," + leaf + "}";
  EXPECT_EQ(Canonical(head + deep + ")"), head + deep + ")");
  EXPECT_EQ(ErrorOf(head + "{" + deep + "," + leaf + "})"),
            "tr() supports at most 128 nesting levels");
}

TEST(Descriptor, MultipathStandsForSeveral) {
  const std::string xpub = kXpub;
  const auto parsed =
      Descriptor::Parse("wsh(multi(1," + xpub + "/<0;7h>/*," + kKey + "))", kMainnet);
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->size(), 2u);
  EXPECT_EQ((*parsed)[0].ToString(), WithChecksum("wsh(multi(1," + xpub + "/0/*," + kKey + "))"));
  EXPECT_EQ((*parsed)[1].ToString(), WithChecksum("wsh(multi(1," + xpub + "/7h/*," + kKey + "))"));
  EXPECT_TRUE((*parsed)[0].Scripts(0));
  EXPECT_FALSE((*parsed)[1].Scripts(0));
}

TEST(Descriptor, AnyTextIsReadOrRefused) {
  const std::vector<std::string> seeds = {
      In("sh", In("wsh", "multi(2,[deadbeef/1h]" + std::string(kKey) + "," + kWif + ")")),
      "tr(" + std::string(kKey) + ",{pk([deadbeef/1']" + kXpub + "/<0;1>/*),multi_a(1," + kKey +
          ")})"};
  std::mt19937 random(3);
  const std::string alphabet = "()[]{},;<>/*'h#0123456789abcdefmultiwshtrpk_@~";
  for (int round = 0; round < 5'000; ++round) {
    std::string text = seeds[random() % seeds.size()];
    for (unsigned edits = random() % 4 + 1; edits > 0; --edits) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0: text[at] = alphabet[random() % alphabet.size()]; break;
        case 1: text.erase(at, random() % 8); break;
        default: text.insert(at, 1, alphabet[random() % alphabet.size()]); break;
      }
      if (text.empty()) text = "x";
    }
    const auto parsed = Descriptor::Parse(text, kMainnet);
    if (!parsed) continue;
    Specialised(text);
    EXPECT_EQ(Canonical(Canonical(text)), Canonical(text));
  }
}

}  // namespace
}  // namespace cairn
