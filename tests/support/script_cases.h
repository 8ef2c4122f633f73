// One spend with its expected end, from any of the script vectors, and the ways to run it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cairn/primitives/transaction.h"
#include "consensus/script/verify.h"

namespace cairn::test {

/// An input with all coins of its transaction.
struct SpendCase {
  std::string name;
  TransactionPtr tx;
  std::vector<TransactionDraft::Output> coins;  // of all inputs, in order
  size_t input = 0;
  consensus::ScriptFlags flags;

  std::vector<TxOut> Spent() const {
    std::vector<TxOut> spent;
    for (const auto& coin : coins) spent.push_back({coin.value, coin.script});
    return spent;
  }
};

/// Runs the case under a verifier.
inline consensus::ScriptError RunCase(const SpendCase& spend,
                                      consensus::SignatureVerifier& verifier) {
  const std::vector<TxOut> spent = spend.Spent();
  const consensus::TransactionMidstates midstates(*spend.tx, spent);
  return consensus::VerifyInput(midstates, spend.input, spent[spend.input], spend.flags, verifier);
}

inline consensus::ScriptError RunExactly(const SpendCase& spend) {
  consensus::ExactVerifier exact;
  return RunCase(spend, exact);
}

/// A run that puts its signatures off, verifies them in one batch, and repeats exactly where the
/// optimistic run proves nothing.
struct DeferredOutcome {
  consensus::ScriptError error = consensus::ScriptError::kOk;
  uint64_t deferred = 0;
  bool repeated = false;
};

inline DeferredOutcome RunDeferring(const SpendCase& spend) {
  DeferredOutcome outcome;
  consensus::ExactVerifier at_once;
  consensus::DeferringVerifier deferring(at_once);
  outcome.error = RunCase(spend, deferring);
  outcome.deferred = deferring.deferred().size();
  const bool failed = outcome.error != consensus::ScriptError::kOk;
  if (failed && outcome.deferred == 0) return outcome;  // nothing was assumed
  if (failed || consensus::VerifyAll(deferring.deferred()) >= 0) {
    outcome.repeated = true;
    outcome.error = RunExactly(spend);
  }
  return outcome;
}

}  // namespace cairn::test
