// The keys of a made chain, and the ways in which each of them can be paid and can spend.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cairn/base/worker_pool.h"
#include "tests/bench/chain_maker/random.h"
#include "tests/support/input_signer.h"

namespace cairn::bench {

enum class Kind : uint8_t {
  kPubkeyHash,     // P2PKH
  kNestedKeyHash,  // P2SH-P2WPKH
  kKeyHash,        // P2WPKH
  kMultisig,       // P2WSH 2-of-3
  kTaprootKey,     // P2TR, spent by its key
  kTaprootScript,  // P2TR, spent by one of its scripts
};
inline constexpr size_t kKinds = 6;

/// Who is paid, and how.
struct Payee {
  uint32_t key = 0;
  Kind kind = Kind::kKeyHash;
};

/// Immutable once made; safe from any thread. Many coins share a key, as addresses are reused, but
/// there are too many keys for a processor to learn their verification by heart.
class KeyRing {
 public:
  /// The same seed and count give the same keys, however many workers there are.
  KeyRing(uint64_t seed, size_t count, WorkerPool& workers);

  /// Anybody, paid in one of the ways as often as on mainnet.
  Payee Draw(Random& random) const;

  Bytes OutputScript(Payee payee) const;
  static size_t OutputScriptSize(Kind kind);
  /// Fills in the scriptSig and the witness of an input that spends a coin of the payee.
  void Sign(const test::InputSigner& signer, size_t index, Payee payee,
            TransactionDraft::Input& input) const;

  /// What such an input weighs at most.
  uint32_t InputWeight(Payee payee) const;
  /// How many signatures it carries.
  unsigned SignatureCount(Payee payee) const;

 private:
  struct Holder;  // a key with all that is computed from it

  const Holder& At(uint32_t key) const { return *holders_[key % holders_.size()]; }
  void MakeOutputs(uint32_t key);

  std::vector<std::shared_ptr<Holder>> holders_;
};

}  // namespace cairn::bench
