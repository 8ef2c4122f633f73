#include "consensus/script/checker.h"

#include <algorithm>

#include "cairn/base/assert.h"
#include "cairn/crypto/secp256k1.h"
#include "consensus/rules/transaction.h"
#include "consensus/script/encoding.h"
#include "consensus/sighash/sighash.h"

namespace cairn::consensus {
namespace {

/// Some order in which equal checks are neighbours.
bool IsBefore(const SignatureCheck& a, const SignatureCheck& b) {
  if (a.kind != b.kind) return a.kind < b.kind;
  if (const auto order = a.message <=> b.message; order != 0) return order < 0;
  const auto compare = [](ByteSpan x, ByteSpan y) {
    return std::lexicographical_compare_three_way(x.begin(), x.end(), y.begin(), y.end());
  };
  if (const auto order = compare(a.signature, b.signature); order != 0) return order < 0;
  return compare(a.key, b.key) < 0;
}

}  // namespace

bool ExactVerifier::Verify(const SignatureCheck& check) {
  return check.kind == SignatureKind::kEcdsa
             ? crypto::VerifyEcdsa(check.key, check.message, check.signature)
             : crypto::VerifySchnorr(check.key, check.message, check.signature);
}

DeferredCheck::DeferredCheck(const SignatureCheck& check)
    : kind_(check.kind),
      key_size_(static_cast<uint8_t>(check.key.size())),
      signature_size_(0),
      message_(check.message) {
  CAIRN_ASSERT(check.key.size() <= key_.size());
  std::copy(check.key.begin(), check.key.end(), key_.begin());
  if (check.signature.size() > kUsualSignature) {
    long_signature_.assign(check.signature.begin(), check.signature.end());
  } else {
    signature_size_ = static_cast<uint8_t>(check.signature.size());
    std::copy(check.signature.begin(), check.signature.end(), signature_.begin());
  }
}

SignatureCheck DeferredCheck::View() const {
  const ByteSpan signature = long_signature_.empty() ? ByteSpan(signature_).first(signature_size_)
                                                     : ByteSpan(long_signature_);
  return {kind_, ByteSpan(key_).first(key_size_), signature, message_};
}

bool DeferringVerifier::Verify(const SignatureCheck& check) {
  deferred_.emplace_back(check);
  return true;
}

bool DeferringVerifier::VerifyOneOfMany(const SignatureCheck& check) {
  ++verified_at_once_;
  return at_once_.Verify(check);
}

void RecallingVerifier::Recall(const DeferredCheck& check, bool result) {
  known_.push_back({check.View(), result});
  sorted_ = false;
}

const BatchedCheck* RecallingVerifier::Find(const SignatureCheck& check) {
  if (!sorted_) {
    std::sort(known_.begin(), known_.end(), [](const BatchedCheck& a, const BatchedCheck& b) {
      return IsBefore(a.check, b.check);
    });
    sorted_ = true;
  }
  const auto found = std::lower_bound(known_.begin(), known_.end(), check,
                                      [](const BatchedCheck& known, const SignatureCheck& wanted) {
                                        return IsBefore(known.check, wanted);
                                      });
  return found == known_.end() || IsBefore(check, found->check) ? nullptr : &*found;
}

bool RecallingVerifier::Verify(const SignatureCheck& check) {
  const BatchedCheck* const known = Find(check);
  return known != nullptr ? known->valid : otherwise_.Verify(check);
}

bool RecallingVerifier::VerifyOneOfMany(const SignatureCheck& check) {
  const BatchedCheck* const known = Find(check);
  return known != nullptr ? known->valid : otherwise_.VerifyOneOfMany(check);
}

const crypto::Digest& SignatureChecker::MessageOf(SignedCode& code, uint8_t hash_type) const {
  if (code.has_message_ && code.hash_type_ == hash_type) return code.message_;
  code.message_ = code.version_ == SigVersion::kWitnessV0
                      ? SegwitSighash(midstates_, input_, code.bytes_, amount_, hash_type)
                      : LegacySighash(midstates_.tx(), input_, code.bytes_, hash_type);
  code.hash_type_ = hash_type;
  code.has_message_ = true;
  return code.message_;
}

bool SignatureChecker::CheckEcdsa(ByteSpan signature, ByteSpan key, SignedCode& code,
                                  bool of_many) const {
  if (signature.empty() || !MayBePubkey(key)) return false;
  const SignatureCheck check{SignatureKind::kEcdsa, key, signature.first(signature.size() - 1),
                             MessageOf(code, signature.back())};
  return of_many ? verifier_.VerifyOneOfMany(check) : verifier_.Verify(check);
}

ScriptError SignatureChecker::CheckSchnorr(ByteSpan signature, ByteSpan key,
                                           const ExecutionData& execution) const {
  constexpr size_t kSize = 64;
  if (signature.size() != kSize && signature.size() != kSize + 1) {
    return ScriptError::kSchnorrSigSize;
  }
  uint8_t hash_type = kSighashDefault;
  if (signature.size() == kSize + 1) {
    hash_type = signature.back();
    // The default is said by leaving it out, and in no other way.
    if (hash_type == kSighashDefault) return ScriptError::kSchnorrSigHashType;
  }
  const auto message = TaprootSighash(midstates_, input_, execution, hash_type);
  if (!message) return ScriptError::kSchnorrSigHashType;
  const SignatureCheck check{SignatureKind::kSchnorr, key, signature.first(kSize), *message};
  return verifier_.Verify(check) ? ScriptError::kOk : ScriptError::kSchnorrSig;
}

bool SignatureChecker::CheckLockTime(int64_t lock_time) const {
  const Transaction& tx = midstates_.tx();
  // Heights compare with heights, times with times.
  const bool is_time = lock_time >= kLockTimeThreshold;
  if (is_time != (tx.lock_time >= kLockTimeThreshold)) return false;
  if (lock_time > int64_t{tx.lock_time}) return false;
  // A final input would switch the transaction's lock time off.
  return tx.inputs[input_].sequence != TxIn::kFinalSequence;
}

bool SignatureChecker::CheckSequence(int64_t sequence) const {
  const Transaction& tx = midstates_.tx();
  const uint32_t own = tx.inputs[input_].sequence;
  if (!HasRelativeLocks(tx) || (own & kSequenceDisabled) != 0) return false;
  constexpr uint32_t kCompared = kSequenceIsTime | kSequenceMask;
  const uint32_t reached = own & kCompared;
  const uint32_t wanted = static_cast<uint32_t>(sequence) & kCompared;
  const bool same_kind = (reached & kSequenceIsTime) == (wanted & kSequenceIsTime);
  return same_kind && wanted <= reached;
}

}  // namespace cairn::consensus
