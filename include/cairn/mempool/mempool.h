// The mempool: transactions that wait for a block, each checked once, as a graph of who spends
// whom.
//
// One thread changes it (the pool's thread, which also follows the ledger's tip); everybody else
// submits and reads. All members may be called from any thread, but for those that wait
// (`Submit` without a callback, `Test`, `Synchronize`, `Prioritise`), which listeners must not
// call. The pool never sees a transaction of the chain below its tip as missing or spent by
// accident: what it says is true at the tip that it stands on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "cairn/base/clock.h"
#include "cairn/ledger/ledger.h"
#include "cairn/mempool/admission.h"
#include "cairn/mempool/fee_estimator.h"
#include "cairn/mempool/package.h"
#include "cairn/mempool/policy.h"
#include "cairn/primitives/transaction.h"

namespace cairn::mempool {

enum class RemovalReason : uint8_t {
  kBlock,           // a block of the best chain has it
  kConflict,        // a block has another spend of one of its coins
  kReplaced,        // by one that pays more
  kExpired,         // it waited too long
  kSizeLimit,       // others pay more
  kReorganisation,  // the new chain does not allow it
};

/// One change of the pool. Numbers ascend by one with every change but removals by a block, which
/// carry that of the next change.
struct PoolEvent {
  uint64_t sequence = 0;
  bool added = false;  // else removed
  TransactionPtr tx;
  RemovalReason reason{};  // of a removal
  Amount fee = 0;
  int64_t vsize = 0;
  Origin origin;  // of an addition
};
using PoolListener = std::function<void(const PoolEvent&)>;

/// What relay wants to know of a transaction of the pool: nothing that has to be walked for.
struct PoolSummary {
  TransactionPtr tx;
  Amount fee = 0;
  int64_t vsize = 0;
  UnixSeconds time = 0;  // when it entered
  uint64_t sequence = 0;
  uint64_t ancestor_count = 0;  // with itself
};

/// A transaction of the pool and its family, each side with itself included.
struct PoolEntry : PoolSummary {
  Amount modified_fee = 0;
  int height = 0;  // of the tip when it entered
  int64_t ancestor_vsize = 0;
  Amount ancestor_fees = 0;  // modified
  uint64_t descendant_count = 0;
  int64_t descendant_vsize = 0;
  Amount descendant_fees = 0;  // modified
  std::vector<Txid> parents;   // in the pool
  std::vector<Txid> children;
  bool replaceable = false;  // it or an ancestor signals BIP125
  bool unbroadcast = false;  // ours, and no peer has asked for it yet
};

struct PoolInfo {
  size_t count = 0;
  int64_t vsize = 0;
  uint64_t usage = 0;  // bytes of memory
  Amount fees = 0;     // without prioritisetransaction's parts
  FeeRate min_fee;     // what a transaction must pay now
  uint64_t sequence = 0;
  size_t unbroadcast = 0;
};

/// How much of the pool a block may take.
struct SelectionLimits {
  uint64_t weight = 0;
  uint64_t sigops_cost = 0;
  FeeRate min_rate{1000};  // -blockmintxfee
};

struct SelectedTransaction {
  TransactionPtr tx;
  Amount fee = 0;
  uint64_t sigops_cost = 0;
};

/// Transactions for a block, parents first.
struct Selection {
  /// That they may follow; null, and no transactions, while the pool moves to another one.
  const ledger::HeaderEntry* tip = nullptr;
  std::vector<SelectedTransaction> transactions;
};

/// What one prioritisetransaction or several came to.
struct Priority {
  Txid txid;
  Amount delta = 0;
  std::optional<Amount> modified_fee;  // if it is in the pool
};

class Mempool {
 public:
  /// An empty pool on the ledger's present tip. Ledger and clock must outlive it.
  static std::unique_ptr<Mempool> Open(const PolicyOptions& options, ledger::Ledger& ledger,
                                       const Clock& clock);

  virtual ~Mempool() = default;

  virtual const PolicyOptions& options() const = 0;

