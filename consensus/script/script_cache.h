// Remembers transactions whose scripts proved true, so that a block does not run again what was run
// when the transaction came alone.
#pragma once

#include <cstddef>

#include "cairn/crypto/sha256.h"
#include "cairn/primitives/hash.h"
#include "consensus/script/digest_set.h"
#include "consensus/script/flags.h"
#include "consensus/script/signature_cache.h"

namespace cairn::consensus {

/// A bounded set of transactions with the rules that their scripts kept, from any thread. A wtxid
/// says all that scripts depend on: the transaction with its witnesses, and through the outpoints
/// the outputs that it spends. What is found was added; what was added may be lost.
class ScriptCache {
 public:
  /// As for `SignatureCache`.
  ScriptCache(size_t bytes, const crypto::Digest& salt);

  bool Contains(const Wtxid& wtxid, ScriptFlags flags) const;
  /// All inputs of the transaction must have been run under exactly these rules.
  void Add(const Wtxid& wtxid, ScriptFlags flags);

  /// False until the first is added: there is nothing to ask for.
  bool IsUsed() const { return used_.load(std::memory_order_relaxed); }

 private:
  crypto::Digest EntryOf(const Wtxid& wtxid, ScriptFlags flags) const;

  DigestSet set_;
  crypto::Sha256 salted_;  // has taken in a whole block of salt
  std::atomic<bool> used_{false};
};

/// Both caches, which share the memory of -maxsigcachesize in halves.
struct ProofCaches {
  ProofCaches(size_t bytes, const crypto::Digest& salt)
      : signatures(bytes / 2, salt), scripts(bytes / 2, salt) {}

  SignatureCache signatures;
  ScriptCache scripts;
};

}  // namespace cairn::consensus
