// Undo records: there and back, and everything that is no record of the block in question.
#include "src/ledger/undo.h"

#include <random>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"

namespace cairn::ledger {
namespace {

using storage::StoredCoin;

BlockHash HashOf(uint8_t seed) {
  BlockHash hash;
  hash.bytes.fill(seed);
  return hash;
}

std::vector<StoredCoin> RandomCoins(std::mt19937& random, size_t count) {
  std::vector<StoredCoin> coins(count);
  for (StoredCoin& coin : coins) {
    coin.value = static_cast<Amount>(random()) * 1000;
    coin.height = static_cast<int>(random() % 900'000);
    coin.coinbase = random() % 2 == 0;
    coin.script = Bytes(random() % 80, static_cast<uint8_t>(random()));
  }
  return coins;
}

Bytes Encode(const BlockHash& block, const std::vector<StoredCoin>& coins) {
  std::vector<Coin> views;
  std::vector<const Coin*> pointers;
  for (const StoredCoin& coin : coins) views.push_back(coin.View());
  for (const Coin& view : views) pointers.push_back(&view);
  return EncodeUndo(block, pointers);
}

TEST(Undo, ThereAndBack) {
  std::mt19937 random(1);
  for (const size_t count : {0, 1, 2, 127, 128, 1000}) {
    const auto coins = RandomCoins(random, count);
    const auto decoded = DecodeUndo(HashOf(1), Encode(HashOf(1), coins));
    ASSERT_TRUE(decoded.has_value());
    ASSERT_EQ(decoded->size(), count);
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ((*decoded)[i].value, coins[i].value);
      ASSERT_EQ((*decoded)[i].height, coins[i].height);
      ASSERT_EQ((*decoded)[i].coinbase, coins[i].coinbase);
      ASSERT_EQ((*decoded)[i].script, coins[i].script);
    }
  }
}

TEST(Undo, AsTheFormatSays) {
  const std::string hash(64, '1');
  EXPECT_EQ(ToHex(Encode(HashOf(0x11), {})), hash + "00");
  const StoredCoin coin{50 * kCoin, 1, true, {0x51}};
  EXPECT_EQ(ToHex(Encode(HashOf(0x11), {coin, coin})), hash +
                                                           "02"
                                                           "033c0651"
                                                           "033c0651");
}

TEST(Undo, OfAnotherBlockIsNone) {
  std::mt19937 random(2);
  const Bytes bytes = Encode(HashOf(1), RandomCoins(random, 3));
  EXPECT_FALSE(DecodeUndo(HashOf(2), bytes).has_value());
  for (size_t i = 0; i < BlockHash::kSize; ++i) {
    Bytes other = bytes;
    other[i] ^= 1;
    EXPECT_FALSE(DecodeUndo(HashOf(1), other).has_value());
  }
}

TEST(Undo, CutOrLongOnesAreNone) {
  std::mt19937 random(3);
  Bytes bytes = Encode(HashOf(1), RandomCoins(random, 5));
  for (size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_FALSE(DecodeUndo(HashOf(1), ByteSpan(bytes).first(size)).has_value()) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(DecodeUndo(HashOf(1), bytes).has_value());
}

TEST(Undo, HostileCountsAreNone) {
  for (const char* count : {
           "01",                    // a coin that does not follow
           "7f",                    //
           "8100",                  // not canonical
           "ffffffff0f",            // four billion
           "ffffffffffffffffff01",  // as many as there are numbers
           "ffffffffffffffffff7f",  // more
           "80808080808080808080",  // endless
       }) {
    Bytes bytes(BlockHash::kSize, 1);
    Append(bytes, FromHex(count).value());
    EXPECT_FALSE(DecodeUndo(HashOf(1), bytes).has_value()) << count;
    Append(bytes, Bytes(2, 0));  // not enough for one coin either
    EXPECT_FALSE(DecodeUndo(HashOf(1), bytes).has_value()) << count;
  }
}

TEST(Undo, RandomDamageNeverHurts) {
  std::mt19937 random(4);
  const Bytes whole = Encode(HashOf(1), RandomCoins(random, 20));
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = whole;
    for (size_t damage = 1 + random() % 4; damage > 0; --damage) {
      bytes[32 + random() % (bytes.size() - 32)] = static_cast<uint8_t>(random());
    }
    const auto decoded = DecodeUndo(HashOf(1), bytes);
    if (!decoded) continue;
    for (const StoredCoin& coin : *decoded) {
      ASSERT_TRUE(IsMoney(coin.value));
      ASSERT_GE(coin.height, 0);
    }
  }
}

}  // namespace
}  // namespace cairn::ledger
