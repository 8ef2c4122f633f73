#include "cairn/crypto/secret_key.h"

#include <algorithm>

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_recovery.h>
#include <secp256k1_schnorrsig.h>

#include "cairn/base/assert.h"
#include "cairn/base/endian.h"

namespace cairn::crypto {
namespace {

// The first byte of a recoverable signature: this, the number of the key, and 4 if it is
// compressed.
constexpr uint8_t kFirstHeader = 27;
constexpr uint8_t kCompressedBit = 4;

/// Signing needs tables that the library's constant context lacks. It is never changed, so all
/// threads may share it.
const secp256k1_context* Context() {
  static const secp256k1_context* const context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  return context;
}

Bytes Serialize(const secp256k1_pubkey& key, bool compressed) {
  Bytes bytes(compressed ? 33 : 65);
  size_t size = bytes.size();
  secp256k1_ec_pubkey_serialize(Context(), bytes.data(), &size, &key,
                                compressed ? SECP256K1_EC_COMPRESSED : SECP256K1_EC_UNCOMPRESSED);
  return bytes;
}

/// Whether r takes no more than 32 bytes in DER, where numbers are signed.
bool HasLowR(const secp256k1_ecdsa_signature& signature) {
  std::array<uint8_t, 64> compact;
  secp256k1_ecdsa_signature_serialize_compact(Context(), compact.data(), &signature);
  return compact[0] < 0x80;
}

}  // namespace

bool IsSecretKey(const SecretKey& key) {
  return secp256k1_ec_seckey_verify(Context(), key.data()) == 1;
}

Bytes PublicKeyOf(const SecretKey& key, bool compressed) {
  secp256k1_pubkey point;
  CAIRN_ASSERT(secp256k1_ec_pubkey_create(Context(), &point, key.data()) == 1);
  return Serialize(point, compressed);
}

std::optional<SecretKey> AddToSecret(const SecretKey& key, const Digest& tweak) {
  SecretKey sum = key;
  if (secp256k1_ec_seckey_tweak_add(Context(), sum.data(), tweak.data()) != 1) return std::nullopt;
  return sum;
}

std::optional<CompressedKey> AddToPublic(const CompressedKey& key, const Digest& tweak) {
  secp256k1_pubkey point;
  if (secp256k1_ec_pubkey_parse(Context(), &point, key.data(), key.size()) != 1 ||
      secp256k1_ec_pubkey_tweak_add(Context(), &point, tweak.data()) != 1) {
    return std::nullopt;
  }
  CompressedKey sum{};
  const Bytes bytes = Serialize(point, true);
  std::copy(bytes.begin(), bytes.end(), sum.begin());
  return sum;
}

Bytes SignEcdsa(const SecretKey& key, const Digest& message) {
  secp256k1_ecdsa_signature signature;
  Digest extra{};
  uint32_t tries = 0;
  do {
    CAIRN_ASSERT(secp256k1_ecdsa_sign(Context(), &signature, message.data(), key.data(),
                                      secp256k1_nonce_function_rfc6979,
                                      tries == 0 ? nullptr : extra.data()) == 1);
    StoreLittle(extra.data(), ++tries);
  } while (!HasLowR(signature));
  Bytes der(72);
  size_t size = der.size();
  secp256k1_ecdsa_signature_serialize_der(Context(), der.data(), &size, &signature);
  der.resize(size);
  return der;
}

std::optional<std::array<uint8_t, 64>> SignSchnorr(const SecretKey& key, const Digest& message,
                                                   const Digest* tweak) {
  secp256k1_keypair pair;
  CAIRN_ASSERT(secp256k1_keypair_create(Context(), &pair, key.data()) == 1);
  if (tweak != nullptr && secp256k1_keypair_xonly_tweak_add(Context(), &pair, tweak->data()) != 1) {
    return std::nullopt;
  }
  std::array<uint8_t, 64> signature;
  constexpr Digest kNoEntropy{};
  CAIRN_ASSERT(secp256k1_schnorrsig_sign32(Context(), signature.data(), message.data(), &pair,
                                           kNoEntropy.data()) == 1);
  return signature;
}

RecoverableSignature SignRecoverable(const SecretKey& key, const Digest& message, bool compressed) {
  secp256k1_ecdsa_recoverable_signature signature;
  CAIRN_ASSERT(secp256k1_ecdsa_sign_recoverable(Context(), &signature, message.data(), key.data(),
                                                secp256k1_nonce_function_rfc6979, nullptr) == 1);
  RecoverableSignature bytes;
  int number = 0;
  secp256k1_ecdsa_recoverable_signature_serialize_compact(Context(), bytes.data() + 1, &number,
                                                          &signature);
  bytes[0] = static_cast<uint8_t>(kFirstHeader + number + (compressed ? kCompressedBit : 0));
  return bytes;
}

std::optional<Bytes> RecoverPublicKey(ByteSpan signature, const Digest& message) {
  if (signature.size() != RecoverableSignature().size()) return std::nullopt;
  const int header = (signature[0] - kFirstHeader) & 7;
  secp256k1_ecdsa_recoverable_signature parsed;
  secp256k1_pubkey point;
  if (secp256k1_ecdsa_recoverable_signature_parse_compact(Context(), &parsed, signature.data() + 1,
                                                          header & 3) != 1 ||
      secp256k1_ecdsa_recover(Context(), &point, &parsed, message.data()) != 1) {
    return std::nullopt;
  }
  return Serialize(point, (header & kCompressedBit) != 0);
}

}  // namespace cairn::crypto
