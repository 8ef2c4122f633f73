// The standard output scripts, made of what they pay to. `ClassifyOutput` takes them apart.
#pragma once

#include <span>

#include "cairn/base/bytes.h"

namespace cairn {

Bytes PayToKey(ByteSpan key);
/// `hash` is the HASH160 of the key.
Bytes PayToKeyHash(ByteSpan hash);
/// Any `required` of the keys.
Bytes PayToMultisig(size_t required, std::span<const ByteSpan> keys);
/// `hash` is the HASH160 of the script.
Bytes PayToScriptHash(ByteSpan hash);
/// BIP141. The program of version 0 is the HASH160 of a key or the SHA-256 of a script; that of
/// version 1 a taproot output key.
Bytes PayToWitness(int version, ByteSpan program);

}  // namespace cairn
