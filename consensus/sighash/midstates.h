// What the signature hashes of all inputs of a transaction share (BIP143, BIP341), computed once,
// so that an input costs the same however many there are.
#pragma once

#include <span>
#include <vector>

#include "cairn/crypto/sha256.h"
#include "cairn/primitives/transaction.h"

namespace cairn::consensus {

class TransactionMidstates {
 public:
  /// Hashes what the inputs' kinds need: nothing for a transaction that spends no witness program.
  /// `spent` are the outputs that the inputs spend, in order; it may be empty where they are not
  /// known, and taproot spends cannot be verified then. Transaction and outputs must outlive this.
  TransactionMidstates(const Transaction& tx, std::span<const TxOut> spent);

  const Transaction& tx() const { return tx_; }
  std::span<const TxOut> spent() const { return spent_; }
  /// True if all spent outputs are known.
  bool HasSpent() const { return spent_.size() == tx_.inputs.size() && !spent_.empty(); }

  /// True if some input may spend a program of version 0, by itself or in P2SH.
  bool ServesVersion0() const { return serves_version0_; }
  /// True if some input spends a taproot output.
  bool ServesTaproot() const { return serves_taproot_; }

  // SHA-256 over the concatenation of each part of all inputs or outputs, where either is served.
  crypto::Digest prevouts{};
  crypto::Digest sequences{};
  crypto::Digest outputs{};
  // The same hashed again, as version 0 has it.
  crypto::Digest prevouts_twice{};
  crypto::Digest sequences_twice{};
  crypto::Digest outputs_twice{};
  // What taproot adds.
  crypto::Digest amounts{};
  crypto::Digest scripts{};

 private:
  void FindKinds();

  const Transaction& tx_;
  std::span<const TxOut> spent_;
  bool serves_version0_ = false;
  bool serves_taproot_ = false;
};

}  // namespace cairn::consensus
