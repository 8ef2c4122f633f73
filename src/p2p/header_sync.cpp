#include "src/p2p/header_sync.h"

#include <algorithm>

#include "cairn/base/log.h"
#include "consensus/work.h"
#include "src/p2p/peer.h"

namespace cairn::p2p {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// A getheaders without an answer for so long may be repeated.
constexpr Duration kRequestTimeout = minutes(2);

/// How long the first sync may take: a base, and something for each header that is to be expected.
constexpr Duration kSyncTimeout = minutes(15);
constexpr Duration kSyncTimeoutPerHeader = std::chrono::milliseconds(1);

/// While the best header is older than this, one peer at a time is asked for headers.
constexpr int64_t kFarBehindSeconds = 24 * 60 * 60;

/// A chain may be stored if it has no less work than our tip had so many blocks ago.
constexpr int kBlocksOfSlack = 144;

}  // namespace

std::vector<BlockHash> LocatorOf(const ledger::HeaderEntry* last) {
  constexpr size_t kDense = 10;
  std::vector<BlockHash> hashes;
  int step = 1;
  for (const ledger::HeaderEntry* at = last; at != nullptr;) {
    hashes.push_back(at->hash);
    if (at->height == 0) break;
    if (hashes.size() > kDense) step *= 2;
    at = at->Ancestor(std::max(0, at->height - step));
  }
  return hashes;
}

U256 HeaderSync::WorkThreshold() const {
  const ledger::ChainViewPtr view = core_.chain.View();
  U256 near_tip = view->tip->chain_work;
  const U256 slack = consensus::WorkOf(view->tip->header.bits) * kBlocksOfSlack;
  near_tip = near_tip > slack ? near_tip - slack : U256();
  return std::max(near_tip, core_.chain.params().minimum_chain_work);
}

bool HeaderSync::IsFarBehind() const {
  const ledger::ChainViewPtr view = core_.chain.View();
  return view->best_header->header.time + kFarBehindSeconds < UnixSecondsOf(core_.now);
}

void HeaderSync::OnReady(Peer&) { StartWhereWanted(); }

void HeaderSync::OnGone(Peer&) { StartWhereWanted(); }

/// Far behind, one peer at a time; a peer that has told all makes way for all the others.
void HeaderSync::StartWhereWanted() {
  const bool far = IsFarBehind();
  bool busy = false;
  bool told = false;
  bool preferred = false;  // somebody whom we chose is there
  for (const auto& [id, peer] : core_.peers) {
    if (!peer->IsReady()) continue;
    busy |= peer->headers.started && !peer->headers.finished;
    told |= peer->headers.finished;
    preferred |= peer->IsPreferred() && peer->ServesBlocks();
  }
  for (auto& [id, peer] : core_.peers) {
    if (!peer->IsReady() || peer->headers.started || !peer->ServesBlocks()) continue;
    if (peer->IsPassing()) continue;
    if (far && !told) {
      if (busy || (preferred && !peer->IsPreferred())) continue;
      busy = true;
    }
    Start(*peer);
  }
}

void HeaderSync::Start(Peer& peer) {
  const ledger::ChainViewPtr view = core_.chain.View();
  // From the one before, so that the answer is not empty and shows that the peer has our best.
  const ledger::HeaderEntry* from = view->best_header;
  if (from->parent != nullptr) from = from->parent;
  peer.headers.started = true;
  AskFrom(peer, from);
  if (!IsFarBehind()) return;
  const int64_t behind = UnixSecondsOf(core_.now) - view->best_header->header.time;
  const int64_t expected =
      std::max<int64_t>(0, behind / core_.chain.params().retarget.spacing_seconds);
  peer.headers.deadline = core_.now + kSyncTimeout + kSyncTimeoutPerHeader * expected;
}

bool HeaderSync::AskFrom(Peer& peer, const ledger::HeaderEntry* last_known) {
  HeaderSyncPeer& state = peer.headers;
  if (core_.now < state.last_request + kRequestTimeout && state.last_request != Instant{}) {
    return false;
  }
  state.last_request = core_.now;
  core_.Send(peer, wire::GetHeaders{{LocatorOf(last_known), {}}});
  return true;
}

void HeaderSync::AskPresync(Peer& peer) {
  peer.headers.last_request = core_.now;
  core_.Send(peer, wire::GetHeaders{{peer.headers.presync->Locator(), {}}});
}

bool HeaderSync::HaveProofOfWork(std::span<const Header> headers) const {
  return std::all_of(headers.begin(), headers.end(), [&](const Header& header) {
    return consensus::MeetsTarget(header.Hash(), header.bits, core_.chain.params().retarget);
  });
}

void HeaderSync::OnHeaders(Peer& peer, const wire::Headers& message) {
  HeaderSyncPeer& state = peer.headers;
  state.last_request = Instant{};
  const std::vector<Header>& headers = message.headers;
  if (headers.empty()) {
    // It has nothing behind what we said: whatever was going on with it has ended.
    return Finish(peer);
  }
  BlockHash previous = headers.front().previous;
  for (const Header& header : headers) {
    if (header.previous != previous) {
      return core_.Misbehaved(peer, "non-continuous headers sequence");
    }
    previous = header.Hash();
  }
  if (!HaveProofOfWork(headers)) return core_.Misbehaved(peer, "header with invalid proof of work");

  const bool full = headers.size() == wire::Headers::kMostHeaders;
  if (state.presync != nullptr) {
    HeaderPresync::Progress progress = state.presync->Process(headers, full);
    if (!progress.ok) {
      LOG_DEBUG(log::kNet, "peer={}: low-work headers are dropped: {}", peer.id(), progress.reason);
      return Finish(peer);
    }
    const bool done = state.presync->phase() == HeaderPresync::Phase::kDone;
    if (done) state.presync.reset();
    if (!progress.released.empty()) return Submit(peer, std::move(progress.released), done && full);
    if (progress.more) AskPresync(peer);
    return;
  }

  const ledger::HeaderEntry* parent = core_.chain.Find(headers.front().previous);
  if (parent == nullptr) return OnUnconnected(peer, previous);
  Judge(peer, headers, *parent);
}

