#include "src/p2p/shared_pool.h"

namespace cairn::p2p {
namespace {

using mempool::Admission;
using mempool::RejectKind;

PoolTransaction From(const mempool::PoolSummary& summary) {
  PoolTransaction result;
  result.transaction = summary.tx;
  result.fee = summary.fee;
  result.virtual_size = summary.vsize;
  result.added = Instant(std::chrono::seconds(summary.time));
  result.ancestors = static_cast<int>(summary.ancestor_count);
  result.sequence = summary.sequence;
  return result;
}

TransactionFate FateOf(const mempool::AdmissionResult& result) {
  if (result.outcome == Admission::kAccepted) return TransactionFate::kAccepted;
  switch (result.kind) {
    case RejectKind::kConsensus: return TransactionFate::kInvalid;
    case RejectKind::kKnown: return TransactionFate::kKnown;
    case RejectKind::kMissingInputs: return TransactionFate::kOrphan;
    case RejectKind::kInputsNotStandard: return TransactionFate::kPolicyInputs;
    case RejectKind::kWitnessStripped: return TransactionFate::kWitnessStripped;
    case RejectKind::kReconsiderable: return TransactionFate::kReconsiderable;
    case RejectKind::kNotStandard:
    case RejectKind::kPremature:
    case RejectKind::kWitnessMutated:
    case RejectKind::kConflict:
    case RejectKind::kPolicy: return TransactionFate::kPolicy;
    case RejectKind::kNone:
    case RejectKind::kFailed: return TransactionFate::kFailed;
  }
  return TransactionFate::kFailed;
}

}  // namespace

TransactionVerdict VerdictOf(const mempool::AdmissionResult& result) {
  return {FateOf(result), result.reason, result.replaced};
}

PairVerdict VerdictOf(const mempool::PackageResult& result) {
  PairVerdict verdict;
  if (result.results.size() == 2) {
    verdict.parent = VerdictOf(result.results[0]);
    verdict.child = VerdictOf(result.results[1]);
  }
  if (result.message != "success") verdict.reason = result.message;
  return verdict;
}

const PoolTransaction* SharedPool::Find(const Wtxid& wtxid) const {
  return Keep(pool_.Summary(wtxid));
}

const PoolTransaction* SharedPool::Find(const Txid& txid) const {
  return Keep(pool_.Summary(txid));
}

const PoolTransaction* SharedPool::Keep(const std::optional<mempool::PoolSummary>& summary) const {
  if (!summary) return nullptr;
  found_ = From(*summary);
  return &found_;
}

/// Of what is confirmed the first outputs tell, unless they are spent or only on the disk, which
/// the network thread does not wait for: then it is asked for in vain, once.
bool SharedPool::KnowsParent(const Txid& txid) const {
  if (pool_.Contains(txid)) return true;
  for (const uint32_t index : {0U, 1U}) {
    if (ledger_.HoldsCoin({txid, index})) return true;
  }
  return false;
}

void SharedPool::ForEach(const std::function<void(const PoolTransaction&)>& visit) const {
  for (const mempool::PoolSummary& summary : pool_.Summaries()) visit(From(summary));
}

}  // namespace cairn::p2p
