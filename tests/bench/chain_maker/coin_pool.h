// The coins of a made chain, in the order in which they were made, so that old and fresh ones can
// be told apart.
//
// A value: a copy goes its own way from there, as a fork does.
#pragma once

#include <optional>
#include <vector>

#include "cairn/primitives/transaction.h"
#include "tests/bench/chain_maker/key_ring.h"

namespace cairn::bench {

struct MadeCoin {
  OutPoint outpoint;  // the txid is known once the transaction is signed
  Amount value = 0;
  Payee payee;
  int height = 0;
  uint16_t depth = 0;  // transactions of the block under construction that lead to it, in a row
  bool coinbase = false;
  bool spent = false;
};

class CoinPool {
 public:
  explicit CoinPool(int coinbase_maturity) : maturity_(coinbase_maturity) {}

  /// Everything added from here on belongs to the block at `height`. Coins change their places.
  void BeginBlock(int height);

  size_t size() const { return coins_.size(); }
  const MadeCoin& operator[](size_t place) const { return coins_[place]; }
  MadeCoin& operator[](size_t place) { return coins_[place]; }
  const std::vector<MadeCoin>& coins() const { return coins_; }

  size_t Add(const MadeCoin& coin);
  void Spend(size_t place) { SetSpent(place, true); }
  void Unspend(size_t place) { SetSpent(place, false); }

  /// Coins that transactions may spend, save those of coinbases.
  size_t spendable() const { return spendable_; }

  /// A coin of an earlier block. How many were made after it is drawn such that every doubling of
  /// that number is equally likely: most coins are spent soon, some after a very long time.
  std::optional<size_t> DrawOld(Random& random) const;
  /// A coin of the block under construction.
  std::optional<size_t> DrawFresh(Random& random) const;
  /// The first coin of an earlier block that has at least this value, searched from `from` on.
  std::optional<size_t> FirstOfValue(Amount least, size_t from) const;

 private:
  bool IsOldAndSpendable(size_t place) const;
  void SetSpent(size_t place, bool spent);

  int maturity_;
  int height_ = 0;
  size_t block_begin_ = 0;  // of the coins of the block under construction
  size_t spendable_ = 0;
  std::vector<MadeCoin> coins_;
};

}  // namespace cairn::bench
