#include "cairn/primitives/merkle.h"

#include <utility>

namespace cairn {

MerkleResult ComputeMerkleRoot(std::vector<crypto::Digest> leaves) {
  MerkleResult result;
  if (leaves.empty()) return result;
  while (leaves.size() > 1) {
    for (size_t i = 0; i + 1 < leaves.size(); i += 2) {
      if (leaves[i] == leaves[i + 1]) result.mutated = true;
    }
    if (leaves.size() % 2 != 0) leaves.push_back(leaves.back());
    uint8_t* level = leaves[0].data();
    crypto::Sha256d64(level, level, leaves.size() / 2);
    leaves.resize(leaves.size() / 2);
  }
  result.root = leaves[0];
  return result;
}

MerkleResult TransactionMerkleRoot(std::span<const TransactionPtr> transactions) {
  std::vector<crypto::Digest> leaves;
  leaves.reserve(transactions.size() + 1);
  for (const TransactionPtr& tx : transactions) leaves.push_back(tx->txid.bytes);
  return ComputeMerkleRoot(std::move(leaves));
}

}  // namespace cairn
