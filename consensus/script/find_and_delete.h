// The cutting of a signature out of the script that it signs, as bare scripts do it.
#pragma once

#include "cairn/base/bytes.h"

namespace cairn::consensus {

/// Finds the pushes of `data` in `script`, in the form that the shortest push of that size would
/// have, at places where an opcode begins. False if there is none; else `kept` is the script
/// without them.
bool FindAndDelete(ByteSpan script, ByteSpan data, Bytes& kept);

}  // namespace cairn::consensus
