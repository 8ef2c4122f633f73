// BlockStore: bodies and undo data under one sequence, the rows that name them, and what a crash
// leaves.
#include "cairn/storage/block_store.h"

#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/writer.h"
#include "cairn/storage/coin_codec.h"
#include "tests/support/temp_dir.h"

namespace cairn::storage {
namespace {

using test::TempDir;
using testing::HasSubstr;

constexpr uint64_t kBudget = 8 << 20;

std::unique_ptr<BlockStore> Open(const TempDir& folder) {
  auto opened = BlockStore::Open(folder / "blocks", kBudget);
  EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
  return opened ? *std::move(opened) : nullptr;
}

uint64_t AppendBody(BlockStore& store, const Bytes& body) {
  const uint64_t sequence = store.next_sequence();
  EXPECT_TRUE(store.WriteBody(sequence, body).has_value());
  return sequence;
}

uint64_t AppendUndo(BlockStore& store, const Bytes& undo) {
  const uint64_t sequence = store.next_sequence();
  EXPECT_TRUE(store.WriteUndo(sequence, undo).has_value());
  return sequence;
}

/// One of the two databases, opened behind the store's back.
std::unique_ptr<Database> OpenRaw(const TempDir& folder, const std::string& name) {
  const auto format = name == "bodies" ? kBodiesFormat : kIndexFormat;
  auto opened = Database::Open(folder / "blocks" / name, {}, format);
  EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
  return opened ? *std::move(opened) : nullptr;
}

HeaderRow RandomRow(std::mt19937_64& random) {
  std::array<uint8_t, Header::kSize> raw;
  for (uint8_t& byte : raw) byte = static_cast<uint8_t>(random());
  HeaderRow row;
  row.header = Header::From(raw);
  row.height = static_cast<int>(random() & 0x7fffffff) >> random() % 31;
  row.validity = static_cast<uint8_t>(random());
  row.failed = random() % 2 == 0;
  row.body_sequence = random() >> random() % 64;
  row.undo_sequence = random() >> random() % 64;
  row.body_size = static_cast<uint32_t>(random());
  row.tx_count = static_cast<uint32_t>(random());
  return row;
}

void ExpectSame(const HeaderRow& a, const HeaderRow& b) {
  ASSERT_EQ(a.header, b.header);
  ASSERT_EQ(a.height, b.height);
  ASSERT_EQ(a.validity, b.validity);
  ASSERT_EQ(a.failed, b.failed);
  ASSERT_EQ(a.body_sequence, b.body_sequence);
  ASSERT_EQ(a.undo_sequence, b.undo_sequence);
  ASSERT_EQ(a.body_size, b.body_size);
  ASSERT_EQ(a.tx_count, b.tx_count);
}

TEST(HeaderRow, ThereAndBack) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const HeaderRow row = RandomRow(random);
    const auto decoded = DecodeHeaderRow(EncodeHeaderRow(row));
    ASSERT_TRUE(decoded.has_value());
    ExpectSame(*decoded, row);
  }
}

TEST(HeaderRow, AsTheFormatSays) {
  HeaderRow row;
  row.header.version = 4;
  row.height = 300;
  row.validity = 2;
  row.failed = true;
  row.body_sequence = 7;
  row.undo_sequence = 8;
  row.body_size = 1000;
  row.tx_count = 3;
  EXPECT_EQ(ToHex(EncodeHeaderRow(row)), ToHex(row.header.Serialize()) +
                                             "ac02"
                                             "05"
                                             "07"
                                             "08"
                                             "e807"
                                             "03");
}

