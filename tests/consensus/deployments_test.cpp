// Soft forks: the state machine of BIP9 on synthetic chains, the buried heights, the flags of
// scripts with history's exceptions, where BIP30 must be looked at, and the subsidy.

#include "consensus/deployments.h"

#include <random>

#include <gtest/gtest.h>

#include "cairn/genesis/chain_file.h"
#include "consensus/rules/spending.h"
#include "consensus/script/flags.h"
#include "consensus/subsidy.h"
#include "tests/support/listed_ancestors.h"

namespace cairn::test {
namespace {

using consensus::Bip9Deployment;
using consensus::Bip9State;
using consensus::Params;
using consensus::ScriptFlags;

constexpr int kWindow = 20;
constexpr int kThreshold = 15;
constexpr int kBit = 5;
constexpr int32_t kQuiet = 0x20000000;
constexpr int32_t kSignal = kQuiet | 1 << kBit;
constexpr uint32_t kGenesisTime = 1'000'000;
constexpr uint32_t kSpacing = 600;

/// The median time past with the block of that height as the last, in a chain of steady spacing.
constexpr int64_t MedianAt(int height) { return kGenesisTime + (height - 5) * kSpacing; }

/// A chain that grows block by block and knows the states of each.
class SignallingChain {
 public:
  explicit SignallingChain(std::vector<Bip9Deployment> deployments) {
    params_.signalling_window = kWindow;
    params_.signalling_threshold = kThreshold;
    params_.deployments = std::move(deployments);
    headers_.Add({kQuiet, kGenesisTime, 0});
    states_ = {consensus::GenesisStates(params_)};
  }

  /// Adds blocks of one version. The state of a block follows from the chain before it.
  SignallingChain& Mine(int count, int32_t version = kQuiet) {
    for (int i = 0; i < count; ++i) {
      states_.push_back(consensus::NextStates(states_.back(), headers_, params_));
      headers_.Add({version, headers_.Last().time + kSpacing, 0});
    }
    return *this;
  }

  /// The state of the next block.
  Bip9State Next(size_t deployment = 0) const {
    return consensus::NextStates(states_.back(), headers_, params_).states[deployment];
  }
  int32_t VersionToMine() const {
    return consensus::VersionToMine(consensus::NextStates(states_.back(), headers_, params_),
                                    params_);
  }
  Bip9State At(int height, size_t deployment = 0) const {
    return states_[static_cast<size_t>(height)].states[deployment];
  }
  int Height() const { return headers_.Height(); }
  const ListedAncestors& headers() const { return headers_; }
  const Params& params() const { return params_; }

