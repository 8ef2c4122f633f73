// A transaction of the pool as a node of the graph, with what its family comes to.
#pragma once

#include <cstdint>
#include <vector>

#include "cairn/base/clock.h"
#include "cairn/mempool/fee_rate.h"
#include "cairn/primitives/transaction.h"

namespace cairn::mempool {

/// What some transactions come to.
struct Sums {
  int64_t count = 0;
  int64_t vsize = 0;
  Amount fees = 0;  // modified
  int64_t sigops_cost = 0;

  Sums& operator+=(const Sums& other) {
    count += other.count;
    vsize += other.vsize;
    fees += other.fees;
    sigops_cost += other.sigops_cost;
    return *this;
  }
  Sums& operator-=(const Sums& other) {
    count -= other.count;
    vsize -= other.vsize;
    fees -= other.fees;
    sigops_cost -= other.sigops_cost;
    return *this;
  }
  friend bool operator==(const Sums&, const Sums&) = default;
};

/// A fee over a size, compared without loss.
struct Score {
  __extension__ using Wide = __int128;

  Amount fee = 0;
  int64_t vsize = 1;

  friend bool operator<(const Score& a, const Score& b) {
    return Wide{a.fee} * b.vsize < Wide{b.fee} * a.vsize;
  }
};

/// Only the graph changes nodes. They never move.
struct Node {
  TransactionPtr tx;
  // Nothing that any order depends on, so that they change without a new place in each.
  mutable std::vector<const Node*> parents;
  mutable std::vector<const Node*> children;
  int64_t sigops_cost = 0;
  uint64_t sequence = 0;
  int height = 0;  // of the tip when it entered
  bool spends_coinbase = false;

  Amount fee = 0;
  Amount delta = 0;  // of prioritisetransaction
  int64_t vsize = 0;
  Sums ancestors;    // with itself
  Sums descendants;  // with itself

  // What the orders compare, kept beside their links, which come last in memory: a walk down a tree
  // of a large pool waits for memory at each step.
  Score block_score;     // AncestorScore
  Score eviction_score;  // DescendantScore
  UnixSeconds time = 0;

  const Txid& txid() const { return tx->txid; }
  Amount ModifiedFee() const { return fee + delta; }
  Sums Own() const { return {1, vsize, ModifiedFee(), sigops_cost}; }

  /// What its eviction with all its descendants would lose: the better of its own rate and theirs
  /// together, so that a poor child does not drag it down.
  Score DescendantScore() const {
    const Score own{ModifiedFee(), vsize};
    const Score family{descendants.fees, descendants.vsize};
    return own < family ? family : own;
  }
  /// What a block gains by it with all its ancestors: the worse of its own rate and theirs
  /// together.
  Score AncestorScore() const { return ScoreWith(ancestors); }
  /// The same where only some of its ancestors are still to be had.
  Score ScoreWith(const Sums& left) const {
    const Score own{ModifiedFee(), vsize};
    const Score family{left.fees, left.vsize};
    return family < own ? family : own;
  }
  /// To be called whenever a fee or a sum has changed.
  void KeepScores() {
    block_score = AncestorScore();
    eviction_score = DescendantScore();
  }
  /// Bytes of memory, allocations included.
  uint64_t Usage() const;
};

/// A node with the score that it has with its ancestors, or with those still to be had.
struct Scored {
  const Node& node;
  Score score;

  /// Whether a block should rather have this one. A total order.
  bool IsBetterThan(const Scored& other) const {
    if (other.score < score) return true;
    if (score < other.score) return false;
    return node.txid() < other.node.txid();
  }
};

}  // namespace cairn::mempool
