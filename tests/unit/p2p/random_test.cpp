#include "cairn/p2p/random.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

namespace cairn::p2p {
namespace {

TEST(Random, RepeatsItselfFromASeed) {
  Random a(7);
  Random b(7);
  Random other(8);
  for (int i = 0; i < 100; ++i) {
    const uint64_t number = a.Next();
    EXPECT_EQ(number, b.Next());
    EXPECT_NE(number, other.Next());
  }
  EXPECT_EQ(a.Fill(size_t{19}), b.Fill(size_t{19}));
  EXPECT_EQ(a.Unit(), b.Unit());
  // Written down, so that a seed found today repeats its run in years to come.
  EXPECT_EQ(Random(1).Next(), 0xfde8538c05f9e92fU);
}

TEST(Random, IsSeededByTheSystem) {
  EXPECT_NE(Random::FromSystem().Next(), Random::FromSystem().Next());
}

TEST(Random, IsEvenBelowABound) {
  Random random(1);
  EXPECT_EQ(random.Below(0), 0U);
  EXPECT_EQ(random.Below(1), 0U);
  std::vector<int> counts(10);
  for (int i = 0; i < 100'000; ++i) ++counts[random.Below(counts.size())];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
  // A third of all numbers would be twice as likely here if none were skipped.
  const uint64_t end = (uint64_t{3} << 62);
  int low = 0;
  for (int i = 0; i < 10'000; ++i) low += random.Below(end) < (uint64_t{1} << 62) ? 1 : 0;
  EXPECT_NEAR(low, 3'333, 250);
}

TEST(Random, HasFractionsAndWaitingTimes) {
  Random random(1);
  double sum = 0;
  double waited = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double unit = random.Unit();
    EXPECT_TRUE(unit >= 0 && unit < 1);
    sum += unit;
    const double wait = random.Exponential(30);
    EXPECT_TRUE(wait >= 0 && std::isfinite(wait));
    waited += wait;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.01);
  EXPECT_NEAR(waited / 100'000, 30, 0.6);
}

TEST(Random, FillsAnyNumberOfBytes) {
  Random random(1);
  for (size_t size = 0; size < 40; ++size) EXPECT_EQ(random.Fill(size).size(), size);
  const Bytes many = random.Fill(size_t{4096});
  EXPECT_EQ(std::set<uint8_t>(many.begin(), many.end()).size(), 256U);
}

TEST(Random, ForksIntoIndependentSources) {
  Random random(1);
  Random same(1);
  Random fork = random.Fork();
  Random again = same.Fork();
  EXPECT_EQ(fork.Next(), again.Next());
  fork.Next();
  EXPECT_EQ(random.Next(), same.Next());
  EXPECT_NE(random.Fork().Next(), random.Fork().Next());
}

TEST(Random, ShufflesEvenly) {
  Random random(1);
  std::array<std::array<int, 5>, 5> counts{};
  for (int i = 0; i < 20'000; ++i) {
    std::array<size_t, 5> order;
    std::iota(order.begin(), order.end(), size_t{0});
    random.Shuffle(order);
    for (size_t place = 0; place < 5; ++place) ++counts[order[place]][place];
  }
  for (const auto& row : counts) {
    for (const int count : row) EXPECT_NEAR(count, 4'000, 250);
  }
}

}  // namespace
}  // namespace cairn::p2p
