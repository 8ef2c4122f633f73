// The other hashes of the protocol: RIPEMD-160, HASH160, SHA-1 and SipHash-2-4.
//
// Pure functions, from any thread. Digests are in the order of the hash function, bytes as they
// come.
#pragma once

#include <array>
#include <cstdint>

#include "cairn/base/bytes.h"

namespace cairn::crypto {

using Digest160 = std::array<uint8_t, 20>;

Digest160 Ripemd160Of(ByteSpan message);

/// RIPEMD160(SHA256(message)): the hash of keys and scripts in addresses.
Digest160 Hash160Of(ByteSpan message);

/// Only for OP_SHA1.
Digest160 Sha1Of(ByteSpan message);

/// SipHash-2-4 of a message under a 128-bit key, for salted tables and BIP152 short ids. `key0` is
/// the first half of the key, read as little-endian.
uint64_t SipHash24(uint64_t key0, uint64_t key1, ByteSpan message);

}  // namespace cairn::crypto
