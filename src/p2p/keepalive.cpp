#include "src/p2p/keepalive.h"

#include <algorithm>

#include "cairn/base/log.h"
#include "src/p2p/peer.h"

namespace cairn::p2p {

void Keepalive::SendPing(Peer& peer) {
  do {
    peer.keepalive.nonce = core_.random.Next();
  } while (peer.keepalive.nonce == 0);
  peer.keepalive.sent = core_.now;
  core_.Send(peer, wire::Ping{peer.keepalive.nonce});
}

void Keepalive::SendPings() {
  for (auto& [id, peer] : core_.peers) {
    if (peer->IsReady()) SendPing(*peer);
  }
}

void Keepalive::OnPing(Peer& peer, const wire::Ping& ping) {
  core_.Send(peer, wire::Pong{ping.nonce});
}

void Keepalive::OnPong(Peer& peer, const wire::Pong& pong) {
  KeepalivePeer& state = peer.keepalive;
  if (state.nonce == 0) return;
  if (pong.nonce != state.nonce) {
    LOG_DEBUG(log::kNet, "peer={} answers another ping than the last", peer.id());
    // Zero or nothing is how some implementations give up; another number is of an earlier ping.
    if (pong.nonce.value_or(0) == 0) state.nonce = 0;
    return;
  }
  state.nonce = 0;
  state.last = core_.now - state.sent;
  if (state.least.count() < 0 || state.last < state.least) state.least = state.last;
}

Instant Keepalive::DeadlineOf(const Peer& peer) const {
  if (!peer.IsReady()) return kNever;
  const KeepalivePeer& state = peer.keepalive;
  return state.sent +
         (state.nonce != 0 ? core_.settings.ping_timeout : core_.settings.ping_interval);
}

void Keepalive::Advance() {
  for (auto& [id, peer] : core_.peers) {
    if (core_.now < DeadlineOf(*peer)) continue;
    if (peer->keepalive.nonce != 0) {
      core_.Disconnect(*peer, "ping timeout");
    } else {
      SendPing(*peer);
    }
  }
}

}  // namespace cairn::p2p
