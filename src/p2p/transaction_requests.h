// Whom to ask for which transaction, and when.
//
// Remembers who announced what. For each transaction at most one peer is asked at a time; if it
// does not deliver in time, the next one is. Among those that may be asked, peers that we chose
// come first, and among equals a secret decides. So nobody can make others' transactions wait by
// announcing them early and often: an attacker delays one by the time-out for each connection
// through which it announced it, and peers that we chose are asked before any that chose us.
//
// What a peer can make us remember is for the caller to bound, by `CountOf`.
#pragma once

#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "src/p2p/transaction_name.h"

namespace cairn::p2p {

class TransactionRequests {
 public:
  explicit TransactionRequests(const Salt& salt) : salt_(salt), transactions_(0, Hasher{salt}) {}

  /// The peer has the transaction, and may be asked for it from `ready` on. Nothing happens if the
  /// peer announced it before, by either name, and is not forgotten.
  void Announced(PeerId peer, const TransactionName& name, bool preferred, Instant ready);
  /// The peer was asked, and has time until `deadline`. Nothing happens if it has not announced it.
  void Requested(PeerId peer, const TransactionHash& hash, Instant deadline);
  /// The peer has delivered, or said that it will not: it is not asked for it again.
  void Answered(PeerId peer, const TransactionHash& hash);
  /// Nobody need be asked for it.
  void Forget(const TransactionHash& hash);
  void Disconnected(PeerId peer);

  struct Overdue {
    PeerId peer = 0;
    TransactionHash hash;
  };
  /// Time goes on. Returns who has not delivered in time.
  std::vector<Overdue> Advance(Instant now);
  /// When `Advance` changes something; `kNever` if nothing is waited for.
  Instant NextDeadline() const;

  /// What the peer should be asked for now, in the order of its announcements.
  std::vector<TransactionName> WantedFrom(PeerId peer) const;
  /// The peers of which something is wanted, ascending.
  const std::set<PeerId>& Wanted() const { return wanted_; }

  size_t CountOf(PeerId peer) const;     // announcements that are remembered
  size_t InFlightOf(PeerId peer) const;  // requests that are not answered
  size_t size() const { return size_; }  // announcements of all peers
  size_t MemoryUseOf(PeerId peer) const;

  /// The higher one is asked first.
  uint64_t PriorityOf(PeerId peer, const TransactionHash& hash, bool preferred) const;

 private:
  enum class State : uint8_t {
    kDelayed,    // not to be asked yet
    kReady,      // to be asked if those before it fail
    kBest,       // to be asked now; then no other is requested or best
    kRequested,  // it has been asked; then no other is requested or best
    kDone,       // it is not asked again
  };

  struct Announcement {
    PeerId peer = 0;
    uint64_t sequence = 0;  // ascends with every announcement
    uint64_t priority = 0;
    Instant time;  // when it is ready, or the deadline of the request
    State state = State::kDelayed;
    bool by_wtxid = false;
  };
  using Announcements = std::vector<Announcement>;

  struct Hasher {
    Salt salt;
    size_t operator()(const TransactionHash& hash) const { return salt.Of(hash.span()); }
  };
  // Never walked through, so that its order does not matter.
  using Transactions = std::unordered_map<TransactionHash, Announcements, Hasher>;

  struct PeerState {
    std::map<uint64_t, TransactionHash> announced;  // by sequence
    std::set<uint64_t> best;
    size_t in_flight = 0;
  };

  static Announcement* Find(Announcements& announcements, PeerId peer);
  static bool IsTimed(State state) {
    return state == State::kDelayed || state == State::kRequested;
  }
  void SetState(Announcement& announcement, State state);
  /// Chooses anew who is to be asked; forgets the transaction if nobody is left.
  void Choose(Transactions::iterator transaction);
  /// Of an announcement that is about to be erased.
  void Unlink(Announcement& announcement);

  Salt salt_;
  Transactions transactions_;
  std::map<PeerId, PeerState> peers_;  // with announcements
  std::set<PeerId> wanted_;
  std::set<std::tuple<Instant, uint64_t, PeerId>> timed_;  // by time and sequence
  uint64_t last_sequence_ = 0;
  size_t size_ = 0;
};

}  // namespace cairn::p2p
