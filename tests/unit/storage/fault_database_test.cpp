// A database on files that fail, tear and lose power at every single step of a run: what was
// promised is there, what is there is a state that once was, and it goes on from there.
#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/storage/database.h"
#include "tests/support/effort.h"
#include "tests/support/fault_env.h"

namespace cairn::storage {
namespace {

using Fault = test::FaultEnv::Fault;

constexpr std::string_view kFormat = "test 1";
const std::string kFolder = "/store/db";
constexpr uint64_t kBatches = 60;

using State = std::map<std::string, std::string>;

/// The batch with this number, which also writes its number. Values are large enough for LevelDB to
/// fill its buffer several times over in a run.
Batch BatchOf(uint64_t number, State* state) {
  std::mt19937_64 random(number);
  Batch batch;
  const auto put = [&](const std::string& key, const std::string& value) {
    batch.Put(AsBytes(key), AsBytes(value));
    if (state != nullptr) (*state)[key] = value;
  };
  put("number", std::to_string(number));
  for (int i = 0; i < 4; ++i) {
    const std::string key = "key " + std::to_string(random() % 40);
    if (random() % 4 == 0) {
      batch.Delete(AsBytes(key));
      if (state != nullptr) state->erase(key);
      continue;
    }
    std::string value(random() % 3000, '\0');
    for (char& byte : value) byte = static_cast<char>(random());
    put(key, value);
  }
  return batch;
}

/// The state after so many batches.
const State& StateAfter(uint64_t batches) {
  static const std::vector<State> states = [] {
    std::vector<State> all(1);
    for (uint64_t number = 1; number <= 2 * kBatches; ++number) {
      State next = all.back();
      BatchOf(number, &next);
      all.push_back(std::move(next));
    }
    return all;
  }();
  return states.at(batches);
}

struct Progress {
  uint64_t synced = 0;  // batches that were promised to be durable
  uint64_t begun = 0;   // batches that were handed over, whatever came of them
};

Result<std::unique_ptr<Database>> Open() {
  DatabaseOptions options;
  options.write_buffer_bytes = 64 << 10;
  options.bloom_filter = true;
  return Database::Open(kFolder, options, kFormat);
}

/// Writes batches from behind `from` up to `to`, every fourth synced, with compactions between,
/// until something fails.
Progress Work(uint64_t from, uint64_t to) {
  Progress progress{from, from};
  const auto opened = Open();
  if (!opened) return progress;
  Database& database = **opened;
  for (uint64_t number = from + 1; number <= to; ++number) {
    Batch batch = BatchOf(number, nullptr);
    const bool sync = number % 4 == 0;
    progress.begun = number;
    if (!database.Write(batch, sync)) return progress;
    if (sync) progress.synced = number;
    if (number % 25 == 0 && !database.CompactRange(AsBytes("a"), AsBytes("z"))) return progress;
    if (number % 17 == 0) {
      if (!database.Sync()) return progress;
      progress.synced = number;
    }
  }
  return progress;
}

/// The number of batches in the database, which must be in exactly the state after them.
std::optional<uint64_t> Check(const Database& database) {
  State state;
  const Status scanned = database.Scan({}, AsBytes("k"), [&](ByteSpan key, ByteSpan value) {
    state[std::string(AsText(key))] = AsText(value);
    return true;
  });
  EXPECT_TRUE(scanned.has_value());
  const uint64_t number = state.contains("number") ? std::stoull(state["number"]) : 0;
  EXPECT_TRUE(state == StateAfter(number)) << "not the state after batch " << number;
  if (testing::Test::HasFailure()) return std::nullopt;
  return number;
}

/// Opens what is left and checks it, then goes on with it.
void ExpectSound(const Progress& progress) {
  uint64_t number = 0;
  {
    const auto opened = Open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    const auto found = Check(**opened);
    ASSERT_TRUE(found.has_value());
    number = *found;
    ASSERT_GE(number, progress.synced);
    ASSERT_LE(number, progress.begun);
  }
  const Progress more = Work(number, number + 4);
  ASSERT_EQ(more.begun, number + 4);
  const auto opened = Open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  ASSERT_EQ(Check(**opened), number + 4);
}

class FaultyDatabase : public testing::Test {
 protected:
  uint64_t StepsOfARun() {
    EXPECT_EQ(Work(0, kBatches).begun, kBatches);
    return env_.steps();
  }

  /// Runs with the fault at each step, then ends the process or cuts the power, and looks at what
  /// is left.
  void EveryStepInTurn(Fault fault) {
    const uint64_t steps = StepsOfARun();
    for (uint64_t at = 0; at < steps && !HasFatalFailure(); at += test::Stride()) {
      SCOPED_TRACE("step " + std::to_string(at));
      env_.Clear();
      env_.Plan(fault, at);
      const Progress progress = Work(0, kBatches);
      if (at % 2 == 0) {
        env_.Kill();
      } else {
        env_.LosePower(at);
      }
      ExpectSound(progress);
    }
  }

