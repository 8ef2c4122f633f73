#include "src/p2p/chain_watch.h"

#include <algorithm>

#include "cairn/base/log.h"
#include "src/p2p/header_sync.h"
#include "src/p2p/peer.h"

namespace cairn::p2p {
namespace {

using std::chrono::minutes;

/// How long a peer may know of less work than we had when it began, and how long it has to answer
/// the last question.
constexpr Duration kPatience = minutes(20);
constexpr Duration kLastChance = minutes(2);

}  // namespace

bool ChainWatch::IsWatched(const Peer& peer) const {
  return peer.IsReady() && peer.IsAutomatic() && !peer.watch.is_protected && peer.headers.started;
}

void ChainWatch::OnReady(Peer& peer) {
  if (IsWatched(peer)) Look(peer);
}

void ChainWatch::OnTip() {
  for (auto& [id, peer] : core_.peers) {
    if (IsWatched(*peer)) Look(*peer);
  }
}

void ChainWatch::OnHeaders(Peer& peer) {
  Protect(peer);
  if (IsWatched(peer)) Look(peer);
}

void ChainWatch::Protect(Peer& peer) {
  if (peer.type() != ConnectionType::kFullRelay || peer.watch.is_protected) return;
  const ledger::HeaderEntry* best = peer.headers.best_known;
  if (best == nullptr || best->chain_work < core_.chain.View()->tip->chain_work) return;
  if (protected_ >= kMostProtected) return;
  ++protected_;
  peer.watch.is_protected = true;
}

void ChainWatch::OnGone(Peer& peer) {
  if (peer.watch.is_protected) --protected_;
}

void ChainWatch::Look(Peer& peer) {
  ChainWatchPeer& state = peer.watch;
  const ledger::HeaderEntry* best = peer.headers.best_known;
  const ledger::HeaderEntry* tip = core_.chain.View()->tip;
  if (best != nullptr && best->chain_work >= tip->chain_work) {
    state.deadline = kNever;
    state.asked = false;
    state.work_header = nullptr;
    return;
  }
  const bool caught_up = best != nullptr && state.work_header != nullptr &&
                         best->chain_work >= state.work_header->chain_work;
  if (state.deadline == kNever || caught_up) {
    // Behind us now: it has until then to reach where we are, not where we will be.
    state.deadline = core_.now + kPatience;
    state.work_header = tip;
    state.asked = false;
    return;
  }
  if (core_.now < state.deadline) return;
  if (state.asked) return core_.Disconnect(peer, "its chain stays behind ours");
  Ask(peer);
}

void ChainWatch::Ask(Peer& peer) {
  ChainWatchPeer& state = peer.watch;
  state.asked = true;
  state.deadline = core_.now + kLastChance;
  core_.Send(peer, wire::GetHeaders{{LocatorOf(state.work_header->parent), {}}});
}

void ChainWatch::Advance() { OnTip(); }

Instant ChainWatch::DeadlineOf(const Peer& peer) const {
  return IsWatched(peer) ? peer.watch.deadline : kNever;
}

}  // namespace cairn::p2p
