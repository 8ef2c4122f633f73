// The coins of one transaction's inputs, from the pool or from the ledger.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "cairn/ledger/ledger.h"
#include "src/mempool/graph.h"

namespace cairn::mempool {

enum class CoinSearch { kFound, kMissing, kFailed };

/// Owns what it found. Coins of the pool have the height of the block above `tip_height`.
class SpentCoins {
 public:
  SpentCoins() = default;
  SpentCoins(const SpentCoins&) = delete;
  SpentCoins& operator=(const SpentCoins&) = delete;

  /// Looks for all of them, first among the outputs of `package`, which is not in the pool yet. The
  /// graph's side is read here, so its rules of reading hold.
  CoinSearch Find(const Transaction& tx, const Graph& graph, ledger::Ledger& ledger, int tip_height,
                  std::span<const TransactionPtr> package = {});

  std::span<const Coin* const> coins() const { return pointers_; }
  /// Why the search failed.
  const std::string& error() const { return error_; }

 private:
  bool AddOutput(const TransactionPtr& parent, uint32_t index, int height);

  std::deque<Coin> coins_;
  std::deque<Bytes> scripts_;
  std::vector<TransactionPtr> parents_;  // whose scripts the coins look into
  std::vector<const Coin*> pointers_;
  std::string error_;
};

}  // namespace cairn::mempool
