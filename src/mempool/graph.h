// The transactions of the pool and who spends whom, in every order that somebody asks for.
//
// Not synchronised: the pool's thread alone changes it, under the pool's mutex, and may read it
// without; others read under the mutex. Nodes stay where they are until they are removed.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/ordered_index.hpp>
#include <boost/multi_index_container.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "cairn/base/result.h"
#include "cairn/mempool/policy.h"
#include "cairn/primitives/salted_hasher.h"
#include "src/mempool/node.h"

namespace cairn::mempool {

/// Nodes without repetition, in the order in which they were found.
class NodeSet {
 public:
  /// False if it is in already.
  bool Add(const Node* node) {
    if (Has(node)) return false;
    if (list_.empty()) list_.reserve(kFew);
    list_.push_back(node);
    if (list_.size() == kFew + 1) members_.insert(list_.begin(), list_.end());
    if (list_.size() > kFew + 1) members_.insert(node);
    return true;
  }
  bool Has(const Node* node) const {
    if (list_.size() > kFew) return members_.contains(node);
    return std::find(list_.begin(), list_.end(), node) != list_.end();
  }
  const std::vector<const Node*>& list() const& { return list_; }
  /// Of a temporary, which a loop over a reference would outlive.
  std::vector<const Node*> list() && { return std::move(list_); }
  size_t size() const { return list_.size(); }
  bool empty() const { return list_.empty(); }

 private:
  static constexpr size_t kFew = 16;  // most families are smaller, and found as soon by looking

  std::vector<const Node*> list_;
  boost::unordered_flat_set<const Node*> members_;  // of more than a few
};

struct ByTxid {};
struct ByWtxid {};
struct ByDescendantScore {};
struct ByAncestorScore {};
struct ByTime {};

class Graph {
 public:
  explicit Graph(const SaltedHasher& hasher = SaltedHasher());
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  size_t size() const { return nodes_.size(); }
  bool empty() const { return nodes_.empty(); }
  int64_t vsize() const { return vsize_; }
  Amount fees() const { return fees_; }
  /// Bytes of memory that the nodes and their tables take.
  uint64_t Usage() const;

  const Node* Find(const Txid& txid) const;
  const Node* Find(const Wtxid& wtxid) const;
  const Node* SpenderOf(const OutPoint& outpoint) const;

  /// Those that create coins which `tx` spends.
  std::vector<const Node*> ParentsOf(const Transaction& tx) const;
  /// All ancestors of a transaction that is not in the graph yet, or which of the limits its
  /// arrival would break, in Bitcoin Core's words. Or of `count`, as if they were one.
  Result<NodeSet> AncestorsWithin(const std::vector<const Node*>& parents, int64_t vsize,
                                  const FamilyLimits& limits, uint64_t count = 1) const;
  /// With the node itself first.
  NodeSet AncestorsOf(const Node* node) const;
  NodeSet DescendantsOf(const Node* node) const;
  /// Adds a node and its descendants to `set`, which has the descendants of all that it has.
  void AddDescendants(const Node* node, NodeSet& set) const;

  /// Puts a transaction in: its family, sums and links are found here. Children may be in already,
  /// as after a reorganisation. Its coins must be unspent by others.
  const Node* Add(Node node);
  /// Takes one out. To keep the sums right, either all its ancestors or all its descendants must
  /// have been taken out before.
  void Remove(const Node* node);
  /// Changes what is added to the fee.
  void SetDelta(const Node* node, Amount delta);

  /// The one whose eviction loses least. The graph must not be empty.
  const Node* Worst() const { return &*nodes_.get<ByDescendantScore>().begin(); }
  /// Those that entered before `time`.
  std::vector<const Node*> EnteredBefore(UnixSeconds time) const;
  /// By ancestor score, the best first.
  const auto& best_first() const { return nodes_.get<ByAncestorScore>(); }
  /// All of them: parents before children, by number of ancestors and then by fee rate.
  std::vector<const Node*> InOrder() const;

 private:
  struct TxidOf {
    using result_type = Txid;
    const Txid& operator()(const Node& node) const { return node.tx->txid; }
  };
  struct WtxidOf {
    using result_type = Wtxid;
    const Wtxid& operator()(const Node& node) const { return node.tx->wtxid; }
  };
  struct WorstFirst {
    bool operator()(const Node& a, const Node& b) const;
  };
  struct BestFirst {
    bool operator()(const Node& a, const Node& b) const;
  };
  struct Whole {
    using result_type = Node;
    const Node& operator()(const Node& node) const { return node; }
  };

  using TimeOf = boost::multi_index::member<Node, UnixSeconds, &Node::time>;

  template <typename... Parts>
  using Indexes = boost::multi_index::indexed_by<Parts...>;
  template <typename Tag>
  using Tagged = boost::multi_index::tag<Tag>;
  using Container = boost::multi_index_container<
      Node,
      Indexes<
          boost::multi_index::hashed_unique<Tagged<ByTxid>, TxidOf, SaltedHasher>,
          boost::multi_index::hashed_unique<Tagged<ByWtxid>, WtxidOf, SaltedHasher>,
          boost::multi_index::ordered_non_unique<Tagged<ByTime>, TimeOf>,
          boost::multi_index::ordered_non_unique<Tagged<ByAncestorScore>, Whole, BestFirst>,
          boost::multi_index::ordered_non_unique<Tagged<ByDescendantScore>, Whole, WorstFirst>>>;

  template <typename Change>
  void Modify(const Node* node, Change change);
  /// Walks up or down from a node, itself included.
  static NodeSet Walk(const Node* from, std::vector<const Node*> Node::*next);
  void Link(const Node* parent, const Node* child);
  void Unlink(const Node* parent, const Node* child);
  void SumUp(const Node* node);

  Container nodes_;
  boost::unordered_flat_map<OutPoint, const Node*, SaltedHasher> spenders_;
  int64_t vsize_ = 0;
  Amount fees_ = 0;
  uint64_t node_usage_ = 0;
};

}  // namespace cairn::mempool
