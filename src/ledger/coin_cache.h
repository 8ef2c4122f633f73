// The coins in memory, above the ones in the database. The ledger thread's alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <boost/unordered/unordered_flat_map.hpp>

#include "cairn/base/result.h"
#include "cairn/primitives/coin.h"
#include "cairn/primitives/transaction.h"
#include "cairn/storage/coin_store.h"

namespace cairn::ledger {

/// Hashes outpoints under a random key, so that nobody can build transactions that collide.
class SaltedOutPointHasher {
 public:
  SaltedOutPointHasher();
  size_t operator()(const OutPoint& outpoint) const;

 private:
  uint64_t key0_;
  uint64_t key1_;
};

class CoinCache {
 public:
  explicit CoinCache(storage::CoinStore& store) : store_(store) {}

  /// The unspent coin, or nothing. Its script is valid until the coin is spent or the cache
  /// flushed.
  Result<std::optional<Coin>> Find(const OutPoint& outpoint);

  /// Whether the database may hold the outpoint of an added coin although the cache does not: true
  /// of restored coins, and of coinbases, which before BIP34 could repeat. A new coin that is spent
  /// before the next flush never touches the database.
  enum class Origin { kNew, kMayBeStored };

  /// Adds a coin; one that is there already is replaced.
  void Add(const OutPoint& outpoint, const Coin& coin, Origin origin);

  /// Removes a coin. False if there is none.
  Result<bool> Spend(const OutPoint& outpoint);

  /// Estimated memory of all entries, in bytes.
  uint64_t MemoryBytes() const { return script_bytes_ + entries_.size() * kEntryBytes; }

  /// Makes all changes durable together with the tip that they lead to. With `drop`, forgets all
  /// entries afterwards; else they stay as clean copies.
  Status Flush(const storage::FlushedTip& tip, bool drop);

 private:
  struct Entry {
    storage::StoredCoin coin;
    bool spent = false;
    bool dirty = false;     // differs from the database
    bool in_store = false;  // the database may have (some version of) this coin
  };
  // What one entry takes in the table at its usual load.
  static constexpr uint64_t kEntryBytes = (sizeof(OutPoint) + sizeof(Entry)) * 3 / 2;

  using Table = boost::unordered_flat_map<OutPoint, Entry, SaltedOutPointHasher>;

  /// The entry of that outpoint, fetched from the database if need be; the table's end if neither
  /// knows it.
  Result<Table::iterator> Fetch(const OutPoint& outpoint);
  void SetSpent(Table::iterator at);

  storage::CoinStore& store_;
  Table entries_;
  uint64_t script_bytes_ = 0;
};

}  // namespace cairn::ledger
