// ping and pong: how long the way is, and whether there is still somebody (BIP31).
#pragma once

#include "src/p2p/core.h"

namespace cairn::p2p {

struct KeepalivePeer {
  uint64_t nonce = 0;  // of the ping that is not answered; 0: none is
  Instant sent;        // of the last ping; epoch: none yet
  Duration last{-1};
  Duration least{-1};
};

class Keepalive {
 public:
  explicit Keepalive(Core& core) : core_(core) {}

  void OnReady(Peer& peer) { SendPing(peer); }
  void OnPing(Peer& peer, const wire::Ping& ping);
  void OnPong(Peer& peer, const wire::Pong& pong);
  /// To everyone, now.
  void SendPings();

  void Advance();
  Instant DeadlineOf(const Peer& peer) const;

 private:
  void SendPing(Peer& peer);

  Core& core_;
};

}  // namespace cairn::p2p
