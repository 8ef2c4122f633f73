// Hashes and signatures.

#include "cairn/crypto/hash.h"
#include "consensus/script/encoding.h"
#include "consensus/script/find_and_delete.h"
#include "consensus/script/number.h"
#include "consensus/script/run.h"

namespace cairn::consensus {
namespace {

// BIP342: what a signature check takes from the budget that the witness's size grants.
constexpr int64_t kValidationWeightPerSignature = 50;
constexpr size_t kXOnlyKeySize = 32;

StackItem HashItem(uint8_t opcode, ByteSpan message) {
  switch (opcode) {
    case OP_RIPEMD160: return StackItem::Computed(crypto::Ripemd160Of(message));
    case OP_SHA1: return StackItem::Computed(crypto::Sha1Of(message));
    case OP_SHA256: return StackItem::Computed(crypto::Sha256Of(message));
    case OP_HASH160: return StackItem::Computed(crypto::Hash160Of(message));
    default:  // OP_HASH256
      return StackItem::Computed(crypto::Sha256dOf(message));
  }
}

}  // namespace

ScriptError ScriptRun::OpHash(uint8_t opcode) {
  if (!Has(1)) return ScriptError::kInvalidStackOperation;
  const StackItem hash = HashItem(opcode, stack_.Top().span());
  stack_.Pop();
  stack_.Push(hash);
  return ScriptError::kOk;
}

ScriptError ScriptRun::OpCheckSig(uint8_t opcode) {
  if (!Has(2)) return ScriptError::kInvalidStackOperation;
  bool valid = false;
  const ByteSpan signature = stack_.Top(2).span();
  const ByteSpan key = stack_.Top(1).span();
  const ScriptError error = CheckSignature(signature, key, valid);
  if (error != ScriptError::kOk) return error;
  stack_.Pop(2);
  return PushOrVerify(valid, opcode == OP_CHECKSIGVERIFY, ScriptError::kCheckSigVerify);
}

ScriptError ScriptRun::OpCheckSigAdd() {
  if (IsPreTapscript()) return ScriptError::kBadOpcode;
  if (!Has(3)) return ScriptError::kInvalidStackOperation;
  const auto count = ReadScriptNumber(stack_.Top(2).span(), minimal_);
  if (!count) return ScriptError::kScriptNumber;
  bool valid = false;
  const ScriptError error = CheckSignature(stack_.Top(3).span(), stack_.Top(1).span(), valid);
  if (error != ScriptError::kOk) return error;
  stack_.Pop(3);
  stack_.Push(NumberItem(*count + (valid ? 1 : 0)));
  return ScriptError::kOk;
}

ScriptError ScriptRun::CheckEncodings(ByteSpan signature, ByteSpan key) const {
  const ScriptError error = CheckSignatureEncoding(signature, flags_);
  return error != ScriptError::kOk ? error : CheckPubkeyEncoding(key, flags_, execution_.version);
}

ScriptError ScriptRun::CheckSignature(ByteSpan signature, ByteSpan key, bool& valid) {
  if (!IsPreTapscript()) return CheckTapscriptSignature(signature, key, valid);
  Bytes kept;
  // A signature cannot sign itself: of old it was cut out of the script that it signs.
  const bool cut =
      execution_.version == SigVersion::kBase && FindAndDelete(code_.bytes(), signature, kept);
  if (cut && flags_.Has(ScriptFlags::kConstScriptCode)) return ScriptError::kSigFindAndDelete;
  if (const auto error = CheckEncodings(signature, key); error != ScriptError::kOk) return error;
  SignedCode without(kept, execution_.version);
  valid = checker_.CheckEcdsa(signature, key, cut ? without : code_, false);
  if (!valid && flags_.Has(ScriptFlags::kNullFail) && !signature.empty()) {
    return ScriptError::kSigNullFail;
  }
  return ScriptError::kOk;
}

ScriptError ScriptRun::CheckTapscriptSignature(ByteSpan signature, ByteSpan key, bool& valid) {
  valid = !signature.empty();
  if (valid) {
    execution_.validation_weight_left -= kValidationWeightPerSignature;
    if (execution_.validation_weight_left < 0) return ScriptError::kTapscriptValidationWeight;
  }
  if (key.empty()) return ScriptError::kTapscriptEmptyPubkey;
  if (key.size() == kXOnlyKeySize) {
    // A signature that is there must be right: there is no false but the empty one.
    return valid ? checker_.CheckSchnorr(signature, key, execution_) : ScriptError::kOk;
  }
  return flags_.Has(ScriptFlags::kDiscourageUpgradablePubkeyType)
             ? ScriptError::kDiscourageUpgradablePubkeyType
             : ScriptError::kOk;
}

ScriptError ScriptRun::OpCheckMultisig(uint8_t opcode) {
  // On the stack: dummy, signatures, their number, keys, their number on top.
  if (!IsPreTapscript()) return ScriptError::kTapscriptCheckMultisig;
  if (!Has(1)) return ScriptError::kInvalidStackOperation;
  const auto key_count = ReadScriptNumber(stack_.Top().span(), minimal_);
  if (!key_count) return ScriptError::kScriptNumber;
  if (*key_count < 0 || *key_count > kMaxMultisigKeys) return ScriptError::kPubkeyCount;
  op_count_ += static_cast<int>(*key_count);
  if (op_count_ > kMaxOps) return ScriptError::kOpCount;
  const auto keys = static_cast<size_t>(*key_count);
  const size_t count_at = keys + 2;  // depth of the number of signatures
  if (!Has(count_at)) return ScriptError::kInvalidStackOperation;
  const auto signature_count = ReadScriptNumber(stack_.Top(count_at).span(), minimal_);
  if (!signature_count) return ScriptError::kScriptNumber;
  if (*signature_count < 0 || *signature_count > *key_count) return ScriptError::kSigCount;
  const auto signatures = static_cast<size_t>(*signature_count);
  // One item more than needed is taken, by an old mistake that is consensus (BIP147).
  const size_t dummy_at = count_at + signatures + 1;
  if (!Has(dummy_at)) return ScriptError::kInvalidStackOperation;

  bool valid = false;
  const ScriptError error = MatchMultisig(2, keys, count_at + 1, signatures, valid);
  if (error != ScriptError::kOk) return error;
  if (!valid && flags_.Has(ScriptFlags::kNullFail)) {
    for (size_t i = 0; i < signatures; ++i) {
      if (!stack_.Top(count_at + 1 + i).empty()) return ScriptError::kSigNullFail;
    }
  }
  if (flags_.Has(ScriptFlags::kNullDummy) && !stack_.Top(dummy_at).empty()) {
    return ScriptError::kSigNullDummy;
  }
  stack_.Pop(dummy_at);
  return PushOrVerify(valid, opcode == OP_CHECKMULTISIGVERIFY, ScriptError::kCheckMultisigVerify);
}

ScriptError ScriptRun::MatchMultisig(size_t keys_at, size_t keys, size_t signatures_at,
                                     size_t signatures, bool& valid) {
  Bytes kept;
  bool cut = false;
  for (size_t i = 0; i < signatures && execution_.version == SigVersion::kBase; ++i) {
    Bytes next;
    const ByteSpan signature = stack_.Top(signatures_at + i).span();
    if (!FindAndDelete(cut ? ByteSpan(kept) : code_.bytes(), signature, next)) continue;
    if (flags_.Has(ScriptFlags::kConstScriptCode)) return ScriptError::kSigFindAndDelete;
    kept = std::move(next);
    cut = true;
  }
  SignedCode without(kept, execution_.version);
  return MatchInOrder(cut ? without : code_, keys_at, keys, signatures_at, signatures, valid);
}

/// Each signature must fit one of the keys, in their order, from the top of both lists down.
ScriptError ScriptRun::MatchInOrder(SignedCode& code, size_t keys_at, size_t keys,
                                    size_t signatures_at, size_t signatures, bool& valid) const {
  const bool of_many = signatures < keys;
  valid = true;
  while (valid && signatures > 0) {
    const ByteSpan signature = stack_.Top(signatures_at).span();
    const ByteSpan key = stack_.Top(keys_at).span();
    if (const auto error = CheckEncodings(signature, key); error != ScriptError::kOk) return error;
    if (checker_.CheckEcdsa(signature, key, code, of_many)) {
      ++signatures_at;
      --signatures;
    }
    ++keys_at;
    --keys;
    // More signatures left than keys: some can fit none.
    valid = signatures <= keys;
  }
  return ScriptError::kOk;
}

}  // namespace cairn::consensus
