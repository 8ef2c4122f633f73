// What becomes of a transaction that is submitted to the pool.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cairn/base/clock.h"
#include "cairn/mempool/fee_rate.h"
#include "cairn/primitives/transaction.h"

namespace cairn::mempool {

/// Who brings a transaction.
struct Origin {
  enum class Source {
    kLocal,  // RPC: it is for us to bring it among the peers
    kSaved,  // a pool that was saved
    kPeer,
    kBlock,  // one that a reorganisation took off: no fee is asked for
  };
  Source source = Source::kLocal;
  int64_t peer = -1;     // of `kPeer`
  UnixSeconds time = 0;  // when it came to this node first; 0: now
  FeeRate most{};        // that the sender wants to pay; zero: any

  static Origin Peer(int64_t id) { return {Source::kPeer, id, 0, {}}; }
};

/// What a refusal says of the transaction, so that a relay knows what to remember.
enum class RejectKind : uint8_t {
  kNone,
  kConsensus,          // no block may ever contain it
  kNotStandard,        // a valid one that we do not relay
  kInputsNotStandard,  // likewise, and no other witness can change that
  kMissingInputs,      // a parent may still come
  kPremature,          // a later block may contain it
  kWitnessMutated,     // another witness may do: the txid is not condemned
  kWitnessStripped,    // likewise, and there is none here
  kKnown,              // it is in the pool or in the chain
  kConflict,           // another with the same txid is in the pool
  kPolicy,             // fees and families: the pool as it is has no place for it
  kReconsiderable,     // likewise, but a child may pay for it
  kFailed,             // the node stops, or its storage failed
};

enum class Admission : uint8_t { kAccepted, kAlreadyKnown, kRejected };

struct AdmissionResult {
  Admission outcome = Admission::kRejected;
  RejectKind kind = RejectKind::kNone;
  std::string reason;  // Bitcoin Core's word: "min relay fee not met"
  std::string detail;  // its figures or names; may be empty

  // Known from the stage on that finds them.
  Amount fee = 0;                        // what inputs have beyond outputs
  Amount modified_fee = 0;               // with prioritisetransaction's part
  int64_t vsize = 0;                     // adjusted for signature operations
  std::vector<TransactionPtr> replaced;  // left the pool in its favour, or would
  std::vector<Wtxid> paid_with;          // the package whose rate counted; empty: its own
  FeeRate package_rate;                  // of those together
  Wtxid other;                           // of `kConflict`: the one that the pool has

  bool Accepted() const { return outcome == Admission::kAccepted; }
  /// Not so where another of its package was refused first.
  bool Judged() const { return outcome != Admission::kRejected || kind != RejectKind::kNone; }
  bool MissesInputs() const { return kind == RejectKind::kMissingInputs; }
  FeeRate EffectiveRate() const {
    return paid_with.empty() ? FeeRate::Of(modified_fee, vsize) : package_rate;
  }
  /// "min relay fee not met, 0 < 141"
  std::string ToString() const { return detail.empty() ? reason : reason + ", " + detail; }
};

}  // namespace cairn::mempool
