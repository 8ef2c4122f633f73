// The graph of the pool under any operations, against a model that remembers the transactions alone
// and counts everything anew.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "cairn/base/assert.h"
#include "cairn/primitives/script.h"
#include "src/mempool/graph.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace cairn::fuzz {
namespace {

using mempool::Graph;
using mempool::Node;
using mempool::NodeSet;
using mempool::Sums;

constexpr size_t kMostOperations = 150;
constexpr size_t kMostNodes = 30;
/// Low ones, so that they are reached.
constexpr mempool::FamilyLimits kLimits{
    .ancestors = 6, .ancestor_vsize = 1200, .descendants = 7, .descendant_vsize = 1500};

using Txids = std::set<Txid>;

/// Transactions by their ids: who spends whom is looked up in their inputs each time.
class Model {
 public:
  struct Row {
    TransactionPtr tx;
    Sums own;
    Amount fee = 0;
  };

  std::map<Txid, Row>& rows() { return rows_; }
  const std::map<Txid, Row>& rows() const { return rows_; }

  Txids ParentsOf(const Transaction& tx) const {
    Txids parents;
    for (const TxIn& input : tx.inputs) {
      if (rows_.contains(input.prevout.txid)) parents.insert(input.prevout.txid);
    }
    return parents;
  }
  Txids ChildrenOf(const Txid& txid) const {
    Txids children;
    for (const auto& [id, row] : rows_) {
      if (ParentsOf(*row.tx).contains(txid)) children.insert(id);
    }
    return children;
  }
  /// With the transaction itself, which need not be a row.
  Txids AncestorsOf(const Transaction& tx) const {
    Txids found = ParentsOf(tx);
    Close(found, [this](const Txid& id) { return ParentsOf(*rows_.at(id).tx); });
    found.insert(tx.txid);
    return found;
  }
  Txids DescendantsOf(const Txid& txid) const {
    Txids found{txid};
    Close(found, [this](const Txid& id) { return ChildrenOf(id); });
    return found;
  }
  Sums SumOf(const Txids& ids) const {
    Sums sums;
    for (const Txid& id : ids) sums += rows_.at(id).own;
    return sums;
  }
  std::optional<Txid> SpenderOf(const OutPoint& outpoint) const {
    for (const auto& [id, row] : rows_) {
      for (const TxIn& input : row.tx->inputs) {
        if (input.prevout == outpoint) return id;
      }
    }
    return std::nullopt;
  }

  /// Whether one more transaction would leave every family within the limits.
  bool Fits(const Transaction& tx) const {
    Txids ancestors = AncestorsOf(tx);
    ancestors.erase(tx.txid);
    const int64_t vsize = tx.VirtualSize();
    if (ancestors.size() + 1 > kLimits.ancestors) return false;
    if (SumOf(ancestors).vsize + vsize > kLimits.ancestor_vsize && !ancestors.empty()) return false;
    return std::all_of(ancestors.begin(), ancestors.end(), [&](const Txid& id) {
      const Sums family = SumOf(DescendantsOf(id));
      return static_cast<uint64_t>(family.count) + 1 <= kLimits.descendants &&
             family.vsize + vsize <= kLimits.descendant_vsize;
    });
  }

 private:
  template <typename Next>
  static void Close(Txids& found, Next next) {
    for (std::vector<Txid> left(found.begin(), found.end()); !left.empty();) {
      const Txid id = left.back();
      left.pop_back();
      for (const Txid& more : next(id)) {
        if (found.insert(more).second) left.push_back(more);
      }
    }
  }

  std::map<Txid, Row> rows_;
};

class Session {
 public:
  explicit Session(ByteSpan bytes) : input_(bytes), graph_({input_.Byte(), 1}) {}

