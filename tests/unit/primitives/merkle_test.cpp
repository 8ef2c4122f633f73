// Merkle trees of few leaves, against hashing pair by pair.
#include "cairn/primitives/merkle.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

crypto::Digest Leaf(uint8_t byte) {
  crypto::Digest leaf{};
  leaf[0] = byte;
  return leaf;
}

crypto::Digest Pair(const crypto::Digest& left, const crypto::Digest& right) {
  Bytes both(left.begin(), left.end());
  both.insert(both.end(), right.begin(), right.end());
  return crypto::Sha256dOf(both);
}

TEST(Merkle, PairsAnOddLastNodeWithItself) {
  const auto a = Leaf(1);
  const auto b = Leaf(2);
  const auto c = Leaf(3);
  EXPECT_EQ(ComputeMerkleRoot({}).root, crypto::Digest{});
  EXPECT_EQ(ComputeMerkleRoot({a}).root, a);
  EXPECT_EQ(ComputeMerkleRoot({a, b}).root, Pair(a, b));
  const MerkleResult odd = ComputeMerkleRoot({a, b, c});
  EXPECT_EQ(odd.root, Pair(Pair(a, b), Pair(c, c)));
  EXPECT_FALSE(odd.mutated);
}

TEST(Merkle, SeesEqualNeighboursOnEveryLevel) {
  const auto a = Leaf(1);
  const auto b = Leaf(2);
  const auto c = Leaf(3);
  const MerkleResult twice = ComputeMerkleRoot({a, b, c, c});
  EXPECT_EQ(twice.root, ComputeMerkleRoot({a, b, c}).root);
  EXPECT_TRUE(twice.mutated);
  EXPECT_TRUE(ComputeMerkleRoot({a, b, a, b}).mutated);
  EXPECT_FALSE(ComputeMerkleRoot({a, b, b, a}).mutated);  // neighbours, but of different pairs
}

TEST(Merkle, TakesTheIdsOfTransactions) {
  TransactionDraft draft;
  draft.inputs.emplace_back().witness = {Bytes{1}};
  const TransactionPtr first = draft.Finish();
  draft.lock_time = 1;
  const TransactionPtr second = draft.Finish();
  const std::vector<TransactionPtr> both = {first, second};
  EXPECT_EQ(TransactionMerkleRoot(both).root, Pair(first->txid.bytes, second->txid.bytes));
}

}  // namespace
}  // namespace cairn
