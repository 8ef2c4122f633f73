// The difficulty of shares, tried on miners that find them at random as real ones do.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "src/mining/stratum/vardiff.h"

namespace cairn::mining::stratum {
namespace {

using Time = Vardiff::Time;
using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr double kHashesOfOne = 4294967296.0;  // that a share of difficulty 1 takes on average

/// A miner of a constant speed, in virtual time.
class SimulatedMiner {
 public:
  SimulatedMiner(VardiffOptions options, double hashes_per_second, unsigned seed)
      : speed_(hashes_per_second), random_(seed), vardiff_(options, now_) {}

  void set_speed(double hashes_per_second) { speed_ = hashes_per_second; }
  Vardiff& vardiff() { return vardiff_; }
  Time now() const { return now_; }

  /// Mines for so long, looked at every few seconds as well as at each share. Gives the shares.
  int Mine(seconds time) {
    const Time end = now_ + time;
    Time look = now_ + kLookEvery;
    int shares = 0;
    double hashes = Draw();  // until the next share at difficulty 1
    while (now_ < end) {
      const double left = hashes * vardiff_.difficulty() / speed_;
      const Time found =
          now_ + duration_cast<Time::duration>(std::chrono::duration<double>(std::min(left, 1e6)));
      if (found <= look) {
        now_ = found;
        ++shares;
        vardiff_.OnShare(vardiff_.difficulty());
        hashes = Draw();
      } else {
        // Luck is spent by the hashes, whatever the difficulty is.
        hashes -=
            std::chrono::duration<double>(look - now_).count() * speed_ / vardiff_.difficulty();
        now_ = look;
        look += kLookEvery;
      }
      if (vardiff_.Adjust(now_)) ++changes_;
    }
    return shares;
  }
  int changes() const { return changes_; }

 private:
  static constexpr seconds kLookEvery{4};

  double Draw() { return std::exponential_distribution<double>(1 / kHashesOfOne)(random_); }

