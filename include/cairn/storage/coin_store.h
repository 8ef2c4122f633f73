// The chainstate/ database: every unspent coin, and the tip at which the set is true.
// See docs/formats/coins.md. Safe from any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "cairn/primitives/hash.h"
#include "cairn/storage/coin_codec.h"
#include "cairn/storage/database.h"

namespace cairn::storage {

/// The format of the database.
inline constexpr std::string_view kCoinsFormat = "cairn coins 1";

/// The state that a flush made durable.
struct FlushedTip {
  BlockHash hash;
  uint64_t flush_number = 0;  // ascends with every flush
};

/// Every coin as of one flush, whatever is written since. See `Snapshot`; the store must outlive
/// it.
class CoinSnapshot {
 public:
  /// Nothing in a new database.
  const std::optional<FlushedTip>& tip() const { return tip_; }
  Result<std::optional<StoredCoin>> ReadCoin(const OutPoint& outpoint) const;

  /// Calls `visit` with every coin from `first` on, in key order, until it returns false; an
  /// undecodable coin is an error. The coin is valid during the call only. Threads may share the
  /// work: each takes a part of the txids, in the order of their bytes.
  Status Scan(const OutPoint& first,
              const std::function<bool(const OutPoint&, const StoredCoin&)>& visit) const;

 private:
  friend class CoinStore;
  CoinSnapshot() = default;
  std::unique_ptr<Snapshot> snapshot_;
  std::optional<FlushedTip> tip_;
};

class CoinStore {
 public:
  static Result<std::unique_ptr<CoinStore>> Open(const std::filesystem::path& folder,
                                                 uint64_t budget);
  /// Deletes the store in `folder`, open nowhere: after a crash it is there whole or not at all.
  static Status Destroy(const std::filesystem::path& folder) { return Database::Destroy(folder); }

  /// Nothing in a new database.
  Result<std::optional<FlushedTip>> ReadTip() const;
  /// Nothing if there is no such coin.
  Result<std::optional<StoredCoin>> ReadCoin(const OutPoint& outpoint) const;
  /// The same undecoded, into a string that the caller can use again and again; false if there is
  /// no such coin.
  Result<bool> ReadRawCoin(const OutPoint& outpoint, std::string& value) const;

  static void PutCoin(Batch& batch, const OutPoint& outpoint, const Coin& coin);
  /// The same with the coin as `AppendCoin` wrote it.
  static void PutRecord(Batch& batch, const OutPoint& outpoint, ByteSpan record);
  static void DeleteCoin(Batch& batch, const OutPoint& outpoint);
  /// Writes the changes and the tip that they lead to in one synced step. Ascending keys, each
  /// once, are written faster than others.
  Status Commit(Batch& batch, const FlushedTip& tip);

  Result<std::unique_ptr<CoinSnapshot>> TakeSnapshot() const;

  /// Costs nothing to ask.
  uint64_t DiskBytes() const { return database_->DiskBytes(); }

  /// Calls `visit` with every coin in key order; an undecodable row is an error.
  Status ForEachCoin(const std::function<void(const OutPoint&, const StoredCoin&)>& visit) const;

 private:
  CoinStore() = default;
  std::unique_ptr<Database> database_;
};

}  // namespace cairn::storage
