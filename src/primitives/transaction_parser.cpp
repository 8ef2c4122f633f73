#include "src/primitives/transaction_parser.h"

namespace cairn {
namespace {

// The fewest bytes that each part can take, so that counts are bounded before memory is reserved.
constexpr size_t kLeastInput = 36 + 1 + 4;
constexpr size_t kLeastOutput = 8 + 1;

}  // namespace

void TransactionParser::Read(Reader& reader, WitnessEncoding encoding) {
  const size_t begin = reader.Position();
  Transaction tx;
  tx.version = reader.I32();
  // BIP144: an input count of zero is the marker; the byte behind it is the flag. A flag of zero is
  // the output count of a transaction without inputs and outputs.
  const bool marked =
      encoding == WitnessEncoding::kAllowed && reader.Peek(0) == 0 && reader.Peek(1) != 0;
  if (marked) {
    reader.Take(1);
    if (reader.U8() != 1) return reader.SetFailed();
  }
  Shape shape;
  const size_t core_begin = reader.Position();
  ReadInputs(reader, shape);
  ReadOutputs(reader, shape);
  const size_t core_size = reader.Position() - core_begin;
  if (marked) {
    ReadWitness(reader, shape);
  } else {
    witness_counts_.resize(inputs_.size());
  }
  tx.lock_time = reader.U32();
  if (!reader.ok()) return;
  tx.has_witness = marked;
  tx.bytes = reader.Since(begin);
  tx.stripped_size = static_cast<uint32_t>(4 + core_size + 4);
  transactions_.push_back(tx);
  shapes_.push_back(shape);
}

void TransactionParser::ReadInputs(Reader& reader, Shape& shape) {
  shape.inputs = reader.Count(kLeastInput);
  for (size_t i = 0; i < shape.inputs; ++i) {
    TxIn& input = inputs_.emplace_back();
    const ByteSpan txid = reader.Take(Txid::kSize);
    if (!reader.ok()) return;
    input.prevout.txid = Txid::From(txid);
    input.prevout.index = reader.U32();
    input.script_sig = reader.VarBytes();
    input.sequence = reader.U32();
  }
}

void TransactionParser::ReadOutputs(Reader& reader, Shape& shape) {
  shape.outputs = reader.Count(kLeastOutput);
  for (size_t i = 0; i < shape.outputs && reader.ok(); ++i) {
    TxOut& output = outputs_.emplace_back();
    output.value = reader.I64();
    output.script = reader.VarBytes();
  }
}

void TransactionParser::ReadWitness(Reader& reader, const Shape& shape) {
  bool any = false;
  for (size_t i = 0; i < shape.inputs && reader.ok(); ++i) {
    const size_t count = reader.Count(1);
    for (size_t item = 0; item < count && reader.ok(); ++item) {
      witness_.push_back(reader.VarBytes());
    }
    witness_counts_.push_back(static_cast<uint32_t>(count));
    any = any || count > 0;
  }
  // A marker without any witness would give one transaction two encodings.
  if (!any) reader.SetFailed();
}

void TransactionParser::Finish() {
  TieSpans();
  ComputeIds();
}

void TransactionParser::TieSpans() {
  size_t witness_at = 0;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    inputs_[i].witness = {witness_.data() + witness_at, witness_counts_[i]};
    witness_at += witness_counts_[i];
  }
  size_t input_at = 0;
  size_t output_at = 0;
  for (size_t i = 0; i < transactions_.size(); ++i) {
    transactions_[i].inputs = {inputs_.data() + input_at, shapes_[i].inputs};
    transactions_[i].outputs = {outputs_.data() + output_at, shapes_[i].outputs};
    input_at += shapes_[i].inputs;
    output_at += shapes_[i].outputs;
  }
}

void TransactionParser::ComputeIds() {
  std::vector<crypto::Pieces> messages;
  messages.reserve(2 * transactions_.size());
  for (const Transaction& tx : transactions_) {
    messages.push_back(tx.StrippedPieces());
    if (tx.has_witness) messages.push_back({tx.bytes, {}, {}});
  }
  std::vector<crypto::Digest> digests(messages.size());
  crypto::Sha256dMany(messages, digests.data());
  auto next = digests.begin();
  for (Transaction& tx : transactions_) {
    tx.txid.bytes = *next++;
    tx.wtxid.bytes = tx.has_witness ? *next++ : tx.txid.bytes;
  }
}

}  // namespace cairn