void HeaderSync::Judge(Peer& peer, std::vector<Header> headers, const ledger::HeaderEntry& parent) {
  const bool full = headers.size() == wire::Headers::kMostHeaders;
  U256 work = parent.chain_work;
  for (const Header& header : headers) work += consensus::WorkOf(header.bits);
  const bool known = core_.chain.Find(headers.back().Hash()) != nullptr;
  if (known || work >= WorkThreshold() || peer.Allows(kNoBanPermission)) {
    return Submit(peer, std::move(headers), full);
  }
  HeaderSyncPeer& state = peer.headers;
  if (!full) {
    LOG_DEBUG(log::kNet, "peer={}: its chain has too little work", peer.id());
    return Finish(peer);
  }
  state.presync = std::make_unique<HeaderPresync>(core_.chain.params(), parent, WorkThreshold(),
                                                  core_.random.Next(), UnixSecondsOf(core_.now));
  const HeaderPresync::Progress progress = state.presync->Process(headers, full);
  if (!progress.ok) return Finish(peer);
  AskPresync(peer);
}

void HeaderSync::Submit(Peer& peer, std::vector<Header> headers, bool full) {
  peer.headers.judging_full = full;
  core_.Await(peer, Awaited::kHeaders);
  core_.effects.SubmitHeaders(peer.id(), std::move(headers));
}

void HeaderSync::OnVerdict(Peer& peer, const HeadersVerdict& verdict) {
  HeaderSyncPeer& state = peer.headers;
  if (verdict.invalid) return core_.Misbehaved(peer, "invalid header: " + verdict.reason);
  if (!verdict.reason.empty()) {
    LOG_DEBUG(log::kNet, "peer={}: header refused: {}", peer.id(), verdict.reason);
  }
  if (verdict.last != nullptr) {
    const ledger::HeaderEntry* tip = core_.chain.View()->tip;
    if (verdict.last->chain_work > tip->chain_work) peer.watch.last_announcement = core_.now;
    state.Knows(*verdict.last);
  }
  ResolveUnknown(peer);
  if (state.presync != nullptr) return AskPresync(peer);
  if (state.judging_full && verdict.reason.empty() && verdict.last != nullptr) {
    AskFrom(peer, verdict.last);
    return;
  }
  const bool poor = state.best_known != nullptr &&
                    state.best_known->chain_work < core_.chain.params().minimum_chain_work;
  if (core_.chain.IsInitialBlockDownload() && poor && peer.IsAutomatic()) {
    return core_.Disconnect(peer, "its chain has too little work");
  }
  Finish(peer);
}

void HeaderSync::Finish(Peer& peer) {
  peer.headers.presync.reset();
  peer.headers.finished = true;
  peer.headers.deadline = kNever;
  StartWhereWanted();
}

void HeaderSync::OnUnconnected(Peer& peer, const BlockHash& hash) {
  AskFrom(peer, core_.chain.View()->best_header);
  peer.headers.last_unknown = hash;
}

void HeaderSync::OnBlockAnnounced(Peer& peer, const BlockHash& hash) {
  ResolveUnknown(peer);
  if (const ledger::HeaderEntry* entry = core_.chain.Find(hash)) return peer.headers.Knows(*entry);
  peer.headers.last_unknown = hash;
  AskFrom(peer, core_.chain.View()->best_header);
  peer.headers.started = true;
}

void HeaderSync::ResolveUnknown(Peer& peer) {
  HeaderSyncPeer& state = peer.headers;
  if (state.last_unknown.IsZero()) return;
  if (const ledger::HeaderEntry* entry = core_.chain.Find(state.last_unknown)) {
    state.last_unknown = BlockHash{};
    state.Knows(*entry);
  }
}

void HeaderSync::Advance() {
  for (auto& [id, peer] : core_.peers) {
    if (!peer->IsReady() || core_.now < peer->headers.deadline) continue;
    peer->headers.deadline = kNever;
    const bool alone = std::none_of(core_.peers.begin(), core_.peers.end(), [&](const auto& other) {
      return other.second.get() != peer.get() && other.second->IsReady() &&
             other.second->ServesBlocks() && other.second->IsPreferred();
    });
    if (alone) continue;  // nobody else could do better
    if (peer->Allows(kNoBanPermission)) {
      Finish(*peer);
    } else {
      core_.Disconnect(*peer, "timeout downloading headers");
    }
  }
}

Instant HeaderSync::NextDeadline() const {
  Instant next = kNever;
  for (const auto& [id, peer] : core_.peers) {
    if (peer->IsReady()) next = std::min(next, peer->headers.deadline);
  }
  return next;
}

}  // namespace cairn::p2p
