// The chainstate/ database: every unspent coin, and the tip at which the set is true.
// See docs/formats/coins.md. Safe from any thread.
#pragma once

#include <memory>
#include <optional>

#include "cairn/primitives/hash.h"
#include "cairn/storage/coin_codec.h"
#include "cairn/storage/database.h"

namespace cairn::storage {

/// The state that a flush made durable.
struct FlushedTip {
  BlockHash hash;
  uint64_t flush_number = 0;  // ascends with every flush
};

class CoinStore {
 public:
  static Result<std::unique_ptr<CoinStore>> Open(const std::filesystem::path& folder,
                                                 uint64_t budget);

  /// Nothing in a new database.
  Result<std::optional<FlushedTip>> ReadTip() const;
  /// Nothing if there is no such coin.
  Result<std::optional<StoredCoin>> ReadCoin(const OutPoint& outpoint) const;

  static void PutCoin(Batch& batch, const OutPoint& outpoint, const Coin& coin);
  static void DeleteCoin(Batch& batch, const OutPoint& outpoint);
  /// Writes the changes and the tip that they lead to in one synced step.
  Status Commit(Batch& batch, const FlushedTip& tip);

  /// Calls `visit` with every coin in key order; an undecodable row is an error.
  Status ForEachCoin(const std::function<void(const OutPoint&, const StoredCoin&)>& visit) const;

 private:
  CoinStore() = default;
  std::unique_ptr<Database> database_;
};

}  // namespace cairn::storage
