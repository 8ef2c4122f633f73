#include "cairn/p2p/protocol.h"

#include <algorithm>
#include <utility>

#include "cairn/base/log.h"
#include "src/p2p/protocol_impl.h"

namespace cairn::p2p {

std::string_view NameOf(ConnectionType type) {
  switch (type) {
    case ConnectionType::kInbound: return "inbound";
    case ConnectionType::kFullRelay: return "outbound-full-relay";
    case ConnectionType::kManual: return "manual";
    case ConnectionType::kFeeler: return "feeler";
    case ConnectionType::kBlockRelayOnly: return "block-relay-only";
    case ConnectionType::kAddressFetch: return "addr-fetch";
  }
  return "";
}

Protocol::Protocol(const Needs& needs, Instant now) : impl_(std::make_unique<Impl>(needs, now)) {}
Protocol::~Protocol() = default;

void Protocol::Impl::OnReady(Peer& peer) {
  keepalive.OnReady(peer);
  relay.OnReady(peer);
  headers.OnReady(peer);
  watch.OnReady(peer);
  addresses.OnReady(peer);
  transactions.OnReady(peer);
  fee_filters.OnReady(peer);
}

void Protocol::Impl::On(Peer& peer, wire::NotFound& message) {
  for (const wire::InvItem& item : message.items) {
    if (item.IsBlock()) blocks.OnNotFound(peer, item.block());
  }
  download.OnNotFound(peer, message.items);
}

void Protocol::Impl::OnHeadersVerdict(Peer& peer, const HeadersVerdict& verdict) {
  const auto judged = std::exchange(peer.headers.judging, std::nullopt);
  if (!judged) return;
  switch (judged->from) {
    case HeadersFrom::kHeaders:
      headers.OnVerdict(peer, *judged, verdict);
      if (verdict.last != nullptr) blocks.FetchDirectly(peer, *verdict.last);
      return;
    case HeadersFrom::kCompactBlock: return relay.OnHeaderVerdict(peer, verdict);
    case HeadersFrom::kBlock: headers.Excuse(peer, verdict); return;
  }
}

/// Pings and pongs are most of the messages of a quiet network, and concern nothing but themselves:
/// no other part has to look at what it could do now, and the next deadline stays known.
bool Protocol::Impl::KeepInTouch(Peer& peer, const wire::Message& message) {
  if (!peer.IsReady() || MustWait(peer, message)) return false;
  if (const auto* ping = std::get_if<wire::Ping>(&message)) {
    keepalive.OnPing(peer, *ping);
    return true;
  }
  if (const auto* pong = std::get_if<wire::Pong>(&message)) {
    keepalive.OnPong(peer, *pong);
    if (deadline) deadline = std::min(*deadline, keepalive.DeadlineOf(peer));
    return true;
  }
  return false;
}

void Protocol::Impl::Settle() {
  blocks.Schedule();
  for (auto& [id, peer] : core.peers) relay.OfferHeaders(*peer);
  download.Settle();
  transactions.Settle();
}

void Protocol::Connected(const NewConnection& connection, Instant now) {
  impl_->Begin(now);
  Peer& peer = impl_->core.peers.Add(connection.id, std::make_unique<Peer>(connection, now));
  if (impl_->planner.OnConnected(peer)) impl_->handshake.OnConnected(peer);
}

void Protocol::ConnectFailed(const wire::Endpoint& endpoint, ConnectionType type, Instant now) {
  impl_->Begin(now);
  impl_->planner.OnConnectFailed(endpoint, type);
}

void Protocol::AddressesFound(const std::vector<wire::PeerAddress>& addresses, Instant now) {
  impl_->Begin(now);
  impl_->planner.OnAddresses(addresses);
}

void Protocol::SetAnchors(std::vector<wire::Endpoint> anchors) {
  impl_->planner.SetAnchors(std::move(anchors));
}

void Protocol::Disconnected(PeerId id, Instant now) {
  impl_->Begin(now);
  Peer* peer = impl_->core.Find(id);
  if (peer == nullptr) return;
  peer->disconnecting = true;
  impl_->handshake.OnGone(*peer);
  impl_->headers.OnGone(*peer);
  impl_->blocks.OnGone(*peer);
  impl_->watch.OnGone(*peer);
  impl_->planner.OnGone(*peer);
  impl_->download.OnGone(*peer);
  impl_->relay.OnGone(*peer);
  impl_->core.peers.erase(id);
  impl_->Settle();
}

void Protocol::Received(PeerId id, wire::Message message, size_t bytes, Instant now) {
  impl_->core.now = now;
  Peer* peer = impl_->core.Find(id);
  if (peer == nullptr || peer->disconnecting) return;
  if (impl_->KeepInTouch(*peer, message)) return;
  impl_->Begin(now);
  impl_->Receive(*peer, std::move(message), bytes);
  impl_->Settle();
}

void Protocol::ReceivedMalformed(PeerId id, const std::string& what, Instant now) {
  impl_->Begin(now);
  if (Peer* peer = impl_->core.Find(id)) impl_->core.Misbehaved(*peer, what);
}

void Protocol::RoomMade(PeerId id, Instant now) {
  impl_->Begin(now);
  if (Peer* peer = impl_->core.Find(id); peer != nullptr && !peer->disconnecting) {
    impl_->serving.Resume(*peer);
    impl_->DealWithInbox(*peer);
  }
  impl_->Settle();
}

void Protocol::HeadersJudged(PeerId id, const HeadersVerdict& verdict, Instant now) {
  impl_->Answer(id, now, [&](Peer& peer) {
    impl_->OnHeadersVerdict(peer, verdict);
    impl_->watch.OnHeaders(peer);
  });
}

void Protocol::BlockJudged(PeerId id, const BlockHash& hash, const BlockVerdict& verdict,
                           Instant now) {
  impl_->Begin(now);
  Peer* peer = impl_->core.Find(id);
  impl_->blocks.OnVerdict(peer, hash, verdict);
  if (peer != nullptr) {
    if (verdict.fate == BlockFate::kConnected) impl_->relay.OnGaveBlock(*peer, hash);
    impl_->Answered(*peer);
  }
  impl_->Settle();
}

void Protocol::TransactionJudged(PeerId id, const TransactionPtr& transaction,
                                 const TransactionVerdict& verdict, Instant now) {
  impl_->Begin(now);
  impl_->relay.OnTransactionVerdict(transaction, verdict);
  Peer* peer = impl_->core.Find(id);
  const std::vector<PeerId> waiting = impl_->download.OnVerdict(id, peer, transaction, verdict);
  if (peer != nullptr) impl_->Answered(*peer);
  for (const PeerId other : waiting) {
    if (Peer* waiter = impl_->core.Find(other)) impl_->Answered(*waiter);
  }
  impl_->Settle();
}

void Protocol::PairJudged(PeerId id, const TransactionPtr& parent, const TransactionPtr& child,
                          const PairVerdict& verdict, Instant now) {
  impl_->Begin(now);
  // Those that were refused have been remembered for blocks already.
  impl_->relay.OnReplaced(verdict.parent.replaced);
  impl_->relay.OnReplaced(verdict.child.replaced);
  Peer* peer = impl_->core.Find(id);
  const std::vector<PeerId> waiting = impl_->download.OnPairVerdict(id, parent, child, verdict);
  if (peer != nullptr) impl_->Answered(*peer);
  for (const PeerId other : waiting) {
    if (Peer* waiter = impl_->core.Find(other)) impl_->Answered(*waiter);
  }
  impl_->Settle();
}

void Protocol::BlockRead(PeerId id, const ledger::HeaderEntry& entry, Bytes bytes, Instant now) {
  impl_->Answer(id, now,
                [&](Peer& peer) { impl_->serving.OnBlockRead(peer, entry, std::move(bytes)); });
}

void Protocol::FiltersRead(PeerId id, std::vector<wire::Message> replies, Instant now) {
  impl_->Answer(id, now,
                [&](Peer& peer) { impl_->serving.OnFiltersRead(peer, std::move(replies)); });
}

void Protocol::BlockChecked(const BlockPtr& block, Instant now) {
  impl_->Begin(now);
  impl_->relay.OnBlockChecked(block);
}

void Protocol::TransactionAdded(const TransactionPtr& transaction, Instant now) {
  impl_->Begin(now);
  impl_->download.OnAdded(*transaction);
  impl_->transactions.Announce(*transaction);
  impl_->fee_filters.Advance();  // the pool may have grown full
  impl_->Settle();
}

void Protocol::AnnounceUnbroadcast(Instant now) {
  impl_->Begin(now);
  impl_->transactions.AnnounceUnbroadcast();
  impl_->Settle();
}

void Protocol::TipChanged(Instant now) {
  impl_->Begin(now);
  impl_->planner.OnTip();
  impl_->relay.OnTip();
  impl_->headers.OnTip();
  impl_->watch.OnTip();
  impl_->download.OnTipChanged();
  impl_->transactions.OnTipChanged();
  impl_->fee_filters.OnTipChanged();
  impl_->Settle();
}

void Protocol::Advance(Instant now) {
  impl_->Begin(now);
  impl_->handshake.Advance();
  impl_->keepalive.Advance();
  impl_->headers.Advance();
  impl_->blocks.Advance();
  impl_->addresses.Advance();
  impl_->watch.Advance();
  impl_->planner.Advance();
  impl_->download.Advance();
  impl_->transactions.Advance();
  impl_->fee_filters.Advance();
  impl_->Settle();
}

Instant Protocol::Impl::FindDeadline() const {
  Instant next = std::min({blocks.NextDeadline(), planner.NextDeadline(), download.NextDeadline(),
                           transactions.NextDeadline()});
  for (const auto& [id, peer] : core.peers) {
    next = std::min({next, handshake.DeadlineOf(*peer), keepalive.DeadlineOf(*peer),
                     headers.DeadlineOf(*peer), blocks.DeadlineOf(*peer),
                     addresses.DeadlineOf(*peer), watch.DeadlineOf(*peer),
                     transactions.DeadlineOf(*peer), fee_filters.DeadlineOf(*peer)});
  }
  return next;
}

Instant Protocol::NextDeadline() const {
  if (!impl_->deadline) impl_->deadline = impl_->FindDeadline();
  return *impl_->deadline;
}

void Protocol::SendPings(Instant now) {
  impl_->Begin(now);
  impl_->keepalive.SendPings();
}

std::optional<std::string> Protocol::FetchBlock(PeerId id, const BlockHash& hash, Instant now) {
  impl_->Begin(now);
  Peer* peer = impl_->core.Find(id);
  if (peer == nullptr || !peer->IsReady()) return "Peer does not exist";
  return impl_->blocks.Fetch(*peer, hash);
}

std::vector<PeerInfo> Protocol::Peers(Instant now) const {
  std::vector<PeerInfo> infos;
  for (const auto& [id, peer] : impl_->core.peers) {
    if (peer->disconnecting) continue;
    infos.push_back(InfoOf(*peer, now));
    infos.back().memory += impl_->download.MemoryUseOf(id);
  }
  return infos;
}

}  // namespace cairn::p2p