  void Run() {
    for (size_t i = 0; i < kMostOperations && !input_.empty(); ++i) {
      switch (input_.Below(8)) {
        case 0:
        case 1:
        case 2: Arrive(false); break;
        case 3: Arrive(true); break;
        case 4: Evict(); break;
        case 5: Mine(); break;
        case 6: TakeBack(); break;
        default: Prioritise(); break;
      }
      CheckTotals();
      if (i % 8 == 0) CheckAll();
    }
    CheckAll();
  }

 private:
  Txid Any(const Model& model) {
    return std::next(model.rows().begin(),
                     static_cast<std::ptrdiff_t>(input_.Below(model.rows().size())))
        ->first;
  }

  OutPoint AnyCoin() {
    const uint8_t choice = input_.Byte();
    OutPoint coin;
    if (choice % 4 != 0 && !model_.rows().empty()) {
      coin.txid = Any(model_);
    } else if (choice % 4 == 1 && !mined_.empty()) {
      coin.txid = mined_.back().tx->txid;
    } else {
      coin.txid.bytes[0] = choice;  // of a block long ago
    }
    coin.index = choice / 4 % 3;
    return coin;
  }

  TransactionPtr MakeTransaction() {
    TransactionDraft draft;
    draft.lock_time = ++made_;
    std::set<OutPoint> coins;
    for (size_t count = 1 + input_.Below(3); count > 0; --count) coins.insert(AnyCoin());
    for (const OutPoint& coin : coins) draft.inputs.emplace_back().prevout = coin;
    for (int i = 0; i < 3; ++i) draft.outputs.push_back({1000, {OP_1}});
    return draft.Finish();
  }

  /// A new transaction, which may drive out those that spend the same coins.
  void Arrive(bool may_replace) {
    if (model_.rows().size() >= kMostNodes) return;
    const TransactionPtr tx = MakeTransaction();
    Txids leaving;
    for (const TxIn& input : tx->inputs) {
      if (spent_.contains(input.prevout)) return;
      const auto rival = model_.SpenderOf(input.prevout);
      if (rival) leaving.merge(model_.DescendantsOf(*rival));
    }
    if (!leaving.empty() && !may_replace) return;
    for (const Txid& parent : model_.ParentsOf(*tx)) {
      if (leaving.contains(parent)) return;
    }
    RemoveLeavesFirst(leaving);
    const bool fits = graph_
                          .AncestorsWithin(graph_.ParentsOf(*tx),
                                           static_cast<int64_t>(tx->VirtualSize()), kLimits)
                          .has_value();
    CAIRN_ASSERT(fits == model_.Fits(*tx));
    if (fits) Add(tx, input_.Number<uint16_t>(), input_.Byte());
  }

  void Add(const TransactionPtr& tx, Amount fee, int64_t sigops) {
    Node node;
    node.tx = tx;
    node.fee = fee;
    node.vsize = static_cast<int64_t>(tx->VirtualSize());
    node.sigops_cost = sigops;
    node.time = made_;
    model_.rows()[tx->txid] = {tx, node.Own(), fee};
    graph_.Add(std::move(node));
  }

  void RemoveOne(const Txid& txid) {
    graph_.Remove(graph_.Find(txid));
    model_.rows().erase(txid);
  }
  /// All descendants of its members are among them.
  void RemoveLeavesFirst(Txids leaving) {
    while (!leaving.empty()) {
      const auto leaf = std::find_if(leaving.begin(), leaving.end(), [this](const Txid& id) {
        return model_.ChildrenOf(id).empty();
      });
      CAIRN_ASSERT(leaf != leaving.end());
      RemoveOne(*leaf);
      leaving.erase(leaf);
    }
  }

  void Evict() {
    if (graph_.empty()) return;
    RemoveLeavesFirst(model_.DescendantsOf(graph_.Worst()->txid()));
  }

