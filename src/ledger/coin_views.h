// The pointers that functions on spent coins ask for, over coins as they are stored.
#pragma once

#include <span>
#include <vector>

#include "cairn/primitives/coin.h"
#include "cairn/storage/coin_codec.h"

namespace cairn::ledger {

/// The stored coins must outlive it and stay where they are.
class CoinViews {
 public:
  explicit CoinViews(std::span<const storage::StoredCoin> coins) {
    views_.reserve(coins.size());
    for (const storage::StoredCoin& coin : coins) views_.push_back(coin.View());
    for (const Coin& view : views_) pointers_.push_back(&view);
  }
  std::span<const Coin* const> pointers() const { return pointers_; }

 private:
  std::vector<Coin> views_;
  std::vector<const Coin*> pointers_;
};

}  // namespace cairn::ledger
