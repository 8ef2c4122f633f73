// The one parser of transactions, for single ones and for whole blocks.
//
// Parts are appended to arrays that may grow; only when all is read are the spans set that tie a
// transaction to its parts.
#pragma once

#include <vector>

#include "cairn/base/reader.h"
#include "cairn/primitives/transaction.h"

namespace cairn {

/// Version, no inputs, no outputs, lock time.
inline constexpr size_t kLeastTransaction = 4 + 1 + 1 + 4;

/// A buffer and everything that transactions in it look into.
struct TransactionParts {
  Bytes bytes;
  std::vector<TxIn> inputs;
  std::vector<TxOut> outputs;
  std::vector<ByteSpan> witness;
  std::vector<Transaction> transactions;
};

class TransactionParser {
 public:
  TransactionParser(std::vector<Transaction>& transactions, std::vector<TxIn>& inputs,
                    std::vector<TxOut>& outputs, std::vector<ByteSpan>& witness)
      : transactions_(transactions), inputs_(inputs), outputs_(outputs), witness_(witness) {}
  explicit TransactionParser(TransactionParts& parts)
      : TransactionParser(parts.transactions, parts.inputs, parts.outputs, parts.witness) {}

  /// Reads the next transaction; a failure is latched in `reader`.
  void Read(Reader& reader, WitnessEncoding encoding);

  /// Ties spans and computes all ids. Call once, when nothing more is to be read.
  void Finish();

 private:
  struct Shape {
    size_t inputs = 0;
    size_t outputs = 0;
  };

  void ReadInputs(Reader& reader, Shape& shape);
  void ReadOutputs(Reader& reader, Shape& shape);
  void ReadWitness(Reader& reader, const Shape& shape);
  void TieSpans();
  void ComputeIds();

  std::vector<Transaction>& transactions_;
  std::vector<TxIn>& inputs_;
  std::vector<TxOut>& outputs_;
  std::vector<ByteSpan>& witness_;
  std::vector<Shape> shapes_;             // one per transaction
  std::vector<uint32_t> witness_counts_;  // one per input
};

}  // namespace cairn
