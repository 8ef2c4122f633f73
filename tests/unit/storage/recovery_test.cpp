// What is told apart at the start: the torn end that a power cut leaves, which goes without a word
// to the user, and damage to what was promised, which is an error that names the place.
#include "src/storage/recovery.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/storage/database.h"
#include "src/storage/crc32c.h"
#include "src/storage/log_format.h"
#include "tests/support/fault_env.h"

namespace cairn::storage {
namespace {

using testing::HasSubstr;

constexpr std::string_view kFormat = "test 1";
const std::string kFolder = "/store/db";

std::string ValueOf(int number) {
  std::string value(static_cast<size_t>(700 + number), static_cast<char>('a' + number % 26));
  return value;
}

TEST(Crc32c, AsTheStandardHasIt) {
  EXPECT_EQ(Crc32c(0, {}), 0u);
  EXPECT_EQ(Crc32c(0, AsBytes("123456789")), 0xe3069283u);
  EXPECT_EQ(Crc32c(0, Bytes(32, 0)), 0x8a9136aau);  // RFC 3720, B.4
  EXPECT_EQ(Crc32c(0, Bytes(32, 0xff)), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(Crc32c(0, AsBytes("12345")), AsBytes("6789")), 0xe3069283u);
}

class RecoveryTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Database>> Open() { return Database::Open(kFolder, {}, kFormat); }

  /// Writes keys `first` to `last`, a batch each, and syncs after `synced`.
  static void Put(Database& database, int first, int last, int synced) {
    for (int i = first; i <= last; ++i) {
      Batch batch;
      batch.Put(AsBytes(std::to_string(i)), AsBytes(ValueOf(i)));
      ASSERT_TRUE(database.Write(batch, i == synced).has_value());
    }
  }

  /// A database with keys 1 to `last`, of which the first `synced` are durable; its only log.
  std::string Make(int last, int synced) {
    env_.Clear();
    {
      const auto opened = Open();
      EXPECT_TRUE(opened.has_value());
      Put(**opened, 1, synced, synced);
      // Closed in order, all would be durable: what follows must not be on record.
      synced_file_ = env_.Content(kFolder + "/SYNCED");
      Put(**opened, synced + 1, last, 0);
    }
    env_.Kill();
    env_.Change(kFolder + "/SYNCED", synced_file_);
    const auto logs = env_.Files(".log");
    EXPECT_EQ(logs.size(), 1u);
    return logs.at(0);
  }

  /// Opens and gives the number of keys, which must be 1 to that number; or the error.
  Result<int> Count() {
    const auto opened = Open();
    if (!opened) return tl::unexpected(opened.error());
    int count = 0;
    std::string value;
    while (*(*opened)->Find(AsBytes(std::to_string(count + 1)), value)) {
      EXPECT_EQ(value, ValueOf(++count));
    }
    for (int i = count + 1; i < count + 200; ++i) {
      EXPECT_FALSE(*(*opened)->Find(AsBytes(std::to_string(i)), value)) << i << " behind a gap";
    }
    return count;
  }

  void ExpectDamage(const std::string& words) {
    const auto count = Count();
    ASSERT_FALSE(count.has_value());
    EXPECT_EQ(count.error().code, ErrorCode::kCorruption);
    EXPECT_THAT(count.error().message, HasSubstr("cannot open db in " + kFolder));
    EXPECT_THAT(count.error().message, HasSubstr(words));
  }

  SyncedMarks Marks() {
    std::optional<SyncedMarks> marks;
    EXPECT_TRUE(ReadSyncedMarks(env_, kFolder, &marks).ok());
    return marks.value_or(SyncedMarks());
  }

