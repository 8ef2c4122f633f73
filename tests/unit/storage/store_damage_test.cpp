// Flipped bits anywhere in the stores of blocks and coins: every answer is right or an error that
// names the way out.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fault_env.h"
#include "tests/unit/storage/store_run.h"

namespace cairn::storage {
namespace {

using test_run::Rows;

const std::string kFolder = "/node";
constexpr uint64_t kFlushes = 11;  // the last does not prune: all logs end in something durable

class StoreDamage : public testing::Test {
 protected:
  /// With `in_tables`, everything lies in tables; else the last flushes are in logs.
  void Make(bool in_tables) {
    env_.Clear();
    ASSERT_EQ(test_run::Work(kFolder, 0, kFlushes).durable, kFlushes);
    if (in_tables) {
      ASSERT_TRUE(test_run::OpenStores(kFolder).has_value());
    }
    made_ = env_.Save();
  }

  /// Opens and reads everything; wrong answers fail the test. The error, if there is one.
  static std::optional<Error> ReadAll() {
    Rows rows;
    auto stores = test_run::OpenStores(kFolder);
    if (!stores) return stores.error();
    const auto flush = test_run::CheckStores(*stores, rows);
    if (!flush) return flush.error();
    EXPECT_EQ(*flush, kFlushes);
    EXPECT_EQ(rows.size(), kFlushes * test_run::kBlocksPerFlush);
    return std::nullopt;
  }

  /// Flips bits of the files whose path has `part`; the number of errors.
  int Flip(const std::string& part, int rounds) {
    std::vector<std::string> files;
    for (const auto& [path, content] : made_) {
      if (path.find(part) != std::string::npos && !content.empty()) files.push_back(path);
    }
    EXPECT_FALSE(files.empty());
    int errors = 0;
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
      const std::string& path = files[random_() % files.size()];
      std::string content = made_.at(path);
      const size_t place = random_() % content.size();
      content[place] = static_cast<char>(content[place] ^ 1 << random_() % 8);
      SCOPED_TRACE("byte " + std::to_string(place) + " of " + path);
      env_.Restore(made_);
      env_.Change(path, content);
      const auto error = ReadAll();
      if (!error) continue;
      ++errors;
      EXPECT_EQ(error->code, ErrorCode::kCorruption) << error->message;
      EXPECT_THAT(error->message, testing::AnyOf(testing::HasSubstr("blocks/bodies"),
                                                 testing::HasSubstr("blocks/index"),
                                                 testing::HasSubstr("chainstate")));
      EXPECT_THAT(error->message, testing::AnyOf(testing::HasSubstr("start with -reindex"),
                                                 testing::HasSubstr("remove the folders"),
                                                 testing::HasSubstr("has the format")));
    }
    return errors;
  }

  test::FaultEnv env_;
  std::map<std::string, std::string> made_;
  std::mt19937_64 random_{1};
};

TEST_F(StoreDamage, WithoutDamageAllIsRead) {
  for (const bool in_tables : {false, true}) {
    Make(in_tables);
    EXPECT_FALSE(ReadAll().has_value());
  }
}

TEST_F(StoreDamage, FlippedBitsInTables) {
  Make(true);
  EXPECT_GT(Flip(".ldb", 300), 200);
}

TEST_F(StoreDamage, FlippedBitsInLogsAreAllFound) {
  Make(false);
  EXPECT_GT(Flip(".log", 200), 198);  // but in the filling at the end of a block
}

TEST_F(StoreDamage, FlippedBitsInManifestsAreAllFound) {
  Make(true);
  EXPECT_EQ(Flip("MANIFEST", 100), 100);
  EXPECT_EQ(Flip("CURRENT", 50), 50);
}

TEST_F(StoreDamage, FlippedBitsInTheMarksAreHarmless) {
  for (const bool in_tables : {false, true}) {
    Make(in_tables);
    EXPECT_EQ(Flip("SYNCED", 60), 0);
  }
}

TEST_F(StoreDamage, AnywhereAtAll) {
  for (const bool in_tables : {false, true}) {
    Make(in_tables);
    EXPECT_GT(Flip("", 150), 50);
  }
}

/// Damage that LevelDB's checksums do not see, because they were made over it.
TEST_F(StoreDamage, OurOwnChecksumsSeeWhatIsBeneathLevelDbs) {
  Make(false);
  Rows rows;
  {
    auto stores = test_run::OpenStores(kFolder);
    ASSERT_EQ(test_run::CheckStores(*stores, rows), kFlushes);
  }
  const HeaderRow row = rows.rbegin()->second;
  for (const uint64_t sequence : {row.body_sequence, row.undo_sequence}) {
    Bytes key{'s'};
    for (int shift = 56; shift >= 0; shift -= 8) {
      key.push_back(static_cast<uint8_t>(sequence >> shift));
    }
    const auto open = [] { return Database::Open(kFolder + "/blocks/bodies", {}, kBodiesFormat); };
    const Bytes whole = **(*open())->Get(key);
    for (int round = 0; round < 40; ++round) {
      Bytes damaged = whole;
      damaged[random_() % damaged.size()] ^= static_cast<uint8_t>(1u << random_() % 8);
      if (round == 0) damaged.pop_back();
      if (round == 1) damaged.resize(3);
      if (round == 2) damaged.clear();
      {
        Batch batch;
        batch.Put(key, damaged);
        ASSERT_TRUE((*open())->Write(batch, true).has_value());
      }
      const auto error = ReadAll();
      ASSERT_TRUE(error.has_value());
      EXPECT_THAT(error->message,
                  testing::HasSubstr("blocks/bodies record " + std::to_string(sequence)));
    }
    Batch mended;
    mended.Put(key, whole);
    ASSERT_TRUE((*open())->Write(mended, true).has_value());
  }
}

}  // namespace
}  // namespace cairn::storage
