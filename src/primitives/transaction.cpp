#include "cairn/primitives/transaction.h"

#include <utility>

#include "cairn/base/assert.h"
#include "cairn/base/writer.h"
#include "src/primitives/transaction_parser.h"

namespace cairn {

std::string OutPoint::ToString() const { return txid.ToString() + ":" + std::to_string(index); }

crypto::Pieces Transaction::StrippedPieces() const {
  if (!has_witness) return {bytes, {}, {}};
  return {bytes.first(4), bytes.subspan(6, stripped_size - 8), bytes.last(4)};
}

Result<TransactionPtr> ParseTransaction(Bytes bytes, WitnessEncoding encoding) {
  auto owned = std::make_shared<TransactionParts>();
  owned->bytes = std::move(bytes);
  Reader reader(owned->bytes);
  TransactionParser parser(*owned);
  parser.Read(reader, encoding);
  if (!reader.ok()) return Invalid("transaction is malformed or cut short");
  if (!reader.AtEnd()) return Invalid("transaction is followed by stray bytes");
  parser.Finish();
  return TransactionPtr(owned, &owned->transactions[0]);
}

TransactionDraft TransactionDraft::From(const Transaction& transaction) {
  TransactionDraft draft;
  draft.version = transaction.version;
  draft.lock_time = transaction.lock_time;
  for (const TxIn& input : transaction.inputs) {
    Input& copy = draft.inputs.emplace_back();
    copy.prevout = input.prevout;
    copy.script_sig.assign(input.script_sig.begin(), input.script_sig.end());
    copy.sequence = input.sequence;
    for (const ByteSpan item : input.witness) copy.witness.emplace_back(item.begin(), item.end());
  }
  for (const TxOut& output : transaction.outputs) {
    draft.outputs.push_back({output.value, Bytes(output.script.begin(), output.script.end())});
  }
  return draft;
}

bool TransactionDraft::HasWitness() const {
  for (const Input& input : inputs) {
    if (!input.witness.empty()) return true;
  }
  return false;
}

Bytes TransactionDraft::Serialize() const {
  Bytes bytes;
  Writer writer(bytes);
  const bool with_witness = HasWitness();
  writer.I32(version);
  if (with_witness) writer.U8(0).U8(1);
  writer.CompactSize(inputs.size());
  for (const Input& input : inputs) {
    writer.Raw(input.prevout.txid.span()).U32(input.prevout.index);
    writer.VarBytes(input.script_sig).U32(input.sequence);
  }
  writer.CompactSize(outputs.size());
  for (const Output& output : outputs) writer.I64(output.value).VarBytes(output.script);
  if (with_witness) {
    for (const Input& input : inputs) {
      writer.CompactSize(input.witness.size());
      for (const Bytes& item : input.witness) writer.VarBytes(item);
    }
  }
  writer.U32(lock_time);
  return bytes;
}

TransactionPtr TransactionDraft::Finish() const {
  // Without inputs the new encoding would take the input count for the marker.
  const auto encoding = inputs.empty() ? WitnessEncoding::kForbidden : WitnessEncoding::kAllowed;
  Result<TransactionPtr> parsed = ParseTransaction(Serialize(), encoding);
  CAIRN_ASSERT(parsed.has_value());
  return *std::move(parsed);
}

}  // namespace cairn
