// The graph's sums and orders under random additions and removals, against counting anew.
#include "src/mempool/graph.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "cairn/primitives/script.h"
#include "src/mempool/rolling_minimum.h"

namespace cairn::mempool {
namespace {

/// Transactions of a random web, parents first.
std::vector<TransactionPtr> RandomWeb(std::mt19937& random, int count) {
  std::vector<TransactionPtr> all;
  std::vector<OutPoint> open;
  for (int i = 0; i < count; ++i) {
    TransactionDraft draft;
    const int inputs = 1 + static_cast<int>(random() % 3);
    for (int j = 0; j < inputs; ++j) {
      auto& input = draft.inputs.emplace_back();
      if (!open.empty() && random() % 3 != 0) {
        const size_t at = random() % open.size();
        input.prevout = open[at];
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
      } else {
        input.prevout.txid.bytes[0] = static_cast<uint8_t>(i);
        input.prevout.txid.bytes[1] = static_cast<uint8_t>(i >> 8);
        input.prevout.index = static_cast<uint32_t>(j);
      }
    }
    for (int j = 0; j < 3; ++j) draft.outputs.push_back({1000, {OP_1}});
    all.push_back(draft.Finish());
    for (uint32_t j = 0; j < 3; ++j) open.push_back({all.back()->txid, j});
  }
  return all;
}

Node NodeOf(const TransactionPtr& tx, Amount fee) {
  Node node;
  node.tx = tx;
  node.fee = fee;
  node.vsize = tx->VirtualSize();
  node.sigops_cost = 4;
  return node;
}

void ExpectSums(const Graph& graph, size_t wanted) {
  const std::vector<const Node*> all = graph.InOrder();
  ASSERT_EQ(all.size(), wanted);
  int64_t vsize = 0;
  Amount fees = 0;
  for (const Node* node : all) {
    Sums ancestors;
    Sums descendants;
    for (const Node* one : graph.AncestorsOf(node).list()) ancestors += one->Own();
    for (const Node* one : graph.DescendantsOf(node).list()) descendants += one->Own();
    EXPECT_EQ(node->ancestors, ancestors);
    EXPECT_EQ(node->descendants, descendants);
    vsize += node->vsize;
    fees += node->fee;
    for (const TxIn& input : node->tx->inputs) {
      EXPECT_EQ(graph.SpenderOf(input.prevout), node);
      const Node* parent = graph.Find(input.prevout.txid);
      const bool linked =
          std::find(node->parents.begin(), node->parents.end(), parent) != node->parents.end();
      EXPECT_EQ(linked, parent != nullptr);
    }
    EXPECT_FALSE(node->DescendantScore() < graph.Worst()->DescendantScore());
  }
  EXPECT_EQ(graph.vsize(), vsize);
  EXPECT_EQ(graph.fees(), fees);
  const Node* before = nullptr;
  for (const Node& node : graph.best_first()) {
    if (before != nullptr) {
      EXPECT_FALSE(before->AncestorScore() < node.AncestorScore());
    }
    before = &node;
  }
}

TEST(Graph, KeepsSumsRightWhateverComesAndGoes) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    std::mt19937 random(seed);
    Graph graph({seed, 7});
    const std::vector<TransactionPtr> web = RandomWeb(random, 60);
    // In any order: children before parents too, as after a reorganisation.
    std::vector<TransactionPtr> order = web;
    std::shuffle(order.begin(), order.end(), random);
    for (const TransactionPtr& tx : order) graph.Add(NodeOf(tx, Amount(random() % 5000)));
    ExpectSums(graph, web.size());
    for (int i = 0; i < 10; ++i) {
      graph.SetDelta(graph.Find(web[random() % web.size()]->txid), Amount(random() % 9000) - 3000);
    }
    ExpectSums(graph, web.size());
    const uint64_t full = graph.Usage();
    // Blocks take the first ones, evictions the last.
    for (size_t i = 0; i < 20; ++i) graph.Remove(graph.Find(web[i]->txid));
    ExpectSums(graph, web.size() - 20);
    for (size_t i = 0; i < 20; ++i) graph.Remove(graph.Find(web[web.size() - 1 - i]->txid));
    ExpectSums(graph, web.size() - 40);
    EXPECT_LT(graph.Usage(), full);
    while (!graph.empty()) {
      const NodeSet family = graph.DescendantsOf(graph.Worst());
      std::vector<const Node*> leaves_first = family.list();
      std::stable_sort(leaves_first.begin(), leaves_first.end(), [](const Node* a, const Node* b) {
        return a->ancestors.count > b->ancestors.count;
      });
      for (const Node* node : leaves_first) graph.Remove(node);
    }
    EXPECT_EQ(graph.vsize(), 0);
    EXPECT_EQ(graph.fees(), 0);
  }
}

TEST(RollingMinimum, RisesByEvictionsAndFallsAfterABlock) {
  constexpr uint64_t kLimit = 1000;
  RollingMinimum minimum(FeeRate(1000));
  EXPECT_EQ(minimum.At(100, 0, kLimit), FeeRate(0));
  minimum.Raise(FeeRate(9000));
  minimum.Raise(FeeRate(5000));
  EXPECT_EQ(minimum.At(100, kLimit, kLimit), FeeRate(10'000));
  EXPECT_EQ(minimum.At(1'000'000, kLimit, kLimit), FeeRate(10'000));  // no block has come
  minimum.NoteBlock(0);
  EXPECT_EQ(minimum.At(10, kLimit, kLimit), FeeRate(10'000));
  EXPECT_EQ(minimum.At(12 * 3600, kLimit, kLimit), FeeRate(5000));
  EXPECT_EQ(minimum.At(12 * 3600 + 6 * 3600, kLimit / 3, kLimit), FeeRate(2500));
  EXPECT_EQ(minimum.At(12 * 3600 + 9 * 3600, kLimit / 5, kLimit), FeeRate(1250));
  EXPECT_EQ(minimum.At(12 * 3600 + 12 * 3600, 0, kLimit), FeeRate(1000));  // 625, but no less
  EXPECT_EQ(minimum.At(12 * 3600 + 15 * 3600, 0, kLimit), FeeRate(0));
}

}  // namespace
}  // namespace cairn::mempool
