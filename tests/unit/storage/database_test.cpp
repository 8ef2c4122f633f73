// Database: what is written stays, what is asked for is found, and nothing foreign is opened.
#include "cairn/storage/database.h"

#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace cairn::storage {
namespace {

using test::TempDir;

constexpr std::string_view kFormat = "test 1";

std::unique_ptr<Database> Open(const std::filesystem::path& folder,
                               std::string_view format = kFormat) {
  auto opened = Database::Open(folder, {}, format);
  EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
  return opened ? *std::move(opened) : nullptr;
}

Bytes Text(std::string_view text) { return Bytes(text.begin(), text.end()); }

void Put(Database& database, std::string_view key, std::string_view value, bool sync = false) {
  Batch batch;
  batch.Put(AsBytes(key), AsBytes(value));
  EXPECT_TRUE(database.Write(batch, sync).has_value());
}

std::optional<std::string> Get(const Database& database, std::string_view key) {
  const auto found = database.Get(AsBytes(key));
  EXPECT_TRUE(found.has_value());
  if (!found || !*found) return std::nullopt;
  return std::string(AsText(**found));
}

/// The keys that a scan visits, joined by spaces.
std::string Scan(const Database& database, std::string_view prefix, std::string_view first,
                 size_t most = SIZE_MAX) {
  std::string keys;
  size_t count = 0;
  const Status scanned =
      database.Scan(AsBytes(prefix), AsBytes(first), [&](ByteSpan key, ByteSpan) {
        keys += (keys.empty() ? "" : " ") + std::string(AsText(key));
        return ++count < most;
      });
  EXPECT_TRUE(scanned.has_value());
  return keys;
}

TEST(Database, KeepsWhatIsWrittenOverReopening) {
  const TempDir folder;
  {
    const auto database = Open(folder / "db");
    Put(*database, "a", "one");
    Put(*database, "b", "", true);
    Put(*database, "c", "unsynced");
  }
  const auto database = Open(folder / "db");
  EXPECT_EQ(Get(*database, "a"), "one");
  EXPECT_EQ(Get(*database, "b"), "");
  EXPECT_EQ(Get(*database, "c"), "unsynced");  // closing in order loses nothing
  EXPECT_EQ(Get(*database, "d"), std::nullopt);
  EXPECT_EQ(Get(*database, ""), std::nullopt);
}

TEST(Database, KeysAndValuesMayHoldAnyBytes) {
  const TempDir folder;
  std::mt19937 random(1);
  std::map<Bytes, Bytes> model;
  {
    const auto database = Open(folder / "db");
    Batch batch;
    for (int i = 0; i < 500; ++i) {
      Bytes key(1 + random() % 40);
      Bytes value(random() % 300);
      for (uint8_t& byte : key) byte = static_cast<uint8_t>(random());
      for (uint8_t& byte : value) byte = static_cast<uint8_t>(random());
      batch.Put(key, value);
      model[key] = value;
    }
    ASSERT_TRUE(database->Write(batch, true).has_value());
  }
  const auto database = Open(folder / "db");
  for (const auto& [key, value] : model) {
    const auto found = database->Get(key);
    ASSERT_TRUE(found.has_value());
    ASSERT_EQ(*found, value);
  }
}

TEST(Database, ABatchTakesEffectInItsOrder) {
  const TempDir folder;
  const auto database = Open(folder / "db");
  Put(*database, "gone", "x");
  Batch batch;
  EXPECT_TRUE(batch.IsEmpty());
  batch.Put(AsBytes("k"), AsBytes("1"));
  batch.Delete(AsBytes("k"));
  batch.Put(AsBytes("k"), AsBytes("2"));
  batch.Delete(AsBytes("gone"));
  batch.Delete(AsBytes("never there"));
  EXPECT_FALSE(batch.IsEmpty());
  EXPECT_GT(batch.ApproximateBytes(), 20u);
  EXPECT_EQ(Get(*database, "gone"), "x");  // nothing happens before Write
  ASSERT_TRUE(database->Write(batch, false).has_value());
  EXPECT_EQ(Get(*database, "k"), "2");
  EXPECT_EQ(Get(*database, "gone"), std::nullopt);
}

TEST(Database, BatchesMove) {
  const TempDir folder;
  const auto database = Open(folder / "db");
  Batch first;
  first.Put(AsBytes("k"), AsBytes("v"));
  Batch second = std::move(first);
  EXPECT_FALSE(second.IsEmpty());
  ASSERT_TRUE(database->Write(second, false).has_value());
  EXPECT_EQ(Get(*database, "k"), "v");
}

TEST(Database, ScansAPrefixFromAKeyOn) {
  const TempDir folder;
  const auto database = Open(folder / "db");
  for (const char* key : {"a", "ba", "bb", "bba", "bc", "c"}) Put(*database, key, key);
  EXPECT_EQ(Scan(*database, "b", "b"), "ba bb bba bc");
  EXPECT_EQ(Scan(*database, "b", "bb"), "bb bba bc");
  EXPECT_EQ(Scan(*database, "b", "bbb"), "bc");
  EXPECT_EQ(Scan(*database, "b", "bd"), "");
  EXPECT_EQ(Scan(*database, "bb", "bb"), "bb bba");
  EXPECT_EQ(Scan(*database, "b", "c"), "");  // behind the prefix
  EXPECT_EQ(Scan(*database, "b", "a"), "");  // before it
  EXPECT_EQ(Scan(*database, "d", "d"), "");
  EXPECT_EQ(Scan(*database, "b", "b", 2), "ba bb");
}

TEST(Database, AScanSeesOneMoment) {
  const TempDir folder;
  const auto database = Open(folder / "db");
  for (const char* key : {"a1", "a3", "a5"}) Put(*database, key, "old");
  std::string seen;
  const Status scanned = database->Scan(AsBytes("a"), AsBytes("a"), [&](ByteSpan key, ByteSpan v) {
    Put(*database, "a4", "new");
    Put(*database, "a5", "new");
    seen += std::string(AsText(key)) + "=" + std::string(AsText(v)) + " ";
    return true;
  });
  EXPECT_TRUE(scanned.has_value());
  EXPECT_EQ(seen, "a1=old a3=old a5=old ");
  EXPECT_EQ(Get(*database, "a5"), "new");
}

std::optional<Bytes> LastKey(const Database& database, ByteSpan prefix) {
  const auto found = database.LastKey(prefix);
  EXPECT_TRUE(found.has_value());
  return found ? *found : std::nullopt;
}

TEST(Database, FindsTheLastKeyOfAPrefix) {
  const TempDir folder;
  const auto database = Open(folder / "db");
  EXPECT_EQ(LastKey(*database, AsBytes("s")), std::nullopt);
  for (const char* key : {"r9", "s1", "s2", "sz", "t0"}) Put(*database, key, "");
  EXPECT_EQ(LastKey(*database, AsBytes("s")), Text("sz"));
  EXPECT_EQ(LastKey(*database, AsBytes("s1")), Text("s1"));
  EXPECT_EQ(LastKey(*database, AsBytes("t")), Text("t0"));  // the last of all
  EXPECT_EQ(LastKey(*database, AsBytes("u")), std::nullopt);
  EXPECT_EQ(LastKey(*database, AsBytes("a")), std::nullopt);  // before all but the format
  EXPECT_EQ(LastKey(*database, AsBytes("ss")), std::nullopt);
  EXPECT_EQ(LastKey(*database, {}), Text("t0"));
}

TEST(Database, FindsTheLastKeyOfAPrefixThatHasNoSuccessor) {
  const TempDir folder;
  const auto database = Open(folder / "db");
  const Bytes ones = {0xff, 0xff};
  EXPECT_EQ(LastKey(*database, ones), std::nullopt);
  const auto put = [&](const Bytes& key) { Put(*database, AsText(key), ""); };
  put({0xff, 0xfe, 0x01});
  put({0x41, 0xff, 0x05});
  put({0x41, 0xff, 0xff});
  put({0x42});
  EXPECT_EQ(LastKey(*database, ones), std::nullopt);
  EXPECT_EQ(LastKey(*database, Bytes{0x41, 0xff}), (Bytes{0x41, 0xff, 0xff}));
  put({0xff, 0xff, 0x00});
  put({0xff, 0xff, 0xff, 0xff});
  EXPECT_EQ(LastKey(*database, ones), (Bytes{0xff, 0xff, 0xff, 0xff}));
  EXPECT_EQ(LastKey(*database, Bytes{0xff, 0xfe}), (Bytes{0xff, 0xfe, 0x01}));
  EXPECT_EQ(LastKey(*database, Bytes{0xff}), (Bytes{0xff, 0xff, 0xff, 0xff}));
}

TEST(Database, AnotherFormatIsRefusedAndLeftAlone) {
  const TempDir folder;
  { Put(*Open(folder / "db"), "k", "v", true); }
  const auto other = Database::Open(folder / "db", {}, "test 2");
  ASSERT_FALSE(other.has_value());
  EXPECT_THAT(other.error().message, testing::HasSubstr("has the format \"test 1\""));
  EXPECT_THAT(other.error().message, testing::HasSubstr("this program writes \"test 2\""));
  EXPECT_EQ(Get(*Open(folder / "db"), "k"), "v");
}

TEST(Database, IsOpenedByOneAtATime) {
  const TempDir folder;
  auto first = Open(folder / "db");
  const auto second = Database::Open(folder / "db", {}, kFormat);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kIo);
  first.reset();
  EXPECT_NE(Open(folder / "db"), nullptr);
}

