// Private keys of secp256k1, by libsecp256k1: their public keys, their signatures, and sums with
// them. Pure, deterministic, and safe from any thread. Private keys come here from people's calls
// and go with them; the node keeps none.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "cairn/base/bytes.h"
#include "cairn/crypto/sha256.h"

namespace cairn::crypto {

using SecretKey = std::array<uint8_t, 32>;
using CompressedKey = std::array<uint8_t, 33>;
/// r and s of 32 bytes each behind a byte that tells which of the possible keys it is of.
using RecoverableSignature = std::array<uint8_t, 65>;

/// From 1 to the order of the group less 1.
bool IsSecretKey(const SecretKey& key);

/// The public key in 33 bytes or 65. `key` must be a private key, here and below.
Bytes PublicKeyOf(const SecretKey& key, bool compressed);

/// key + tweak; nothing if the tweak is out of range or the sum is zero.
std::optional<SecretKey> AddToSecret(const SecretKey& key, const Digest& tweak);

/// key + tweak * G; nothing if `key` is none, the tweak is out of range or there is no such point.
std::optional<CompressedKey> AddToPublic(const CompressedKey& key, const Digest& tweak);

/// DER with a low S and an r that takes 32 bytes, as Bitcoin Core looks for: 70 bytes at most.
Bytes SignEcdsa(const SecretKey& key, const Digest& message);

/// A signature of BIP340 under the x-only key, or under the output key that the tweak makes of it
/// (BIP341). Nothing if the tweak is out of range.
std::optional<std::array<uint8_t, 64>> SignSchnorr(const SecretKey& key, const Digest& message,
                                                   const Digest* tweak);

/// The form of signed messages. The first byte also says whether the key is compressed.
RecoverableSignature SignRecoverable(const SecretKey& key, const Digest& message, bool compressed);

/// The public key that made the signature; nothing if none can have.
std::optional<Bytes> RecoverPublicKey(ByteSpan signature, const Digest& message);

}  // namespace cairn::crypto