  double speed_;
  std::mt19937 random_;
  Time now_{};
  Vardiff vardiff_;
  int changes_ = 0;
};

TEST(StratumVardiff, BringsMinersOfAnySpeedToTheSameRate) {
  for (const double speed : {5e8, 1e10, 1e12, 1e14, 1e16, 5e17}) {
    SimulatedMiner miner({}, speed, 1);
    miner.Mine(seconds(3600));
    const int shares = miner.Mine(seconds(12'000));
    // One share every ten seconds, that is 1200; the band of rates that are left alone is wide.
    EXPECT_GT(shares, 600) << speed;
    EXPECT_LT(shares, 2300) << speed;
    const double fitting = speed * 10 / kHashesOfOne;
    EXPECT_GT(miner.vardiff().difficulty(), fitting / 4) << speed;
    EXPECT_LT(miner.vardiff().difficulty(), std::max(fitting * 4, 1.01)) << speed;
  }
}

TEST(StratumVardiff, LetsAFastMinerSendFewSharesBeforeItIsSlowedDown) {
  SimulatedMiner miner({}, 1e15, 2);
  EXPECT_LT(miner.Mine(seconds(60)), 80);
}

TEST(StratumVardiff, SettlesAndStaysMostlyWhereItIs) {
  SimulatedMiner miner({}, 1e13, 3);
  miner.Mine(seconds(3600));
  const int before = miner.changes();
  miner.Mine(seconds(6 * 3600));
  // 180 windows go by in that time.
  EXPECT_LT(miner.changes() - before, 30);
}

TEST(StratumVardiff, FollowsAMinerThatSlowsDownAndSpeedsUp) {
  SimulatedMiner miner({}, 1e15, 4);
  miner.Mine(seconds(3600));
  miner.set_speed(1e12);  // a thousandth
  miner.Mine(seconds(3600));
  EXPECT_LT(miner.vardiff().difficulty(), 4 * 1e12 * 10 / kHashesOfOne);
  miner.set_speed(1e15);
  miner.Mine(seconds(300));
  EXPECT_GT(miner.vardiff().difficulty(), 1e15 * 10 / kHashesOfOne / 4);
}

TEST(StratumVardiff, StaysWithinItsBounds) {
  VardiffOptions options{.start = 64, .least = 16, .most = 1024};
  SimulatedMiner fast(options, 1e18, 5);
  fast.Mine(seconds(60));
  EXPECT_EQ(fast.vardiff().difficulty(), 1024);
  SimulatedMiner slow(options, 1, 6);
  slow.Mine(seconds(3600));
  EXPECT_EQ(slow.vardiff().difficulty(), 16);
}

TEST(StratumVardiff, NeverChangesByMoreThanItsSteps) {
  Vardiff vardiff({.start = 1, .least = 1e-9}, Time{});
  for (int i = 0; i < 1000; ++i) vardiff.OnShare(1);
  EXPECT_TRUE(vardiff.Adjust(Time{}));
  EXPECT_EQ(vardiff.difficulty(), 16);
  EXPECT_FALSE(vardiff.Adjust(Time{} + seconds(59)));
  EXPECT_TRUE(vardiff.Adjust(Time{} + seconds(60)));
  EXPECT_EQ(vardiff.difficulty(), 4);
}

// What a fast miner has sent before it hears of the new difficulty says nothing against that.
TEST(StratumVardiff, IsNotMisledBySharesThatWereUnderWay) {
  Vardiff vardiff({.start = 1, .least = 1e-9}, Time{});
  int changes = 0;
  for (int i = 0; i < 400; ++i) {
    vardiff.OnShare(1);
    changes += vardiff.Adjust(Time{} + std::chrono::milliseconds(i)) ? 1 : 0;
  }
  // A thousand a second at difficulty 1 are 10,000 in the ten seconds of a share.
  EXPECT_EQ(changes, 2);
  EXPECT_EQ(vardiff.difficulty(), 256);
}

TEST(StratumVardiff, LetsWhoHasSharesAskForLessNowAndThenOnly) {
  Vardiff vardiff({.start = 1024, .least = 1}, Time{});
  vardiff.Suggest(512, Time{});
  EXPECT_EQ(vardiff.difficulty(), 512) << "before its first share it may ask for anything";
  vardiff.OnShare(512);
  vardiff.Suggest(1, Time{} + seconds(59));
  EXPECT_EQ(vardiff.difficulty(), 512);
  vardiff.Suggest(1, Time{} + seconds(60));
  EXPECT_EQ(vardiff.difficulty(), 128);
  vardiff.Suggest(1, Time{} + seconds(119));
  EXPECT_EQ(vardiff.difficulty(), 128);
  vardiff.Suggest(4096, Time{} + seconds(119));
  EXPECT_EQ(vardiff.difficulty(), 4096) << "for more at any time";
}

TEST(StratumVardiff, TakesWhatTheMinerAsksForWithinTheBounds) {
  VardiffOptions options{.start = 8, .least = 2, .most = 100};
  Vardiff vardiff(options, Time{});
  vardiff.Suggest(50, Time{});
  EXPECT_EQ(vardiff.difficulty(), 50);
  vardiff.Suggest(1e9, Time{});
  EXPECT_EQ(vardiff.difficulty(), 100);
  vardiff.Suggest(0, Time{});
  EXPECT_EQ(vardiff.difficulty(), 2);
  vardiff.RaiseLeast(20, Time{});
  EXPECT_EQ(vardiff.difficulty(), 20);
  vardiff.RaiseLeast(5, Time{});  // it only rises
  vardiff.Suggest(1, Time{});
  EXPECT_EQ(vardiff.difficulty(), 20);
  vardiff.RaiseLeast(1e9, Time{});
  EXPECT_EQ(vardiff.difficulty(), 100);
  vardiff.SetMost(30, Time{});
  EXPECT_EQ(vardiff.difficulty(), 30);
  vardiff.SetMost(1e9, Time{});
  vardiff.Suggest(1e9, Time{});
  EXPECT_EQ(vardiff.difficulty(), 100);
}

}  // namespace
}  // namespace cairn::mining::stratum
