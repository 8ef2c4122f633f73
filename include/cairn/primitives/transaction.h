// Transactions: descriptors that look into the raw bytes, and drafts to build new ones.
//
// Parsing copies nothing but outpoints and numbers: scripts and witness items are spans into the
// buffer that was parsed. Whoever holds a `TransactionPtr` or a `BlockPtr` keeps that buffer alive.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"
#include "cairn/crypto/sha256.h"
#include "cairn/primitives/amount.h"
#include "cairn/primitives/hash.h"

namespace cairn {

/// One byte of witness data weighs 1, any other byte 4 (BIP141).
inline constexpr uint32_t kWitnessScaleFactor = 4;

/// Names an output of a transaction.
struct OutPoint {
  static constexpr uint32_t kNullIndex = 0xffffffff;

  Txid txid;
  uint32_t index = kNullIndex;

  /// True for the outpoint that only a coinbase input names.
  bool IsNull() const { return index == kNullIndex && txid.IsZero(); }
  /// "txid:index"
  std::string ToString() const;

  friend bool operator==(const OutPoint&, const OutPoint&) = default;
  friend auto operator<=>(const OutPoint&, const OutPoint&) = default;
};

struct TxIn {
  static constexpr uint32_t kFinalSequence = 0xffffffff;

  OutPoint prevout;
  uint32_t sequence = kFinalSequence;
  ByteSpan script_sig;
  std::span<const ByteSpan> witness;  // items, the bottom of the stack first
};

struct TxOut {
  Amount value = 0;
  ByteSpan script;
};

/// An immutable transaction over somebody's buffer.
struct Transaction {
  int32_t version = 0;
  uint32_t lock_time = 0;
  std::span<const TxIn> inputs;
  std::span<const TxOut> outputs;
  ByteSpan bytes;              // as it came, with witness where it has one
  uint32_t stripped_size = 0;  // bytes without marker, flag and witness
  bool has_witness = false;
  Txid txid;
  Wtxid wtxid;

  bool IsCoinbase() const { return inputs.size() == 1 && inputs[0].prevout.IsNull(); }
  uint32_t total_size() const { return static_cast<uint32_t>(bytes.size()); }
  uint32_t Weight() const { return stripped_size * (kWitnessScaleFactor - 1) + total_size(); }
  /// Weight in units of four, rounded up.
  uint32_t VirtualSize() const {
    return (Weight() + kWitnessScaleFactor - 1) / kWitnessScaleFactor;
  }
  /// The serialisation without witness, piece by piece, as the txid commits to it.
  crypto::Pieces StrippedPieces() const;
};

/// Shares a transaction together with the memory that it looks into.
using TransactionPtr = std::shared_ptr<const Transaction>;

enum class WitnessEncoding {
  kAllowed,    // BIP144: a zero input count announces marker and flag
  kForbidden,  // the old encoding only, in which a transaction may have no inputs
};

/// Parses exactly one transaction, without trailing bytes, and takes over its buffer.
Result<TransactionPtr> ParseTransaction(Bytes bytes,
                                        WitnessEncoding encoding = WitnessEncoding::kAllowed);

/// A transaction under construction, that owns all its parts.
struct TransactionDraft {
  struct Input {
    OutPoint prevout;
    Bytes script_sig;
    uint32_t sequence = TxIn::kFinalSequence;
    std::vector<Bytes> witness;
  };
  struct Output {
    Amount value = 0;
    Bytes script;
  };

  int32_t version = 2;
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  uint32_t lock_time = 0;

  static TransactionDraft From(const Transaction& transaction);

  bool HasWitness() const;
  /// The wire form; with marker, flag and witness if any input has one.
  Bytes Serialize() const;
  /// Serialises and parses: the finished transaction.
  TransactionPtr Finish() const;
};

}  // namespace cairn
