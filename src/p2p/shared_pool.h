// The mempool as the protocol wants to see it.
#pragma once

#include <optional>
#include <vector>

#include "cairn/ledger/ledger.h"
#include "cairn/mempool/mempool.h"
#include "cairn/p2p/environment.h"

namespace cairn::p2p {

/// On the network thread.
class SharedPool final : public Pool {
 public:
  SharedPool(mempool::Mempool& pool, ledger::Ledger& ledger) : pool_(pool), ledger_(ledger) {}

  const PoolTransaction* Find(const Wtxid& wtxid) const override;
  const PoolTransaction* Find(const Txid& txid) const override;
  bool Contains(const Wtxid& wtxid) const override { return pool_.Contains(wtxid); }
  bool Contains(const Txid& txid) const override { return pool_.Contains(txid); }
  bool KnowsParent(const Txid& txid) const override;
  void ForEach(const std::function<void(const PoolTransaction&)>& visit) const override;
  std::vector<TransactionPtr> Transactions() const override {
    return pool_.TransactionsBestFirst();
  }
  Amount FeeFloor() const override { return pool_.Info().min_fee.per_kvb(); }
  Amount RelayFee() const override { return pool_.options().min_relay_fee.per_kvb(); }
  uint64_t Sequence() const override { return pool_.Sequence(); }
  std::vector<TransactionPtr> Unbroadcast() const override { return pool_.Unbroadcast(); }
  void ForgetUnbroadcast(const Txid& txid) override { pool_.ForgetUnbroadcast(txid); }

 private:
  const PoolTransaction* Keep(const std::optional<mempool::PoolSummary>& summary) const;

  mempool::Mempool& pool_;
  ledger::Ledger& ledger_;
  mutable PoolTransaction found_;  // what `Find` gave last
};

/// What the pool's answer means to the one who sent the transaction.
TransactionVerdict VerdictOf(const mempool::AdmissionResult& result);
PairVerdict VerdictOf(const mempool::PackageResult& result);

}  // namespace cairn::p2p
