#include "consensus/rules/signet.h"

#include <optional>

#include "cairn/base/reader.h"
#include "cairn/base/writer.h"
#include "cairn/primitives/merkle.h"
#include "cairn/primitives/script.h"
#include "consensus/rules/block.h"
#include "consensus/script/verify.h"

namespace cairn::consensus {
namespace {

constexpr uint8_t kSolutionMarker[] = {0xec, 0xc7, 0xda, 0xa2};
constexpr ScriptFlags kSolutionFlags =
    ScriptFlags::kP2sh | ScriptFlags::kWitness | ScriptFlags::kDersig | ScriptFlags::kNullDummy;

/// A commitment output taken apart: the solution, and the script as it was before that was put in.
struct SplitCommitment {
  Bytes solution;
  Bytes script_without;
};

bool IsSolution(ByteSpan push) {
  return push.size() > sizeof kSolutionMarker &&
         Equal(push.first(sizeof kSolutionMarker), kSolutionMarker);
}

/// The first push that begins with the marker holds the solution; without one the script stays as
/// it is, and the solution is empty.
SplitCommitment Split(ByteSpan script) {
  ScriptBuilder rebuilt;
  std::optional<ByteSpan> solution;
  ScriptCursor cursor(script);
  ScriptElement element;
  while (!cursor.AtEnd() && cursor.Next(element)) {
    if (!solution && IsSolution(element.data)) {
      solution = element.data.subspan(sizeof kSolutionMarker);
      rebuilt.Push(kSolutionMarker);
    } else if (!element.data.empty()) {
      rebuilt.Push(element.data);
    } else {
      rebuilt.Op(element.opcode);
    }
  }
  if (!solution) return {{}, Bytes(script.begin(), script.end())};
  return {Bytes(solution->begin(), solution->end()), rebuilt.Take()};
}

/// Reads a scriptSig and a witness, and nothing behind them. An empty solution is both empty.
bool ReadSolution(const Bytes& solution, TransactionDraft::Input& input) {
  if (solution.empty()) return true;
  Reader reader(solution);
  const ByteSpan script_sig = reader.VarBytes();
  input.script_sig.assign(script_sig.begin(), script_sig.end());
  const uint64_t count = reader.Count(1);
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    const ByteSpan item = reader.VarBytes();
    input.witness.emplace_back(item.begin(), item.end());
  }
  return reader.ok() && reader.AtEnd();
}

/// The merkle root with the solution taken out of the coinbase: what the solution signs.
MerkleRoot SignedRoot(const Block& block, int commitment, const Bytes& script) {
  TransactionDraft coinbase = TransactionDraft::From(block.transactions()[0]);
  coinbase.outputs[static_cast<size_t>(commitment)].script = script;
  std::vector<crypto::Digest> leaves;
  for (const Transaction& tx : block.transactions()) leaves.push_back(tx.txid.bytes);
  leaves[0] = coinbase.Finish()->txid.bytes;
  return {ComputeMerkleRoot(std::move(leaves)).root};
}

/// The transaction whose one output has the challenge, bound to the block's header.
TransactionPtr MakeToSpend(const Block& block, const MerkleRoot& root, const Bytes& challenge) {
  const Header& header = block.header();
  Bytes data;
  Writer(data).I32(header.version).Raw(header.previous.span()).Raw(root.span()).U32(header.time);
  TransactionDraft draft;
  draft.version = 0;
  draft.inputs.push_back({{}, ScriptBuilder().Op(OP_0).Push(data).Take(), 0, {}});
  draft.outputs.push_back({0, challenge});
  return draft.Finish();
}

}  // namespace

bool HasSignetSolution(const Block& block, const Params& params) {
  if (!params.signet_challenge || block.hash() == params.genesis_hash) return true;
  const Transaction& coinbase = block.transactions()[0];
  const int commitment = FindWitnessCommitment(coinbase);
  if (commitment < 0) return false;
  const SplitCommitment split = Split(coinbase.outputs[static_cast<size_t>(commitment)].script);
  const MerkleRoot root = SignedRoot(block, commitment, split.script_without);
  const TransactionPtr to_spend = MakeToSpend(block, root, *params.signet_challenge);

  TransactionDraft draft;
  draft.version = 0;
  TransactionDraft::Input input;
  input.prevout = {to_spend->txid, 0};
  input.sequence = 0;
  if (!ReadSolution(split.solution, input)) return false;
  draft.inputs.push_back(std::move(input));
  draft.outputs.push_back({0, {OP_RETURN}});
  const TransactionPtr to_sign = draft.Finish();

  const TransactionMidstates midstates(*to_sign, to_spend->outputs);
  ExactVerifier exact;
  return VerifyInput(midstates, 0, to_spend->outputs[0], kSolutionFlags, exact) == ScriptError::kOk;
}

}  // namespace cairn::consensus
