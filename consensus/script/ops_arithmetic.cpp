// Numbers.

#include <algorithm>

#include "consensus/script/number.h"
#include "consensus/script/run.h"

namespace cairn::consensus {
namespace {

int64_t Unary(uint8_t opcode, int64_t value) {
  switch (opcode) {
    case OP_1ADD: return value + 1;
    case OP_1SUB: return value - 1;
    case OP_NEGATE: return -value;
    case OP_ABS: return value < 0 ? -value : value;
    case OP_NOT: return value == 0 ? 1 : 0;
    default:  // OP_0NOTEQUAL
      return value != 0 ? 1 : 0;
  }
}

int64_t Binary(uint8_t opcode, int64_t a, int64_t b) {
  switch (opcode) {
    case OP_ADD: return a + b;
    case OP_SUB: return a - b;
    case OP_BOOLAND: return a != 0 && b != 0 ? 1 : 0;
    case OP_BOOLOR: return a != 0 || b != 0 ? 1 : 0;
    case OP_NUMEQUAL:
    case OP_NUMEQUALVERIFY: return a == b ? 1 : 0;
    case OP_NUMNOTEQUAL: return a != b ? 1 : 0;
    case OP_LESSTHAN: return a < b ? 1 : 0;
    case OP_GREATERTHAN: return a > b ? 1 : 0;
    case OP_LESSTHANOREQUAL: return a <= b ? 1 : 0;
    case OP_GREATERTHANOREQUAL: return a >= b ? 1 : 0;
    case OP_MIN: return std::min(a, b);
    default:  // OP_MAX
      return std::max(a, b);
  }
}

}  // namespace

ScriptError ScriptRun::OpUnary(uint8_t opcode) {
  // OP_2MUL and OP_2DIV lie in this range, and were refused as disabled before.
  if (!Has(1)) return ScriptError::kInvalidStackOperation;
  const auto value = ReadScriptNumber(stack_.Top().span(), minimal_);
  if (!value) return ScriptError::kScriptNumber;
  stack_.Pop();
  stack_.Push(NumberItem(Unary(opcode, *value)));
  return ScriptError::kOk;
}

ScriptError ScriptRun::OpBinary(uint8_t opcode) {
  if (!Has(2)) return ScriptError::kInvalidStackOperation;
  const auto a = ReadScriptNumber(stack_.Top(2).span(), minimal_);
  const auto b = ReadScriptNumber(stack_.Top(1).span(), minimal_);
  if (!a || !b) return ScriptError::kScriptNumber;
  const int64_t result = Binary(opcode, *a, *b);
  stack_.Pop(2);
  if (opcode == OP_NUMEQUALVERIFY) {
    return PushOrVerify(result != 0, true, ScriptError::kNumEqualVerify);
  }
  stack_.Push(NumberItem(result));
  return ScriptError::kOk;
}

ScriptError ScriptRun::OpWithin() {
  if (!Has(3)) return ScriptError::kInvalidStackOperation;
  const auto value = ReadScriptNumber(stack_.Top(3).span(), minimal_);
  const auto least = ReadScriptNumber(stack_.Top(2).span(), minimal_);
  const auto beyond = ReadScriptNumber(stack_.Top(1).span(), minimal_);
  if (!value || !least || !beyond) return ScriptError::kScriptNumber;
  stack_.Pop(3);
  stack_.Push(StackItem::Bool(*least <= *value && *value < *beyond));
  return ScriptError::kOk;
}

}  // namespace cairn::consensus
