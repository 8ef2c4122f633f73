// How a running script asks about the transaction: signatures and lock times.
//
// What is asked splits in two: which message a signature signs (a matter of the transaction) and
// whether it does (a matter of curves). The second half is a `SignatureVerifier`, so that the same
// run can verify at once, consult a cache, or put the work off.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "cairn/crypto/sha256.h"
#include "cairn/primitives/transaction.h"
#include "consensus/script/error.h"
#include "consensus/script/execution.h"
#include "consensus/sighash/midstates.h"

namespace cairn::consensus {

enum class SignatureKind : uint8_t { kEcdsa, kSchnorr };

/// A signature, the key and the message that it must fit. Views, not yet parsed.
struct SignatureCheck {
  SignatureKind kind;
  ByteSpan key;        // ECDSA: 33 or 65 bytes; Schnorr: 32, x-only
  ByteSpan signature;  // ECDSA: lax DER; Schnorr: 64 bytes; without hash type
  crypto::Digest message;
};

/// A check among others, with room for its answer.
struct BatchedCheck {
  SignatureCheck check;
  bool valid = false;
};

/// Answers signature checks.
class SignatureVerifier {
 public:
  virtual ~SignatureVerifier() = default;

  virtual bool Verify(const SignatureCheck& check) = 0;

  /// The same where a false answer is as common as a true one: CHECKMULTISIG tries keys in turn.
  virtual bool VerifyOneOfMany(const SignatureCheck& check) { return Verify(check); }

  /// Answers many checks together, each as `Verify` would. Who measures what signatures cost can
  /// do it here once for all of them.
  virtual void VerifyBatch(std::span<BatchedCheck> checks) {
    for (BatchedCheck& check : checks) check.valid = Verify(check.check);
  }
};

/// Verifies at once by libsecp256k1.
class ExactVerifier final : public SignatureVerifier {
 public:
  bool Verify(const SignatureCheck& check) override;
};

/// A check that owns its parts, to be done later. Keys and signatures of the usual sizes are held
/// inside, so that putting off a signature allocates nothing.
class DeferredCheck {
 public:
  explicit DeferredCheck(const SignatureCheck& check);

  SignatureCheck View() const;

 private:
  static constexpr size_t kUsualSignature = 72;  // strict DER with low S has no more

  SignatureKind kind_;
  uint8_t key_size_;
  uint8_t signature_size_;
  std::array<uint8_t, 65> key_;
  std::array<uint8_t, kUsualSignature> signature_;
  crypto::Digest message_;
  Bytes long_signature_;  // in place of `signature_` where it is longer
};

/// Answers true and remembers the check. If all remembered checks prove true, the run was the true
/// run; if the run fails or a check proves false, the input must be run again exactly: an
/// optimistic failure is never a verdict (`OptimisticRuns` sees to that). Where one of many keys is
/// asked for, optimism would pair signatures with wrong keys, so those go to `at_once`, which must
/// outlive this.
class DeferringVerifier final : public SignatureVerifier {
 public:
  explicit DeferringVerifier(SignatureVerifier& at_once) : at_once_(at_once) {}

  bool Verify(const SignatureCheck& check) override;
  bool VerifyOneOfMany(const SignatureCheck& check) override;

  const std::vector<DeferredCheck>& deferred() const { return deferred_; }
  uint64_t verified_at_once() const { return verified_at_once_; }
  /// Forgets what was remembered, but for the first `kept` checks.
  void Forget(size_t kept = 0) {
    deferred_.erase(deferred_.begin() + static_cast<std::ptrdiff_t>(kept), deferred_.end());
  }

 private:
  std::vector<DeferredCheck> deferred_;
  uint64_t verified_at_once_ = 0;
  SignatureVerifier& at_once_;
};

/// Knows the results of some checks, and asks `otherwise` for the rest: for the exact run of an
/// input whose optimistic run was not the true one.
class RecallingVerifier final : public SignatureVerifier {
 public:
  explicit RecallingVerifier(SignatureVerifier& otherwise) : otherwise_(otherwise) {}

  /// `check` must outlive this.
  void Recall(const DeferredCheck& check, bool result);
  bool Verify(const SignatureCheck& check) override;
  bool VerifyOneOfMany(const SignatureCheck& check) override;

 private:
  /// Null if nothing is known.
  const BatchedCheck* Find(const SignatureCheck& check);

  std::vector<BatchedCheck> known_;  // sorted when asked: one input may have asked for thousands
  bool sorted_ = true;
  SignatureVerifier& otherwise_;
};

/// A script code that ECDSA signatures sign, under its version. Remembers the last message, since
/// the signatures of one script mostly have the same hash type.
class SignedCode {
 public:
  /// `bytes` must outlive this.
  SignedCode(ByteSpan bytes, SigVersion version) : bytes_(bytes), version_(version) {}

  ByteSpan bytes() const { return bytes_; }
  SigVersion version() const { return version_; }

 private:
  friend class SignatureChecker;

  ByteSpan bytes_;
  SigVersion version_;
  bool has_message_ = false;
  uint8_t hash_type_ = 0;  // of the message
  crypto::Digest message_;
};

/// What the interpreter asks. Stateless but for the verifier behind it.
class SignatureChecker {
 public:
  /// The checks of one input. All arguments must outlive the checker.
  SignatureChecker(const TransactionMidstates& midstates, size_t input, Amount amount,
                   SignatureVerifier& verifier)
      : midstates_(midstates), input_(input), amount_(amount), verifier_(verifier) {}

  /// `signature` ends with its hash type; an empty one is false. `of_many`: see `VerifyOneOfMany`.
  bool CheckEcdsa(ByteSpan signature, ByteSpan key, SignedCode& code, bool of_many) const;

  /// BIP340 with the rules of BIP341 on size and hash type.
  ScriptError CheckSchnorr(ByteSpan signature, ByteSpan key, const ExecutionData& execution) const;

  /// BIP65: whether the transaction's lock time has reached `lock_time`.
  bool CheckLockTime(int64_t lock_time) const;
  /// BIP112: whether the input's sequence has reached `sequence`.
  bool CheckSequence(int64_t sequence) const;

 private:
  const crypto::Digest& MessageOf(SignedCode& code, uint8_t hash_type) const;

  const TransactionMidstates& midstates_;
  const size_t input_;
  const Amount amount_;
  SignatureVerifier& verifier_;
};

}  // namespace cairn::consensus
