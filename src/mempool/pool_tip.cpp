// How the pool follows the chain: what a block confirms leaves, what a reorganisation takes off
// comes back, and what the new chain forbids goes.
#include <algorithm>
#include <unordered_set>

#include "cairn/base/log.h"
#include "consensus/rules/spending.h"
#include "consensus/rules/transaction.h"
#include "src/mempool/pool_thread.h"
#include "src/mempool/spent_coins.h"

namespace cairn::mempool {

using consensus::ScriptFlags;
using ledger::ChainViewPtr;
using ledger::HeaderEntry;

void PoolThread::CatchUp() {
  while (true) {
    const ChainViewPtr next = ledger_.View();
    if ((next->tip == view_->tip && postponed_.empty()) || stopping_) return;
    MoveTo(next, ReadMove(view_->tip, next->tip));
    Deliver();
  }
}

PoolThread::Move PoolThread::ReadMove(const HeaderEntry* from, const HeaderEntry* to) const {
  const HeaderEntry* fork = ledger::FindFork(from, to);
  Move move;
  move.reorganised = fork != from || !postponed_.empty();
  for (const HeaderEntry* block = from; block != fork; block = block->parent) TakeOff(block, &move);
  std::reverse(move.returned.begin(), move.returned.end());
  move.returned.insert(move.returned.begin(), postponed_.begin(), postponed_.end());
  // While the chain is first downloaded, no block is read, nor does any teach what fees are.
  const bool untouched = graph_.empty() && deltas_.empty() && move.returned.empty();
  if (untouched && ledger_.IsInitialBlockDownload()) return move;
  for (int height = fork->height + 1; height <= to->height; ++height) {
    Connected& connected = move.connected.emplace_back(Connected{height, nullptr});
    if (untouched) continue;  // blocks cannot touch an empty pool
    const auto bytes = ledger_.ReadBlock(*to->Ancestor(height));
    auto block = bytes ? Block::Parse(*bytes) : tl::unexpected(bytes.error());
    if (block) {
      connected.block = *std::move(block);
    } else {
      LOG_WARNING("The mempool cannot read block {}: {}", to->Ancestor(height)->hash,
                  block.error().message);
    }
  }
  return move;
}

/// Adds the transactions of a block that is no longer in the chain, the last one first.
void PoolThread::TakeOff(const HeaderEntry* block, Move* move) const {
  const auto bytes = ledger_.ReadBlock(*block);
  if (!bytes) return;  // pruned: nobody can bring it back
  const auto parsed = Block::Parse(*bytes);
  if (!parsed) return;
  const auto transactions = (*parsed)->transactions();
  for (size_t i = transactions.size() - 1; i > 0; --i) {
    const ByteSpan raw = transactions[i].bytes;
    // Of its own, so that it does not keep the whole block in memory.
    auto tx = ParseTransaction(Bytes(raw.begin(), raw.end()));
    if (tx) move->returned.push_back(*std::move(tx));
  }
}

void PoolThread::MoveTo(const ChainViewPtr& next, Move move) {
  std::unordered_set<Txid, UnsaltedHasher> confirmed;
  {
    base::MutexLock lock(mutex_);
    moving_ = true;
    view_ = next;
    for (const auto& [height, block] : move.connected) {
      const std::vector<Txid> taken = block == nullptr ? std::vector<Txid>() : RemoveMined(*block);
      fees_.BlockCame(height, taken);
      if (move.returned.empty() || block == nullptr) continue;
      for (const Transaction& tx : block->transactions()) confirmed.insert(tx.txid);
    }
    if (!move.connected.empty() || !move.reorganised) minimum_.NoteBlock(clock_.Now());
    if (!move.reorganised) {
      moving_ = false;
      return;
    }
  }
  std::erase_if(move.returned,
                [&](const TransactionPtr& tx) { return confirmed.contains(tx->txid); });
  Return(move.returned);
  RemoveWhatBecameInvalid();
  base::MutexLock lock(mutex_);
  LimitFamilies();
  LimitSize();
  moving_ = false;
}

std::vector<Txid> PoolThread::RemoveMined(const Block& block) {
  std::vector<Txid> taken;
  for (const Transaction& tx : block.transactions()) {
    if (const Node* node = graph_.Find(tx.txid); node != nullptr) {
      taken.push_back(tx.txid);
      RemoveOne(node, RemovalReason::kBlock);
    }
    for (const TxIn& input : tx.inputs) {
      const Node* rival = graph_.SpenderOf(input.prevout);
      if (rival != nullptr) RemoveFamily(rival, RemovalReason::kConflict);
    }
    deltas_.erase(tx.txid);
  }
  return taken;
}

void PoolThread::Return(const std::vector<TransactionPtr>& transactions) {
  // The first ones are kept where there are too many: later ones may spend them, not the other way.
  size_t bytes = 0;
  postponed_.clear();
  for (const TransactionPtr& tx : transactions) {
    bytes += tx->bytes.size();
    Proposal proposal = Propose(tx, {Origin::Source::kBlock});
    proposal.view = view_;
    const bool fits = bytes <= kMaxReturnedBytes;
    if (fits && !admitter_.Judge(&proposal)) {
      postponed_.push_back(tx);  // the tip has moved on meanwhile
      continue;
    }
    base::MutexLock lock(mutex_);
    if (proposal.result.Accepted()) {
      Enter(&proposal);
      continue;
    }
    if (graph_.Find(tx->txid) != nullptr) continue;
    // What spends it has lost a coin.
    for (uint32_t i = 0; i < tx->outputs.size(); ++i) {
      const Node* child = graph_.SpenderOf({tx->txid, i});
      if (child != nullptr) RemoveFamily(child, RemovalReason::kReorganisation);
    }
  }
}

void PoolThread::RemoveWhatBecameInvalid() {
  NodeSet invalid;
  for (const Node* node : graph_.InOrder()) {
    if (invalid.Has(node) || IsStillValid(*node, *view_)) continue;
    graph_.AddDescendants(node, invalid);
  }
  base::MutexLock lock(mutex_);
  RemoveAll(invalid, RemovalReason::kReorganisation);
}

bool PoolThread::IsStillValid(const Node& node, const ledger::ChainView& view) const {
  const Transaction& tx = *node.tx;
  const int height = view.Height() + 1;
  if (!consensus::IsFinal(tx, height, view.tip->median_time)) return false;
  const bool has_locks = consensus::HasRelativeLocks(tx) &&
                         std::any_of(tx.inputs.begin(), tx.inputs.end(), [](const TxIn& input) {
                           return (input.sequence & consensus::kSequenceDisabled) == 0;
                         });
  if (!has_locks && !node.spends_coinbase) return true;
  SpentCoins coins;
  if (coins.Find(tx, graph_, ledger_, view.Height()) != CoinSearch::kFound) return false;
  const ledger::EntryAncestors ancestors(view.tip);
  return consensus::HasReachedSequenceLocks(
             {tx, coins.coins(), ancestors, ScriptFlags::kCheckSequenceVerify}) &&
         consensus::CheckSpending(tx, coins.coins(), height, *view.params).has_value();
}

}  // namespace cairn::mempool
