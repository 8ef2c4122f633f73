// Runs inputs as if their signatures were right, and verifies those in batches behind the runs.
//
// A run that succeeds and whose signatures all prove right was the true run. Any other input is run
// again exactly, alone, with what is known of its signatures; so every verdict is that of an exact
// run.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "consensus/script/checker.h"
#include "consensus/script/flags.h"
#include "consensus/verdict.h"

namespace cairn::consensus {

/// For one thread. What is measured or remembered about signatures is a matter of the verifier.
class OptimisticRuns {
 public:
  /// Signatures that are worth a batch.
  static constexpr size_t kBatch = 32;

  struct Counts {
    uint64_t deferred = 0;  // signatures put off
    uint64_t at_once = 0;   // signatures of optimistic runs that could not be put off
    uint64_t repeated = 0;  // inputs run again exactly
  };

  /// `verifier` answers for every signature: batches by `VerifyBatch`, the others at once. It must
  /// decide, not defer, and outlive this.
  explicit OptimisticRuns(SignatureVerifier& verifier)
      : verifier_(verifier), deferring_(verifier) {}

  OptimisticRuns(const OptimisticRuns&) = delete;
  OptimisticRuns& operator=(const OptimisticRuns&) = delete;

  /// Runs the scripts of an input whose coin the midstates know. A violation is certain; success
  /// may still hang on signatures that `Settle` is to verify, and the midstates must live until
  /// then. `transaction` is what violations name as theirs.
  Verdict Run(const TransactionMidstates& midstates, uint32_t input, ScriptFlags flags,
              std::optional<uint32_t> transaction = std::nullopt);

  /// True when a batch is full: `Settle` should come before the next run, but need not.
  bool IsFull() const { return deferring_.deferred().size() >= kBatch; }

  /// Verifies all signatures that were put off. Gives the violations of the inputs that fail by
  /// them, in the order of their runs; none, mostly, and then nothing is left to be proven.
  std::vector<Violation> Settle();

  const Counts& counts() const { return counts_; }

 private:
  /// An input whose verdict hangs on the signatures put off from number `from` up to `to`.
  struct Pending {
    const TransactionMidstates* midstates;
    uint32_t input;
    ScriptFlags flags;
    std::optional<uint32_t> transaction;
    size_t from;
    size_t to;
  };

  static Verdict RunOnce(const Pending& pending, SignatureVerifier& verifier);
  void VerifyDeferred();
  bool AllValid(const Pending& pending) const;
  Verdict RunAgain(const Pending& pending);

  SignatureVerifier& verifier_;
  DeferringVerifier deferring_;
  std::vector<Pending> pending_;
  std::vector<BatchedCheck> batch_;
  Counts counts_;
};

}  // namespace cairn::consensus
