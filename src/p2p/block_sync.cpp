#include "src/p2p/block_sync.h"

#include <algorithm>

#include "cairn/base/log.h"
#include "consensus/work.h"
#include "src/p2p/peer.h"

namespace cairn::p2p {
namespace {

using std::chrono::seconds;

constexpr Duration kLeastStallTimeout = seconds(2);
constexpr Duration kMostStallTimeout = seconds(64);

/// A block may take the spacing of blocks, and half of it more for each other peer that delivers.
constexpr int kPartsPerOther = 2;

/// A peer that offers only the last 288 blocks is asked for no older ones; two blocks of leeway.
constexpr int kLimitedBlocks = 288 - 2;

/// An unasked block further above our tip than this is dropped: it would be stored for nothing.
constexpr int kMostAhead = 288;

}  // namespace

bool BlockSync::IsInFlightFrom(const BlockHash& hash, PeerId peer) const {
  const auto found = in_flight_.find(hash);
  return found != in_flight_.end() && found->second == peer;
}

bool BlockSync::HasRoom() const {
  return judging_.size() < kMostJudging && judging_bytes_ < kMostJudgingBytes;
}

/// While we are far behind, the peers that we chose are asked; the others only if there are none.
bool BlockSync::MayAsk(const Peer& peer) const {
  if (!peer.IsReady() || !peer.ServesBlocks() || peer.IsPassing()) return false;
  if (peer.headers.best_known == nullptr || peer.headers.best_known->failed) return false;
  if (!peer.Offers(wire::kNodeWitness)) return false;
  if (peer.IsPreferred() || !core_.chain.IsInitialBlockDownload()) return true;
  return std::none_of(core_.peers.begin(), core_.peers.end(), [](const auto& other) {
    return other.second->IsReady() && other.second->IsPreferred() && other.second->ServesBlocks();
  });
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
  if (best->chain_work <= view->tip->chain_work ||
      best->chain_work < core_.chain.params().minimum_chain_work) {
    return wanted;
  }
  UpdateCommon(peer);
  const ledger::HeaderEntry*& common = peer.blocks.last_common;
  const int end = std::min(best->height, common->height + kWindow);
  PeerId first_waiting = -1;  // who has the first block that is in flight
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
        continue;
      }
      all_here = false;
      const auto flying = in_flight_.find(entry->hash);
      if (flying != in_flight_.end()) {
        if (first_waiting < 0) first_waiting = flying->second;
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
  if (wanted.blocks.empty() && window_is_full && first_waiting != peer.id()) {
    wanted.staller = first_waiting;
  }
  return wanted;
}

void BlockSync::Schedule() {
  for (auto& [id, peer] : core_.peers) {
    if (!HasRoom()) return;
    const size_t flying = peer->blocks.in_flight.size();
    if (flying >= kPerPeer || !MayAsk(*peer)) continue;
    const Wanted wanted = FindWanted(*peer, kPerPeer - flying);
    if (!wanted.blocks.empty()) Ask(*peer, wanted);
    if (wanted.staller < 0 || flying > 0) continue;
    Peer* staller = core_.Find(wanted.staller);
    if (staller != nullptr && staller->blocks.stalling_since == kNever) {
      LOG_DEBUG(log::kNet, "peer={} keeps the others waiting", wanted.staller);
      staller->blocks.stalling_since = core_.now;
    }
  }
}

/// A single block on our tip, near the end of the chain: most of it is in the pool (BIP152).
bool BlockSync::CanAskCompact(const Peer& peer, const Wanted& wanted) const {
  if (wanted.blocks.size() != 1 || !peer.CanCompactBlocks()) return false;
  if (core_.chain.IsInitialBlockDownload() || !peer.blocks.in_flight.empty()) return false;
  return wanted.blocks.front()->parent == core_.chain.View()->tip;
}

void BlockSync::Ask(Peer& peer, const Wanted& wanted) {
  const uint32_t type =
      CanAskCompact(peer, wanted) ? wire::InvItem::kCompactBlock : wire::InvItem::kWitnessBlock;
  wire::GetData request;
  for (const ledger::HeaderEntry* entry : wanted.blocks) {
    request.items.push_back(wire::InvItem::Of(entry->hash, type));
    MarkInFlight(peer, *entry);
  }
  core_.Send(peer, std::move(request));
}

void BlockSync::MarkInFlight(Peer& peer, const ledger::HeaderEntry& entry) {
  if (IsInFlightFrom(entry.hash, peer.id())) return;
  Release(entry.hash);
  if (peer.blocks.in_flight.empty()) peer.blocks.delivering_since = core_.now;
  peer.blocks.in_flight.push_back({&entry, core_.now});
  in_flight_[entry.hash] = peer.id();
}

void BlockSync::Release(const BlockHash& hash) {
  const auto found = in_flight_.find(hash);
  if (found == in_flight_.end()) return;
  if (Peer* peer = core_.Find(found->second)) {
    BlockSyncPeer& state = peer->blocks;
    const auto of_hash = std::find_if(state.in_flight.begin(), state.in_flight.end(),
                                      [&](const auto& item) { return item.entry->hash == hash; });
    if (of_hash != state.in_flight.end()) {
      if (of_hash == state.in_flight.begin()) state.delivering_since = core_.now;
      state.in_flight.erase(of_hash);
    }
    state.stalling_since = kNever;
  }
  in_flight_.erase(found);
}

void BlockSync::OnBlock(Peer& peer, BlockPtr block, bool reconstructed) {
  const BlockHash hash = block->hash();
  const bool requested = IsInFlightFrom(hash, peer.id());
  Release(hash);
  const ledger::HeaderEntry* entry = core_.chain.Find(hash);
  if (judging_.contains(hash) || (entry != nullptr && entry->HasBody())) return;
  if (!requested) {
    // Unasked, it must be worth its place on the disk: nobody fills that with cheap side chains.
    const ledger::HeaderEntry* parent = core_.chain.Find(block->header().previous);
    if (parent == nullptr)
      return core_.Misbehaved(peer, "block on an unknown one (prev-blk-not-found)");
    const ledger::ChainViewPtr view = core_.chain.View();
    const U256 work = parent->chain_work + consensus::WorkOf(block->header().bits);
    if (work < view->tip->chain_work || parent->height + 1 > view->Height() + kMostAhead ||
        work < core_.chain.params().minimum_chain_work) {
      LOG_DEBUG(log::kNet, "peer={}: an unasked block is ignored", peer.id());
      return;
    }
  }
  judging_[hash] = {block->bytes().size(), peer.id(), reconstructed, requested};
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
  if (peer == nullptr) return;
  --peer->blocks.judging;
  switch (verdict.fate) {
    case BlockFate::kConnected:
    case BlockFate::kStored:
      peer->blocks.last_block = core_.now;
      if (verdict.entry != nullptr) peer->headers.Knows(*verdict.entry);
      stall_timeout_ = std::max(kLeastStallTimeout, stall_timeout_ * 85 / 100);
      return;
    case BlockFate::kDuplicate:
    case BlockFate::kPremature:
    case BlockFate::kFailed: return;
    case BlockFate::kInvalid:
    case BlockFate::kMutated:
    case BlockFate::kOrphan: return Punish(*peer, judged, verdict);
  }
}

void BlockSync::Punish(Peer& peer, const Judged& judged, const BlockVerdict& verdict) {
  LOG_DEBUG(log::kNet, "peer={}: block refused: {}", peer.id(), verdict.reason);
  // BIP152: a compact block may be passed on before it is validated, so only its header is the
  // sender's word.
  if (judged.reconstructed) return;
  core_.Misbehaved(peer, "invalid block: " + verdict.reason);
}

void BlockSync::OnNotFound(Peer& peer, const BlockHash& hash) {
  if (IsInFlightFrom(hash, peer.id())) Release(hash);
}

std::optional<std::string> BlockSync::Fetch(Peer& peer, const BlockHash& hash) {
  const ledger::HeaderEntry* entry = core_.chain.Find(hash);
  if (entry == nullptr) return "Block header missing";
  if (entry->HasBody()) return "Block already downloaded";
  if (!peer.Offers(wire::kNodeWitness)) return "Pre-SegWit peer";
  if (IsInFlightFrom(hash, peer.id())) return "Already requested from this peer";
  MarkInFlight(peer, *entry);
  core_.Send(peer, wire::GetData{{wire::InvItem::Of(hash, wire::InvItem::kWitnessBlock)}});
  return std::nullopt;
}

void BlockSync::OnGone(Peer& peer) {
  for (const auto& item : peer.blocks.in_flight) in_flight_.erase(item.entry->hash);
  peer.blocks.in_flight.clear();
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

void BlockSync::Advance() {
  for (auto& [id, peer] : core_.peers) {
    if (!peer->IsReady()) continue;
    const Instant stalling = peer->blocks.stalling_since;
    if (stalling != kNever && core_.now >= stalling + stall_timeout_) {
      stall_timeout_ = std::min(kMostStallTimeout, stall_timeout_ * 2);
      core_.Disconnect(*peer, "stalling block download");
    } else if (core_.now >= DeliveryDeadline(*peer)) {
      core_.Disconnect(*peer, "timeout downloading block");
    }
  }
}

Instant BlockSync::NextDeadline() const {
  Instant next = kNever;
  for (const auto& [id, peer] : core_.peers) {
    if (!peer->IsReady()) continue;
    if (peer->blocks.stalling_since != kNever) {
      next = std::min(next, peer->blocks.stalling_since + stall_timeout_);
    }
    next = std::min(next, DeliveryDeadline(*peer));
  }
  return next;
}

}  // namespace cairn::p2p
