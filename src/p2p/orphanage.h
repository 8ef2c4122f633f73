// Transactions that spend outputs of transactions that we do not know yet, kept for a while in case
// these come.
//
// Bounded in number and in bytes. When it is full, one of the peer that holds the most has to go,
// so that nobody can push out what others brought. When a parent has been accepted, its children
// are in the work of the peers that brought them, to be tried again one by one.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "cairn/p2p/random.h"
#include "cairn/p2p/types.h"
#include "cairn/primitives/block.h"
#include "cairn/primitives/transaction.h"

namespace cairn::p2p {

class Orphanage {
 public:
  static constexpr Duration kLifetime = std::chrono::minutes(20);
  static constexpr uint32_t kMostWeight = 400'000;  // heavier ones would not be relayed anyway

  struct Limits {
    size_t count = 100;
    size_t bytes = 10'000'000;  // of memory
  };

  explicit Orphanage(const Limits& limits) : limits_(limits) {}

  /// Keeps it; false if it is there already, or too heavy.
  bool Add(TransactionPtr transaction, PeerId peer, Instant now);
  /// Gives up as many as the limits demand, and says how many.
  size_t Shrink(Random& random);
  /// Gives up those that have waited too long.
  void Advance(Instant now);
  Instant NextDeadline() const;

  bool Contains(const Wtxid& wtxid) const { return by_wtxid_.contains(wtxid); }
  void Erase(const Wtxid& wtxid);
  void EraseOf(PeerId peer);
  /// Those that the block contains, and those that spend what it spends. Says how many.
  size_t EraseFor(const Block& block);

  struct Child {
    TransactionPtr transaction;
    PeerId peer = 0;  // that brought it
  };
  /// Those that spend outputs of the parent, the oldest first.
  std::vector<Child> ChildrenOf(const Transaction& parent) const;

  /// The parent has been accepted: its children are to be tried again.
  void AddWork(const Transaction& parent);
  bool HasWork(PeerId peer) const;
  /// The peers that have any, ascending.
  std::vector<PeerId> Workers() const;
  /// The next one to be tried, the oldest first; it stays until it is erased. Null if there is
  /// none.
  TransactionPtr TakeWork(PeerId peer);

  /// It must be here.
  PeerId SenderOf(const Wtxid& wtxid) const { return orphans_.at(by_wtxid_.at(wtxid)).peer; }

  size_t size() const { return orphans_.size(); }
  size_t bytes() const { return bytes_; }
  size_t CountOf(PeerId peer) const;
  size_t BytesOf(PeerId peer) const;

 private:
  struct Orphan {
    TransactionPtr transaction;
    PeerId peer = 0;
    Instant expiry;
    size_t bytes = 0;
  };
  struct Share {
    std::set<uint64_t> orphans;  // their numbers, here as below
    std::set<uint64_t> work;
    size_t bytes = 0;
  };

  using Orphans = std::map<uint64_t, Orphan>;
  /// Numbers of those that spend outputs which the parent has.
  std::set<uint64_t> NumbersOfChildren(const Transaction& parent) const;
  void EraseAt(Orphans::iterator orphan);
  /// The peer that holds the most, of what there is too much of.
  const Share& LargestShare() const;

  Limits limits_;
  Orphans orphans_;  // by number: those that came first are first
  std::map<Wtxid, uint64_t> by_wtxid_;
  std::set<std::pair<OutPoint, uint64_t>> by_parent_;
  std::map<PeerId, Share> shares_;  // of peers with orphans
  uint64_t last_number_ = 0;
  size_t bytes_ = 0;
};

}  // namespace cairn::p2p
