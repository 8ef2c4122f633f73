// Spans, hexadecimal text, byte order, and the writer of wire encodings.
#include "cairn/base/bytes.h"

#include <random>

#include <gtest/gtest.h>

#include "cairn/base/endian.h"
#include "cairn/base/hex.h"
#include "cairn/base/writer.h"

namespace cairn {
namespace {

TEST(Bytes, EqualComparesLengthAndContent) {
  const Bytes a = {1, 2, 3};
  const Bytes same = {1, 2, 3};
  const Bytes other = {1, 2, 4};
  EXPECT_TRUE(Equal(a, same));
  EXPECT_FALSE(Equal(a, other));
  EXPECT_FALSE(Equal(a, ByteSpan(a).first(2)));
  EXPECT_TRUE(Equal({}, {}));
  EXPECT_TRUE(Equal({}, ByteSpan(a).first(0)));
  EXPECT_FALSE(Equal({}, a));
}

TEST(Bytes, TextAndBytesShareMemory) {
  const std::string text("a\0b", 3);
  const ByteSpan bytes = AsBytes(text);
  EXPECT_EQ(bytes.size(), 3u);
  EXPECT_EQ(bytes[1], 0u);
  EXPECT_EQ(AsText(bytes).data(), text.data());
  EXPECT_EQ(AsText(bytes), text);
  EXPECT_EQ(AsText({}), "");
}

TEST(Hex, LowerCaseOutAnyCaseIn) {
  EXPECT_EQ(ToHex(Bytes{0x00, 0x0f, 0xa0, 0xff}), "000fa0ff");
  EXPECT_EQ(FromHex("000fA0fF"), (Bytes{0x00, 0x0f, 0xa0, 0xff}));
  EXPECT_EQ(ToHex({}), "");
  EXPECT_EQ(FromHex(""), Bytes());
}

TEST(Hex, AnythingElseIsNothing) {
  for (const char* text :
       {"0", "000", "0g", "g0", "0x00", " 00", "00 ", "0 0", "-1", "+1", "0\n"}) {
    EXPECT_EQ(FromHex(text), std::nullopt) << text;
  }
  EXPECT_EQ(FromHex(std::string_view("0\0", 2)), std::nullopt);
}

TEST(Hex, ExactlyTheDigitsAreDigits) {
  for (int c = 0; c < 256; ++c) {
    const std::string text = {static_cast<char>(c), '1'};
    const std::string swapped = {'1', static_cast<char>(c)};
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    EXPECT_EQ(FromHex(text).has_value(), digit) << c;
    EXPECT_EQ(FromHex(swapped).has_value(), digit) << c;
  }
}

TEST(Hex, EveryByteThereAndBack) {
  Bytes all(256);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint8_t>(i);
  const std::string text = ToHex(all);
  EXPECT_EQ(text.size(), 512u);
  EXPECT_EQ(FromHex(text), all);
}

template <typename Int>
void ExpectByteOrder() {
  std::mt19937_64 random(sizeof(Int));
  for (int i = 0; i < 1000; ++i) {
    const auto value = static_cast<Int>(random());
    uint8_t raw[sizeof(Int) + 2] = {};
    StoreLittle(raw + 1, value);  // an odd address
    for (size_t b = 0; b < sizeof(Int); ++b) {
      ASSERT_EQ(raw[1 + b], static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * b)));
    }
    ASSERT_EQ(LoadLittle<Int>(raw + 1), value);
    ASSERT_EQ(LoadBig<Int>(raw + 1), ByteSwap(value));
    StoreBig(raw + 1, value);
    ASSERT_EQ(LoadBig<Int>(raw + 1), value);
    ASSERT_EQ(LoadLittle<Int>(raw + 1), ByteSwap(value));
    ASSERT_EQ(raw[0], 0u);
    ASSERT_EQ(raw[sizeof(Int) + 1], 0u);
    ASSERT_EQ(ByteSwap(ByteSwap(value)), value);
  }
}

TEST(Endian, EveryIntegerInBothOrders) {
  ExpectByteOrder<uint8_t>();
  ExpectByteOrder<int8_t>();
  ExpectByteOrder<uint16_t>();
  ExpectByteOrder<int16_t>();
  ExpectByteOrder<uint32_t>();
  ExpectByteOrder<int32_t>();
  ExpectByteOrder<uint64_t>();
  ExpectByteOrder<int64_t>();
}

TEST(Endian, SwapsConstants) {
  static_assert(ByteSwap<uint8_t>(0x12) == 0x12);
  static_assert(ByteSwap<uint16_t>(0x1234) == 0x3412);
  static_assert(ByteSwap<uint32_t>(0x12345678) == 0x78563412);
  static_assert(ByteSwap<uint64_t>(0x0123456789abcdef) == 0xefcdab8967452301);
}

TEST(Writer, AppendsBehindWhatIsThere) {
  Bytes out = {0xee};
  Writer(out)
      .U8(1)
      .U16(0x0203)
      .U32(0x04050607)
      .U64(0x08090a0b0c0d0e0f)
      .I32(-2)
      .I64(-3)
      .Big<uint32_t>(0x10111213)
      .Raw(Bytes{0xaa, 0xbb})
      .VarBytes(Bytes{0xcc})
      .VarBytes({});
  EXPECT_EQ(ToHex(out),
            "ee"
            "01"
            "0302"
            "07060504"
            "0f0e0d0c0b0a0908"
            "feffffff"
            "fdffffffffffffff"
            "10111213"
            "aabb"
            "01cc"
            "00");
}

TEST(Writer, LongBytesHaveLongLengths) {
  for (const size_t size : {size_t{252}, size_t{253}, size_t{65535}, size_t{65536}}) {
    Bytes out;
    Writer(out).VarBytes(Bytes(size, 7));
    EXPECT_EQ(out.size(), CompactSizeLength(size) + size);
    EXPECT_EQ(out.back(), 7u);
  }
}

}  // namespace
}  // namespace cairn
