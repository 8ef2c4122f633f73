#include "consensus/script/encoding.h"

#include "cairn/crypto/secp256k1.h"
#include "cairn/primitives/script.h"
#include "consensus/sighash/sighash.h"

namespace cairn::consensus {
namespace {

/// An integer at the front of `der`: of at least one byte, not negative, without needless zero.
bool TakeStrictInteger(ByteSpan& der) {
  if (der.size() < 2 || der[0] != 0x02) return false;
  const size_t size = der[1];
  if (size == 0 || size > der.size() - 2) return false;
  const ByteSpan integer = der.subspan(2, size);
  if ((integer[0] & 0x80) != 0) return false;
  if (size > 1 && integer[0] == 0 && (integer[1] & 0x80) == 0) return false;
  der = der.subspan(2 + size);
  return true;
}

bool HasDefinedHashType(ByteSpan signature) {
  const uint8_t kind = signature.back() & static_cast<uint8_t>(~kSighashAnyoneCanPay);
  return kind >= kSighashAll && kind <= kSighashSingle;
}

bool IsCompressed(ByteSpan key) { return key.size() == 33 && (key[0] == 2 || key[0] == 3); }

bool IsCompressedOrUncompressed(ByteSpan key) {
  return IsCompressed(key) || (key.size() == 65 && key[0] == 4);
}

}  // namespace

bool IsStrictDer(ByteSpan signature) {
  constexpr size_t kLeast = 9;
  constexpr size_t kMost = 73;
  if (signature.size() < kLeast || signature.size() > kMost) return false;
  // Tag, and the length of all but itself, the tag and the hash type.
  if (signature[0] != 0x30 || signature[1] != signature.size() - 3) return false;
  ByteSpan der = signature.subspan(2, signature.size() - 3);
  return TakeStrictInteger(der) && TakeStrictInteger(der) && der.empty();
}

ScriptError CheckSignatureEncoding(ByteSpan signature, ScriptFlags flags) {
  if (signature.empty()) return ScriptError::kOk;
  constexpr uint32_t kAnyStrict =
      ScriptFlags::kDersig | ScriptFlags::kLowS | ScriptFlags::kStrictEnc;
  if (flags.HasAny(kAnyStrict) && !IsStrictDer(signature)) return ScriptError::kSigDer;
  if (flags.Has(ScriptFlags::kLowS) && !crypto::HasLowS(signature.first(signature.size() - 1))) {
    return ScriptError::kSigHighS;
  }
  if (flags.Has(ScriptFlags::kStrictEnc) && !HasDefinedHashType(signature)) {
    return ScriptError::kSigHashType;
  }
  return ScriptError::kOk;
}

ScriptError CheckPubkeyEncoding(ByteSpan key, ScriptFlags flags, SigVersion version) {
  if (flags.Has(ScriptFlags::kStrictEnc) && !IsCompressedOrUncompressed(key)) {
    return ScriptError::kPubkeyType;
  }
  if (flags.Has(ScriptFlags::kWitnessPubkeyType) && version == SigVersion::kWitnessV0 &&
      !IsCompressed(key)) {
    return ScriptError::kWitnessPubkeyType;
  }
  return ScriptError::kOk;
}

bool MayBePubkey(ByteSpan key) {
  if (key.empty()) return false;
  const uint8_t form = key[0];
  if (form == 2 || form == 3) return key.size() == 33;
  return (form == 4 || form == 6 || form == 7) && key.size() == 65;
}

bool IsMinimalPush(ByteSpan data, uint8_t opcode) {
  if (data.empty()) return opcode == OP_0;
  // OP_1 to OP_16 and OP_1NEGATE push these.
  if (data.size() == 1 && ((data[0] >= 1 && data[0] <= 16) || data[0] == 0x81)) return false;
  if (data.size() < OP_PUSHDATA1) return opcode == data.size();
  if (data.size() <= 0xff) return opcode == OP_PUSHDATA1;
  return data.size() > 0xffff || opcode == OP_PUSHDATA2;
}

}  // namespace cairn::consensus
