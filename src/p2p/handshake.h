// The first words of a connection: version, verack, and the negotiations that belong between them.
#pragma once

#include <set>
#include <string>

#include "src/p2p/core.h"

namespace cairn::p2p {

struct HandshakePeer {
  bool version_received = false;
  bool complete = false;

  int32_t version = 0;  // the lower of theirs and ours
  Services services = 0;
  std::string user_agent;
  int start_height = -1;
  wire::Endpoint sees_us;           // where it thinks that we are
  int64_t time_offset = 0;          // seconds, theirs less ours
  bool wants_transactions = false;  // the relay flag of their version message (BIP37)
  bool wtxid_relay = false;         // BIP339: it announces transactions by wtxid
  bool address_v2 = false;          // BIP155: it understands addrv2
  bool reconciles = false;          // BIP330: it offered to
  uint64_t nonce = 0;               // of our version message
};

class Handshake {
 public:
  explicit Handshake(Core& core) : core_(core) {}

  void OnConnected(Peer& peer);
  void OnGone(Peer& peer);
  void Advance();
  Instant DeadlineOf(const Peer& peer) const;

  void OnVersion(Peer& peer, const wire::Version& version);
  /// True once: the handshake is complete.
  bool OnVerack(Peer& peer);
  void OnWtxidRelay(Peer& peer);
  void OnSendAddrV2(Peer& peer);
  void OnSendTxReconciliation(Peer& peer, const wire::SendTxReconciliation& message);

 private:
  void SendVersion(Peer& peer);
  void SendOffers(Peer& peer);
  /// Why an outbound connection to such a peer is of no use; empty if it is.
  std::string Objection(const Peer& peer) const;

  Core& core_;
  std::set<uint64_t> own_nonces_;  // of version messages on outbound connections
};

}  // namespace cairn::p2p
