#include "consensus/script/witness.h"

#include <algorithm>
#include <array>

#include "cairn/base/writer.h"
#include "consensus/script/interpreter.h"
#include "consensus/script/taproot.h"
#include "consensus/sighash/hash_writer.h"

namespace cairn::consensus {
namespace {

constexpr uint8_t kKeyHashSize = 20;
constexpr int64_t kValidationWeightOffset = 50;

/// Runs a script on the witness and demands that exactly a true remains.
ScriptError RunWitnessScript(ByteSpan script, std::span<const ByteSpan> arguments,
                             ScriptFlags flags, const SignatureChecker& checker,
                             ExecutionData& execution) {
  Stack stack;
  for (const ByteSpan argument : arguments) {
    if (argument.size() > kMaxPushSize) return ScriptError::kPushSize;
    stack.Push(StackItem(argument));
  }
  const ScriptError error = RunScript(script, stack, flags, checker, execution);
  if (error != ScriptError::kOk) return error;
  if (stack.size() != 1) return ScriptError::kCleanStack;
  return stack.Top().IsTrue() ? ScriptError::kOk : ScriptError::kEvalFalse;
}

ScriptError VerifyKeyHash(ByteSpan hash, std::span<const ByteSpan> witness, ScriptFlags flags,
                          const SignatureChecker& checker) {
  if (witness.size() != 2) return ScriptError::kWitnessProgramMismatch;
  // The program stands for the script of P2PKH.
  std::array<uint8_t, 25> script = {OP_DUP, OP_HASH160, kKeyHashSize};
  std::copy(hash.begin(), hash.end(), script.begin() + 3);
  script[23] = OP_EQUALVERIFY;
  script[24] = OP_CHECKSIG;
  ExecutionData execution;
  execution.version = SigVersion::kWitnessV0;
  return RunWitnessScript(script, witness, flags, checker, execution);
}

ScriptError VerifyScriptHash(ByteSpan hash, std::span<const ByteSpan> witness, ScriptFlags flags,
                             const SignatureChecker& checker) {
  if (witness.empty()) return ScriptError::kWitnessProgramWitnessEmpty;
  const ByteSpan script = witness.back();
  if (!Equal(crypto::Sha256Of(script), hash)) return ScriptError::kWitnessProgramMismatch;
  ExecutionData execution;
  execution.version = SigVersion::kWitnessV0;
  return RunWitnessScript(script, witness.first(witness.size() - 1), flags, checker, execution);
}

/// BIP342: scans for OP_SUCCESSx before anything runs. True if there is one; `error` is set if the
/// script cannot be read up to one.
bool FindOpSuccess(ByteSpan script, ScriptError& error) {
  ScriptCursor cursor(script);
  ScriptElement element;
  while (!cursor.AtEnd()) {
    if (!cursor.Next(element)) {
      error = ScriptError::kBadOpcode;
      return false;
    }
    if (IsOpSuccess(element.opcode)) return true;
  }
  return false;
}

ScriptError VerifyTapscript(ByteSpan script, std::span<const ByteSpan> arguments, ScriptFlags flags,
                            const SignatureChecker& checker, ExecutionData& execution) {
  ScriptError error = ScriptError::kOk;
  if (FindOpSuccess(script, error)) {
    return flags.Has(ScriptFlags::kDiscourageOpSuccess) ? ScriptError::kDiscourageOpSuccess
                                                        : ScriptError::kOk;
  }
  if (error != ScriptError::kOk) return error;
  if (arguments.size() > kMaxStackSize) return ScriptError::kStackSize;
  return RunWitnessScript(script, arguments, flags, checker, execution);
}

/// The witness's size as BIP342 counts it: with its number of items and all their lengths.
int64_t SerializedSize(std::span<const ByteSpan> witness) {
  size_t size = CompactSizeLength(witness.size());
  for (const ByteSpan item : witness) size += CompactSizeLength(item.size()) + item.size();
  return static_cast<int64_t>(size);
}

ScriptError VerifyTaproot(ByteSpan output_key, std::span<const ByteSpan> witness, ScriptFlags flags,
                          const SignatureChecker& checker) {
  if (!flags.Has(ScriptFlags::kTaproot)) return ScriptError::kOk;
  if (witness.empty()) return ScriptError::kWitnessProgramWitnessEmpty;
  ExecutionData execution;
  std::span<const ByteSpan> stack = witness;
  if (stack.size() >= 2 && !stack.back().empty() && stack.back()[0] == kAnnexTag) {
    execution.annex_hash = HashWriter().VarBytes(stack.back()).Once();
    stack = stack.first(stack.size() - 1);
  }
  if (stack.size() == 1) {
    execution.version = SigVersion::kTaproot;
    return checker.CheckSchnorr(stack[0], output_key, execution);
  }
  const ByteSpan control = stack.back();
  const ByteSpan script = stack[stack.size() - 2];
  if (!IsControlBlockSize(control.size())) return ScriptError::kTaprootWrongControlSize;
  const uint8_t leaf_version = control[0] & kLeafVersionMask;
  execution.tapleaf_hash = TapleafHash(leaf_version, script);
  if (!IsCommittedLeaf(control, output_key, execution.tapleaf_hash)) {
    return ScriptError::kWitnessProgramMismatch;
  }
  if (leaf_version != kTapscriptLeafVersion) {
    return flags.Has(ScriptFlags::kDiscourageUpgradableTaprootVersion)
               ? ScriptError::kDiscourageUpgradableTaprootVersion
               : ScriptError::kOk;
  }
  execution.version = SigVersion::kTapscript;
  execution.validation_weight_left = SerializedSize(witness) + kValidationWeightOffset;
  return VerifyTapscript(script, stack.first(stack.size() - 2), flags, checker, execution);
}

/// Pay-to-anchor (1 <4e73>) is for anyone to spend, without a witness.
bool IsAnchor(const WitnessProgram& program) {
  static constexpr uint8_t kAnchor[] = {0x4e, 0x73};
  return program.version == 1 && Equal(program.program, kAnchor);
}

}  // namespace

ScriptError VerifyWitnessProgram(const WitnessProgram& program, std::span<const ByteSpan> witness,
                                 bool in_p2sh, ScriptFlags flags, const SignatureChecker& checker) {
  constexpr size_t kLongProgramSize = 32;
  const size_t size = program.program.size();
  if (program.version == 0) {
    if (size == kLongProgramSize) return VerifyScriptHash(program.program, witness, flags, checker);
    if (size == kKeyHashSize) return VerifyKeyHash(program.program, witness, flags, checker);
    return ScriptError::kWitnessProgramWrongLength;
  }
  if (program.version == 1 && size == kLongProgramSize && !in_p2sh) {
    return VerifyTaproot(program.program, witness, flags, checker);
  }
  if (!in_p2sh && IsAnchor(program)) return ScriptError::kOk;
  // Left to later soft forks: anyone can spend them until then.
  return flags.Has(ScriptFlags::kDiscourageUpgradableWitnessProgram)
             ? ScriptError::kDiscourageUpgradableWitnessProgram
             : ScriptError::kOk;
}

}  // namespace cairn::consensus
