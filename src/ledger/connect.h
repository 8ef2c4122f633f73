// Connecting a block to the coins and taking it off again. The ledger thread's alone.
#pragma once

#include <vector>

#include "cairn/base/result.h"
#include "cairn/primitives/block.h"
#include "consensus/params.h"
#include "consensus/rules/spending.h"
#include "src/ledger/coin_cache.h"

namespace cairn::ledger {

/// The coins that a block's inputs spend, looked up but not yet spent.
class ResolvedCoins {
 public:
  /// Finds the coin of every input behind the coinbase: among the outputs that the block itself
  /// creates before it, else in the cache. Missing ones, and ones that the block spends twice, are
  /// null. Fails only when the database does.
  static Result<ResolvedCoins> Resolve(const Block& block, int height, CoinCache& cache);

  std::span<const Coin* const> pointers() const { return pointers_; }

 private:
  std::vector<Coin> coins_;
  std::vector<const Coin*> pointers_;
};

/// Whether the outpoint of some output of `block` is that of an unspent coin (BIP30).
Result<bool> OverwritesCoin(const Block& block, CoinCache& cache);

/// Spends all inputs of the block and adds its outputs. The block must have passed all rules.
Status ApplyBlock(const Block& block, int height, CoinCache& cache);

/// Takes the block off: removes its outputs and restores what it spent. Fails with `kCorruption` if
/// the undo data does not fit the block or the coins.
Status UnapplyBlock(const Block& block, std::span<const storage::StoredCoin> spent,
                    CoinCache& cache);

}  // namespace cairn::ledger