TEST(HeaderRow, CutLongOrOutOfRangeOnesAreNone) {
  HeaderRow row;
  row.height = 300;
  row.body_size = 70'000;
  const Bytes whole = EncodeHeaderRow(row);
  for (size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(DecodeHeaderRow(ByteSpan(whole).first(size)).has_value()) << size;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(DecodeHeaderRow(longer).has_value());

  // height, state, body, undo, size, count: each one too large for its field.
  const uint64_t most[] = {INT32_MAX, 511, UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX};
  for (size_t field = 0; field < std::size(most); ++field) {
    for (const bool too_large : {false, true}) {
      if (too_large && most[field] == UINT64_MAX) continue;
      Bytes bytes(Header::kSize, 0);
      for (size_t i = 0; i < std::size(most); ++i) {
        AppendVarint(bytes, most[i] + (too_large && i == field ? 1 : 0));
      }
      EXPECT_EQ(DecodeHeaderRow(bytes).has_value(), !too_large) << field;
    }
  }
}

TEST(BlockStore, SequencesAscendOverBodiesAndUndo) {
  const TempDir folder;
  const auto store = Open(folder);
  EXPECT_FALSE(store->Has(0));
  EXPECT_FALSE(store->Has(1));
  EXPECT_EQ(AppendBody(*store, {1}), 1u);
  EXPECT_EQ(AppendUndo(*store, {2, 2}), 2u);
  EXPECT_EQ(AppendBody(*store, {}), 3u);
  EXPECT_TRUE(store->Has(3));
  EXPECT_FALSE(store->Has(4));
  EXPECT_EQ(store->ReadBody(1), (Bytes{1}));
  EXPECT_EQ(store->ReadUndo(2), (Bytes{2, 2}));
  EXPECT_EQ(store->ReadBody(3), Bytes());
}

TEST(BlockStore, SequencesContinueAfterReopening) {
  const TempDir folder;
  for (uint64_t round = 0; round < 4; ++round) {
    const auto store = Open(folder);
    for (uint64_t i = 1; i <= 3; ++i) {
      const uint64_t expected = 3 * round + i;
      EXPECT_EQ(AppendBody(*store, Bytes(expected, 0x11)), expected);
    }
    for (uint64_t i = 1; i <= 3 * round; ++i) EXPECT_EQ(store->ReadBody(i)->size(), i);
  }
}

TEST(BlockStore, AKindIsNotTakenForTheOther) {
  const TempDir folder;
  const auto store = Open(folder);
  AppendBody(*store, {1});
  AppendUndo(*store, {2});
  const auto undo_of_body = store->ReadUndo(1);
  ASSERT_FALSE(undo_of_body.has_value());
  EXPECT_EQ(undo_of_body.error().code, ErrorCode::kCorruption);
  EXPECT_EQ(store->ReadBody(2).error().code, ErrorCode::kCorruption);
  EXPECT_THAT(store->ReadBody(2).error().message, HasSubstr("record 2 is of another kind"));
}

TEST(BlockStore, WhatIsNotThereIsNotFound) {
  const TempDir folder;
  const auto store = Open(folder);
  AppendBody(*store, {1});
  for (const uint64_t sequence : {uint64_t{0}, uint64_t{2}, UINT64_MAX}) {
    const auto read = store->ReadBody(sequence);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, ErrorCode::kNotFound);
    EXPECT_FALSE(store->Has(sequence));
  }
}