  test::FaultEnv env_;
  std::string synced_file_;
};

TEST_F(RecoveryTest, LogsAreMeasuredToTheirLastWholeRecord) {
  const std::string log = Make(150, 100);  // four blocks of the log's format
  const std::string whole = env_.Content(log);
  LogExtent extent;
  std::vector<size_t> ends;
  size_t read = 0;
  ASSERT_TRUE(
      MeasureLog(
          env_, log, [&](ByteSpan record) { ends.push_back(read += record.size()); }, &extent)
          .ok());
  EXPECT_EQ(ends.size(), 151u);  // and the record of the format
  EXPECT_TRUE(extent.IsClean());
  EXPECT_EQ(extent.size, whole.size());
  uint64_t last = 0;
  for (size_t size = 0; size <= whole.size(); size += 41) {
    env_.Change(log, whole.substr(0, size));
    ASSERT_TRUE(MeasureLog(
                    env_, log, [](ByteSpan) {}, &extent)
                    .ok());
    EXPECT_EQ(extent.size, size);
    EXPECT_LE(extent.whole, size);
    EXPECT_GE(extent.whole, last);
    EXPECT_LE(size - extent.whole, 1000u);  // no more than a record is lost
    last = extent.whole;
  }
}

TEST_F(RecoveryTest, TheMarksAreWhatWasSynced) {
  const std::string log = Make(150, 100);
  const SyncedMarks marks = Marks();
  EXPECT_EQ(kFolder + "/00000" + std::to_string(marks.logs.newest.number) + ".log", log);
  EXPECT_GT(marks.logs.newest.bytes, 70'000u);
  EXPECT_LT(marks.logs.newest.bytes, env_.Content(log).size());
  const std::string manifest = env_.Files("MANIFEST").at(0);
  EXPECT_EQ(marks.manifests.newest.bytes, env_.Content(manifest).size());
}

TEST_F(RecoveryTest, AnyEndOfALogIsSoundAsLongAsWhatWasSyncedIsThere) {
  const std::string log = Make(150, 100);
  const auto made = env_.Save();
  const std::string whole = env_.Content(log);
  const uint64_t synced = Marks().logs.newest.bytes;
  std::mt19937_64 random(1);
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    const size_t cut = synced + random() % (whole.size() - synced);
    SCOPED_TRACE("cut at " + std::to_string(cut) + " in round " + std::to_string(round));
    std::string torn = whole.substr(0, cut);
    switch (round % 5) {
      case 1: torn.resize(whole.size(), '\0'); break;
      case 2:
        while (torn.size() < whole.size()) torn.push_back(static_cast<char>(random()));
        break;
      case 3:  // a hole, with good records behind it
        torn.resize(std::min(whole.size(), cut + 600), '\0');
        torn += whole.substr(torn.size());
        break;
      case 4:
        torn = whole;
        torn[cut] = static_cast<char>(torn[cut] ^ 1 << random() % 8);
        break;
    }
    env_.Restore(made);
    env_.Change(log, torn);
    const auto count = Count();
    ASSERT_TRUE(count.has_value()) << count.error().message;
    EXPECT_GE(*count, 100);
    EXPECT_LE(*count, 150);
    EXPECT_EQ(Count(), *count);  // and for good
  }
}

TEST_F(RecoveryTest, DamageToWhatWasSyncedIsAnError) {
  const std::string log = Make(150, 100);
  const auto made = env_.Save();
  const std::string whole = env_.Content(log);
  const uint64_t synced = Marks().logs.newest.bytes;
  std::mt19937_64 random(2);
  for (int round = 0; round < 200 && !HasFailure(); ++round) {
    const size_t at = random() % synced;
    SCOPED_TRACE("at " + std::to_string(at) + " in round " + std::to_string(round));
    std::string damaged = whole;
    switch (round % 3) {
      case 0: damaged[at] = static_cast<char>(damaged[at] ^ 1 << random() % 8); break;
      case 1: damaged.resize(at); break;
      default: std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(at), 100, '\0');
    }
    env_.Restore(made);
    env_.Change(log, damaged);
    ExpectDamage("bytes of it were made durable");
    ExpectDamage(log + ": damaged at byte ");  // again: nothing was mended away
  }
}

TEST_F(RecoveryTest, ALogBehindAGapIsNotReplayed) {
  const std::string log = Make(150, 100);
  const uint64_t synced = Marks().logs.newest.bytes;
  const std::string whole = env_.Content(log);
  const auto made = env_.Save();
  // A later log, whose records would be good by themselves.
  const uint64_t number = Marks().logs.newest.number + 1;
  const std::string later = kFolder + "/00000" + std::to_string(number) + ".log";
  for (const size_t kept : {size_t{synced}, size_t{synced} + 300, whole.size() - 1}) {
    env_.Restore(made);
    env_.Change(log, whole.substr(0, kept) + "x");
    env_.Change(later, whole);
    const auto count = Count();
    ASSERT_TRUE(count.has_value()) << count.error().message;
    EXPECT_GE(*count, 100);
    EXPECT_LT(*count, 150);
  }
}

TEST_F(RecoveryTest, AMissingLogIsAnError) {
  const std::string log = Make(150, 100);
  ASSERT_TRUE(env_.RemoveFile(log).ok());
  ExpectDamage(log + ": missing");
}

