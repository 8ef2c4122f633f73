#include "cairn/primitives/bip32.h"

#include <charconv>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "tests/support/address_prefixes.h"
#include "tests/support/vectors.h"

namespace cairn {
namespace {

using test::Mainnet;
using test::Testing;

/// The numbers of "m/1'/2".
KeyPath PathOf(std::string_view text) {
  KeyPath path;
  for (size_t slash = text.find('/'); slash != text.npos; slash = text.find('/')) {
    text.remove_prefix(slash + 1);
    uint32_t number = 0;
    const char* end = std::from_chars(text.data(), text.data() + text.size(), number).ptr;
    const bool hardened = end != text.data() + text.size() && *end == '\'';
    path.push_back(number | (hardened ? kHardened : 0));
  }
  return path;
}

json::Value ReadVectors() {
  const auto vectors = json::Parse(test::ReadText(test::VectorPath("keys/bip32.json")));
  EXPECT_TRUE(vectors);
  return vectors ? *vectors : json::Value::Array();
}

TEST(Bip32, ChainsOfTheVectors) {
  CAIRN_NEED_VECTORS();
  int count = 0;
  const json::Value vectors = ReadVectors();
  for (const json::Value& seed : vectors.Find("valid")->Items()) {
    const auto root = ExtendedSecretKey::FromSeed(*FromHex(seed.Find("seed_hex")->Text()));
    ASSERT_TRUE(root);
    for (const json::Value& chain : seed.Find("chains")->Items()) {
      ++count;
      const std::string& secret_text = chain.Find("ext_prv")->Text();
      const std::string& public_text = chain.Find("ext_pub")->Text();
      std::optional<ExtendedSecretKey> secret = root;
      std::optional<ExtendedPublicKey> parent;
      const KeyPath path = PathOf(chain.Find("path")->Text());
      for (const uint32_t number : path) {
        parent = secret->Public();
        secret = secret->Child(number);
        ASSERT_TRUE(secret);
      }
      EXPECT_EQ(EncodeExtendedKey(*secret, Mainnet()), secret_text);
      EXPECT_EQ(EncodeExtendedKey(secret->Public(), Mainnet()), public_text);
      EXPECT_EQ(DecodeExtendedSecretKey(secret_text, Mainnet()), secret);
      EXPECT_EQ(DecodeExtendedPublicKey(public_text, Mainnet()), secret->Public());
      EXPECT_EQ("m" + PathToText(path, '\''), chain.Find("path")->Text());
      if (path.empty()) continue;
      const bool hardened = (path.back() & kHardened) != 0;
      const auto child = parent->Child(path.back());
      EXPECT_EQ(child.has_value(), !hardened);
      if (child) {
        EXPECT_EQ(*child, secret->Public());
      }
    }
  }
  EXPECT_EQ(count, 17);
}

TEST(Bip32, InvalidKeysOfTheVectors) {
  CAIRN_NEED_VECTORS();
  int count = 0;
  const json::Value vectors = ReadVectors();
  for (const json::Value& entry : vectors.Find("invalid")->Items()) {
    ++count;
    const std::string& key = entry.Find("key")->Text();
    EXPECT_FALSE(DecodeExtendedPublicKey(key, Mainnet())) << entry.Find("reason")->Text();
    EXPECT_FALSE(DecodeExtendedSecretKey(key, Mainnet())) << entry.Find("reason")->Text();
  }
  EXPECT_EQ(count, 16);
}

TEST(Bip32, TextsAreOfOneChainAndOneKind) {
  const auto root = ExtendedSecretKey::FromSeed(Bytes(16, 1));
  ASSERT_TRUE(root);
  const std::string secret = EncodeExtendedKey(*root, Testing("tb"));
  const std::string open = EncodeExtendedKey(root->Public(), Testing("tb"));
  EXPECT_EQ(secret.substr(0, 4), "tprv");
  EXPECT_EQ(open.substr(0, 4), "tpub");
  EXPECT_EQ(DecodeExtendedSecretKey(secret, Testing("tb")), root);
  EXPECT_EQ(DecodeExtendedPublicKey(open, Testing("tb")), root->Public());
  EXPECT_FALSE(DecodeExtendedSecretKey(open, Testing("tb")));
  EXPECT_FALSE(DecodeExtendedPublicKey(secret, Testing("tb")));
  EXPECT_FALSE(DecodeExtendedSecretKey(secret, Mainnet()));
  EXPECT_FALSE(DecodeExtendedPublicKey(open, Mainnet()));
  EXPECT_FALSE(DecodeExtendedPublicKey("", Mainnet()));
}

TEST(Bip32, TreesEndAtDepth255) {
  std::optional<ExtendedSecretKey> key = ExtendedSecretKey::FromSeed(Bytes(16, 1));
  for (int depth = 0; depth < 255; ++depth) key = key->Child(0);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->lineage.depth, 255);
  EXPECT_FALSE(key->Child(0));
  EXPECT_FALSE(key->Public().Child(0));
}

}  // namespace
}  // namespace cairn
