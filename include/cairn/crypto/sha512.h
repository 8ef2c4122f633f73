// SHA-512 and HMAC-SHA512, by which keys are derived from keys (BIP32).
//
// Pure functions, from any thread. Digests are in the order of the hash function, bytes as they
// come.
#pragma once

#include <array>
#include <cstdint>

#include "cairn/base/bytes.h"

namespace cairn::crypto {

using Digest512 = std::array<uint8_t, 64>;

Digest512 Sha512Of(ByteSpan message);

Digest512 HmacSha512(ByteSpan key, ByteSpan message);

}  // namespace cairn::crypto
