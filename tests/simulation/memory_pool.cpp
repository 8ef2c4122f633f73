#include "tests/simulation/memory_pool.h"

#include <algorithm>

#include "tests/simulation/mint.h"

namespace cairn::simulation {

const p2p::PoolTransaction* MemoryPool::Find(const Wtxid& wtxid) const {
  const auto found = by_wtxid_.find(wtxid);
  return found == by_wtxid_.end() ? nullptr : &found->second;
}

const p2p::PoolTransaction* MemoryPool::Find(const Txid& txid) const {
  const auto found = by_txid_.find(txid);
  return found == by_txid_.end() ? nullptr : Find(found->second);
}

bool MemoryPool::KnowsParent(const Txid& txid) const {
  return Mint::IsConfirmed(txid) || by_txid_.contains(txid) || confirmed_.contains(txid);
}

void MemoryPool::ForEach(const std::function<void(const p2p::PoolTransaction&)>& visit) const {
  for (const auto& [wtxid, transaction] : by_wtxid_) visit(transaction);
}

p2p::TransactionVerdict MemoryPool::Submit(const TransactionPtr& transaction, p2p::Instant now) {
  p2p::TransactionVerdict verdict;
  verdict.fate = p2p::TransactionFate::kKnown;
  if (by_wtxid_.contains(transaction->wtxid) || confirmed_.contains(transaction->txid)) {
    return verdict;
  }
  const bool complete =
      std::all_of(transaction->inputs.begin(), transaction->inputs.end(),
                  [&](const TxIn& input) { return KnowsParent(input.prevout.txid); });
  verdict.fate = p2p::TransactionFate::kOrphan;
  verdict.reason = "bad-txns-inputs-missingorspent";
  if (!complete) return verdict;
  p2p::PoolTransaction entry;
  entry.transaction = transaction;
  entry.virtual_size = transaction->VirtualSize();
  entry.fee = entry.virtual_size * 10;
  entry.added = now;
  entry.ancestors = 1;
  by_wtxid_.emplace(transaction->wtxid, entry);
  by_txid_.emplace(transaction->txid, transaction->wtxid);
  verdict.fate = p2p::TransactionFate::kAccepted;
  verdict.reason.clear();
  return verdict;
}

void MemoryPool::Confirm(const Block& block) {
  for (const Transaction& transaction : block.transactions()) {
    if (transaction.IsCoinbase()) continue;
    by_wtxid_.erase(transaction.wtxid);
    by_txid_.erase(transaction.txid);
    confirmed_.insert(transaction.txid);
  }
}

void MemoryPool::TakeBack(const BlockPtr& block, p2p::Instant now) {
  for (const Transaction& transaction : block->transactions()) {
    if (transaction.IsCoinbase()) continue;
    confirmed_.erase(transaction.txid);
    Submit(TransactionPtr(block, &transaction), now);
  }
}

std::vector<TransactionPtr> MemoryPool::Choose(size_t most_bytes) const {
  std::vector<TransactionPtr> chosen;
  size_t bytes = 0;
  for (const auto& [wtxid, entry] : by_wtxid_) {
    const size_t size = entry.transaction->bytes.size();
    if (bytes + size > most_bytes) continue;
    bytes += size;
    chosen.push_back(entry.transaction);
  }
  // Parents are never in the pool with their children here, so that any order will do.
  std::sort(chosen.begin(), chosen.end(),
            [](const TransactionPtr& a, const TransactionPtr& b) { return a->wtxid < b->wtxid; });
  return chosen;
}

size_t MemoryPool::MemoryUse() const {
  constexpr size_t kNode = 16;  // of a hash table
  constexpr size_t kEach =
      sizeof(Wtxid) + sizeof(p2p::PoolTransaction) + sizeof(Txid) + sizeof(Wtxid) + 2 * kNode;
  return by_wtxid_.size() * kEach + confirmed_.size() * (sizeof(Txid) + kNode);
}

}  // namespace cairn::simulation
