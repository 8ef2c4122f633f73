#include "src/mempool/graph.h"

#include <algorithm>
#include <utility>

#include "cairn/base/assert.h"

namespace cairn::mempool {
namespace {

// What an allocation takes beyond what was asked for, on average.
constexpr uint64_t kAllocation = 16;
// Links of a node in two hashed and three ordered indexes, and its share of their buckets.
constexpr uint64_t kIndexLinks = (2 * 2 + 3 * 3 + 2) * sizeof(void*);

Error TooLarge(std::string text, uint64_t limit) {
  return {ErrorCode::kInvalid, std::move(text) + " [limit: " + std::to_string(limit) + "]"};
}

void Erase(std::vector<const Node*>& list, const Node* node) {
  const auto at = std::find(list.begin(), list.end(), node);
  if (at != list.end()) list.erase(at);
}

}  // namespace

uint64_t Node::Usage() const {
  // A finished transaction owns its bytes and one array each of inputs, outputs and witness items.
  uint64_t usage = sizeof(Node) + kIndexLinks + kAllocation;
  usage += sizeof(Transaction) + tx->bytes.size() + tx->inputs.size() * sizeof(TxIn) +
           tx->outputs.size() * sizeof(TxOut) + 5 * kAllocation;
  for (const TxIn& input : tx->inputs) usage += input.witness.size() * sizeof(ByteSpan);
  return usage;
}

Graph::Graph(const SaltedHasher& hasher)
    : nodes_(boost::make_tuple(boost::make_tuple(0, TxidOf(), hasher, std::equal_to<Txid>()),
                               boost::make_tuple(0, WtxidOf(), hasher, std::equal_to<Wtxid>()),
                               boost::make_tuple(TimeOf(), std::less<UnixSeconds>()),
                               boost::make_tuple(Whole(), BestFirst()),
                               boost::make_tuple(Whole(), WorstFirst()))),
      spenders_(0, hasher) {}

bool Graph::WorstFirst::operator()(const Node& a, const Node& b) const {
  if (a.eviction_score < b.eviction_score) return true;
  if (b.eviction_score < a.eviction_score) return false;
  return a.time > b.time;  // the later one goes first
}

bool Graph::BestFirst::operator()(const Node& a, const Node& b) const {
  return Scored{a, a.block_score}.IsBetterThan({b, b.block_score});
}

uint64_t Graph::Usage() const {
  constexpr uint64_t kSlot = sizeof(std::pair<OutPoint, const Node*>) + 1;
  return node_usage_ + spenders_.bucket_count() * kSlot;
}

const Node* Graph::Find(const Txid& txid) const {
  const auto& index = nodes_.get<ByTxid>();
  const auto found = index.find(txid);
  return found != index.end() ? &*found : nullptr;
}

const Node* Graph::Find(const Wtxid& wtxid) const {
  const auto& index = nodes_.get<ByWtxid>();
  const auto found = index.find(wtxid);
  return found != index.end() ? &*found : nullptr;
}

const Node* Graph::SpenderOf(const OutPoint& outpoint) const {
  const auto found = spenders_.find(outpoint);
  return found != spenders_.end() ? found->second : nullptr;
}

std::vector<const Node*> Graph::ParentsOf(const Transaction& tx) const {
  NodeSet parents;
  for (const TxIn& input : tx.inputs) {
    if (const Node* parent = Find(input.prevout.txid); parent != nullptr) parents.Add(parent);
  }
  return parents.list();
}

Result<NodeSet> Graph::AncestorsWithin(const std::vector<const Node*>& parents, int64_t vsize,
                                       const FamilyLimits& limits, uint64_t count) const {
  const auto refuse = [](std::string text, uint64_t limit) {
    return tl::unexpected(TooLarge(std::move(text), limit));
  };
  NodeSet found;
  for (const Node* parent : parents) {
    found.Add(parent);
    if (found.size() + count > limits.ancestors) {
      return refuse("too many unconfirmed parents", limits.ancestors);
    }
  }
  int64_t total = vsize;
  for (size_t i = 0; i < found.size(); ++i) {  // the list grows on the way
    const Node* node = found.list()[i];
    total += node->vsize;
    if (node->descendants.vsize + vsize > limits.descendant_vsize) {
      return refuse("exceeds descendant size limit for tx " + node->txid().ToString(),
                    static_cast<uint64_t>(limits.descendant_vsize));
    }
    if (static_cast<uint64_t>(node->descendants.count) + count > limits.descendants) {
      return refuse("too many descendants for tx " + node->txid().ToString(), limits.descendants);
    }
    if (total > limits.ancestor_vsize) {
      return refuse("exceeds ancestor size limit", static_cast<uint64_t>(limits.ancestor_vsize));
    }
    for (const Node* parent : node->parents) {
      found.Add(parent);
      if (found.size() + count > limits.ancestors) {
        return refuse("too many unconfirmed ancestors", limits.ancestors);
      }
    }
  }
  return found;
}

NodeSet Graph::Walk(const Node* from, std::vector<const Node*> Node::*next) {
  NodeSet found;
  found.Add(from);
  for (size_t i = 0; i < found.size(); ++i) {
    for (const Node* node : found.list()[i]->*next) found.Add(node);
  }
  return found;
}

NodeSet Graph::AncestorsOf(const Node* node) const { return Walk(node, &Node::parents); }
NodeSet Graph::DescendantsOf(const Node* node) const { return Walk(node, &Node::children); }

void Graph::AddDescendants(const Node* node, NodeSet& set) const {
  if (set.Has(node)) return;
  for (const Node* one : DescendantsOf(node).list()) set.Add(one);
}

template <typename Change>
void Graph::Modify(const Node* node, Change change) {
  nodes_.modify(nodes_.iterator_to(*node), [&](Node& changed) {
    change(changed);
    changed.KeepScores();
  });
}

void Graph::Link(const Node* parent, const Node* child) {
  parent->children.push_back(child);
  child->parents.push_back(parent);
  node_usage_ += 2 * sizeof(void*);
}

void Graph::Unlink(const Node* parent, const Node* child) {
  Erase(parent->children, child);
  Erase(child->parents, parent);
  node_usage_ -= 2 * sizeof(void*);
}

/// Counts the family of a node anew.
void Graph::SumUp(const Node* node) {
  Sums ancestors;
  Sums descendants;
  for (const Node* one : AncestorsOf(node).list()) ancestors += one->Own();
  for (const Node* one : DescendantsOf(node).list()) descendants += one->Own();
  Modify(node, [&](Node& changed) {
    changed.ancestors = ancestors;
    changed.descendants = descendants;
  });
}

const Node* Graph::Add(Node added) {
  const Sums own = added.Own();
  const std::vector<const Node*> parents = ParentsOf(*added.tx);
  NodeSet above;
  for (const Node* parent : parents) {
    for (const Node* one : AncestorsOf(parent).list()) above.Add(one);
  }
  added.ancestors = added.descendants = own;
  for (const Node* ancestor : above.list()) added.ancestors += ancestor->Own();
  added.KeepScores();
  const auto [at, fresh] = nodes_.insert(std::move(added));
  CAIRN_ASSERT(fresh);
  const Node* node = &*at;
  vsize_ += node->vsize;
  fees_ += node->fee;
  node_usage_ += node->Usage();
  for (const TxIn& input : node->tx->inputs) {
    CAIRN_ASSERT(spenders_.emplace(input.prevout, node).second);
  }
  for (const Node* parent : parents) Link(parent, node);
  NodeSet children;
  for (uint32_t i = 0; i < node->tx->outputs.size(); ++i) {
    const Node* child = SpenderOf({node->txid(), i});
    if (child != nullptr && children.Add(child)) Link(node, child);
  }
  if (!children.empty()) {
    // Two families are joined, and may have had members in common before.
    for (const Node* one : AncestorsOf(node).list()) SumUp(one);
    for (const Node* one : DescendantsOf(node).list()) SumUp(one);
    return node;
  }
  for (const Node* ancestor : above.list()) {
    Modify(ancestor, [&](Node& changed) { changed.descendants += own; });
  }
  return node;
}

void Graph::Remove(const Node* node) {
  const Sums own = node->Own();
  for (const Node* one : AncestorsOf(node).list()) {
    if (one != node) Modify(one, [&](Node& changed) { changed.descendants -= own; });
  }
  for (const Node* one : DescendantsOf(node).list()) {
    if (one != node) Modify(one, [&](Node& changed) { changed.ancestors -= own; });
  }
  for (const Node* parent : std::vector(node->parents)) Unlink(parent, node);
  for (const Node* child : std::vector(node->children)) Unlink(node, child);
  for (const TxIn& input : node->tx->inputs) spenders_.erase(input.prevout);
  vsize_ -= node->vsize;
  fees_ -= node->fee;
  node_usage_ -= node->Usage();
  nodes_.erase(nodes_.iterator_to(*node));
}

void Graph::SetDelta(const Node* node, Amount delta) {
  const Amount change = delta - node->delta;
  Modify(node, [&](Node& changed) { changed.delta = delta; });
  for (const Node* one : AncestorsOf(node).list()) {
    Modify(one, [&](Node& changed) { changed.descendants.fees += change; });
  }
  for (const Node* one : DescendantsOf(node).list()) {
    Modify(one, [&](Node& changed) { changed.ancestors.fees += change; });
  }
}

std::vector<const Node*> Graph::EnteredBefore(UnixSeconds time) const {
  std::vector<const Node*> old;
  for (const Node& node : nodes_.get<ByTime>()) {
    if (node.time >= time) break;
    old.push_back(&node);
  }
  return old;
}

std::vector<const Node*> Graph::InOrder() const {
  std::vector<const Node*> all;
  all.reserve(nodes_.size());
  for (const Node& node : nodes_) all.push_back(&node);
  std::sort(all.begin(), all.end(), [](const Node* a, const Node* b) {
    if (a->ancestors.count != b->ancestors.count) return a->ancestors.count < b->ancestors.count;
    const Score of_a{a->fee, a->vsize};
    const Score of_b{b->fee, b->vsize};
    if (of_b < of_a || of_a < of_b) return of_b < of_a;
    return b->txid() < a->txid();
  });
  return all;
}

}  // namespace cairn::mempool