TEST(BlockStore, DiscardingTakesTheEndOff) {
  const TempDir folder;
  {
    const auto store = Open(folder);
    for (uint8_t i = 1; i <= 5; ++i) AppendBody(*store, {i});
    ASSERT_TRUE(store->DiscardBehind(5).has_value());  // nothing there
    EXPECT_TRUE(store->Has(5));
    ASSERT_TRUE(store->DiscardBehind(3).has_value());
    EXPECT_TRUE(store->Has(3));
    EXPECT_FALSE(store->Has(4));
    EXPECT_EQ(store->ReadBody(4).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(store->ReadBody(3), (Bytes{3}));
  }
  const auto store = Open(folder);
  EXPECT_FALSE(store->Has(4));
  EXPECT_EQ(AppendBody(*store, {44}), 4u);
  EXPECT_EQ(store->ReadBody(4), (Bytes{44}));
  EXPECT_EQ(store->ReadBody(5).error().code, ErrorCode::kNotFound);
}

TEST(BlockStore, DiscardingEverything) {
  const TempDir folder;
  const auto store = Open(folder);
  AppendBody(*store, {1});
  AppendUndo(*store, {2});
  ASSERT_TRUE(store->DiscardBehind(0).has_value());
  EXPECT_FALSE(store->Has(1));
  EXPECT_EQ(AppendBody(*store, {3}), 1u);
}

TEST(BlockStore, NumbersOfLostRecordsAreNotUsedAgain) {
  const TempDir folder;
  const auto store = Open(folder);
  AppendBody(*store, {1});
  ASSERT_TRUE(store->DiscardBehind(7).has_value());
  EXPECT_EQ(AppendBody(*store, {2}), 8u);
  EXPECT_EQ(store->ReadBody(7).error().code, ErrorCode::kNotFound);
}

std::map<BlockHash, HeaderRow> RowsOf(const BlockStore& store) {
  std::map<BlockHash, HeaderRow> rows;
  const Status scanned = store.ForEachRow(
      [&](const HeaderRow& row) { EXPECT_TRUE(rows.emplace(row.header.Hash(), row).second); });
  EXPECT_TRUE(scanned.has_value());
  return rows;
}

TEST(BlockStore, RowsOutliveReopeningAndTheLatestCounts) {
  const TempDir folder;
  std::mt19937_64 random(2);
  std::map<BlockHash, HeaderRow> model;
  for (int round = 0; round < 4; ++round) {
    const auto store = Open(folder);
    EXPECT_EQ(RowsOf(*store).size(), model.size());
    std::vector<HeaderRow> rows;
    for (int i = 0; i < 50; ++i) rows.push_back(RandomRow(random));
    for (auto& [hash, row] : model) {  // some rows change
      if (random() % 3 != 0) continue;
      row.tx_count ^= 1;
      row.failed = !row.failed;
      rows.push_back(row);
    }
    for (const HeaderRow& row : rows) model[row.header.Hash()] = row;
    ASSERT_TRUE(store->SyncWithRows(rows).has_value());
    ASSERT_TRUE(store->SyncWithRows({}).has_value());
  }
  const auto rows = RowsOf(*Open(folder));
  ASSERT_EQ(rows.size(), model.size());
  for (const auto& [hash, row] : model) ExpectSame(rows.at(hash), row);
}

TEST(BlockStore, ARowThatCannotBeReadIsAnError) {
  const TempDir folder;
  Open(folder);
  {
    Batch batch;
    batch.Put(Bytes(33, 'h'), Bytes(20, 1));
    ASSERT_TRUE(OpenRaw(folder, "index")->Write(batch, true).has_value());
  }
  const Status scanned = Open(folder)->ForEachRow([](const HeaderRow&) { FAIL(); });
  ASSERT_FALSE(scanned.has_value());
  EXPECT_EQ(scanned.error().code, ErrorCode::kCorruption);
}

TEST(BlockStore, AForeignKeyAmongTheBodiesIsAnError) {
  const TempDir folder;
  Open(folder);
  {
    Batch batch;
    batch.Put(AsBytes("sx"), AsBytes("y"));
    ASSERT_TRUE(OpenRaw(folder, "bodies")->Write(batch, true).has_value());
  }
  const auto opened = BlockStore::Open(folder / "blocks", kBudget);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorruption);
}

TEST(BlockStore, AnEmptyRecordIsOfNoKind) {
  const TempDir folder;
  { AppendBody(*Open(folder), {1}); }
  {
    Bytes key;
    Writer(key).U8('s').Big(uint64_t{2});
    Batch batch;
    batch.Put(key, {});
    ASSERT_TRUE(OpenRaw(folder, "bodies")->Write(batch, true).has_value());
  }
  const auto store = Open(folder);
  EXPECT_EQ(store->ReadBody(2).error().code, ErrorCode::kCorruption);
  EXPECT_EQ(store->ReadUndo(2).error().code, ErrorCode::kCorruption);
  EXPECT_EQ(AppendBody(*store, {3}), 3u);
}

TEST(BlockStore, LargeBodiesAreKeptWhole) {
  const TempDir folder;
  Bytes body(4'000'000);
  std::mt19937 random(3);
  for (uint8_t& byte : body) byte = static_cast<uint8_t>(random());
  { AppendBody(*Open(folder), body); }
  const auto store = Open(folder);
  EXPECT_EQ(store->ReadBody(1), body);
  EXPECT_GE(store->DiskBytes(), body.size());
}

}  // namespace
}  // namespace cairn::storage
