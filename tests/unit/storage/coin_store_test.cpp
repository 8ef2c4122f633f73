// CoinStore: coins and the tip change together, survive reopening, and damage is an error.
#include "cairn/storage/coin_store.h"

#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "tests/support/temp_dir.h"

namespace cairn::storage {
namespace {

using test::TempDir;

constexpr uint64_t kBudget = 8 << 20;

std::unique_ptr<CoinStore> Open(const TempDir& folder) {
  auto opened = CoinStore::Open(folder / "chainstate", kBudget);
  EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
  return opened ? *std::move(opened) : nullptr;
}

/// Writes one key behind the store's back.
void PutRaw(const TempDir& folder, const Bytes& key, const Bytes& value) {
  const auto database = Database::Open(folder / "chainstate", {}, "cairn coins 1");
  ASSERT_TRUE(database.has_value()) << database.error().message;
  Batch batch;
  batch.Put(key, value);
  ASSERT_TRUE((*database)->Write(batch, true).has_value());
}

OutPoint OutPointOf(uint8_t seed, uint32_t index) {
  OutPoint outpoint;
  outpoint.txid.bytes.fill(seed);
  outpoint.index = index;
  return outpoint;
}

StoredCoin CoinOf(int height) {
  return {height * kCoin, height, height % 2 == 0, Bytes(static_cast<size_t>(height), 0x51)};
}

FlushedTip TipOf(uint8_t seed, uint64_t number) {
  FlushedTip tip;
  tip.hash.bytes.fill(seed);
  tip.flush_number = number;
  return tip;
}

void ExpectCoin(const CoinStore& store, const OutPoint& outpoint, int height) {
  const auto found = store.ReadCoin(outpoint);
  ASSERT_TRUE(found.has_value());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->height, height);
  EXPECT_EQ((*found)->value, height * kCoin);
  EXPECT_EQ((*found)->coinbase, height % 2 == 0);
  EXPECT_EQ((*found)->script, Bytes(static_cast<size_t>(height), 0x51));
}

TEST(CoinStore, ANewOneHasNoTipAndNoCoins) {
  const TempDir folder;
  const auto store = Open(folder);
  ASSERT_TRUE(store->ReadTip().has_value());
  EXPECT_FALSE(store->ReadTip()->has_value());
  EXPECT_FALSE(store->ReadCoin(OutPointOf(1, 0))->has_value());
  EXPECT_TRUE(store->ForEachCoin([](const OutPoint&, const StoredCoin&) { FAIL(); }).has_value());
}

TEST(CoinStore, CoinsAndTipSurviveReopening) {
  const TempDir folder;
  {
    const auto store = Open(folder);
    Batch batch;
    for (int i = 1; i <= 9; ++i) {
      CoinStore::PutCoin(batch, OutPointOf(static_cast<uint8_t>(i), 0), CoinOf(i).View());
    }
    ASSERT_TRUE(store->Commit(batch, TipOf(7, 1)).has_value());
    Batch second;
    CoinStore::DeleteCoin(second, OutPointOf(3, 0));
    CoinStore::PutCoin(second, OutPointOf(4, 0), CoinOf(40).View());
    ASSERT_TRUE(store->Commit(second, TipOf(8, 2)).has_value());
  }
  const auto store = Open(folder);
  const auto tip = store->ReadTip();
  ASSERT_TRUE(tip.has_value() && tip->has_value());
  EXPECT_EQ((*tip)->hash, TipOf(8, 2).hash);
  EXPECT_EQ((*tip)->flush_number, 2u);
  ExpectCoin(*store, OutPointOf(1, 0), 1);
  EXPECT_FALSE(store->ReadCoin(OutPointOf(3, 0))->has_value());
  ExpectCoin(*store, OutPointOf(4, 0), 40);
  EXPECT_FALSE(store->ReadCoin(OutPointOf(1, 1))->has_value());
}

TEST(CoinStore, VisitsEveryCoinInOrder) {
  const TempDir folder;
  const auto store = Open(folder);
  std::mt19937 random(1);
  std::map<Bytes, std::pair<OutPoint, int>> model;
  Batch batch;
  for (int i = 0; i < 300; ++i) {
    const OutPoint outpoint =
        OutPointOf(static_cast<uint8_t>(random() % 4), random() % 2 == 0 ? random() : random() % 9);
    const int height = static_cast<int>(random() % 50);
    CoinStore::PutCoin(batch, outpoint, CoinOf(height).View());
    model[CoinKey(outpoint)] = {outpoint, height};
  }
  ASSERT_TRUE(store->Commit(batch, TipOf(1, 1)).has_value());
  auto next = model.begin();
  const Status scanned = store->ForEachCoin([&](const OutPoint& outpoint, const StoredCoin& coin) {
    ASSERT_NE(next, model.end());
    EXPECT_EQ(outpoint, next->second.first);
    EXPECT_EQ(coin.height, next->second.second);
    ++next;
  });
  EXPECT_TRUE(scanned.has_value());
  EXPECT_EQ(next, model.end());
}

TEST(CoinStore, AListOfChangesIsWrittenInOneStep) {
  const TempDir folder;
  {
    const auto store = Open(folder);
    std::map<Bytes, Bytes> coins;
    for (int i = 1; i <= 50; ++i) {
      AppendCoin(coins[CoinKey(OutPointOf(static_cast<uint8_t>(i), 7))], CoinOf(i).View());
    }
    Batch changes;
    for (int i = 1; i <= 50; ++i) {
      const OutPoint outpoint = OutPointOf(static_cast<uint8_t>(i), 7);
      CoinStore::PutRecord(changes, outpoint, coins[CoinKey(outpoint)]);
    }
    ASSERT_TRUE(store->Commit(changes, TipOf(1, 1)).has_value());
    Batch second;
    CoinStore::DeleteCoin(second, OutPointOf(20, 7));
    second.Put(coins.rbegin()->first, coins.begin()->second);
    ASSERT_TRUE(store->Commit(second, TipOf(2, 2)).has_value());
  }
  const auto store = Open(folder);
  EXPECT_EQ((*store->ReadTip())->flush_number, 2u);
  for (int i = 1; i < 50; ++i) {
    if (i == 20) {
      EXPECT_FALSE(store->ReadCoin(OutPointOf(20, 7))->has_value());
    } else {
      ExpectCoin(*store, OutPointOf(static_cast<uint8_t>(i), 7), i);
    }
  }
  ExpectCoin(*store, OutPointOf(50, 7), 1);
  std::string raw;
  EXPECT_TRUE(*store->ReadRawCoin(OutPointOf(5, 7), raw));
  Bytes expected;
  AppendCoin(expected, CoinOf(5).View());
  EXPECT_TRUE(Equal(AsBytes(raw), expected));
  EXPECT_FALSE(*store->ReadRawCoin(OutPointOf(20, 7), raw));
}

TEST(CoinStore, ASnapshotStandsStillAndIsReadInParts) {
  const TempDir folder;
  const auto store = Open(folder);
  EXPECT_FALSE((*store->TakeSnapshot())->tip().has_value());
  Batch batch;
  for (int i = 1; i <= 200; ++i) {
    CoinStore::PutCoin(batch, OutPointOf(static_cast<uint8_t>(i), 0), CoinOf(i % 40).View());
  }
  ASSERT_TRUE(store->Commit(batch, TipOf(1, 1)).has_value());
  const auto taken = store->TakeSnapshot();
  ASSERT_TRUE(taken.has_value());
  const CoinSnapshot& snapshot = **taken;
  Batch later;
  for (int i = 1; i <= 200; ++i) {
    CoinStore::DeleteCoin(later, OutPointOf(static_cast<uint8_t>(i), 0));
  }
  CoinStore::PutCoin(later, OutPointOf(250, 1), CoinOf(1).View());
  ASSERT_TRUE(store->Commit(later, TipOf(2, 2)).has_value());

  EXPECT_EQ(snapshot.tip()->hash, TipOf(1, 1).hash);
  EXPECT_EQ(snapshot.tip()->flush_number, 1u);
  EXPECT_EQ((*snapshot.ReadCoin(OutPointOf(7, 0)))->height, 7);
  EXPECT_FALSE(snapshot.ReadCoin(OutPointOf(250, 1))->has_value());
  int next = 1;
  for (const int last : {60, 61, 150, 255}) {  // in four parts
    const Status scanned = snapshot.Scan(OutPointOf(static_cast<uint8_t>(next), 0),
                                         [&](const OutPoint& outpoint, const StoredCoin& coin) {
                                           if (outpoint.txid.bytes[0] > last) return false;
                                           EXPECT_EQ(outpoint.txid.bytes[0], next);
                                           EXPECT_EQ(coin.height, next % 40);
                                           EXPECT_EQ(coin.script.size(), next % 40);
                                           ++next;
                                           return true;
                                         });
    EXPECT_TRUE(scanned.has_value());
  }
  EXPECT_EQ(next, 201);
}

TEST(CoinStore, AnyTxidAndIndexIsFound) {
  const TempDir folder;
  const auto store = Open(folder);
  Batch batch;
  const OutPoint extremes[] = {OutPointOf(0, 0), OutPointOf(0, UINT32_MAX), OutPointOf(0xff, 0),
                               OutPointOf(0xff, UINT32_MAX)};
  int height = 1;
  for (const OutPoint& outpoint : extremes) {
    CoinStore::PutCoin(batch, outpoint, CoinOf(height++).View());
  }
  ASSERT_TRUE(store->Commit(batch, TipOf(1, 1)).has_value());
  height = 1;
  for (const OutPoint& outpoint : extremes) ExpectCoin(*store, outpoint, height++);
  int visited = 0;
  ASSERT_TRUE(
      store->ForEachCoin([&](const OutPoint&, const StoredCoin&) { ++visited; }).has_value());
  EXPECT_EQ(visited, 4);
}

TEST(CoinStore, ACoinThatCannotBeReadIsAnError) {
  const TempDir folder;
  Open(folder);
  Bytes value;
  AppendCoin(value, CoinOf(5).View());
  const Bytes whole = value;
  value.push_back(0);
  for (const Bytes& damaged : {value, Bytes(whole.begin(), whole.end() - 1), Bytes()}) {
    PutRaw(folder, CoinKey(OutPointOf(1, 0)), damaged);
    const auto store = Open(folder);
    const auto found = store->ReadCoin(OutPointOf(1, 0));
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().code, ErrorCode::kCorruption);
    EXPECT_THAT(found.error().message, testing::HasSubstr(OutPointOf(1, 0).ToString()));
    const Status scanned = store->ForEachCoin([](const OutPoint&, const StoredCoin&) { FAIL(); });
    ASSERT_FALSE(scanned.has_value());
    EXPECT_EQ(scanned.error().code, ErrorCode::kCorruption);
  }
}

TEST(CoinStore, AKeyOfAnotherLengthIsAnError) {
  const TempDir folder;
  Open(folder);
  Bytes value;
  AppendCoin(value, CoinOf(5).View());
  Bytes key = CoinKey(OutPointOf(1, 0));
  key.pop_back();
  PutRaw(folder, key, value);
  EXPECT_FALSE(
      Open(folder)->ForEachCoin([](const OutPoint&, const StoredCoin&) { FAIL(); }).has_value());
}

TEST(CoinStore, ATipThatCannotBeReadIsAnError) {
  const TempDir folder;
  Open(folder);
  for (const size_t size : {0, 1, 32, 39, 41}) {
    PutRaw(folder, Bytes{'t', 'i', 'p'}, Bytes(size, 7));
    const auto tip = Open(folder)->ReadTip();
    ASSERT_FALSE(tip.has_value()) << size;
    EXPECT_EQ(tip.error().code, ErrorCode::kCorruption);
  }
  PutRaw(folder, Bytes{'t', 'i', 'p'}, Bytes(40, 7));
  EXPECT_TRUE(Open(folder)->ReadTip().has_value());
}

}  // namespace
}  // namespace cairn::storage
