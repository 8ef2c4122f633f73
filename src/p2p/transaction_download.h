// Transaction relay, the way in: what peers announce is asked for, once, and handed to the pool.
//
// What was refused is remembered, so that it is neither fetched nor checked again while the tip
// stays. A transaction whose parents are unknown is kept for a while, and the peer that sent it is
// asked for them. One that was refused for its fee alone is tried again together with a child of it
// that is kept: one parent with one child, and each such pair once.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "src/p2p/core.h"
#include "src/p2p/orphanage.h"
#include "src/p2p/rolling_set.h"
#include "src/p2p/transaction_name.h"
#include "src/p2p/transaction_relay.h"
#include "src/p2p/transaction_requests.h"

namespace cairn::p2p {

struct TransactionDownloadPeer {
  std::optional<Wtxid> retried;  // the orphan of its that is being judged
  size_t judged_bytes = 0;       // of what it sent and the pool has not judged
  Instant last_transaction{};    // epoch: it never gave us a new one
  int orphans = 0;               // that it sent since then
};

class TransactionDownload {
 public:
  static constexpr size_t kMostAnnouncements = 5000;  // remembered of a peer
  static constexpr size_t kMostInFlight = 100;        // of a peer, before we grow slow to ask
  static constexpr Duration kDelay = std::chrono::seconds(2);
  static constexpr Duration kPatience = std::chrono::seconds(60);
  static constexpr size_t kMostPerGetData = 1000;
  static constexpr int kMostOrphans = 1000;  // of a peer that sends nothing else
  static constexpr int kMostJudged = 32;     // of a peer, without a verdict

  TransactionDownload(Core& core, TransactionRelay& relay);

  void OnGone(Peer& peer);
  void OnTipChanged();
  void Advance();
  /// Asks whoever is to be asked.
  void Settle();
  Instant NextDeadline() const;

  /// The items of an `inv` that name transactions; it may end the connection.
  void OnInv(Peer& peer, std::span<const wire::InvItem> items);
  void OnTransaction(Peer& peer, TransactionPtr transaction);
  void OnNotFound(Peer& peer, std::span<const wire::InvItem> items);
  /// `peer` is null if it has gone meanwhile. Returns others that were waiting for the verdict: one
  /// answer of each has arrived, too.
  std::vector<PeerId> OnVerdict(PeerId id, Peer* peer, const TransactionPtr& transaction,
                                const TransactionVerdict& verdict);
  /// The same of a parent that the peer sent, and a child of it that was kept.
  std::vector<PeerId> OnPairVerdict(PeerId id, const TransactionPtr& parent,
                                    const TransactionPtr& child, const PairVerdict& verdict);
  /// It is in the pool.
  void OnAdded(const Transaction& transaction);
  /// Tries the next orphan of the peer again, if it is time for one.
  void RetryOrphan(Peer& peer);

  /// Whether another transaction of the peer may be handed over while others are being judged.
  bool MayFollow(const Peer& peer) const;
  size_t MemoryUseOf(PeerId peer) const;

 private:
  struct Judged {
    PeerId sender = 0;
    std::vector<PeerId> waiting;  // they sent it, too
  };

  bool AlreadyHave(const TransactionName& name, bool reconsiderable_too) const;
  bool IsJudged(const TransactionHash& hash) const;
  bool WtxidPeersExist() const;
  void Announced(Peer& peer, const TransactionName& name, bool wtxid_peers_exist);
  void Ask(Peer& peer);
  void Submit(Peer& peer, TransactionPtr transaction);
  /// Hands it over with a child, if there is one; it was refused for its fee before.
  void SubmitWithChild(Peer& peer, const TransactionPtr& parent);
  TransactionPtr ChildFor(const Peer& peer, const TransactionPtr& parent);
  /// The peer waits for the verdict that is awaited already, if one is.
  bool WaitsForJudgement(Peer& peer, const Transaction& transaction);
  void BeginJudgement(PeerId sender, const Transaction& transaction);
  /// Adds who was waiting for the verdict.
  void EndJudgement(const Transaction& transaction, std::vector<PeerId>& waiting);
  void Conclude(PeerId id, const TransactionPtr& transaction, const TransactionVerdict& verdict);
  uint64_t DigestOf(const Transaction& parent, const Transaction& child) const;
  void Answered(PeerId peer, const Transaction& transaction);
  void ForgetRequests(const Transaction& transaction);
  void Refuse(const Transaction& transaction, const TransactionVerdict& verdict);
  void KeepOrphan(Peer& peer, const TransactionPtr& transaction);
  std::vector<Txid> ParentsOf(const Transaction& transaction) const;
  /// One of the parents was refused for good, or several for their fees.
  bool HasRefusedParent(const std::vector<Txid>& parents) const;
  void Mined(const Block& block);
  void Insert(RollingSet& set, const TransactionHash& hash) { set.Insert(salt_.Of(hash.span())); }
  bool IsIn(const RollingSet& set, const TransactionHash& hash) const {
    return !set.empty() && set.Contains(salt_.Of(hash.span()));
  }

  Core& core_;
  TransactionRelay& relay_;
  const Salt salt_;
  TransactionRequests requests_;
  Orphanage orphans_;
  std::map<Wtxid, Judged> judged_;             // handed over, without a verdict yet
  std::map<TransactionHash, int> judged_any_;  // their hashes, both of each
  RollingSet refused_;         // by wtxid, or by txid where no witness helps; while the tip stays
  RollingSet reconsiderable_;  // by wtxid: refused for the fee alone, a child may pay for it; and
                               // pairs that were refused
  RollingSet mined_;           // both hashes of what the last blocks contained
  const ledger::HeaderEntry* tip_ = nullptr;  // that we know of
};

}  // namespace cairn::p2p
