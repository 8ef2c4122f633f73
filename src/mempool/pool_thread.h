// The pool with its threads: submissions enter a bounded inbox and are judged in order, on the tip
// that the ledger has published.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <thread>
#include <vector>

#include "cairn/base/bounded_queue.h"
#include "cairn/base/mutex.h"
#include "cairn/mempool/mempool.h"
#include "src/mempool/admitter.h"
#include "src/mempool/graph.h"
#include "src/mempool/rolling_minimum.h"

namespace cairn::mempool {

class PoolThread final : public Mempool {
 public:
  PoolThread(const PolicyOptions& options, ledger::Ledger& ledger, const Clock& clock);
  ~PoolThread() override;

  const PolicyOptions& options() const override { return options_; }
  AdmissionResult Submit(TransactionPtr tx, const Origin& origin) override;
  void Submit(TransactionPtr tx, const Origin& origin,
              std::function<void(const AdmissionResult&)> done) override;
  PackageResult SubmitPackage(std::vector<TransactionPtr> package, const Origin& origin) override;
  void SubmitPackage(std::vector<TransactionPtr> package, const Origin& origin,
                     std::function<void(const PackageResult&)> done) override;
  AdmissionResult Test(TransactionPtr tx) override;
  PackageResult Test(std::vector<TransactionPtr> package) override;
  void FollowTip() override;
  void Synchronize() override;
  const ledger::HeaderEntry* Tip() const override;
  TransactionPtr Find(const Txid& txid) const override;
  TransactionPtr Find(const Wtxid& wtxid) const override;
  TransactionPtr SpenderOf(const OutPoint& outpoint) const override;
  std::vector<TransactionPtr> Transactions(uint64_t* sequence) const override;
  std::vector<TransactionPtr> TransactionsBestFirst() const override;
  std::vector<PoolEntry> Entries(uint64_t* sequence) const override;
  std::optional<PoolEntry> Entry(const Txid& txid) const override;
  std::optional<std::vector<PoolEntry>> Ancestors(const Txid& txid) const override;
  std::optional<std::vector<PoolEntry>> Descendants(const Txid& txid) const override;
  std::optional<PoolSummary> Summary(const Txid& txid) const override;
  std::optional<PoolSummary> Summary(const Wtxid& wtxid) const override;
  std::vector<PoolSummary> Summaries() const override;
  PoolInfo Info() const override;
  uint64_t Sequence() const override;
  Selection Select(const SelectionLimits& limits) const override;
  void Prioritise(const Txid& txid, Amount delta) override;
  std::vector<Priority> Priorities() const override;
  void ForgetUnbroadcast(const Txid& txid) override;
  std::vector<TransactionPtr> Unbroadcast() const override;
  FeeEstimator& Fees() override { return fees_; }
  bool Loaded() const override { return loaded_; }
  void SetLoaded() override { loaded_ = true; }
  uint64_t Listen(PoolListener listener) override;
  void Unlisten(uint64_t id) override;
  void Stop() override;

 private:
  using Task = std::function<void()>;

  /// What a move to another tip takes off, read before anything changes.
  struct Move {
    const ledger::HeaderEntry* fork = nullptr;
    std::deque<TransactionPtr> returned;  // of blocks that were taken off, in chain order
    size_t returned_bytes = 0;
    /// Spent outputs of some that are too many to come back.
    std::vector<Txid> orphaned;
    bool reorganised = false;
    bool untouched = false;  // no block can change the pool
  };

  /// The members of a package that are judged together.
  struct Together {
    std::vector<Proposal> members;
    std::vector<TransactionPtr> transactions;
    std::vector<AdmissionResult*> results;
    NodeSet evicted;      // would leave in their favour
    std::string message;  // what is wrong with them as a package; then the results stand
  };

  // On the pool's thread. Packages: pool_package.cpp.
  PackageResult AdmitPackage(const std::vector<TransactionPtr>& package, const Origin& origin);
  void AdmitTogether(Together* together, const Origin& origin);
  bool WeighTogether(Together* together) const;
  Objection CheckReplacing(Together* together) const;
  bool EnterTogether(Together* together, bool* stale);
  bool PlaceTogether(Together* together, std::vector<const Node*>* entered, bool* stale);
  bool HasUnknownParent(const std::vector<TransactionPtr>& package) const;
  PackageResult TryPackage(const std::vector<TransactionPtr>& package);
  bool TryInGraph(std::span<const TransactionPtr> package, std::vector<Proposal>* members,
                  std::deque<SpentCoins>* coins, std::string* message);
  bool CheckFamilies(std::vector<Proposal>* members) const;
  void TryScripts(std::vector<Proposal>* members, const std::deque<SpentCoins>& coins) const;

