// The rule that every input's scripts must agree to the spend.
#pragma once

#include <span>
#include <vector>

#include "cairn/primitives/coin.h"
#include "consensus/rulebook.h"
#include "consensus/script/checker.h"
#include "consensus/script/flags.h"

namespace cairn::consensus {

/// The one rule about what the run of an input's scripts came to.
std::span<const Rule<ScriptError>> ScriptRules();

/// What the scripts of a transaction's inputs see of the coins that they spend, none of them null.
/// Looks into the coins' scripts.
std::vector<TxOut> OutputsOf(std::span<const Coin* const> coins);

/// Runs the scripts of all inputs of a transaction that is not a coinbase. `coins` has one entry
/// per input, none of them null. The violation names the first input that fails, and why.
Verdict CheckScripts(const Transaction& tx, std::span<const Coin* const> coins, ScriptFlags flags,
                     SignatureVerifier& verifier);

/// The same for `count` inputs from `first` on, of a transaction whose spent outputs are all known
/// to its midstates.
Verdict CheckInputScripts(const TransactionMidstates& midstates, uint32_t first, uint32_t count,
                          ScriptFlags flags, SignatureVerifier& verifier);

/// And for all of its inputs.
Verdict CheckAllInputScripts(const TransactionMidstates& midstates, ScriptFlags flags,
                             SignatureVerifier& verifier);

}  // namespace cairn::consensus
