// Remembers signatures that proved right, so that a block does not verify again what a transaction
// on its own had verified before.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cairn/crypto/sha256.h"
#include "consensus/script/checker.h"
#include "consensus/script/digest_set.h"

namespace cairn::consensus {

/// A bounded set of right signatures, from any thread. An entry is a salted digest of kind, key,
/// signature and message. What is found was added; what was added may be lost.
class SignatureCache {
 public:
  using Entry = crypto::Digest;

  /// Takes about `bytes` of memory, at least room for eight entries. `salt` must be unknown to
  /// others and new with every start: who knows it could choose what shares its places.
  SignatureCache(size_t bytes, const crypto::Digest& salt);

  Entry EntryOf(const SignatureCheck& check) const;
  bool Contains(const Entry& entry) const { return set_.Contains(entry); }
  void Add(const Entry& entry) { set_.Add(entry); }

  /// How many entries there is room for.
  size_t Capacity() const { return set_.Capacity(); }

 private:
  DigestSet set_;
  crypto::Sha256 salted_;  // has taken in a whole block of salt
};

/// Asks the cache first, then `next`, and remembers what `next` finds right. `next` must decide:
/// what it merely defers must not get into the cache. Both must outlive this.
class CachingVerifier final : public SignatureVerifier {
 public:
  CachingVerifier(SignatureCache& cache, SignatureVerifier& next) : cache_(cache), next_(next) {}

  bool Verify(const SignatureCheck& check) override;
  bool VerifyOneOfMany(const SignatureCheck& check) override;
  /// `next` gets what the cache does not know as one batch.
  void VerifyBatch(std::span<BatchedCheck> checks) override;

  /// Checks that needed no `next`.
  uint64_t hits() const { return hits_; }

 private:
  template <typename Ask>
  bool Recall(const SignatureCheck& check, const Ask& ask);

  SignatureCache& cache_;
  SignatureVerifier& next_;
  uint64_t hits_ = 0;
};

}  // namespace cairn::consensus
