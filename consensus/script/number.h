// Script numbers: little-endian with a sign bit, of at most four bytes as operands; results may be
// larger, and are then no operands any more.
#pragma once

#include <cstdint>
#include <optional>

#include "consensus/script/stack.h"

namespace cairn::consensus {

inline constexpr size_t kOperandSize = 4;
inline constexpr size_t kLockTimeOperandSize = 5;  // BIP65, BIP112

/// Nothing if there are more bytes than `most` or, with `minimal`, a shorter form says the same.
std::optional<int64_t> ReadScriptNumber(ByteSpan bytes, bool minimal, size_t most = kOperandSize);

/// The shortest form.
StackItem NumberItem(int64_t value);

}  // namespace cairn::consensus
