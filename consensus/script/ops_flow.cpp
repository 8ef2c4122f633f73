// Branches, VERIFY, lock times, reserved words.

#include "consensus/rules/transaction.h"
#include "consensus/script/number.h"
#include "consensus/script/run.h"

namespace cairn::consensus {

ScriptError ScriptRun::OpIf(uint8_t opcode) {
  if (!branches_.AllTaken()) {
    branches_.Open(false);
    return ScriptError::kOk;
  }
  if (!Has(1)) return ScriptError::kUnbalancedConditional;
  const StackItem condition = stack_.Take();
  const bool is_minimal = condition.empty() || (condition.size() == 1 && condition.span()[0] == 1);
  // Policy for version 0, consensus in tapscript (BIP342).
  if (execution_.version == SigVersion::kTapscript && !is_minimal) {
    return ScriptError::kTapscriptMinimalIf;
  }
  if (execution_.version == SigVersion::kWitnessV0 && flags_.Has(ScriptFlags::kMinimalIf) &&
      !is_minimal) {
    return ScriptError::kMinimalIf;
  }
  branches_.Open(condition.IsTrue() == (opcode == OP_IF));
  return ScriptError::kOk;
}

ScriptError ScriptRun::OpElse() {
  if (branches_.empty()) return ScriptError::kUnbalancedConditional;
  branches_.Toggle();
  return ScriptError::kOk;
}

ScriptError ScriptRun::OpEndIf() {
  if (branches_.empty()) return ScriptError::kUnbalancedConditional;
  branches_.Close();
  return ScriptError::kOk;
}

ScriptError ScriptRun::OpVerify() {
  if (!Has(1)) return ScriptError::kInvalidStackOperation;
  if (!stack_.Top().IsTrue()) return ScriptError::kVerify;
  stack_.Pop();
  return ScriptError::kOk;
}

ScriptError ScriptRun::OpCheckLockTime() {
  if (!flags_.Has(ScriptFlags::kCheckLockTimeVerify)) return ScriptError::kOk;
  if (!Has(1)) return ScriptError::kInvalidStackOperation;
  const auto lock_time = ReadScriptNumber(stack_.Top().span(), minimal_, kLockTimeOperandSize);
  if (!lock_time) return ScriptError::kScriptNumber;
  if (*lock_time < 0) return ScriptError::kNegativeLockTime;
  return checker_.CheckLockTime(*lock_time) ? ScriptError::kOk : ScriptError::kUnsatisfiedLockTime;
}

ScriptError ScriptRun::OpCheckSequence() {
  if (!flags_.Has(ScriptFlags::kCheckSequenceVerify)) return ScriptError::kOk;
  if (!Has(1)) return ScriptError::kInvalidStackOperation;
  const auto sequence = ReadScriptNumber(stack_.Top().span(), minimal_, kLockTimeOperandSize);
  if (!sequence) return ScriptError::kScriptNumber;
  if (*sequence < 0) return ScriptError::kNegativeLockTime;
  if ((*sequence & kSequenceDisabled) != 0) return ScriptError::kOk;
  return checker_.CheckSequence(*sequence) ? ScriptError::kOk : ScriptError::kUnsatisfiedLockTime;
}

ScriptError ScriptRun::OpUpgradableNop() const {
  return flags_.Has(ScriptFlags::kDiscourageUpgradableNops) ? ScriptError::kDiscourageUpgradableNops
                                                            : ScriptError::kOk;
}

}  // namespace cairn::consensus
