// The commitment of a taproot output to its scripts (BIP341).
#pragma once

#include <cstdint>

#include "cairn/base/bytes.h"
#include "cairn/crypto/sha256.h"

namespace cairn::consensus {

inline constexpr uint8_t kLeafVersionMask = 0xfe;
inline constexpr uint8_t kTapscriptLeafVersion = 0xc0;
/// The first byte of a last witness item that is no part of the proof.
inline constexpr uint8_t kAnnexTag = 0x50;

/// A control block: version and parity, internal key, and 0 to 128 hashes.
bool IsControlBlockSize(size_t size);

/// Whether the output key commits to the leaf by the path in the control block, whose size is
/// valid.
bool IsCommittedLeaf(ByteSpan control, ByteSpan output_key, const crypto::Digest& leaf);

/// BIP341: the hash of two children, in the order of their bytes.
crypto::Digest TapbranchHash(ByteSpan a, ByteSpan b);

}  // namespace cairn::consensus
