// The signature hash of taproot (BIP341) and tapscript (BIP342).

#include "consensus/sighash/hash_writer.h"
#include "consensus/sighash/sighash.h"
#include "consensus/sighash/tags.h"

namespace cairn::consensus {
namespace {

bool IsDefined(uint8_t hash_type) {
  const uint8_t kind = hash_type & ~kSighashAnyoneCanPay;
  if (hash_type == kSighashDefault) return true;
  return kind >= kSighashAll && kind <= kSighashSingle;
}

crypto::Digest HashOutput(const TxOut& output) {
  return HashWriter().I64(output.value).VarBytes(output.script).Once();
}

}  // namespace

std::optional<crypto::Digest> TaprootSighash(const TransactionMidstates& midstates, size_t input,
                                             const ExecutionData& execution, uint8_t hash_type) {
  const Transaction& tx = midstates.tx();
  if (!IsDefined(hash_type) || !midstates.ServesTaproot()) return std::nullopt;
  const uint8_t kind = hash_type == kSighashDefault ? kSighashAll : hash_type & 3;
  const bool anyone = (hash_type & kSighashAnyoneCanPay) != 0;
  if (kind == kSighashSingle && input >= tx.outputs.size()) return std::nullopt;
  const bool tapscript = execution.version == SigVersion::kTapscript;

  HashWriter writer(kTapSighashTag);
  writer.U8(0).U8(hash_type).I32(tx.version).U32(tx.lock_time);  // epoch 0
  if (!anyone) {
    writer.Raw(midstates.prevouts).Raw(midstates.amounts);
    writer.Raw(midstates.scripts).Raw(midstates.sequences);
  }
  if (kind == kSighashAll) writer.Raw(midstates.outputs);
  const int spend_type = (tapscript ? 2 : 0) + (execution.annex_hash ? 1 : 0);
  writer.U8(static_cast<uint8_t>(spend_type));
  if (anyone) {
    const TxOut& spent = midstates.spent()[input];
    writer.Raw(tx.inputs[input].prevout.txid.span()).U32(tx.inputs[input].prevout.index);
    writer.I64(spent.value).VarBytes(spent.script).U32(tx.inputs[input].sequence);
  } else {
    writer.U32(static_cast<uint32_t>(input));
  }
  if (execution.annex_hash) writer.Raw(*execution.annex_hash);
  if (kind == kSighashSingle) writer.Raw(HashOutput(tx.outputs[input]));
  if (tapscript) {
    writer.Raw(execution.tapleaf_hash).U8(0).U32(execution.code_separator_position);
  }
  return writer.Once();
}

}  // namespace cairn::consensus
