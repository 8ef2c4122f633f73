// The forms that signatures, keys and pushes must have.
#pragma once

#include "cairn/base/bytes.h"
#include "consensus/script/error.h"
#include "consensus/script/execution.h"
#include "consensus/script/flags.h"

namespace cairn::consensus {

/// Strict DER with a hash type byte behind it (BIP66).
bool IsStrictDer(ByteSpan signature);

/// What the flags demand of an ECDSA signature with its hash type. An empty one is always well
/// formed.
ScriptError CheckSignatureEncoding(ByteSpan signature, ScriptFlags flags);

/// What the flags demand of a key.
ScriptError CheckPubkeyEncoding(ByteSpan key, ScriptFlags flags, SigVersion version);

/// True if the size fits the first byte, so that the key may be on the curve.
bool MayBePubkey(ByteSpan key);

/// True if no shorter opcode pushes the same data (BIP62).
bool IsMinimalPush(ByteSpan data, uint8_t opcode);

}  // namespace cairn::consensus
