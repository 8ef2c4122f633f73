// The order of a peer's messages: which may go ahead, which wait, and which come before the
// handshake is complete.
#include <utility>
#include <variant>

#include "cairn/base/log.h"
#include "src/p2p/protocol_impl.h"

namespace cairn::p2p {

/// Blocks follow blocks and transactions follow transactions without a wait, as their verdicts come
/// in order; anything else could overtake them.
bool Protocol::Impl::CouldOvertake(const Peer& peer, const wire::Message& message) const {
  if (serving.IsBusy(peer)) return true;
  switch (peer.awaited) {
    case Awaited::kNothing: return false;
    case Awaited::kBlock: {
      const auto* next = std::get_if<wire::BlockMessage>(&message);
      return next == nullptr || !blocks.MayFollow(*next->block);
    }
    case Awaited::kTransaction:
      return !std::holds_alternative<wire::TxMessage>(message) || !download.MayFollow(peer);
    case Awaited::kHeaders:
    case Awaited::kRead:
    case Awaited::kSeveral: return true;
  }
  return true;
}

void Protocol::Impl::UpdatePause(Peer& peer) {
  if (peer.disconnecting) return;
  const Settings& limits = core.settings;
  const bool full =
      peer.inbox.size() >= limits.inbox_messages || peer.inbox_bytes >= limits.inbox_bytes;
  const bool pause = full || (peer.paused && !peer.inbox.empty());
  if (pause == peer.paused) return;
  peer.paused = pause;
  core.effects.PauseReading(peer.id(), pause);
}

void Protocol::Impl::Receive(Peer& peer, wire::Message message, size_t bytes) {
  if (!MustWait(peer, message)) return Dispatch(peer, std::move(message));
  peer.inbox_bytes += bytes;
  peer.inbox.push_back({std::move(message), bytes});
  UpdatePause(peer);
}

void Protocol::Impl::Answered(Peer& peer) {
  core.Arrived(peer);
  serving.Resume(peer);
  // A child of what has just been accepted belongs to what came before.
  download.RetryOrphan(peer);
  DealWithInbox(peer);
}

void Protocol::Impl::DealWithInbox(Peer& peer) {
  while (!peer.inbox.empty() && MayHaveTurn(peer, peer.inbox.front().message)) {
    Peer::Waiting next = std::move(peer.inbox.front());
    peer.inbox.pop_front();
    peer.inbox_bytes -= next.bytes;
    Dispatch(peer, std::move(next.message));
  }
  UpdatePause(peer);
}

void Protocol::Impl::Dispatch(Peer& peer, wire::Message message) {
  if (peer.disconnecting) return;
  if (auto* version = std::get_if<wire::Version>(&message)) {
    return handshake.OnVersion(peer, *version);
  }
  if (!peer.handshake.version_received) {
    LOG_DEBUG(log::kNet, "peer={}: {} before version is ignored", peer.id(),
              wire::CommandOf(message));
    return;
  }
  if (std::holds_alternative<wire::Verack>(message)) {
    if (handshake.OnVerack(peer)) OnReady(peer);
    return;
  }
  if (std::holds_alternative<wire::WtxidRelay>(message)) return handshake.OnWtxidRelay(peer);
  if (std::holds_alternative<wire::SendAddrV2>(message)) return handshake.OnSendAddrV2(peer);
  if (auto* offer = std::get_if<wire::SendTxReconciliation>(&message)) {
    return handshake.OnSendTxReconciliation(peer, *offer);
  }
  // How blocks are to be announced may be said before verack, too.
  if (auto* compact = std::get_if<wire::SendCompact>(&message)) {
    return relay.OnSendCompact(peer, *compact);
  }
  if (std::holds_alternative<wire::SendHeaders>(message)) return relay.OnSendHeaders(peer);
  if (!peer.handshake.complete) {
    LOG_DEBUG(log::kNet, "peer={}: {} before verack is ignored", peer.id(),
              wire::CommandOf(message));
    return;
  }
  std::visit([&](auto& one) { On(peer, one); }, message);
}

}  // namespace cairn::p2p
