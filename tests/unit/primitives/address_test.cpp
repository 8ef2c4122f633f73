#include "cairn/primitives/address.h"

#include <iostream>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "tests/support/address_prefixes.h"
#include "tests/support/vectors.h"

namespace cairn {
namespace {

using test::Mainnet;
using test::Testing;

std::string ScriptOf(std::string_view address, const AddressPrefixes& prefixes) {
  const Result<Bytes> script = DecodeAddress(address, prefixes);
  return script ? ToHex(*script) : script.error().message;
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(c));
  return text;
}

TEST(Address, SegwitVectors) {
  CAIRN_NEED_VECTORS();
  const auto vectors = json::Parse(test::ReadText(test::VectorPath("keys/bech32.json")));
  ASSERT_TRUE(vectors);
  const AddressPrefixes networks[] = {Mainnet(), Testing("tb")};
  size_t count = 0;
  for (const json::Value& valid : vectors->Find("bip350")->Find("valid_addresses")->Items()) {
    const std::string& address = valid.Find("address")->Text();
    const std::string& script = valid.Find("scriptpubkey_hex")->Text();
    const bool on_mainnet = Lower(address).starts_with("bc1");
    EXPECT_EQ(ScriptOf(address, networks[on_mainnet ? 0 : 1]), script);
    EXPECT_FALSE(DecodeAddress(address, networks[on_mainnet ? 1 : 0])) << address;
    EXPECT_EQ(EncodeAddress(FromHex(script).value(), networks[on_mainnet ? 0 : 1]), Lower(address));
    ++count;
  }
  for (const char* bip : {"bip173", "bip350"}) {
    for (const json::Value& invalid : vectors->Find(bip)->Find("invalid_addresses")->Items()) {
      for (const AddressPrefixes& prefixes : networks) {
        EXPECT_FALSE(DecodeAddress(invalid.Find("address")->Text(), prefixes))
            << invalid.Find("address")->Text() << ": " << invalid.Find("reason")->Text();
      }
      ++count;
    }
  }
  // BIP350 took back BIP173's checksum for versions above 0.
  for (const json::Value& valid : vectors->Find("bip173")->Find("valid_addresses")->Items()) {
    const std::string& address = valid.Find("address")->Text();
    const bool version_zero = valid.Find("scriptpubkey_hex")->Text().starts_with("00");
    const bool decodes = DecodeAddress(address, networks[0]) || DecodeAddress(address, networks[1]);
    EXPECT_EQ(decodes, version_zero) << address;
    ++count;
  }
  EXPECT_EQ(count, 8u + 10 + 15 + 6);
  std::cout << count << " segwit addresses\n";
}

struct Refusal {
  const char* address;
  const char* message;
  std::vector<int> positions;
};

TEST(Address, SaysWhatBitcoinCoreSays) {
  const char* const kNotAnAddress = "Invalid or unsupported Segwit (Bech32) or Base58 encoding.";
  const char* const kNeedsModified = "Version 1+ witness address must use Bech32m checksum";
  const std::vector<Refusal> refusals = {
      {"", "Invalid checksum or length of Base58 address (P2PKH or P2SH)", {}},
      {"tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty", kNotAnAddress, {}},
      {"asfah14i8fajz0123f", kNotAnAddress, {}},
      {"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "Invalid Bech32 checksum", {41}},
      {"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3t4", "Invalid character or mixed case", {40}},
      {"BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2", kNeedsModified, {}},
      {"bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du", kNeedsModified, {}},
      {"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
       "Version 0 witness address must use Bech32 checksum",
       {}},
      {"BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
       "Invalid Bech32 v0 address program size (16 bytes), per BIP141",
       {}},
      {"bc1gmk9yu", "Empty Bech32 data section", {}},
      {"bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
       "Invalid Base 32 character",
       {59}},
      {"BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
       "Invalid Bech32 address witness version",
       {}},
      {"bc1pw5dgrnzv", "Invalid Bech32 address program size (1 byte)", {}},
      {"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
       "Invalid Bech32 address program size (41 bytes)",
       {}},
      {"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
       "Invalid padding in Bech32 data section",
       {}},
      {"bc", "Missing separator", {}},
      {"bc1qqqq", "Invalid separator position", {2}},
      {"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
       "Invalid checksum or length of Base58 address (P2PKH or P2SH)",
       {}},
      {"notanaddress", "Invalid checksum or length of Base58 address (P2PKH or P2SH)", {}},
      {"mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "Invalid or unsupported Base58-encoded address.", {}},
  };
  for (const Refusal& refusal : refusals) {
    EXPECT_EQ(ScriptOf(refusal.address, Mainnet()), refusal.message) << refusal.address;
    EXPECT_EQ(AddressErrorPositions(refusal.address, Mainnet()), refusal.positions)
        << refusal.address;
  }
  const AddressPrefixes regtest = Testing("bcrt");
  EXPECT_EQ(AddressErrorPositions("bcrt1q049edschfnwystcqnsvyfpj23mpsg3jcedq9xv", regtest),
            std::vector<int>{9});
  EXPECT_EQ(AddressErrorPositions("bcrt1qax9suht3qv95sw33xavx8crpxduefdrsvgsklu", regtest),
            (std::vector<int>{22, 43}));
  EXPECT_EQ(AddressErrorPositions("BCRT1QPLMTZKC2XHARPPZDLNPAQL78RSHJ68U32RAH7R", regtest),
            std::vector<int>{38});
  EXPECT_EQ(ScriptOf("bcrt1q" + std::string(100, 'q'), regtest), "Bech32 string too long");
}

TEST(Address, OfAnotherNetworkIsRefusedAndSaysSo) {
  // "bcrt" starts with "bc": a regtest address shown to mainnet has a wrong prefix.
  const std::string address =
      EncodeAddress(FromHex("0014751e76e8199196d454941c45d1b3a323f1433bd6").value(),
                    Testing("bcrt"))
          .value();
  EXPECT_EQ(ScriptOf(address, Mainnet()),
            "Invalid or unsupported prefix for Segwit (Bech32) address (expected bc, got bcrt).");
}

TEST(Address, ShortBase58PayloadNamesItsLength) {
  // 0x00 alone, and 0x00 with 19 bytes, both with right checksums.
  EXPECT_EQ(ScriptOf("1Wh4bh", Mainnet()), "Invalid length for Base58 address (P2PKH or P2SH)");
  EXPECT_EQ(ScriptOf("3QJmnh", Mainnet()), "Invalid or unsupported Base58-encoded address.");
}

TEST(Address, PayToAnchor) {
  EXPECT_EQ(ScriptOf("bc1pfeessrawgf", Mainnet()), "51024e73");
  EXPECT_EQ(EncodeAddress(FromHex("51024e73").value(), Mainnet()), "bc1pfeessrawgf");
}

TEST(Address, GenesisKeyHash) {
  EXPECT_EQ(ScriptOf("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Mainnet()),
            "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac");
  EXPECT_EQ(ScriptOf(" 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\n", Mainnet()),
            "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac");
}

TEST(Address, ScriptsWithoutAddress) {
  const std::string key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
  const std::vector<std::string> scripts = {
      "",   "21" + key + "ac", "5121" + key + "51ae",        "6a0548656c6c6f",
      "51", "0003aabbcc",      "5129" + std::string(82, '0')};
  for (const std::string& script : scripts) {
    EXPECT_EQ(EncodeAddress(FromHex(script).value(), Mainnet()), std::nullopt) << script;
  }
}

TEST(Address, EveryWitnessVersionRoundTrips) {
  for (int version = 0; version <= 16; ++version) {
    for (size_t size = 2; size <= 40; ++size) {
      if (version == 0 && size != 20 && size != 32) continue;
      Bytes script{static_cast<uint8_t>(version == 0 ? 0 : 0x50 + version),
                   static_cast<uint8_t>(size)};
      for (size_t i = 0; i < size; ++i) script.push_back(static_cast<uint8_t>(i * 11 + size));
      const auto address = EncodeAddress(script, Mainnet());
      ASSERT_TRUE(address);
      EXPECT_EQ(ScriptOf(*address, Mainnet()), ToHex(script));
    }
  }
}

TEST(Secret, RoundTripsInBothForms) {
  DecodedSecret secret{{}, false};
  for (size_t i = 0; i < secret.key.size(); ++i) secret.key[i] = static_cast<uint8_t>(i + 1);
  for (const bool compressed : {false, true}) {
    secret.compressed = compressed;
    const std::string text = EncodeSecret(secret, Mainnet());
    const auto decoded = DecodeSecret(text, Mainnet());
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->key, secret.key);
    EXPECT_EQ(decoded->compressed, compressed);
    EXPECT_FALSE(DecodeSecret(text, Testing("tb")));
  }
}

TEST(Secret, MustBeAPrivateKey) {
  const auto encode = [](const std::string& hex) {
    DecodedSecret secret{{}, true};
    const Bytes bytes = FromHex(hex).value();
    std::copy(bytes.begin(), bytes.end(), secret.key.begin());
    return EncodeSecret(secret, Mainnet());
  };
  const std::string order_but_last =
      "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd03641";
  EXPECT_TRUE(DecodeSecret(encode(order_but_last + "40"), Mainnet()));
  EXPECT_FALSE(DecodeSecret(encode(order_but_last + "41"), Mainnet())) << "the order itself";
  EXPECT_FALSE(DecodeSecret(encode(std::string(64, 'f')), Mainnet()));
  EXPECT_FALSE(DecodeSecret(encode(std::string(64, '0')), Mainnet()));
}

}  // namespace
}  // namespace cairn
