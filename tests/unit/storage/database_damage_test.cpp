// A database whose files have been damaged: every answer is right or an error, never wrong.
#include <fstream>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "cairn/storage/database.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vectors.h"

namespace cairn::storage {
namespace {

namespace fs = std::filesystem;
using test::ReadBinary;
using test::TempDir;

constexpr std::string_view kFormat = "test 1";
constexpr int kKeys = 400;

std::string KeyOf(int i) { return "key " + std::to_string(1000 + i); }
std::string ValueOf(int i) { return std::string(50 + i % 100, static_cast<char>('a' + i % 26)); }

DatabaseOptions SmallTables() {
  DatabaseOptions options;
  options.write_buffer_bytes = 64 << 10;
  options.bloom_filter = true;
  return options;
}

/// Fills a database so that its content lies in tables: LevelDB moves its log there on reopening.
void Fill(const fs::path& folder) {
  {
    const auto database = Database::Open(folder, SmallTables(), kFormat);
    ASSERT_TRUE(database.has_value());
    Batch batch;
    for (int i = 0; i < kKeys; ++i) batch.Put(AsBytes(KeyOf(i)), AsBytes(ValueOf(i)));
    ASSERT_TRUE((*database)->Write(batch, true).has_value());
  }
  ASSERT_TRUE(Database::Open(folder, SmallTables(), kFormat).has_value());
}

/// The files whose name contains `part`.
std::vector<fs::path> FilesWith(const fs::path& folder, const std::string& part) {
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().filename().string().find(part) != std::string::npos) {
      files.push_back(file.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void Write(const fs::path& file, const Bytes& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
}

enum class Found { kAll, kError };

/// Opens and reads everything, by key and by scan. A wrong or a missing value fails the test.
Found ReadAll(const fs::path& folder) {
  const auto database = Database::Open(folder, SmallTables(), kFormat);
  if (!database) return Found::kError;
  Found result = Found::kAll;
  for (int i = 0; i < kKeys; ++i) {
    const auto found = (*database)->Get(AsBytes(KeyOf(i)));
    if (!found) {
      result = Found::kError;
    } else if (!*found || AsText(**found) != ValueOf(i)) {
      ADD_FAILURE() << KeyOf(i) << (*found ? " has a wrong value" : " is gone");
    }
  }
  // A scan may step over what it cannot read, if it says so at its end.
  int visited = 0;
  const Status scanned =
      (*database)->Scan(AsBytes("key "), AsBytes("key "), [&](ByteSpan key, ByteSpan value) {
        const int i = std::stoi(std::string(AsText(key.subspan(4)))) - 1000;
        EXPECT_EQ(AsText(key), KeyOf(i));
        EXPECT_EQ(AsText(value), ValueOf(i));
        ++visited;
        return true;
      });
  if (!scanned) return Found::kError;
  EXPECT_EQ(visited, kKeys);
  return result;
}

/// Flips one bit of the files whose name contains `part`, over and over, and reads everything each
/// time. The number of times that an error was reported.
int ErrorsOfFlippedBits(const std::string& part, int rounds) {
  const TempDir folder;
  Fill(folder / "db");
  const auto files = FilesWith(folder / "db", part);
  EXPECT_FALSE(files.empty());
  std::mt19937 random(1);
  int errors = 0;
  for (int i = 0; i < rounds && !testing::Test::HasFailure(); ++i) {
    const TempDir damaged;
    fs::copy(folder / "db", damaged / "db", fs::copy_options::recursive);
    const fs::path file = damaged / "db" / files[random() % files.size()].filename().string();
    Bytes bytes = ReadBinary(file);
    const size_t place = random() % bytes.size();
    bytes[place] ^= static_cast<uint8_t>(1u << random() % 8);
    Write(file, bytes);
    SCOPED_TRACE("byte " + std::to_string(place) + " of " + file.filename().string());
    if (ReadAll(damaged / "db") == Found::kError) ++errors;
  }
  return errors;
}

TEST(DatabaseDamage, AFlippedBitInATableIsAnErrorOrHarmless) {
  EXPECT_GT(ErrorsOfFlippedBits(".ldb", 120), 60);  // most bytes of a table matter
}

TEST(DatabaseDamage, AFlippedBitInAFooterIsAnErrorOrHarmless) {
  // No checksum covers it, and it names sizes that LevelDB allocates as they are.
  const TempDir folder;
  Fill(folder / "db");
  const fs::path table = FilesWith(folder / "db", ".ldb").at(0);
  const Bytes whole = ReadBinary(table);
  int errors = 0;
  constexpr size_t kFooter = 48;
  for (size_t bit = 0; bit < kFooter * 8; ++bit) {
    Bytes damaged = whole;
    damaged[whole.size() - kFooter + bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    Write(table, damaged);
    SCOPED_TRACE("bit " + std::to_string(bit));
    if (ReadAll(folder / "db") == Found::kError) ++errors;
  }
  EXPECT_GT(errors, 100);
}

TEST(DatabaseDamage, AFlippedBitInTheListOfTablesIsAnError) {
  EXPECT_GT(ErrorsOfFlippedBits("MANIFEST", 60), 50);
  EXPECT_GT(ErrorsOfFlippedBits("CURRENT", 20), 10);
}

TEST(DatabaseDamage, ATableCutShortOrGoneIsAnError) {
  const TempDir folder;
  Fill(folder / "db");
  const fs::path table = FilesWith(folder / "db", ".ldb").at(0);
  const Bytes whole = ReadBinary(table);
  for (const size_t size : {size_t{0}, size_t{10}, whole.size() / 2, whole.size() - 1}) {
    Write(table, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_EQ(ReadAll(folder / "db"), Found::kError) << size;
  }
  fs::remove(table);
  EXPECT_EQ(ReadAll(folder / "db"), Found::kError);
}

TEST(DatabaseDamage, AFlippedBitInASyncedLogIsAnError) {
  // Written, synced and closed, but not yet in a table.
  const TempDir folder;
  {
    const auto database = Database::Open(folder / "db", {}, kFormat);
    ASSERT_TRUE(database.has_value());
    for (int i = 0; i < kKeys; ++i) {
      Batch batch;
      batch.Put(AsBytes(KeyOf(i)), AsBytes(ValueOf(i)));
      ASSERT_TRUE((*database)->Write(batch, i == kKeys - 1).has_value());
    }
  }
  const fs::path log = FilesWith(folder / "db", ".log").at(0);
  const Bytes whole = ReadBinary(log);
  std::mt19937 random(2);
  for (int i = 0; i < 60; ++i) {
    const TempDir damaged;
    fs::copy(folder / "db", damaged / "db", fs::copy_options::recursive);
    Bytes bytes = whole;
    bytes[random() % bytes.size()] ^= static_cast<uint8_t>(1u << random() % 8);
    Write(damaged / "db" / log.filename().string(), bytes);
    const auto database = Database::Open(damaged / "db", {}, kFormat);
    ASSERT_FALSE(database.has_value());
    EXPECT_EQ(database.error().code, ErrorCode::kCorruption);
  }
}

TEST(DatabaseDamage, ALogCutShortLosesOnlyItsEnd) {
  const TempDir folder;
  {
    const auto database = Database::Open(folder / "db", {}, kFormat);
    ASSERT_TRUE(database.has_value());
    for (int i = 0; i < kKeys; ++i) {
      Batch batch;
      batch.Put(AsBytes(KeyOf(i)), AsBytes(ValueOf(i)));
      ASSERT_TRUE((*database)->Write(batch, false).has_value());
    }
  }
  const fs::path log = FilesWith(folder / "db", ".log").at(0);
  const Bytes whole = ReadBinary(log);
  std::mt19937 random(3);
  for (int i = 0; i < 30; ++i) {
    const TempDir damaged;
    fs::copy(folder / "db", damaged / "db", fs::copy_options::recursive);
    const auto size = static_cast<std::ptrdiff_t>(random() % whole.size());
    Write(damaged / "db" / log.filename().string(), Bytes(whole.begin(), whole.begin() + size));
    const auto database = Database::Open(damaged / "db", {}, kFormat);
    ASSERT_TRUE(database.has_value()) << database.error().message;
    bool gone = false;
    for (int key = 0; key < kKeys; ++key) {
      const auto found = (*database)->Get(AsBytes(KeyOf(key)));
      ASSERT_TRUE(found.has_value());
      if (*found) {
        ASSERT_FALSE(gone) << "a later batch survived an earlier one";
        ASSERT_EQ(AsText(**found), ValueOf(key));
      } else {
        gone = true;
      }
    }
  }
}

}  // namespace
}  // namespace cairn::storage
