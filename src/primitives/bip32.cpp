#include "cairn/primitives/bip32.h"

#include <algorithm>
#include <limits>

#include "cairn/base/endian.h"
#include "cairn/crypto/hash.h"
#include "cairn/crypto/secp256k1.h"
#include "cairn/crypto/sha512.h"
#include "src/primitives/base58.h"

namespace cairn {

namespace {

constexpr size_t kExtendedKeySize = 78;

/// Of an extended key, what is the same for public and private ones: the fields and 33 bytes.
struct ExtendedKeyFields {
  KeyLineage lineage{};
  std::array<uint8_t, 33> key{};
};

template <size_t kSize>
void TakeBytes(ByteSpan& from, std::array<uint8_t, kSize>& to) {
  std::copy_n(from.begin(), kSize, to.begin());
  from = from.subspan(kSize);
}

std::string EncodeFields(const ExtendedKeyFields& fields, const std::array<uint8_t, 4>& version) {
  Bytes payload(version.begin(), version.end());
  payload.push_back(fields.lineage.depth);
  Append(payload, fields.lineage.parent);
  std::array<uint8_t, 4> number;
  StoreBig(number.data(), fields.lineage.number);
  Append(payload, number);
  Append(payload, fields.lineage.chain_code);
  Append(payload, fields.key);
  return EncodeBase58Check(payload);
}

std::optional<ExtendedKeyFields> DecodeFields(std::string_view text,
                                              const std::array<uint8_t, 4>& version) {
  const std::optional<Bytes> payload = DecodeBase58Check(text, kExtendedKeySize);
  if (!payload || payload->size() != kExtendedKeySize) return std::nullopt;
  ByteSpan rest = *payload;
  std::array<uint8_t, 4> given_version;
  std::array<uint8_t, 1> depth;
  std::array<uint8_t, 4> number;
  ExtendedKeyFields fields;
  TakeBytes(rest, given_version);
  TakeBytes(rest, depth);
  TakeBytes(rest, fields.lineage.parent);
  TakeBytes(rest, number);
  TakeBytes(rest, fields.lineage.chain_code);
  TakeBytes(rest, fields.key);
  fields.lineage.depth = depth[0];
  fields.lineage.number = LoadBig<uint32_t>(number.data());
  const bool orphan = fields.lineage.number == 0 && fields.lineage.parent == KeyFingerprint{};
  if (given_version != version || (depth[0] == 0 && !orphan)) return std::nullopt;
  return fields;
}

/// What HMAC-SHA512 makes of a key and a number: what is added to the key, and the chain code.
struct Derivation {
  crypto::Digest tweak;
  KeyLineage lineage;
};

/// `material` is the public key, or the private one behind a zero for hardened numbers.
std::optional<Derivation> Derive(const KeyLineage& parent, ByteSpan public_key, ByteSpan material,
                                 uint32_t number) {
  if (parent.depth == std::numeric_limits<uint8_t>::max()) return std::nullopt;
  Bytes message(material.begin(), material.end());
  std::array<uint8_t, 4> number_bytes;
  StoreBig(number_bytes.data(), number);
  Append(message, number_bytes);
  const crypto::Digest512 hash = crypto::HmacSha512(parent.chain_code, message);

  Derivation derivation;
  std::copy_n(hash.begin(), 32, derivation.tweak.begin());
  derivation.lineage.depth = static_cast<uint8_t>(parent.depth + 1);
  derivation.lineage.parent = FingerprintOf(public_key);
  derivation.lineage.number = number;
  std::copy_n(hash.begin() + 32, 32, derivation.lineage.chain_code.begin());
  return derivation;
}

std::array<uint8_t, 33> BehindZero(const crypto::SecretKey& key) {
  std::array<uint8_t, 33> bytes{};
  std::copy(key.begin(), key.end(), bytes.begin() + 1);
  return bytes;
}

}  // namespace

KeyFingerprint FingerprintOf(ByteSpan public_key) {
  const crypto::Digest160 hash = crypto::Hash160Of(public_key);
  KeyFingerprint fingerprint;
  std::copy_n(hash.begin(), fingerprint.size(), fingerprint.begin());
  return fingerprint;
}

std::string PathToText(const KeyPath& path, char mark) {
  std::string text;
  for (const uint32_t number : path) {
    text += "/" + std::to_string(number & ~kHardened);
    if ((number & kHardened) != 0) text += mark;
  }
  return text;
}

std::optional<ExtendedPublicKey> ExtendedPublicKey::Child(uint32_t number) const {
  if ((number & kHardened) != 0) return std::nullopt;
  const std::optional<Derivation> derivation = Derive(lineage, key, key, number);
  if (!derivation) return std::nullopt;
  const auto child = crypto::AddToPublic(key, derivation->tweak);
  if (!child) return std::nullopt;
  return ExtendedPublicKey{derivation->lineage, *child};
}

std::optional<ExtendedSecretKey> ExtendedSecretKey::FromSeed(ByteSpan seed) {
  const crypto::Digest512 hash = crypto::HmacSha512(AsBytes("Bitcoin seed"), seed);
  ExtendedSecretKey root;
  std::copy_n(hash.begin(), 32, root.key.begin());
  std::copy_n(hash.begin() + 32, 32, root.lineage.chain_code.begin());
  if (!crypto::IsSecretKey(root.key)) return std::nullopt;
  return root;
}

std::optional<ExtendedSecretKey> ExtendedSecretKey::Child(uint32_t number) const {
  const Bytes public_key = crypto::PublicKeyOf(key, true);
  const std::array<uint8_t, 33> secret = BehindZero(key);
  const bool hardened = (number & kHardened) != 0;
  const std::optional<Derivation> derivation =
      Derive(lineage, public_key, hardened ? ByteSpan(secret) : ByteSpan(public_key), number);
  if (!derivation) return std::nullopt;
  const auto child = crypto::AddToSecret(key, derivation->tweak);
  if (!child) return std::nullopt;
  return ExtendedSecretKey{derivation->lineage, *child};
}

ExtendedPublicKey ExtendedSecretKey::Public() const {
  ExtendedPublicKey result{lineage, {}};
  const Bytes bytes = crypto::PublicKeyOf(key, true);
  std::copy(bytes.begin(), bytes.end(), result.key.begin());
  return result;
}

std::string EncodeExtendedKey(const ExtendedPublicKey& key, const AddressPrefixes& prefixes) {
  return EncodeFields({key.lineage, key.key}, prefixes.ext_public);
}

std::string EncodeExtendedKey(const ExtendedSecretKey& key, const AddressPrefixes& prefixes) {
  return EncodeFields({key.lineage, BehindZero(key.key)}, prefixes.ext_secret);
}

std::optional<ExtendedPublicKey> DecodeExtendedPublicKey(std::string_view text,
                                                         const AddressPrefixes& prefixes) {
  const std::optional<ExtendedKeyFields> fields = DecodeFields(text, prefixes.ext_public);
  if (!fields || !crypto::IsPublicKey(fields->key)) return std::nullopt;
  return ExtendedPublicKey{fields->lineage, fields->key};
}

std::optional<ExtendedSecretKey> DecodeExtendedSecretKey(std::string_view text,
                                                         const AddressPrefixes& prefixes) {
  const std::optional<ExtendedKeyFields> fields = DecodeFields(text, prefixes.ext_secret);
  if (!fields || fields->key[0] != 0) return std::nullopt;
  ExtendedSecretKey key{fields->lineage, {}};
  std::copy_n(fields->key.begin() + 1, key.key.size(), key.key.begin());
  if (!crypto::IsSecretKey(key.key)) return std::nullopt;
  return key;
}

}  // namespace cairn
