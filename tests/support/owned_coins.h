// Coins that own their scripts, for functions that only look at them.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "cairn/primitives/coin.h"

namespace cairn::test {

/// Coins with their scripts, and the pointers to them that functions ask for.
class OwnedCoins {
 public:
  OwnedCoins() = default;
  OwnedCoins(const OwnedCoins&) = delete;
  OwnedCoins& operator=(const OwnedCoins&) = delete;

  void Add(Amount value, int height, bool coinbase, Bytes script) {
    scripts_.push_back(std::move(script));
    coins_.push_back({value, height, coinbase, scripts_.back()});
    pointers_.clear();
  }

  size_t size() const { return coins_.size(); }
  const Coin& operator[](size_t i) const { return coins_[i]; }

  /// Good until the next coin comes.
  std::span<const Coin* const> pointers() {
    if (pointers_.empty()) {
      for (const Coin& coin : coins_) pointers_.push_back(&coin);
    }
    return pointers_;
  }

 private:
  std::vector<Bytes> scripts_;  // moving a vector leaves its bytes where they are
  std::vector<Coin> coins_;
  std::vector<const Coin*> pointers_;
};

}  // namespace cairn::test
