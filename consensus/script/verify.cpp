#include "consensus/script/verify.h"

#include "consensus/script/interpreter.h"
#include "consensus/script/witness.h"

namespace cairn::consensus {
namespace {

/// Whether a script is nothing but the shortest push of a witness program.
bool IsOnePush(ByteSpan script, ByteSpan program) {
  return script.size() == program.size() + 1 && script[0] == program.size() &&
         Equal(script.subspan(1), program);
}

/// One input's verification, step by step as the soft forks added them.
class InputRun {
 public:
  InputRun(ByteSpan script_sig, ByteSpan script_pubkey, std::span<const ByteSpan> witness,
           ScriptFlags flags, const SignatureChecker& checker)
      : script_sig_(script_sig),
        script_pubkey_(script_pubkey),
        witness_(witness),
        flags_(flags),
        checker_(checker) {}

  ScriptError Run() {
    if (flags_.Has(ScriptFlags::kSigPushOnly) && !IsPushOnly(script_sig_)) {
      return ScriptError::kSigPushOnly;
    }
    if (const auto error = RunBare(script_sig_); error != ScriptError::kOk) return error;
    const bool is_p2sh = flags_.Has(ScriptFlags::kP2sh) && IsPayToScriptHash(script_pubkey_);
    const StackItem redeem_script = is_p2sh && !stack_.empty() ? stack_.Top() : StackItem();
    if (const auto error = RunToTrue(script_pubkey_); error != ScriptError::kOk) return error;
    if (const auto error = RunBareWitness(); error != ScriptError::kOk) return error;
    if (is_p2sh) {
      if (const auto error = RunRedeemScript(redeem_script.span()); error != ScriptError::kOk)
        return error;
    }
    if (flags_.Has(ScriptFlags::kCleanStack) && stack_.size() != 1) return ScriptError::kCleanStack;
    if (flags_.Has(ScriptFlags::kWitness) && !had_program_ && !witness_.empty()) {
      return ScriptError::kWitnessUnexpected;
    }
    return ScriptError::kOk;
  }

 private:
  ScriptError RunBare(ByteSpan script) {
    ExecutionData execution;
    return RunScript(script, stack_, flags_, checker_, execution);
  }

  ScriptError RunToTrue(ByteSpan script) {
    if (const auto error = RunBare(script); error != ScriptError::kOk) return error;
    const bool is_true = !stack_.empty() && stack_.Top().IsTrue();
    return is_true ? ScriptError::kOk : ScriptError::kEvalFalse;
  }

  /// BIP141: an output script that is itself a program.
  ScriptError RunBareWitness() {
    if (!flags_.Has(ScriptFlags::kWitness)) return ScriptError::kOk;
    const auto program = ParseWitnessProgram(script_pubkey_);
    if (!program) return ScriptError::kOk;
    if (!script_sig_.empty()) return ScriptError::kWitnessMalleated;
    return RunProgram(*program, false);
  }

  /// BIP16: the last argument is the script whose hash the output has. The output's own run took it
  /// off the stack and left a true in its place.
  ScriptError RunRedeemScript(ByteSpan redeem_script) {
    if (!IsPushOnly(script_sig_)) return ScriptError::kSigPushOnly;
    stack_.Pop();
    if (const auto error = RunToTrue(redeem_script); error != ScriptError::kOk) return error;
    if (!flags_.Has(ScriptFlags::kWitness)) return ScriptError::kOk;
    const auto program = ParseWitnessProgram(redeem_script);
    if (!program) return ScriptError::kOk;
    if (!IsOnePush(script_sig_, redeem_script)) return ScriptError::kWitnessMalleatedP2sh;
    return RunProgram(*program, true);
  }

  ScriptError RunProgram(const WitnessProgram& program, bool in_p2sh) {
    had_program_ = true;
    const auto error = VerifyWitnessProgram(program, witness_, in_p2sh, flags_, checker_);
    // The program's own run demanded a clean stack; this one holds only its parts.
    stack_.Clear();
    stack_.Push(StackItem::Bool(true));
    return error;
  }

  const ByteSpan script_sig_;
  const ByteSpan script_pubkey_;
  const std::span<const ByteSpan> witness_;
  const ScriptFlags flags_;
  const SignatureChecker& checker_;
  Stack stack_;
  bool had_program_ = false;
};

}  // namespace

ScriptError VerifyScripts(ByteSpan script_sig, ByteSpan script_pubkey,
                          std::span<const ByteSpan> witness, ScriptFlags flags,
                          const SignatureChecker& checker) {
  return InputRun(script_sig, script_pubkey, witness, flags, checker).Run();
}

ScriptError VerifyInput(const TransactionMidstates& midstates, size_t input, const TxOut& coin,
                        ScriptFlags flags, SignatureVerifier& verifier) {
  const TxIn& spending = midstates.tx().inputs[input];
  const SignatureChecker checker(midstates, input, coin.value, verifier);
  return VerifyScripts(spending.script_sig, coin.script, spending.witness, flags, checker);
}

}  // namespace cairn::consensus
