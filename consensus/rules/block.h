// Rules of blocks: those that need nothing but the block, and those that need its place in the
// chain.
#pragma once

#include <span>
#include <utility>

#include "cairn/primitives/block.h"
#include "consensus/merkle.h"
#include "consensus/params.h"
#include "consensus/rulebook.h"
#include "consensus/views.h"

namespace cairn::consensus {

/// A block's signature operations may cost this much; a legacy one costs 4 (BIP141).
inline constexpr uint32_t kMaxBlockSigopsCost = 80'000;

/// A block that has passed `CheckBlock`. Only that function makes one, so the type is the proof.
class CheckedBlock {
 public:
  const Block& operator*() const { return *block_; }
  const Block* operator->() const { return block_.get(); }
  const BlockPtr& ptr() const { return block_; }

 private:
  friend tl::expected<CheckedBlock, Violation> CheckBlock(BlockPtr block, const Params& params);
  explicit CheckedBlock(BlockPtr block) : block_(std::move(block)) {}

  BlockPtr block_;
};

/// Proof of work against the header's own target, merkle root, structure, every transaction by
/// itself, legacy signature operations.
tl::expected<CheckedBlock, Violation> CheckBlock(BlockPtr block, const Params& params);

/// `CheckBlock` without the proof of work and a signet's solution, for templates that are yet to be
/// mined.
Verdict CheckBlockBody(const Block& block, const Params& params);

/// A block and the merkle tree over its transactions.
struct HashedBlock {
  const Block& block;
  const Params& params;
  MerkleResult merkle;
};

/// A checked block and the place where it is to stand.
struct PlacedBlock {
  const Block& block;
  const Params& params;
  const Ancestors& ancestors;  // up to the parent

  int Height() const { return ancestors.Height() + 1; }
};

/// Finality, height in the coinbase, witness commitment, weight.
Verdict AcceptBlock(const PlacedBlock& placed);

std::span<const Rule<HashedBlock>> BlockRules();
std::span<const Rule<PlacedBlock>> PlacedBlockRules();

/// The output of the coinbase that commits to the witness (BIP141): the last one that begins with
/// the marker; -1 for none.
int FindWitnessCommitment(const Transaction& coinbase);

/// The script of a commitment to `witness_root` under the coinbase's witness nonce.
Bytes WitnessCommitmentScript(const crypto::Digest& witness_root, ByteSpan nonce);

/// Whether the body may be somebody's rearrangement of another block's: a transaction of 64 bytes
/// can pass for an inner node of the merkle tree, so such a body must not condemn its header.
bool HasAmbiguousMerkleTree(const Block& block);

}  // namespace cairn::consensus