  /// A block takes one with its ancestors.
  void Mine() {
    if (graph_.empty()) return;
    Txids taken = model_.AncestorsOf(*model_.rows().at(Any(model_)).tx);
    while (!taken.empty()) {
      const auto next = std::find_if(taken.begin(), taken.end(), [this](const Txid& id) {
        return model_.ParentsOf(*model_.rows().at(id).tx).empty();
      });
      CAIRN_ASSERT(next != taken.end());
      const Model::Row row = model_.rows().at(*next);
      for (const TxIn& input : row.tx->inputs) spent_.insert(input.prevout);
      mined_.push_back(row);
      RemoveOne(*next);
      taken.erase(next);
    }
  }

  /// A reorganisation gives back what was mined last; what spends it is here already.
  void TakeBack() {
    if (mined_.empty()) return;
    const Model::Row row = mined_.back();
    mined_.pop_back();
    for (const TxIn& input : row.tx->inputs) spent_.erase(input.prevout);
    Add(row.tx, row.fee, row.own.sigops_cost);
  }

  void Prioritise() {
    if (graph_.empty()) return;
    const Txid txid = Any(model_);
    const Amount delta = Amount{input_.Number<uint16_t>()} - 30'000;
    graph_.SetDelta(graph_.Find(txid), delta);
    Model::Row& row = model_.rows().at(txid);
    row.own.fees = row.fee + delta;
  }

  void CheckTotals() const {
    int64_t vsize = 0;
    Amount fees = 0;
    for (const auto& [txid, row] : model_.rows()) {
      vsize += row.own.vsize;
      fees += row.fee;
    }
    CAIRN_ASSERT(graph_.size() == model_.rows().size());
    CAIRN_ASSERT(graph_.vsize() == vsize);
    CAIRN_ASSERT(graph_.fees() == fees);
  }

  static Txids IdsOf(const std::vector<const Node*>& nodes) {
    Txids ids;
    for (const Node* node : nodes) ids.insert(node->txid());
    return ids;
  }

  void CheckAll() const {
    for (const auto& [txid, row] : model_.rows()) {
      const Node* node = graph_.Find(txid);
      CAIRN_ASSERT(node != nullptr && graph_.Find(row.tx->wtxid) == node);
      const Txids ancestors = model_.AncestorsOf(*row.tx);
      const Txids descendants = model_.DescendantsOf(txid);
      CAIRN_ASSERT(node->Own() == row.own);
      CAIRN_ASSERT(node->ancestors == model_.SumOf(ancestors));
      CAIRN_ASSERT(node->descendants == model_.SumOf(descendants));
      CAIRN_ASSERT(IdsOf(graph_.AncestorsOf(node).list()) == ancestors);
      CAIRN_ASSERT(IdsOf(graph_.DescendantsOf(node).list()) == descendants);
      CAIRN_ASSERT(IdsOf(node->parents) == model_.ParentsOf(*row.tx));
      CAIRN_ASSERT(IdsOf(node->children) == model_.ChildrenOf(txid));
      for (const TxIn& input : row.tx->inputs) {
        CAIRN_ASSERT(graph_.SpenderOf(input.prevout) == node);
      }
      CAIRN_ASSERT(!(node->DescendantScore() < graph_.Worst()->DescendantScore()));
    }
    CheckOrders();
  }

  void CheckOrders() const {
    Txids seen;
    for (const Node* node : graph_.InOrder()) {
      for (const Node* parent : node->parents) CAIRN_ASSERT(seen.contains(parent->txid()));
      seen.insert(node->txid());
    }
    CAIRN_ASSERT(seen.size() == model_.rows().size());
    const Node* before = nullptr;
    for (const Node& node : graph_.best_first()) {
      CAIRN_ASSERT(before == nullptr || !(before->AncestorScore() < node.AncestorScore()));
      before = &node;
    }
  }

  Input input_;
  Graph graph_;
  Model model_;
  std::vector<Model::Row> mined_;  // in the order of the chain
  std::set<OutPoint> spent_;       // by those
  uint32_t made_ = 0;
};

}  // namespace

void FuzzMempool(ByteSpan input) { Session(input).Run(); }

}  // namespace cairn::fuzz
