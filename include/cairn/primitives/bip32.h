// Hierarchical deterministic keys (BIP32): extended keys, their text form, and their children.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/crypto/secret_key.h"
#include "cairn/primitives/address.h"

namespace cairn {

/// In the number of a child: it can be derived only from the private key.
inline constexpr uint32_t kHardened = 0x8000'0000;

/// The numbers of a child, its child, and so on.
using KeyPath = std::vector<uint32_t>;

/// The first bytes of the HASH160 of a public key, by which people name it.
using KeyFingerprint = std::array<uint8_t, 4>;
KeyFingerprint FingerprintOf(ByteSpan public_key);

/// "/1/2h" with `mark` behind hardened numbers; empty for an empty path.
std::string PathToText(const KeyPath& path, char mark);

/// Where an extended key stands in its tree, and what it derives its children with.
struct KeyLineage {
  uint8_t depth = 0;
  KeyFingerprint parent{};
  uint32_t number = 0;
  std::array<uint8_t, 32> chain_code{};

  bool operator==(const KeyLineage&) const = default;
};

struct ExtendedPublicKey {
  KeyLineage lineage{};
  crypto::CompressedKey key{};

  /// Nothing for hardened numbers, below depth 255, and in the case, never met, that there is none.
  std::optional<ExtendedPublicKey> Child(uint32_t number) const;

  bool operator==(const ExtendedPublicKey&) const = default;
};

struct ExtendedSecretKey {
  KeyLineage lineage{};
  crypto::SecretKey key{};

  /// The root of a tree. Nothing if the seed, as never happens, makes no key.
  static std::optional<ExtendedSecretKey> FromSeed(ByteSpan seed);

  /// Nothing below depth 255, and in the case, never met, that there is none.
  std::optional<ExtendedSecretKey> Child(uint32_t number) const;
  ExtendedPublicKey Public() const;

  bool operator==(const ExtendedSecretKey&) const = default;
};

/// "xpub..." and "xprv...", or "tpub..." and "tprv...", as the chain has it.
std::string EncodeExtendedKey(const ExtendedPublicKey& key, const AddressPrefixes& prefixes);
std::string EncodeExtendedKey(const ExtendedSecretKey& key, const AddressPrefixes& prefixes);

/// Nothing for keys of other chains or of the other kind, and for what BIP32 calls invalid.
std::optional<ExtendedPublicKey> DecodeExtendedPublicKey(std::string_view text,
                                                         const AddressPrefixes& prefixes);
std::optional<ExtendedSecretKey> DecodeExtendedSecretKey(std::string_view text,
                                                         const AddressPrefixes& prefixes);

}  // namespace cairn
