// A short life of a ledger's stores: blocks come, flushes make them durable, old ones are pruned;
// and the check that what is left after any end is sound.
#pragma once

#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/storage/block_store.h"
#include "cairn/storage/coin_store.h"

namespace cairn::storage::test_run {

constexpr uint64_t kBudget = 1 << 20;
constexpr uint64_t kBlocksPerFlush = 4;
constexpr uint64_t kKeptFlushes = 3;  // older bodies are pruned

inline Bytes NoiseOf(uint64_t seed, size_t size) {
  std::mt19937_64 random(seed);
  Bytes noise(size);
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random());
  return noise;
}

inline Bytes BodyOf(uint64_t height) { return NoiseOf(height, 500 + height * 37 % 2000); }
inline Bytes UndoOf(uint64_t height) { return NoiseOf(height + 1'000'000, 50 + height % 100); }

inline HeaderRow RowOf(uint64_t height) {
  HeaderRow row;
  row.header.nonce = static_cast<uint32_t>(height);
  row.height = static_cast<int>(height);
  return row;
}

/// The coins after a flush: each flush makes some, changes some, and spends some.
inline void ChangeCoins(uint64_t flush, std::map<Bytes, Bytes>& changes) {
  std::mt19937_64 random(flush);
  for (int i = 0; i < 12; ++i) {
    OutPoint outpoint;
    outpoint.txid.bytes.fill(static_cast<uint8_t>(random() % 60));
    outpoint.index = static_cast<uint32_t>(random() % 2);
    Bytes& value = changes[CoinKey(outpoint)];
    value.clear();
    if (random() % 3 == 0) continue;  // spent
    const Bytes script = NoiseOf(random(), random() % 80);
    AppendCoin(value, {static_cast<Amount>(flush * kCoin), static_cast<int>(flush), false, script});
  }
}

inline std::map<Bytes, Bytes> CoinsAfter(uint64_t flush) {
  std::map<Bytes, Bytes> coins;
  for (uint64_t number = 1; number <= flush; ++number) {
    std::map<Bytes, Bytes> changes;
    ChangeCoins(number, changes);
    for (auto& [key, value] : changes) {
      if (value.empty()) {
        coins.erase(key);
      } else {
        coins[key] = std::move(value);
      }
    }
  }
  return coins;
}

inline FlushedTip TipOf(uint64_t flush) {
  FlushedTip tip;
  tip.flush_number = flush;
  tip.hash.bytes.fill(static_cast<uint8_t>(flush));
  return tip;
}

struct Stores {
  std::unique_ptr<BlockStore> blocks;
  std::unique_ptr<CoinStore> coins;
};

inline Result<Stores> OpenStores(const std::filesystem::path& folder) {
  Stores stores;
  auto blocks = BlockStore::Open(folder / "blocks", kBudget);
  if (!blocks) return tl::unexpected(blocks.error());
  stores.blocks = *std::move(blocks);
  auto coins = CoinStore::Open(folder / "chainstate", kBudget);
  if (!coins) return tl::unexpected(coins.error());
  stores.coins = *std::move(coins);
  return stores;
}

/// What a run was told.
struct Progress {
  uint64_t durable = 0;  // the last flush that succeeded
  uint64_t begun = 0;    // the last flush that was tried
};

/// The rows of a store, by height.
using Rows = std::map<uint64_t, HeaderRow>;

