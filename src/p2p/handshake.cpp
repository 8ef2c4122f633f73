#include "src/p2p/handshake.h"

#include <algorithm>
#include <string_view>

#include "cairn/base/log.h"
#include "cairn/p2p/address_book.h"
#include "cairn/p2p/local_addresses.h"
#include "src/p2p/peer.h"

namespace cairn::p2p {
namespace {

constexpr int32_t kWtxidRelayVersion = 70016;  // BIP339 and BIP155
constexpr uint32_t kReconciliationVersion = 1;
/// A pruned peer is good enough while we are not further behind than this many spacings of blocks
/// (BIP159: it has 288 blocks; half of them leave room).
constexpr int kBlocksBehindLimited = 144;

/// Its name as it may stand in a log, a terminal or a page.
std::string Harmless(std::string name) {
  std::erase_if(name, [](char c) {
    return wire::Version::kCommentLetters.find(c) == std::string_view::npos &&
           wire::Version::kFormLetters.find(c) == std::string_view::npos;
  });
  return name;
}

}  // namespace

void Handshake::OnConnected(Peer& peer) {
  peer.handshake.nonce = core_.random.Next();
  if (peer.IsInbound()) return;
  own_nonces_.insert(peer.handshake.nonce);
  SendVersion(peer);
}

void Handshake::OnGone(Peer& peer) { own_nonces_.erase(peer.handshake.nonce); }

void Handshake::SendVersion(Peer& peer) {
  wire::Version version;
  version.services = core_.settings.services;
  if (peer.Allows(kBloomFilterPermission)) version.services |= wire::kNodeBloom;
  version.time = UnixSecondsOf(core_.now);
  version.receiver = peer.connection.endpoint;
  version.receiver_services = peer.handshake.services;
  version.sender_services = version.services;
  version.nonce = peer.handshake.nonce;
  version.user_agent = core_.settings.user_agent;
  version.start_height = core_.chain.View()->Height();
  version.relay = peer.MaySendTransactions(core_.settings);
  core_.Send(peer, std::move(version));
}

std::string Handshake::Objection(const Peer& peer) const {
  if (!peer.IsAutomatic()) return {};
  if (!peer.Offers(wire::kNodeWitness)) return "it does not serve witnesses";
  if (peer.Offers(wire::kNodeNetwork)) return {};
  const ledger::ChainViewPtr view = core_.chain.View();
  const int64_t behind = UnixSecondsOf(core_.now) - view->tip->header.time;
  const bool near = behind < kBlocksBehindLimited * core_.chain.params().retarget.spacing_seconds;
  return peer.Offers(wire::kNodeNetworkLimited) && near
             ? ""
             : "it does not serve the blocks that we lack";
}

void Handshake::OnVersion(Peer& peer, const wire::Version& version) {
  HandshakePeer& state = peer.handshake;
  if (state.version_received) return;  // once; Bitcoin Core ignores more of them, too
  if (version.version < kLowestVersion) {
    return core_.Disconnect(
        peer, "its protocol version " + std::to_string(version.version) + " is obsolete");
  }
  if (peer.IsInbound() && own_nonces_.contains(version.nonce)) {
    return core_.Disconnect(peer, "connected to ourselves");
  }
  state.version_received = true;
  state.version = std::min(version.version, wire::kProtocolVersion);
  state.services = version.services;
  state.user_agent = Harmless(version.user_agent);
  state.start_height = version.start_height;
  state.sees_us = version.receiver;
  state.time_offset = version.time - UnixSecondsOf(core_.now);
  state.wants_transactions = version.relay;

  if (!peer.IsInbound()) {
    core_.local.Seen(version.receiver);
    core_.addresses.SetServices(peer.connection.endpoint, version.services);
    if (const std::string objection = Objection(peer); !objection.empty()) {
      return core_.Disconnect(peer, objection);
    }
  }
  if (peer.IsInbound()) SendVersion(peer);
  SendOffers(peer);
  core_.Send(peer, wire::Verack{});
  LOG_DEBUG(log::kNet, "peer={} is {} at height {}, version {}, services {}", peer.id(),
            state.user_agent, state.start_height, state.version, state.services);
  if (!peer.IsInbound()) {
    core_.addresses.Good(peer.connection.endpoint, UnixSecondsOf(core_.now));
  }
  if (peer.type() == ConnectionType::kFeeler) core_.Disconnect(peer, "the feeler has its answer");
}

void Handshake::SendOffers(Peer& peer) {
  if (peer.handshake.version < kWtxidRelayVersion) return;
  core_.Send(peer, wire::WtxidRelay{});
  core_.Send(peer, wire::SendAddrV2{});
  const bool transactions = !core_.settings.blocks_only && peer.handshake.wants_transactions &&
                            peer.type() != ConnectionType::kBlockRelayOnly && !peer.IsPassing();
  if (core_.settings.reconciliation && transactions) {
    core_.Send(peer, wire::SendTxReconciliation{kReconciliationVersion, core_.random.Next()});
  }
}

bool Handshake::OnVerack(Peer& peer) {
  HandshakePeer& state = peer.handshake;
  if (!state.version_received || state.complete) return false;
  state.complete = true;
  return true;
}

void Handshake::OnWtxidRelay(Peer& peer) {
  HandshakePeer& state = peer.handshake;
  if (state.complete) return core_.Disconnect(peer, "wtxidrelay received after verack");
  if (state.version >= kWtxidRelayVersion) state.wtxid_relay = true;
}

void Handshake::OnSendAddrV2(Peer& peer) {
  if (peer.handshake.complete) return core_.Disconnect(peer, "sendaddrv2 received after verack");
  peer.handshake.address_v2 = true;
}

void Handshake::OnSendTxReconciliation(Peer& peer, const wire::SendTxReconciliation& message) {
  HandshakePeer& state = peer.handshake;
  if (!core_.settings.reconciliation) return;
  if (state.complete) return core_.Disconnect(peer, "sendtxrcncl received after verack");
  if (state.reconciles) return core_.Disconnect(peer, "sendtxrcncl received twice");
  if (message.version < kReconciliationVersion) {
    return core_.Disconnect(peer, "sendtxrcncl with an impossible version");
  }
  state.reconciles = true;
}

void Handshake::Advance() {
  for (auto& [id, peer] : core_.peers) {
    if (core_.now >= DeadlineOf(*peer)) core_.Disconnect(*peer, "version handshake timeout");
  }
}

Instant Handshake::DeadlineOf(const Peer& peer) const {
  if (peer.handshake.complete || peer.disconnecting) return kNever;
  return peer.connected_at + core_.settings.handshake_timeout;
}

}  // namespace cairn::p2p
