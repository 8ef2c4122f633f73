#include "src/p2p/peer.h"

namespace cairn::p2p {
namespace {

/// What the parts hold for it, roughly.
size_t MemoryOf(const Peer& peer) {
  size_t bytes = peer.serving.wanted.size() * sizeof(wire::InvItem);
  bytes += peer.transactions.MemoryUse();
  bytes += peer.addresses.known.MemoryUse();
  bytes += peer.addresses.to_send.capacity() * sizeof(wire::PeerAddress);
  if (peer.headers.presync != nullptr) bytes += peer.headers.presync->MemoryUse();
  for (const BlockInFlight& flight : peer.blocks.in_flight) {
    bytes += sizeof flight;
    constexpr size_t kPerTransaction = 32;
    if (flight.assembly) bytes += flight.assembly->TransactionCount() * kPerTransaction;
  }
  return bytes;
}

}  // namespace

PeerInfo InfoOf(const Peer& peer, Instant now) {
  PeerInfo info;
  info.id = peer.id();
  info.endpoint = peer.connection.endpoint;
  info.local = peer.connection.local;
  info.onion = peer.connection.onion;
  info.type = peer.type();
  info.permissions = peer.connection.permissions;
  info.connected_at = peer.connected_at;

  const HandshakePeer& handshake = peer.handshake;
  info.handshaken = handshake.complete;
  info.version = handshake.version;
  info.services = handshake.services;
  info.user_agent = handshake.user_agent;
  info.sees_us = handshake.sees_us;
  info.start_height = handshake.start_height;
  info.time_offset = handshake.time_offset;

  const KeepalivePeer& keepalive = peer.keepalive;
  info.ping = keepalive.last;
  info.ping_least = keepalive.least;
  if (keepalive.nonce != 0) info.ping_waiting = now - keepalive.sent;

  const HeaderSyncPeer& headers = peer.headers;
  if (headers.best_known != nullptr) info.synced_headers = headers.best_known->height;
  if (headers.presync != nullptr) info.presynced_headers = headers.presync->height();
  if (peer.blocks.last_common != nullptr) info.synced_blocks = peer.blocks.last_common->height;
  info.last_block = peer.blocks.last_block;
  for (const auto& item : peer.blocks.in_flight) info.in_flight.push_back(item.entry->height);

  info.relays_addresses = peer.addresses.enabled;
  info.addresses_processed = peer.addresses.processed;
  info.addresses_rate_limited = peer.addresses.rate_limited;

  info.relays_transactions = peer.transactions.wanted;
  info.fee_filter = peer.transactions.fee_filter;
  info.last_transaction = peer.download.last_transaction;

  info.high_bandwidth_to = peer.relay.asked_for_compact;
  info.high_bandwidth_from = peer.relay.wants_compact;

  info.memory = sizeof(Peer) + peer.inbox_bytes + MemoryOf(peer);
  return info;
}

}  // namespace cairn::p2p
