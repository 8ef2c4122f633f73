// Private keys that everybody knows, and the signatures that they make.
#pragma once

#include <optional>

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include "cairn/base/assert.h"
#include "cairn/base/bytes.h"
#include "cairn/crypto/sha256.h"

namespace cairn::test {

/// The key with a small number as its secret, or with a secret of its own. Signatures are
/// deterministic.
class TestKey {
 public:
  explicit TestKey(uint8_t number) : TestKey(SmallSecret(number)) {}
  /// The secret must lie between zero and the group's order.
  explicit TestKey(const crypto::Digest& secret) : secret_(secret) {
    CAIRN_ASSERT(secp256k1_keypair_create(Context(), &pair_, secret_.data()) == 1);
    CAIRN_ASSERT(secp256k1_keypair_pub(Context(), &public_, &pair_) == 1);
  }

  Bytes Compressed() const { return Serialize(33, SECP256K1_EC_COMPRESSED); }
  Bytes Uncompressed() const { return Serialize(65, SECP256K1_EC_UNCOMPRESSED); }
  /// Uncompressed, but with the parity of y in the first byte, as SEC 1 allows.
  Bytes Hybrid() const {
    Bytes key = Uncompressed();
    key[0] = static_cast<uint8_t>(6 + (key.back() & 1));
    return key;
  }
  Bytes XOnly() const {
    const Bytes key = Compressed();
    return {key.begin() + 1, key.end()};
  }

  /// Strict DER with a low S, without hash type.
  Bytes SignEcdsa(const crypto::Digest& message) const {
    secp256k1_ecdsa_signature signature;
    CAIRN_ASSERT(secp256k1_ecdsa_sign(Context(), &signature, message.data(), secret_.data(),
                                      nullptr, nullptr) == 1);
    Bytes der(72);
    size_t size = der.size();
    secp256k1_ecdsa_signature_serialize_der(Context(), der.data(), &size, &signature);
    der.resize(size);
    return der;
  }

  /// 64 bytes. With a tweak, the signature is that of the tweaked output key (BIP341).
  Bytes SignSchnorr(const crypto::Digest& message,
                    const std::optional<crypto::Digest>& tweak = std::nullopt) const {
    secp256k1_keypair pair = pair_;
    if (tweak) {
      CAIRN_ASSERT(secp256k1_keypair_xonly_tweak_add(Context(), &pair, tweak->data()) == 1);
    }
    Bytes signature(64);
    CAIRN_ASSERT(secp256k1_schnorrsig_sign32(Context(), signature.data(), message.data(), &pair,
                                             nullptr) == 1);
    return signature;
  }

 private:
  static crypto::Digest SmallSecret(uint8_t number) {
    crypto::Digest secret{};
    secret.back() = number;
    return secret;
  }

  /// Signing needs a context of its own; it lives as long as the process.
  static const secp256k1_context* Context() {
    static const secp256k1_context* const context =
        secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    return context;
  }

  Bytes Serialize(size_t size, unsigned form) const {
    Bytes key(size);
    secp256k1_ec_pubkey_serialize(Context(), key.data(), &size, &public_, form);
    return key;
  }

  crypto::Digest secret_;
  secp256k1_keypair pair_;
  secp256k1_pubkey public_;
};

}  // namespace cairn::test