/// One flush and what leads up to it. False if something failed.
inline Status Flush(Stores& stores, uint64_t flush, Rows& rows) {
  std::vector<HeaderRow> changed;
  const uint64_t first = (flush - 1) * kBlocksPerFlush + 1;
  for (uint64_t height = first; height < first + kBlocksPerFlush; ++height) {
    HeaderRow row = RowOf(height);
    for (const bool undo : {false, true}) {
      const uint64_t sequence = stores.blocks->next_sequence();
      Status stored = undo ? stores.blocks->WriteUndo(sequence, UndoOf(height))
                           : stores.blocks->WriteBody(sequence, BodyOf(height));
      if (!stored) return stored;
      (undo ? row.undo_sequence : row.body_sequence) = sequence;
    }
    rows[height] = row;
    changed.push_back(row);
  }
  uint64_t lowest = UINT64_MAX;
  for (auto& [height, row] : rows) {
    if (row.body_sequence == 0) continue;
    if (height + kKeptFlushes * kBlocksPerFlush < first) {
      row.body_sequence = row.undo_sequence = 0;
      changed.push_back(row);
    } else {
      lowest = std::min({lowest, row.body_sequence, row.undo_sequence});
    }
  }
  if (Status synced = stores.blocks->SyncWithRows(changed, flush); !synced) return synced;
  std::map<Bytes, Bytes> coins;
  ChangeCoins(flush, coins);
  Batch batch;
  for (const auto& [key, value] : coins) {
    if (value.empty()) {
      batch.Delete(key);
    } else {
      batch.Put(key, value);
    }
  }
  if (Status written = stores.coins->Commit(batch, TipOf(flush)); !written) return written;
  return flush % 3 == 0 ? stores.blocks->PruneBelow(lowest) : Status();
}

/// Flushes number `from` + 1 to `to`, until something fails.
inline Progress Work(const std::filesystem::path& folder, uint64_t from, uint64_t to,
                     Rows rows = {}) {
  Progress progress{from, from};
  auto stores = OpenStores(folder);
  while (stores && progress.begun < to) {
    ++progress.begun;
    if (!Flush(*stores, progress.begun, rows)) break;
    progress.durable = progress.begun;
  }
  return progress;
}

/// What a check found: an error where it may be one, or the number of the flush that the coins are
/// of. A wrong answer fails the test.
inline Result<uint64_t> CheckStores(Stores& stores, Rows& rows) {
  const auto tip = stores.coins->ReadTip();
  if (!tip) return tl::unexpected(tip.error());
  const uint64_t flush = *tip ? (*tip)->flush_number : 0;
  if (*tip) {
    EXPECT_EQ((*tip)->hash, TipOf(flush).hash);
  }
  if (Status one = stores.blocks->CheckFlushOfCoins(flush); !one)
    return tl::unexpected(one.error());

  std::map<Bytes, Bytes> coins;
  const Status scanned = stores.coins->ForEachCoin([&](const OutPoint& at, const StoredCoin& coin) {
    AppendCoin(coins[CoinKey(at)], coin.View());
  });
  if (!scanned) return tl::unexpected(scanned.error());
  EXPECT_TRUE(coins == CoinsAfter(flush)) << "not the coins of flush " << flush;

  rows.clear();
  const Status listed =
      stores.blocks->ForEachRow([&](const HeaderRow& row) { rows[row.header.nonce] = row; });
  if (!listed) return tl::unexpected(listed.error());
  EXPECT_GE(rows.size(), flush * kBlocksPerFlush);
  for (const auto& [height, row] : rows) {
    EXPECT_EQ(row.header, RowOf(height).header);
    EXPECT_EQ(row.height, static_cast<int>(height));
    const bool kept = height + (kKeptFlushes + 1) * kBlocksPerFlush > rows.size();
    EXPECT_TRUE(!kept || row.body_sequence != 0);
    if (row.body_sequence == 0) continue;
    EXPECT_TRUE(stores.blocks->Has(row.body_sequence) && stores.blocks->Has(row.undo_sequence));
    const auto body = stores.blocks->ReadBody(row.body_sequence);
    if (!body) return tl::unexpected(body.error());
    EXPECT_EQ(*body, BodyOf(height));
    const auto undo = stores.blocks->ReadUndo(row.undo_sequence);
    if (!undo) return tl::unexpected(undo.error());
    EXPECT_EQ(*undo, UndoOf(height));
  }
  return flush;
}

}  // namespace cairn::storage::test_run
