// Compact blocks (BIP152): making them, and putting blocks together again from transactions that
// are there already and those that have to be asked for.
//
// Pure functions and values without clocks or sockets; an assembly belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cairn/base/result.h"
#include "cairn/primitives/block.h"
#include "cairn/wire/blocks.h"

namespace cairn::wire {

/// The short ids of one compact block, salted by its header and nonce.
class ShortIdHasher {
 public:
  ShortIdHasher(const Header& header, uint64_t nonce);

  ShortId Of(const Wtxid& wtxid) const;

 private:
  uint64_t key0_;
  uint64_t key1_;
};

/// The compact form of a block, its coinbase prefilled: nobody else can have that. The block has a
/// transaction at least. The message shares the block's memory.
CompactBlock MakeCompactBlock(const BlockPtr& block, uint64_t nonce);

/// What a peer asks for. Nothing if the block has fewer transactions: the peer misbehaves.
std::optional<BlockTxn> AnswerBlockTxn(const BlockPtr& block, const GetBlockTxn& request);

/// Why a block could not be put together.
enum class AssemblyFault {
  kInvalid,    // the peer sent what no honest one does
  kCollision,  // short ids or transactions are not what they seem: get the whole block instead
};

template <typename T>
using Assembled = tl::expected<T, AssemblyFault>;

/// A block on its way from its compact form. Its memory is bounded by the message: 16 bits number
/// the transactions of a block.
class CompactBlockAssembly {
 public:
  static Assembled<CompactBlockAssembly> Begin(const CompactBlock& compact);

  const Header& header() const { return header_; }
  const BlockHash& hash() const { return hash_; }
  size_t TransactionCount() const { return transactions_.size(); }
  /// How many are still to be found.
  size_t MissingCount() const { return transactions_.size() - found_; }

  /// Takes a transaction if it seems to be one of the block. If two different ones seem to be the
  /// same one, neither is taken and it stays missing. A transaction may be offered twice.
  void Offer(const TransactionPtr& transaction);

  /// Offers all of a range until nothing is missing.
  template <typename Range>
  void OfferAll(const Range& transactions) {
    for (const TransactionPtr& transaction : transactions) {
      if (MissingCount() == 0) return;
      Offer(transaction);
    }
  }

  /// Ascending: what to ask for.
  std::vector<uint16_t> Missing() const;

  /// The block, with the missing ones in their order. That its witnesses are the right ones is
  /// checked with its rules, where such a block counts as mutated.
  Assembled<BlockPtr> Finish(const std::vector<TransactionPtr>& missing) const;

 private:
  struct Wanted {
    ShortId id;
    uint16_t index;
  };

  explicit CompactBlockAssembly(const CompactBlock& compact);

  /// False if the prefilled ones cannot lie where they are said to.
  bool Place(const CompactBlock& compact);
  /// False if two of the short ids are equal.
  bool SortWanted();
  const Wanted* Find(ShortId id) const;
  size_t SieveBit(ShortId id) const { return id & (8 * sieve_.size() - 1); }

  Header header_;
  BlockHash hash_;
  ShortIdHasher hasher_;
  std::vector<TransactionPtr> transactions_;  // null where missing
  std::vector<bool> contested_;               // two candidates, so neither
  std::vector<Wanted> wanted_;                // by id
  // A bit for the end of each wanted id. Nearly every transaction of a mempool is in no given block
  // and falls through here. Whatever ids a peer chooses, those of our transactions are random.
  std::vector<uint8_t> sieve_;
  size_t found_ = 0;
};

}  // namespace cairn::wire
