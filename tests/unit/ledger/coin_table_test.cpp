// CoinTable against a plain map, through random changes, flushes, forgetting and restarts.
#include "src/ledger/coin_table.h"

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace cairn::ledger {
namespace {

using storage::CoinStore;
using storage::StoredCoin;
using Model = std::map<OutPoint, StoredCoin>;

bool Same(const StoredCoin& a, const StoredCoin& b) {
  return a.value == b.value && a.height == b.height && a.coinbase == b.coinbase &&
         a.script == b.script;
}

OutPoint OutPointOf(unsigned number) {
  OutPoint outpoint;
  StoreLittle(outpoint.txid.bytes.data(), number / 3);
  outpoint.index = number % 3;
  return outpoint;
}

StoredCoin RandomCoin(std::mt19937& random) {
  StoredCoin coin;
  coin.value = static_cast<Amount>(random()) * 100;
  coin.height = static_cast<int>(random() % 1'000'000);
  coin.coinbase = random() % 2 == 0;
  coin.script = Bytes(random() % 60, static_cast<uint8_t>(random()));
  return coin;
}

class CoinTableTest : public testing::Test {
 protected:
  CoinTableTest() { Reopen(); }

  void Reopen() {
    table_.reset();
    store_.reset();
    auto opened = CoinStore::Open(folder_ / "chainstate", 8 << 20);
    ASSERT_TRUE(opened.has_value());
    store_ = *std::move(opened);
    const auto tip = store_->ReadTip();
    ASSERT_TRUE(tip.has_value());
    table_ = std::make_unique<CoinTable>(*store_, !*tip);
  }

  void Write(const FrozenCoins& frozen) {
    const OutPoint* last = nullptr;
    for (const FrozenCoins::Shard& shard : frozen.shards) {
      for (const FrozenCoins::Change& change : shard.changes) {
        ASSERT_TRUE(last == nullptr || *last < change.outpoint);  // the order of the keys
        last = &change.outpoint;
      }
    }
    storage::Batch batch;
    frozen.AddTo(batch);
    storage::FlushedTip tip;
    tip.flush_number = ++flushes_;
    ASSERT_TRUE(store_->Commit(batch, tip).has_value());
  }

  void Flush(bool drop) {
    const FrozenCoins frozen = table_->Freeze(workers_);
    EXPECT_EQ(table_->DirtyBytes(), 0u);
    Write(frozen);
    table_->Settle(frozen, workers_);
    if (drop) table_->Shrink(0, workers_);
  }

  void Add(unsigned number, const StoredCoin& coin, CoinTable::Origin origin) {
    table_->Add(OutPointOf(number), coin.View(), origin);
  }

  /// Whether the cache has this coin, or none where none is given.
  void ExpectFound(const OutPoint& outpoint, const StoredCoin* expected) {
    ScriptArena scripts;
    const auto only = table_->FindOnly(outpoint, scripts);
    ASSERT_TRUE(only.has_value());
    ASSERT_EQ(only->has_value(), expected != nullptr) << outpoint.ToString();
    const auto found = table_->Find(outpoint, scripts);
    ASSERT_TRUE(found.has_value());
    ASSERT_EQ(found->has_value(), expected != nullptr) << outpoint.ToString();
    if (expected == nullptr) return;
    const Coin& coin = **found;
    ASSERT_TRUE(Same(
        {coin.value, coin.height, coin.coinbase, Bytes(coin.script.begin(), coin.script.end())},
        *expected));
  }

  /// The database, read by itself.
  Model Stored() {
    Model stored;
    EXPECT_TRUE(store_
                    ->ForEachCoin([&](const OutPoint& outpoint, const StoredCoin& coin) {
                      stored.emplace(outpoint, coin);
                    })
                    .has_value());
    return stored;
  }

  void ExpectStored(const Model& model) {
    const Model stored = Stored();
    ASSERT_EQ(stored.size(), model.size());
    for (auto a = stored.begin(), b = model.cbegin(); b != model.end(); ++a, ++b) {
      ASSERT_EQ(a->first, b->first);
      ASSERT_TRUE(Same(a->second, b->second)) << a->first.ToString();
    }
  }

  test::TempDir folder_;
  std::unique_ptr<CoinStore> store_;
  WorkerPool workers_{2};
  std::unique_ptr<CoinTable> table_;
  uint64_t flushes_ = 0;
};

constexpr auto kNew = CoinTable::Origin::kNew;
constexpr auto kMayBeStored = CoinTable::Origin::kMayBeStored;

TEST_F(CoinTableTest, HasWhatWasAddedUntilItIsSpent) {
  std::mt19937 random(1);
  const StoredCoin coin = RandomCoin(random);
  ExpectFound(OutPointOf(0), nullptr);
  EXPECT_EQ(table_->Spend(OutPointOf(0)), false);
  Add(0, coin, kNew);
  ExpectFound(OutPointOf(0), &coin);
  ExpectFound(OutPointOf(1), nullptr);
  EXPECT_EQ(table_->Spend(OutPointOf(0)), true);
  ExpectFound(OutPointOf(0), nullptr);
  EXPECT_EQ(table_->Spend(OutPointOf(0)), false);
}

TEST_F(CoinTableTest, ASpentCoinOfTheDatabaseStaysSpent) {
  std::mt19937 random(2);
  Add(0, RandomCoin(random), kNew);
  Flush(true);
  EXPECT_EQ(table_->Spend(OutPointOf(0)), true);
  ExpectFound(OutPointOf(0), nullptr);  // though the database still has it
  EXPECT_EQ(Stored().size(), 1u);
  EXPECT_EQ(table_->Spend(OutPointOf(0)), false);
  Flush(false);
  EXPECT_TRUE(Stored().empty());
  ExpectFound(OutPointOf(0), nullptr);
}

TEST_F(CoinTableTest, ARestoredCoinThatIsSpentAgainLeavesTheDatabase) {
  std::mt19937 random(3);
  const StoredCoin coin = RandomCoin(random);
  Add(0, coin, kNew);
  Flush(true);
  // Taken off and put on again while the cache knows nothing of the copy below.
  Add(0, coin, kMayBeStored);
  EXPECT_EQ(table_->Spend(OutPointOf(0)), true);
  ExpectFound(OutPointOf(0), nullptr);
  Flush(true);
  EXPECT_TRUE(Stored().empty());
}

TEST_F(CoinTableTest, AddingReplaces) {
  std::mt19937 random(4);
  const StoredCoin first = RandomCoin(random);
  const StoredCoin second = RandomCoin(random);
  Add(0, first, kNew);
  Add(0, second, kMayBeStored);
  ExpectFound(OutPointOf(0), &second);
  Flush(false);
  Add(0, first, kMayBeStored);
  ExpectFound(OutPointOf(0), &first);
  Flush(true);
  ExpectFound(OutPointOf(0), &first);
}

TEST_F(CoinTableTest, CountsItsMemory) {
  const StoredCoin coin{1, 1, false, Bytes(1000, 0x51)};
  EXPECT_EQ(table_->MemoryBytes(), 0u);
  for (unsigned i = 0; i < 1000; ++i) Add(i, coin, kNew);
  const uint64_t full = table_->MemoryBytes();
  EXPECT_GT(full, 1'000'000u);
  EXPECT_LT(full, 1'800'000u);
  EXPECT_GT(table_->DirtyBytes(), 0u);
  for (unsigned i = 0; i < 500; ++i) EXPECT_EQ(table_->Spend(OutPointOf(i)), true);
  EXPECT_LT(table_->MemoryBytes(), full * 7 / 10);
  Flush(true);
  EXPECT_EQ(table_->MemoryBytes(), 0u);
}

TEST_F(CoinTableTest, CountsScriptsThatMustBeWritten) {
  const StoredCoin small{1, 1, false, Bytes(25, 0x51)};
  const StoredCoin large{1, 1, false, Bytes(10'000, 0x51)};
  Add(0, small, kNew);
  const uint64_t entry = table_->DirtyBytes();
  EXPECT_GT(entry, 0u);
  Add(1, large, kNew);
  EXPECT_EQ(table_->DirtyBytes(), 2 * entry + 10'000);
  Add(1, small, kMayBeStored);
  EXPECT_EQ(table_->DirtyBytes(), 2 * entry);
  Add(1, large, kMayBeStored);
  EXPECT_EQ(table_->Spend(OutPointOf(0)), true);
  EXPECT_EQ(table_->DirtyBytes(), entry + 10'000);
  Flush(false);
  EXPECT_EQ(table_->DirtyBytes(), 0u);
  EXPECT_EQ(table_->Spend(OutPointOf(1)), true);
  EXPECT_EQ(table_->DirtyBytes(), entry);
}

TEST_F(CoinTableTest, ShrinksByWhatScriptsTake) {
  const StoredCoin large{1, 1, false, Bytes(10'000, 0x51)};
  for (unsigned i = 0; i < 1000; ++i) Add(i, large, kNew);
  Flush(false);
  EXPECT_GT(table_->MemoryBytes(), 10'000'000u);
  table_->Shrink(2'000'000, workers_);
  EXPECT_LE(table_->MemoryBytes(), 2'200'000u);  // with the room of the maps
  EXPECT_GT(table_->MemoryBytes(), 500'000u);
}

TEST_F(CoinTableTest, WhatIsFrozenStaysKnownUntilItIsDurable) {
  std::mt19937 random(6);
  const StoredCoin kept = RandomCoin(random);
  Add(0, kept, kNew);
  Add(1, kept, kNew);
  Flush(true);
  EXPECT_EQ(table_->Spend(OutPointOf(0)), true);  // the database still has it
  Add(2, kept, kNew);
  const FrozenCoins frozen = table_->Freeze(workers_);
  EXPECT_EQ(frozen.Count(), 2u);
  table_->Shrink(0, workers_);
  ExpectFound(OutPointOf(0), nullptr);
  ExpectFound(OutPointOf(2), &kept);
  // Changes go on meanwhile, and belong to the next flush.
  EXPECT_EQ(table_->Spend(OutPointOf(2)), true);
  Add(0, kept, kMayBeStored);
  Write(frozen);
  table_->Settle(frozen, workers_);
  ExpectFound(OutPointOf(0), &kept);
  ExpectFound(OutPointOf(2), nullptr);
  Flush(true);
  EXPECT_EQ(Stored().size(), 2u);  // 0 and 1
}

TEST_F(CoinTableTest, WarmingFetchesWhatTheDatabaseHas) {
  std::mt19937 random(7);
  std::vector<StoredCoin> coins;
  std::vector<OutPoint> outpoints;
  for (unsigned i = 0; i < 100; ++i) {
    coins.push_back(RandomCoin(random));
    Add(i, coins.back(), kNew);
    outpoints.push_back(OutPointOf(i));
  }
  Flush(true);
  outpoints.push_back(OutPointOf(1000));
  ASSERT_TRUE(table_->Warm(outpoints).has_value());
  ScriptArena scripts;
  Coin coin;
  for (unsigned i = 0; i < 100; ++i) {
    EXPECT_EQ(table_->Look(OutPointOf(i), scripts, coin), CoinTable::Presence::kUnspent);
    EXPECT_EQ(coin.value, coins[i].value);
  }
  EXPECT_EQ(table_->Look(OutPointOf(1000), scripts, coin), CoinTable::Presence::kUnknown);
  EXPECT_EQ(table_->DirtyBytes(), 0u);
}

/// A coin that the table forgets while somebody looks is still there.
TEST_F(CoinTableTest, ForgettingIsNotSpending) {
  constexpr unsigned kCoins = 200;
  const StoredCoin coin{5, 1, false, Bytes(10, 0x51)};
  for (unsigned i = 0; i < kCoins; ++i) Add(i, coin, kNew);
  Flush(false);
  std::atomic<bool> stop{false};
  std::atomic<unsigned> missed{0};
  std::jthread looker([&] {
    while (!stop) {
      ScriptArena scripts;
      for (unsigned i = 0; i < kCoins; ++i) {
        const auto found = table_->FindOnly(OutPointOf(i), scripts);
        if (!found || !*found) ++missed;
      }
    }
  });
  for (int round = 0; round < 100; ++round) {
    table_->Shrink(0, workers_);
    ScriptArena scripts;
    for (unsigned i = 0; i < kCoins; i += 7) {
      ASSERT_TRUE(table_->Find(OutPointOf(i), scripts).has_value());
    }
  }
  stop = true;
  looker.join();
  EXPECT_EQ(missed, 0u);
}

/// Warming beside the thread that changes coins must never bring a coin back.
TEST_F(CoinTableTest, WarmingNeverRevivesACoin) {
  constexpr unsigned kCoins = 300;
  std::vector<OutPoint> outpoints;
  for (unsigned i = 0; i < kCoins; ++i) outpoints.push_back(OutPointOf(i));
  std::atomic<bool> stop{false};
  std::vector<std::jthread> warmers;
  for (int i = 0; i < 2; ++i) {
    warmers.emplace_back([&] {
      ScriptArena scripts;
      Coin coin;
      while (!stop) {
        ASSERT_TRUE(table_->Warm(outpoints).has_value());
        for (const OutPoint& outpoint : outpoints) table_->Look(outpoint, scripts, coin);
        scripts = {};
      }
    });
  }
  std::mt19937 random(8);
  Model model;
  for (int round = 0; round < 150; ++round) {
    for (int i = 0; i < 60; ++i) {
      const unsigned number = random() % kCoins;
      const OutPoint outpoint = OutPointOf(number);
      if (model.contains(outpoint)) {
        EXPECT_EQ(table_->Spend(outpoint), true);
        model.erase(outpoint);
      } else {
        const StoredCoin coin = RandomCoin(random);
        Add(number, coin, kMayBeStored);
        model[outpoint] = coin;
      }
    }
    Flush(round % 3 == 0);
    for (const OutPoint& outpoint : outpoints) {
      const auto known = model.find(outpoint);
      ExpectFound(outpoint, known == model.end() ? nullptr : &known->second);
      if (HasFatalFailure()) break;
    }
    if (HasFatalFailure()) break;
  }
  stop = true;
}

TEST_F(CoinTableTest, IsAPlainMapThroughRandomChanges) {
  std::mt19937 random(5);
  Model model;
  Model durable;  // as of the last flush
  constexpr unsigned kOutPoints = 120;
  for (int i = 0; i < 30'000; ++i) {
    const unsigned number = random() % kOutPoints;
    const OutPoint outpoint = OutPointOf(number);
    const auto known = model.find(outpoint);
    switch (random() % 12) {
      case 0:
      case 1:
      case 2: {
        const StoredCoin coin = RandomCoin(random);
        Add(number, coin, known != model.end() || random() % 2 == 0 ? kMayBeStored : kNew);
        model[outpoint] = coin;
        break;
      }
      case 3:
      case 4:
      case 5: {
        const auto spent = table_->Spend(outpoint);
        ASSERT_TRUE(spent.has_value());
        ASSERT_EQ(*spent, known != model.end());
        model.erase(outpoint);
        break;
      }
      case 6:
        if (random() % 20 != 0) break;
        Flush(random() % 2 == 0);
        durable = model;
        if (random() % 4 == 0) ExpectStored(model);
        break;
      case 7:
        if (random() % 200 != 0) break;
        Reopen();  // what was not flushed is gone
        model = durable;
        ExpectStored(model);
        break;
      default: ExpectFound(outpoint, known == model.end() ? nullptr : &known->second);
    }
    if (HasFatalFailure()) return;
  }
  for (unsigned number = 0; number < kOutPoints; ++number) {
    const auto known = model.find(OutPointOf(number));
    ExpectFound(OutPointOf(number), known == model.end() ? nullptr : &known->second);
  }
  Flush(true);
  ExpectStored(model);
  EXPECT_EQ(table_->MemoryBytes(), 0u);
}

TEST_F(CoinTableTest, ADamagedCoinIsAnErrorAndNotAbsence) {
  table_.reset();
  store_.reset();
  {
    const auto database = storage::Database::Open(folder_ / "chainstate", {}, "cairn coins 1");
    ASSERT_TRUE(database.has_value());
    storage::Batch batch;
    batch.Put(storage::CoinKey(OutPointOf(7)), Bytes{0x80});
    batch.Put(AsBytes("tip"), Bytes(40));
    ASSERT_TRUE((*database)->Write(batch, true).has_value());
  }
  Reopen();
  ScriptArena scripts;
  const auto found = table_->Find(OutPointOf(7), scripts);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::kCorruption);
  const auto spent = table_->Spend(OutPointOf(7));
  ASSERT_FALSE(spent.has_value());
  EXPECT_EQ(spent.error().code, ErrorCode::kCorruption);
}

}  // namespace
}  // namespace cairn::ledger
