// Bitcoin Core's vectors of addresses and keys, on the networks that the chain files describe.
#include <cctype>
#include <iostream>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "cairn/genesis/chain_file.h"
#include "cairn/primitives/address.h"
#include "tests/support/vectors.h"

namespace cairn::genesis {
namespace {

json::Value LoadCases(const std::string& file) {
  const auto parsed = json::Parse(test::ReadText(test::VectorPath("keys/" + file)));
  EXPECT_TRUE(parsed.has_value()) << file;
  return parsed ? *parsed : json::Value();
}

bool IsSet(const json::Value& options, std::string_view name) {
  const json::Value* option = options.Find(name);
  return option != nullptr && option->AsBool();
}

std::string FlipCase(std::string text) {
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    c = static_cast<char>(std::islower(byte) ? std::toupper(byte) : std::tolower(byte));
  }
  return text;
}

void CheckSecret(const std::string& text, const Bytes& key, bool compressed,
                 const AddressPrefixes& prefixes) {
  const auto secret = DecodeSecret(text, prefixes);
  ASSERT_TRUE(secret) << text;
  EXPECT_TRUE(Equal(secret->key, key)) << text;
  EXPECT_EQ(secret->compressed, compressed) << text;
  EXPECT_EQ(EncodeSecret(*secret, prefixes), text);
  EXPECT_FALSE(DecodeAddress(text, prefixes)) << text;
}

void CheckAddress(const std::string& text, const Bytes& script, bool either_case,
                  const AddressPrefixes& prefixes) {
  const auto decoded = DecodeAddress(text, prefixes);
  ASSERT_TRUE(decoded) << text << ": " << decoded.error().message;
  EXPECT_EQ(ToHex(*decoded), ToHex(script)) << text;
  EXPECT_EQ(EncodeAddress(script, prefixes), text);
  EXPECT_FALSE(DecodeSecret(text, prefixes)) << text;

  const auto flipped = DecodeAddress(FlipCase(text), prefixes);
  EXPECT_EQ(flipped.has_value(), either_case) << FlipCase(text);
  if (flipped.has_value()) {
    EXPECT_EQ(*flipped, script) << text;
  }
}

TEST(KeyIo, ValidStringsOfEveryNetwork) {
  CAIRN_NEED_VECTORS();
  const json::Value cases = LoadCases("key_io_valid.json");
  for (const json::Value& entry : cases.Items()) {
    const std::string& text = entry.Items().at(0).Text();
    const Bytes payload = FromHex(entry.Items().at(1).Text()).value();
    const json::Value& options = entry.Items().at(2);
    const auto params = BuiltInChain(options.Find("chain")->Text());
    ASSERT_TRUE(params) << params.error().message;
    if (IsSet(options, "isPrivkey")) {
      CheckSecret(text, payload, IsSet(options, "isCompressed"), params->prefixes);
    } else {
      CheckAddress(text, payload, IsSet(options, "tryCaseFlip"), params->prefixes);
    }
  }
  EXPECT_EQ(cases.Items().size(), 70u);
  std::cout << cases.Items().size() << " valid addresses and keys\n";
}

TEST(KeyIo, InvalidStringsAreInvalidEverywhere) {
  CAIRN_NEED_VECTORS();
  const json::Value cases = LoadCases("key_io_invalid.json");
  for (const std::string& name : BuiltInChainNames()) {
    const AddressPrefixes prefixes = BuiltInChain(name)->prefixes;
    for (const json::Value& entry : cases.Items()) {
      const std::string& text = entry.Items().at(0).Text();
      EXPECT_FALSE(DecodeAddress(text, prefixes)) << text << " on " << name;
      EXPECT_FALSE(DecodeSecret(text, prefixes)) << text << " on " << name;
    }
  }
  EXPECT_EQ(cases.Items().size(), 70u);
  std::cout << cases.Items().size() << " invalid strings on every network\n";
}

}  // namespace
}  // namespace cairn::genesis
