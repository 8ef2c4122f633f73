// A chain of real signed transactions in a mix like mainnet's of 2024, made block by block from a
// seed: every signature, commitment and proof of work is what a node demands.
//
// Output kinds, shapes of transactions, fees and ages of coins are drawn from the tables in
// key_ring.cpp, traffic.cpp and coin_pool.cpp. The same seed and schedule give the same bytes,
// however many workers sign. A `MadeChain` is a value: a copy goes its own way from there, as a
// fork does.
#pragma once

#include <vector>

#include "consensus/params.h"
#include "tests/bench/chain_maker/coin_pool.h"
#include "tests/bench/chain_maker/schedule.h"
#include "tests/bench/chain_maker/traffic.h"
#include "tests/support/block_maker.h"

namespace cairn::bench {

/// Noon of 15 January 2026: the time of the last block of the schedule.
inline constexpr uint32_t kTipTime = 1768478400;
inline constexpr uint32_t kBlockSpacing = 600;

/// What the blocks above genesis come to.
struct ChainTotals {
  uint64_t blocks = 0;
  uint64_t transactions = 0;  // coinbases included
  uint64_t inputs = 0;        // without those of coinbases
  uint64_t signatures = 0;
  uint64_t bytes = 0;
};
/// What has come between two moments.
ChainTotals operator-(ChainTotals later, const ChainTotals& earlier);

/// What all copies of a chain share; all of it must outlive them.
struct ChainSetting {
  const consensus::Params& params;
  const Schedule& schedule;
  const KeyRing& keys;
  WorkerPool& workers;
};

class MadeChain {
 public:
  MadeChain(const ChainSetting& setting, uint64_t seed);

  /// The next block as the schedule has it.
  BlockPtr Grow();
  /// The next block, with so many transactions behind the coinbase (fewer if they do not fit).
  BlockPtr GrowTransactions(size_t count);
  /// The next block, with nothing but a coinbase.
  BlockPtr GrowEmpty(uint32_t spacing = kBlockSpacing);

  /// From here on this chain differs from its copies.
  void Reseed(uint64_t seed) { random_ = Random(seed); }

  const test::Place& tip() const { return tip_; }
  const ChainTotals& totals() const { return totals_; }
  const CoinPool& coins() const { return coins_; }
  const KeyRing& keys() const { return setting_.keys; }
  /// Inputs that count for the schedule: all but those that split coins.
  size_t traffic_inputs() const { return traffic_inputs_; }

 private:
  void PlanSplits(Traffic& traffic) const;
  static void PlanTraffic(Traffic& traffic, size_t most_inputs, size_t most_transactions);
  BlockPtr Seal(std::vector<PlannedTransaction> planned, uint32_t spacing);
  /// Signs in waves, since a txid may depend on signatures: first what spends older coins only.
  std::vector<TransactionPtr> SignAll(const std::vector<PlannedTransaction>& planned);
  TransactionPtr SignOne(const PlannedTransaction& planned);

  ChainSetting setting_;
  Random random_;
  CoinPool coins_;
  test::Place tip_;
  ChainTotals totals_;
  size_t traffic_inputs_ = 0;
};

}  // namespace cairn::bench
