#include "src/p2p/transaction_download.h"

#include <algorithm>

#include "cairn/base/log.h"
#include "src/p2p/peer.h"

namespace cairn::p2p {
namespace {

constexpr size_t kMostRefused = 120'000;
constexpr size_t kMostMined = 48'000;
/// Of the blocks that a change of the tip brings, so many are looked at.
constexpr int kMostBlocks = 16;
/// Of transactions of one peer that are with the pool.
constexpr size_t kMostJudgedBytes = 1'000'000;

}  // namespace

TransactionDownload::TransactionDownload(Core& core, TransactionRelay& relay)
    : core_(core),
      relay_(relay),
      salt_(Salt::From(core.random)),
      requests_(Salt::From(core.random)),
      orphans_({core.settings.orphan_transactions, core.settings.orphan_bytes}),
      refused_(kMostRefused),
      reconsiderable_(kMostRefused),
      mined_(kMostMined) {}

void TransactionDownload::OnGone(Peer& peer) {
  requests_.Disconnected(peer.id());
  orphans_.EraseOf(peer.id());
}

bool TransactionDownload::IsJudged(const TransactionHash& hash) const {
  return judged_any_.contains(hash);
}

bool TransactionDownload::AlreadyHave(const TransactionName& name, bool reconsiderable_too) const {
  // An orphan is never looked up by its txid: one with a spoilt witness would keep us from the
  // right one. Without witness the txid is the wtxid, so that one question serves both.
  if (orphans_.Contains(name.wtxid())) return true;
  if (reconsiderable_too && IsIn(reconsiderable_, name.hash)) return true;
  if (IsIn(mined_, name.hash) || IsIn(refused_, name.hash)) return true;
  return name.by_wtxid ? core_.pool.Contains(name.wtxid()) : core_.pool.Contains(name.txid());
}

bool TransactionDownload::WtxidPeersExist() const {
  return std::any_of(core_.peers.begin(), core_.peers.end(),
                     [](const auto& peer) { return peer.second->handshake.wtxid_relay; });
}

void TransactionDownload::Announced(Peer& peer, const TransactionName& name,
                                    bool wtxid_peers_exist) {
  const bool trusted = peer.Allows(kRelayPermission);
  if (!trusted && requests_.CountOf(peer.id()) >= kMostAnnouncements) return;
  // Who chose us waits for those that we chose; a txid waits, as it does not tell of malleation;
  // and who leaves us waiting for many transactions is no longer asked first.
  const bool preferred = peer.IsPreferred() && peer.ServesBlocks();
  Duration delay{0};
  if (!preferred) delay += kDelay;
  if (!name.by_wtxid && wtxid_peers_exist) delay += kDelay;
  if (!trusted && requests_.InFlightOf(peer.id()) >= kMostInFlight) delay += kDelay;
  requests_.Announced(peer.id(), name, preferred, core_.now + delay);
}

void TransactionDownload::OnInv(Peer& peer, std::span<const wire::InvItem> items) {
  const bool far_behind = core_.chain.IsInitialBlockDownload();
  const bool wtxid_peers_exist = WtxidPeersExist();
  const uint32_t other_type = peer.handshake.wtxid_relay ? wire::InvItem::kTx : wire::InvItem::kWtx;
  for (const wire::InvItem& item : items) {
    // BIP339: one or the other; what does not fit is passed over.
    if (!item.IsTransaction() || item.type == other_type) continue;
    if (!peer.MaySendTransactions(core_.settings)) {
      return core_.Disconnect(peer, "transaction inv sent in violation of protocol");
    }
    const TransactionName name = TransactionName::Of(item);
    relay_.MarkKnown(peer, name.hash);
    if (far_behind || AlreadyHave(name, true)) continue;
    Announced(peer, name, wtxid_peers_exist);
  }
}

void TransactionDownload::OnNotFound(Peer& peer, std::span<const wire::InvItem> items) {
  if (items.size() > kMostAnnouncements + BlockSync::kPerPeer) return;
  for (const wire::InvItem& item : items) {
    if (item.IsTransaction()) requests_.Answered(peer.id(), {item.hash});
  }
}

void TransactionDownload::Settle() {
  for (const auto& [peer, hash] : requests_.Advance(core_.now)) {
    LOG_DEBUG(log::kNet, "timeout of inflight tx {} from peer={}", hash.ToString(), peer);
  }
  const std::set<PeerId> wanted = requests_.Wanted();
  for (const PeerId id : wanted) {
    Peer* peer = core_.Find(id);
    if (peer != nullptr && peer->IsReady()) Ask(*peer);
  }
  for (const PeerId id : orphans_.Workers()) {
    if (Peer* peer = core_.Find(id)) RetryOrphan(*peer);
  }
}

void TransactionDownload::Ask(Peer& peer) {
  const uint32_t by_txid =
      peer.Offers(wire::kNodeWitness) ? wire::InvItem::kWitnessTx : wire::InvItem::kTx;
  wire::GetData request;
  for (const TransactionName& name : requests_.WantedFrom(peer.id())) {
    if (IsJudged(name.hash)) continue;  // the verdict decides
    if (AlreadyHave(name, false)) {
      requests_.Forget(name.hash);
      continue;
    }
    requests_.Requested(peer.id(), name.hash, core_.now + kPatience);
    request.items.push_back({name.by_wtxid ? wire::InvItem::kWtx : by_txid, name.hash.bytes});
    if (request.items.size() < kMostPerGetData) continue;
    core_.Send(peer, std::exchange(request, {}));
  }
  if (!request.items.empty()) core_.Send(peer, std::move(request));
}

void TransactionDownload::Answered(PeerId peer, const Transaction& transaction) {
  requests_.Answered(peer, AnyHash(transaction.txid));
  if (transaction.has_witness) requests_.Answered(peer, AnyHash(transaction.wtxid));
}

void TransactionDownload::ForgetRequests(const Transaction& transaction) {
  requests_.Forget(AnyHash(transaction.txid));
  if (transaction.has_witness) requests_.Forget(AnyHash(transaction.wtxid));
}

void TransactionDownload::OnTransaction(Peer& peer, TransactionPtr transaction) {
  if (!peer.MaySendTransactions(core_.settings)) {
    return core_.Disconnect(peer, "transaction sent in violation of protocol");
  }
  if (core_.chain.IsInitialBlockDownload()) return;
  relay_.MarkKnown(
      peer, peer.handshake.wtxid_relay ? AnyHash(transaction->wtxid) : AnyHash(transaction->txid));
  // By wtxid: what is remembered of a txid is rarely about its witness.
  if (!AlreadyHave(TransactionName::Of(transaction->wtxid), true)) {
    return Submit(peer, std::move(transaction));
  }
  Answered(peer.id(), *transaction);
  // By itself it paid too little; a child may have come since.
  if (IsIn(reconsiderable_, AnyHash(transaction->wtxid))) SubmitWithChild(peer, transaction);
  // A gateway for nodes that are hidden behind it: what it sends is told to all once more.
  if (peer.Allows(kForceRelayPermission) && core_.pool.Contains(transaction->txid)) {
    relay_.Announce(*transaction);
  }
}

/// The pool's queue is shared: nobody fills it.
bool TransactionDownload::MayFollow(const Peer& peer) const {
  return peer.awaited_count < kMostJudged && peer.download.judged_bytes < kMostJudgedBytes;
}

bool TransactionDownload::WaitsForJudgement(Peer& peer, const Transaction& transaction) {
  const auto judged = judged_.find(transaction.wtxid);
  if (judged == judged_.end()) return false;
  core_.Await(peer, Awaited::kTransaction);
  judged->second.waiting.push_back(peer.id());
  return true;
}

void TransactionDownload::BeginJudgement(PeerId sender, const Transaction& transaction) {
  judged_[transaction.wtxid].sender = sender;
  ++judged_any_[AnyHash(transaction.txid)];
  ++judged_any_[AnyHash(transaction.wtxid)];
}

void TransactionDownload::EndJudgement(const Transaction& transaction,
                                       std::vector<PeerId>& waiting) {
  const auto judged = judged_.find(transaction.wtxid);
  if (judged == judged_.end()) return;
  for (const PeerId id : judged->second.waiting) {
    waiting.push_back(id);
    Answered(id, transaction);
    Peer* peer = core_.Find(id);
    if (peer != nullptr && peer->download.retried == transaction.wtxid) {
      peer->download.retried.reset();
    }
  }
  judged_.erase(judged);
  for (const TransactionHash& hash : {AnyHash(transaction.txid), AnyHash(transaction.wtxid)}) {
    if (--judged_any_[hash] == 0) judged_any_.erase(hash);
  }
}

void TransactionDownload::Submit(Peer& peer, TransactionPtr transaction) {
  if (WaitsForJudgement(peer, *transaction)) return;
  core_.Await(peer, Awaited::kTransaction);
  peer.download.judged_bytes += transaction->bytes.size();
  BeginJudgement(peer.id(), *transaction);
  core_.effects.SubmitTransaction(peer.id(), std::move(transaction));
}

std::vector<PeerId> TransactionDownload::OnVerdict(PeerId id, Peer* peer,
                                                   const TransactionPtr& transaction,
                                                   const TransactionVerdict& verdict) {
  std::vector<PeerId> waiting;
  EndJudgement(*transaction, waiting);
  if (peer != nullptr) {
    if (peer->download.retried == transaction->wtxid) peer->download.retried.reset();
    peer->download.judged_bytes -= transaction->bytes.size();
  }
  Answered(id, *transaction);
  if (verdict.fate == TransactionFate::kOrphan) {
    if (peer == nullptr || !peer->IsReady()) return waiting;
    if (++peer->download.orphans < kMostOrphans || peer->Allows(kNoBanPermission)) {
      KeepOrphan(*peer, transaction);
    } else {
      core_.Disconnect(*peer, "sends nothing but transactions without parents");
    }
    return waiting;
  }
  Conclude(id, transaction, verdict);
  if (verdict.fate == TransactionFate::kReconsiderable && peer != nullptr && peer->IsReady()) {
    SubmitWithChild(*peer, transaction);
  }
  return waiting;
}

/// What is remembered of it, and what its sender deserves.
void TransactionDownload::Conclude(PeerId id, const TransactionPtr& transaction,
                                   const TransactionVerdict& verdict) {
  Peer* peer = core_.Find(id);
  switch (verdict.fate) {
    case TransactionFate::kAccepted:
      if (peer != nullptr) {
        peer->download.last_transaction = core_.now;
        peer->download.orphans = 0;
      }
      OnAdded(*transaction);
      break;
    case TransactionFate::kKnown:
      ForgetRequests(*transaction);
      orphans_.Erase(transaction->wtxid);
      break;
    case TransactionFate::kInvalid:
    case TransactionFate::kPolicy:
    case TransactionFate::kPolicyInputs:
    case TransactionFate::kWitnessStripped:
    case TransactionFate::kReconsiderable:
      LOG_DEBUG(log::kMempoolRej, "{} (wtxid={}) from peer={} was not accepted: {}",
                transaction->txid.ToString(), transaction->wtxid.ToString(), id, verdict.reason);
      Refuse(*transaction, verdict);
      if (verdict.fate == TransactionFate::kInvalid && peer != nullptr) {
        core_.Misbehaved(*peer, "invalid transaction: " + verdict.reason);
      }
      break;
    case TransactionFate::kOrphan:
    case TransactionFate::kFailed: break;
  }
}

// -- pairs --

uint64_t TransactionDownload::DigestOf(const Transaction& parent, const Transaction& child) const {
  Bytes both(parent.wtxid.bytes.begin(), parent.wtxid.bytes.end());
  both.insert(both.end(), child.wtxid.bytes.begin(), child.wtxid.bytes.end());
  return salt_.Of(both);
}

/// Children that the peer itself sent come first, so that others who send many cannot hide them;
/// and of those the latest, which pays the most if they replace each other.
TransactionPtr TransactionDownload::ChildFor(const Peer& peer, const TransactionPtr& parent) {
  std::vector<TransactionPtr> candidates;
  std::vector<TransactionPtr> of_others;
  for (Orphanage::Child& child : orphans_.ChildrenOf(*parent)) {
    auto& list = child.peer == peer.id() ? candidates : of_others;
    list.push_back(std::move(child.transaction));
  }
  std::reverse(candidates.begin(), candidates.end());
  core_.random.Shuffle(of_others);
  candidates.insert(candidates.end(), of_others.begin(), of_others.end());
  for (TransactionPtr& child : candidates) {
    if (reconsiderable_.Contains(DigestOf(*parent, *child)) || judged_.contains(child->wtxid) ||
        IsIn(refused_, AnyHash(child->txid))) {
      continue;
    }
    return std::move(child);
  }
  return nullptr;
}

void TransactionDownload::SubmitWithChild(Peer& peer, const TransactionPtr& parent) {
  if (WaitsForJudgement(peer, *parent)) return;
  const TransactionPtr child = ChildFor(peer, parent);
  if (child == nullptr) return;
  LOG_DEBUG(log::kMempool, "trying {} from peer={} with its child {}", parent->txid.ToString(),
            peer.id(), child->txid.ToString());
  core_.Await(peer, Awaited::kTransaction);
  peer.download.judged_bytes += parent->bytes.size() + child->bytes.size();
  BeginJudgement(peer.id(), *parent);
  BeginJudgement(orphans_.SenderOf(child->wtxid), *child);
  core_.effects.SubmitPair(peer.id(), parent, child);
}

std::vector<PeerId> TransactionDownload::OnPairVerdict(PeerId id, const TransactionPtr& parent,
                                                       const TransactionPtr& child,
                                                       const PairVerdict& verdict) {
  const auto judged = judged_.find(child->wtxid);
  const PeerId sender_of_child = judged != judged_.end() ? judged->second.sender : id;
  std::vector<PeerId> waiting;
  EndJudgement(*parent, waiting);
  EndJudgement(*child, waiting);
  if (Peer* peer = core_.Find(id)) {
    peer->download.judged_bytes -= parent->bytes.size() + child->bytes.size();
  }
  if (!verdict.reason.empty()) reconsiderable_.Insert(DigestOf(*parent, *child));
  // The child first: once it is no orphan any more, its parent's arrival is no news to it.
  Conclude(sender_of_child, child, verdict.child);
  Conclude(id, parent, verdict.parent);
  return waiting;
}

void TransactionDownload::OnAdded(const Transaction& transaction) {
  ForgetRequests(transaction);
  orphans_.AddWork(transaction);
  orphans_.Erase(transaction.wtxid);
}

void TransactionDownload::Refuse(const Transaction& transaction,
                                 const TransactionVerdict& verdict) {
  orphans_.Erase(transaction.wtxid);
  // Anybody can take the witness off: that says nothing, not even of the wtxid, which is the txid.
  if (verdict.fate == TransactionFate::kWitnessStripped) return;
  const TransactionHash wtxid = AnyHash(transaction.wtxid);
  Insert(verdict.fate == TransactionFate::kReconsiderable ? reconsiderable_ : refused_, wtxid);
  requests_.Forget(wtxid);
  if (verdict.fate == TransactionFate::kPolicyInputs && transaction.has_witness) {
    Insert(refused_, AnyHash(transaction.txid));
    requests_.Forget(AnyHash(transaction.txid));
  }
}

std::vector<Txid> TransactionDownload::ParentsOf(const Transaction& transaction) const {
  std::vector<Txid> parents;
  for (const TxIn& input : transaction.inputs) parents.push_back(input.prevout.txid);
  std::sort(parents.begin(), parents.end());
  parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
  return parents;
}

bool TransactionDownload::HasRefusedParent(const std::vector<Txid>& parents) const {
  int for_fees = 0;
  for (const Txid& parent : parents) {
    if (IsIn(refused_, AnyHash(parent))) return true;
    if (IsIn(reconsiderable_, AnyHash(parent)) && !core_.pool.Contains(parent)) ++for_fees;
  }
  return for_fees > 1;  // a child can pay for one
}

void TransactionDownload::KeepOrphan(Peer& peer, const TransactionPtr& transaction) {
  if (orphans_.Contains(transaction->wtxid)) return;  // another parent is missing still
  const std::vector<Txid> parents = ParentsOf(*transaction);
  if (HasRefusedParent(parents)) {
    LOG_DEBUG(log::kMempool, "not keeping orphan with rejected parents {} (wtxid={})",
              transaction->txid.ToString(), transaction->wtxid.ToString());
    // Whatever its witness.
    Insert(refused_, AnyHash(transaction->txid));
    Insert(refused_, AnyHash(transaction->wtxid));
    return ForgetRequests(*transaction);
  }
  const bool wtxid_peers_exist = WtxidPeersExist();
  for (const Txid& parent : parents) {
    const TransactionName name = TransactionName::Of(parent);
    relay_.MarkKnown(peer, name.hash);
    if (AlreadyHave(name, false) || IsJudged(name.hash) || core_.pool.KnowsParent(parent)) continue;
    Announced(peer, name, wtxid_peers_exist);
  }
  orphans_.Add(transaction, peer.id(), core_.now);
  ForgetRequests(*transaction);
  const size_t removed = orphans_.Shrink(core_.random);
  if (removed > 0) LOG_DEBUG(log::kMempool, "orphanage overflow, removed {} tx", removed);
}

/// One at a time, and none before what the peer sent earlier has been dealt with.
void TransactionDownload::RetryOrphan(Peer& peer) {
  if (peer.disconnecting || peer.download.retried.has_value()) return;
  if (peer.awaited != Awaited::kNothing && peer.awaited != Awaited::kTransaction) return;
  TransactionPtr orphan = orphans_.TakeWork(peer.id());
  if (orphan == nullptr) return;
  peer.download.retried = orphan->wtxid;
  Submit(peer, std::move(orphan));
}

void TransactionDownload::Mined(const Block& block) {
  for (const Transaction& transaction : block.transactions()) {
    Insert(mined_, AnyHash(transaction.txid));
    if (transaction.has_witness) Insert(mined_, AnyHash(transaction.wtxid));
    ForgetRequests(transaction);
  }
  const size_t erased = orphans_.EraseFor(block);
  if (erased > 0)
    LOG_DEBUG(log::kMempool, "erased {} orphans included or conflicted by block", erased);
}

void TransactionDownload::OnTipChanged() {
  const ledger::HeaderEntry* before = tip_;
  tip_ = core_.chain.View()->tip;
  if (tip_ == before) return;
  // What was refused may be valid on another tip.
  refused_.Clear();
  reconsiderable_.Clear();
  const ledger::HeaderEntry* fork = before == nullptr ? tip_->parent : FindFork(before, tip_);
  if (before != nullptr && fork != before) mined_.Clear();  // it may be to be mined once more
  const ledger::HeaderEntry* at = tip_;
  for (int count = 0; count < kMostBlocks && at != nullptr && at != fork; ++count) {
    if (const BlockPtr block = core_.chain.RecentBlock(at->hash)) Mined(*block);
    at = at->parent;
  }
}

void TransactionDownload::Advance() { orphans_.Advance(core_.now); }

Instant TransactionDownload::NextDeadline() const {
  return std::min(requests_.NextDeadline(), orphans_.NextDeadline());
}

size_t TransactionDownload::MemoryUseOf(PeerId peer) const {
  return requests_.MemoryUseOf(peer) + orphans_.BytesOf(peer);
}

}  // namespace cairn::p2p
