// Proof that transactions are in a block: a partial merkle tree under a header, as BIP37 lays it
// out for the message merkleblock.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"
#include "cairn/crypto/sha256.h"
#include "cairn/primitives/block.h"
#include "cairn/primitives/header.h"

namespace cairn {

/// Nothing about a proof is true before `Matches` has given its matches.
struct MerkleProof {
  struct Match {
    Txid txid;
    uint32_t index = 0;  // in the block

    friend bool operator==(const Match&, const Match&) = default;
  };

  Header header;
  uint32_t transaction_count = 0;      // of the whole block, as the proof says
  std::vector<crypto::Digest> hashes;  // the leaves of the partial tree, depth first
  Bytes flags;  // a bit per node, depth first, the lowest first: whether a match is below

  /// Proves the transactions whose place in `wanted` is true; there is one for each.
  static MerkleProof Of(const Block& block, const std::vector<bool>& wanted);

  /// Reads the wire form; what follows it is ignored. Fails where the bytes end too early, or claim
  /// to be more than they are.
  static Result<MerkleProof> Parse(ByteSpan bytes);
  Bytes Serialize() const;

  /// The transactions that it proves, in block order. Nothing if the tree is not well formed or
  /// does not lead to the header's root. That the header has any work, and that the block has as
  /// many transactions as the proof says, is for the caller to check.
  std::optional<std::vector<Match>> Matches() const;
};

}  // namespace cairn
