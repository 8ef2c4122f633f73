// A block: one contiguous buffer, the bytes as they came, and descriptors that look into it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"
#include "cairn/primitives/header.h"
#include "cairn/primitives/transaction.h"

namespace cairn {

class Block;
using BlockPtr = std::shared_ptr<const Block>;

/// What to make of bytes behind the last transaction.
enum class StrayBytes {
  kRefuse,
  kDrop,  // as peers do
};

/// Immutable after parsing; safe to share between threads. Parsing allocates a handful of arrays,
/// not one per script, and hashes all txids and wtxids side by side.
class Block {
 public:
  /// Takes over the buffer. Fails on malformed encodings and on stray bytes, never on rules.
  static Result<BlockPtr> Parse(Bytes bytes, StrayBytes stray = StrayBytes::kRefuse);

  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  const Header& header() const { return header_; }
  const BlockHash& hash() const { return hash_; }
  std::span<const Transaction> transactions() const { return transactions_; }
  /// The wire form with witness, byte for byte as it came.
  ByteSpan bytes() const { return bytes_; }
  /// Bytes of the form without witness.
  size_t stripped_size() const { return stripped_size_; }
  size_t Weight() const { return stripped_size_ * (kWitnessScaleFactor - 1) + bytes_.size(); }
  /// Inputs of all transactions but the coinbase.
  size_t SpendCount() const {
    return inputs_.size() - (transactions_.empty() ? 0 : transactions_[0].inputs.size());
  }

 private:
  Block() = default;

  Bytes bytes_;
  Header header_;
  BlockHash hash_;
  size_t stripped_size_ = 0;
  std::vector<TxIn> inputs_;
  std::vector<TxOut> outputs_;
  std::vector<ByteSpan> witness_;
  std::vector<Transaction> transactions_;
};

/// The wire form of a block made of a header and whole transactions.
Bytes SerializeBlock(const Header& header, std::span<const TransactionPtr> transactions);

}  // namespace cairn
