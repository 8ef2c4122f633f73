#include "src/p2p/core.h"

#include "cairn/base/assert.h"
#include "cairn/base/log.h"
#include "src/p2p/peer.h"

namespace cairn::p2p {

Peer* Core::Find(PeerId id) const {
  const auto found = peers.find(id);
  return found == peers.end() ? nullptr : found->second.get();
}

void Core::Send(Peer& peer, wire::Message message) {
  if (!peer.disconnecting) effects.Send(peer.id(), std::move(message));
}

bool Core::HasRoom(const Peer& peer) const { return effects.HasRoom(peer.id()); }

void Core::Disconnect(Peer& peer, const std::string& reason) {
  if (peer.disconnecting) return;
  peer.disconnecting = true;
  peer.inbox.clear();
  peer.inbox_bytes = 0;
  effects.Disconnect(peer.id(), reason);
}

void Core::Misbehaved(Peer& peer, const std::string& reason) {
  if (peer.disconnecting) return;
  if (peer.Allows(kNoBanPermission) || peer.type() == ConnectionType::kManual) {
    LOG_DEBUG(log::kNet, "peer={} misbehaves, but may stay: {}", peer.id(), reason);
    return;
  }
  const wire::NetAddress& address = peer.connection.endpoint.address;
  // Everyone behind an onion service of ours seems to come from the local address.
  if (!address.IsLocal()) effects.Discourage(address);
  Disconnect(peer, reason);
}

void Core::Await(Peer& peer, Awaited what) {
  peer.awaited = peer.awaited_count == 0 || peer.awaited == what ? what : Awaited::kSeveral;
  ++peer.awaited_count;
}

void Core::Arrived(Peer& peer) {
  CAIRN_ASSERT(peer.awaited_count > 0);
  if (--peer.awaited_count == 0) peer.awaited = Awaited::kNothing;
}

Instant Core::Poisson(Duration mean) {
  return now + Duration(static_cast<Duration::rep>(
                   random.Exponential(static_cast<double>(mean.count()))));
}

}  // namespace cairn::p2p
