// Amounts as text: eight decimals out, any honest decimal number in.
#include "cairn/primitives/amount.h"

#include <random>

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(Amount, HasExactlyEightDecimals) {
  EXPECT_EQ(FormatAmount(0), "0.00000000");
  EXPECT_EQ(FormatAmount(1), "0.00000001");
  EXPECT_EQ(FormatAmount(-1), "-0.00000001");
  EXPECT_EQ(FormatAmount(10), "0.00000010");
  EXPECT_EQ(FormatAmount(99'999'999), "0.99999999");
  EXPECT_EQ(FormatAmount(kCoin), "1.00000000");
  EXPECT_EQ(FormatAmount(-kCoin), "-1.00000000");
  EXPECT_EQ(FormatAmount(1'234'500'000), "12.34500000");
  EXPECT_EQ(FormatAmount(kMaxMoney), "21000000.00000000");
  EXPECT_EQ(FormatAmount(INT64_MAX), "92233720368.54775807");
  EXPECT_EQ(FormatAmount(INT64_MIN), "-92233720368.54775808");
}

TEST(Amount, ShortKeepsTwoDecimals) {
  EXPECT_EQ(ShortAmount(0), "0.00");
  EXPECT_EQ(ShortAmount(1), "0.00000001");
  EXPECT_EQ(ShortAmount(kCoin), "1.00");
  EXPECT_EQ(ShortAmount(110'000'000), "1.10");
  EXPECT_EQ(ShortAmount(-1'234'500'000), "-12.345");
  EXPECT_EQ(ShortAmount(100 * kCoin), "100.00");
}

TEST(Amount, OfADecimalNumber) {
  const std::pair<const char*, Amount> cases[] = {
      {"0", 0},
      {"-0", 0},
      {"0.0", 0},
      {"0.00000000", 0},
      {"0.00000001", 1},
      {"-0.00000001", -1},
      {"1", kCoin},
      {"1.0", kCoin},
      {"1.1", 110'000'000},
      {"0.5", kCoin / 2},
      {"0.17622195", 17'622'195},
      {"20999999.9999", 2'099'999'999'990'000},
      {"21000000", kMaxMoney},
      {"21000001", kMaxMoney + kCoin},  // parsing knows no rule of money
      {"9999999999.99999999", 999'999'999'999'999'999},
      {"-9999999999.99999999", -999'999'999'999'999'999},
      {"0.10000000000", kCoin / 10},  // needless zeroes are no decimals
      {"0.000000010000000", 1},
      {"0.0000000000000000000000000000", 0},
  };
  for (const auto& [text, amount] : cases) EXPECT_EQ(ParseAmount(text), amount) << text;
}

TEST(Amount, WithAnExponent) {
  const std::pair<const char*, Amount> cases[] = {
      {"1e-8", 1},
      {"1E-8", 1},
      {"1e-08", 1},
      {"0.1e-7", 1},
      {"0.01e-6", 1},
      {"0.19e-6", 19},
      {"19e-8", 19},
      {"1e0", kCoin},
      {"1e+0", kCoin},
      {"1e2", 100 * kCoin},
      {"1E+2", 100 * kCoin},
      {"1.5e1", 15 * kCoin},
      {"12345678900000000e-8", 12'345'678'900'000'000},
      {"0.00000000000000000000000001e26", kCoin},
      {"0.0000000000000000000000000000000000001e+30", 10},
      {"100000000000000000000e-28", 1},
      {"0e5", 0},
  };
  for (const auto& [text, amount] : cases) EXPECT_EQ(ParseAmount(text), amount) << text;
}

TEST(Amount, MoreThanEightDecimalsAreNone) {
  for (const char* text :
       {"0.000000001", "0.000000019", "0.00000001000001", "1.123456789", "1e-9", "19e-9", "0.1e-8",
        "10.00000001e-1", "0.00000000000000000000000001e17"}) {
    EXPECT_EQ(ParseAmount(text), std::nullopt) << text;
  }
}

TEST(Amount, OutOfRangeIsNone) {
  for (const char* text :
       {"10000000000", "-10000000000", "92233720368.54775807", "92233720368.54775808", "1e10",
        "1e11", "1e+11", "93e+9", "1e999", "1e1000", "1e99999999999999999999", "-1e99",
        "1e-99999999999999999999", "184467440737.09551616", "99999999999999999999999999999999"}) {
    EXPECT_EQ(ParseAmount(text), std::nullopt) << text;
  }
}

TEST(Amount, WhatIsNoNumberIsNone) {
  for (const char* text :
       {"",     "-",    "+",     "+1",   ".",    ".5",   "5.",   "-.5",   "1.e1", "01",
        "00",   "-01",  "1,5",   "1 ",   " 1",   "1\n",  "1_0",  "0x1",   "1e",   "1e+",
        "1e-",  "e1",   "1e1.5", "1e 1", "--1",  "-+1",  "1-",   "1.1.1", "nan",  "inf",
        "1e1e", "1ee1", "1e--1", "one",  "1.5f", "$1.5", "1.-5", "1.+5",  "٣",    "1e+-1"}) {
    EXPECT_EQ(ParseAmount(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseAmount(std::string_view("1\0", 2)), std::nullopt);
}

TEST(Amount, ThereAndBack) {
  std::mt19937_64 random(1);
  constexpr Amount kMost = 999'999'999'999'999'999;
  for (int i = 0; i < 20'000; ++i) {
    Amount amount = static_cast<Amount>(random() % (uint64_t{kMost} + 1)) >> random() % 60;
    if (i % 2 == 0) amount = -amount;
    ASSERT_EQ(ParseAmount(FormatAmount(amount)), amount);
  }
}

TEST(Amount, MoneyIsFromZeroTo21Million) {
  EXPECT_TRUE(IsMoney(0));
  EXPECT_TRUE(IsMoney(kMaxMoney));
  EXPECT_FALSE(IsMoney(-1));
  EXPECT_FALSE(IsMoney(kMaxMoney + 1));
  EXPECT_FALSE(IsMoney(INT64_MIN));
  EXPECT_FALSE(IsMoney(INT64_MAX));
}

}  // namespace
}  // namespace cairn