  test::FaultEnv env_;
};

TEST_F(FaultyDatabase, ARunWithoutFaultsIsSoundOnFilesInMemory) {
  const uint64_t steps = StepsOfARun();
  EXPECT_GT(steps, 300u);
  ExpectSound({kBatches, kBatches});
}

TEST_F(FaultyDatabase, EveryStepFailsInTurn) { EveryStepInTurn(Fault::kFail); }

TEST_F(FaultyDatabase, EveryStepIsTornInTurn) { EveryStepInTurn(Fault::kTear); }

TEST_F(FaultyDatabase, ThePowerIsCutAtEveryStep) {
  const uint64_t steps = StepsOfARun();
  for (uint64_t at = 0; at < steps && !HasFatalFailure(); at += test::Stride()) {
    for (uint64_t seed = 0; seed < 2 && !HasFatalFailure(); ++seed) {
      SCOPED_TRACE("step " + std::to_string(at) + " seed " + std::to_string(seed));
      env_.Clear();
      env_.Plan(Fault::kPowerCut, at);
      const Progress progress = Work(0, kBatches);
      env_.LosePower(at * 100 + seed);
      ExpectSound(progress);
    }
  }
}

TEST_F(FaultyDatabase, ThePowerIsCutAgainWhileItComesBack) {
  std::mt19937_64 random(1);
  const uint64_t steps = StepsOfARun();
  for (uint64_t round = 0; round < test::Scaled(400) && !HasFatalFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    env_.Clear();
    env_.Plan(Fault::kPowerCut, random() % steps);
    Progress progress = Work(0, kBatches);
    for (int again = 0; again < 3; ++again) {
      env_.LosePower(random());
      env_.Plan(Fault::kPowerCut, random() % 24);  // opening alone takes some 30 steps
      if (const auto opened = Open(); opened) Check(**opened);
    }
    env_.LosePower(random());
    ExpectSound(progress);
  }
}

TEST_F(FaultyDatabase, AfterAFailureNothingIsWrittenAnyMore) {
  const auto opened = Open();
  ASSERT_TRUE(opened.has_value());
  env_.PlanFor(".log", Fault::kTear, 4);
  uint64_t number = 1;
  for (; !env_.struck(); ++number) {
    Batch batch = BatchOf(number, nullptr);
    if (!(*opened)->Write(batch, false)) break;
  }
  ASSERT_TRUE(env_.struck());
  for (int i = 0; i < 3; ++i) {  // the disk is well again, the database is not
    Batch batch = BatchOf(number, nullptr);
    const Status written = (*opened)->Write(batch, i == 1);
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().code, ErrorCode::kIo);
    EXPECT_THAT(written.error().message, testing::HasSubstr("cannot write to db: IO error"));
    EXPECT_THAT(written.error().message, testing::HasSubstr("injected fault"));
  }
  EXPECT_FALSE((*opened)->Sync().has_value());
  EXPECT_FALSE((*opened)->CompactRange(AsBytes("a"), AsBytes("z")).has_value());
  EXPECT_FALSE((*opened)->FlushMemory().has_value());
  EXPECT_EQ(Check(**opened), number - 1);  // reading goes on
}

TEST_F(FaultyDatabase, AFullDiskIsNamed) {
  Progress progress;
  {
    const auto opened = Open();
    ASSERT_TRUE(opened.has_value());
    env_.LimitSpace(100'000);
    Status written;
    while (written) {
      Batch batch = BatchOf(++progress.begun, nullptr);
      written = (*opened)->Write(batch, true);
      if (written) progress.synced = progress.begun;
    }
    EXPECT_THAT(written.error().message, testing::HasSubstr("cannot write to db"));
    EXPECT_THAT(written.error().message, testing::HasSubstr("No space left on device"));
    EXPECT_THAT(written.error().message, testing::HasSubstr("the disk is full: make room"));
    EXPECT_GT(progress.synced, 0u);
  }
  // Nor does it come back without room, or lose anything by trying.
  const auto still_full = Open();
  if (!still_full) {
    EXPECT_THAT(still_full.error().message, testing::HasSubstr("the disk is full: make room"));
  }
  env_.LimitSpace(UINT64_MAX);
}

TEST_F(FaultyDatabase, AFullDiskLosesNothing) {
  for (uint64_t space = 1000; space < 300'000 && !HasFatalFailure(); space += 7919) {
    SCOPED_TRACE(space);
    env_.Clear();
    env_.LimitSpace(space);
    const Progress progress = Work(0, kBatches);
    env_.Kill();
    ExpectSound(progress);
  }
}

}  // namespace
}  // namespace cairn::storage
