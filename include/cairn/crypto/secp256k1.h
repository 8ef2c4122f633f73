// Signatures on the curve secp256k1, by libsecp256k1. Pure, and safe from any thread.
#pragma once

#include "cairn/base/bytes.h"
#include "cairn/crypto/sha256.h"

namespace cairn::crypto {

/// True if the bytes are a point of the curve in one of the encodings of SEC 1: compressed,
/// uncompressed or hybrid.
bool IsPublicKey(ByteSpan key);

/// True if the 32 bytes are the x coordinate of a point (BIP340).
bool IsXOnlyKey(ByteSpan key);

/// Verifies an ECDSA signature. `signature` is DER as lax as before BIP66: odd length forms,
/// leading zeroes and trailing bytes are overlooked, and S may be high. `public_key` is in any of
/// the encodings of SEC 1: compressed, uncompressed or hybrid.
bool VerifyEcdsa(ByteSpan public_key, const Digest& message, ByteSpan signature);

/// True if the signature, read as laxly, has an S of at most half the group's order (BIP146).
bool HasLowS(ByteSpan signature);

/// Verifies a BIP340 signature of 64 bytes under an x-only key of 32 bytes.
bool VerifySchnorr(ByteSpan public_key, const Digest& message, ByteSpan signature);
/// The same for a message of any length.
bool VerifySchnorrMessage(ByteSpan public_key, ByteSpan message, ByteSpan signature);

/// True if `output_key` (x-only, with the parity of its y) is `internal_key` + tweak * G (BIP341).
bool IsTweakedKey(ByteSpan output_key, bool odd, ByteSpan internal_key, const Digest& tweak);

/// Computes internal_key + tweak * G: 32 bytes at `output_key`, and the parity of its y. False if
/// the key is not on the curve or the tweak is out of range.
bool TweakKey(ByteSpan internal_key, const Digest& tweak, uint8_t* output_key, bool* odd);

}  // namespace cairn::crypto
