#include "consensus/script/interpreter.h"

#include "consensus/script/encoding.h"
#include "consensus/script/number.h"
#include "consensus/script/run.h"

namespace cairn::consensus {
namespace {

/// Refused even where no branch runs them, since an overflow of 2010.
bool IsDisabled(uint8_t opcode) {
  switch (opcode) {
    case OP_CAT:
    case OP_SUBSTR:
    case OP_LEFT:
    case OP_RIGHT:
    case OP_INVERT:
    case OP_AND:
    case OP_OR:
    case OP_XOR:
    case OP_2MUL:
    case OP_2DIV:
    case OP_MUL:
    case OP_DIV:
    case OP_MOD:
    case OP_LSHIFT:
    case OP_RSHIFT: return true;
    default: return false;
  }
}

/// These run even in branches that are not taken.
bool IsConditional(uint8_t opcode) { return opcode >= OP_IF && opcode <= OP_ENDIF; }

}  // namespace

ScriptError RunScript(ByteSpan script, Stack& stack, ScriptFlags flags,
                      const SignatureChecker& checker, ExecutionData& execution) {
  return ScriptRun(script, stack, flags, checker, execution).Run();
}

ScriptError ScriptRun::Run() {
  if (IsPreTapscript() && script_.size() > kMaxScriptSize) return ScriptError::kScriptSize;
  execution_.code_separator_position = UINT32_MAX;
  ScriptCursor cursor(script_);
  ScriptElement element;
  while (!cursor.AtEnd()) {
    if (!cursor.Next(element)) return ScriptError::kBadOpcode;
    const ScriptError error = Step(element, cursor.Position());
    if (error != ScriptError::kOk) return error;
    if (stack_.size() + alt_stack_.size() > kMaxStackSize) return ScriptError::kStackSize;
    ++opcode_position_;
  }
  return branches_.empty() ? ScriptError::kOk : ScriptError::kUnbalancedConditional;
}

ScriptError ScriptRun::Step(const ScriptElement& element, size_t position_behind) {
  if (const auto error = CheckBeforeBranches(element); error != ScriptError::kOk) return error;
  if (!branches_.AllTaken() && !IsConditional(element.opcode)) return ScriptError::kOk;
  if (!element.IsPush()) return Execute(element.opcode, position_behind);
  if (minimal_ && !IsMinimalPush(element.data, element.opcode)) return ScriptError::kMinimalData;
  stack_.Push(StackItem(element.data));
  return ScriptError::kOk;
}

ScriptError ScriptRun::CheckBeforeBranches(const ScriptElement& element) {
  if (element.data.size() > kMaxPushSize) return ScriptError::kPushSize;
  if (IsPreTapscript() && element.opcode > OP_16 && ++op_count_ > kMaxOps) {
    return ScriptError::kOpCount;
  }
  if (IsDisabled(element.opcode)) return ScriptError::kDisabledOpcode;
  if (element.opcode == OP_CODESEPARATOR && execution_.version == SigVersion::kBase &&
      flags_.Has(ScriptFlags::kConstScriptCode)) {
    return ScriptError::kOpCodeSeparator;
  }
  return ScriptError::kOk;
}

ScriptError ScriptRun::Execute(uint8_t opcode, size_t position_behind) {
  if (opcode == OP_1NEGATE || (opcode >= OP_1 && opcode <= OP_16)) {
    stack_.Push(NumberItem(int{opcode} - (OP_1 - 1)));
    return ScriptError::kOk;
  }
  switch (opcode) {
    case OP_NOP: return ScriptError::kOk;
    case OP_IF:
    case OP_NOTIF: return OpIf(opcode);
    case OP_ELSE: return OpElse();
    case OP_ENDIF: return OpEndIf();
    case OP_VERIFY: return OpVerify();
    case OP_RETURN: return ScriptError::kOpReturn;
    case OP_CHECKLOCKTIMEVERIFY: return OpCheckLockTime();
    case OP_CHECKSEQUENCEVERIFY: return OpCheckSequence();
    case OP_NOP1:
    case OP_NOP4:
    case OP_NOP5:
    case OP_NOP6:
    case OP_NOP7:
    case OP_NOP8:
    case OP_NOP9:
    case OP_NOP10: return OpUpgradableNop();
    case OP_TOALTSTACK:
    case OP_FROMALTSTACK: return OpAltStack(opcode);
    case OP_PICK:
    case OP_ROLL: return OpPickOrRoll(opcode);
    case OP_EQUAL:
    case OP_EQUALVERIFY: return OpEqual(opcode);
    case OP_WITHIN: return OpWithin();
    case OP_CODESEPARATOR:
      code_ = SignedCode(script_.subspan(position_behind), execution_.version);
      execution_.code_separator_position = opcode_position_;
      return ScriptError::kOk;
    case OP_CHECKSIG:
    case OP_CHECKSIGVERIFY: return OpCheckSig(opcode);
    case OP_CHECKSIGADD: return OpCheckSigAdd();
    case OP_CHECKMULTISIG:
    case OP_CHECKMULTISIGVERIFY: return OpCheckMultisig(opcode);
    default: break;
  }
  if ((opcode >= OP_2DROP && opcode <= OP_TUCK) || opcode == OP_SIZE) return OpStack(opcode);
  if (opcode >= OP_1ADD && opcode <= OP_0NOTEQUAL) return OpUnary(opcode);
  if (opcode >= OP_ADD && opcode <= OP_MAX) return OpBinary(opcode);
  if (opcode >= OP_RIPEMD160 && opcode <= OP_HASH256) return OpHash(opcode);
  return ScriptError::kBadOpcode;
}

ScriptError ScriptRun::PushOrVerify(bool value, bool verify, ScriptError error) {
  if (verify) return value ? ScriptError::kOk : error;
  stack_.Push(StackItem::Bool(value));
  return ScriptError::kOk;
}

}  // namespace cairn::consensus
