// 256-bit arithmetic against schoolbook arithmetic on single bytes.
#include "cairn/primitives/u256.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace cairn {
namespace {

/// The same numbers as 32 digits to the base 256, least significant first, computed digit by digit.
using Digits = std::array<uint8_t, 32>;

Digits Add(const Digits& a, const Digits& b) {
  Digits sum;
  unsigned carry = 0;
  for (size_t i = 0; i < sum.size(); ++i) {
    carry += a[i] + b[i];
    sum[i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  return sum;
}

Digits Subtract(const Digits& a, const Digits& b) {
  Digits difference;
  int borrow = 0;
  for (size_t i = 0; i < difference.size(); ++i) {
    const int digit = a[i] - b[i] - borrow;
    borrow = digit < 0 ? 1 : 0;
    difference[i] = static_cast<uint8_t>(digit + 256 * borrow);
  }
  return difference;
}

Digits Multiply(const Digits& a, const Digits& b) {
  Digits product{};
  for (size_t i = 0; i < a.size(); ++i) {
    unsigned carry = 0;
    for (size_t j = 0; i + j < product.size(); ++j) {
      carry += product[i + j] + unsigned{a[i]} * b[j];
      product[i + j] = static_cast<uint8_t>(carry);
      carry >>= 8;
    }
  }
  return product;
}

bool Bit(const Digits& a, size_t place) { return (a[place / 8] >> place % 8 & 1) != 0; }

/// Moves every bit up by `by` places, one bit at a time.
Digits ShiftUp(const Digits& a, int by) {
  Digits shifted{};
  for (int place = 0; place < 256; ++place) {
    const int from = place - by;
    if (from < 0 || from > 255 || !Bit(a, static_cast<size_t>(from))) continue;
    shifted[static_cast<size_t>(place) / 8] |= static_cast<uint8_t>(1u << place % 8);
  }
  return shifted;
}

bool Less(const Digits& a, const Digits& b) {
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

/// Numbers of all lengths, many with long runs of ones and zeroes, where carries go wrong.
class Numbers {
 public:
  explicit Numbers(unsigned seed) : random_(seed) {}

  Digits Next() {
    Digits digits{};
    const size_t length = random_() % 33;
    const unsigned kind = random_() % 4;
    for (size_t i = 0; i < length; ++i) {
      const auto any = static_cast<uint8_t>(random_());
      digits[i] = kind == 0 ? 0xff : kind == 1 ? static_cast<uint8_t>(any % 2 * 0xff) : any;
    }
    return digits;
  }

  std::mt19937& random() { return random_; }

 private:
  std::mt19937 random_;
};

U256 Of(const Digits& digits) { return U256::FromLittle(digits); }

constexpr int kRounds = 3000;

TEST(U256, AddsAndSubtracts) {
  Numbers numbers(1);
  for (int i = 0; i < kRounds; ++i) {
    const Digits a = numbers.Next();
    const Digits b = numbers.Next();
    ASSERT_EQ((Of(a) + Of(b)).ToLittle(), Add(a, b));
    ASSERT_EQ((Of(a) - Of(b)).ToLittle(), Subtract(a, b));
    ASSERT_EQ(Of(a) + Of(b) - Of(b), Of(a));
    ASSERT_EQ(~Of(a) + Of(a), ~U256());
  }
}

TEST(U256, MultipliesByAWord) {
  Numbers numbers(2);
  for (int i = 0; i < kRounds; ++i) {
    const Digits a = numbers.Next();
    const uint32_t factor = numbers.random()() >> numbers.random()() % 32;
    const Digits wide = U256(factor).ToLittle();
    ASSERT_EQ((Of(a) * factor).ToLittle(), Multiply(a, wide));
  }
  EXPECT_EQ((~U256() * UINT32_MAX).ToLittle(),
            Multiply((~U256()).ToLittle(), U256(UINT32_MAX).ToLittle()));
}

TEST(U256, ShiftsByAnyNumberOfBits) {
  Numbers numbers(3);
  for (int bits = 0; bits <= 300; ++bits) {
    for (int i = 0; i < 5; ++i) {
      const Digits a = numbers.Next();
      ASSERT_EQ((Of(a) << static_cast<unsigned>(bits)).ToLittle(), ShiftUp(a, bits)) << bits;
      ASSERT_EQ((Of(a) >> static_cast<unsigned>(bits)).ToLittle(), ShiftUp(a, -bits)) << bits;
    }
  }
  EXPECT_TRUE((~U256() << 0xffffffffu).IsZero());
  EXPECT_TRUE((~U256() >> 0xffffffffu).IsZero());
}

TEST(U256, DividesWithTheRestBelowTheDivisor) {
  Numbers numbers(4);
  for (int i = 0; i < kRounds; ++i) {
    const Digits a = numbers.Next();
    const Digits b = numbers.Next();
    if (Of(b).IsZero()) continue;
    const Digits quotient = (Of(a) / Of(b)).ToLittle();
    const Digits product = Multiply(quotient, b);
    ASSERT_FALSE(Less(a, product)) << Of(a).ToString() << " / " << Of(b).ToString();
    ASSERT_TRUE(Less(Subtract(a, product), b)) << Of(a).ToString() << " / " << Of(b).ToString();
  }
}

TEST(U256, DividesAtTheEdges) {
  const U256 all = ~U256();
  EXPECT_EQ(all / U256(1), all);
  EXPECT_EQ(all / all, U256(1));
  EXPECT_EQ((all - U256(1)) / all, U256(0));
  EXPECT_EQ(U256(0) / all, U256(0));
  EXPECT_EQ(all / (U256(1) << 255), U256(1));
  EXPECT_EQ(all / (U256(1) << 128), (U256(1) << 128) - U256(1));
  EXPECT_EQ(U256(100) / U256(7), U256(14));
}

TEST(U256, Orders) {
  Numbers numbers(5);
  for (int i = 0; i < kRounds; ++i) {
    const Digits a = numbers.Next();
    Digits b = numbers.Next();
    if (i % 3 == 0) b = a;
    if (i % 3 == 1) {
      b = a;
      b[numbers.random()() % b.size()] ^= 1;
    }
    ASSERT_EQ(Of(a) < Of(b), Less(a, b));
    ASSERT_EQ(Of(a) > Of(b), Less(b, a));
    ASSERT_EQ(Of(a) == Of(b), a == b);
    ASSERT_EQ(Of(a) <= Of(b), !Less(b, a));
  }
}

TEST(U256, KnowsItsLength) {
  EXPECT_EQ(U256().BitLength(), 0);
  for (int bit = 0; bit < 256; ++bit) {
    const U256 power = U256(1) << static_cast<unsigned>(bit);
    EXPECT_EQ(power.BitLength(), bit + 1);
    EXPECT_EQ((power - U256(1)).BitLength(), bit);
    EXPECT_EQ(power.ToDouble(), std::ldexp(1.0, bit));
  }
  EXPECT_EQ((~U256()).BitLength(), 256);
  EXPECT_EQ((~U256()).ToDouble(), std::ldexp(1.0, 256));
  EXPECT_EQ(U256(12345).ToDouble(), 12345.0);
}

TEST(U256, AsText) {
  const std::string digits = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";
  const auto parsed = U256::FromHex(digits);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->ToString(), digits);
  EXPECT_EQ(parsed->ToLittle().front(), 0x10u);  // the least significant byte first
  EXPECT_EQ(parsed->Low64(), 0xfedcba9876543210u);
  EXPECT_EQ(U256::FromHex("F"), U256(15));
  EXPECT_EQ(U256::FromHex("100"), U256(256));
  EXPECT_EQ(U256::FromHex(std::string(64, '0')), U256());
  EXPECT_EQ(U256::FromHex(""), std::nullopt);
  EXPECT_EQ(U256::FromHex(std::string(65, '0')), std::nullopt);
  EXPECT_EQ(U256::FromHex("0x1"), std::nullopt);
  EXPECT_EQ(U256::FromHex("-1"), std::nullopt);
  EXPECT_EQ(U256::FromHex("1 "), std::nullopt);
  EXPECT_EQ(U256::FromHex("g"), std::nullopt);
}

TEST(U256, TextThereAndBack) {
  Numbers numbers(6);
  for (int i = 0; i < 1000; ++i) {
    const U256 number = Of(numbers.Next());
    ASSERT_EQ(U256::FromHex(number.ToString()), number);
    ASSERT_EQ(U256::FromLittle(number.ToLittle()), number);
  }
}

}  // namespace
}  // namespace cairn