  /// Checks a transaction and takes it in, before all that were submitted without waiting.
  virtual AdmissionResult Submit(TransactionPtr tx, const Origin& origin) = 0;
  /// The same without waiting, in the order of submission: `done` is called on the pool's thread,
  /// after the listeners have heard of it, and always; it must not wait for the pool. Waits while
  /// very many are waiting.
  virtual void Submit(TransactionPtr tx, const Origin& origin,
                      std::function<void(const AdmissionResult&)> done) = 0;
  /// Checks a child and its parents: each by itself first, then what is left together, where the
  /// child may pay for its parents. Those enter together or not at all.
  virtual PackageResult SubmitPackage(std::vector<TransactionPtr> package,
                                      const Origin& origin) = 0;
  /// The same without waiting, as `Submit` with a callback.
  virtual void SubmitPackage(std::vector<TransactionPtr> package, const Origin& origin,
                             std::function<void(const PackageResult&)> done) = 0;
  /// The verdict that `Submit` would give, without taking it in.
  virtual AdmissionResult Test(TransactionPtr tx) = 0;
  /// Whether all of them, parents first, would be taken in one after the other, without taking them
  /// in. The first that would not ends it: of the others nothing is told. One alone may replace
  /// what is in the pool; of several none may.
  virtual PackageResult Test(std::vector<TransactionPtr> package) = 0;

  /// Returns when the pool stands on the tip that the ledger has published, or on a later one. What
  /// peers have submitted goes on waiting: it may be very much.
  virtual void FollowTip() = 0;
  /// The same, and all submitted before is dealt with.
  virtual void Synchronize() = 0;
  /// The tip that the pool stands on.
  virtual const ledger::HeaderEntry* Tip() const = 0;

  /// Null if it is not in the pool.
  virtual TransactionPtr Find(const Txid& txid) const = 0;
  virtual TransactionPtr Find(const Wtxid& wtxid) const = 0;
  bool Contains(const Txid& txid) const { return Find(txid) != nullptr; }
  bool Contains(const Wtxid& wtxid) const { return Find(wtxid) != nullptr; }
  /// The transaction of the pool that spends an output, or null.
  virtual TransactionPtr SpenderOf(const OutPoint& outpoint) const = 0;

  /// All transactions as of one moment, parents before children, the more ancestors the later, and
  /// among those the better payers first. `sequence` of `Info` belongs to the same moment if it is
  /// asked for here.
  virtual std::vector<TransactionPtr> Transactions(uint64_t* sequence = nullptr) const = 0;
  /// The same without sorting, those first that a block should have first. For compact blocks.
  virtual std::vector<TransactionPtr> TransactionsBestFirst() const = 0;
  /// The same in the order of `Transactions`, with what is known of each: many walks.
  virtual std::vector<PoolEntry> Entries(uint64_t* sequence = nullptr) const = 0;
  virtual std::optional<PoolEntry> Entry(const Txid& txid) const = 0;
  /// Nothing if it is not in the pool. Without itself.
  virtual std::optional<std::vector<PoolEntry>> Ancestors(const Txid& txid) const = 0;
  virtual std::optional<std::vector<PoolEntry>> Descendants(const Txid& txid) const = 0;
  /// Nothing if it is not in the pool.
  virtual std::optional<PoolSummary> Summary(const Txid& txid) const = 0;
  virtual std::optional<PoolSummary> Summary(const Wtxid& wtxid) const = 0;
  /// Of all as of one moment, in the order of `TransactionsBestFirst`.
  virtual std::vector<PoolSummary> Summaries() const = 0;
  virtual PoolInfo Info() const = 0;
  /// That of `Info` alone.
  virtual uint64_t Sequence() const = 0;

  /// The transactions that make the most of a block, by the fee rate of each with its ancestors.
  virtual Selection Select(const SelectionLimits& limits) const = 0;

  /// Adds to the fee that decides about a transaction, be it in the pool yet or not.
  virtual void Prioritise(const Txid& txid, Amount delta) = 0;
  virtual std::vector<Priority> Priorities() const = 0;

  /// A transaction of ours has been asked for by a peer, or was never to be sent.
  virtual void ForgetUnbroadcast(const Txid& txid) = 0;
  /// Our own transactions that no peer has asked for.
  virtual std::vector<TransactionPtr> Unbroadcast() const = 0;

  /// What it learns of fees.
  virtual FeeEstimator& Fees() = 0;

  /// Whether what was saved has been loaded, or is not to be.
  virtual bool Loaded() const = 0;
  virtual void SetLoaded() = 0;

  /// `listener` hears every change from now on, on the pool's thread and in order. It must be
  /// quick. The number is for `Unlisten`, which returns when the listener runs no more.
  virtual uint64_t Listen(PoolListener listener) = 0;
  virtual void Unlisten(uint64_t id) = 0;

  /// Ends all waiting; submissions fail from now on.
  virtual void Stop() = 0;
};

}  // namespace cairn::mempool
