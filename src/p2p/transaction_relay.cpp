#include "src/p2p/transaction_relay.h"

#include <algorithm>
#include <cmath>

#include "cairn/base/log.h"
#include "src/p2p/peer.h"

namespace cairn::p2p {
namespace {

using std::chrono::minutes;

constexpr Duration kUnbroadcastInterval = minutes(10);
constexpr Duration kUnbroadcastSpread = minutes(5);
/// For each thousand that wait, so many more are announced at once.
constexpr size_t kMorePerThousand = 5;

bool OffersBloom(const Core& core, const Peer& peer) {
  return core.settings.serve_bloom || peer.Allows(kBloomFilterPermission);
}

}  // namespace

wire::Message StrippedMessage(const Transaction& transaction) {
  auto bytes = std::make_shared<Bytes>();
  bytes->reserve(transaction.stripped_size);
  for (const ByteSpan piece : transaction.StrippedPieces()) Append(*bytes, piece);
  return wire::RawMessage{std::string(wire::TxMessage::kCommand), std::move(bytes)};
}

TransactionRelay::TransactionRelay(Core& core)
    : core_(core), salt_(Salt::From(core.random)), next_unbroadcast_(core.started) {
  next_unbroadcast_ += kUnbroadcastInterval;
}

void TransactionRelay::OnReady(Peer& peer) {
  TransactionRelayPeer& state = peer.transactions;
  const bool for_blocks = peer.IsWithoutTransactions();
  state.wanted = !for_blocks && peer.handshake.wants_transactions;
  // With Bloom filters it may turn relay on later.
  state.possible = !for_blocks && (state.wanted || OffersBloom(core_, peer));
  state.next_inv = DrawNext(peer);
  state.last_inv_sequence = core_.pool.Sequence();
  heard_sequence_ = std::max(heard_sequence_, state.last_inv_sequence);
}

bool TransactionRelay::IsPending(const Peer& peer) const {
  const TransactionRelayPeer& state = peer.transactions;
  return peer.IsReady() && (state.wants_pool || !state.queue.empty());
}

Instant TransactionRelay::DrawNext(const Peer& peer) {
  if (!peer.IsInbound()) return core_.Poisson(kOutboundInterval);
  if (next_inbound_ <= core_.now) next_inbound_ = core_.Poisson(kInboundInterval);
  return next_inbound_;
}

void TransactionRelay::CatchUp(Peer& peer, uint64_t sequence) {
  TransactionRelayPeer& state = peer.transactions;
  if (core_.now < state.next_inv || IsPending(peer)) return;
  state.last_inv_sequence = std::max(state.last_inv_sequence, sequence);
  state.next_inv = DrawNext(peer);
}

void TransactionRelay::MarkKnown(Peer& peer, const TransactionHash& hash) {
  if (peer.transactions.possible) peer.transactions.known.Insert(salt_.Of(hash.span()));
}

void TransactionRelay::Announce(const Transaction& transaction) {
  const uint64_t by_wtxid = salt_.Of(transaction.wtxid.span());
  const uint64_t by_txid = transaction.has_witness ? salt_.Of(transaction.txid.span()) : by_wtxid;
  for (auto& [id, peer] : core_.peers) {
    TransactionRelayPeer& state = peer->transactions;
    if (!peer->IsReady() || !state.possible) continue;
    CatchUp(*peer, heard_sequence_);
    if (!state.wanted) continue;
    if (state.known.Contains(peer->handshake.wtxid_relay ? by_wtxid : by_txid)) continue;
    state.queue.push_back(transaction.wtxid);
    hurry_ |= peer->Allows(kNoBanPermission);
  }
  heard_sequence_ = core_.pool.Sequence();
}

void TransactionRelay::AnnounceUnbroadcast() {
  for (const TransactionPtr& transaction : core_.pool.Unbroadcast()) Announce(*transaction);
}

TransactionRelay::Candidate TransactionRelay::CandidateOf(const PoolTransaction& pooled) {
  return {pooled.transaction, pooled.fee, pooled.virtual_size, pooled.ancestors};
}

/// Parents before children, better payers before worse ones.
bool TransactionRelay::ComesBefore(const Candidate& a, const Candidate& b) {
  if (a.ancestors != b.ancestors) return a.ancestors < b.ancestors;
  const double rate_a = static_cast<double>(a.fee) * static_cast<double>(b.virtual_size);
  const double rate_b = static_cast<double>(b.fee) * static_cast<double>(a.virtual_size);
  if (rate_a != rate_b) return rate_a > rate_b;
  return a.transaction->wtxid < b.transaction->wtxid;
}

bool TransactionRelay::PassesFilters(Peer& peer, const Candidate& candidate) const {
  TransactionRelayPeer& state = peer.transactions;
  const double least = std::ceil(static_cast<double>(state.fee_filter) *
                                 static_cast<double>(candidate.virtual_size) / 1000);
  if (static_cast<double>(candidate.fee) < least) return false;
  return state.bloom == nullptr || state.bloom->Match(*candidate.transaction);
}

void TransactionRelay::Append(Peer& peer, wire::Inv& inv, const Candidate& candidate) {
  const Transaction& transaction = *candidate.transaction;
  inv.items.push_back(peer.handshake.wtxid_relay ? wire::InvItem::Of(transaction.wtxid)
                                                 : wire::InvItem::Of(transaction.txid));
  MarkKnown(peer, {inv.items.back().hash});
  if (inv.items.size() < wire::kMostInvItems) return;
  core_.Send(peer, std::exchange(inv, {}));
}

void TransactionRelay::AppendPool(Peer& peer, wire::Inv& inv) {
  std::vector<Candidate> candidates;
  core_.pool.ForEach(
      [&](const PoolTransaction& pooled) { candidates.push_back(CandidateOf(pooled)); });
  std::sort(candidates.begin(), candidates.end(), ComesBefore);
  for (const Candidate& candidate : candidates) {
    if (PassesFilters(peer, candidate)) Append(peer, inv, candidate);
  }
  peer.transactions.queue.clear();
}

void TransactionRelay::AppendQueue(Peer& peer, wire::Inv& inv) {
  TransactionRelayPeer& state = peer.transactions;
  std::vector<Candidate> heap;
  heap.reserve(state.queue.size());
  for (const Wtxid& wtxid : state.queue) {
    const PoolTransaction* pooled = core_.pool.Find(wtxid);
    if (pooled != nullptr) heap.push_back(CandidateOf(*pooled));
  }
  // No more than the network can carry, but a peer that has fallen behind catches up.
  const size_t most = std::min(kMostPerInv, kLeastPerInv + heap.size() / 1000 * kMorePerThousand);
  const auto worse = [](const Candidate& a, const Candidate& b) { return ComesBefore(b, a); };
  std::make_heap(heap.begin(), heap.end(), worse);
  for (size_t announced = 0; announced < most && !heap.empty();) {
    std::pop_heap(heap.begin(), heap.end(), worse);
    const Candidate candidate = std::move(heap.back());
    heap.pop_back();
    const Transaction& transaction = *candidate.transaction;
    const uint64_t digest =
        salt_.Of(peer.handshake.wtxid_relay ? transaction.wtxid.span() : transaction.txid.span());
    if (state.known.Contains(digest) || !PassesFilters(peer, candidate)) continue;
    Append(peer, inv, candidate);
    ++announced;
  }
  state.queue.clear();
  for (const Candidate& candidate : heap) state.queue.push_back(candidate.transaction->wtxid);
}

void TransactionRelay::Trickle(Peer& peer) {
  TransactionRelayPeer& state = peer.transactions;
  if (state.next_inv <= core_.now) state.next_inv = DrawNext(peer);
  wire::Inv inv;
  if (!state.wanted) state.queue.clear();
  if (std::exchange(state.wants_pool, false)) AppendPool(peer, inv);
  AppendQueue(peer, inv);
  if (!inv.items.empty()) core_.Send(peer, std::move(inv));
  state.last_inv_sequence = core_.pool.Sequence();
}

void TransactionRelay::Settle() {
  if (!std::exchange(hurry_, false)) return;
  for (auto& [id, peer] : core_.peers) {
    if (!peer->Allows(kNoBanPermission) || !IsPending(*peer)) continue;
    if (core_.HasRoom(*peer)) Trickle(*peer);
    hurry_ |= IsPending(*peer);
  }
}

void TransactionRelay::Advance() {
  for (auto& [id, peer] : core_.peers) {
    if (core_.now >= DeadlineOf(*peer)) Trickle(*peer);
  }
  if (core_.now < next_unbroadcast_) return;
  AnnounceUnbroadcast();
  const auto spread = static_cast<uint64_t>(kUnbroadcastSpread.count());
  next_unbroadcast_ = core_.now + kUnbroadcastInterval + Duration(core_.random.Below(spread));
}

Instant TransactionRelay::DeadlineOf(const Peer& peer) const {
  return IsPending(peer) && core_.HasRoom(peer) ? peer.transactions.next_inv : kNever;
}

void TransactionRelay::OnTipChanged() {
  recent_index_.clear();
  recent_block_ = core_.chain.RecentBlock(core_.chain.View()->tip->hash);
}

/// A transaction that has just been mined is still served to those who were told of it.
TransactionPtr TransactionRelay::InRecentBlock(const TransactionHash& hash) {
  if (recent_block_ == nullptr) return nullptr;
  if (recent_index_.empty()) {
    for (const Transaction& transaction : recent_block_->transactions()) {
      recent_index_.emplace_back(AnyHash(transaction.txid), &transaction);
      if (transaction.has_witness) {
        recent_index_.emplace_back(AnyHash(transaction.wtxid), &transaction);
      }
    }
    std::sort(recent_index_.begin(), recent_index_.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
  }
  const auto found =
      std::lower_bound(recent_index_.begin(), recent_index_.end(), hash,
                       [](const auto& item, const auto& wanted) { return item.first < wanted; });
  if (found == recent_index_.end() || found->first != hash) return nullptr;
  return {recent_block_, found->second};
}

bool TransactionRelay::Serve(Peer& peer, const wire::InvItem& item) {
  TransactionRelayPeer& state = peer.transactions;
  if (!state.possible) return true;  // not a word of transactions on such a connection
  CatchUp(peer, core_.pool.Sequence());
  const TransactionName name = TransactionName::Of(item);
  const PoolTransaction* pooled =
      name.by_wtxid ? core_.pool.Find(name.wtxid()) : core_.pool.Find(name.txid());
  TransactionPtr transaction;
  if (pooled != nullptr && pooled->sequence <= state.last_inv_sequence) {
    transaction = pooled->transaction;
  } else {
    transaction = InRecentBlock(name.hash);
  }
  if (transaction == nullptr) return false;
  const Txid txid = transaction->txid;
  if (item.type == wire::InvItem::kTx && transaction->has_witness) {
    core_.Send(peer, StrippedMessage(*transaction));
  } else {
    core_.Send(peer, wire::TxMessage{std::move(transaction)});
  }
  core_.pool.ForgetUnbroadcast(txid);
  return true;
}

void TransactionRelay::OnFeeFilter(Peer& peer, const wire::FeeFilter& message) {
  if (IsMoney(message.per_kvb)) peer.transactions.fee_filter = message.per_kvb;
}

void TransactionRelay::OnGetMempool(Peer& peer) {
  if (!OffersBloom(core_, peer) && !peer.Allows(kMempoolPermission)) {
    if (peer.Allows(kNoBanPermission)) return;
    return core_.Disconnect(peer, "mempool request with bloom filters disabled");
  }
  if (core_.effects.UploadTargetReached(false) && !peer.Allows(kMempoolPermission)) {
    if (peer.Allows(kNoBanPermission)) return;
    return core_.Disconnect(peer, "mempool request with bandwidth limit reached");
  }
  if (!peer.transactions.possible) return;
  peer.transactions.wants_pool = true;
  hurry_ |= peer.Allows(kNoBanPermission);
}

bool TransactionRelay::MayUseBloom(Peer& peer, std::string_view command) {
  if (OffersBloom(core_, peer)) return true;
  core_.Disconnect(peer, std::string(command) + " received despite not offering bloom services");
  return false;
}

void TransactionRelay::OnFilterLoad(Peer& peer, wire::FilterLoad message) {
  if (!MayUseBloom(peer, wire::FilterLoad::kCommand) || !peer.transactions.possible) return;
  peer.transactions.bloom = std::make_unique<wire::BloomFilter>(std::move(message));
  peer.transactions.wanted = true;
}

void TransactionRelay::OnFilterAdd(Peer& peer, const wire::FilterAdd& message) {
  if (!MayUseBloom(peer, wire::FilterAdd::kCommand) || !peer.transactions.possible) return;
  if (peer.transactions.bloom == nullptr) return core_.Misbehaved(peer, "bad filteradd message");
  peer.transactions.bloom->Insert(message.element);
}

void TransactionRelay::OnFilterClear(Peer& peer) {
  if (!MayUseBloom(peer, wire::FilterClear::kCommand) || !peer.transactions.possible) return;
  peer.transactions.bloom.reset();
  peer.transactions.wanted = true;
}

}  // namespace cairn::p2p
