// The two Merkle trees of a block.
#pragma once

#include "cairn/primitives/block.h"
#include "cairn/primitives/merkle.h"

namespace cairn::consensus {

/// The root that the header commits to: over the txids.
MerkleResult TransactionMerkleRoot(const Block& block);

/// The root of BIP141: over the wtxids, with zero in place of the coinbase's.
crypto::Digest WitnessMerkleRoot(const Block& block);

}  // namespace cairn::consensus
