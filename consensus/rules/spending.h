// Rules of money: coins exist, are mature, and no value comes from nowhere.
#pragma once

#include <span>

#include "cairn/primitives/coin.h"
#include "consensus/params.h"
#include "consensus/rulebook.h"
#include "consensus/rules/block.h"
#include "consensus/script/flags.h"
#include "consensus/views.h"

namespace cairn::consensus {

/// One input and the coin it spends.
struct Spend {
  const Coin* coin;  // null if there is none or it is already spent
  int height;        // of the spending block
  const Params& params;
};

/// A transaction with all its coins, each found and each within range.
struct FundedTransaction {
  const Transaction& tx;
  std::span<const Coin* const> coins;  // in the order of the inputs
};

/// A transaction with its coins at its place in the chain.
struct PlacedSpend {
  const Transaction& tx;
  std::span<const Coin* const> coins;
  const Ancestors& ancestors;  // up to the block's parent
  ScriptFlags flags;

  int Height() const { return ancestors.Height() + 1; }
};

/// A transaction of a block, and what the block's transactions come to so far, this one included.
struct SummedSpend {
  PlacedSpend spend;
  Amount fees;
  uint64_t sigops_cost;
};

/// A block with the coins of all its inputs.
struct FundedBlock {
  const Block& block;
  const Params& params;
  const Ancestors& ancestors;  // up to the block's parent
  ScriptFlags flags;           // in force at the block
  /// One entry per input of the transactions behind the coinbase, in block order; null where the
  /// coin is missing or spent, earlier in the same block included.
  std::span<const Coin* const> coins;
  /// Some output of the block has the outpoint of a coin that is still unspent. To be looked up
  /// only where `Bip30Applies`, and false elsewhere; it has no default, so that nobody forgets it.
  bool overwrites_coin;

  int Height() const { return ancestors.Height() + 1; }
};

/// A block and the sum of its fees.
struct PaidBlock {
  const FundedBlock& funded;
  Amount fees;
};

// The rulebooks, in the order in which `ConnectBlock` opens them.
std::span<const Rule<FundedBlock>> FundedBlockRules();
std::span<const Rule<Spend>> SpendRules();
std::span<const Rule<FundedTransaction>> FundedTransactionRules();
std::span<const Rule<SummedSpend>> SummedSpendRules();
std::span<const Rule<PaidBlock>> PaidBlockRules();

/// The fee of a transaction that is not a coinbase, or what is wrong with its money.
/// `coins` has one entry per input, null where the coin is missing or spent.
tl::expected<Amount, Violation> CheckSpending(const Transaction& tx,
                                              std::span<const Coin* const> coins, int height,
                                              const Params& params);

/// BIP68: whether every input's relative lock has been reached.
bool HasReachedSequenceLocks(const PlacedSpend& spend);

/// Existence, maturity, values, fees, relative locks, the cost of signature operations, BIP30 and
/// the coinbase's amount: everything that needs coins but the scripts. Gives the sum of fees.
tl::expected<Amount, Violation> ConnectBlock(const FundedBlock& funded);

/// Whether BIP30 must be looked at: not at the two blocks of history that broke it, and not where
/// BIP34 makes coinbases unique. `bip34_block_is_ours` says that the chain's block at BIP34's
/// height is the one of `Params::bip34_hash`.
bool Bip30Applies(int height, const BlockHash& hash, bool bip34_block_is_ours,
                  const Params& params);

}  // namespace cairn::consensus
