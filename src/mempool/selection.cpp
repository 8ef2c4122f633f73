#include "src/mempool/selection.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "consensus/rules/transaction.h"
#include "src/mempool/block_tail.h"

namespace cairn::mempool {
namespace {

// Packages in a row that do not fit into a block that is all but full, before the search ends.
constexpr int kMostFailures = 1000;
constexpr uint64_t kAllButFull = 4000;  // weight
// Of the last that were taken, and of the best that were not, so many are chosen from anew.
constexpr size_t kTailItems = 24;
constexpr size_t kMostGroups = 300;  // that are looked at for it
constexpr int kMostWalks = 3000;     // through families, to build them

/// A transaction whose ancestors are partly in the block already, and what the others come to.
struct Reduced {
  Reduced(const Node* reduced, const Sums& others)
      : node(reduced), left(others), score(reduced->ScoreWith(others)) {}

  const Node* node;
  Sums left;  // with itself
  Score score;

  Scored Worth() const { return {*node, score}; }
};

/// The reduced ones. A heap, in which one that has changed or is gone stays until it comes to the
/// top: most change several times, and few are looked at.
class ReducedHeap {
 public:
  bool Has(const Node* node) const { return left_.contains(node); }
  /// What is left of it; null if it is not here.
  const Sums* Find(const Node* node) const {
    const auto found = left_.find(node);
    return found != left_.end() ? &found->second : nullptr;
  }
  void Put(const Node* node, const Sums& left) {
    left_[node] = left;
    heap_.emplace_back(node, left);
    std::push_heap(heap_.begin(), heap_.end(), IsWorse);
  }
  void Erase(const Node* node) { left_.erase(node); }
  /// Null if there is none.
  const Reduced* Best() {
    while (!heap_.empty() && !IsPresent(heap_.front())) {
      std::pop_heap(heap_.begin(), heap_.end(), IsWorse);
      heap_.pop_back();
    }
    return heap_.empty() ? nullptr : &heap_.front();
  }

 private:
  static bool IsWorse(const Reduced& a, const Reduced& b) {
    return b.Worth().IsBetterThan(a.Worth());
  }
  bool IsPresent(const Reduced& reduced) const {
    const Sums* left = Find(reduced.node);
    return left != nullptr && *left == reduced.left;
  }

  std::vector<Reduced> heap_;
  boost::unordered_flat_map<const Node*, Sums> left_;
};

/// Walks before the selection through the nodes in their order, and has fetched what it will look
/// at: in a pool of many megabytes it would wait for memory at each.
class FetchAhead {
 public:
  using Nodes = std::remove_cvref_t<decltype(std::declval<const Graph&>().best_first())>;

  explicit FetchAhead(const Nodes& nodes) : node_(nodes.begin()), tx_(node_), end_(nodes.end()) {
    for (int i = 0; i < 2 * kSteps; ++i) Step();
  }
  void Step() {
    if (node_ != end_) {
      for (size_t at = 0; at < sizeof(Node); at += kLine) {
        __builtin_prefetch(reinterpret_cast<const char*>(&*node_) + at);
      }
      ++node_;
    }
    if (++steps_ <= kSteps || tx_ == end_) return;
    __builtin_prefetch(tx_->tx.get());
    ++tx_;
  }

 private:
  static constexpr int kSteps = 6;  // from a node to its transaction, and from there to its use
  static constexpr size_t kLine = 64;

  Nodes::const_iterator node_, tx_;
  const Nodes::const_iterator end_;
  int steps_ = 0;
};

class PackageSelector {
 public:
  PackageSelector(const Graph& graph, const ledger::ChainView& view, const SelectionLimits& limits)
      : graph_(graph), view_(view), limits_(limits) {}

