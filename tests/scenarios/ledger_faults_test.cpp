// A whole ledger whose writes fail, tear, are killed or lose the power at every step of a life with
// flushes, reorganisations, indexes, pruning and restarts: a start always finds a sound chain, all
// that was promised, and the way to the same end.
//
// By default some of the steps are tried, others each time; with CAIRN_LONG_TESTS=1, all of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/ledger_life.h"
#include "tests/support/effort.h"

namespace cairn::test {
namespace {

using Fault = FaultEnv::Fault;

enum class Manner { kFail, kTear, kPowerCut, kKill };

constexpr Story kStories[] = {
    {"FlushedByMemory", 0, 40 << 10, true, false},
    {"FlushedByBlock", 1, 64 << 20, false, true},
    {"PrunedByCommand", 0, 64 << 20, false, true, true, 0},
    {"PrunedByItself", 2, 40 << 10, false, false, true, 60 << 10},
};

class LedgerFaults : public testing::TestWithParam<std::tuple<Story, Manner>> {
 protected:
  const Story& story() const { return std::get<0>(GetParam()); }
  Manner manner() const { return std::get<1>(GetParam()); }

  void SetUp() override {
    if (!story().from_empty) used_store_ = life_.MakeUsedStore();
    seed_ = TestSeed();
  }

  void StartAnew() {
    life_.Close();
    life_.env().Restore(used_store_);
  }

  uint64_t StepsOfALife() {
    StartAnew();
    life_.env().Plan(Fault::kNone, 0);
    const Told told = life_.Live(story());
    EXPECT_EQ(told.failure, "");
    EXPECT_EQ(told.pruned_height > 0, story().prune);
    return life_.env().steps();
  }

  /// What the machine does to the files when a life has ended.
  void Strike(uint64_t round) {
    const bool power_goes =
        manner() == Manner::kPowerCut || (manner() != Manner::kKill && round % 2 == 1);
    if (power_goes) {
      life_.env().LosePower(seed_ + round);
    } else {
      life_.env().Kill();
    }
  }

  /// Sometimes the start after a crash does not come far, either.
  void CrashAgain(uint64_t round) {
    if (round % 3 != 0) return;
    life_.env().Plan(Fault::kPowerCut, (seed_ + round) % 100);
    static_cast<void>(life_.Open());
    life_.Close();
    Strike(round * 7);
  }

  void TryStep(uint64_t at, uint64_t round) {
    SCOPED_TRACE("step " + std::to_string(at) + ", round " + std::to_string(round));
    StartAnew();
    const Fault fault = manner() == Manner::kFail   ? Fault::kFail
                        : manner() == Manner::kTear ? Fault::kTear
                                                    : Fault::kPowerCut;
    life_.env().Plan(fault, at);
    const Told told = life_.Live(story());
    if (life_.env().struck()) ++(told.failure.empty() ? unnoticed_ : noticed_);
    Strike(round);
    CrashAgain(round);
    life_.ExpectSound(told);
    if (round % 4 == 0) life_.ExpectFinished();
  }

  LedgerLife life_{story().prune ? LedgerLife::kLongTrunk : LedgerLife::kShortTrunk};
  std::map<std::string, std::string> used_store_;
  uint64_t seed_ = 0;
  uint64_t noticed_ = 0;    // strikes that the ledger reported
  uint64_t unnoticed_ = 0;  // strikes at steps that nothing depended on
};

TEST_P(LedgerFaults, AtAnyStep) {
  const uint64_t steps = StepsOfALife();
  ASSERT_GT(steps, 300u);
  const uint64_t wanted = Scaled(story().prune ? 20 : 60);  // each takes longer
  const uint64_t stride = IsThorough() ? 1 : std::max<uint64_t>(1, steps / wanted);
  const uint64_t times = IsThorough() && manner() == Manner::kPowerCut ? 3 : 1;
  uint64_t rounds = 0;
  for (uint64_t at = seed_ % stride; at < steps && !HasFailure(); at += stride) {
    for (uint64_t time = 0; time < times && !HasFailure(); ++time) TryStep(at, rounds++);
  }
  std::printf("%llu of about %llu steps: %llu strikes reported, %llu of no consequence\n",
              static_cast<unsigned long long>(rounds), static_cast<unsigned long long>(steps),
              static_cast<unsigned long long>(noticed_),
              static_cast<unsigned long long>(unnoticed_));
  EXPECT_GT(noticed_, rounds / 3);
  EXPECT_LT(unnoticed_, rounds / 4 + 5);  // of a few, many may be such
}

std::string NameOf(const testing::TestParamInfo<std::tuple<Story, Manner>>& test) {
  constexpr const char* kNames[] = {"Fails", "Tears", "PowerCut", "Killed"};
  return std::string(std::get<0>(test.param).name) +
         kNames[static_cast<size_t>(std::get<1>(test.param))];
}

INSTANTIATE_TEST_SUITE_P(All, LedgerFaults,
                         testing::Combine(testing::ValuesIn(kStories),
                                          testing::Values(Manner::kFail, Manner::kTear,
                                                          Manner::kPowerCut, Manner::kKill)),
                         NameOf);

TEST(LedgerFullDisk, AtAnySize) {
  LedgerLife life;
  const Story& story = kStories[1];
  const auto used = life.MakeUsedStore();
  const auto size_of = [](const std::map<std::string, std::string>& files) {
    uint64_t size = 0;
    for (const auto& [path, content] : files) size += content.size();
    return size;
  };
  const uint64_t least = size_of(used);
  ASSERT_EQ(life.Live(story).failure, "");
  const uint64_t most = size_of(life.env().Save());
  const uint64_t rounds = IsThorough() ? 400 : Scaled(30);
  uint64_t full = 0;
  for (uint64_t round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
    const uint64_t space = least + (most - least) * round / rounds + TestSeed() % 97;
    SCOPED_TRACE(std::to_string(space) + " bytes");
    life.env().Restore(used);
    life.env().LimitSpace(space);
    const Told told = life.Live(story);
    if (!told.failure.empty()) {
      ++full;
      EXPECT_THAT(told.failure, testing::HasSubstr("the disk is full: make room"));
    }
    life.env().Kill();
    life.ExpectSound(told);
  }
  EXPECT_GT(full, rounds / 2);
}

}  // namespace
}  // namespace cairn::test
