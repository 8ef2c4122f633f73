#include "src/mempool/pool_thread.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "cairn/base/log.h"

namespace cairn::mempool {
namespace {

// Transactions that may wait for their verdict. Whoever submits more waits, and so does the peer
// behind.
constexpr size_t kInboxCapacity = 1000;
// A tip that moves away this often while one transaction is judged is no tip to judge on.
constexpr int kMostTries = 100;

std::vector<const Node*> LeavesFirst(const NodeSet& family) {
  std::vector<const Node*> nodes = family.list();
  std::stable_sort(nodes.begin(), nodes.end(), [](const Node* a, const Node* b) {
    return a->ancestors.count > b->ancestors.count;
  });
  return nodes;
}

AdmissionResult StoppedResult() {
  AdmissionResult result;
  result.kind = RejectKind::kFailed;
  result.reason = "the mempool has stopped";
  return result;
}

}  // namespace

std::unique_ptr<Mempool> Mempool::Open(const PolicyOptions& options, ledger::Ledger& ledger,
                                       const Clock& clock) {
  return std::make_unique<PoolThread>(options, ledger, clock);
}

PoolThread::PoolThread(const PolicyOptions& options, ledger::Ledger& ledger, const Clock& clock)
    : options_(options),
      ledger_(ledger),
      clock_(clock),
      view_(ledger.View()),
      minimum_(options.incremental_fee),
      admitter_(options_, graph_, ledger_),
      inbox_(kInboxCapacity) {
  thread_ = std::jthread([this] { Loop(); });
  follower_ = std::jthread([this] { Follow(); });
}

PoolThread::~PoolThread() { Stop(); }

void PoolThread::Stop() {
  {
    base::MutexLock lock(stop_mutex_);
    stopping_ = true;
    stopped_.NotifyAll();
  }
  inbox_.Close();
}

// ---- Threads ----

void PoolThread::Loop() {
  log::SetThreadName("mempool");
  while (auto task = inbox_.Pop()) (*task)();
  finished_.set_value();
}

/// Wakes the pool's thread when the tip has moved, so that it follows though nobody submits.
void PoolThread::Follow() {
  log::SetThreadName("mempool-tip");
  constexpr std::chrono::milliseconds kLook{100};
  constexpr std::chrono::milliseconds kBreath{10};
  while (!stopping_) {
    const BlockHash seen = Tip()->hash;
    if (ledger_.WaitForTip(seen, kLook)) Ask([this] { CatchUp(); });
    // A ledger that has stopped does not wait.
    base::MutexLock lock(stop_mutex_);
    if (!stopping_) stopped_.WaitFor(stop_mutex_, kBreath);
  }
}

bool PoolThread::Ask(const Task& task) {
  const auto promise = std::make_shared<std::promise<void>>();
  std::future<void> done = promise->get_future();
  const bool taken = inbox_.PushUrgent([&task, promise] {
    task();
    promise->set_value();
  });
  if (!taken) return false;
  done.wait();
  return true;
}

void PoolThread::Deliver() {
  if (events_.empty()) return;
  std::vector<std::shared_ptr<PoolListener>> listeners;
  {
    base::MutexLock lock(mutex_);
    for (const auto& [id, listener] : listeners_) listeners.push_back(listener);
  }
  for (const PoolEvent& event : std::exchange(events_, {})) {
    for (const auto& listener : listeners) (*listener)(event);
  }
}

uint64_t PoolThread::Listen(PoolListener listener) {
  base::MutexLock lock(mutex_);
  listeners_[next_listener_] = std::make_shared<PoolListener>(std::move(listener));
  return next_listener_++;
}

void PoolThread::Unlisten(uint64_t id) {
  {
    base::MutexLock lock(mutex_);
    listeners_.erase(id);
  }
  // A delivery that began before has the listener still.
  if (!Ask([] {})) has_finished_.wait();
}

// ---- Admission ----

AdmissionResult PoolThread::Submit(TransactionPtr tx, const Origin& origin) {
  AdmissionResult result = StoppedResult();
  Ask([&] { result = Admit(tx, origin, false); });
  return result;
}

void PoolThread::Submit(TransactionPtr tx, const Origin& origin,
                        std::function<void(const AdmissionResult&)> done) {
  const bool taken =
      inbox_.Push([this, tx = std::move(tx), origin, done] { done(Admit(tx, origin, false)); });
  if (!taken) done(StoppedResult());
}

AdmissionResult PoolThread::Test(TransactionPtr tx) {
  AdmissionResult result = StoppedResult();
  Ask([&] { result = Admit(tx, {}, true); });
  return result;
}

AdmissionResult PoolThread::Admit(const TransactionPtr& tx, const Origin& origin, bool test_only) {
  return Admit(Propose(tx, origin), test_only);
}

AdmissionResult PoolThread::Admit(Proposal proposal, bool test_only) {
  if (stopping_) return StoppedResult();
  const TransactionPtr& tx = proposal.tx;
  const Origin& origin = proposal.origin;
  AdmissionResult result = JudgeOnTip(&proposal);
  if (result.Accepted() && !test_only) {
    {
      base::MutexLock lock(mutex_);
      Enter(&proposal);
      if (origin.source != Origin::Source::kBlock) LimitSize();
    }
    if (graph_.Find(tx->txid) == nullptr) {
      std::erase_if(events_, [&tx](const PoolEvent& event) { return event.tx == tx; });
      result.outcome = Admission::kRejected;
      result.kind = RejectKind::kReconsiderable;
      result.reason = "mempool full";
    }
    Deliver();
  }
  if (result.outcome == Admission::kRejected) {
    LOG_DEBUG(log::kMempoolRej, "{} (wtxid={}) from peer={} was not accepted: {}", tx->txid,
              tx->wtxid, origin.peer, result.ToString());
  }
  return result;
}

Proposal PoolThread::Propose(const TransactionPtr& tx, const Origin& origin) const {
  Proposal proposal;
  proposal.tx = tx;
  proposal.origin = origin;
  if (const auto delta = deltas_.find(tx->txid); delta != deltas_.end()) {
    proposal.delta = delta->second;
  }
  return proposal;
}

std::vector<Proposal> PoolThread::ProposeAll(std::span<const TransactionPtr> package,
                                             const Origin& origin) const {
  const FeeRate minimum = PresentMinimum();
  std::vector<Proposal> proposals;
  for (const TransactionPtr& tx : package) {
    Proposal& proposal = proposals.emplace_back(Propose(tx, origin));
    proposal.view = view_;
    proposal.pool_minimum = minimum;
    proposal.has_company = true;
  }
  return proposals;
}

FeeRate PoolThread::PresentMinimum() const {
  base::MutexLock lock(mutex_);
  return MinimumRate();
}

AdmissionResult PoolThread::JudgeOnTip(Proposal* proposal) {
  for (int i = 0; i < kMostTries; ++i) {
    CatchUp();
    proposal->view = view_;
    proposal->pool_minimum = PresentMinimum();
    if (admitter_.Judge(proposal)) return proposal->result;
  }
  AdmissionResult result;
  result.kind = RejectKind::kFailed;
  result.reason = "the chain moves too fast";
  return result;
}

/// Puts an accepted transaction in, in place of those that it replaces.
void PoolThread::Enter(Proposal* proposal) {
  for (const Node* old : proposal->family.evicted.list()) {
    LOG_DEBUG(log::kMempool, "replacing mempool tx {} (wtxid={}) with {}", old->txid(),
              old->tx->wtxid, proposal->tx->txid);
  }
  RemoveAll(proposal->family.evicted, RemovalReason::kReplaced);
  Announce(Place(*proposal), proposal->origin);
}

const Node* PoolThread::Place(const Proposal& proposal) {
  Node node;
  node.tx = proposal.tx;
  node.fee = proposal.result.fee;
  node.delta = proposal.delta;
  node.vsize = proposal.result.vsize;
  node.sigops_cost = static_cast<int64_t>(proposal.sigops_cost);
  node.time = proposal.origin.time != 0 ? proposal.origin.time : clock_.Now();
  node.height = proposal.view->Height();
  node.sequence = sequence_++;
  node.spends_coinbase = proposal.spends_coinbase;
  return graph_.Add(std::move(node));
}

void PoolThread::TakeOut(const std::vector<const Node*>& placed) {
  for (auto at = placed.rbegin(); at != placed.rend(); ++at) graph_.Remove(*at);
  sequence_ -= placed.size();
}

std::vector<Node> PoolThread::SetAside(const NodeSet& family) {
  std::vector<Node> aside;
  for (const Node* node : LeavesFirst(family)) {
    Node& copy = aside.emplace_back(*node);
    copy.parents.clear();
    copy.children.clear();
    graph_.Remove(node);
  }
  sequence_ += aside.size();
  return aside;
}

void PoolThread::PutBack(const std::vector<Node>& aside) {
  for (auto at = aside.rbegin(); at != aside.rend(); ++at) graph_.Add(*at);
  sequence_ -= aside.size();
}

/// Tells of one that is in the graph now, and is to stay.
void PoolThread::Announce(const Node* entered, const Origin& origin) {
  if (origin.source == Origin::Source::kLocal) unbroadcast_.insert(entered->txid());
  // What others hold back, or what has waited before, says nothing of what it takes to confirm.
  const bool is_new =
      origin.source == Origin::Source::kLocal || origin.source == Origin::Source::kPeer;
  if (is_new && entered->ancestors.count == 1 && entered->descendants.count == 1 &&
      !ledger_.IsInitialBlockDownload()) {
    fees_.Entered(entered->txid(), entered->height, FeeRate::Of(entered->fee, entered->vsize));
  }
  PoolEvent event;
  event.sequence = entered->sequence;
  event.added = true;
  event.tx = entered->tx;
  event.fee = entered->fee;
  event.vsize = entered->vsize;
  event.origin = origin;
  events_.push_back(std::move(event));
  LOG_DEBUG(log::kMempool,
            "AcceptToMemoryPool: peer={}: accepted {} (wtxid={}) (poolsz {} txn, {} kB)",
            origin.peer, entered->txid(), entered->tx->wtxid, graph_.size(), Usage() / 1000);
}

// ---- Limits ----

uint64_t PoolThread::Usage() const {
  constexpr uint64_t kSmallRow = 64 + sizeof(Txid);  // of a std::map or std::set
  return graph_.Usage() + (deltas_.size() + unbroadcast_.size()) * kSmallRow;
}

FeeRate PoolThread::MinimumRate() const {
  return minimum_.At(clock_.Now(), Usage(), static_cast<uint64_t>(options_.max_bytes));
}

void PoolThread::LimitSize() {
  Expire();
  std::optional<FeeRate> dearest;
  while (!graph_.empty() && Usage() > static_cast<uint64_t>(options_.max_bytes)) {
    const Node* worst = graph_.Worst();
    const FeeRate rate = FeeRate::Of(worst->descendants.fees, worst->descendants.vsize);
    minimum_.Raise(rate);
    dearest = std::max(dearest.value_or(rate), rate);
    RemoveFamily(worst, RemovalReason::kSizeLimit);
  }
  if (dearest) {
    LOG_DEBUG(log::kMempool, "the pool is full: evicted transactions up to {}", *dearest);
  }
}

void PoolThread::Expire() {
  NodeSet old;
  for (const Node* node : graph_.EnteredBefore(clock_.Now() - options_.expiry.count())) {
    graph_.AddDescendants(node, old);
  }
  if (old.empty()) return;
  RemoveAll(old, RemovalReason::kExpired);
  LOG_DEBUG(log::kMempool, "Expired {} transactions from the memory pool", old.size());
}

/// A parent's descendants may be too many once a reorganisation has put blocks below them.
void PoolThread::LimitFamilies() {
  NodeSet too_long;
  for (const Node* node : graph_.InOrder()) {
    const bool fits = static_cast<uint64_t>(node->ancestors.count) <= options_.limits.ancestors &&
                      node->ancestors.vsize <= options_.limits.ancestor_vsize;
    if (!fits) graph_.AddDescendants(node, too_long);
  }
  RemoveAll(too_long, RemovalReason::kSizeLimit);
}

// ---- Removal ----

void PoolThread::RemoveFamily(const Node* node, RemovalReason reason) {
  RemoveAll(graph_.DescendantsOf(node), reason);
}

/// The set must contain all descendants of its members.
void PoolThread::RemoveAll(const NodeSet& family, RemovalReason reason) {
  for (const Node* node : LeavesFirst(family)) RemoveOne(node, reason);
}

void PoolThread::RemoveOne(const Node* node, RemovalReason reason) {
  RecordRemoval(*node, reason, reason == RemovalReason::kBlock ? sequence_ : sequence_++);
  graph_.Remove(node);
}

void PoolThread::RecordRemoval(const Node& node, RemovalReason reason, uint64_t sequence) {
  PoolEvent event;
  event.sequence = sequence;
  event.tx = node.tx;
  event.reason = reason;
  event.fee = node.fee;
  event.vsize = node.vsize;
  events_.push_back(std::move(event));
  unbroadcast_.erase(node.txid());
  if (reason != RemovalReason::kBlock) fees_.Left(node.txid());
}

}  // namespace cairn::mempool
