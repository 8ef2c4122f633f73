// Merkle trees of transaction ids, with the detection of the trees that two lists share.
#pragma once

#include <vector>

#include "cairn/crypto/sha256.h"
#include "cairn/primitives/block.h"

namespace cairn::consensus {

struct MerkleResult {
  crypto::Digest root{};  // zero for no leaves
  /// True if two neighbours are equal at some level: since an odd last node is paired with itself,
  /// another list of transactions has the same root (CVE-2012-2459).
  bool mutated = false;
};

/// The root over `leaves`, which is used as scratch space.
MerkleResult ComputeMerkleRoot(std::vector<crypto::Digest> leaves);

/// The root that the header commits to: over the txids.
MerkleResult TransactionMerkleRoot(const Block& block);

/// The root of BIP141: over the wtxids, with zero in place of the coinbase's.
crypto::Digest WitnessMerkleRoot(const Block& block);

}  // namespace cairn::consensus
