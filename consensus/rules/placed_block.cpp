// Rules of blocks that need the place in the chain.

#include <algorithm>

#include "cairn/primitives/script.h"
#include "consensus/deployments.h"
#include "consensus/merkle.h"
#include "consensus/rules/block.h"
#include "consensus/rules/transaction.h"

namespace cairn::consensus {
namespace {

constexpr uint8_t kCommitmentMarker[] = {OP_RETURN, 0x24, 0xaa, 0x21, 0xa9, 0xed};
constexpr size_t kCommitmentSize = sizeof kCommitmentMarker + 32;
constexpr size_t kNonceSize = 32;

bool HasFinalTransactions(const PlacedBlock& placed) {
  const int height = placed.Height();
  const int64_t cutoff = IsCsvActive(height, placed.params) ? MedianTimePast(placed.ancestors)
                                                            : placed.block.header().time;
  return std::all_of(placed.block.transactions().begin(), placed.block.transactions().end(),
                     [&](const Transaction& tx) { return IsFinal(tx, height, cutoff); });
}

bool HasHeightInCoinbase(const PlacedBlock& placed) {
  if (!IsBip34Active(placed.Height(), placed.params)) return true;
  const Bytes expected = ScriptBuilder().Number(placed.Height()).Take();
  const ByteSpan script = placed.block.transactions()[0].inputs[0].script_sig;
  return script.size() >= expected.size() && Equal(script.first(expected.size()), expected);
}

/// The output that binds the witness, or -1 where BIP141 is not in force or nothing commits.
int CommitmentOf(const PlacedBlock& placed) {
  if (!IsSegwitActive(placed.Height(), placed.params)) return -1;
  return FindWitnessCommitment(placed.block.transactions()[0]);
}

bool HasWitnessNonce(const PlacedBlock& placed) {
  if (CommitmentOf(placed) < 0) return true;
  const auto witness = placed.block.transactions()[0].inputs[0].witness;
  return witness.size() == 1 && witness[0].size() == kNonceSize;
}

bool HasMatchingWitnessRoot(const PlacedBlock& placed) {
  const int position = CommitmentOf(placed);
  if (position < 0) return true;
  const Transaction& coinbase = placed.block.transactions()[0];
  const Bytes expected =
      WitnessCommitmentScript(WitnessMerkleRoot(placed.block), coinbase.inputs[0].witness[0]);
  return Equal(coinbase.outputs[position].script.first(kCommitmentSize), expected);
}

bool HasNoUncommittedWitness(const PlacedBlock& placed) {
  if (CommitmentOf(placed) >= 0) return true;
  return std::none_of(placed.block.transactions().begin(), placed.block.transactions().end(),
                      [](const Transaction& tx) { return tx.has_witness; });
}

bool HasWeightInRange(const PlacedBlock& placed) {
  return placed.block.Weight() <= kMaxBlockWeight;
}

constexpr Rule<PlacedBlock> kRules[] = {
    {Reject::kNonFinal, "113", "Every transaction's lock time MUST have been reached.",
     HasFinalTransactions},
    {Reject::kCoinbaseHeight, "34", "The coinbase's script MUST begin with the block's height.",
     HasHeightInCoinbase},
    {Reject::kWitnessNonceSize, "141",
     "A coinbase that commits to the witness MUST have a witness of one item of 32 bytes.",
     HasWitnessNonce},
    {Reject::kWitnessMerkleMatch, "141", "The witness commitment MUST be that of the witness.",
     HasMatchingWitnessRoot},
    {Reject::kUnexpectedWitness, "141", "A block without commitment MUST NOT have a witness.",
     HasNoUncommittedWitness},
    {Reject::kBlockWeight, "141", "A block MUST NOT weigh more than 4,000,000.", HasWeightInRange},
};

}  // namespace

int FindWitnessCommitment(const Transaction& coinbase) {
  int found = -1;
  for (size_t i = 0; i < coinbase.outputs.size(); ++i) {
    const ByteSpan script = coinbase.outputs[i].script;
    if (script.size() >= kCommitmentSize &&
        Equal(script.first(sizeof kCommitmentMarker), kCommitmentMarker)) {
      found = static_cast<int>(i);
    }
  }
  return found;
}

Bytes WitnessCommitmentScript(const crypto::Digest& witness_root, ByteSpan nonce) {
  Bytes preimage(witness_root.begin(), witness_root.end());
  Append(preimage, nonce);
  Bytes script(std::begin(kCommitmentMarker), std::end(kCommitmentMarker));
  Append(script, crypto::Sha256dOf(preimage));
  return script;
}

std::span<const Rule<PlacedBlock>> PlacedBlockRules() { return kRules; }

Verdict AcceptBlock(const PlacedBlock& placed) { return Judge(PlacedBlockRules(), placed); }

}  // namespace cairn::consensus
