#include "consensus/merkle.h"

namespace cairn::consensus {

MerkleResult TransactionMerkleRoot(const Block& block) {
  std::vector<crypto::Digest> leaves;
  leaves.reserve(block.transactions().size() + 1);
  for (const Transaction& tx : block.transactions()) leaves.push_back(tx.txid.bytes);
  return ComputeMerkleRoot(std::move(leaves));
}

crypto::Digest WitnessMerkleRoot(const Block& block) {
  std::vector<crypto::Digest> leaves;
  leaves.reserve(block.transactions().size() + 1);
  for (const Transaction& tx : block.transactions()) leaves.push_back(tx.wtxid.bytes);
  if (!leaves.empty()) leaves[0] = {};
  return ComputeMerkleRoot(std::move(leaves)).root;
}

}  // namespace cairn::consensus
