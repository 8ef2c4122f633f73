#include "src/p2p/header_sync.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

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

/// A peer whose time is up keeps its place for so long at a time while there is nobody else.
constexpr Duration kLoneExtension = minutes(1);

/// A peer that is far behind offers its chain once or twice; who offers poor ones without end only
/// costs us work.
constexpr int kMostPoorChains = 8;

/// A chain may be stored if it has no less work than our tip had so many blocks ago.
constexpr int kBlocksOfSlack = 144;

/// Many lanes at a time.
std::vector<BlockHash> HashesOf(std::span<const Header> headers) {
  Bytes bytes;
  bytes.reserve(headers.size() * Header::kSize);
  for (const Header& header : headers) Append(bytes, header.Serialize());
  return HashHeaders(bytes);
}

/// So there may be more where they came from.
bool IsFull(const std::vector<Header>& headers) {
  return headers.size() == wire::Headers::kMostHeaders;
}

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

U256 WorkThreshold(const Chain& chain) {
  const ledger::ChainViewPtr view = chain.View();
  U256 near_tip = view->tip->chain_work;
  const U256 slack = consensus::WorkOf(view->tip->header.bits) * kBlocksOfSlack;
  near_tip = near_tip > slack ? near_tip - slack : U256();
  return std::max(near_tip, chain.params().minimum_chain_work);
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
    preferred |= peer->IsGoodSource();
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
  peer.headers.started = AskFrom(peer, from);
  if (!peer.headers.started || !IsFarBehind()) return;
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

void HeaderSync::OnHeaders(Peer& peer, const wire::Headers& message) {
  HeaderSyncPeer& state = peer.headers;
  const std::vector<Header>& headers = message.headers;
  if (headers.empty()) {
    // It has nothing behind what we said: whatever was going on with it has ended.
    state.last_request = Instant{};
    return Finish(peer);
  }
  const std::vector<BlockHash> hashes = HashesOf(headers);
  for (size_t i = 0; i < headers.size(); ++i) {
    if (i > 0 && headers[i].previous != hashes[i - 1]) {
      return core_.Misbehaved(peer, "non-continuous headers sequence");
    }
    if (!consensus::MeetsTarget(hashes[i], headers[i].bits, core_.chain.params().retarget)) {
      return core_.Misbehaved(peer, "header with invalid proof of work");
    }
  }
  if (state.presync != nullptr && ContinuePresync(peer, headers, hashes)) return;

  const ledger::HeaderEntry* parent = core_.chain.Find(headers.front().previous);
  if (parent == nullptr) {
    // An announcement, not an answer: what lies between is missing (BIP130).
    AskFromBest(peer);
    return Announced(peer, hashes.back());
  }
  state.last_request = Instant{};
  Judge(peer, headers, hashes, *parent);
}

bool HeaderSync::ContinuePresync(Peer& peer, const std::vector<Header>& headers,
                                 std::span<const BlockHash> hashes) {
  HeaderSyncPeer& state = peer.headers;
  if (!state.presync->Continues(headers.front())) {
    // It may have another chain by now. If it is to be had, it begins anew.
    state.presync.reset();
    return false;
  }
  state.last_request = Instant{};
  const bool full = IsFull(headers);
  HeaderPresync::Progress progress = state.presync->Process(headers, hashes, full);
  if (!progress.ok) {
    LOG_DEBUG(log::kNet, "peer={}: low-work headers are dropped: {}", peer.id(), progress.reason);
    Finish(peer);
    return true;
  }
  const bool done = state.presync->phase() == HeaderPresync::Phase::kDone;
  if (done) {
    state.presync.reset();
    state.poor_chains = 0;
  }
  if (!progress.released.empty()) {
    Submit(peer, std::move(progress.released), {.full = done && full});
  } else if (progress.more) {
    AskPresync(peer);
  }
  return true;
}

void HeaderSync::Judge(Peer& peer, const std::vector<Header>& headers,
                       std::span<const BlockHash> hashes, const ledger::HeaderEntry& parent) {
  const bool full = IsFull(headers);
  const U256 threshold = WorkThreshold(core_.chain);
  U256 work = parent.chain_work;
  for (const Header& header : headers) work += consensus::WorkOf(header.bits);
  const bool known = core_.chain.Find(hashes.back()) != nullptr;
  const bool rich = work >= threshold;
  if (known || rich || peer.Allows(kNoBanPermission)) {
    if (rich && !known) peer.headers.poor_chains = 0;
    return Submit(peer, headers, {.full = full, .is_new = !known});
  }
  HeaderSyncPeer& state = peer.headers;
  if (++state.poor_chains >= kMostPoorChains) {
    return core_.Disconnect(peer, "offers chains with too little work again and again");
  }
  if (!full) {
    LOG_DEBUG(log::kNet, "peer={}: its chain has too little work", peer.id());
    return Finish(peer);
  }
  state.presync = std::make_unique<HeaderPresync>(core_.chain.params(), parent, threshold,
                                                  core_.random.Next(), UnixSecondsOf(core_.now));
  ContinuePresync(peer, headers, hashes);
}

void HeaderSync::Submit(Peer& peer, std::vector<Header> headers, const JudgedHeaders& judged) {
  peer.headers.judging = judged;
  core_.Await(peer, Awaited::kHeaders);
  core_.effects.SubmitHeaders(peer.id(), std::move(headers));
}

void HeaderSync::SubmitOne(Peer& peer, const Header& header, HeadersFrom from) {
  Submit(peer, {header}, {.from = from, .is_new = true});
}

bool HeaderSync::Excuse(Peer& peer, const HeadersVerdict& verdict) {
  if (!verdict.reason.empty()) {
    LOG_DEBUG(log::kNet, "peer={}: header refused: {}", peer.id(), verdict.reason);
  }
  if (!verdict.invalid) return true;
  // Who comes to us may follow other rules than we do; whom we chose had better not.
  if (verdict.reason == kKnownInvalid && peer.IsInbound()) return true;
  core_.Misbehaved(peer, "invalid header: " + verdict.reason);
  return false;
}

void HeaderSync::OnVerdict(Peer& peer, const JudgedHeaders& judged, const HeadersVerdict& verdict) {
  HeaderSyncPeer& state = peer.headers;
  if (!Excuse(peer, verdict) && peer.disconnecting) return;
  if (verdict.last != nullptr) {
    Learned(peer, *verdict.last, judged.is_new);
  } else {
    ResolveUnknown(peer);
  }
  if (!verdict.reason.empty()) return Finish(peer);
  if (state.presync != nullptr) return AskPresync(peer);
  if (judged.full && verdict.last != nullptr) {
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

void HeaderSync::AskFromBest(Peer& peer) { AskFrom(peer, core_.chain.View()->best_header); }

void HeaderSync::Announced(Peer& peer, const BlockHash& hash) {
  ResolveUnknown(peer);
  if (const ledger::HeaderEntry* entry = core_.chain.Find(hash)) {
    peer.headers.Knows(*entry);
  } else {
    peer.headers.last_unknown = hash;
  }
}

/// The last block is the highest. Before a peer's turn has come it is asked once, and one peer for
/// each new block, so that a first peer that gives no answer does not hold us up for long.
void HeaderSync::OnInventory(Peer& peer, const wire::Inv& inv) {
  HeaderSyncPeer& state = peer.headers;
  std::optional<BlockHash> unknown;
  for (const wire::InvItem& item : inv.items) {
    if (item.type != wire::InvItem::kBlock) continue;
    Announced(peer, item.block());
    if (core_.chain.Find(item.block()) == nullptr) unknown = item.block();
  }
  if (!unknown) return;
  if (!state.started && (state.asked_early || *unknown == last_early_)) return;
  AskFromBest(peer);
  if (state.started) return;
  state.asked_early = true;
  last_early_ = *unknown;
}

void HeaderSync::Learned(Peer& peer, const ledger::HeaderEntry& entry, bool is_new) {
  peer.headers.Knows(entry);
  if (is_new && entry.chain_work > core_.chain.View()->tip->chain_work) {
    peer.watch.last_announcement = core_.now;
  }
  ResolveUnknown(peer);
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
    if (core_.now < DeadlineOf(*peer)) continue;
    peer->headers.deadline = kNever;
    if (!IsFarBehind()) continue;
    const auto is_other_source = [self = peer.get()](const auto& other) {
      return other.second.get() != self && other.second->IsGoodSource();
    };
    const bool alone = std::none_of(core_.peers.begin(), core_.peers.end(), is_other_source);
    if (alone) {
      peer->headers.deadline = core_.now + kLoneExtension;  // nobody could do better so far
    } else if (peer->Allows(kNoBanPermission)) {
      Finish(*peer);
    } else {
      core_.Disconnect(*peer, "timeout downloading headers");
    }
  }
}

Instant HeaderSync::DeadlineOf(const Peer& peer) const {
  return peer.IsReady() ? peer.headers.deadline : kNever;
}

}  // namespace cairn::p2p
