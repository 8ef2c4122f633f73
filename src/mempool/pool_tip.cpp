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
  Move move;
  move.fork = ledger::FindFork(from, to);
  move.reorganised = move.fork != from || !postponed_.empty();
  for (const HeaderEntry* block = from; block != move.fork; block = block->parent) {
    TakeOff(block, &move);
  }
  move.returned.insert(move.returned.begin(), postponed_.begin(), postponed_.end());
  // While the chain is first downloaded, no block is read, nor does any teach what fees are.
  move.untouched = graph_.empty() && deltas_.empty() && move.returned.empty();
  return move;
}

/// Adds the transactions of a block that is no longer in the chain, before those of the blocks
/// above.
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
    if (!tx) continue;
    move->returned_bytes += raw.size();
    move->returned.push_front(*std::move(tx));
    while (move->returned_bytes > kMaxReturnedBytes) DropReturned(move);
  }
}

/// Of too many the first ones are kept: later ones may spend them, not the other way.
void PoolThread::DropReturned(Move* move) const {
  const TransactionPtr tx = std::move(move->returned.back());
  move->returned.pop_back();
  move->returned_bytes -= tx->bytes.size();
  for (uint32_t i = 0; i < tx->outputs.size(); ++i) {
    const Node* child = graph_.SpenderOf({tx->txid, i});
    if (child != nullptr) move->orphaned.push_back(child->txid());
  }
}

/// Null if it cannot be read.
BlockPtr PoolThread::ReadConnected(const HeaderEntry& entry) const {
  const auto bytes = ledger_.ReadBlock(entry);
  auto block = bytes ? Block::Parse(*bytes) : tl::unexpected(bytes.error());
  if (block) return *std::move(block);
  LOG_WARNING("The mempool cannot read block {}: {}", entry.hash, block.error().message);
  return nullptr;
}

/// Blocks are read one by one: a move may bring thousands.
void PoolThread::MoveTo(const ChainViewPtr& next, Move move) {
  const HeaderEntry* to = next->tip;
  const bool is_silent = move.untouched && ledger_.IsInitialBlockDownload();
  const int first = move.fork->height + 1;
  std::unordered_set<Txid, UnsaltedHasher> taken_off;
  for (const TransactionPtr& tx : move.returned) taken_off.insert(tx->txid);
  std::unordered_set<Txid, UnsaltedHasher> confirmed;  // of those, again
  int height = is_silent ? to->height + 1 : first;
  do {
    const bool brings = height <= to->height;
    const BlockPtr block =
        brings && !move.untouched ? ReadConnected(*to->Ancestor(height)) : nullptr;
    base::MutexLock lock(mutex_);
    moving_ = true;
    view_ = next;
    if (brings) {
      fees_.BlockCame(height, block == nullptr ? std::vector<Txid>() : RemoveMined(*block));
      if (!taken_off.empty() && block != nullptr) {
        for (const Transaction& tx : block->transactions()) {
          if (taken_off.contains(tx.txid)) confirmed.insert(tx.txid);
        }
      }
    }
    if (height < to->height) continue;
    if (brings || !move.reorganised) minimum_.NoteBlock(clock_.Now());
    if (!move.reorganised) {
      moving_ = false;
      return;
    }
  } while (++height <= to->height);
  std::erase_if(move.returned,
                [&](const TransactionPtr& tx) { return confirmed.contains(tx->txid); });
  Return(move.returned);
  RemoveWhatBecameInvalid(move.orphaned);
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

void PoolThread::Return(const std::deque<TransactionPtr>& transactions) {
  postponed_.clear();
  for (const TransactionPtr& tx : transactions) {
    Proposal proposal = Propose(tx, {Origin::Source::kBlock});
    proposal.view = view_;
    if (!admitter_.Judge(&proposal)) {
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

void PoolThread::RemoveWhatBecameInvalid(const std::vector<Txid>& orphaned) {
  NodeSet invalid;
  for (const Txid& txid : orphaned) {
    const Node* node = graph_.Find(txid);
    SpentCoins coins;  // the parent may be in the new chain, too
    if (node == nullptr || invalid.Has(node) ||
        coins.Find(*node->tx, graph_, ledger_, view_->Height()) == CoinSearch::kFound) {
      continue;
    }
    graph_.AddDescendants(node, invalid);
  }
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