 private:
  Params params_;
  ListedAncestors headers_;
  std::vector<consensus::Bip9States> states_;
};

Bip9Deployment Deployment(int64_t start, int64_t timeout = Bip9Deployment::kNoTimeout,
                          int min_activation_height = 0) {
  return {"test", kBit, start, timeout, min_activation_height};
}

/// A chain at the end of its first period, so that block 20 is the first that may be started.
SignallingChain FirstPeriod(const Bip9Deployment& deployment) {
  return std::move(SignallingChain({deployment}).Mine(kWindow - 1));
}

TEST(Bip9, StartsAtThePeriodBehindTheStartTime) {
  EXPECT_EQ(FirstPeriod(Deployment(MedianAt(kWindow - 1))).Next(), Bip9State::kStarted);
  EXPECT_EQ(FirstPeriod(Deployment(MedianAt(kWindow - 1) + 1)).Next(), Bip9State::kDefined);

  SignallingChain later({Deployment(MedianAt(kWindow - 1) + 1)});
  later.Mine(3 * kWindow);
  EXPECT_EQ(later.At(kWindow), Bip9State::kDefined);
  EXPECT_EQ(later.At(2 * kWindow - 1), Bip9State::kDefined);
  EXPECT_EQ(later.At(2 * kWindow), Bip9State::kStarted);
}

TEST(Bip9, SignalsBeforeTheStartSayNothing) {
  SignallingChain chain({Deployment(MedianAt(kWindow - 1))});
  chain.Mine(kWindow - 1, kSignal);
  EXPECT_EQ(chain.Next(), Bip9State::kStarted);
}

TEST(Bip9, LocksInAtTheThresholdAndNotOneBelow) {
  for (const int signals : {kThreshold - 1, kThreshold, kThreshold + 1, kWindow}) {
    SignallingChain chain = FirstPeriod(Deployment(0));
    chain.Mine(signals, kSignal).Mine(kWindow - signals);
    EXPECT_EQ(chain.Next(), signals >= kThreshold ? Bip9State::kLockedIn : Bip9State::kStarted);
  }
}

TEST(Bip9, EachPeriodCountsAnew) {
  SignallingChain chain = FirstPeriod(Deployment(0));
  chain.Mine(kWindow - kThreshold + 1).Mine(kThreshold - 1, kSignal);  // one too few, at the end
  chain.Mine(kThreshold - 1, kSignal).Mine(kWindow - kThreshold + 1);  // one too few, at the start
  EXPECT_EQ(chain.Next(), Bip9State::kStarted);
}

TEST(Bip9, ActivatesAPeriodAfterTheLockIn) {
  SignallingChain chain = FirstPeriod(Deployment(0));
  chain.Mine(kWindow, kSignal).Mine(2 * kWindow);
  EXPECT_EQ(chain.At(kWindow - 1), Bip9State::kDefined);
  EXPECT_EQ(chain.At(kWindow), Bip9State::kStarted);
  EXPECT_EQ(chain.At(2 * kWindow - 1), Bip9State::kStarted);
  EXPECT_EQ(chain.At(2 * kWindow), Bip9State::kLockedIn);
  EXPECT_EQ(chain.At(3 * kWindow - 1), Bip9State::kLockedIn);
  EXPECT_EQ(chain.At(3 * kWindow), Bip9State::kActive);
  chain.Mine(10 * kWindow);
  EXPECT_EQ(chain.Next(), Bip9State::kActive);
}

// As taproot's speedy trial had it: locked in by August 2021, in force from block 709,632 on.
TEST(Bip9, WaitsForTheMinimumActivationHeight) {
  for (const int min : {3 * kWindow, 3 * kWindow + 1, 5 * kWindow}) {
    SignallingChain chain = FirstPeriod(Deployment(0, Bip9Deployment::kNoTimeout, min));
    chain.Mine(kWindow, kSignal).Mine(5 * kWindow);
    const int active = (min + kWindow - 1) / kWindow * kWindow;
    EXPECT_EQ(chain.At(active - 1), Bip9State::kLockedIn) << min;
    EXPECT_EQ(chain.At(active), Bip9State::kActive) << min;
  }
}

TEST(Bip9, FailsForEverOnceTheTimeIsOver) {
  for (const int late : {0, 1}) {
    // Started at 20; the period that ends at 39 is the last.
    SignallingChain chain = FirstPeriod(Deployment(0, MedianAt(2 * kWindow - 1) + late));
    chain.Mine(kWindow);
    EXPECT_EQ(chain.Next(), late == 0 ? Bip9State::kFailed : Bip9State::kStarted);
    chain.Mine(kWindow);
    EXPECT_EQ(chain.Next(), Bip9State::kFailed);
    chain.Mine(3 * kWindow, kSignal);
    EXPECT_EQ(chain.Next(), Bip9State::kFailed);
  }
}

TEST(Bip9, TheLastPeriodsSignalsCount) {
  SignallingChain chain = FirstPeriod(Deployment(0, MedianAt(kWindow)));
  chain.Mine(kWindow, kSignal);
  EXPECT_EQ(chain.Next(), Bip9State::kLockedIn);
  chain.Mine(kWindow);
  EXPECT_EQ(chain.Next(), Bip9State::kActive);
}

// The start is passed only together with the timeout: a period of signalling is granted all the
// same.
TEST(Bip9, StartsEvenIfTheTimeIsOverByThen) {
  SignallingChain chain = FirstPeriod(Deployment(MedianAt(3), MedianAt(4)));
  EXPECT_EQ(chain.Next(), Bip9State::kStarted);
  chain.Mine(kWindow);
  EXPECT_EQ(chain.Next(), Bip9State::kFailed);
}

TEST(Bip9, AlwaysAndNever) {
  SignallingChain chain(
      {Deployment(Bip9Deployment::kAlwaysActive), Deployment(Bip9Deployment::kNeverActive)});
  for (int i = 0; i < 3 * kWindow; ++i) {
    ASSERT_EQ(chain.At(chain.Height(), 0), Bip9State::kActive);
    ASSERT_EQ(chain.At(chain.Height(), 1), Bip9State::kFailed);
    chain.Mine(1, kSignal);
  }
  EXPECT_EQ(chain.VersionToMine(), kQuiet);
}

TEST(Bip9, OnlyVersionsWithTheTopBitsSignal) {
  const Bip9Deployment deployment = Deployment(0);
  EXPECT_TRUE(consensus::Signals(kSignal, deployment));
  EXPECT_TRUE(consensus::Signals(0x3fffffff, deployment));
  EXPECT_FALSE(consensus::Signals(kQuiet, deployment));
  EXPECT_FALSE(consensus::Signals(1 << kBit, deployment));
  EXPECT_FALSE(consensus::Signals(0x40000000 | 1 << kBit, deployment));
  EXPECT_FALSE(consensus::Signals(0x60000000 | 1 << kBit, deployment));
  EXPECT_FALSE(consensus::Signals(-1, deployment));
  EXPECT_FALSE(consensus::Signals(static_cast<int32_t>(0xa0000000u) | 1 << kBit, deployment));
}

TEST(Bip9, MinersSignalWhileStartedAndLockedIn) {
  Bip9Deployment other = Deployment(MedianAt(2 * kWindow - 1));
  other.bit = 28;
  SignallingChain chain({Deployment(0), other});
  EXPECT_EQ(chain.VersionToMine(), kQuiet);
  chain.Mine(kWindow - 1);
  EXPECT_EQ(chain.VersionToMine(), kSignal);  // the first has started
  chain.Mine(kWindow, kSignal);
  EXPECT_EQ(chain.VersionToMine(), kSignal | 1 << 28);  // locked in, and the second has started
  chain.Mine(kWindow);
  EXPECT_EQ(chain.VersionToMine(), kQuiet | 1 << 28);  // the first is active
}

/// BIP9's own definition, looked up for one block from the whole chain before it: slow and plain.
Bip9State DefinedState(const ListedAncestors& headers, int height,
                       const Bip9Deployment& deployment) {
  Bip9State state = Bip9State::kDefined;
  for (int first = kWindow; first <= height; first += kWindow) {
    const int64_t median = consensus::MedianTimePastAt(headers, first - 1);
    int signals = 0;
    for (int at = first - kWindow; at < first; ++at) {
      const auto version = static_cast<uint32_t>(headers.At(at).version);
      if (version >> 29 == 1 && (version >> deployment.bit) % 2 == 1) ++signals;
    }
    if (state == Bip9State::kLockedIn && first >= deployment.min_activation_height) {
      state = Bip9State::kActive;
    } else if (state == Bip9State::kStarted && signals >= kThreshold) {
      state = Bip9State::kLockedIn;
    } else if (state == Bip9State::kStarted && median >= deployment.timeout) {
      state = Bip9State::kFailed;
    } else if (state == Bip9State::kDefined && median >= deployment.start_time) {
      state = Bip9State::kStarted;
    }
  }
  return state;
}

TEST(Bip9, AgreesWithItsDefinitionOnRandomChains) {
  std::mt19937 random(9);
  std::array<int, 5> seen{};
  for (int round = 0; round < 300; ++round) {
    const int start = static_cast<int>(random() % 60);
    const Bip9Deployment deployment =
        Deployment(MedianAt(start), MedianAt(start + static_cast<int>(random() % 80)),
                   static_cast<int>(random() % 160));
    SignallingChain chain({deployment});
    while (chain.Height() < 8 * kWindow) {
      const unsigned eagerness = 60 + random() % 40;
      for (int i = 0; i < kWindow; ++i)
        chain.Mine(1, random() % 100 < eagerness ? kSignal : kQuiet);
    }
    for (int height = 0; height <= chain.Height(); ++height) {
      const Bip9State state = chain.At(height);
      ASSERT_EQ(state, DefinedState(chain.headers(), height, deployment)) << round << " " << height;
      ++seen[static_cast<size_t>(state)];
    }
  }
  for (const int count : seen) EXPECT_GT(count, 1000);
}

Params ChainNamed(const char* name) { return genesis::BuiltInChain(name).value(); }

TEST(BuriedForks, BindFromTheirHeightOn) {
  const Params params = ChainNamed("mainnet");
  const auto binds_from = [&](int height, bool (*is_active)(int, const Params&)) {
    return !is_active(height - 1, params) && is_active(height, params);
  };
  EXPECT_TRUE(binds_from(227'931, consensus::IsBip34Active));
  EXPECT_TRUE(binds_from(363'725, consensus::IsBip66Active));
  EXPECT_TRUE(binds_from(388'381, consensus::IsBip65Active));
  EXPECT_TRUE(binds_from(419'328, consensus::IsCsvActive));
  EXPECT_TRUE(binds_from(481'824, consensus::IsSegwitActive));
}

constexpr uint32_t kAlways = ScriptFlags::kP2sh | ScriptFlags::kWitness | ScriptFlags::kTaproot;
constexpr uint32_t kByHeight = ScriptFlags::kDersig | ScriptFlags::kCheckLockTimeVerify |
                               ScriptFlags::kCheckSequenceVerify | ScriptFlags::kNullDummy;

TEST(ScriptFlagsOfBlocks, GrowWithTheHeight) {
  const Params params = ChainNamed("mainnet");
  uint32_t expected = kAlways;
  int height = 1;
  for (const auto& [fork, flag] : {std::pair{363'725, ScriptFlags::kDersig},
                                   std::pair{388'381, ScriptFlags::kCheckLockTimeVerify},
                                   std::pair{419'328, ScriptFlags::kCheckSequenceVerify},
                                   std::pair{481'824, ScriptFlags::kNullDummy}}) {
    EXPECT_EQ(consensus::ScriptFlagsAt(height, {}, params), expected);
    EXPECT_EQ(consensus::ScriptFlagsAt(fork - 1, {}, params), expected);
    expected |= flag;
    height = fork;
  }
  EXPECT_EQ(consensus::ScriptFlagsAt(height, {}, params), expected);
  EXPECT_EQ(consensus::ScriptFlagsAt(2'000'000, {}, params), kAlways | kByHeight);
}

TEST(ScriptFlagsOfBlocks, KnowTheBlocksOfHistoryThatBrokeThem) {
  const auto flags = [](const char* chain, int height, const char* hash) {
    return consensus::ScriptFlagsAt(height, BlockHash::FromText(hash).value(), ChainNamed(chain));
  };
  EXPECT_EQ(
      flags("mainnet", 170'060, "00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22"),
      ScriptFlags::kNone);
  EXPECT_EQ(
      flags("mainnet", 692'261, "0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad"),
      ScriptFlags::kP2sh | ScriptFlags::kWitness | kByHeight);
  EXPECT_EQ(
      flags("testnet3", 514, "00000000dd30457c001f4095d208cc1296b0eed002427aa599874af7a432b105"),
      ScriptFlags::kNone);
  // On another network those blocks are nothing special.
  EXPECT_EQ(
      flags("testnet3", 514, "00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22"),
      kAlways);
}

TEST(ScriptFlagsOfBlocks, AreAllInForceOnYoungNetworks) {
  for (const char* name : {"testnet4", "signet", "regtest"}) {
    EXPECT_EQ(consensus::ScriptFlagsAt(1, {}, ChainNamed(name)), kAlways | kByHeight) << name;
  }
}

TEST(Bip30Exceptions, AreTheTwoBlocksThatRepeatedCoinbases) {
  const Params params = ChainNamed("mainnet");
  const auto hash = [](const char* text) { return BlockHash::FromText(text).value(); };
  const BlockHash at_91842 =
      hash("00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec");
  const BlockHash at_91880 =
      hash("00000000000743f190a18c5577a3c2d2a1f610ae9601ac046a38084ccb7cd721");
  EXPECT_FALSE(consensus::Bip30Applies(91'842, at_91842, false, params));
  EXPECT_FALSE(consensus::Bip30Applies(91'880, at_91880, false, params));
  // Neither another block at that height nor that block at another height.
  EXPECT_TRUE(consensus::Bip30Applies(91'842, at_91880, false, params));
  EXPECT_TRUE(consensus::Bip30Applies(91'880, {}, false, params));
  EXPECT_TRUE(consensus::Bip30Applies(91'843, at_91842, false, params));
}

TEST(Bip30Exceptions, EndWhereBip34MakesCoinbasesUnique) {
  const Params params = ChainNamed("mainnet");
  EXPECT_TRUE(consensus::Bip30Applies(227'931, {}, true, params));
  EXPECT_FALSE(consensus::Bip30Applies(227'932, {}, true, params));
  EXPECT_TRUE(consensus::Bip30Applies(227'932, {}, false, params));  // another chain than ours
  // Coinbases older than BIP34 begin with a height from here on, so they could be repeated.
  EXPECT_FALSE(consensus::Bip30Applies(1'983'701, {}, true, params));
  EXPECT_TRUE(consensus::Bip30Applies(1'983'702, {}, true, params));

  // Where BIP34 holds from the first block on, it is enough by itself.
  consensus::Params always = params;
  always.heights.bip34 = 1;
  EXPECT_FALSE(consensus::Bip30Applies(1, {}, false, always));
  EXPECT_FALSE(consensus::Bip30Applies(1'983'702, {}, false, always));
  always.heights.bip34 = 2;
  EXPECT_TRUE(consensus::Bip30Applies(2, {}, false, always));
}

TEST(Subsidy, HalvesAtEveryInterval) {
  const Params params = ChainNamed("mainnet");
  for (int halvings = 0; halvings < 70; ++halvings) {
    const Amount expected = halvings < 64 ? 50 * kCoin >> halvings : 0;
    EXPECT_EQ(consensus::SubsidyAt(halvings * 210'000, params), expected);
    EXPECT_EQ(consensus::SubsidyAt(halvings * 210'000 + 209'999, params), expected);
  }
  EXPECT_EQ(consensus::SubsidyAt(INT32_MAX, params), 0);
}

TEST(Subsidy, AddsUpToTheSupply) {
  const Params params = ChainNamed("mainnet");
  Amount supply = 0;
  for (int height = 0; height < 64 * params.subsidy_interval; height += params.subsidy_interval) {
    supply += consensus::SubsidyAt(height, params) * params.subsidy_interval;
  }
  EXPECT_EQ(supply, 2'099'999'997'690'000);
  EXPECT_LT(supply, kMaxMoney);
}

TEST(Subsidy, HalvesEvery150BlocksOnRegtest) {
  const Params params = ChainNamed("regtest");
  EXPECT_EQ(consensus::SubsidyAt(149, params), 50 * kCoin);
  EXPECT_EQ(consensus::SubsidyAt(150, params), 25 * kCoin);
  EXPECT_EQ(consensus::SubsidyAt(4950, params), 0);  // 33 times: less than a satoshi is left
  EXPECT_EQ(consensus::SubsidyAt(4949, params), 1);
}

}  // namespace
}  // namespace cairn::test
