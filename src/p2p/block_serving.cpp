#include "src/p2p/block_serving.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "cairn/base/log.h"
#include "cairn/base/writer.h"
#include "cairn/wire/bloom_filter.h"
#include "cairn/wire/compact_block.h"
#include "consensus/work.h"
#include "src/p2p/block_relay.h"
#include "src/p2p/block_sync.h"
#include "src/p2p/header_sync.h"
#include "src/p2p/peer.h"

namespace cairn::p2p {
namespace {

constexpr int64_t kDay = 24 * 60 * 60;

/// A stale block is served if it is younger than this, by its time and by the work since.
constexpr int64_t kStaleAge = 30 * kDay;

/// Older blocks are history, on which not all that may be sent in a day is spent.
constexpr int64_t kHistoryAge = 7 * kDay;

/// Blocks below the tip that a pruned node offers (BIP159), and two more, since the other side's
/// tip may be another.
constexpr int kOfferedByLimited = 288;
constexpr int kLeeway = 2;

/// A block below the tip by more than this is sent whole where a compact one, or parts of it, were
/// asked for: whoever asks so late has not its transactions, and makes us read for nothing.
constexpr int kDeepForCompact = 5;
constexpr int kDeepForParts = 10;

/// Blocks that will be pruned within the hour are not announced any more.
constexpr int64_t kSecondsToFetch = 60 * 60;

wire::Message BlockOfBytes(Bytes bytes) {
  return wire::RawMessage{std::string(wire::BlockMessage::kCommand),
                          std::make_shared<const Bytes>(std::move(bytes))};
}

/// The block as nodes before BIP144 want it.
Bytes WithoutWitness(const Block& block) {
  Bytes bytes;
  bytes.reserve(block.stripped_size());
  Append(bytes, block.bytes().first(Header::kSize));
  Writer(bytes).CompactSize(block.transactions().size());
  for (const Transaction& transaction : block.transactions()) {
    for (const ByteSpan piece : transaction.StrippedPieces()) Append(bytes, piece);
  }
  return bytes;
}

BlockPtr Parse(const Bytes& bytes) {
  auto block = Block::Parse(bytes);
  return block ? *std::move(block) : nullptr;
}

}  // namespace

/// The last block of our best chain that the other side knows, by its hashes.
const ledger::HeaderEntry* BlockServing::ForkOf(const wire::Locator& locator) const {
  const ledger::ChainViewPtr view = core_.chain.View();
  for (const BlockHash& hash : locator.hashes) {
    const ledger::HeaderEntry* entry = core_.chain.Find(hash);
    if (entry == nullptr) continue;
    if (view->Contains(entry)) return entry;
    // It is ahead of us on our own chain.
    if (entry->height > view->Height() && entry->Ancestor(view->Height()) == view->tip) {
      return view->tip;
    }
  }
  return view->At(0);
}

bool BlockServing::MayTell(const ledger::HeaderEntry& entry) const {
  const ledger::ChainViewPtr view = core_.chain.View();
  if (view->Contains(&entry)) return true;
  if (entry.failed) return false;
  if (relay_.IsAnnouncedEarly(entry.hash)) return true;
  if (entry.validity != ledger::Validity::kConnected) return false;
  const ledger::HeaderEntry& best = *view->best_header;
  const int64_t age = int64_t{best.header.time} - int64_t{entry.header.time};
  const U256 distance = best.chain_work > entry.chain_work ? best.chain_work - entry.chain_work
                                                           : entry.chain_work - best.chain_work;
  const U256 seconds = distance *
                       static_cast<uint32_t>(core_.chain.params().retarget.spacing_seconds) /
                       consensus::WorkOf(best.header.bits);
  return age < kStaleAge && seconds < U256(static_cast<uint64_t>(kStaleAge));
}

void BlockServing::OnGetHeaders(Peer& peer, const wire::GetHeaders& message) {
  const ledger::ChainViewPtr view = core_.chain.View();
  if (view->tip->chain_work < core_.chain.params().minimum_chain_work &&
      !peer.Allows(kDownloadPermission)) {
    // Whoever fed us this chain shall not reach others through us. An empty answer says that we
    // are alive.
    core_.Send(peer, wire::Headers{});
    return;
  }
  const wire::Locator& locator = message.locator;
  wire::Headers answer;
  const ledger::HeaderEntry* last = nullptr;
  if (locator.hashes.empty()) {
    last = core_.chain.Find(locator.stop);
    if (last == nullptr || !MayTell(*last)) return;
    answer.headers.push_back(last->header);
  } else {
    int height = ForkOf(locator)->height + 1;
    for (; answer.headers.size() < wire::Headers::kMostHeaders; ++height) {
      const ledger::HeaderEntry* entry = view->At(height);
      if (entry == nullptr) break;
      last = entry;
      answer.headers.push_back(entry->header);
      if (entry->hash == locator.stop) break;
    }
  }
  // Not the higher of this and what was told before: if the peer did not take a compact block for
  // an announcement, the new tip is to be announced once more.
  peer.relay.best_sent = last != nullptr ? last : view->tip;
  core_.Send(peer, std::move(answer));
}

void BlockServing::OnGetBlocks(Peer& peer, const wire::GetBlocks& message) {
  const ledger::ChainViewPtr view = core_.chain.View();
  const bool prunes = core_.chain.FirstStoredHeight() > 0;
  const int lasting =
      kOfferedByLimited -
      static_cast<int>(kSecondsToFetch / core_.chain.params().retarget.spacing_seconds);
  wire::Inv answer;
  for (int height = ForkOf(message.locator)->height + 1;; ++height) {
    const ledger::HeaderEntry* entry = view->At(height);
    if (entry == nullptr || entry->hash == message.locator.stop) break;
    if (prunes && (!entry->HasBody() || height <= view->Height() - lasting)) break;
    answer.items.push_back(wire::InvItem::Of(entry->hash));
    if (answer.items.size() == kMostInventory) {
      peer.serving.continuation = entry->hash;
      break;
    }
  }
  if (!answer.items.empty()) core_.Send(peer, std::move(answer));
}

// -- blocks --

void BlockServing::OnGetData(Peer& peer, const wire::GetData& message) {
  BlockServingPeer& state = peer.serving;
  state.wanted.assign(message.items.begin(), message.items.end());
  state.served_from_memory = false;
  Continue(peer);
}

void BlockServing::Continue(Peer& peer) {
  BlockServingPeer& state = peer.serving;
  wire::NotFound missing;
  while (!state.wanted.empty() && !state.reading && !peer.disconnecting && core_.HasRoom(peer)) {
    const wire::InvItem item = state.wanted.front();
    state.wanted.pop_front();
    if (!Serve(peer, item)) missing.items.push_back(item);
  }
  if (!missing.items.empty()) core_.Send(peer, std::move(missing));
}

bool BlockServing::IsBusy(const Peer& peer) {
  return !peer.serving.wanted.empty() || peer.serving.filters;
}

void BlockServing::Resume(Peer& peer) {
  Continue(peer);
  ContinueFilters(peer);
}

bool BlockServing::Serve(Peer& peer, const wire::InvItem& item) {
  if (item.IsBlock()) return ServeBlock(peer, item);
  if (item.IsTransaction()) return serve_transaction_(peer, item);
  return true;  // what we do not know of is passed over
}

bool BlockServing::IsWithinOffer(Peer& peer, const ledger::HeaderEntry& entry, uint32_t type) {
  const ledger::ChainViewPtr view = core_.chain.View();
  const int64_t age = int64_t{view->best_header->header.time} - int64_t{entry.header.time};
  const bool history = age > kHistoryAge || type == wire::InvItem::kFilteredBlock;
  if (history && !peer.Allows(kDownloadPermission) && core_.effects.UploadTargetReached(true)) {
    core_.Disconnect(peer, "historical block serving limit reached");
    return false;
  }
  const Services services = core_.settings.services;
  const bool limited =
      (services & wire::kNodeNetworkLimited) != 0 && (services & wire::kNodeNetwork) == 0;
  const int depth = view->Height() - entry.height;
  if (limited && depth > kOfferedByLimited + kLeeway && !peer.Allows(kNoBanPermission)) {
    core_.Disconnect(peer, "it asks for a block below what we offer");
    return false;
  }
  return true;
}

bool BlockServing::IsDeepForCompact(const ledger::HeaderEntry& entry) const {
  return entry.height < core_.chain.View()->Height() - kDeepForCompact;
}

bool BlockServing::ServeBlock(Peer& peer, wire::InvItem item) {
  const ledger::HeaderEntry* entry = core_.chain.Find(item.block());
  if (entry == nullptr || !MayTell(*entry)) return false;
  if (!IsWithinOffer(peer, *entry, item.type)) return true;
  const bool near = core_.chain.View()->tip->header.time + kDay > UnixSecondsOf(core_.now);
  if (item.type == wire::InvItem::kCompactBlock && (!near || IsDeepForCompact(*entry))) {
    item.type = wire::InvItem::kWitnessBlock;
  }
  BlockServingPeer& state = peer.serving;
  const BlockPtr recent = relay_.RecentBlock(entry->hash);
  if (recent == nullptr && !entry->HasBody()) return false;
  if (recent != nullptr && (!state.served_from_memory || !entry->HasBody())) {
    state.served_from_memory = true;
    SendBlock(peer, entry->hash, item.type, recent);
    return true;
  }
  Read(peer, *entry, {item.type, std::nullopt});
  return true;
}

void BlockServing::Read(Peer& peer, const ledger::HeaderEntry& entry,
                        BlockServingPeer::Reading reading) {
  peer.serving.reading = std::move(reading);
  core_.Await(peer, Awaited::kRead);
  core_.effects.ReadBlock(peer.id(), entry);
}

void BlockServing::OnBlockRead(Peer& peer, const ledger::HeaderEntry& entry, Bytes bytes) {
  auto reading = std::exchange(peer.serving.reading, std::nullopt);
  if (!reading) return;
  if (bytes.empty()) {
    // Pruned since it was asked for.
    core_.Send(peer, wire::NotFound{{wire::InvItem::Of(entry.hash, reading->type)}});
  } else if (reading->parts) {
    if (const BlockPtr block = Parse(bytes)) SendParts(peer, block, *reading->parts);
  } else if (reading->type == wire::InvItem::kWitnessBlock) {
    core_.Send(peer, BlockOfBytes(std::move(bytes)));  // stored as it is sent
    SendContinuation(peer, entry.hash);
  } else if (const BlockPtr block = Parse(bytes)) {
    SendBlock(peer, entry.hash, reading->type, block);
  }
}

void BlockServing::SendBlock(Peer& peer, const BlockHash& hash, uint32_t type,
                             const BlockPtr& block) {
  switch (type) {
    case wire::InvItem::kBlock: core_.Send(peer, BlockOfBytes(WithoutWitness(*block))); break;
    case wire::InvItem::kCompactBlock: core_.Send(peer, relay_.CompactMessage(block)); break;
    case wire::InvItem::kFilteredBlock: SendFiltered(peer, *block); break;
    default: core_.Send(peer, BlockOfBytes({block->bytes().begin(), block->bytes().end()})); break;
  }
  SendContinuation(peer, hash);
}

/// What passes the peer's filter (BIP37); nothing if it has none.
void BlockServing::SendFiltered(Peer& peer, const Block& block) {
  if (peer.transactions.bloom == nullptr) return;
  wire::FilteredBlock filtered = wire::FilterBlock(block, *peer.transactions.bloom);
  core_.Send(peer, std::move(filtered.message));
  for (const uint32_t index : filtered.matches) {
    core_.Send(peer, StrippedMessage(block.transactions()[index]));
  }
}

/// Makes it ask for the next hashes.
void BlockServing::SendContinuation(Peer& peer, const BlockHash& sent) {
  BlockServingPeer& state = peer.serving;
  if (state.continuation.IsZero() || state.continuation != sent) return;
  state.continuation = BlockHash{};
  core_.Send(peer, wire::Inv{{wire::InvItem::Of(core_.chain.View()->tip->hash)}});
}

void BlockServing::SendParts(Peer& peer, const BlockPtr& block, const wire::GetBlockTxn& request) {
  auto answer = wire::AnswerBlockTxn(block, request);
  if (!answer) return core_.Misbehaved(peer, "getblocktxn with out-of-bounds tx indices");
  core_.Send(peer, *std::move(answer));
}

void BlockServing::OnGetBlockTxn(Peer& peer, const wire::GetBlockTxn& message) {
  if (const BlockPtr recent = relay_.RecentBlock(message.block)) {
    return SendParts(peer, recent, message);
  }
  const ledger::HeaderEntry* entry = core_.chain.Find(message.block);
  if (entry == nullptr || !entry->HasBody()) {
    LOG_DEBUG(log::kNet, "peer={} wants parts of a block that we do not have", peer.id());
    return;
  }
  if (entry->height >= core_.chain.View()->Height() - kDeepForParts) {
    return Read(peer, *entry, {0, message});
  }
  // The whole of it costs the one who asks as much as it costs us.
  OnGetData(peer, {{wire::InvItem::Of(message.block, wire::InvItem::kWitnessBlock)}});
}

// -- filters --

bool BlockServing::MayAskFilters(Peer& peer, uint8_t type, uint32_t start, const BlockHash& stop,
                                 uint32_t most_blocks) {
  const bool served = (core_.settings.services & wire::kNodeCompactFilters) != 0;
  const ledger::HeaderEntry* entry = core_.chain.Find(stop);
  const char* objection = nullptr;
  if (!served || type != kBasicFilterType) {
    objection = "it asks for filters that we do not offer";
  } else if (entry == nullptr || !MayTell(*entry)) {
    objection = "it asks for filters up to an unknown block";
  } else if (start > static_cast<uint32_t>(entry->height)) {
    objection = "it asks for filters that begin behind their end";
  } else if (static_cast<uint32_t>(entry->height) - start >= most_blocks) {
    objection = "it asks for too many filters";
  }
  if (objection != nullptr) core_.Disconnect(peer, objection);
  return objection == nullptr;
}

void BlockServing::ReadFilters(Peer& peer, wire::Message request) {
  core_.Await(peer, Awaited::kRead);
  core_.effects.ReadFilters(peer.id(), {std::move(request)});
}

void BlockServing::OnGetCFilters(Peer& peer, const wire::GetCFilters& message) {
  if (MayAskFilters(peer, message.filter_type, message.start_height, message.stop,
                    wire::GetCFilters::kMostBlocks)) {
    peer.serving.filters = message;
    ContinueFilters(peer);
  }
}

/// So many filters may be asked for that they are read, and sent, in pieces.
void BlockServing::ContinueFilters(Peer& peer) {
  std::optional<wire::GetCFilters>& rest = peer.serving.filters;
  if (!rest || peer.disconnecting || peer.awaited != Awaited::kNothing) return;
  if (!core_.HasRoom(peer)) return;
  wire::GetCFilters piece = *rest;
  const ledger::HeaderEntry* stop = core_.chain.Find(rest->stop);
  rest->start_height += kFiltersAtOnce;
  if (rest->start_height > static_cast<uint32_t>(stop->height)) {
    rest.reset();
  } else {
    piece.stop = stop->Ancestor(static_cast<int>(rest->start_height) - 1)->hash;
  }
  ReadFilters(peer, piece);
}

void BlockServing::OnGetCFHeaders(Peer& peer, const wire::GetCFHeaders& message) {
  if (MayAskFilters(peer, message.filter_type, message.start_height, message.stop,
                    wire::GetCFHeaders::kMostBlocks)) {
    ReadFilters(peer, message);
  }
}

void BlockServing::OnGetCFCheckpt(Peer& peer, const wire::GetCFCheckpt& message) {
  if (MayAskFilters(peer, message.filter_type, 0, message.stop,
                    std::numeric_limits<uint32_t>::max())) {
    ReadFilters(peer, message);
  }
}

void BlockServing::OnFiltersRead(Peer& peer, std::vector<wire::Message> replies) {
  if (replies.empty()) peer.serving.filters.reset();  // the index has not come so far
  for (wire::Message& reply : replies) core_.Send(peer, std::move(reply));
}

}  // namespace cairn::p2p
