// The compact form of coins: every script form, hostile numbers, truncation.
#include "cairn/storage/coin_codec.h"

#include <random>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/primitives/script.h"

namespace cairn::storage {
namespace {

Bytes FromText(const std::string& hex) { return FromHex(hex).value(); }

std::string VarintOf(uint64_t value) {
  Bytes bytes;
  AppendVarint(bytes, value);
  return ToHex(bytes);
}

TEST(Varint, KnownForms) {
  EXPECT_EQ(VarintOf(0), "00");
  EXPECT_EQ(VarintOf(1), "01");
  EXPECT_EQ(VarintOf(127), "7f");
  EXPECT_EQ(VarintOf(128), "8001");
  EXPECT_EQ(VarintOf(255), "ff01");
  EXPECT_EQ(VarintOf(16'383), "ff7f");
  EXPECT_EQ(VarintOf(16'384), "808001");
  EXPECT_EQ(VarintOf(UINT32_MAX), "ffffffff0f");
  EXPECT_EQ(VarintOf(uint64_t{1} << 63), "80808080808080808001");
  EXPECT_EQ(VarintOf(UINT64_MAX), "ffffffffffffffffff01");
}

TEST(Varint, ThereAndBack) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t value = random() >> random() % 64;
    Bytes bytes;
    AppendVarint(bytes, value);
    bytes.push_back(0x99);  // what follows is not touched
    Reader reader(bytes);
    ASSERT_EQ(ReadVarint(reader), value);
    ASSERT_TRUE(reader.ok());
    ASSERT_EQ(reader.Remaining(), 1u);
  }
}

TEST(Varint, HostileOnesFail) {
  for (const char* hex : {
           "",                        // nothing
           "80",                      // cut short
           "ff",                      //
           "ffffffffffffffffff",      //
           "8000",                    // a zero that says nothing
           "818000",                  //
           "ff00",                    //
           "80808080808080808000",    //
           "ffffffffffffffffff02",    // 65 bits
           "ffffffffffffffffff7f",    //
           "80808080808080808002",    //
           "8080808080808080808001",  // eleven bytes
           "ffffffffffffffffff8100",  //
           "ffffffffffffffffffffffffffffffffffff01",
       }) {
    const Bytes bytes = FromText(hex);
    Reader reader(bytes);
    EXPECT_EQ(ReadVarint(reader), 0u) << hex;
    EXPECT_FALSE(reader.ok()) << hex;
  }
}

TEST(CompressedAmount, KnownForms) {
  EXPECT_EQ(CompressAmount(0), 0u);
  EXPECT_EQ(CompressAmount(1), 11u);
  EXPECT_EQ(CompressAmount(10), 12u);
  EXPECT_EQ(CompressAmount(kCoin), 19u);
  EXPECT_EQ(CompressAmount(10 * kCoin), 20u);
  EXPECT_EQ(CompressAmount(50 * kCoin), 60u);
  EXPECT_EQ(CompressAmount(100 * kCoin), 110u);  // no tenth zero is counted
}

TEST(CompressedAmount, ThereAndBack) {
  std::mt19937_64 random(2);
  for (uint64_t i = 0; i < 20'000; ++i) {
    uint64_t value = i < 5000 ? i : random() % (uint64_t{kMaxMoney} + 1);
    if (i % 3 == 0) {
      for (uint64_t zeroes = random() % 9; zeroes > 0; --zeroes) value = value / 10 * 10;
      value = value / 1'000'000 * 1'000'000;
    }
    ASSERT_EQ(DecompressAmount(CompressAmount(value)), value);
  }
  EXPECT_EQ(DecompressAmount(CompressAmount(kMaxMoney)), uint64_t{kMaxMoney});
}

const std::string kHash20(40, '7');
const std::string kHash32(64, '8');

struct ScriptForm {
  std::string script;
  std::string stored;
};

/// Height 100, not a coinbase, 50 bitcoins: what every coin of these tests begins with.
const std::string kFront =
    "c801"
    "3c";

std::string StoredForm(const std::string& script_hex) {
  const Bytes script = FromText(script_hex);
  Bytes bytes;
  AppendCoin(bytes, {50 * kCoin, 100, false, script});
  return ToHex(bytes);
}

TEST(StoredCoin, EveryScriptForm) {
  const ScriptForm forms[] = {
      {"76a914" + kHash20 + "88ac", "00" + kHash20},
      {"a914" + kHash20 + "87", "01" + kHash20},
      {"0014" + kHash20, "02" + kHash20},
      {"0020" + kHash32, "03" + kHash32},
      {"5120" + kHash32, "04" + kHash32},
      {"", "05"},
      {"51", "0651"},
      {"51024e73", "0951024e73"},
      // One byte off from each form.
      {"76a914" + kHash20 + "88ad", "1e76a914" + kHash20 + "88ad"},
      {"76a914" + kHash20 + "88acac", "1f76a914" + kHash20 + "88acac"},
      {"a914" + kHash20 + "88", "1ca914" + kHash20 + "88"},
      {"a915" + kHash20 + "87", "1ca915" + kHash20 + "87"},
      {"5214" + kHash20, "1b5214" + kHash20},
      {"5114" + kHash20, "1b5114" + kHash20},
      {"5220" + kHash32, "275220" + kHash32},
      {"0014" + kHash20.substr(2), "1a0014" + kHash20.substr(2)},
      {"21" + ("02" + kHash32) + "ac", "2821" + ("02" + kHash32) + "ac"},
  };
  for (const ScriptForm& form : forms) {
    EXPECT_EQ(StoredForm(form.script), kFront + form.stored) << form.script;
    const Bytes stored = FromText(kFront + form.stored);
    Reader reader(stored);
    const StoredCoin coin = ReadCoin(reader);
    EXPECT_TRUE(reader.ok() && reader.AtEnd()) << form.script;
    EXPECT_EQ(ToHex(coin.script), form.script);
    EXPECT_EQ(coin.value, 50 * kCoin);
    EXPECT_EQ(coin.height, 100);
    EXPECT_FALSE(coin.coinbase);
  }
}

TEST(StoredCoin, HeightAndCoinbaseShareANumber) {
  const Bytes script = {0x51};
  Bytes bytes;
  AppendCoin(bytes, {0, 0, true, script});
  EXPECT_EQ(ToHex(bytes),
            "01"
            "00"
            "0651");
  bytes.clear();
  AppendCoin(bytes, {1, INT32_MAX, false, script});
  EXPECT_EQ(ToHex(bytes),
            "feffffff0f"
            "0b"
            "0651");
  Reader reader(bytes);
  EXPECT_EQ(ReadCoin(reader).height, INT32_MAX);
  EXPECT_TRUE(reader.ok());
}

TEST(StoredCoin, HostileOnesFail) {
  for (const std::string& hex : {
           std::string("80808080"
                       "10"
                       "00"
                       "05"),  // height 2^31
           std::string("feffffffffffffffff01"
                       "00"
                       "05"),  // a greater height
           std::string("00"
                       "ffffffffffffffffff01"
                       "05"),  // an absurd amount
           std::string("00"
                       "80808080808080808001"
                       "05"),  //
           std::string("00"
                       "00"
                       "06"),  // no byte of the one it names
           std::string("00"
                       "00"
                       "ffffffffffffffffff01"),  // a script of 2^64 bytes
           std::string("00"
                       "00"
                       "ffffffff0f"
                       "5151"),  //
           std::string("00"
                       "00"
                       "8000"),  // a form that is not canonical
           "00"
           "00"
           "00" +
               kHash20.substr(2),  // a hash of 19 bytes
           "00"
           "00"
           "03" +
               kHash20,  // of 20 in place of 32
           std::string("00"
                       "00"),  // no script
           std::string("00"),  //
           std::string(""),
       }) {
    const Bytes bytes = FromText(hex);
    Reader reader(bytes);
    ReadCoin(reader);
    EXPECT_FALSE(reader.ok()) << hex;
  }
}

TEST(StoredCoin, MoreMoneyThanThereIsFails) {
  for (const uint64_t satoshis :
       {uint64_t{kMaxMoney} + 1, uint64_t{kMaxMoney} * 2, uint64_t{1} << 60}) {
    Bytes bytes;
    AppendVarint(bytes, 0);
    AppendVarint(bytes, CompressAmount(satoshis));
    AppendVarint(bytes, 5);
    Reader reader(bytes);
    ReadCoin(reader);
    EXPECT_FALSE(reader.ok()) << satoshis;
  }
}

/// A coin of a random kind, all forms often.
StoredCoin RandomCoin(std::mt19937_64& random) {
  StoredCoin coin;
  coin.value = static_cast<Amount>(random() % (uint64_t{kMaxMoney} + 1));
  if (random() % 2 == 0) coin.value = coin.value / 1'000'000 * 1'000'000;
  coin.height = static_cast<int>(random() % (uint64_t{INT32_MAX} + 1)) >> random() % 31;
  coin.coinbase = random() % 2 == 0;
  const auto payload = [&](size_t size) {
    Bytes bytes(size);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    return bytes;
  };
  ScriptBuilder builder;
  switch (random() % 7) {
    case 0:
      builder.Op(OP_DUP).Op(OP_HASH160).Push(payload(20)).Op(OP_EQUALVERIFY).Op(OP_CHECKSIG);
      break;
    case 1: builder.Op(OP_HASH160).Push(payload(20)).Op(OP_EQUAL); break;
    case 2: builder.Op(OP_0).Push(payload(20)); break;
    case 3: builder.Op(OP_0).Push(payload(32)); break;
    case 4: builder.Op(OP_1).Push(payload(32)); break;
    case 5: coin.script = payload(random() % 150); return coin;
    default: coin.script = payload(random() % 10'001); return coin;
  }
  coin.script = builder.Take();
  return coin;
}

TEST(StoredCoin, RandomOnesThereAndBack) {
  std::mt19937_64 random(3);
  Bytes all;
  std::vector<StoredCoin> coins;
  for (int i = 0; i < 1000; ++i) {
    coins.push_back(RandomCoin(random));
    AppendCoin(all, coins.back().View());
  }
  Reader reader(all);
  for (const StoredCoin& coin : coins) {
    const StoredCoin read = ReadCoin(reader);
    ASSERT_TRUE(reader.ok());
    ASSERT_EQ(read.value, coin.value);
    ASSERT_EQ(read.height, coin.height);
    ASSERT_EQ(read.coinbase, coin.coinbase);
    ASSERT_EQ(read.script, coin.script);
  }
  EXPECT_TRUE(reader.AtEnd());
}

TEST(StoredCoin, EveryTruncationFails) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 100; ++i) {
    Bytes bytes;
    AppendCoin(bytes, RandomCoin(random).View());
    if (bytes.size() > 300) continue;
    for (size_t size = 0; size < bytes.size(); ++size) {
      Reader reader(ByteSpan(bytes).first(size));
      ReadCoin(reader);
      ASSERT_FALSE(reader.ok()) << size;
    }
  }
}

TEST(StoredCoin, RandomBytesNeverHurt) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes(random() % 50);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    Reader reader(bytes);
    const StoredCoin coin = ReadCoin(reader);
    if (!reader.ok()) continue;
    ASSERT_TRUE(IsMoney(coin.value));
    ASSERT_GE(coin.height, 0);
    ASSERT_LE(coin.script.size(), bytes.size() + 5);
  }
}

TEST(CoinKey, SortsByTxidThenIndex) {
  OutPoint outpoint;
  outpoint.txid.bytes.fill(0xab);
  outpoint.index = 0x01020304;
  const std::string txid = ToHex(outpoint.txid.span());
  EXPECT_EQ(ToHex(CoinKey(outpoint)), "63" + txid + "01020304");
  OutPoint low = outpoint;
  low.index = 255;
  OutPoint high = outpoint;
  high.index = 256;
  EXPECT_LT(CoinKey(low), CoinKey(high));
}

}  // namespace
}  // namespace cairn::storage