  void Loop();
  void Follow();
  AdmissionResult Admit(const TransactionPtr& tx, const Origin& origin, bool test_only);
  AdmissionResult Admit(Proposal proposal, bool test_only);
  /// With what prioritisetransaction has added.
  Proposal Propose(const TransactionPtr& tx, const Origin& origin) const;
  /// The same for several, to be judged on the present tip.
  std::vector<Proposal> ProposeAll(std::span<const TransactionPtr> package,
                                   const Origin& origin) const;
  AdmissionResult JudgeOnTip(Proposal* proposal);
  void Enter(Proposal* proposal);
  const Node* Place(const Proposal& proposal);
  /// Undoes what `Place` did last, before anybody has seen it.
  void TakeOut(const std::vector<const Node*>& placed);
  /// Takes nodes out for others, with the numbers of their removals, before anybody sees it. The
  /// set must contain all descendants of its members. Returns them leaves first.
  std::vector<Node> SetAside(const NodeSet& family);
  /// Undoes it, if nothing that came later is there still.
  void PutBack(const std::vector<Node>& aside);
  void Announce(const Node* entered, const Origin& origin);
  FeeRate PresentMinimum() const;
  void CatchUp();
  Move ReadMove(const ledger::HeaderEntry* from, const ledger::HeaderEntry* to) const;
  void TakeOff(const ledger::HeaderEntry* block, Move* move) const;
  void DropReturned(Move* move) const;
  BlockPtr ReadConnected(const ledger::HeaderEntry& entry) const;
  void MoveTo(const ledger::ChainViewPtr& next, Move move);
  /// Gives what the block took.
  std::vector<Txid> RemoveMined(const Block& block) CAIRN_REQUIRES(mutex_);
  void Return(const std::deque<TransactionPtr>& transactions);
  void RemoveWhatBecameInvalid(const std::vector<Txid>& orphaned);
  bool IsStillValid(const Node& node, const ledger::ChainView& view) const;
  void LimitFamilies() CAIRN_REQUIRES(mutex_);
  void LimitSize() CAIRN_REQUIRES(mutex_);
  void Expire() CAIRN_REQUIRES(mutex_);
  void RemoveFamily(const Node* node, RemovalReason reason) CAIRN_REQUIRES(mutex_);
  void RemoveAll(const NodeSet& family, RemovalReason reason) CAIRN_REQUIRES(mutex_);
  void RemoveOne(const Node* node, RemovalReason reason) CAIRN_REQUIRES(mutex_);
  /// Tells of one that leaves.
  void RecordRemoval(const Node& node, RemovalReason reason, uint64_t sequence)
      CAIRN_REQUIRES(mutex_);
  void Deliver() CAIRN_EXCLUDES(mutex_);

  /// Runs `task` on the pool's thread, before what peers have submitted, and waits. False if the
  /// pool has stopped.
  bool Ask(const Task& task);
  uint64_t Usage() const CAIRN_REQUIRES(mutex_);
  FeeRate MinimumRate() const CAIRN_REQUIRES(mutex_);
  PoolEntry Describe(const Node& node) const CAIRN_REQUIRES(mutex_);
  std::optional<std::vector<PoolEntry>> Relatives(const Txid& txid,
                                                  NodeSet (Graph::*walk)(const Node*) const) const;

  const PolicyOptions options_;
  ledger::Ledger& ledger_;
  const Clock& clock_;

  mutable base::Mutex mutex_;
  // The pool's thread changes these under the mutex and may read them without; others read under
  // it.
  Graph graph_;
  ledger::ChainViewPtr view_;
  bool moving_ = false;  // between two tips: nothing fits any of them
  uint64_t sequence_ = 1;
  std::map<Txid, Amount> deltas_;
  std::set<Txid> unbroadcast_;
  mutable RollingMinimum minimum_ CAIRN_GUARDED_BY(mutex_);
  std::map<uint64_t, std::shared_ptr<PoolListener>> listeners_ CAIRN_GUARDED_BY(mutex_);
  uint64_t next_listener_ CAIRN_GUARDED_BY(mutex_) = 1;

  FeeEstimator fees_;

  // The pool's thread alone.
  const Admitter admitter_;
  std::vector<PoolEvent> events_;          // not yet delivered
  std::vector<TransactionPtr> postponed_;  // to be returned once the next tip is reached

  std::atomic<bool> loaded_{false};
  std::atomic<bool> stopping_{false};
  base::Mutex stop_mutex_;
  base::CondVar stopped_;
  BoundedQueue<Task> inbox_;
  std::promise<void> finished_;
  std::shared_future<void> has_finished_ = finished_.get_future().share();
  std::jthread thread_;
  std::jthread follower_;
};

}  // namespace cairn::mempool
