// The coins as they will be once blocks that are still being proven are committed: spends and
// creations of those blocks, above the table.
//
// The ledger's thread alone uses it. Blocks are staged in chain order and committed in the same
// order; a failure drops all that is staged.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "cairn/base/result.h"
#include "cairn/primitives/block.h"
#include "cairn/storage/coin_codec.h"
#include "src/ledger/coin_table.h"

namespace cairn::ledger {

/// The coins that a block's inputs spend, in block order behind the coinbase. It owns their
/// scripts.
class SpentCoins {
 public:
  /// Null where the coin is missing or was spent before, earlier in the same block included.
  std::span<const Coin* const> pointers() const { return pointers_; }

 private:
  friend class CoinOverlay;
  void Reserve(size_t count);
  void Append(const std::optional<Coin>& coin, bool of_this_block);

  std::vector<Coin> coins_;  // reserved once: pointers into it stay valid
  std::vector<const Coin*> pointers_;
  std::vector<bool> of_this_block_;  // created by the block itself
  ScriptArena scripts_;
};

class CoinOverlay {
 public:
  /// `table` must outlive the overlay.
  explicit CoinOverlay(CoinTable& table) : table_(table) {}

  bool empty() const { return entries_.empty(); }

  /// Whether some output of `block` has the outpoint of an unspent coin (BIP30). To be asked before
  /// the block is staged.
  Result<bool> Overwrites(const Block& block);

  /// Finds the coins of all inputs and stages their spending and the block's outputs. The block
  /// must stay alive until it is committed or dropped. Missing coins are no error here.
  Result<std::shared_ptr<const SpentCoins>> Stage(const Block& block, int height);

  /// Hands the changes of the block that was staged first to the table. All its coins must have
  /// been there.
  Status Commit(const Block& block, int height, const SpentCoins& spent);

  /// Stages the taking off of a block: its outputs go, what it spent comes back. Fails with
  /// `kCorruption` if the undo data does not fit the block or the coins. With
  /// `coinbase_may_be_gone`, a later block may have repeated the coinbase (before BIP34) and taken
  /// its outputs with it. What `spent` looks into must live until `CommitAll` or `Clear`.
  Status Unstage(const Block& block, std::span<const storage::StoredCoin> spent,
                 bool coinbase_may_be_gone);
  /// Hands all that `Unstage` did to the table.
  Status CommitAll();

  /// Drops everything that is staged.
  void Clear();

 private:
  /// The state of an outpoint by the last block that touched it.
  struct Entry {
    Coin coin;           // its script is the block's that created it, or the undo data's
    uint64_t block = 0;  // number of that block, in order of staging
    bool spent = false;
  };
  using Map = boost::unordered_flat_map<OutPoint, Entry, SaltedHasher>;

  Status StageInput(const OutPoint& prevout, SpentCoins& spent);
  Result<bool> Exists(const OutPoint& outpoint);
  Status RemoveOutputs(const Transaction& tx, bool may_be_gone);

  CoinTable& table_;
  Map entries_;
  uint64_t staged_ = 0;     // blocks ever staged
  uint64_t committed_ = 0;  // and committed
};

}  // namespace cairn::ledger
