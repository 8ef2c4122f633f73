// Merkle trees of hashes, with the detection of the trees that two lists share.
#pragma once

#include <span>
#include <vector>

#include "cairn/crypto/sha256.h"
#include "cairn/primitives/transaction.h"

namespace cairn {

struct MerkleResult {
  crypto::Digest root{};  // zero for no leaves
  /// True if two neighbours are equal at some level: since an odd last node is paired with itself,
  /// another list of transactions has the same root (CVE-2012-2459).
  bool mutated = false;
};

/// The root over `leaves`, which is used as scratch space.
MerkleResult ComputeMerkleRoot(std::vector<crypto::Digest> leaves);

/// The root over the txids.
MerkleResult TransactionMerkleRoot(std::span<const TransactionPtr> transactions);

}  // namespace cairn
