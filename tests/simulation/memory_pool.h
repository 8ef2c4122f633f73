// The pool of one simulated node: transactions by both ids, without a limit.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cairn/p2p/environment.h"
#include "cairn/primitives/block.h"

namespace cairn::simulation {

class MemoryPool final : public p2p::Pool {
 public:
  const p2p::PoolTransaction* Find(const Wtxid& wtxid) const override;
  const p2p::PoolTransaction* Find(const Txid& txid) const override;
  bool KnowsParent(const Txid& txid) const override;
  void ForEach(const std::function<void(const p2p::PoolTransaction&)>& visit) const override;
  Amount FeeFloor() const override { return 1000; }

  p2p::TransactionVerdict Submit(const TransactionPtr& transaction, p2p::Instant now);
  /// Takes out what the block has confirmed; what comes again is known.
  void Confirm(const Block& block);
  /// Takes the transactions of a block back that is part of the chain no longer.
  void TakeBack(const BlockPtr& block, p2p::Instant now);
  /// Up to so many bytes for a block, in an order of its own.
  std::vector<TransactionPtr> Choose(size_t most_bytes) const;

  /// Bytes, without the transactions themselves, which nodes share.
  size_t MemoryUse() const;

 private:
  // The order in either depends on nothing but what was done.
  std::unordered_map<Wtxid, p2p::PoolTransaction, UnsaltedHasher> by_wtxid_;
  std::unordered_map<Txid, Wtxid, UnsaltedHasher> by_txid_;
  std::unordered_set<Txid, UnsaltedHasher> confirmed_;
};

}  // namespace cairn::simulation
