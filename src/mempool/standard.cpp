#include "src/mempool/standard.h"

#include <algorithm>

#include "cairn/base/writer.h"
#include "cairn/primitives/script.h"
#include "consensus/rules/transaction.h"

namespace cairn::mempool {
namespace {

bool HasStandardVersion(const LooseTransaction& loose) {
  return loose.tx.version >= 1 && loose.tx.version <= kMaxStandardVersion;
}

bool HasStandardWeight(const LooseTransaction& loose) {
  return loose.tx.Weight() <= kMaxStandardWeight;
}

constexpr PolicyRule<LooseTransaction> kFormRules[] = {
    {RejectKind::kNotStandard, "version", "A version SHOULD be 1, 2 or 3.", HasStandardVersion},
    {RejectKind::kNotStandard, "tx-size", "A transaction SHOULD NOT weigh more than 400,000.",
     HasStandardWeight},
};

bool HasStandardScriptSigSize(const TxIn& input) {
  return input.script_sig.size() <= kMaxStandardScriptSig;
}

bool OnlyPushes(const TxIn& input) { return IsPushOnly(input.script_sig); }

constexpr PolicyRule<TxIn> kInputFormRules[] = {
    {RejectKind::kNotStandard, "scriptsig-size",
     "A scriptSig SHOULD NOT have more than 1650 bytes.", HasStandardScriptSigSize},
    {RejectKind::kNotStandard, "scriptsig-not-pushonly", "A scriptSig SHOULD only push.",
     OnlyPushes},
};

bool HasStandardScript(const LooseOutput& loose) {
  const ClassifiedOutput kind = ClassifyOutput(loose.output.script);
  switch (kind.type) {
    case OutputType::kNonStandard: return false;
    case OutputType::kMultisig: return kind.parts.size() <= kMaxStandardMultisigKeys;
    case OutputType::kNullData:
      return loose.policy.max_datacarrier_bytes &&
             loose.output.script.size() <= *loose.policy.max_datacarrier_bytes;
    default: return true;
  }
}

bool IsNoUnwantedMultisig(const LooseOutput& loose) {
  return loose.policy.permit_bare_multisig ||
         ClassifyOutput(loose.output.script).type != OutputType::kMultisig;
}

bool IsWorthSpending(const LooseOutput& loose) {
  return loose.output.value >= DustThreshold(loose.output, loose.policy.dust_fee);
}

constexpr PolicyRule<LooseOutput> kOutputFormRules[] = {
    {RejectKind::kNotStandard, "scriptpubkey",
     "An output's script SHOULD be of a known kind, and data within the chosen size.",
     HasStandardScript},
    {RejectKind::kNotStandard, "bare-multisig",
     "An output SHOULD NOT be a bare multisig where they are not wanted.", IsNoUnwantedMultisig},
    {RejectKind::kNotStandard, "dust", "An output SHOULD be worth the cost of spending it.",
     IsWorthSpending},
};

bool HasOneDataOutput(const LooseTransaction& loose) {
  return std::count_if(loose.tx.outputs.begin(), loose.tx.outputs.end(), [](const TxOut& output) {
           return ClassifyOutput(output.script).type == OutputType::kNullData;
         }) <= 1;
}

constexpr PolicyRule<LooseTransaction> kDataRules[] = {
    {RejectKind::kNotStandard, "multi-op-return",
     "A transaction SHOULD NOT have more than one output of data.", HasOneDataOutput},
};

bool IsNoNodeOfATree(const LooseTransaction& loose) {
  return loose.tx.stripped_size >= kMinStandardStrippedSize;
}

bool IsFinalInTheNextBlock(const LooseTransaction& loose) {
  return consensus::IsFinal(loose.tx, loose.view.Height() + 1, loose.view.tip->median_time);
}

constexpr PolicyRule<LooseTransaction> kPlaceRules[] = {
    {RejectKind::kNotStandard, "tx-size-small",
     "A transaction SHOULD have at least 65 bytes without witness.", IsNoNodeOfATree},
    {RejectKind::kPremature, "non-final", "The lock time SHOULD allow it in the next block.",
     IsFinalInTheNextBlock},
};

Objection CheckForm(const LooseTransaction& loose) {
  if (Objection objection = JudgePolicy(FormRules(), loose)) return objection;
  for (const TxIn& input : loose.tx.inputs) {
    if (Objection objection = JudgePolicy(InputFormRules(), input)) return objection;
  }
  for (const TxOut& output : loose.tx.outputs) {
    const LooseOutput subject{output, loose.policy};
    if (Objection objection = JudgePolicy(OutputFormRules(), subject)) return objection;
  }
  return JudgePolicy(DataRules(), loose);
}

}  // namespace

std::span<const PolicyRule<LooseTransaction>> FormRules() { return kFormRules; }
std::span<const PolicyRule<TxIn>> InputFormRules() { return kInputFormRules; }
std::span<const PolicyRule<LooseOutput>> OutputFormRules() { return kOutputFormRules; }
std::span<const PolicyRule<LooseTransaction>> DataRules() { return kDataRules; }
std::span<const PolicyRule<LooseTransaction>> PlaceRules() { return kPlaceRules; }

Amount DustThreshold(const TxOut& output, FeeRate dust_fee) {
  if (IsUnspendable(output.script)) return 0;
  // Value, length and script, and the input that spends it: outpoint, sequence, and a signature
  // with its key, which a witness program has at a quarter of the weight.
  const size_t script_size = output.script.size();
  const size_t output_size = sizeof(Amount) + CompactSizeLength(script_size) + script_size;
  constexpr size_t kSignatureAndKey = 107;
  const bool has_witness = ParseWitnessProgram(output.script).has_value();
  const size_t proof_size = has_witness ? kSignatureAndKey / kWitnessScaleFactor : kSignatureAndKey;
  const size_t input_size = 32 + 4 + 1 + proof_size + 4;
  return dust_fee.For(static_cast<int64_t>(output_size + input_size));
}

Objection CheckStandard(const LooseTransaction& loose) {
  if (const auto verdict = consensus::CheckTransaction(loose.tx); !verdict) {
    return Rejection{RejectKind::kConsensus, verdict.error().Reason()};
  }
  if (loose.tx.IsCoinbase()) return Rejection{RejectKind::kConsensus, "coinbase"};
  if (loose.policy.require_standard) {
    if (Objection objection = CheckForm(loose)) return objection;
  }
  return JudgePolicy(PlaceRules(), loose);
}

}  // namespace cairn::mempool
