// Runs one script on a stack.
#pragma once

#include "consensus/script/checker.h"
#include "consensus/script/error.h"
#include "consensus/script/execution.h"
#include "consensus/script/flags.h"
#include "consensus/script/stack.h"

namespace cairn::consensus {

inline constexpr size_t kMaxPushSize = 520;
inline constexpr int kMaxOps = 201;
inline constexpr size_t kMaxStackSize = 1000;
inline constexpr int kMaxMultisigKeys = 20;

/// Runs `script`; the result is the error, and the stack as it then stands. `execution.version`
/// says under which rules. Script and everything that the stack's items look into must outlive the
/// stack.
ScriptError RunScript(ByteSpan script, Stack& stack, ScriptFlags flags,
                      const SignatureChecker& checker, ExecutionData& execution);

}  // namespace cairn::consensus
