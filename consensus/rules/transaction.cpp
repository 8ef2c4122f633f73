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

bool IsNotNegative(const SummedOutput& output) { return output.value >= 0; }

bool IsNotTooLarge(const SummedOutput& output) { return output.value <= kMaxMoney; }

bool LeavesTotalInRange(const SummedOutput& output) {
  return output.value <= kMaxMoney - output.total_before;  // a sum might overflow
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
    {Reject::kInputsDuplicate, "", "A transaction MUST NOT spend an output twice.",
     HasDistinctInputs},
    {Reject::kCoinbaseLength, "", "A coinbase's script MUST have 2 to 100 bytes.",
     HasCoinbaseScriptInRange},
    {Reject::kPrevoutNull, "",
     "An input MUST NOT have the null outpoint, unless it is a coinbase's only one.",
     HasNoNullPrevout},
};

// Behind these, every output is judged by itself, in turn, as Bitcoin Core does.
constexpr size_t kRulesBeforeOutputs = 3;

constexpr Rule<SummedOutput> kOutputRules[] = {
    {Reject::kOutputNegative, "", "An output's value MUST NOT be negative.", IsNotNegative},
    {Reject::kOutputTooLarge, "", "An output's value MUST NOT exceed 21 million bitcoins.",
     IsNotTooLarge},
    {Reject::kOutputTotalTooLarge, "",
     "The sum of a transaction's outputs MUST NOT exceed 21 million bitcoins.", LeavesTotalInRange},
};

Verdict CheckOutputs(const Transaction& tx) {
  Amount total = 0;
  for (const TxOut& output : tx.outputs) {
    if (Verdict verdict = Judge(OutputRules(), SummedOutput{output.value, total}); !verdict) {
      return verdict;
    }
    total += output.value;
  }
  return {};
}

}  // namespace

std::span<const Rule<Transaction>> TransactionRules() { return kRules; }
std::span<const Rule<SummedOutput>> OutputRules() { return kOutputRules; }

Verdict CheckTransaction(const Transaction& tx) {
  const auto rules = TransactionRules();
  if (Verdict verdict = Judge(rules.first(kRulesBeforeOutputs), tx); !verdict) return verdict;
  if (Verdict verdict = CheckOutputs(tx); !verdict) return verdict;
  return Judge(rules.subspan(kRulesBeforeOutputs), tx);
}

bool IsFinal(const Transaction& tx, int height, int64_t cutoff) {
  if (tx.lock_time == 0) return true;
  const int64_t reached = tx.lock_time < kLockTimeThreshold ? int64_t{height} : cutoff;
  if (int64_t{tx.lock_time} < reached) return true;
  return std::all_of(tx.inputs.begin(), tx.inputs.end(),
                     [](const TxIn& input) { return input.sequence == TxIn::kFinalSequence; });
}

}  // namespace cairn::consensus
