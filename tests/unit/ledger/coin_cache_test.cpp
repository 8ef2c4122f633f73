// CoinCache against a plain map, through random changes, flushes and restarts.
#include "src/ledger/coin_cache.h"

#include <map>
#include <random>

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

class CoinCacheTest : public testing::Test {
 protected:
  CoinCacheTest() { Reopen(); }

  void Reopen() {
    cache_.reset();
    store_.reset();
    auto opened = CoinStore::Open(folder_ / "chainstate", 8 << 20);
    ASSERT_TRUE(opened.has_value());
    store_ = *std::move(opened);
    cache_ = std::make_unique<CoinCache>(*store_);
  }

  void Flush(bool drop) {
    storage::FlushedTip tip;
    tip.flush_number = ++flushes_;
    ASSERT_TRUE(cache_->Flush(tip, drop).has_value());
    EXPECT_EQ((*store_->ReadTip())->flush_number, flushes_);
  }

  void Add(unsigned number, const StoredCoin& coin, CoinCache::Origin origin) {
    cache_->Add(OutPointOf(number), coin.View(), origin);
  }

  /// Whether the cache has this coin, or none where none is given.
  void ExpectFound(const OutPoint& outpoint, const StoredCoin* expected) {
    const auto found = cache_->Find(outpoint);
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
  std::unique_ptr<CoinCache> cache_;
  uint64_t flushes_ = 0;
};

constexpr auto kNew = CoinCache::Origin::kNew;
constexpr auto kMayBeStored = CoinCache::Origin::kMayBeStored;

TEST_F(CoinCacheTest, HasWhatWasAddedUntilItIsSpent) {
  std::mt19937 random(1);
  const StoredCoin coin = RandomCoin(random);
  ExpectFound(OutPointOf(0), nullptr);
  EXPECT_EQ(cache_->Spend(OutPointOf(0)), false);
  Add(0, coin, kNew);
  ExpectFound(OutPointOf(0), &coin);
  ExpectFound(OutPointOf(1), nullptr);
  EXPECT_EQ(cache_->Spend(OutPointOf(0)), true);
  ExpectFound(OutPointOf(0), nullptr);
  EXPECT_EQ(cache_->Spend(OutPointOf(0)), false);
}

TEST_F(CoinCacheTest, ASpentCoinOfTheDatabaseStaysSpent) {
  std::mt19937 random(2);
  Add(0, RandomCoin(random), kNew);
  Flush(true);
  EXPECT_EQ(cache_->Spend(OutPointOf(0)), true);
  ExpectFound(OutPointOf(0), nullptr);  // though the database still has it
  EXPECT_EQ(Stored().size(), 1u);
  EXPECT_EQ(cache_->Spend(OutPointOf(0)), false);
  Flush(false);
  EXPECT_TRUE(Stored().empty());
  ExpectFound(OutPointOf(0), nullptr);
}

TEST_F(CoinCacheTest, ARestoredCoinThatIsSpentAgainLeavesTheDatabase) {
  std::mt19937 random(3);
  const StoredCoin coin = RandomCoin(random);
  Add(0, coin, kNew);
  Flush(true);
  // Taken off and put on again while the cache knows nothing of the copy below.
  Add(0, coin, kMayBeStored);
  EXPECT_EQ(cache_->Spend(OutPointOf(0)), true);
  ExpectFound(OutPointOf(0), nullptr);
  Flush(true);
  EXPECT_TRUE(Stored().empty());
}

TEST_F(CoinCacheTest, AddingReplaces) {
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

TEST_F(CoinCacheTest, AScriptStaysInPlaceWhileTheTableGrows) {
  const StoredCoin coin{1, 1, false, Bytes(30, 0x51)};
  Add(0, coin, kNew);
  const auto found = cache_->Find(OutPointOf(0));
  ASSERT_TRUE(found.has_value() && found->has_value());
  const ByteSpan script = (*found)->script;
  for (unsigned i = 1; i < 2000; ++i) Add(i, coin, kNew);
  EXPECT_TRUE(Equal(script, coin.script));
}

TEST_F(CoinCacheTest, CountsItsMemory) {
  const StoredCoin coin{1, 1, false, Bytes(1000, 0x51)};
  EXPECT_EQ(cache_->MemoryBytes(), 0u);
  for (unsigned i = 0; i < 100; ++i) Add(i, coin, kNew);
  const uint64_t full = cache_->MemoryBytes();
  EXPECT_GT(full, 100'000u);
  EXPECT_LT(full, 150'000u);
  for (unsigned i = 0; i < 50; ++i) EXPECT_EQ(cache_->Spend(OutPointOf(i)), true);
  EXPECT_LT(cache_->MemoryBytes(), full * 6 / 10);
  Flush(true);
  EXPECT_EQ(cache_->MemoryBytes(), 0u);
}

TEST_F(CoinCacheTest, IsAPlainMapThroughRandomChanges) {
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
        const auto spent = cache_->Spend(outpoint);
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
  EXPECT_EQ(cache_->MemoryBytes(), 0u);
}

TEST_F(CoinCacheTest, ADamagedCoinIsAnErrorAndNotAbsence) {
  cache_.reset();
  store_.reset();
  {
    const auto database = storage::Database::Open(folder_ / "chainstate", {}, "cairn coins 1");
    ASSERT_TRUE(database.has_value());
    storage::Batch batch;
    batch.Put(storage::CoinKey(OutPointOf(7)), Bytes{0x80});
    ASSERT_TRUE((*database)->Write(batch, true).has_value());
  }
  Reopen();
  const auto found = cache_->Find(OutPointOf(7));
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::kCorruption);
  const auto spent = cache_->Spend(OutPointOf(7));
  ASSERT_FALSE(spent.has_value());
  EXPECT_EQ(spent.error().code, ErrorCode::kCorruption);
}

TEST(SaltedOutPointHasher, DiffersByOutPointAndByKey) {
  const SaltedOutPointHasher hasher;
  EXPECT_EQ(hasher(OutPointOf(1)), hasher(OutPointOf(1)));
  EXPECT_NE(hasher(OutPointOf(1)), hasher(OutPointOf(2)));   // the index counts
  EXPECT_NE(hasher(OutPointOf(1)), hasher(OutPointOf(31)));  // the txid counts
  EXPECT_NE(hasher(OutPointOf(1)), SaltedOutPointHasher()(OutPointOf(1)));
}

}  // namespace
}  // namespace cairn::ledger
