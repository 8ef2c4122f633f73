#include "consensus/sighash/midstates.h"

#include "cairn/primitives/script.h"
#include "consensus/sighash/hash_writer.h"

namespace cairn::consensus {
namespace {

/// One hash over what `write` writes for each item.
template <typename Items, typename Write>
crypto::Digest HashEach(const Items& items, const Write& write) {
  HashWriter writer;
  for (const auto& item : items) write(writer, item);
  return writer.Once();
}

void WriteOutput(HashWriter& writer, const TxOut& output) {
  writer.I64(output.value).VarBytes(output.script);
}

/// A script whose spend may hash a message of version 0. In P2SH it may, with a witness.
bool MayHoldVersion0(ByteSpan script) {
  if (IsPayToScriptHash(script)) return true;
  const auto program = ParseWitnessProgram(script);
  return program && program->version == 0;
}

bool IsTaproot(ByteSpan script) {
  constexpr size_t kSize = 34;
  return script.size() == kSize && script[0] == OP_1 && script[1] == kSize - 2;
}

}  // namespace

TransactionMidstates::TransactionMidstates(const Transaction& tx, std::span<const TxOut> spent)
    : tx_(tx), spent_(spent) {
  FindKinds();
  if (!serves_version0_ && !serves_taproot_) return;
  prevouts = HashEach(tx.inputs, [](HashWriter& writer, const TxIn& input) {
    writer.Raw(input.prevout.txid.span()).U32(input.prevout.index);
  });
  sequences = HashEach(tx.inputs,
                       [](HashWriter& writer, const TxIn& input) { writer.U32(input.sequence); });
  outputs = HashEach(tx.outputs, WriteOutput);
  if (serves_version0_) {
    prevouts_twice = crypto::Sha256Of(prevouts);
    sequences_twice = crypto::Sha256Of(sequences);
    outputs_twice = crypto::Sha256Of(outputs);
  }
  if (serves_taproot_) {
    amounts =
        HashEach(spent, [](HashWriter& writer, const TxOut& coin) { writer.I64(coin.value); });
    scripts = HashEach(spent,
                       [](HashWriter& writer, const TxOut& coin) { writer.VarBytes(coin.script); });
  }
}

void TransactionMidstates::FindKinds() {
  // A witness program is spent with a witness, or fails before anything is hashed.
  if (!tx_.has_witness) return;
  if (!HasSpent()) {
    serves_version0_ = true;
    return;
  }
  for (size_t i = 0; i < spent_.size(); ++i) {
    if (tx_.inputs[i].witness.empty()) continue;
    serves_version0_ = serves_version0_ || MayHoldVersion0(spent_[i].script);
    serves_taproot_ = serves_taproot_ || IsTaproot(spent_[i].script);
  }
}

}  // namespace cairn::consensus
