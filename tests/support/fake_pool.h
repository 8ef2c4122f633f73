// A pool of transactions in memory, as the peer protocol sees it; tests say what enters and leaves.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "cairn/p2p/environment.h"

namespace cairn::test {

class FakePool : public p2p::Pool {
 public:
  void Add(const TransactionPtr& transaction, Amount fee = 1000, int ancestors = 1) {
    p2p::PoolTransaction entry;
    entry.transaction = transaction;
    entry.fee = fee;
    entry.virtual_size = transaction->VirtualSize();
    entry.ancestors = ancestors;
    entry.sequence = ++sequence_;
    entries_[transaction->wtxid] = entry;
  }
  void Remove(const TransactionPtr& transaction) {
    entries_.erase(transaction->wtxid);
    ++sequence_;
  }

  const p2p::PoolTransaction* Find(const Wtxid& wtxid) const override {
    const auto found = entries_.find(wtxid);
    return found == entries_.end() ? nullptr : &found->second;
  }
  const p2p::PoolTransaction* Find(const Txid& txid) const override {
    for (const auto& [wtxid, entry] : entries_) {
      if (entry.transaction->txid == txid) return &entry;
    }
    return nullptr;
  }
  bool KnowsParent(const Txid& txid) const override { return Find(txid) != nullptr; }
  void ForEach(const std::function<void(const p2p::PoolTransaction&)>& visit) const override {
    for (const auto& [wtxid, entry] : entries_) visit(entry);
  }
  Amount FeeFloor() const override { return floor; }
  uint64_t Sequence() const override { return sequence_; }
  std::vector<TransactionPtr> Unbroadcast() const override { return unbroadcast; }
  void ForgetUnbroadcast(const Txid& txid) override {
    std::erase_if(unbroadcast, [&](const TransactionPtr& one) { return one->txid == txid; });
  }

  Amount floor = 1000;
  std::vector<TransactionPtr> unbroadcast;

 private:
  std::map<Wtxid, p2p::PoolTransaction> entries_;
  uint64_t sequence_ = 0;
};

}  // namespace cairn::test