TEST(Database, MakesItsFolders) {
  const TempDir folder;
  EXPECT_NE(Open(folder / "deep/down/db"), nullptr);
  EXPECT_TRUE(std::filesystem::is_directory(folder / "deep/down/db"));
}

TEST(Database, APlaceThatIsNoFolderIsAnError) {
  const TempDir folder;
  { Put(*Open(folder / "db"), "k", "v"); }
  const auto inside_a_file = Database::Open(folder / "db/CURRENT", {}, kFormat);
  ASSERT_FALSE(inside_a_file.has_value());
  EXPECT_EQ(inside_a_file.error().code, ErrorCode::kIo);
}

TEST(Database, CountsTheBytesOfItsFiles) {
  const TempDir folder;
  const auto database = Open(folder / "db");
  const uint64_t before = database->DiskBytes();
  Put(*database, "k", std::string(100'000, 'x'), true);
  EXPECT_GE(database->DiskBytes(), before + 100'000);
}

TEST(Database, WithABloomFilterNothingIsMissed) {
  const TempDir folder;
  DatabaseOptions options;
  options.bloom_filter = true;
  options.write_buffer_bytes = 64 << 10;  // several tables
  const auto opened = Database::Open(folder / "db", options, kFormat);
  ASSERT_TRUE(opened.has_value());
  for (int i = 0; i < 3000; ++i) Put(**opened, "key" + std::to_string(i), std::string(100, 'v'));
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(Get(**opened, "key" + std::to_string(i)).has_value());
    ASSERT_FALSE(Get(**opened, "yek" + std::to_string(i)).has_value());
  }
}

}  // namespace
}  // namespace cairn::storage
