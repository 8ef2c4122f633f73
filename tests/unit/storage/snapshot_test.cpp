// Snapshots, runs of keys, and the room that deleting frees.
#include <atomic>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/storage/database.h"
#include "tests/support/temp_dir.h"

namespace cairn::storage {
namespace {

using test::TempDir;

constexpr std::string_view kFormat = "test 1";

std::unique_ptr<Database> Open(const std::filesystem::path& folder) {
  auto opened = Database::Open(folder, {}, kFormat);
  EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
  return opened ? *std::move(opened) : nullptr;
}

std::string KeyOf(int i) { return "key " + std::to_string(100'000 + i); }

void Put(Database& database, std::string_view key, std::string_view value) {
  Batch batch;
  batch.Put(AsBytes(key), AsBytes(value));
  ASSERT_TRUE(database.Write(batch, false).has_value());
}

/// Incompressible, so that files are as large as what is in them.
std::string Noise(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::string noise(size, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  return noise;
}

uint64_t SizeOnDisk(const std::filesystem::path& folder) {
  uint64_t total = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) total += file.file_size();
  return total;
}

TEST(Snapshot, SeesNothingOfWhatComesLater) {
  const TempDir folder;
  const auto database = Open(folder / "db");
  Put(*database, "a", "old");
  Put(*database, "b", "old");
  const auto snapshot = database->TakeSnapshot();
  Put(*database, "a", "new");
  Put(*database, "c", "new");
  ASSERT_TRUE(database->DeleteRange(AsBytes("b"), AsBytes("b"), true).has_value());
  ASSERT_TRUE(database->CompactRange(AsBytes("a"), AsBytes("z")).has_value());

  EXPECT_EQ(AsText(**snapshot->Get(AsBytes("a"))), "old");
  EXPECT_FALSE(snapshot->Get(AsBytes("c"))->has_value());
  std::string value;
  EXPECT_TRUE(*snapshot->Find(AsBytes("b"), value));
  EXPECT_EQ(value, "old");
  EXPECT_FALSE(*database->Find(AsBytes("b"), value));
  EXPECT_TRUE(*database->Find(AsBytes("a"), value));
  EXPECT_EQ(value, "new");

  std::string seen;
  ASSERT_TRUE(snapshot
                  ->Scan(AsBytes(""), AsBytes("a"),
                         [&](ByteSpan key, ByteSpan at) {
                           seen += std::string(AsText(key)) + "=" + std::string(AsText(at)) + " ";
                           return true;
                         })
                  .has_value());
  EXPECT_EQ(seen, "a=old b=old ");
}

TEST(Snapshot, StaysWholeWhileOthersWrite) {
  const TempDir folder;
  const auto database = Open(folder / "db");
  constexpr int kKeys = 2000;
  Batch batch;
  for (int i = 0; i < kKeys; ++i) batch.Put(AsBytes(KeyOf(i)), AsBytes("0"));
  ASSERT_TRUE(database->Write(batch, true).has_value());
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int round = 1; !done; ++round) {
      Batch next;
      const std::string value = std::to_string(round);
      for (int i = 0; i < kKeys; ++i) next.Put(AsBytes(KeyOf(i)), AsBytes(value));
      EXPECT_TRUE(database->Write(next, false).has_value());
    }
  });
  for (int round = 0; round < 20; ++round) {
    const auto snapshot = database->TakeSnapshot();
    std::string all;
    int count = 0;
    const Status scanned = snapshot->Scan({}, AsBytes("key"), [&](ByteSpan, ByteSpan value) {
      if (count++ == 0) all = AsText(value);
      EXPECT_EQ(AsText(value), all);
      return !testing::Test::HasFailure();
    });
    EXPECT_TRUE(scanned.has_value());
    EXPECT_EQ(count, kKeys);
  }
  done = true;
  writer.join();
}

TEST(Snapshot, AScanGoesOnWhereItWasInterrupted) {
  const TempDir folder;
  const auto database = Open(folder / "db");
  for (int i = 0; i < 50; ++i) Put(*database, KeyOf(i), "v");
  const auto snapshot = database->TakeSnapshot();
  std::vector<std::string> seen;
  Bytes next;
  for (bool more = true; more;) {
    more = false;
    int count = 0;
    ASSERT_TRUE(snapshot
                    ->Scan(AsBytes("key"), next.empty() ? AsBytes("key") : ByteSpan(next),
                           [&](ByteSpan key, ByteSpan) {
                             more = count++ == 7;
                             if (more) {
                               next.assign(key.begin(), key.end());
                             } else {
                               seen.emplace_back(AsText(key));
                             }
                             return !more;
                           })
                    .has_value());
  }
  ASSERT_EQ(seen.size(), 50u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(seen[static_cast<size_t>(i)], KeyOf(i));
}

TEST(Database, DeletesARangeAndNothingElse) {
  const TempDir folder;
  const auto database = Open(folder / "db");
  Batch batch;
  for (int i = 0; i < 90'000; ++i) batch.Put(AsBytes(KeyOf(i)), AsBytes("v"));  // several batches
  ASSERT_TRUE(database->Write(batch, false).has_value());
  ASSERT_TRUE(database->DeleteRange(AsBytes(KeyOf(10)), AsBytes(KeyOf(89'990)), true).has_value());
  std::string value;
  for (const int i : {0, 9, 89'991, 89'999}) EXPECT_TRUE(*database->Find(AsBytes(KeyOf(i)), value));
  for (const int i : {10, 11, 45'000, 89'989, 89'990}) {
    EXPECT_FALSE(*database->Find(AsBytes(KeyOf(i)), value));
  }
  ASSERT_TRUE(database->DeleteRange(AsBytes("a"), AsBytes("b"), false).has_value());  // nothing
  int left = 0;
  ASSERT_TRUE(
      database->Scan(AsBytes("key"), AsBytes("key"), [&](ByteSpan, ByteSpan) { return ++left > 0; })
          .has_value());
  EXPECT_EQ(left, 19);
}

TEST(Database, CompactingFreesWhatWasDeleted) {
  const TempDir folder;
  const auto database = Open(folder / "db");
  const std::string noise = Noise(100'000, 1);
  for (int i = 0; i < 300; ++i) Put(*database, KeyOf(i), noise);
  ASSERT_TRUE(database->FlushMemory().has_value());
  const uint64_t full = database->DiskBytes();
  EXPECT_GT(full, 30'000'000u);
  ASSERT_TRUE(database->DeleteRange(AsBytes(KeyOf(50)), AsBytes(KeyOf(249)), false).has_value());
  ASSERT_TRUE(database->CompactRange(AsBytes(KeyOf(50)), AsBytes(KeyOf(249))).has_value());
  EXPECT_LT(database->DiskBytes(), full / 2);
  std::string value;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(*database->Find(AsBytes(KeyOf(i)), value), i < 50 || i >= 250) << i;
  }
}

TEST(Database, ItsCountOfBytesIsWhatTheDiskHolds) {
  const TempDir folder;
  for (int round = 0; round < 3; ++round) {
    const auto database = Open(folder / "db");
    EXPECT_EQ(database->DiskBytes(), SizeOnDisk(folder / "db"));
    const std::string noise = Noise(100'000, static_cast<uint32_t>(round));
    for (int i = 0; i < 100; ++i) Put(*database, KeyOf(i + 50 * round), noise);
    ASSERT_TRUE(database->CompactRange(AsBytes(KeyOf(0)), AsBytes(KeyOf(1000))).has_value());
    ASSERT_TRUE(database->Sync().has_value());
    EXPECT_EQ(database->DiskBytes(), SizeOnDisk(folder / "db"));
  }
}

TEST(Database, DestroyingLeavesNothing) {
  const TempDir folder;
  Put(*Open(folder / "db"), "k", "v");
  ASSERT_TRUE(Database::Destroy(folder / "db").has_value());
  EXPECT_FALSE(std::filesystem::exists(folder / "db"));
  EXPECT_TRUE(Database::Destroy(folder / "db").has_value());  // fine if there is none
  EXPECT_FALSE(Open(folder / "db")->Get(AsBytes("k"))->has_value());
}

}  // namespace
}  // namespace cairn::storage
