// Address gossip: hears of nodes, tells others of a few, answers getaddr, and says where we are.
//
// What comes is rationed: a peer that was not asked gets a tenth of an address a second into the
// book. What is passed on goes to two peers that it chooses by itself for a day, so that repeating
// an address does not spread it further, and is sent in batches at random moments.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "src/p2p/core.h"
#include "src/p2p/rolling_set.h"

namespace cairn::p2p {

struct AddressGossipPeer {
  static constexpr size_t kRemembered = 5000;

  bool enabled = false;   // addresses go both ways
  bool asked = false;     // we sent getaddr, and the large answer is still to come
  bool answered = false;  // it sent getaddr, and had its answer
  double tokens = 1;      // addresses that it may add to the book
  Instant tokens_at;      // when they were counted
  uint64_t processed = 0;
  uint64_t rate_limited = 0;
  RollingSet known{kRemembered};  // what it told us and what we told it
  std::vector<wire::PeerAddress> to_send;
  Instant send_at = kNever;
  Instant announce_at = kNever;  // where we are
};

class AddressGossip {
 public:
  explicit AddressGossip(Core& core);

  void OnReady(Peer& peer);
  void Advance();
  Instant DeadlineOf(const Peer& peer) const;

  void OnAddresses(Peer& peer, std::vector<wire::PeerAddress> addresses);
  void OnGetAddr(Peer& peer);

 private:
  struct CachedAnswer {
    std::vector<wire::PeerAddress> addresses;
    Instant until;
  };

  void Enable(Peer& peer);
  void Refill(AddressGossipPeer& state, const Peer& peer) const;
  void EndFlood(Peer& peer);
  /// To the peers that the address chooses.
  void Relay(const Peer& from, const wire::PeerAddress& address);
  void Queue(Peer& peer, const wire::PeerAddress& address);
  void SendQueued(Peer& peer);
  void PutInto(AddressGossipPeer& state, const wire::PeerAddress& address);
  void AnnounceOurselves(Peer& peer);
  std::vector<wire::PeerAddress> FreshAnswer();
  std::vector<wire::PeerAddress> AnswerFor(const Peer& peer);
  uint64_t Digest(const wire::Endpoint& endpoint) const;

  Core& core_;
  uint64_t salt_;
  std::map<wire::Endpoint, CachedAnswer> answers_;  // by the address of ours that was asked
};

}  // namespace cairn::p2p
