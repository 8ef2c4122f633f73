#include "consensus/verdict.h"

#include "cairn/base/endian.h"
#include "cairn/base/hex.h"

namespace cairn::consensus {

std::string_view ReasonOf(Reject reject) {
  switch (reject) {
    case Reject::kHighHash: return "high-hash";
    case Reject::kBadDiffBits: return "bad-diffbits";
    case Reject::kTimeTooOld: return "time-too-old";
    case Reject::kTimewarpAttack: return "time-timewarp-attack";
    case Reject::kTimeTooNew: return "time-too-new";
    case Reject::kBadVersion: return "bad-version";
    case Reject::kForkPriorToCheckpoint: return "bad-fork-prior-to-checkpoint";
    case Reject::kInputsEmpty: return "bad-txns-vin-empty";
    case Reject::kOutputsEmpty: return "bad-txns-vout-empty";
    case Reject::kOversize: return "bad-txns-oversize";
    case Reject::kOutputNegative: return "bad-txns-vout-negative";
    case Reject::kOutputTooLarge: return "bad-txns-vout-toolarge";
    case Reject::kOutputTotalTooLarge: return "bad-txns-txouttotal-toolarge";
    case Reject::kInputsDuplicate: return "bad-txns-inputs-duplicate";
    case Reject::kCoinbaseLength: return "bad-cb-length";
    case Reject::kPrevoutNull: return "bad-txns-prevout-null";
    case Reject::kMerkleRoot: return "bad-txnmrklroot";
    case Reject::kTransactionsDuplicate: return "bad-txns-duplicate";
    case Reject::kBlockLength: return "bad-blk-length";
    case Reject::kCoinbaseMissing: return "bad-cb-missing";
    case Reject::kCoinbaseMultiple: return "bad-cb-multiple";
    case Reject::kBlockSigops: return "bad-blk-sigops";
    case Reject::kSignetSolution: return "bad-signet-blksig";
    case Reject::kNonFinal: return "bad-txns-nonfinal";
    case Reject::kCoinbaseHeight: return "bad-cb-height";
    case Reject::kWitnessNonceSize: return "bad-witness-nonce-size";
    case Reject::kWitnessMerkleMatch: return "bad-witness-merkle-match";
    case Reject::kUnexpectedWitness: return "unexpected-witness";
    case Reject::kBlockWeight: return "bad-blk-weight";
    case Reject::kBip30: return "bad-txns-BIP30";
    case Reject::kMissingOrSpent: return "bad-txns-inputs-missingorspent";
    case Reject::kPrematureCoinbaseSpend: return "bad-txns-premature-spend-of-coinbase";
    case Reject::kInputValuesOutOfRange: return "bad-txns-inputvalues-outofrange";
    case Reject::kInputsBelowOutputs: return "bad-txns-in-belowout";
    case Reject::kFeeOutOfRange: return "bad-txns-fee-outofrange";
    case Reject::kAccumulatedFeeOutOfRange: return "bad-txns-accumulated-fee-outofrange";
    case Reject::kCoinbaseAmount: return "bad-cb-amount";
    case Reject::kSequenceLocks: return "bad-txns-nonfinal";
    case Reject::kSigopsCost: return "bad-blk-sigops";
    case Reject::kScript: return "mandatory-script-verify-flag-failed";
  }
  return "unknown";
}

std::string Violation::Reason() const {
  std::string text(ReasonOf(reject));
  if (reject == Reject::kScript) text += " (" + std::string(ScriptErrorText(script_error)) + ")";
  if (reject == Reject::kBadVersion) {
    uint8_t bytes[4];
    StoreBig(bytes, version);
    text += "(0x" + ToHex(bytes) + ")";
  }
  return text;
}

std::string Violation::ToString() const {
  std::string text = Reason();
  if (transaction) text += " (transaction " + std::to_string(*transaction);
  if (input) text += (transaction ? ", input " : " (input ") + std::to_string(*input);
  if (transaction || input) text += ")";
  return text;
}

Blame BlameOf(const Violation& violation, Subject subject) {
  switch (violation.reject) {
    case Reject::kTimeTooNew: return Blame::kPremature;
    // A relay can attach any body and any witness to a header: these say that it did.
    case Reject::kMerkleRoot:
    case Reject::kTransactionsDuplicate:
    case Reject::kWitnessNonceSize:
    case Reject::kWitnessMerkleMatch:
    case Reject::kUnexpectedWitness: return Blame::kMutated;
    // A block names its whole past, so what is missing can never come; a transaction's parent may.
    case Reject::kMissingOrSpent:
      return subject == Subject::kBlock ? Blame::kInvalid : Blame::kMissing;
    // The same holds for what a later block may allow.
    case Reject::kNonFinal:
    case Reject::kSequenceLocks:
    case Reject::kPrematureCoinbaseSpend:
      return subject == Subject::kBlock ? Blame::kInvalid : Blame::kPremature;
    case Reject::kHighHash:
    case Reject::kBadDiffBits:
    case Reject::kTimeTooOld:
    case Reject::kTimewarpAttack:
    case Reject::kBadVersion:
    case Reject::kForkPriorToCheckpoint:
    case Reject::kInputsEmpty:
    case Reject::kOutputsEmpty:
    case Reject::kOversize:
    case Reject::kOutputNegative:
    case Reject::kOutputTooLarge:
    case Reject::kOutputTotalTooLarge:
    case Reject::kInputsDuplicate:
    case Reject::kCoinbaseLength:
    case Reject::kPrevoutNull:
    case Reject::kBlockLength:
    case Reject::kCoinbaseMissing:
    case Reject::kCoinbaseMultiple:
    case Reject::kBlockSigops:
    case Reject::kSignetSolution:
    case Reject::kSigopsCost:
    case Reject::kScript:
    case Reject::kCoinbaseHeight:
    case Reject::kBlockWeight:
    case Reject::kBip30:
    case Reject::kInputValuesOutOfRange:
    case Reject::kInputsBelowOutputs:
    case Reject::kFeeOutOfRange:
    case Reject::kAccumulatedFeeOutOfRange:
    case Reject::kCoinbaseAmount: return Blame::kInvalid;
  }
  return Blame::kInvalid;
}

}  // namespace cairn::consensus
