// One spend with its expected end, from any of the script vectors, and the ways to run it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cairn/primitives/transaction.h"
#include "consensus/script/optimistic.h"
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

/// Counts what is asked of the curve, and how it answers.
class CountingVerifier final : public consensus::SignatureVerifier {
 public:
  bool Verify(const consensus::SignatureCheck& check) override {
    const bool valid = exact_.Verify(check);
    ++(valid ? valid_ : invalid_);
    return valid;
  }

  uint64_t valid() const { return valid_; }
  uint64_t invalid() const { return invalid_; }

 private:
  consensus::ExactVerifier exact_;
  uint64_t valid_ = 0;
  uint64_t invalid_ = 0;
};

/// A run that puts its signatures off, verifies them in one batch, and repeats exactly where the
/// optimistic run proves nothing.
struct DeferredOutcome {
  consensus::ScriptError error = consensus::ScriptError::kOk;
  consensus::OptimisticRuns::Counts counts;
};

inline DeferredOutcome RunDeferring(const SpendCase& spend,
                                    consensus::SignatureVerifier& verifier) {
  const std::vector<TxOut> spent = spend.Spent();
  const consensus::TransactionMidstates midstates(*spend.tx, spent);
  consensus::OptimisticRuns runs(verifier);
  DeferredOutcome outcome;
  const consensus::Verdict verdict =
      runs.Run(midstates, static_cast<uint32_t>(spend.input), spend.flags);
  if (!verdict) outcome.error = verdict.error().script_error;
  for (const consensus::Violation& late : runs.Settle()) outcome.error = late.script_error;
  outcome.counts = runs.counts();
  return outcome;
}

inline DeferredOutcome RunDeferring(const SpendCase& spend) {
  consensus::ExactVerifier exact;
  return RunDeferring(spend, exact);
}

/// How the signatures of many runs were verified, for a test to print.
struct DeferredTally {
  uint64_t deferred = 0;
  uint64_t at_once = 0;
  uint64_t repeated = 0;

  void Add(const consensus::OptimisticRuns::Counts& counts) {
    deferred += counts.deferred;
    at_once += counts.at_once;
    repeated += counts.repeated;
  }
  std::string ToString() const {
    return std::to_string(deferred) + " signatures deferred, " + std::to_string(at_once) +
           " verified at once, " + std::to_string(repeated) + " runs repeated";
  }
};

}  // namespace cairn::test
