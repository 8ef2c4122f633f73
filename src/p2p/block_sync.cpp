#include "src/p2p/block_sync.h"

#include <algorithm>

#include "cairn/base/log.h"
#include "consensus/work.h"
#include "src/p2p/header_sync.h"
#include "src/p2p/peer.h"

namespace cairn::p2p {
namespace {

using std::chrono::seconds;

constexpr Duration kLeastStallTimeout = seconds(2);
constexpr Duration kMostStallTimeout = seconds(64);

/// A block may take the spacing of blocks, and half of it more for each other peer that delivers.
constexpr int kPartsPerOther = 2;

/// Near the tip a second peer is asked for a block after this long. Who announces blocks first and
/// never sends them would else hold each one up for ten minutes.
constexpr Duration kTipPatience = seconds(20);
/// A helper that was so quick shows that our own connection is not the reason.
constexpr Duration kQuick = seconds(10);
/// So many blocks in a row that others had to deliver end the connection.
constexpr int kMostLate = 3;

/// How long a peer is left alone that did not have what it was asked for: it will hardly have it at
/// once, and others may.
constexpr Duration kRest = seconds(60);

/// A peer that offers only the last 288 blocks is asked for no older ones; two blocks of leeway.
constexpr int kLimitedBlocks = 288 - 2;

/// "Near the tip" means that it is no older than so many spacings of blocks.
constexpr int kSpacingsNearTip = 20;

/// An unasked block further above our tip than this is dropped: it would be stored for nothing.
constexpr int kMostAhead = 288;

}  // namespace

bool BlockSync::IsInFlightFrom(const BlockHash& hash, PeerId peer) const {
  const auto found = in_flight_.find(hash);
  return found != in_flight_.end() &&
         std::find(found->second.begin(), found->second.end(), peer) != found->second.end();
}

std::vector<PeerId> BlockSync::AskedFor(const BlockHash& hash) const {
  const auto found = in_flight_.find(hash);
  return found == in_flight_.end() ? std::vector<PeerId>{} : found->second;
}

BlockInFlight* BlockSync::FlightOf(Peer& peer, const BlockHash& hash) {
  auto& flights = peer.blocks.in_flight;
  const auto found = std::find_if(flights.begin(), flights.end(),
                                  [&](const auto& item) { return item.entry->hash == hash; });
  return found == flights.end() ? nullptr : &*found;
}

bool BlockSync::HasRoom() const {
  return judging_.size() < kMostJudging && judging_bytes_ < kMostJudgingBytes;
}

bool BlockSync::IsNearTip() const {
  const int64_t age = UnixSecondsOf(core_.now) - core_.chain.View()->tip->header.time;
  return age < kSpacingsNearTip * core_.chain.params().retarget.spacing_seconds;
}

bool BlockSync::CanServe(const Peer& peer) const {
  return peer.IsReady() && peer.ServesBlocks() && !peer.IsPassing() &&
         peer.Offers(wire::kNodeWitness) && core_.now >= peer.blocks.resting_until;
}

/// While we are far behind, the peers that we chose are asked, and the others only if that brings
/// nothing. Somebody who has but the last blocks is of no use then.
bool BlockSync::MayAsk(const Peer& peer) const {
  if (!CanServe(peer)) return false;
  if (peer.headers.best_known == nullptr || peer.headers.best_known->failed) return false;
  if (!core_.chain.IsInitialBlockDownload()) return true;
  if (!peer.Offers(wire::kNodeNetwork)) return false;
  if (peer.IsPreferred() || in_flight_.empty()) return true;
  return std::none_of(core_.peers.begin(), core_.peers.end(),
                      [](const auto& other) { return other.second->IsGoodSource(); });
}

void BlockSync::UpdateCommon(Peer& peer) const {
  const ledger::HeaderEntry*& common = peer.blocks.last_common;
  const ledger::HeaderEntry* best = peer.headers.best_known;
  const ledger::ChainViewPtr view = core_.chain.View();
  if (common == nullptr) common = view->At(std::min(best->height, view->Height()));
  common = FindFork(common, best);
  // What has been connected since is common, too.
  const ledger::HeaderEntry* fork = FindFork(view->tip, best);
  if (fork->height > common->height) common = fork;
}

BlockSync::Wanted BlockSync::FindWanted(Peer& peer, size_t most) const {
  Wanted wanted;
  const ledger::HeaderEntry* best = peer.headers.best_known;
  const ledger::ChainViewPtr view = core_.chain.View();
  // Of as much work, too: if the next block is built on that branch, it is here already.
  if (best->chain_work < view->tip->chain_work ||
      best->chain_work < core_.chain.params().minimum_chain_work) {
    return wanted;
  }
  UpdateCommon(peer);
  const ledger::HeaderEntry*& common = peer.blocks.last_common;
  const int end = std::min(best->height, common->height + kWindow);
  PeerId first_waiting = -1;  // who has the first block that is in flight
  bool ours_first = false;    // before that one, it is we who have not judged what came
  std::vector<const ledger::HeaderEntry*> batch;
  bool all_here = true;  // every block so far is stored
  int at = common->height;
  while (at < end) {
    // Entries know their parents only: walk down from a point ahead, then use them upwards.
    const int ahead = std::min(end, at + 128);
    batch.clear();
    for (const ledger::HeaderEntry* entry = best->Ancestor(ahead); entry->height > at;
         entry = entry->parent) {
      batch.push_back(entry);
    }
    for (auto it = batch.rbegin(); it != batch.rend(); ++it) {
      const ledger::HeaderEntry* entry = *it;
      if (entry->failed) return wanted;
      if (entry->HasBody()) {
        if (all_here && entry->chain_tx_count != 0) common = entry;
        continue;
      }
      if (judging_.contains(entry->hash)) {
        all_here = false;
        if (first_waiting < 0) ours_first = true;
        continue;
      }
      all_here = false;
      const auto flying = in_flight_.find(entry->hash);
      if (flying != in_flight_.end()) {
        if (first_waiting < 0) first_waiting = flying->second.front();
        continue;
      }
      if (!peer.Offers(wire::kNodeNetwork) && best->height - entry->height >= kLimitedBlocks) {
        continue;
      }
      wanted.blocks.push_back(entry);
      if (wanted.blocks.size() == most) return wanted;
    }
    at = ahead;
  }
  const bool window_is_full = end < best->height;
  if (wanted.blocks.empty() && window_is_full && !ours_first && first_waiting != peer.id()) {
    wanted.staller = first_waiting;
  }
  return wanted;
}

/// Those whom we chose have the first turn.
void BlockSync::Schedule() {
  for (const bool preferred : {true, false}) {
    for (auto& [id, peer] : core_.peers) {
      if (!HasRoom()) return;
      if (peer->IsPreferred() != preferred) continue;
      headers_.ResolveUnknown(*peer);
      if (MayAsk(*peer)) ScheduleFor(*peer);
    }
  }
}

void BlockSync::ScheduleFor(Peer& peer) {
  const size_t flying = peer.blocks.in_flight.size();
  if (flying >= kPerPeer) return;
  const Wanted wanted = FindWanted(peer, kPerPeer - flying);
  if (!wanted.blocks.empty()) Ask(peer, wanted.blocks, false);
  if (wanted.staller < 0 || flying > 0) return;
  Peer* staller = core_.Find(wanted.staller);
  // Who waits for our verdicts may not be read meanwhile.
  if (staller != nullptr && staller->blocks.stalling_since == kNever &&
      staller->blocks.judging == 0) {
    LOG_DEBUG(log::kNet, "peer={} keeps the others waiting", wanted.staller);
    staller->blocks.stalling_since = core_.now;
  }
}

void BlockSync::FetchDirectly(Peer& peer, const ledger::HeaderEntry& last) {
  const ledger::ChainViewPtr view = core_.chain.View();
  if (!CanServe(peer) || !IsNearTip() || last.failed) return;
  if (last.chain_work < view->tip->chain_work) return;
  std::vector<const ledger::HeaderEntry*> blocks;
  const ledger::HeaderEntry* at = &last;
  for (; at != nullptr && !view->Contains(at) && blocks.size() <= kPerPeer; at = at->parent) {
    const bool here = at->HasBody() || in_flight_.contains(at->hash) || judging_.contains(at->hash);
    if (!here) blocks.push_back(at);
  }
  // A reorganisation as large as that is no matter of haste.
  if (at == nullptr || !view->Contains(at) || blocks.empty()) return;
  std::reverse(blocks.begin(), blocks.end());
  const size_t room = kPerPeer - std::min<size_t>(kPerPeer, peer.blocks.in_flight.size());
  if (blocks.size() > room) blocks.resize(room);
  // A single one on a block that we have: most of it is in the pool (BIP152).
  const bool compact = peer.CanCompactBlocks() && !core_.settings.blocks_only &&
                       blocks.size() == 1 && in_flight_.empty() &&
                       last.parent->validity == ledger::Validity::kConnected;
  if (!blocks.empty()) Ask(peer, blocks, compact);
}

void BlockSync::Ask(Peer& peer, const std::vector<const ledger::HeaderEntry*>& blocks,
                    bool compact) {
  const uint32_t type = compact ? wire::InvItem::kCompactBlock : wire::InvItem::kWitnessBlock;
  wire::GetData request;
  for (const ledger::HeaderEntry* entry : blocks) {
    request.items.push_back(wire::InvItem::Of(entry->hash, type));
    MarkInFlight(peer, *entry);
  }
  core_.Send(peer, std::move(request));
}

void BlockSync::AskInFull(Peer& peer, const ledger::HeaderEntry& entry) {
  MarkInFlight(peer, entry).assembly.reset();
  core_.Send(peer, wire::GetData{{wire::InvItem::Of(entry.hash, wire::InvItem::kWitnessBlock)}});
}

BlockInFlight& BlockSync::MarkInFlight(Peer& peer, const ledger::HeaderEntry& entry) {
  if (BlockInFlight* already = FlightOf(peer, entry.hash)) return *already;
  if (peer.blocks.in_flight.empty()) peer.blocks.delivering_since = core_.now;
  peer.blocks.in_flight.push_back({&entry, nullptr, core_.now});
  next_help_ = std::min(next_help_, core_.now + kTipPatience);
  in_flight_[entry.hash].push_back(peer.id());
  return peer.blocks.in_flight.back();
}

Peer* BlockSync::OtherFor(const ledger::HeaderEntry& entry, const std::vector<PeerId>& asked) {
  Peer* chosen = nullptr;
  for (auto& [id, peer] : core_.peers) {
    if (std::find(asked.begin(), asked.end(), id) != asked.end() || !MayAsk(*peer)) continue;
    if (peer->blocks.in_flight.size() >= kPerPeer) continue;
    if (peer->headers.best_known->Ancestor(entry.height) != &entry) continue;
    if (chosen == nullptr || (peer->IsPreferred() && !chosen->IsPreferred())) chosen = peer.get();
  }
  return chosen;
}

void BlockSync::AskOthers() {
  next_help_ = kNever;
  if (in_flight_.empty()) return;
  next_help_ = core_.now + kTipPatience;
  if (!IsNearTip()) return;
  std::vector<const ledger::HeaderEntry*> late;
  for (const auto& [hash, asked] : in_flight_) {
    const bool waiting = std::any_of(asked.begin(), asked.end(), [this, &wanted = hash](PeerId id) {
      const BlockInFlight* flight = FlightOf(*core_.Find(id), wanted);
      return core_.now < flight->asked + kTipPatience;
    });
    const ledger::HeaderEntry* entry = core_.chain.Find(hash);
    const bool here = judging_.contains(hash);
    if (!waiting && !here && entry != nullptr && entry->parent->HasBody()) late.push_back(entry);
  }
  for (const ledger::HeaderEntry* entry : late) {
    Peer* other = OtherFor(*entry, in_flight_[entry->hash]);
    if (other != nullptr) AskInFull(*other, *entry);
  }
}

void BlockSync::NoteLate(Peer& peer, const BlockHash& hash, Instant asked) {
  peer.blocks.late = 0;
  const bool quick = core_.now < asked + kQuick;
  for (const PeerId id : AskedFor(hash)) {
    Peer& other = *core_.Find(id);
    const Instant since = FlightOf(other, hash)->asked;
    other.blocks.owed.push_back({hash, since});
    if (!quick || core_.now < since + kTipPatience) continue;
    if (++other.blocks.late < kMostLate || other.Allows(kNoBanPermission)) continue;
    core_.Disconnect(other, "others deliver the blocks that it was asked for");
  }
}

/// The peer's own account; that of all is for the caller.
void BlockSync::ReleaseFrom(PeerId id, const BlockHash& hash) {
  Peer* peer = core_.Find(id);
  if (peer == nullptr) return;
  BlockSyncPeer& state = peer->blocks;
  const auto found = std::find_if(state.in_flight.begin(), state.in_flight.end(),
                                  [&](const auto& item) { return item.entry->hash == hash; });
  if (found == state.in_flight.end()) return;
  if (found == state.in_flight.begin()) state.delivering_since = core_.now;
  state.in_flight.erase(found);
  state.stalling_since = kNever;
}

void BlockSync::Release(const BlockHash& hash, PeerId peer) {
  const auto found = in_flight_.find(hash);
  if (found == in_flight_.end() || std::erase(found->second, peer) == 0) return;
  if (found->second.empty()) in_flight_.erase(found);
  ReleaseFrom(peer, hash);
}

void BlockSync::Release(const BlockHash& hash) {
  const auto found = in_flight_.find(hash);
  if (found == in_flight_.end()) return;
  const std::vector<PeerId> asked = std::move(found->second);
  in_flight_.erase(found);
  for (const PeerId peer : asked) ReleaseFrom(peer, hash);
}

bool BlockSync::MayFollow(const Block& block) const {
  return IsInFlight(block.hash()) || core_.chain.Find(block.header().previous) != nullptr;
}

bool BlockSync::IsWelcome(Peer& peer, const Block& block, const ledger::HeaderEntry* entry) {
  const ledger::HeaderEntry* parent = core_.chain.Find(block.header().previous);
  if (parent == nullptr) {
    core_.Misbehaved(peer, "block on an unknown one (prev-blk-not-found)");
    return false;
  }
  const ledger::ChainViewPtr view = core_.chain.View();
  const U256 work = parent->chain_work + consensus::WorkOf(block.header().bits);
  const bool enough = work >= WorkThreshold(core_.chain);
  const bool worthy = work >= view->tip->chain_work && parent->height < view->Height() + kMostAhead;
  const bool pruned = entry != nullptr && entry->IsPruned();
  if (enough && worthy && !pruned) return true;
  LOG_DEBUG(log::kNet, "peer={}: an unasked block is not stored", peer.id());
  // Its header may be news, and costs nothing.
  if (enough && entry == nullptr) headers_.SubmitOne(peer, block.header(), HeadersFrom::kBlock);
  return false;
}

void BlockSync::OnBlock(Peer& peer, BlockPtr block, bool reconstructed) {
  const BlockHash hash = block->hash();
  const bool requested = reconstructed || IsInFlight(hash);
  const BlockInFlight* flight = FlightOf(peer, hash);
  const Instant asked = flight != nullptr ? flight->asked : core_.now;
  Release(hash, peer.id());
  OnAnswer(peer, hash);
  const ledger::HeaderEntry* entry = core_.chain.Find(hash);
  if (judging_.contains(hash) || (entry != nullptr && entry->HasBody())) return;
  if (entry != nullptr && entry->failed) {
    if (!reconstructed && !peer.IsInbound()) core_.Misbehaved(peer, "a block known to be invalid");
    return;
  }
  if (!requested && !IsWelcome(peer, *block, entry)) return;
  judging_[hash] = {block->bytes().size(), reconstructed, asked};
  judging_bytes_ += block->bytes().size();
  ++peer.blocks.judging;
  core_.Await(peer, Awaited::kBlock);
  core_.effects.SubmitBlock(peer.id(), std::move(block));
}

void BlockSync::OnVerdict(Peer* peer, const BlockHash& hash, const BlockVerdict& verdict) {
  const auto found = judging_.find(hash);
  if (found == judging_.end()) return;
  const Judged judged = found->second;
  judging_bytes_ -= judged.bytes;
  judging_.erase(found);
  if (peer != nullptr) --peer->blocks.judging;
  switch (verdict.fate) {
    case BlockFate::kConnected:
    case BlockFate::kStored:
      if (peer != nullptr) NoteLate(*peer, hash, judged.asked);
      Release(hash);
      stall_timeout_ = std::max(kLeastStallTimeout, stall_timeout_ * 85 / 100);
      if (peer == nullptr) return;
      peer->blocks.last_block = core_.now;
      if (verdict.entry != nullptr) peer->headers.Knows(*verdict.entry);
      return;
    case BlockFate::kDuplicate:
    case BlockFate::kPremature:
    case BlockFate::kFailed: return;
    case BlockFate::kInvalid: Release(hash); [[fallthrough]];
    case BlockFate::kMutated:
    case BlockFate::kOrphan:
      if (peer != nullptr) Refused(*peer, hash, judged, verdict);
      return;
  }
}

void BlockSync::Refused(Peer& peer, const BlockHash& hash, const Judged& judged,
                        const BlockVerdict& verdict) {
  LOG_DEBUG(log::kNet, "peer={}: block refused: {}", peer.id(), verdict.reason);
  // BIP152: a compact block may be passed on before it is validated, so only its header is the
  // sender's word.
  if (!judged.reconstructed) {
    return core_.Misbehaved(peer, "invalid block: " + verdict.reason);
  }
  // Its parts were not the right ones. The whole block will tell whose fault that was.
  const ledger::HeaderEntry* entry = core_.chain.Find(hash);
  if (verdict.fate == BlockFate::kMutated && entry != nullptr && peer.IsReady()) {
    AskInFull(peer, *entry);
  }
}

void BlockSync::OnAnswer(Peer& peer, const BlockHash& hash) {
  std::erase_if(peer.blocks.owed, [&](const auto& owed) { return owed.hash == hash; });
}

void BlockSync::OnNotFound(Peer& peer, const BlockHash& hash) {
  OnAnswer(peer, hash);
  if (!IsInFlightFrom(hash, peer.id())) return;
  Release(hash, peer.id());
  peer.blocks.resting_until = core_.now + kRest;
}

std::optional<std::string> BlockSync::Fetch(Peer& peer, const BlockHash& hash) {
  const ledger::HeaderEntry* entry = core_.chain.Find(hash);
  if (entry == nullptr) return "Block header missing";
  if (entry->HasBody()) return "Block already downloaded";
  if (!peer.Offers(wire::kNodeWitness)) return "Pre-SegWit peer";
  if (IsInFlightFrom(hash, peer.id())) return "Already requested from this peer";
  Release(hash);  // whoever was asked before did not deliver
  AskInFull(peer, *entry);
  return std::nullopt;
}

void BlockSync::OnGone(Peer& peer) {
  while (!peer.blocks.in_flight.empty()) {
    const BlockHash hash = peer.blocks.in_flight.front().entry->hash;
    Release(hash, peer.id());
  }
  // Verdicts that are still open find nobody to blame; the memory is given back as they come.
}

int BlockSync::Deliverers() const {
  return static_cast<int>(
      std::count_if(core_.peers.begin(), core_.peers.end(),
                    [](const auto& peer) { return !peer.second->blocks.in_flight.empty(); }));
}

Instant BlockSync::DeliveryDeadline(const Peer& peer) const {
  if (peer.blocks.in_flight.empty() || peer.disconnecting) return kNever;
  const Duration spacing = seconds(core_.chain.params().retarget.spacing_seconds);
  return peer.blocks.delivering_since + spacing +
         spacing / kPartsPerOther * std::max(0, Deliverers() - 1);
}

/// As long as a block may take that two are asked for. An honest peer answers, if late; who never
/// does announces blocks only to be asked for them.
Instant BlockSync::AnswerDeadline(const Peer& peer) const {
  if (peer.disconnecting || peer.Allows(kNoBanPermission)) return kNever;
  const Duration spacing = seconds(core_.chain.params().retarget.spacing_seconds);
  Instant first = kNever;
  for (const auto& owed : peer.blocks.owed) {
    first = std::min(first, owed.asked + spacing + spacing / kPartsPerOther);
  }
  return first;
}

void BlockSync::Advance() {
  if (core_.now >= next_help_) AskOthers();
  for (auto& [id, peer] : core_.peers) {
    if (!peer->IsReady()) continue;
    const Instant stalling = peer->blocks.stalling_since;
    if (stalling != kNever && core_.now >= stalling + stall_timeout_) {
      stall_timeout_ = std::min(kMostStallTimeout, stall_timeout_ * 2);
      core_.Disconnect(*peer, "stalling block download");
    } else if (core_.now >= DeliveryDeadline(*peer)) {
      core_.Disconnect(*peer, "timeout downloading block");
    } else if (core_.now >= AnswerDeadline(*peer)) {
      core_.Disconnect(*peer, "it never answered for a block");
    }
  }
}

Instant BlockSync::DeadlineOf(const Peer& peer) const {
  if (!peer.IsReady()) return kNever;
  Instant next = std::min(DeliveryDeadline(peer), AnswerDeadline(peer));
  if (peer.blocks.stalling_since != kNever) {
    next = std::min(next, peer.blocks.stalling_since + stall_timeout_);
  }
  if (peer.blocks.resting_until > core_.now) next = std::min(next, peer.blocks.resting_until);
  return next;
}

}  // namespace cairn::p2p
