// The compact form of targets: what the bits mean, and which encoding is chosen.
#include <random>

#include <gtest/gtest.h>

#include "cairn/primitives/u256.h"

namespace cairn {
namespace {

struct CompactCase {
  uint32_t bits;
  const char* target;  // hex
  bool negative;
  bool overflow;
  uint32_t again;  // the target's encoding
};

constexpr CompactCase kCases[] = {
    // Too short a length shifts the mantissa out.
    {0x00000000, "0", false, false, 0},
    {0x00123456, "0", false, false, 0},
    {0x01003456, "0", false, false, 0},
    {0x02000056, "0", false, false, 0},
    {0x03000000, "0", false, false, 0},
    {0x04000000, "0", false, false, 0},
    {0xff000000, "0", false, false, 0},
    // The sign of zero is no sign.
    {0x00923456, "0", false, false, 0},
    {0x01803456, "0", false, false, 0},
    {0x02800056, "0", false, false, 0},
    {0x03800000, "0", false, false, 0},
    {0x04800000, "0", false, false, 0},
    {0xff800000, "0", false, false, 0},
    // Ordinary numbers.
    {0x01123456, "12", false, false, 0x01120000},
    {0x02123456, "1234", false, false, 0x02123400},
    {0x03123456, "123456", false, false, 0x03123456},
    {0x04123456, "12345600", false, false, 0x04123456},
    {0x05123456, "1234560000", false, false, 0x05123456},
    // A top bit in the mantissa would be the sign, so a byte of zero goes before it.
    {0x02008000, "80", false, false, 0x02008000},
    {0x05009234, "92340000", false, false, 0x05009234},
    {0x04009234, "923400", false, false, 0x04009234},
    // Negative ones.
    {0x01fedcba, "7e", true, false, 0x017e0000},
    {0x04923456, "12345600", true, false, 0x04123456},
    // Lengths at which the number just fits, and just does not.
    {0x20123456, "1234560000000000000000000000000000000000000000000000000000000000", false, false,
     0x20123456},
    {0x207fffff, "7fffff0000000000000000000000000000000000000000000000000000000000", false, false,
     0x207fffff},
    {0x2100ffff, "ffff000000000000000000000000000000000000000000000000000000000000", false, false,
     0x2100ffff},
    {0x220000ff, "ff00000000000000000000000000000000000000000000000000000000000000", false, false,
     0x2100ff00},
    {0x21010000, "0", false, true, 0},
    {0x22000100, "0", false, true, 0},
    {0x23000001, "0", false, true, 0},
    {0xff123456, "0", false, true, 0},
    {0xff923456, "0", true, true, 0},
    {0xffffffff, "0", true, true, 0},
    // Mainnet's and regtest's limits.
    {0x1d00ffff, "00000000ffff0000000000000000000000000000000000000000000000000000", false, false,
     0x1d00ffff},
    {0x1b0404cb, "00000000000404cb000000000000000000000000000000000000000000000000", false, false,
     0x1b0404cb},
};

TEST(CompactTarget, KnownCases) {
  for (const CompactCase& test : kCases) {
    SCOPED_TRACE(testing::Message() << std::hex << test.bits);
    const CompactTarget decoded = DecodeCompact(test.bits);
    EXPECT_EQ(decoded.negative, test.negative);
    EXPECT_EQ(decoded.overflow, test.overflow);
    if (test.overflow) continue;  // the number means nothing then
    EXPECT_EQ(decoded.target, U256::FromHex(test.target));
    EXPECT_EQ(EncodeCompact(decoded.target), test.again);
  }
}

/// The definition, word by word: mantissa * 256^(length - 3), in bytes.
U256 Definition(uint32_t bits) {
  const int length = static_cast<int>(bits >> 24);
  const uint32_t mantissa = bits & 0x7fffff;
  std::array<uint8_t, 32> bytes{};
  for (int i = 0; i < 3; ++i) {
    const int place = length - 3 + i;
    if (place >= 0 && place < 32) {
      bytes[static_cast<size_t>(place)] = static_cast<uint8_t>(mantissa >> (8 * i));
    }
  }
  return U256::FromLittle(bytes);
}

TEST(CompactTarget, RandomBitsMeanWhatTheDefinitionSays) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const uint32_t bits = (random() % 40) << 24 | (random() & 0xffffff);
    const CompactTarget decoded = DecodeCompact(bits);
    if (decoded.overflow) continue;
    ASSERT_EQ(decoded.target, Definition(bits)) << std::hex << bits;
  }
}

TEST(CompactTarget, OverflowMeansThatABitIsLost) {
  std::mt19937 random(2);
  for (int i = 0; i < 20'000; ++i) {
    const uint32_t length = 30 + random() % 8;
    const uint32_t mantissa = (random() & 0x7fffff) >> random() % 23;
    int used = 0;  // bits of the mantissa
    for (uint32_t rest = mantissa; rest != 0; rest >>= 1) ++used;
    const bool lost = mantissa != 0 && used + 8 * (static_cast<int>(length) - 3) > 256;
    ASSERT_EQ(DecodeCompact(length << 24 | mantissa).overflow, lost) << length << " " << mantissa;
  }
}

TEST(CompactTarget, EncodingRoundsDownAndIsStable) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::array<uint8_t, 32> bytes;
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    const U256 target = U256::FromLittle(bytes) >> static_cast<unsigned>(random() % 257);
    const uint32_t bits = EncodeCompact(target);
    const CompactTarget decoded = DecodeCompact(bits);
    ASSERT_FALSE(decoded.negative);
    ASSERT_FALSE(decoded.overflow);
    ASSERT_LE(decoded.target, target);
    ASSERT_EQ(EncodeCompact(decoded.target), bits);
    // At most 15 bits below the top are kept at worst, so the error is below target / 2^15.
    ASSERT_LE(target - decoded.target, target >> 15) << target.ToString();
  }
}

TEST(CompactTarget, TheWholeRangeOfPowers) {
  for (unsigned bit = 0; bit < 256; ++bit) {
    const U256 power = U256(1) << bit;
    EXPECT_EQ(DecodeCompact(EncodeCompact(power)).target, power) << bit;
  }
  EXPECT_EQ(EncodeCompact(U256()), 0u);
  EXPECT_EQ(EncodeCompact(~U256()), 0x2100ffffu);
}

}  // namespace
}  // namespace cairn
