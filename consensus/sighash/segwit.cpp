// The signature hash of witness version 0 (BIP143).

#include "cairn/base/writer.h"
#include "consensus/sighash/sighash.h"

namespace cairn::consensus {
namespace {

/// The shared parts are double hashes here; the midstates are single ones.
crypto::Digest Again(const crypto::Digest& digest) { return crypto::Sha256Of(digest); }

crypto::Digest HashOutputs(const TransactionMidstates& midstates, size_t input, uint8_t kind) {
  const auto outputs = midstates.tx().outputs;
  if (kind == kSighashSingle) {
    if (input >= outputs.size()) return {};
    Bytes bytes;
    Writer(bytes).I64(outputs[input].value).VarBytes(outputs[input].script);
    return crypto::Sha256dOf(bytes);
  }
  return kind == kSighashNone ? crypto::Digest{} : Again(midstates.outputs);
}

}  // namespace

crypto::Digest SegwitSighash(const TransactionMidstates& midstates, size_t input,
                             ByteSpan script_code, Amount amount, int32_t hash_type) {
  const Transaction& tx = midstates.tx();
  const auto kind = static_cast<uint8_t>(hash_type & kSighashOutputMask);
  const bool anyone = (hash_type & kSighashAnyoneCanPay) != 0;
  const bool all = kind != kSighashSingle && kind != kSighashNone;
  constexpr crypto::Digest kZero{};

  Bytes bytes;
  constexpr size_t kFixedParts = 4 + 32 + 32 + 36 + 9 + 8 + 4 + 32 + 4 + 4;
  bytes.reserve(kFixedParts + script_code.size());
  Writer writer(bytes);
  writer.I32(tx.version);
  writer.Raw(anyone ? kZero : Again(midstates.prevouts));
  writer.Raw(!anyone && all ? Again(midstates.sequences) : kZero);
  writer.Raw(tx.inputs[input].prevout.txid.span()).U32(tx.inputs[input].prevout.index);
  writer.VarBytes(script_code).I64(amount).U32(tx.inputs[input].sequence);
  writer.Raw(HashOutputs(midstates, input, kind));
  writer.U32(tx.lock_time).I32(hash_type);
  return crypto::Sha256dOf(bytes);
}

}  // namespace cairn::consensus
