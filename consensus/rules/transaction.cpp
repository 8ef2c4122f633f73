#include "consensus/rules/transaction.h"

#include <algorithm>
#include <vector>

namespace cairn::consensus {
namespace {

constexpr size_t kMinCoinbaseScript = 2;
constexpr size_t kMaxCoinbaseScript = 100;

bool HasInputs(const Transaction& tx) { return !tx.inputs.empty(); }

bool HasOutputs(const Transaction& tx) { return !tx.outputs.empty(); }

bool FitsIntoBlock(const Transaction& tx) {
  return uint64_t{tx.stripped_size} * kWitnessScaleFactor <= kMaxBlockWeight;
}

bool HasNoNegativeOutput(const Transaction& tx) {
  return std::all_of(tx.outputs.begin(), tx.outputs.end(),
                     [](const TxOut& output) { return output.value >= 0; });
}

bool HasNoOversizedOutput(const Transaction& tx) {
  return std::all_of(tx.outputs.begin(), tx.outputs.end(),
                     [](const TxOut& output) { return output.value <= kMaxMoney; });
}

bool HasOutputTotalInRange(const Transaction& tx) {
  Amount total = 0;
  for (const TxOut& output : tx.outputs) {
    total += output.value;  // both in range so far: no overflow
    if (!IsMoney(total)) return false;
  }
  return true;
}

bool HasDistinctInputs(const Transaction& tx) {
  if (tx.inputs.size() < 2) return true;
  std::vector<const OutPoint*> prevouts;
  prevouts.reserve(tx.inputs.size());
  for (const TxIn& input : tx.inputs) prevouts.push_back(&input.prevout);
  std::sort(prevouts.begin(), prevouts.end(),
            [](const OutPoint* a, const OutPoint* b) { return *a < *b; });
  return std::adjacent_find(prevouts.begin(), prevouts.end(),
                            [](const OutPoint* a, const OutPoint* b) { return *a == *b; }) ==
         prevouts.end();
}

bool HasCoinbaseScriptInRange(const Transaction& tx) {
  if (!tx.IsCoinbase()) return true;
  const size_t size = tx.inputs[0].script_sig.size();
  return size >= kMinCoinbaseScript && size <= kMaxCoinbaseScript;
}

bool HasNoNullPrevout(const Transaction& tx) {
  return tx.IsCoinbase() || std::none_of(tx.inputs.begin(), tx.inputs.end(),
                                         [](const TxIn& input) { return input.prevout.IsNull(); });
}

constexpr Rule<Transaction> kRules[] = {
    {Reject::kInputsEmpty, "", "A transaction MUST have an input.", HasInputs},
    {Reject::kOutputsEmpty, "", "A transaction MUST have an output.", HasOutputs},
    {Reject::kOversize, "141",
     "A transaction MUST NOT have more than 1,000,000 bytes without witness.", FitsIntoBlock},
    {Reject::kOutputNegative, "", "An output's value MUST NOT be negative.", HasNoNegativeOutput},
    {Reject::kOutputTooLarge, "", "An output's value MUST NOT exceed 21 million bitcoins.",
     HasNoOversizedOutput},
    {Reject::kOutputTotalTooLarge, "",
     "The sum of a transaction's outputs MUST NOT exceed 21 million bitcoins.",
     HasOutputTotalInRange},
    {Reject::kInputsDuplicate, "", "A transaction MUST NOT spend an output twice.",
     HasDistinctInputs},
    {Reject::kCoinbaseLength, "", "A coinbase's script MUST have 2 to 100 bytes.",
     HasCoinbaseScriptInRange},
    {Reject::kPrevoutNull, "",
     "An input MUST NOT have the null outpoint, unless it is a coinbase's only one.",
     HasNoNullPrevout},
};

}  // namespace

std::span<const Rule<Transaction>> TransactionRules() { return kRules; }

Verdict CheckTransaction(const Transaction& tx) { return Judge(TransactionRules(), tx); }

bool IsFinal(const Transaction& tx, int height, int64_t cutoff) {
  if (tx.lock_time == 0) return true;
  const int64_t reached = tx.lock_time < kLockTimeThreshold ? int64_t{height} : cutoff;
  if (int64_t{tx.lock_time} < reached) return true;
  return std::all_of(tx.inputs.begin(), tx.inputs.end(),
                     [](const TxIn& input) { return input.sequence == TxIn::kFinalSequence; });
}

}  // namespace cairn::consensus
