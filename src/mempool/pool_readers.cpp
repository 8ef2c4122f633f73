// What the pool shows to others.
#include <algorithm>

#include "src/mempool/pool_thread.h"
#include "src/mempool/selection.h"

namespace cairn::mempool {
namespace {

// More moves nothing any further, and the sums of a family, times a thousand for a rate, stay
// within an integer.
constexpr Amount kMostPriority = kMaxMoney / 100;

PoolSummary Summarise(const Node& node) {
  return {node.tx,   node.fee,      node.vsize,
          node.time, node.sequence, static_cast<uint64_t>(node.ancestors.count)};
}

std::optional<PoolSummary> SummariseIfAny(const Node* node) {
  if (node == nullptr) return std::nullopt;
  return Summarise(*node);
}

}  // namespace

void PoolThread::FollowTip() {
  Ask([this] { CatchUp(); });
}

void PoolThread::Synchronize() {
  std::promise<void> reached;
  if (inbox_.Push([&reached] { reached.set_value(); })) reached.get_future().wait();
  FollowTip();
}

const ledger::HeaderEntry* PoolThread::Tip() const {
  base::MutexLock lock(mutex_);
  return view_->tip;
}

TransactionPtr PoolThread::Find(const Txid& txid) const {
  base::MutexLock lock(mutex_);
  const Node* node = graph_.Find(txid);
  return node != nullptr ? node->tx : nullptr;
}

TransactionPtr PoolThread::Find(const Wtxid& wtxid) const {
  base::MutexLock lock(mutex_);
  const Node* node = graph_.Find(wtxid);
  return node != nullptr ? node->tx : nullptr;
}

TransactionPtr PoolThread::SpenderOf(const OutPoint& outpoint) const {
  base::MutexLock lock(mutex_);
  const Node* node = graph_.SpenderOf(outpoint);
  return node != nullptr ? node->tx : nullptr;
}

std::vector<TransactionPtr> PoolThread::Transactions(uint64_t* sequence) const {
  base::MutexLock lock(mutex_);
  if (sequence != nullptr) *sequence = sequence_;
  std::vector<TransactionPtr> all;
  all.reserve(graph_.size());
  for (const Node* node : graph_.InOrder()) all.push_back(node->tx);
  return all;
}

std::vector<TransactionPtr> PoolThread::TransactionsBestFirst() const {
  base::MutexLock lock(mutex_);
  std::vector<TransactionPtr> all;
  all.reserve(graph_.size());
  for (const Node& node : graph_.best_first()) all.push_back(node.tx);
  return all;
}

PoolEntry PoolThread::Describe(const Node& node) const {
  PoolEntry entry;
  static_cast<PoolSummary&>(entry) = Summarise(node);
  entry.modified_fee = node.ModifiedFee();
  entry.height = node.height;
  entry.ancestor_vsize = node.ancestors.vsize;
  entry.ancestor_fees = node.ancestors.fees;
  entry.descendant_count = static_cast<uint64_t>(node.descendants.count);
  entry.descendant_vsize = node.descendants.vsize;
  entry.descendant_fees = node.descendants.fees;
  for (const Node* parent : node.parents) entry.parents.push_back(parent->txid());
  for (const Node* child : node.children) entry.children.push_back(child->txid());
  for (const Node* one : graph_.AncestorsOf(&node).list()) {
    if (!SignalsReplacement(*one->tx)) continue;
    entry.replaceable = true;
    break;
  }
  entry.unbroadcast = unbroadcast_.contains(node.txid());
  return entry;
}

std::vector<PoolEntry> PoolThread::Entries(uint64_t* sequence) const {
  base::MutexLock lock(mutex_);
  std::vector<PoolEntry> all;
  all.reserve(graph_.size());
  for (const Node* node : graph_.InOrder()) all.push_back(Describe(*node));
  if (sequence != nullptr) *sequence = sequence_;
  return all;
}

std::optional<PoolEntry> PoolThread::Entry(const Txid& txid) const {
  base::MutexLock lock(mutex_);
  const Node* node = graph_.Find(txid);
  if (node == nullptr) return std::nullopt;
  return Describe(*node);
}

std::optional<std::vector<PoolEntry>> PoolThread::Relatives(const Txid& txid,
                                                            NodeSet (Graph::*walk)(const Node*)
                                                                const) const {
  base::MutexLock lock(mutex_);
  const Node* node = graph_.Find(txid);
  if (node == nullptr) return std::nullopt;
  std::vector<PoolEntry> entries;
  for (const Node* one : (graph_.*walk)(node).list()) {
    if (one != node) entries.push_back(Describe(*one));
  }
  return entries;
}

std::optional<std::vector<PoolEntry>> PoolThread::Ancestors(const Txid& txid) const {
  return Relatives(txid, &Graph::AncestorsOf);
}

std::optional<std::vector<PoolEntry>> PoolThread::Descendants(const Txid& txid) const {
  return Relatives(txid, &Graph::DescendantsOf);
}

std::optional<PoolSummary> PoolThread::Summary(const Txid& txid) const {
  base::MutexLock lock(mutex_);
  return SummariseIfAny(graph_.Find(txid));
}

std::optional<PoolSummary> PoolThread::Summary(const Wtxid& wtxid) const {
  base::MutexLock lock(mutex_);
  return SummariseIfAny(graph_.Find(wtxid));
}

std::vector<PoolSummary> PoolThread::Summaries() const {
  base::MutexLock lock(mutex_);
  std::vector<PoolSummary> all;
  all.reserve(graph_.size());
  for (const Node& node : graph_.best_first()) all.push_back(Summarise(node));
  return all;
}

PoolInfo PoolThread::Info() const {
  base::MutexLock lock(mutex_);
  PoolInfo info;
  info.count = graph_.size();
  info.vsize = graph_.vsize();
  info.usage = Usage();
  info.fees = graph_.fees();
  info.min_fee = std::max(MinimumRate(), options_.min_relay_fee);
  info.sequence = sequence_;
  info.unbroadcast = unbroadcast_.size();
  return info;
}

uint64_t PoolThread::Sequence() const {
  base::MutexLock lock(mutex_);
  return sequence_;
}

Selection PoolThread::Select(const SelectionLimits& limits) const {
  base::MutexLock lock(mutex_);
  if (moving_) return {};
  return {view_->tip, SelectPackages(graph_, *view_, limits)};
}

void PoolThread::Prioritise(const Txid& txid, Amount delta) {
  Ask([&] {
    base::MutexLock lock(mutex_);
    Amount& total = deltas_[txid];
    total = std::clamp(total + std::clamp(delta, -kMostPriority, kMostPriority), -kMostPriority,
                       kMostPriority);
    if (const Node* node = graph_.Find(txid); node != nullptr) graph_.SetDelta(node, total);
    if (total == 0) deltas_.erase(txid);
  });
}

std::vector<Priority> PoolThread::Priorities() const {
  base::MutexLock lock(mutex_);
  std::vector<Priority> all;
  for (const auto& [txid, delta] : deltas_) {
    const Node* node = graph_.Find(txid);
    all.push_back({txid, delta, std::nullopt});
    if (node != nullptr) all.back().modified_fee = node->ModifiedFee();
  }
  return all;
}

void PoolThread::ForgetUnbroadcast(const Txid& txid) {
  // In turn: the thread that owns the list reads it without the mutex.
  inbox_.Push([this, txid] {
    base::MutexLock lock(mutex_);
    unbroadcast_.erase(txid);
  });
}

std::vector<TransactionPtr> PoolThread::Unbroadcast() const {
  base::MutexLock lock(mutex_);
  std::vector<TransactionPtr> all;
  for (const Txid& txid : unbroadcast_) {
    if (const Node* node = graph_.Find(txid); node != nullptr) all.push_back(node->tx);
  }
  return all;
}

}  // namespace cairn::mempool
