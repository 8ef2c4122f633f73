// The signature hash of witness version 0 (BIP143).

#include "cairn/base/assert.h"
#include "consensus/sighash/hash_writer.h"
#include "consensus/sighash/sighash.h"

namespace cairn::consensus {
namespace {

constexpr crypto::Digest kZero{};

crypto::Digest HashOutputs(const TransactionMidstates& midstates, size_t input, uint8_t kind) {
  if (kind == kSighashNone) return kZero;
  if (kind != kSighashSingle) return midstates.outputs_twice;
  const auto outputs = midstates.tx().outputs;
  if (input >= outputs.size()) return kZero;
  return HashWriter().I64(outputs[input].value).VarBytes(outputs[input].script).Twice();
}

}  // namespace

crypto::Digest SegwitSighash(const TransactionMidstates& midstates, size_t input,
                             ByteSpan script_code, Amount amount, int32_t hash_type) {
  CAIRN_ASSERT(midstates.ServesVersion0());
  const Transaction& tx = midstates.tx();
  const auto kind = static_cast<uint8_t>(hash_type & kSighashOutputMask);
  const bool anyone = (hash_type & kSighashAnyoneCanPay) != 0;
  const bool all = kind != kSighashSingle && kind != kSighashNone;

  HashWriter writer;
  writer.I32(tx.version);
  writer.Raw(anyone ? kZero : midstates.prevouts_twice);
  writer.Raw(!anyone && all ? midstates.sequences_twice : kZero);
  writer.Raw(tx.inputs[input].prevout.txid.span()).U32(tx.inputs[input].prevout.index);
  writer.VarBytes(script_code).I64(amount).U32(tx.inputs[input].sequence);
  writer.Raw(HashOutputs(midstates, input, kind));
  return writer.U32(tx.lock_time).I32(hash_type).Twice();
}

}  // namespace cairn::consensus
