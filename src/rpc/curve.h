// Which 32-byte numbers are x coordinates of keys.
#pragma once

#include "cairn/base/bytes.h"

namespace cairn::rpc {

/// True if some point of secp256k1 has this x coordinate (32 bytes, the most significant first), so
/// that it can be an x-only key (BIP340).
bool IsOnCurve(ByteSpan x);

}  // namespace cairn::rpc
