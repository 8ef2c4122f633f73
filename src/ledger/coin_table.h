// The coins in memory above the ones in the database: all changes since the last flush, and clean
// copies of as many others as the memory budget lets stay.
//
// The ledger's thread alone changes coins. Any thread may look, and workers may warm the table with
// coins that the next blocks spend. Each shard has a leaf mutex of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "cairn/base/mutex.h"
#include "cairn/base/result.h"
#include "cairn/base/worker_pool.h"
#include "cairn/primitives/coin.h"
#include "cairn/primitives/salted_hasher.h"
#include "cairn/storage/coin_store.h"
#include "src/ledger/compact_coin.h"
#include "src/ledger/script_arena.h"

namespace cairn::ledger {

/// The changes of one flush, taken out of the table at once: the table goes on while they are
/// written. In key order.
struct FrozenCoins {
  struct Change {
    OutPoint outpoint;
    uint32_t size = 0;  // of the coin's record; 0: the coin is deleted
    uint64_t at = 0;    // of the record in `records`
  };
  struct Shard {
    std::vector<Change> changes;
    Bytes records;
  };
  std::vector<Shard> shards;

  size_t Count() const;
  /// Adds all changes to what is written together with the tip that they lead to.
  void AddTo(storage::Batch& batch) const;
};

class CoinTable {
 public:
  /// `store` must outlive the table; `store_is_empty` saves asking it.
  CoinTable(storage::CoinStore& store, bool store_is_empty);

  enum class Presence : uint8_t { kUnknown, kSpent, kUnspent };

  /// What the table knows of a coin; the database is not asked. The script is copied to `scripts`.
  Presence Look(const OutPoint& outpoint, ScriptArena& scripts, Coin& coin) const;

  /// The unspent coin, from the table or else from the database, of which a clean copy stays. The
  /// script is copied to `scripts`. For the ledger's thread.
  Result<std::optional<Coin>> Find(const OutPoint& outpoint, ScriptArena& scripts);

  /// The same, but nothing is remembered: for any thread.
  Result<std::optional<Coin>> FindOnly(const OutPoint& outpoint, ScriptArena& scripts) const;

  /// True while the table has every coin that the database has: what it does not know does not
  /// exist.
  bool IsComplete() const { return complete_.load(std::memory_order_acquire); }

  /// Takes clean copies of those coins that only the database knows. For workers, ahead of the
  /// ledger's thread; in key order it is fastest.
  Status Warm(std::span<const OutPoint> outpoints);

  /// Whether the database may hold the outpoint of an added coin although the table does not: true
  /// of restored coins, and of coinbases, which before BIP34 could repeat. A new coin that is spent
  /// before the next flush never touches the database.
  enum class Origin : uint8_t { kNew, kMayBeStored };

  /// Adds a coin; one that is there already is replaced.
  void Add(const OutPoint& outpoint, const Coin& coin, Origin origin);

  /// Removes a coin. False if there is none.
  Result<bool> Spend(const OutPoint& outpoint);

  /// Takes out all changes since the last freeze. The changes of the one before must have been
  /// `Settle`d.
  FrozenCoins Freeze(WorkerPool& workers);
  /// Says that the frozen changes are durable: their entries are clean copies now.
  void Settle(const FrozenCoins& frozen, WorkerPool& workers);

  /// Forgets clean copies, so that at most about `bytes` of memory are in use if there are enough.
  void Shrink(uint64_t bytes, WorkerPool& workers);

  /// Estimated memory of all entries, and of those that a freeze would take, in bytes.
  uint64_t MemoryBytes() const;
  uint64_t DirtyBytes() const { return dirty_bytes_.load(std::memory_order_relaxed); }

 private:
  using Map = boost::unordered_flat_map<OutPoint, CompactCoin, SaltedHasher>;
  // What one entry takes in a map at its usual load.
  static constexpr uint64_t kEntryBytes = (sizeof(OutPoint) + sizeof(CompactCoin)) * 3 / 2;
  static constexpr size_t kShards = 64;

  struct Shard {
    mutable base::Mutex mutex;
    Map coins CAIRN_GUARDED_BY(mutex);
    uint64_t script_bytes CAIRN_GUARDED_BY(mutex) = 0;
    /// Ascends when entries are forgotten: what was read from the database before may be outdated.
    uint64_t epoch CAIRN_GUARDED_BY(mutex) = 0;

    explicit Shard(const SaltedHasher& hasher) : coins(0, hasher) {}
  };

  Shard& ShardOf(const OutPoint& outpoint) { return shards_[IndexOf(outpoint)]; }
  const Shard& ShardOf(const OutPoint& outpoint) const { return shards_[IndexOf(outpoint)]; }
  /// Shards follow one another in the order of the database's keys.
  static size_t IndexOf(const OutPoint& outpoint) { return outpoint.txid.bytes[0] >> 2; }

  /// Adds a clean copy of what the database holds, unless the table knows better or has forgotten
  /// something since `epoch`.
  static void Remember(Shard& shard, uint64_t epoch, const OutPoint& outpoint, const Coin& coin);
  static uint64_t EpochOf(const Shard& shard);
  static void FreezeShard(Shard& shard, FrozenCoins::Shard& into);
  static void SettleShard(Shard& shard, const FrozenCoins::Shard& frozen);
  static void ShrinkShard(Shard& shard, uint64_t bytes);
  /// What the entry takes with its script.
  static uint64_t BytesOf(const CompactCoin& entry) { return kEntryBytes + entry.OutsideBytes(); }
  /// Of `DirtyBytes`: before an entry changes or goes, and after it has changed.
  void Uncount(Shard& shard, const CompactCoin& entry) CAIRN_REQUIRES(shard.mutex);
  void CountDirty(Shard& shard, CompactCoin& entry) CAIRN_REQUIRES(shard.mutex);

  storage::CoinStore& store_;
  std::deque<Shard> shards_;  // a mutex cannot move
  std::atomic<uint64_t> dirty_bytes_{0};
  std::atomic<bool> complete_;
};

}  // namespace cairn::ledger
