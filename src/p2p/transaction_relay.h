// Transaction relay, the way out: announces what entered the pool, and serves it.
//
// Each peer is told at random moments of what has come since, the best payers first: so nobody
// learns from the time, the order or the first announcer where a transaction comes from. For the
// same reason a peer gets only what has been in the pool since before the last of those moments.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "cairn/wire/bloom_filter.h"
#include "src/p2p/core.h"
#include "src/p2p/rolling_set.h"
#include "src/p2p/transaction_name.h"

namespace cairn::p2p {

struct TransactionRelayPeer {
  /// Of an hour and a half, at seven transactions a second.
  static constexpr size_t kMostKnown = 36'000;

  bool possible = false;                     // the connection is one for transactions
  bool wanted = false;                       // the peer wants to be told of them now
  bool wants_pool = false;                   // it asked for the whole pool (BIP35)
  Amount fee_filter = 0;                     // BIP133: satoshis per 1,000 virtual bytes
  std::vector<Wtxid> queue;                  // to be announced
  RollingSet known{kMostKnown};              // transactions that it surely has
  Instant next_inv = kNever;                 // the next moment to announce, if there is anything
  uint64_t last_inv_sequence = 0;            // of the pool, at the last such moment
  std::unique_ptr<wire::BloomFilter> bloom;  // BIP37; null: it wants all

  size_t MemoryUse() const {
    return known.MemoryUse() + queue.capacity() * sizeof(Wtxid) +
           (bloom != nullptr ? bloom->load().bits.capacity() : 0);
  }
};

/// The transaction as nodes before BIP144 want it.
wire::Message StrippedMessage(const Transaction& transaction);

class TransactionRelay {
 public:
  static constexpr Duration kInboundInterval = std::chrono::seconds(5);
  static constexpr Duration kOutboundInterval = std::chrono::seconds(2);
  static constexpr size_t kLeastPerInv = 35;  // more if many are waiting
  static constexpr size_t kMostPerInv = 1000;

  explicit TransactionRelay(Core& core);

  void OnReady(Peer& peer);
  void OnTipChanged();
  void Advance();
  /// Peers that are not made to wait are told at once.
  void Settle();
  Instant NextDeadline() const { return next_unbroadcast_; }
  Instant DeadlineOf(const Peer& peer) const;

  /// Tells all who do not know it yet.
  void Announce(const Transaction& transaction);
  /// Tells all once more of our own transactions that no peer has asked for.
  void AnnounceUnbroadcast();
  /// The peer has it, and need not be told.
  void MarkKnown(Peer& peer, const TransactionHash& hash);

  void OnFeeFilter(Peer& peer, const wire::FeeFilter& message);
  void OnGetMempool(Peer& peer);
  void OnFilterLoad(Peer& peer, wire::FilterLoad message);
  void OnFilterAdd(Peer& peer, const wire::FilterAdd& message);
  void OnFilterClear(Peer& peer);
  /// Sends the transaction that an item of a `getdata` asks for; false if it is to be answered by
  /// `notfound`.
  bool Serve(Peer& peer, const wire::InvItem& item);

 private:
  struct Candidate {
    TransactionPtr transaction;
    Amount fee = 0;
    int64_t virtual_size = 0;
    int ancestors = 0;
  };
  static Candidate CandidateOf(const PoolTransaction& pooled);
  static bool ComesBefore(const Candidate& a, const Candidate& b);

  bool IsPending(const Peer& peer) const;
  Instant DrawNext(const Peer& peer);
  /// A moment to announce at which nothing was waiting leaves no trace but this.
  void CatchUp(Peer& peer, uint64_t sequence);
  void Trickle(Peer& peer);
  void AppendPool(Peer& peer, wire::Inv& inv);
  void AppendQueue(Peer& peer, wire::Inv& inv);
  void Append(Peer& peer, wire::Inv& inv, const Candidate& candidate);
  bool PassesFilters(Peer& peer, const Candidate& candidate) const;
  bool MayUseBloom(Peer& peer, std::string_view command);
  TransactionPtr InRecentBlock(const TransactionHash& hash);

  Core& core_;
  const Salt salt_;
  Instant next_inbound_{};  // shared: many inbound connections of one spy see one moment
  Instant next_unbroadcast_;
  uint64_t heard_sequence_ = 0;  // of the pool, when we last heard of a transaction
  bool hurry_ = false;           // somebody who is told at once has something to be told
  BlockPtr recent_block_;        // the tip, whose transactions have just left the pool
  std::vector<std::pair<TransactionHash, const Transaction*>> recent_index_;  // made when needed
};

}  // namespace cairn::p2p
