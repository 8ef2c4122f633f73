// Moving and comparing what is on the stack.

#include "consensus/script/number.h"
#include "consensus/script/run.h"

namespace cairn::consensus {
namespace {

/// How many items an opcode needs.
size_t Needed(uint8_t opcode) {
  switch (opcode) {
    case OP_DEPTH: return 0;
    case OP_IFDUP:
    case OP_DROP:
    case OP_DUP:
    case OP_SIZE: return 1;
    case OP_2DROP:
    case OP_2DUP:
    case OP_NIP:
    case OP_OVER:
    case OP_SWAP:
    case OP_TUCK: return 2;
    case OP_3DUP:
    case OP_ROT: return 3;
    case OP_2OVER:
    case OP_2SWAP: return 4;
    default:  // OP_2ROT
      return 6;
  }
}

/// Repeats the `count` items whose lowest is at `depth`.
void Repeat(Stack& stack, size_t depth, size_t count) {
  for (size_t i = 0; i < count; ++i) stack.PushCopy(depth);
}

/// Moves the item at `depth` to the top, `count` times over.
void Lift(Stack& stack, size_t depth, size_t count) {
  for (size_t i = 0; i < count; ++i) stack.Push(stack.Take(depth));
}

}  // namespace

ScriptError ScriptRun::OpStack(uint8_t opcode) {
  if (!Has(Needed(opcode))) return ScriptError::kInvalidStackOperation;
  switch (opcode) {
    case OP_2DROP: stack_.Pop(2); break;
    case OP_2DUP: Repeat(stack_, 2, 2); break;
    case OP_3DUP: Repeat(stack_, 3, 3); break;
    case OP_2OVER: Repeat(stack_, 4, 2); break;
    case OP_2ROT: Lift(stack_, 6, 2); break;
    case OP_2SWAP: Lift(stack_, 4, 2); break;
    case OP_IFDUP:
      if (stack_.Top().IsTrue()) stack_.PushCopy(1);
      break;
    case OP_DEPTH: stack_.Push(NumberItem(static_cast<int64_t>(stack_.size()))); break;
    case OP_DROP: stack_.Pop(); break;
    case OP_DUP: stack_.PushCopy(1); break;
    case OP_NIP: stack_.Take(2); break;
    case OP_OVER: stack_.PushCopy(2); break;
    case OP_ROT: Lift(stack_, 3, 1); break;
    case OP_SWAP: stack_.Swap(1, 2); break;
    case OP_TUCK: stack_.Insert(2, StackItem(stack_.Top())); break;
    default:  // OP_SIZE
      stack_.Push(NumberItem(static_cast<int64_t>(stack_.Top().size())));
      break;
  }
  return ScriptError::kOk;
}

ScriptError ScriptRun::OpAltStack(uint8_t opcode) {
  if (opcode == OP_TOALTSTACK) {
    if (!Has(1)) return ScriptError::kInvalidStackOperation;
    alt_stack_.Push(stack_.Take());
    return ScriptError::kOk;
  }
  if (alt_stack_.empty()) return ScriptError::kInvalidAltstackOperation;
  stack_.Push(alt_stack_.Take());
  return ScriptError::kOk;
}

ScriptError ScriptRun::OpPickOrRoll(uint8_t opcode) {
  if (!Has(2)) return ScriptError::kInvalidStackOperation;
  const auto wanted = ReadScriptNumber(stack_.Top().span(), minimal_);
  if (!wanted) return ScriptError::kScriptNumber;
  stack_.Pop();
  if (*wanted < 0 || *wanted >= static_cast<int64_t>(stack_.size())) {
    return ScriptError::kInvalidStackOperation;
  }
  const size_t depth = static_cast<size_t>(*wanted) + 1;
  if (opcode == OP_ROLL) {
    Lift(stack_, depth, 1);
  } else {
    stack_.PushCopy(depth);
  }
  return ScriptError::kOk;
}

ScriptError ScriptRun::OpEqual(uint8_t opcode) {
  if (!Has(2)) return ScriptError::kInvalidStackOperation;
  const bool equal = Equal(stack_.Top(1).span(), stack_.Top(2).span());
  stack_.Pop(2);
  return PushOrVerify(equal, opcode == OP_EQUALVERIFY, ScriptError::kEqualVerify);
}

}  // namespace cairn::consensus