  std::vector<SelectedTransaction> Run() {
    const auto& best_first = graph_.best_first();
    auto next = best_first.begin();
    int failures = 0;
    FetchAhead ahead(best_first);
    for (;;) {
      if (next != best_first.end() && IsDealtWith(&*next)) {
        ++next;
        ahead.Step();
        continue;
      }
      const Reduced* best = reduced_.Best();
      if (best == nullptr && next == best_first.end()) break;
      const bool was_reduced = next == best_first.end() || IsBetter(best, *next);
      const Reduced candidate = was_reduced ? *best : Reduced(&*next, next->ancestors);
      if (!was_reduced) {
        ++next;
        ahead.Step();
      }
      if (candidate.left.fees < limits_.min_rate.For(candidate.left.vsize)) break;
      if (TakePackage(candidate)) {
        failures = 0;
        continue;
      }
      if (was_reduced) {
        reduced_.Erase(candidate.node);
        failed_.Add(candidate.node);
      }
      if (++failures > kMostFailures && weight_ + kAllButFull > limits_.weight) break;
    }
    if (has_failed_) ImproveTail();
    std::vector<SelectedTransaction> result;
    for (const Node* node : selected_) {
      result.push_back({node->tx, node->fee, static_cast<uint64_t>(node->sigops_cost)});
    }
    return result;
  }

 private:
  bool IsDealtWith(const Node* node) const {
    return reduced_.Has(node) || taken_.Has(node) || failed_.Has(node);
  }

  static bool IsBetter(const Reduced* reduced, const Node& node) {
    return reduced != nullptr && reduced->Worth().IsBetterThan({node, node.block_score});
  }

  bool TakePackage(const Reduced& candidate) {
    const uint64_t weight =
        uint64_t{kWitnessScaleFactor} * static_cast<uint64_t>(candidate.left.vsize);
    const auto sigops = static_cast<uint64_t>(candidate.left.sigops_cost);
    if (weight_ + weight >= limits_.weight || sigops_ + sigops >= limits_.sigops_cost) {
      has_failed_ = true;
      return false;
    }
    const std::vector<const Node*> package = PackageOf(candidate.node);
    if (!AreFinal(package)) return false;
    for (const Node* node : package) Take(node);
    for (const Node* node : package) ReduceDescendants(node);
    return true;
  }

  /// It and those of its ancestors that are not in the block yet, parents first.
  std::vector<const Node*> PackageOf(const Node* top) const {
    if (top->parents.empty()) return {top};
    std::vector<const Node*> package;
    for (const Node* node : graph_.AncestorsOf(top).list()) {
      if (!taken_.Has(node)) package.push_back(node);
    }
    std::sort(package.begin(), package.end(), [](const Node* a, const Node* b) {
      if (a->ancestors.count != b->ancestors.count) return a->ancestors.count < b->ancestors.count;
      return a->txid() < b->txid();
    });
    return package;
  }

  bool AreFinal(const std::vector<const Node*>& package) const {
    return std::all_of(package.begin(), package.end(), [this](const Node* node) {
      return consensus::IsFinal(*node->tx, view_.Height() + 1, view_.tip->median_time);
    });
  }

  void Take(const Node* node) {
    taken_.Add(node);
    reduced_.Erase(node);
    weight_ += node->tx->Weight();
    sigops_ += static_cast<uint64_t>(node->sigops_cost);
    selected_.push_back(node);
  }

  /// Some that were left out, with their parents and what else makes the whole worth more: one may
  /// be too poor to carry its parents alone, and two of them may not.
  struct Group {
    std::vector<const Node*> nodes;  // parents first
    Score rate;
  };

  Group GroupOf(const Node* top, int* walks) const {
    Group group{PackageOf(top), {}};
    Sums sums;
    for (const Node* node : group.nodes) sums += node->Own();
    const std::vector<const Node*> package = group.nodes;
    for (const Node* member : package) {
      if (member == top) continue;
      for (const Node* child : member->children) {
        if (--*walks < 0) break;
        Sums more;
        std::vector<const Node*> others;
        for (const Node* node : PackageOf(child)) {
          if (Contains(group.nodes, node)) continue;
          others.push_back(node);
          more += node->Own();
        }
        if (others.empty() || !(Score{sums.fees, sums.vsize} < Score{more.fees, more.vsize}))
          continue;
        sums += more;
        group.nodes.insert(group.nodes.end(), others.begin(), others.end());
      }
    }
    group.rate = {sums.fees, sums.vsize};
    return group;
  }

