#include "consensus/script/optimistic.h"

#include <algorithm>

#include "consensus/rules/scripts.h"

namespace cairn::consensus {

Verdict OptimisticRuns::RunOnce(const Pending& pending, SignatureVerifier& verifier) {
  Verdict verdict =
      CheckInputScripts(*pending.midstates, pending.input, 1, pending.flags, verifier);
  if (!verdict) verdict.error().transaction = pending.transaction;
  return verdict;
}

Verdict OptimisticRuns::Run(const TransactionMidstates& midstates, uint32_t input,
                            ScriptFlags flags, std::optional<uint32_t> transaction) {
  const size_t before = deferring_.deferred().size();
  const uint64_t at_once_before = deferring_.verified_at_once();
  Pending pending{&midstates, input, flags, transaction, before, before};
  const Verdict verdict = RunOnce(pending, deferring_);
  pending.to = deferring_.deferred().size();
  counts_.deferred += pending.to - before;
  counts_.at_once += deferring_.verified_at_once() - at_once_before;
  if (pending.to == before) return verdict;  // nothing was assumed
  if (verdict) {
    pending_.push_back(pending);
    return verdict;
  }
  // To fail on an assumption is no verdict. Nothing is known of the signatures yet, so that the
  // exact run costs what it would have cost in the first place.
  deferring_.Forget(before);
  ++counts_.repeated;
  return RunOnce(pending, verifier_);
}

std::vector<Violation> OptimisticRuns::Settle() {
  std::vector<Violation> violations;
  VerifyDeferred();
  for (const Pending& pending : pending_) {
    if (AllValid(pending)) continue;
    if (const Verdict verdict = RunAgain(pending); !verdict) violations.push_back(verdict.error());
  }
  pending_.clear();
  batch_.clear();
  deferring_.Forget();
  return violations;
}

void OptimisticRuns::VerifyDeferred() {
  batch_.clear();
  for (const DeferredCheck& check : deferring_.deferred()) batch_.push_back({check.View()});
  if (!batch_.empty()) verifier_.VerifyBatch(batch_);
}

bool OptimisticRuns::AllValid(const Pending& pending) const {
  const auto own = std::span(batch_).subspan(pending.from, pending.to - pending.from);
  return std::all_of(own.begin(), own.end(), [](const BatchedCheck& check) { return check.valid; });
}

Verdict OptimisticRuns::RunAgain(const Pending& pending) {
  RecallingVerifier recalling(verifier_);
  for (size_t i = pending.from; i < pending.to; ++i) {
    recalling.Recall(deferring_.deferred()[i], batch_[i].valid);
  }
  ++counts_.repeated;
  return RunOnce(pending, recalling);
}

}  // namespace cairn::consensus
