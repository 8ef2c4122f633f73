// One connection, from its first byte to its last.
#pragma once

#include <deque>
#include <string>

#include "cairn/p2p/protocol.h"
#include "src/p2p/address_gossip.h"
#include "src/p2p/block_relay.h"
#include "src/p2p/block_serving.h"
#include "src/p2p/block_sync.h"
#include "src/p2p/chain_watch.h"
#include "src/p2p/core.h"
#include "src/p2p/fee_filter.h"
#include "src/p2p/handshake.h"
#include "src/p2p/header_sync.h"
#include "src/p2p/keepalive.h"
#include "src/p2p/transaction_download.h"
#include "src/p2p/transaction_relay.h"

namespace cairn::p2p {

/// Every block, or at least the last 288.
inline bool ServesBlocks(Services services) {
  return (services & (wire::kNodeNetwork | wire::kNodeNetworkLimited)) != 0;
}

struct Peer {
  explicit Peer(const NewConnection& of, Instant now) : connection(of), connected_at(now) {}

  PeerId id() const { return connection.id; }
  ConnectionType type() const { return connection.type; }
  bool IsInbound() const { return type() == ConnectionType::kInbound; }
  /// We chose to connect, automatically, and count on it.
  bool IsAutomatic() const {
    return type() == ConnectionType::kFullRelay || type() == ConnectionType::kBlockRelayOnly;
  }
  bool IsPassing() const {
    return type() == ConnectionType::kFeeler || type() == ConnectionType::kAddressFetch;
  }
  /// Blocks are fetched from such peers first.
  bool IsPreferred() const { return (!IsInbound() || Allows(kNoBanPermission)) && !IsPassing(); }
  bool Allows(Permission permission) const { return Has(connection.permissions, permission); }
  bool Offers(wire::Services service) const { return (handshake.services & service) != 0; }
  bool ServesBlocks() const { return p2p::ServesBlocks(handshake.services); }
  /// Blocks and headers are to be had from it, and we would rather have them from it than from
  /// others.
  bool IsGoodSource() const { return IsReady() && IsPreferred() && ServesBlocks(); }
  /// For blocks alone, or to see whether somebody is there: nothing is said of transactions.
  bool IsWithoutTransactions() const {
    return type() == ConnectionType::kBlockRelayOnly || type() == ConnectionType::kFeeler;
  }
  /// The network that it came through, whatever address it seems to have.
  wire::Network network() const {
    return connection.onion ? wire::Network::kTorV3 : connection.endpoint.address.network();
  }
  /// It can be told of that address.
  bool Understands(const wire::NetAddress& address) const {
    return handshake.address_v2 || Fits(address, wire::AddressFormat::kV1);
  }
  /// It speaks compact blocks of version 2 (BIP152).
  bool CanCompactBlocks() const { return relay.offers_compact; }
  /// When it last gave us a transaction that we took; epoch: never.
  Instant LastTransaction() const { return download.last_transaction; }
  /// We asked it for transactions in our version message; else one from it breaks the protocol.
  bool MaySendTransactions(const Settings& settings) const {
    return !IsWithoutTransactions() && (!settings.blocks_only || Allows(kRelayPermission));
  }
  bool IsReady() const { return handshake.complete && !disconnecting; }

  const NewConnection connection;
  const Instant connected_at;
  bool disconnecting = false;

  // What waits for the verdicts of what came before.
  struct Waiting {
    wire::Message message;
    size_t bytes = 0;
  };
  std::deque<Waiting> inbox;
  size_t inbox_bytes = 0;
  bool paused = false;
  Awaited awaited = Awaited::kNothing;
  int awaited_count = 0;

  HandshakePeer handshake;
  KeepalivePeer keepalive;
  HeaderSyncPeer headers;
  BlockSyncPeer blocks;
  AddressGossipPeer addresses;
  ChainWatchPeer watch;
  TransactionRelayPeer transactions;
  TransactionDownloadPeer download;
  FeeFilterPeer fee_filter;
  BlockRelayPeer relay;
  BlockServingPeer serving;
};

PeerInfo InfoOf(const Peer& peer, Instant now);

}  // namespace cairn::p2p