  static bool Contains(const std::vector<const Node*>& nodes, const Node* node) {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
  }

  /// The best of those that were left out.
  std::vector<const Node*> LeftOut() const {
    std::vector<Group> groups;
    int walks = kMostWalks;
    for (const Node& node : graph_.best_first()) {
      if (groups.size() == kMostGroups) break;
      if (taken_.Has(&node)) continue;
      Group group = GroupOf(&node, &walks);
      const bool pays = group.rate.fee >= limits_.min_rate.For(group.rate.vsize);
      if (pays && AreFinal(group.nodes)) groups.push_back(std::move(group));
    }
    std::stable_sort(groups.begin(), groups.end(),
                     [](const Group& a, const Group& b) { return b.rate < a.rate; });
    std::vector<const Node*> nodes;
    for (const Group& group : groups) {
      std::vector<const Node*> others;
      for (const Node* node : group.nodes) {
        if (!Contains(nodes, node)) others.push_back(node);
      }
      if (nodes.size() + others.size() > kTailItems) continue;
      nodes.insert(nodes.end(), others.begin(), others.end());
    }
    return nodes;
  }

  /// Packages were taken greedily, which is best but for the last few: looks for a better choice
  /// among those and the best that were left out.
  void ImproveTail() {
    const size_t taken = std::min(selected_.size(), kTailItems);
    std::vector<const Node*> nodes(selected_.end() - static_cast<std::ptrdiff_t>(taken),
                                   selected_.end());
    selected_.resize(selected_.size() - taken);
    TailRoom room{limits_.weight - weight_, limits_.sigops_cost - sigops_};
    for (const Node* node : nodes) {
      room.weight += node->tx->Weight();
      room.sigops_cost += static_cast<uint64_t>(node->sigops_cost);
    }
    const std::vector<const Node*> left_out = LeftOut();
    nodes.insert(nodes.end(), left_out.begin(), left_out.end());
    std::vector<TailItem> items;
    for (const Node* node : nodes) {
      TailItem& item = items.emplace_back(TailItem{
          node->ModifiedFee(), node->tx->Weight(), static_cast<uint64_t>(node->sigops_cost), {}});
      for (const Node* parent : node->parents) {
        const auto place = std::find(nodes.begin(), nodes.end(), parent);
        if (place != nodes.end())
          item.parents.push_back(static_cast<size_t>(place - nodes.begin()));
      }
    }
    const std::vector<bool> best = BestTail(items, taken, room);
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (best[i]) selected_.push_back(nodes[i]);
    }
  }

  /// What is in the block need not be paid for by those that build on it.
  void ReduceDescendants(const Node* node) {
    if (node->children.empty()) return;
    for (const Node* below : graph_.DescendantsOf(node).list()) {
      if (taken_.Has(below)) continue;
      const Sums* known = reduced_.Find(below);
      Sums left = known != nullptr ? *known : below->ancestors;
      left -= node->Own();
      reduced_.Put(below, left);
    }
  }

  const Graph& graph_;
  const ledger::ChainView& view_;
  const SelectionLimits& limits_;
  std::vector<const Node*> selected_;  // parents first
  bool has_failed_ = false;            // something had no room
  NodeSet taken_;
  NodeSet failed_;
  ReducedHeap reduced_;
  uint64_t weight_ = 0;
  uint64_t sigops_ = 0;
};

}  // namespace

std::vector<SelectedTransaction> SelectPackages(const Graph& graph, const ledger::ChainView& view,
                                                const SelectionLimits& limits) {
  return PackageSelector(graph, view, limits).Run();
}

}  // namespace cairn::mempool
