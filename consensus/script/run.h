// The state of one script run, shared by the groups of opcodes (ops_*.cpp).
#pragma once

#include <cstdint>

#include "cairn/primitives/script.h"
#include "consensus/script/interpreter.h"

namespace cairn::consensus {

/// The open IF branches. Only whether all of them are taken matters while running, so it is enough
/// to know how many there are and which was the first not taken.
class Branches {
 public:
  bool AllTaken() const { return first_untaken_ == kNone; }
  bool empty() const { return depth_ == 0; }

  void Open(bool taken) {
    if (AllTaken() && !taken) first_untaken_ = depth_;
    ++depth_;
  }
  void Close() {
    --depth_;
    if (first_untaken_ == depth_) first_untaken_ = kNone;
  }
  void Toggle() {
    if (first_untaken_ == kNone) {
      first_untaken_ = depth_ - 1;
    } else if (first_untaken_ == depth_ - 1) {
      first_untaken_ = kNone;
    }
    // An outer branch that is not taken decides alone.
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t depth_ = 0;
  uint32_t first_untaken_ = kNone;
};

class ScriptRun {
 public:
  ScriptRun(ByteSpan script, Stack& stack, ScriptFlags flags, const SignatureChecker& checker,
            ExecutionData& execution)
      : script_(script),
        stack_(stack),
        flags_(flags),
        checker_(checker),
        execution_(execution),
        minimal_(flags.Has(ScriptFlags::kMinimalData)),
        code_(script, execution.version) {}

  ScriptError Run();

 private:
  ScriptError Step(const ScriptElement& element, size_t position_behind);
  ScriptError CheckBeforeBranches(const ScriptElement& element);
  ScriptError Execute(uint8_t opcode, size_t position_behind);

  // ops_flow.cpp
  ScriptError OpIf(uint8_t opcode);
  ScriptError OpElse();
  ScriptError OpEndIf();
  ScriptError OpVerify();
  ScriptError OpCheckLockTime();
  ScriptError OpCheckSequence();
  ScriptError OpUpgradableNop() const;

  // ops_stack.cpp
  ScriptError OpStack(uint8_t opcode);
  ScriptError OpAltStack(uint8_t opcode);
  ScriptError OpPickOrRoll(uint8_t opcode);
  ScriptError OpEqual(uint8_t opcode);

  // ops_arithmetic.cpp
  ScriptError OpUnary(uint8_t opcode);
  ScriptError OpBinary(uint8_t opcode);
  ScriptError OpWithin();

  // ops_crypto.cpp
  ScriptError OpHash(uint8_t opcode);
  ScriptError OpCheckSig(uint8_t opcode);
  ScriptError OpCheckSigAdd();
  ScriptError OpCheckMultisig(uint8_t opcode);
  ScriptError CheckSignature(ByteSpan signature, ByteSpan key, bool& valid);
  ScriptError CheckEncodings(ByteSpan signature, ByteSpan key) const;
  ScriptError CheckTapscriptSignature(ByteSpan signature, ByteSpan key, bool& valid);
  ScriptError MatchMultisig(size_t keys_at, size_t keys, size_t signatures_at, size_t signatures,
                            bool& valid);
  ScriptError MatchInOrder(SignedCode& code, size_t keys_at, size_t keys, size_t signatures_at,
                           size_t signatures, bool& valid) const;

  bool IsPreTapscript() const { return execution_.version != SigVersion::kTapscript; }
  bool Has(size_t count) const { return stack_.size() >= count; }
  /// Pushes the truth, or for the VERIFY form of an opcode turns false into `error`.
  ScriptError PushOrVerify(bool value, bool verify, ScriptError error);

  const ByteSpan script_;
  Stack& stack_;
  const ScriptFlags flags_;
  const SignatureChecker& checker_;
  ExecutionData& execution_;
  const bool minimal_;
  Stack alt_stack_;
  Branches branches_;
  int op_count_ = 0;
  uint32_t opcode_position_ = 0;
  SignedCode code_;  // behind the last executed OP_CODESEPARATOR
};

}  // namespace cairn::consensus
