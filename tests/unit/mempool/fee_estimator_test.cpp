// Estimates of fees on histories that are made: how often what is paid is enough.
#include "cairn/mempool/fee_estimator.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/base/endian.h"

namespace cairn::mempool {
namespace {

constexpr uint8_t kChain[] = {1, 2, 3, 4};

Txid Numbered(uint64_t number) {
  Txid txid;
  StoreLittle(txid.bytes.data(), number);
  return txid;
}

/// Transactions of all rates arrive, and each block takes the dearest that there are.
class Market {
 public:
  explicit Market(uint64_t seed) : random_(seed) {}

  /// How many arrive before a block, and what they pay on average.
  std::function<double(int height)> arriving = [](int) { return 120; };
  std::function<double(int height)> price = [](int) { return 5000; };
  size_t block_size = 100;

  void Block() {
    std::poisson_distribution<int> count(arriving(height_));
    std::lognormal_distribution<double> factor(0, 0.8);
    for (int i = count(random_); i > 0; --i) {
      const double rate = std::clamp(price(height_) * factor(random_), 1000.0, 5e6);
      waiting_.push_back({rate, ++number_});
      fees.Entered(Numbered(number_), height_, FeeRate(std::llround(rate)));
    }
    std::sort(waiting_.begin(), waiting_.end());
    const size_t room = block_size;
    std::vector<Txid> taken;
    cleared_.push_back(waiting_.size() > room ? waiting_[waiting_.size() - room].first : 0);
    while (!waiting_.empty() && taken.size() < room) {
      taken.push_back(Numbered(waiting_.back().second));
      waiting_.pop_back();
    }
    // The pool is small: the cheapest leave.
    for (; waiting_.size() > 1000; waiting_.erase(waiting_.begin())) {
      fees.Left(Numbered(waiting_.front().second));
    }
    fees.BlockCame(++height_, taken);
  }

  /// Whether one that paid this rate before the next block of that height was mined in time.
  bool IsMined(int height, int target, double rate) const {
    for (int block = height; block < height + target; ++block) {
      if (cleared_.at(static_cast<size_t>(block - 1)) <= rate) return true;
    }
    return false;
  }

  int height() const { return height_; }

  FeeEstimator fees;

