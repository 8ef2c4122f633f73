// The second and the last stage of admission: what a transaction spends, and whether its scripts
// agree.
#pragma once

#include <span>

#include "cairn/ledger/chain_view.h"
#include "cairn/mempool/policy.h"
#include "cairn/primitives/coin.h"
#include "cairn/primitives/transaction.h"
#include "consensus/script/checker.h"
#include "consensus/verdict.h"
#include "src/mempool/policy_rule.h"

namespace cairn::mempool {

/// A transaction with all the coins that it spends, in the order of its inputs. Those that the pool
/// creates have the height of the next block.
struct FundedLoose {
  const Transaction& tx;
  std::span<const Coin* const> coins;
  const ledger::ChainView& view;
};

/// An input with its coin.
struct SpentInput {
  const TxIn& input;
  const Coin& coin;
};

// The tables, in the order in which they are asked; the latter two only where only standard
// transactions are wanted.
std::span<const PolicyRule<FundedLoose>> LockRules();
std::span<const PolicyRule<SpentInput>> SpentScriptRules();
std::span<const PolicyRule<SpentInput>> WitnessRules();

/// Relative locks, the rules of money, and what standard inputs look like. `fee` is set where the
/// money is right.
Objection CheckInputs(const FundedLoose& funded, bool require_standard, Amount* fee);

/// Runs the scripts under the standard rules. Whether a failure makes the transaction invalid is
/// what a second run of the input that failed, under the mandatory rules alone, says.
Objection CheckScripts(const Transaction& tx, const consensus::TransactionMidstates& midstates,
                       consensus::SignatureVerifier& verifier);

/// What to say where scripts make a transaction invalid.
Rejection ScriptRejection(const consensus::Violation& violation);

}  // namespace cairn::mempool
