#include "cairn/crypto/secp256k1.h"

#include <cstring>
#include <optional>

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

namespace cairn::crypto {
namespace {

constexpr size_t kScalarSize = 32;

// Verification needs no tables of its own, so the library's constant context serves all threads.
const secp256k1_context* Context() { return secp256k1_context_static; }

/// Steps through the lax DER that OpenSSL once accepted, and that old blocks therefore contain.
class LaxDer {
 public:
  explicit LaxDer(ByteSpan bytes) : rest_(bytes) {}

  /// The header of the sequence. Its length is skipped, not obeyed.
  bool TakeSequence() {
    if (!TakeTag(0x30) || rest_.empty()) return false;
    const uint8_t first = TakeByte();
    return (first & 0x80) == 0 || Skip(first & 0x7f);
  }

  /// An integer's bytes.
  std::optional<ByteSpan> TakeInteger() {
    if (!TakeTag(0x02)) return std::nullopt;
    const std::optional<size_t> length = TakeLength();
    if (!length || *length > rest_.size()) return std::nullopt;
    const ByteSpan integer = rest_.first(*length);
    rest_ = rest_.subspan(*length);
    return integer;
  }

 private:
  uint8_t TakeByte() {
    const uint8_t byte = rest_[0];
    rest_ = rest_.subspan(1);
    return byte;
  }

  bool TakeTag(uint8_t tag) { return !rest_.empty() && TakeByte() == tag; }

  bool Skip(size_t count) {
    if (count > rest_.size()) return false;
    rest_ = rest_.subspan(count);
    return true;
  }

  std::optional<size_t> TakeLength() {
    if (rest_.empty()) return std::nullopt;
    const uint8_t first = TakeByte();
    if ((first & 0x80) == 0) return first;
    size_t count = first & 0x7f;
    if (count > rest_.size()) return std::nullopt;
    for (; count > 0 && rest_[0] == 0; --count) TakeByte();
    constexpr size_t kTooMany = 4;
    if (count >= kTooMany) return std::nullopt;
    size_t length = 0;
    for (; count > 0; --count) length = length << 8 | TakeByte();
    return length;
  }

  ByteSpan rest_;
};

/// Right-aligns an integer in 32 bytes; false if it is larger.
bool PlaceScalar(ByteSpan integer, uint8_t* out) {
  while (!integer.empty() && integer[0] == 0) integer = integer.subspan(1);
  if (integer.size() > kScalarSize) return false;
  std::copy(integer.begin(), integer.end(), out + kScalarSize - integer.size());
  return true;
}

/// Nothing if the bytes are not even lax DER. Numbers out of range give a signature that never
/// verifies.
std::optional<secp256k1_ecdsa_signature> ParseSignature(ByteSpan bytes) {
  LaxDer der(bytes);
  if (!der.TakeSequence()) return std::nullopt;
  const auto r = der.TakeInteger();
  const auto s = r ? der.TakeInteger() : std::nullopt;
  if (!s) return std::nullopt;
  uint8_t compact[2 * kScalarSize] = {};
  secp256k1_ecdsa_signature signature;
  const bool in_range =
      PlaceScalar(*r, compact) && PlaceScalar(*s, compact + kScalarSize) &&
      secp256k1_ecdsa_signature_parse_compact(Context(), &signature, compact) == 1;
  if (!in_range) {
    std::memset(compact, 0, sizeof compact);
    secp256k1_ecdsa_signature_parse_compact(Context(), &signature, compact);
  }
  return signature;
}

std::optional<secp256k1_pubkey> ParseKey(ByteSpan key) {
  // The library ends the program when it is given a null pointer, as empty bytes may have.
  if (key.empty()) return std::nullopt;
  secp256k1_pubkey parsed;
  if (secp256k1_ec_pubkey_parse(Context(), &parsed, key.data(), key.size()) != 1) {
    return std::nullopt;
  }
  return parsed;
}

}  // namespace

bool IsPublicKey(ByteSpan key) { return ParseKey(key).has_value(); }

bool IsXOnlyKey(ByteSpan key) {
  secp256k1_xonly_pubkey parsed;
  return key.size() == kScalarSize &&
         secp256k1_xonly_pubkey_parse(Context(), &parsed, key.data()) == 1;
}

bool VerifyEcdsa(ByteSpan public_key, const Digest& message, ByteSpan signature) {
  const auto key = ParseKey(public_key);
  if (!key) return false;
  auto parsed = ParseSignature(signature);
  if (!parsed) return false;
  // libsecp256k1 verifies only low S; both are valid signatures to consensus.
  secp256k1_ecdsa_signature_normalize(Context(), &*parsed, &*parsed);
  return secp256k1_ecdsa_verify(Context(), &*parsed, message.data(), &*key) == 1;
}

bool HasLowS(ByteSpan signature) {
  const auto parsed = ParseSignature(signature);
  return parsed && secp256k1_ecdsa_signature_normalize(Context(), nullptr, &*parsed) == 0;
}

bool VerifySchnorr(ByteSpan public_key, const Digest& message, ByteSpan signature) {
  return VerifySchnorrMessage(public_key, message, signature);
}

bool VerifySchnorrMessage(ByteSpan public_key, ByteSpan message, ByteSpan signature) {
  constexpr size_t kSignatureSize = 64;
  secp256k1_xonly_pubkey key;
  if (public_key.size() != kScalarSize || signature.size() != kSignatureSize) return false;
  if (secp256k1_xonly_pubkey_parse(Context(), &key, public_key.data()) != 1) return false;
  return secp256k1_schnorrsig_verify(Context(), signature.data(), message.data(), message.size(),
                                     &key) == 1;
}

bool IsTweakedKey(ByteSpan output_key, bool odd, ByteSpan internal_key, const Digest& tweak) {
  secp256k1_xonly_pubkey internal;
  if (output_key.size() != kScalarSize || internal_key.size() != kScalarSize) return false;
  if (secp256k1_xonly_pubkey_parse(Context(), &internal, internal_key.data()) != 1) return false;
  return secp256k1_xonly_pubkey_tweak_add_check(Context(), output_key.data(), odd ? 1 : 0,
                                                &internal, tweak.data()) == 1;
}

bool TweakKey(ByteSpan internal_key, const Digest& tweak, uint8_t* output_key, bool* odd) {
  secp256k1_xonly_pubkey internal;
  secp256k1_pubkey tweaked;
  secp256k1_xonly_pubkey output;
  int parity = 0;
  if (internal_key.size() != kScalarSize ||
      secp256k1_xonly_pubkey_parse(Context(), &internal, internal_key.data()) != 1 ||
      secp256k1_xonly_pubkey_tweak_add(Context(), &tweaked, &internal, tweak.data()) != 1 ||
      secp256k1_xonly_pubkey_from_pubkey(Context(), &output, &parity, &tweaked) != 1) {
    return false;
  }
  secp256k1_xonly_pubkey_serialize(Context(), output_key, &output);
  *odd = parity == 1;
  return true;
}

}  // namespace cairn::crypto
