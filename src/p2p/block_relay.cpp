#include "src/p2p/block_relay.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "cairn/base/log.h"
#include "consensus/rules/block.h"
#include "consensus/work.h"
#include "src/p2p/block_sync.h"
#include "src/p2p/header_sync.h"
#include "src/p2p/peer.h"

namespace cairn::p2p {
namespace {

constexpr int32_t kSendHeadersVersion = 70012;    // BIP130
constexpr int32_t kCompactBlocksVersion = 70014;  // BIP152
/// From this version on, peers do not take a compact block of an invalid block amiss.
constexpr int32_t kLenientVersion = 70015;

constexpr uint64_t kCompactVersion = 2;

}  // namespace

BlockRelay::BlockRelay(Core& core, HeaderSync& headers, BlockSync& blocks)
    : core_(core), headers_(headers), blocks_(blocks), announced_(core.chain.View()->tip) {}

void BlockRelay::OnReady(Peer& peer) {
  if (peer.handshake.version >= kCompactBlocksVersion) {
    core_.Send(peer, wire::SendCompact{false, kCompactVersion});
  }
}

void BlockRelay::OnGone(Peer& peer) { std::erase(high_bandwidth_, peer.id()); }

void BlockRelay::OfferHeaders(Peer& peer) {
  BlockRelayPeer& state = peer.relay;
  const ledger::HeaderEntry* best = peer.headers.best_known;
  if (state.asked_for_headers || best == nullptr || !peer.IsReady()) return;
  if (peer.handshake.version < kSendHeadersVersion) return;
  // While its headers are still being fetched, such announcements would only get in the way.
  if (best->chain_work <= core_.chain.params().minimum_chain_work) return;
  state.asked_for_headers = true;
  core_.Send(peer, wire::SendHeaders{});
}

void BlockRelay::OnSendHeaders(Peer& peer) { peer.relay.wants_headers = true; }

void BlockRelay::OnSendCompact(Peer& peer, const wire::SendCompact& message) {
  if (message.version != kCompactVersion) return;
  peer.relay.offers_compact = true;
  peer.relay.wants_compact = message.high_bandwidth;
}

/// Those that were the first with a new block lately. A peer that came to us never takes the place
/// of the last one that we chose: an attacker must not be the only source of new blocks.
void BlockRelay::OnGaveBlock(Peer& peer, const BlockHash& hash) {
  if (!peer.IsReady() || core_.settings.blocks_only || !peer.relay.offers_compact) return;
  if (core_.chain.IsInitialBlockDownload() || !blocks_.IsOnlyInFlight(hash)) return;
  const auto already = std::find(high_bandwidth_.begin(), high_bandwidth_.end(), peer.id());
  if (already != high_bandwidth_.end()) {
    high_bandwidth_.erase(already);
    high_bandwidth_.push_back(peer.id());
    return;
  }
  const auto is_outbound = [&](PeerId id) {
    const Peer* other = core_.Find(id);
    return other != nullptr && !other->IsInbound();
  };
  if (high_bandwidth_.size() >= kMostHighBandwidth) {
    const auto outbound =
        std::count_if(high_bandwidth_.begin(), high_bandwidth_.end(), is_outbound);
    if (peer.IsInbound() && outbound == 1 && is_outbound(high_bandwidth_.front())) {
      std::swap(high_bandwidth_[0], high_bandwidth_[1]);
    }
    if (Peer* last = core_.Find(high_bandwidth_.front())) {
      last->relay.asked_for_compact = false;
      core_.Send(*last, wire::SendCompact{false, kCompactVersion});
    }
    high_bandwidth_.pop_front();
  }
  peer.relay.asked_for_compact = true;
  core_.Send(peer, wire::SendCompact{true, kCompactVersion});
  high_bandwidth_.push_back(peer.id());
}

void BlockRelay::OnTransactionVerdict(const TransactionPtr& transaction,
                                      const TransactionVerdict& verdict) {
  OnReplaced(verdict.replaced);
  switch (verdict.fate) {
    case TransactionFate::kAccepted:
    case TransactionFate::kKnown:
    case TransactionFate::kWitnessStripped:
    case TransactionFate::kFailed: return;
    default: return Remember(transaction);
  }
}

void BlockRelay::OnReplaced(const std::vector<TransactionPtr>& transactions) {
  for (const TransactionPtr& replaced : transactions) Remember(replaced);
}

void BlockRelay::Remember(const TransactionPtr& transaction) {
  if (transaction->bytes.size() > kExtraBytes) return;
  extra_.push_back(transaction);
  if (extra_.size() > kExtraTransactions) extra_.pop_front();
}

// -- announcing --

bool BlockRelay::Has(const Peer& peer, const ledger::HeaderEntry* entry) {
  const auto leads_to = [&](const ledger::HeaderEntry* known) {
    return known != nullptr && known->height >= entry->height &&
           known->Ancestor(entry->height) == entry;
  };
  return leads_to(peer.headers.best_known) || leads_to(peer.relay.best_sent);
}

BlockPtr BlockRelay::RecentBlock(const BlockHash& hash) const {
  return IsAnnouncedEarly(hash) ? early_ : core_.chain.RecentBlock(hash);
}

wire::Message BlockRelay::CompactMessage(const BlockPtr& block) {
  if (compact_ == nullptr || compact_of_ != block->hash()) {
    const wire::CompactBlock compact = wire::MakeCompactBlock(block, core_.random.Next());
    compact_ = std::make_shared<const Bytes>(wire::EncodePayload(compact));
    compact_of_ = block->hash();
  }
  return wire::RawMessage{std::string(wire::CompactBlock::kCommand), compact_};
}

void BlockRelay::OnBlockChecked(const BlockPtr& block) {
  if (core_.chain.IsInitialBlockDownload()) return;
  const ledger::HeaderEntry* entry = core_.chain.Find(block->hash());
  if (entry == nullptr || entry->failed || entry->parent != core_.chain.View()->tip) return;
  const consensus::Params& params = core_.chain.params();
  if (entry->height <= highest_early_ || entry->height < params.heights.segwit) return;
  // Bytes that do not belong to the header must not be spread: they would take the block's place.
  const ledger::EntryAncestors ancestors(entry->parent);
  if (!consensus::AcceptBlock({*block, params, ancestors})) return;
  highest_early_ = entry->height;
  early_ = block;
  for (auto& [id, peer] : core_.peers) {
    if (!peer->IsReady() || !peer->relay.wants_compact) continue;
    if (peer->handshake.version < kLenientVersion) continue;
    headers_.ResolveUnknown(*peer);
    if (Has(*peer, entry) || !Has(*peer, entry->parent)) continue;
    peer->relay.best_sent = entry;
    core_.Send(*peer, CompactMessage(block));
  }
}

void BlockRelay::OnTip() {
  const ledger::ChainViewPtr view = core_.chain.View();
  const ledger::HeaderEntry* before = std::exchange(announced_, view->tip);
  if (before == view->tip || core_.chain.IsInitialBlockDownload()) return;
  const ledger::HeaderEntry* fork = ledger::FindFork(before, view->tip);
  std::vector<const ledger::HeaderEntry*> fresh;
  for (const ledger::HeaderEntry* at = view->tip; at != fork && fresh.size() < kMostAnnounced;
       at = at->parent) {
    fresh.push_back(at);
  }
  if (fresh.empty()) return;
  std::reverse(fresh.begin(), fresh.end());
  for (auto& [id, peer] : core_.peers) {
    if (peer->IsReady()) Announce(*peer, fresh);
  }
}

void BlockRelay::Announce(Peer& peer, const std::vector<const ledger::HeaderEntry*>& fresh) {
  headers_.ResolveUnknown(peer);
  if (AnnounceFully(peer, fresh) || Has(peer, fresh.back())) return;
  core_.Send(peer, wire::Inv{{wire::InvItem::Of(fresh.back()->hash)}});
}

bool BlockRelay::AnnounceFully(Peer& peer, const std::vector<const ledger::HeaderEntry*>& fresh) {
  BlockRelayPeer& state = peer.relay;
  const bool compact = state.wants_compact && fresh.size() == 1;
  if (!state.wants_headers && !compact) return false;
  const auto lacking = std::find_if(fresh.begin(), fresh.end(),
                                    [&](const auto* entry) { return !Has(peer, entry); });
  if (lacking == fresh.end()) return true;
  // Headers are of use only where they connect to what the peer knows.
  const ledger::HeaderEntry* parent = (*lacking)->parent;
  if (parent != nullptr && !Has(peer, parent)) return false;
  if (state.wants_compact && std::next(lacking) == fresh.end()) {
    if (const BlockPtr block = RecentBlock((*lacking)->hash)) {
      state.best_sent = *lacking;
      core_.Send(peer, CompactMessage(block));
      return true;
    }
  }
  if (!state.wants_headers) return false;
  wire::Headers message;
  for (auto it = lacking; it != fresh.end(); ++it) message.headers.push_back((*it)->header);
  state.best_sent = fresh.back();
  core_.Send(peer, std::move(message));
  return true;
}

// -- compact blocks that come --

void BlockRelay::OnCompactBlock(Peer& peer, wire::CompactBlock& message) {
  const Header& header = message.header;
  const BlockHash hash = header.Hash();
  BlockSync::OnAnswer(peer, hash);
  const ledger::HeaderEntry* parent = core_.chain.Find(header.previous);
  if (parent == nullptr) {
    // No reason for blame: what lies between may be asked for.
    if (!core_.chain.IsInitialBlockDownload()) headers_.AskFromBest(peer);
    return;
  }
  if (parent->chain_work + consensus::WorkOf(header.bits) < WorkThreshold(core_.chain)) {
    LOG_DEBUG(log::kNet, "peer={}: a compact block of too little work is ignored", peer.id());
    return;
  }
  if (!consensus::MeetsTarget(hash, header.bits, core_.chain.params().retarget)) {
    return core_.Misbehaved(peer, "header with invalid proof of work");
  }
  if (const ledger::HeaderEntry* entry = core_.chain.Find(hash)) {
    // One that is invalid need not have been validated by who passed it on.
    if (entry->failed) return;
    headers_.Learned(peer, *entry, false);
    return Take(peer, message, *entry);
  }
  peer.relay.waiting = std::make_unique<wire::CompactBlock>(std::move(message));
  headers_.SubmitOne(peer, peer.relay.waiting->header, HeadersFrom::kCompactBlock);
}

void BlockRelay::OnHeaderVerdict(Peer& peer, const HeadersVerdict& verdict) {
  const std::unique_ptr<wire::CompactBlock> compact = std::move(peer.relay.waiting);
  if (compact == nullptr) return;
  if (!verdict.reason.empty() || verdict.last == nullptr) {
    // Known to be invalid: the sender may not have known, since it need not validate before.
    if (verdict.reason != kKnownInvalid) headers_.Excuse(peer, verdict);
    return;
  }
  const ledger::HeaderEntry& entry = *verdict.last;
  headers_.Learned(peer, entry, true);
  Take(peer, *compact, entry);
}

void BlockRelay::Take(Peer& peer, const wire::CompactBlock& compact,
                      const ledger::HeaderEntry& entry) {
  if (entry.HasBody() || blocks_.IsJudged(entry.hash)) {
    return blocks_.Release(entry.hash, peer.id());  // if it was asked for, this was its answer
  }
  const ledger::ChainViewPtr view = core_.chain.View();
  const bool asked = blocks_.IsInFlightFrom(entry.hash, peer.id());
  const bool useful = entry.chain_work > view->tip->chain_work && !entry.IsPruned();
  const bool near = entry.height <= view->Height() + 2;
  if (!useful || !near) {
    // Our pool would be of no help with it.
    if (asked) return blocks_.AskInFull(peer, entry);
    if (useful && (blocks_.IsInFlight(entry.hash) || blocks_.IsNearTip())) {
      HeadersVerdict as_headers;
      as_headers.last = &entry;
      headers_.OnVerdict(peer, {}, as_headers);
      blocks_.FetchDirectly(peer, entry);
    }
    return;
  }
  if (!blocks_.IsInFlight(entry.hash) && !blocks_.IsNearTip()) return;
  // What nobody asked for costs a look at the whole pool: a few times for a block.
  if (!asked && std::exchange(peer.relay.tried, entry.hash) != entry.hash) peer.relay.tries = 0;
  if (!asked && ++peer.relay.tries > kMostTries) return;
  const size_t others = blocks_.AskedFor(entry.hash).size();
  const bool has_room = peer.blocks.in_flight.size() < BlockSync::kPerPeer;
  if (asked || (others < kMostParallel && has_room)) {
    Assemble(peer, compact, entry);
  } else {
    TryAtOnce(peer, compact);
  }
}

void BlockRelay::OfferOurs(wire::CompactBlockAssembly& assembly) const {
  assembly.OfferAll(core_.pool.Transactions());
  assembly.OfferAll(extra_);
}

void BlockRelay::Assemble(Peer& peer, const wire::CompactBlock& compact,
                          const ledger::HeaderEntry& entry) {
  BlockInFlight& flight = blocks_.MarkInFlight(peer, entry);
  if (flight.assembly != nullptr) {
    LOG_DEBUG(log::kCmpctBlock, "peer={} sent a compact block twice", peer.id());
    return;
  }
  auto assembly = wire::CompactBlockAssembly::Begin(compact);
  if (!assembly) return GiveUp(peer, entry, assembly.error(), "invalid compact block");
  flight.assembly = std::make_unique<wire::CompactBlockAssembly>(*std::move(assembly));
  OfferOurs(*flight.assembly);
  LOG_DEBUG(log::kCmpctBlock, "peer={}: compact block {}: {} of {} transactions are missing",
            peer.id(), entry.hash, flight.assembly->MissingCount(),
            flight.assembly->TransactionCount());
  if (flight.assembly->MissingCount() == 0) return Complete(peer, flight, {});
  AskForMissing(peer, flight);
}

void BlockRelay::AskForMissing(Peer& peer, BlockInFlight& flight) {
  const BlockHash hash = flight.entry->hash;
  const std::vector<PeerId> asked = blocks_.AskedFor(hash);
  if (asked.front() != peer.id() && !MayAskInParallel(peer, asked)) {
    return blocks_.Release(hash, peer.id());  // the others will do
  }
  core_.Send(peer, wire::GetBlockTxn{hash, flight.assembly->Missing()});
}

/// One of the ways to ask is kept for a peer that we chose.
bool BlockRelay::MayAskInParallel(const Peer& peer, const std::vector<PeerId>& asked) const {
  if (!peer.relay.asked_for_compact) return false;
  if (!peer.IsInbound() || asked.size() < kMostParallel) return true;
  return std::any_of(asked.begin(), asked.end(), [&](PeerId id) {
    const Peer* other = core_.Find(id);
    return other != nullptr && !other->IsInbound();
  });
}

void BlockRelay::TryAtOnce(Peer& peer, const wire::CompactBlock& compact) {
  auto assembly = wire::CompactBlockAssembly::Begin(compact);
  if (!assembly) return;
  OfferOurs(*assembly);
  if (assembly->MissingCount() > 0) return;
  if (auto block = assembly->Finish({})) blocks_.OnBlock(peer, *std::move(block), true);
}

void BlockRelay::OnBlockTxn(Peer& peer, const wire::BlockTxn& message) {
  BlockSync::OnAnswer(peer, message.block);
  BlockInFlight* flight = blocks_.FlightOf(peer, message.block);
  if (flight == nullptr || flight->assembly == nullptr) {
    LOG_DEBUG(log::kCmpctBlock, "peer={} sent transactions of a block that we did not ask for",
              peer.id());
    return;
  }
  Complete(peer, *flight, message.transactions);
}

void BlockRelay::Complete(Peer& peer, BlockInFlight& flight,
                          const std::vector<TransactionPtr>& missing) {
  const ledger::HeaderEntry& entry = *flight.entry;
  auto block = flight.assembly->Finish(missing);
  if (block) return blocks_.OnBlock(peer, *std::move(block), true);
  GiveUp(peer, entry, block.error(), "invalid compact block or transactions that do not match");
}

/// By accident two transactions of a block can have one short id: then whoever was asked first is
/// asked for all of it. Anything else is the peer's fault.
void BlockRelay::GiveUp(Peer& peer, const ledger::HeaderEntry& entry, wire::AssemblyFault fault,
                        const std::string& blame) {
  const bool collided = fault == wire::AssemblyFault::kCollision;
  if (collided && blocks_.AskedFor(entry.hash).front() == peer.id()) {
    return blocks_.AskInFull(peer, entry);
  }
  blocks_.Release(entry.hash, peer.id());
  if (!collided) core_.Misbehaved(peer, blame);
}

}  // namespace cairn::p2p
