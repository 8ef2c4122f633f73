// The miner's rate, over a while and lately.
#include "cairn/mining/hash_meter.h"

#include <gtest/gtest.h>

namespace cairn::mining {
namespace {

using namespace std::chrono_literals;

constexpr HashMeter::Time kStart{};

TEST(HashMeter, HasNothingToTellBeforeItIsStarted) {
  const HashMeter meter;
  EXPECT_FALSE(meter.Get(kStart + 5s).mining);
  EXPECT_EQ(meter.Get(kStart + 5s).hashes, 0u);
  EXPECT_EQ(meter.Get(kStart + 5s).per_second, 0);
}

TEST(HashMeter, MeasuresFromItsStart) {
  HashMeter meter;
  meter.Start(kStart);
  meter.Start(kStart + 1s);  // has begun already
  EXPECT_EQ(meter.Get(kStart).per_second, 0);
  meter.Add(300, kStart + 1s);
  meter.Add(300, kStart + 2s);
  const HashMeter::Rate rate = meter.Get(kStart + 3s);
  EXPECT_TRUE(rate.mining);
  EXPECT_EQ(rate.hashes, 600u);
  EXPECT_DOUBLE_EQ(rate.per_second, 200);
  EXPECT_DOUBLE_EQ(rate.since_start, 200);
}

TEST(HashMeter, ForgetsHowFastItWasLongAgo) {
  HashMeter meter;
  meter.Start(kStart);
  for (int second = 1; second <= 100; ++second) meter.Add(1000, kStart + second * 1s);
  for (int second = 101; second <= 200; ++second) meter.Add(100, kStart + second * 1s);
  const HashMeter::Rate rate = meter.Get(kStart + 200s);
  EXPECT_DOUBLE_EQ(rate.per_second, 100);
  EXPECT_DOUBLE_EQ(rate.since_start, 550);
}

}  // namespace
}  // namespace cairn::mining
