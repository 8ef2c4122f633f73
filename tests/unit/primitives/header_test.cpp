// Hashes as text, and headers as 80 bytes.
#include "cairn/primitives/header.h"

#include <random>
#include <type_traits>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"

namespace cairn {
namespace {

constexpr char kGenesisText[] = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
constexpr char kGenesisHex[] =
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c"
    "3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";

TEST(Hash, TextIsReversed) {
  const auto hash = BlockHash::FromText(kGenesisText);
  ASSERT_TRUE(hash.has_value());
  EXPECT_EQ(hash->bytes[0], 0x6fu);
  EXPECT_EQ(hash->bytes[31], 0x00u);
  EXPECT_EQ(hash->ToString(), kGenesisText);
  EXPECT_EQ(Txid::From(hash->span()).ToString(), kGenesisText);
}

TEST(Hash, OnlySixtyFourHexDigitsAreAHash) {
  const std::string good = kGenesisText;
  EXPECT_EQ(Txid::FromText(""), std::nullopt);
  EXPECT_EQ(Txid::FromText(good.substr(1)), std::nullopt);
  EXPECT_EQ(Txid::FromText(good.substr(2)), std::nullopt);
  EXPECT_EQ(Txid::FromText(good + "00"), std::nullopt);
  EXPECT_EQ(Txid::FromText("0x" + good.substr(2)), std::nullopt);
  EXPECT_EQ(Txid::FromText(" " + good.substr(1)), std::nullopt);
  std::string upper = good;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(Txid::FromText(upper), Txid::FromText(good));
}

TEST(Hash, ComparesByInternalBytes) {
  Txid low;
  low.bytes[0] = 1;
  Txid high;
  high.bytes[0] = 2;
  high.bytes[31] = 0;
  low.bytes[31] = 0xff;
  EXPECT_LT(low, high);
  EXPECT_GT(high, low);
  EXPECT_NE(low, high);
  EXPECT_FALSE(low.IsZero());
  EXPECT_TRUE(Txid().IsZero());
  Txid last;
  last.bytes[31] = 1;
  EXPECT_FALSE(last.IsZero());
}

TEST(Hash, OneMeaningIsNotAnother) {
  static_assert(!std::is_convertible_v<Txid, BlockHash>);
  static_assert(!std::is_convertible_v<Wtxid, Txid>);
  static_assert(!std::is_constructible_v<MerkleRoot, Txid>);
}

TEST(Header, OfMainnetsGenesis) {
  const Bytes raw = FromHex(kGenesisHex).value();
  ASSERT_EQ(raw.size(), Header::kSize);
  const Header header = Header::From(ByteSpan(raw).first<Header::kSize>());
  EXPECT_EQ(header.version, 1);
  EXPECT_TRUE(header.previous.IsZero());
  EXPECT_EQ(header.merkle_root.ToString(),
            "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b");
  EXPECT_EQ(header.time, 1231006505u);
  EXPECT_EQ(header.bits, 0x1d00ffffu);
  EXPECT_EQ(header.nonce, 2083236893u);
  EXPECT_EQ(header.Hash().ToString(), kGenesisText);
  EXPECT_EQ(ToHex(header.Serialize()), kGenesisHex);
}

TEST(Header, EveryByteHasItsPlace) {
  std::mt19937 random(1);
  std::array<uint8_t, Header::kSize> raw;
  for (int i = 0; i < 200; ++i) {
    for (uint8_t& byte : raw) byte = static_cast<uint8_t>(random());
    const Header header = Header::From(raw);
    ASSERT_EQ(header.Serialize(), raw);
    std::array<uint8_t, Header::kSize> other = raw;
    other[random() % other.size()] ^= static_cast<uint8_t>(1u << random() % 8);
    ASSERT_NE(Header::From(other), header);
    ASSERT_NE(Header::From(other).Hash(), header.Hash());
  }
}

TEST(Header, VersionsMayBeNegative) {
  Header header;
  header.version = -1;
  EXPECT_EQ(ToHex(ByteSpan(header.Serialize()).first(4)), "ffffffff");
  EXPECT_EQ(Header::From(header.Serialize()).version, -1);
}

TEST(Header, HashesManyAsOne) {
  std::mt19937 random(2);
  for (const size_t count : {0, 1, 2, 7, 16, 33, 130}) {
    Bytes raw(count * Header::kSize);
    for (uint8_t& byte : raw) byte = static_cast<uint8_t>(random());
    const std::vector<BlockHash> hashes = HashHeaders(raw);
    ASSERT_EQ(hashes.size(), count);
    for (size_t i = 0; i < count; ++i) {
      const ByteSpan one = ByteSpan(raw).subspan(i * Header::kSize, Header::kSize);
      ASSERT_EQ(hashes[i], Header::From(one.first<Header::kSize>()).Hash());
    }
  }
}

}  // namespace
}  // namespace cairn
