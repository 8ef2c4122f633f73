// Transactions that lie in one buffer with other things between them, as in compact blocks: parsed
// one after another, hashed side by side, and sharing the buffer.
#pragma once

#include <memory>
#include <vector>

#include "cairn/base/reader.h"
#include "cairn/primitives/transaction.h"

namespace cairn {

/// What is read in between is read from `reader()`, which also latches what goes wrong. Memory is a
/// small multiple of the buffer, however many transactions it claims to have.
class TransactionBatch {
 public:
  /// Takes over the buffer.
  explicit TransactionBatch(Bytes bytes);
  ~TransactionBatch();
  TransactionBatch(const TransactionBatch&) = delete;
  TransactionBatch& operator=(const TransactionBatch&) = delete;

  Reader& reader();
  /// Reads the transaction that begins where the reader stands, with or without witness.
  void Read();
  /// As many as its `CompactSize` says.
  void ReadAll();

  /// All that were read, in order; each of them keeps the whole buffer alive. Call once, and only
  /// if the reader is well.
  std::vector<TransactionPtr> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cairn