 private:
  std::mt19937_64 random_;
  std::vector<std::pair<double, uint64_t>> waiting_;
  std::vector<double> cleared_;  // what it took to get into each block
  uint64_t number_ = 0;
  int height_ = 1;
};

/// No multiple of it falls in step with what comes and goes.
constexpr int kAskEvery = 11;

struct Asked {
  int height;
  int target;
  bool conservative;
  double rate;
};

/// Runs the market, asks now and then, and gives the shares of estimates that were enough:
/// economical and conservative ones.
std::pair<double, double> SharesInTime(Market& market, int blocks) {
  std::vector<Asked> asked;
  for (int i = 0; i < blocks + 150; ++i) {
    market.Block();
    if (i < 300 || i >= blocks || i % kAskEvery != 0) continue;
    for (const int target : {2, 3, 6, 12, 24, 60, 144}) {
      for (const bool conservative : {false, true}) {
        const SmartFee fee = market.fees.Smart(target, conservative);
        EXPECT_TRUE(fee.rate.has_value()) << "target " << target << " at " << market.height();
        if (!fee.rate) continue;
        asked.push_back(
            {market.height(), fee.blocks, conservative, static_cast<double>(fee.rate->per_kvb())});
      }
    }
  }
  int count[2] = {0, 0}, in_time[2] = {0, 0};
  for (const Asked& one : asked) {
    ++count[one.conservative];
    in_time[one.conservative] += market.IsMined(one.height, one.target, one.rate);
  }
  return {double(in_time[0]) / count[0], double(in_time[1]) / count[1]};
}

void ExpectRight(Market& market, int blocks) {
  const auto [economical, conservative] = SharesInTime(market, blocks);
  std::printf("economical %.3f, conservative %.3f\n", economical, conservative);
  EXPECT_GE(economical, 0.85);
  EXPECT_GE(conservative, 0.95);
}

TEST(FeeEstimator, IsRightWhereDemandIsSteady) {
  Market market(1);
  market.arriving = [](int) { return 97; };
  ExpectRight(market, 1500);
}

TEST(FeeEstimator, IsRightWhereDemandComesAndGoesByTheDay) {
  Market market(2);
  market.arriving = [](int height) { return 97 + 40 * std::sin(height * 2 * M_PI / 144); };
  market.price = [](int height) { return 6000 + 2500 * std::sin(height * 2 * M_PI / 144); };
  ExpectRight(market, 1700);
}

TEST(FeeEstimator, IsRightWhereFloodsCome) {
  Market market(3);
  market.arriving = [](int height) { return height % 400 < 40 ? 160 : 85; };
  ExpectRight(market, 1700);
}

TEST(FeeEstimator, AsksLessOfThoseWhoCanWait) {
  Market market(4);
  market.arriving = [](int height) { return 97 + 40 * std::sin(height * 2 * M_PI / 144); };
  for (int i = 0; i < 1000; ++i) market.Block();
  const auto rate = [&](int target) { return market.fees.Smart(target, false).rate->per_kvb(); };
  EXPECT_GE(rate(2), rate(12));
  EXPECT_GE(rate(12), rate(144));
  EXPECT_GT(rate(2), rate(144));
  EXPECT_GE(market.fees.Smart(12, true).rate, market.fees.Smart(12, false).rate);
}

TEST(FeeEstimator, SaysThatItDoesNotKnow) {
  Market market(5);
  EXPECT_FALSE(market.fees.Smart(2, false).rate.has_value());
  EXPECT_EQ(market.fees.Smart(6, false).blocks, 0);
  for (int i = 0; i < 40; ++i) market.Block();
  // Half of what was seen is what can be told.
  const SmartFee fee = market.fees.Smart(1000, false);
  EXPECT_TRUE(fee.rate.has_value());
  EXPECT_LE(fee.blocks, 20);
  EXPECT_EQ(market.fees.Smart(1, false).blocks, 2);
  EXPECT_FALSE(market.fees.Raw(FeeHorizon::kShort, 13, 0.95).has_value());
  EXPECT_TRUE(market.fees.Raw(FeeHorizon::kMedium, 48, 0.95).has_value());
  EXPECT_FALSE(market.fees.Raw(FeeHorizon::kLong, 1009, 0.95).has_value());
}

TEST(FeeEstimator, CountsWhatWaits) {
  FeeEstimator fees;
  fees.BlockCame(10, {});
  for (uint64_t i = 0; i < 100; ++i) fees.Entered(Numbered(i), 10, FeeRate(2000));
  for (int height = 11; height < 15; ++height) fees.BlockCame(height, {});
  EXPECT_FALSE(fees.Raw(FeeHorizon::kShort, 2, 0.5)->estimate.rate.has_value());
  std::vector<Txid> some;
  for (uint64_t i = 0; i < 60; ++i) some.push_back(Numbered(i));
  fees.BlockCame(15, some);
  const FeeEstimate late = fees.Raw(FeeHorizon::kShort, 5, 0.5)->estimate;
  ASSERT_TRUE(late.has_pass);
  EXPECT_EQ(late.pass.within_target, 60);
  EXPECT_EQ(late.pass.waiting, 40);
  EXPECT_EQ(late.rate, 2000);
  EXPECT_FALSE(fees.Raw(FeeHorizon::kShort, 5, 0.7)->estimate.rate.has_value());
  EXPECT_FALSE(fees.Raw(FeeHorizon::kShort, 4, 0.1)->estimate.rate.has_value());
  for (uint64_t i = 60; i < 100; ++i) fees.Left(Numbered(i));
  EXPECT_EQ(fees.Raw(FeeHorizon::kShort, 5, 0.5)->estimate.pass.left, 40);
}

TEST(FeeEstimator, LearnsNothingFromAnotherBranch) {
  FeeEstimator fees;
  fees.BlockCame(10, {});
  for (uint64_t i = 0; i < 100; ++i) fees.Entered(Numbered(i), 10, FeeRate(2000));
  fees.Entered(Numbered(200), 9, FeeRate(2000));  // while the chain was at another height
  std::vector<Txid> all;
  for (uint64_t i = 0; i < 100; ++i) all.push_back(Numbered(i));
  fees.BlockCame(10, all);
  EXPECT_EQ(fees.Raw(FeeHorizon::kShort, 2, 0.5)->estimate.pass.confirmed, 0);
}

TEST(FeeEstimator, RemembersOnDisk) {
  Market market(6);
  for (int i = 0; i < 300; ++i) market.Block();
  const Bytes bytes = market.fees.Encode(kChain);
  FeeEstimator other;
  ASSERT_TRUE(other.Decode(bytes, kChain).has_value());
  // What waited is no longer waited for, so ask the first for it now, too.
  for (const int target : {2, 6, 24, 100}) {
    EXPECT_EQ(other.Smart(target, true).rate, market.fees.Smart(target, true).rate) << target;
    EXPECT_TRUE(other.Smart(target, true).rate.has_value());
  }
  EXPECT_EQ(other.Encode(kChain), market.fees.Encode(kChain));
  for (size_t i = 0; i < bytes.size(); i += 997) {
    Bytes damaged = bytes;
    damaged[i] ^= 0x40;
    EXPECT_FALSE(other.Decode(damaged, kChain).has_value()) << i;
    EXPECT_FALSE(other.Decode(ByteSpan(bytes).first(i), kChain).has_value()) << i;
  }
  EXPECT_TRUE(other.Smart(6, false).rate.has_value());  // and nothing has changed
}

}  // namespace
}  // namespace cairn::mempool
