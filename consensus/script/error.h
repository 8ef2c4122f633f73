// Why a script failed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace cairn::consensus {

enum class ScriptError : uint8_t {
  kOk,
  kScriptNumber,
  kEvalFalse,
  kOpReturn,
  kScriptSize,
  kPushSize,
  kOpCount,
  kStackSize,
  kSigCount,
  kPubkeyCount,
  kVerify,
  kEqualVerify,
  kCheckMultisigVerify,
  kCheckSigVerify,
  kNumEqualVerify,
  kBadOpcode,
  kDisabledOpcode,
  kInvalidStackOperation,
  kInvalidAltstackOperation,
  kUnbalancedConditional,
  kNegativeLockTime,
  kUnsatisfiedLockTime,
  kSigHashType,
  kSigDer,
  kMinimalData,
  kSigPushOnly,
  kSigHighS,
  kSigNullDummy,
  kPubkeyType,
  kCleanStack,
  kMinimalIf,
  kSigNullFail,
  kDiscourageUpgradableNops,
  kDiscourageUpgradableWitnessProgram,
  kDiscourageUpgradableTaprootVersion,
  kDiscourageOpSuccess,
  kDiscourageUpgradablePubkeyType,
  kWitnessProgramWrongLength,
  kWitnessProgramWitnessEmpty,
  kWitnessProgramMismatch,
  kWitnessMalleated,
  kWitnessMalleatedP2sh,
  kWitnessUnexpected,
  kWitnessPubkeyType,
  kSchnorrSigSize,
  kSchnorrSigHashType,
  kSchnorrSig,
  kTaprootWrongControlSize,
  kTapscriptValidationWeight,
  kTapscriptCheckMultisig,
  kTapscriptMinimalIf,
  kTapscriptEmptyPubkey,
  kOpCodeSeparator,
  kSigFindAndDelete,
};

/// All of them, in the order of the enumeration.
std::span<const ScriptError> AllScriptErrors();

/// The short name that test vectors use, such as "EVAL_FALSE".
std::string_view ScriptErrorName(ScriptError error);

/// The sentence that reject reasons carry in brackets.
std::string_view ScriptErrorText(ScriptError error);

}  // namespace cairn::consensus
