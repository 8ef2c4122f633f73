#include "tests/bench/secp256k1_replay.h"

#include <cstring>

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include "cairn/base/assert.h"

namespace cairn::bench {
namespace {

CurveCalls* recorded = nullptr;

CurveCall& Record(CurveCall::Function function) {
  recorded->push_back({function});
  return recorded->back();
}

}  // namespace

CurveRecorder::CurveRecorder(CurveCalls& calls) { recorded = &calls; }
CurveRecorder::~CurveRecorder() { recorded = nullptr; }

}  // namespace cairn::bench

extern "C" {
using Context = const secp256k1_context*;

int __real_secp256k1_ec_pubkey_parse(Context, secp256k1_pubkey*, const unsigned char*, size_t);
int __wrap_secp256k1_ec_pubkey_parse(Context, secp256k1_pubkey*, const unsigned char*, size_t);
int __real_secp256k1_ecdsa_signature_parse_compact(Context, secp256k1_ecdsa_signature*,
                                                   const unsigned char*);
int __wrap_secp256k1_ecdsa_signature_parse_compact(Context, secp256k1_ecdsa_signature*,
                                                   const unsigned char*);
int __real_secp256k1_ecdsa_signature_normalize(Context, secp256k1_ecdsa_signature*,
                                               const secp256k1_ecdsa_signature*);
int __wrap_secp256k1_ecdsa_signature_normalize(Context, secp256k1_ecdsa_signature*,
                                               const secp256k1_ecdsa_signature*);
int __real_secp256k1_ecdsa_verify(Context, const secp256k1_ecdsa_signature*, const unsigned char*,
                                  const secp256k1_pubkey*);
int __wrap_secp256k1_ecdsa_verify(Context, const secp256k1_ecdsa_signature*, const unsigned char*,
                                  const secp256k1_pubkey*);
int __real_secp256k1_xonly_pubkey_parse(Context, secp256k1_xonly_pubkey*, const unsigned char*);
int __wrap_secp256k1_xonly_pubkey_parse(Context, secp256k1_xonly_pubkey*, const unsigned char*);
int __real_secp256k1_schnorrsig_verify(Context, const unsigned char*, const unsigned char*, size_t,
                                       const secp256k1_xonly_pubkey*);
int __wrap_secp256k1_schnorrsig_verify(Context, const unsigned char*, const unsigned char*, size_t,
                                       const secp256k1_xonly_pubkey*);
int __real_secp256k1_xonly_pubkey_tweak_add_check(Context, const unsigned char*, int,
                                                  const secp256k1_xonly_pubkey*,
                                                  const unsigned char*);
int __wrap_secp256k1_xonly_pubkey_tweak_add_check(Context, const unsigned char*, int,
                                                  const secp256k1_xonly_pubkey*,
                                                  const unsigned char*);

using cairn::bench::CurveCall;
using cairn::bench::Record;
using cairn::bench::recorded;
using Function = CurveCall::Function;

int __wrap_secp256k1_ec_pubkey_parse(Context context, secp256k1_pubkey* key,
                                     const unsigned char* bytes, size_t size) {
  if (recorded != nullptr) {
    CurveCall& call = Record(Function::kParseKey);
    call.size = static_cast<uint8_t>(size);
    std::memcpy(call.key.data(), bytes, size);
  }
  return __real_secp256k1_ec_pubkey_parse(context, key, bytes, size);
}

int __wrap_secp256k1_ecdsa_signature_parse_compact(Context context,
                                                   secp256k1_ecdsa_signature* signature,
                                                   const unsigned char* bytes) {
  if (recorded != nullptr) {
    std::memcpy(Record(Function::kParseSignature).key.data(), bytes, 64);
  }
  return __real_secp256k1_ecdsa_signature_parse_compact(context, signature, bytes);
}

int __wrap_secp256k1_ecdsa_signature_normalize(Context context, secp256k1_ecdsa_signature* out,
                                               const secp256k1_ecdsa_signature* in) {
  if (recorded != nullptr) Record(Function::kNormalize);
  return __real_secp256k1_ecdsa_signature_normalize(context, out, in);
}

int __wrap_secp256k1_ecdsa_verify(Context context, const secp256k1_ecdsa_signature* signature,
                                  const unsigned char* message, const secp256k1_pubkey* key) {
  if (recorded != nullptr) {
    std::memcpy(Record(Function::kVerifyEcdsa).hash.data(), message, 32);
  }
  return __real_secp256k1_ecdsa_verify(context, signature, message, key);
}

int __wrap_secp256k1_xonly_pubkey_parse(Context context, secp256k1_xonly_pubkey* key,
                                        const unsigned char* bytes) {
  if (recorded != nullptr) std::memcpy(Record(Function::kParseXOnlyKey).key.data(), bytes, 32);
  return __real_secp256k1_xonly_pubkey_parse(context, key, bytes);
}

int __wrap_secp256k1_schnorrsig_verify(Context context, const unsigned char* signature,
                                       const unsigned char* message, size_t size,
                                       const secp256k1_xonly_pubkey* key) {
  if (recorded != nullptr) {
    CurveCall& call = Record(Function::kVerifySchnorr);
    std::memcpy(call.key.data(), signature, 64);
    std::memcpy(call.hash.data(), message, 32);
  }
  return __real_secp256k1_schnorrsig_verify(context, signature, message, size, key);
}

int __wrap_secp256k1_xonly_pubkey_tweak_add_check(Context context, const unsigned char* tweaked,
                                                  int parity,
                                                  const secp256k1_xonly_pubkey* internal,
                                                  const unsigned char* tweak) {
  if (recorded != nullptr) {
    CurveCall& call = Record(Function::kCheckTweak);
    call.parity = parity;
    std::memcpy(call.key.data(), tweaked, 32);
    std::memcpy(call.hash.data(), tweak, 32);
  }
  return __real_secp256k1_xonly_pubkey_tweak_add_check(context, tweaked, parity, internal, tweak);
}
}

namespace cairn::bench {

void Replay(const CurveCalls& calls) {
  const secp256k1_context* const context = secp256k1_context_static;
  secp256k1_pubkey key;
  secp256k1_xonly_pubkey x_only_key;
  secp256k1_ecdsa_signature signature;
  bool all_true = true;
  for (const CurveCall& call : calls) {
    const auto* const bytes = call.key.data();
    switch (call.function) {
      case Function::kParseKey:
        all_true &= __real_secp256k1_ec_pubkey_parse(context, &key, bytes, call.size) == 1;
        break;
      case Function::kParseSignature:
        all_true &= __real_secp256k1_ecdsa_signature_parse_compact(context, &signature, bytes) == 1;
        break;
      case Function::kNormalize:
        __real_secp256k1_ecdsa_signature_normalize(context, &signature, &signature);
        break;
      case Function::kVerifyEcdsa:
        // CHECKMULTISIG tries keys in turn, so it may well be false.
        __real_secp256k1_ecdsa_verify(context, &signature, call.hash.data(), &key);
        break;
      case Function::kParseXOnlyKey:
        all_true &= __real_secp256k1_xonly_pubkey_parse(context, &x_only_key, bytes) == 1;
        break;
      case Function::kVerifySchnorr:
        all_true &= __real_secp256k1_schnorrsig_verify(context, bytes, call.hash.data(), 32,
                                                       &x_only_key) == 1;
        break;
      case Function::kCheckTweak:
        all_true &= __real_secp256k1_xonly_pubkey_tweak_add_check(
                        context, bytes, call.parity, &x_only_key, call.hash.data()) == 1;
        break;
    }
  }
  CAIRN_ASSERT(all_true);
}

}  // namespace cairn::bench
