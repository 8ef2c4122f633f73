// How a running script asks about the transaction: signatures and lock times.
//
// What is asked splits in two: which message a signature signs (a matter of the transaction) and
// whether it does (a matter of curves). The second half is a `SignatureVerifier`, so that the same
// run can verify at once, consult a cache, or put the work off.
#pragma once

#include <cstdint>
#include <utility>
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

/// Decides signature checks.
class SignatureVerifier {
 public:
  virtual ~SignatureVerifier() = default;

  virtual bool Verify(const SignatureCheck& check) = 0;

  /// The same where a false answer is as common as a true one: CHECKMULTISIG tries keys in turn.
  virtual bool VerifyOneOfMany(const SignatureCheck& check) { return Verify(check); }
};

/// Verifies at once by libsecp256k1.
class ExactVerifier final : public SignatureVerifier {
 public:
  bool Verify(const SignatureCheck& check) override;
};

/// A check that owns its parts, to be done later.
struct DeferredCheck {
  SignatureKind kind;
  Bytes key;
  Bytes signature;
  crypto::Digest message;

  SignatureCheck View() const { return {kind, key, signature, message}; }
};

/// Answers true and remembers the check; where the key cannot even be one, answers false. If all
/// remembered checks prove true, the run was the true run; if the run fails or a check proves
/// false, the input must be run again exactly: an optimistic failure is never a verdict. Where one
/// of many keys is asked for, optimism would pair signatures with wrong keys, so those are verified
/// at once.
class DeferringVerifier final : public SignatureVerifier {
 public:
  bool Verify(const SignatureCheck& check) override;
  bool VerifyOneOfMany(const SignatureCheck& check) override;

  const std::vector<DeferredCheck>& deferred() const { return deferred_; }
  uint64_t verified_at_once() const { return verified_at_once_; }
  /// Forgets what the last run remembered.
  std::vector<DeferredCheck> Take() { return std::exchange(deferred_, {}); }

 private:
  std::vector<DeferredCheck> deferred_;
  uint64_t verified_at_once_ = 0;
  ExactVerifier exact_;
};

/// Verifies many deferred checks; gives the index of the first that is false, or -1.
int VerifyAll(const std::vector<DeferredCheck>& checks);

/// What the interpreter asks. Stateless but for the verifier behind it.
class SignatureChecker {
 public:
  /// The checks of one input. All arguments must outlive the checker.
  SignatureChecker(const TransactionMidstates& midstates, size_t input, Amount amount,
                   SignatureVerifier& verifier)
      : midstates_(midstates), input_(input), amount_(amount), verifier_(verifier) {}

  /// `signature` ends with its hash type; an empty one is false. `of_many`: see `VerifyOneOfMany`.
  bool CheckEcdsa(ByteSpan signature, ByteSpan key, ByteSpan script_code, SigVersion version,
                  bool of_many) const;

  /// BIP340 with the rules of BIP341 on size and hash type.
  ScriptError CheckSchnorr(ByteSpan signature, ByteSpan key, const ExecutionData& execution) const;

  /// BIP65: whether the transaction's lock time has reached `lock_time`.
  bool CheckLockTime(int64_t lock_time) const;
  /// BIP112: whether the input's sequence has reached `sequence`.
  bool CheckSequence(int64_t sequence) const;

 private:
  const TransactionMidstates& midstates_;
  const size_t input_;
  const Amount amount_;
  SignatureVerifier& verifier_;
};

}  // namespace cairn::consensus