TEST_F(RecoveryTest, AMissingPointerToTheManifestIsAnError) {
  Make(150, 100);
  ASSERT_TRUE(env_.RemoveFile(kFolder + "/CURRENT").ok());
  ExpectDamage("/CURRENT: missing");
}

TEST_F(RecoveryTest, ADamagedManifestIsAnErrorAndATornOneIsNot) {
  Make(150, 100);
  ASSERT_EQ(Count(), 150);
  const std::string manifest = env_.Files("MANIFEST").at(0);
  const std::string whole = env_.Content(manifest);
  const auto made = env_.Save();
  for (size_t at = 0; at < whole.size(); ++at) {
    env_.Restore(made);
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    env_.Change(manifest, damaged);
    ExpectDamage(manifest + ": damaged at byte ");
  }
  for (const std::string& end : {std::string(1, '\0'), std::string(5000, '\0'), whole.substr(1),
                                 whole.substr(0, whole.size() / 2), std::string("garbage")}) {
    env_.Restore(made);
    env_.Change(manifest, whole + end);
    EXPECT_EQ(Count(), 150);
  }
}

TEST_F(RecoveryTest, WithoutItsMarksLevelDbDecides) {
  const std::string log = Make(150, 100);
  const auto made = env_.Save();
  ASSERT_TRUE(env_.RemoveFile(kFolder + "/SYNCED").ok());
  EXPECT_EQ(Count(), 150);
  EXPECT_EQ(Count(), 150);
  EXPECT_GT(Marks().manifests.newest.bytes, 0u);  // on record again

  env_.Restore(made);
  env_.Change(kFolder + "/SYNCED", std::string(500, 'x'));
  EXPECT_EQ(Count(), 150);

  env_.Restore(made);
  ASSERT_TRUE(env_.RemoveFile(kFolder + "/SYNCED").ok());
  std::string damaged = env_.Content(log);
  damaged[3000] = static_cast<char>(damaged[3000] ^ 1);
  env_.Change(log, damaged);
  for (int i = 0; i < 2; ++i) {
    const auto count = Count();
    ASSERT_FALSE(count.has_value());
    EXPECT_EQ(count.error().code, ErrorCode::kCorruption);
  }
}

TEST_F(RecoveryTest, ADamagedMarkLeavesTheOneBefore) {
  Make(150, 100);
  const std::string synced = kFolder + "/SYNCED";
  const auto made = env_.Save();
  const std::string whole = env_.Content(synced);
  ASSERT_GE(whole.size(), 2 * kSyncedRecordSize);
  for (size_t at = 0; at < whole.size(); at += 7) {
    env_.Restore(made);
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    env_.Change(synced, damaged);
    EXPECT_EQ(Count(), 150);
  }
  for (const std::string& end : {std::string(200, '\0'), std::string("torn")}) {
    env_.Restore(made);
    env_.Change(synced, whole + end);
    EXPECT_GT(Marks().logs.newest.bytes, 0u);
    EXPECT_EQ(Count(), 150);
  }
}

TEST_F(RecoveryTest, TheFileOfMarksStaysSmall) {
  const auto opened = Open();
  ASSERT_TRUE(opened.has_value());
  size_t most = 0;
  for (int i = 1; i <= 2000; ++i) {
    Put(**opened, i, i, i);
    most = std::max(most, env_.Content(kFolder + "/SYNCED").size());
  }
  EXPECT_LE(most, 64u << 10);
  EXPECT_GT(most, 60u << 10);
}

TEST_F(RecoveryTest, AForeignManifestIsRefused) {
  Make(10, 10);
  env_.Change(kFolder + "/CURRENT", "MANIFEST-000099\n");
  ExpectDamage("/CURRENT: names no manifest that was made durable");
  for (const char* content : {"", "\n", "MANIFEST-", "MANIFEST-\n", "MANIFEST-000002", "x"}) {
    env_.Change(kFolder + "/CURRENT", content);
    ExpectDamage("/CURRENT: names no manifest");
  }
}

// One bit of CURRENT away there may be a manifest that was durable until its successor came.
TEST_F(RecoveryTest, AManifestThatIsGoneIsDamage) {
  Make(10, 10);
  const std::string current = env_.Content(kFolder + "/CURRENT");
  const std::string manifest = current.substr(0, current.size() - 1);
  ASSERT_TRUE(env_.RemoveFile(kFolder + "/" + manifest).ok());
  ExpectDamage("/CURRENT: names " + manifest + ", which is missing");
}

}  // namespace
}  // namespace cairn::storage
