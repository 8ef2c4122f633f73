#include "src/mempool/spending.h"

#include <algorithm>
#include <optional>

#include "cairn/primitives/script.h"
#include "consensus/rules/scripts.h"
#include "consensus/rules/spending.h"
#include "consensus/rules/transaction.h"
#include "consensus/script/interpreter.h"
#include "consensus/script/taproot.h"
#include "consensus/script/witness.h"

namespace cairn::mempool {
namespace {

using consensus::ScriptFlags;

bool HasReachedItsLocks(const FundedLoose& funded) {
  const ledger::EntryAncestors ancestors(funded.view.tip);
  return consensus::HasReachedSequenceLocks(
      {funded.tx, funded.coins, ancestors, ScriptFlags::kCheckSequenceVerify});
}

constexpr PolicyRule<FundedLoose> kLockRules[] = {
    {RejectKind::kPremature, "non-BIP68-final",
     "The relative lock times SHOULD allow it in the next block.", HasReachedItsLocks},
};

/// What a scriptSig of pushes leaves on top of the stack; nothing if it fails or leaves nothing.
std::optional<Bytes> TopOfPushes(ByteSpan script_sig) {
  if (script_sig.size() > kMaxScriptSize) return std::nullopt;
  ScriptCursor cursor(script_sig);
  ScriptElement element;
  size_t items = 0;
  Bytes top;
  while (!cursor.AtEnd()) {
    if (!cursor.Next(element) || ++items > consensus::kMaxStackSize) return std::nullopt;
    if (element.IsPush()) {
      if (element.data.size() > consensus::kMaxPushSize) return std::nullopt;
      top.assign(element.data.begin(), element.data.end());
    } else if (element.opcode == OP_1NEGATE) {
      top = EncodeScriptNumber(-1);
    } else if (element.opcode >= OP_1 && element.opcode <= OP_16) {
      top = EncodeScriptNumber(element.opcode - OP_1 + 1);
    } else {
      return std::nullopt;
    }
  }
  if (items == 0) return std::nullopt;
  return top;
}

bool SpendsKnownKind(const SpentInput& spent) {
  switch (ClassifyOutput(spent.coin.script).type) {
    case OutputType::kNonStandard:
    case OutputType::kWitnessUnknown: return false;  // it may get another meaning
    case OutputType::kScriptHash: {
      const auto redeem_script = TopOfPushes(spent.input.script_sig);
      return redeem_script && CountSigops(*redeem_script, true) <= kMaxP2shSigops;
    }
    default: return true;
  }
}

constexpr PolicyRule<SpentInput> kSpentScriptRules[] = {
    {RejectKind::kInputsNotStandard, "bad-txns-nonstandard-inputs",
     "A spent output SHOULD be of a known kind, and a P2SH script SHOULD NOT check more than 15 "
     "signatures.",
     SpendsKnownKind},
};

bool ItemsAreWithin(std::span<const ByteSpan> items, size_t limit) {
  return std::all_of(items.begin(), items.end(),
                     [limit](ByteSpan item) { return item.size() <= limit; });
}

bool IsStandardVersion0(std::span<const ByteSpan> witness) {
  const auto items = witness.first(witness.size() - 1);
  return witness.back().size() <= kMaxStandardWitnessScript &&
         items.size() <= kMaxStandardWitnessItems && ItemsAreWithin(items, kMaxStandardWitnessItem);
}

bool IsStandardTaproot(std::span<const ByteSpan> witness) {
  const ByteSpan last = witness.back();
  if (witness.size() < 2) return true;                                 // by key
  if (!last.empty() && last[0] == consensus::kAnnexTag) return false;  // no meaning yet
  if (last.empty()) return false;
  if ((last[0] & consensus::kLeafVersionMask) != consensus::kTapscriptLeafVersion) return true;
  return ItemsAreWithin(witness.first(witness.size() - 2), kMaxStandardTapscriptItem);
}

/// Against witnesses that are larger than any use of their script, since they are not in the txid
/// and anybody on the way could blow them up.
bool HasStandardWitness(const SpentInput& spent) {
  const auto witness = spent.input.witness;
  if (witness.empty()) return true;
  if (ClassifyOutput(spent.coin.script).type == OutputType::kAnchor) return false;
  Bytes redeem_script;
  ByteSpan script = spent.coin.script;
  const bool in_p2sh = IsPayToScriptHash(script);
  if (in_p2sh) {
    auto top = TopOfPushes(spent.input.script_sig);
    if (!top) return false;
    redeem_script = *std::move(top);
    script = redeem_script;
  }
  const auto program = ParseWitnessProgram(script);
  if (!program) return false;  // nothing asks for a witness
  constexpr size_t kHashSize = 32;
  if (program->program.size() != kHashSize) return true;
  if (program->version == 0) return IsStandardVersion0(witness);
  return program->version != 1 || in_p2sh || IsStandardTaproot(witness);
}

constexpr PolicyRule<SpentInput> kWitnessRules[] = {
    {RejectKind::kWitnessMutated, "bad-witness-nonstandard",
     "A witness SHOULD be asked for, without annex, and within the sizes of common scripts.",
     HasStandardWitness},
};

Objection JudgeEach(std::span<const PolicyRule<SpentInput>> rules, const FundedLoose& funded) {
  for (size_t i = 0; i < funded.coins.size(); ++i) {
    const SpentInput spent{funded.tx.inputs[i], *funded.coins[i]};
    if (Objection objection = JudgePolicy(rules, spent)) return objection;
  }
  return std::nullopt;
}

Rejection MoneyRejection(const consensus::Violation& violation, const FundedLoose& funded) {
  Rejection rejection{RejectKind::kConsensus, violation.Reason()};
  switch (violation.reject) {
    case consensus::Reject::kPrematureCoinbaseSpend:
      rejection.kind = RejectKind::kPremature;
      if (violation.input) {
        const int depth = funded.view.Height() + 1 - funded.coins[*violation.input]->height;
        rejection.detail = "tried to spend coinbase at depth " + std::to_string(depth);
      }
      break;
    case consensus::Reject::kInputsBelowOutputs: {
      Amount in = 0;
      Amount out = 0;
      for (const Coin* coin : funded.coins) in += coin->value;
      for (const TxOut& output : funded.tx.outputs) out += output.value;
      rejection.detail =
          "value in (" + ShortAmount(in) + ") < value out (" + ShortAmount(out) + ")";
      break;
    }
    default: break;
  }
  return rejection;
}

std::string WhyScriptFails(const consensus::Violation& violation) {
  return " (" + std::string(consensus::ScriptErrorText(violation.script_error)) + ")";
}

}  // namespace

std::span<const PolicyRule<FundedLoose>> LockRules() { return kLockRules; }
std::span<const PolicyRule<SpentInput>> SpentScriptRules() { return kSpentScriptRules; }
std::span<const PolicyRule<SpentInput>> WitnessRules() { return kWitnessRules; }

Objection CheckInputs(const FundedLoose& funded, bool require_standard, Amount* fee) {
  if (Objection objection = JudgePolicy(LockRules(), funded)) return objection;
  const auto money = consensus::CheckSpending(funded.tx, funded.coins, funded.view.Height() + 1,
                                              *funded.view.params);
  if (!money) return MoneyRejection(money.error(), funded);
  *fee = *money;
  if (!require_standard) return std::nullopt;
  if (Objection objection = JudgeEach(SpentScriptRules(), funded)) return objection;
  return JudgeEach(WitnessRules(), funded);
}

Rejection ScriptRejection(const consensus::Violation& violation) {
  return {RejectKind::kConsensus,
          "mandatory-script-verify-flag-failed" + WhyScriptFails(violation)};
}

Objection CheckScripts(const Transaction& tx, const consensus::TransactionMidstates& midstates,
                       consensus::SignatureVerifier& verifier) {
  const auto run = [&](ScriptFlags flags) {
    return consensus::CheckAllInputScripts(midstates, flags, verifier);
  };
  const auto verdict = run(kStandardScriptFlags);
  if (verdict) return std::nullopt;
  Rejection rejection{RejectKind::kNotStandard,
                      "non-mandatory-script-verify-flag" + WhyScriptFails(verdict.error())};
  // The input that failed decides, alone: nobody shall make us run the others, which may be dear
  // without the limits of policy, for what is refused already.
  const auto failed = static_cast<uint32_t>(*verdict.error().input);
  if (!consensus::CheckInputScripts(midstates, failed, 1, kMandatoryScriptFlags, verifier)) {
    rejection = ScriptRejection(verdict.error());
  }
  if (tx.has_witness) return rejection;
  // If only the witness is missing, somebody may have taken it off on the way.
  const uint32_t without =
      kStandardScriptFlags.bits() & ~uint32_t{ScriptFlags::kWitness | ScriptFlags::kCleanStack};
  if (run(without) && !run(kStandardScriptFlags.bits() & ~uint32_t{ScriptFlags::kCleanStack})) {
    rejection.kind = RejectKind::kWitnessStripped;
  }
  return rejection;
}

}  // namespace cairn::mempool
