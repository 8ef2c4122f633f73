// The transactions of a block under construction, planned one after the other: who pays whom, how
// much, and for what fee. Nothing is signed here.
#pragma once

#include <optional>
#include <vector>

#include "tests/bench/chain_maker/coin_pool.h"

namespace cairn::bench {

struct PlannedOutput {
  Amount value = 0;
  std::optional<Payee> payee;  // nobody: an OP_RETURN output with `data`
  Bytes data;
};

struct PlannedTransaction {
  std::vector<size_t> spends;  // places in the pool
  std::vector<PlannedOutput> outputs;
  size_t first_coin = 0;  // place of the first coin that it makes; the others follow
  int32_t version = 2;
  uint32_t sequence = TxIn::kFinalSequence;
  uint32_t lock_time = 0;
  uint16_t depth = 0;   // ancestors in the block, in a row
  uint32_t weight = 0;  // at most
  Amount value = 0;     // of the coins that it spends
  Amount fee = 0;
};

class Traffic {
 public:
  /// Plans for the block at `height`; the pool must have begun it.
  Traffic(CoinPool& coins, const KeyRing& keys, Random& random, int height);

  /// A transaction as they occur on mainnet: payments, payouts, consolidations, data. False if
  /// there is no fitting coin, or no room of `most_weight`; another try may succeed.
  bool AddAnything(size_t most_inputs, uint32_t most_weight);

  /// Splits the next large coin into a hundred. False if there is none or no room for it.
  bool AddSplit(uint32_t most_weight);

  const std::vector<PlannedTransaction>& planned() const { return planned_; }
  std::vector<PlannedTransaction> Take() { return std::move(planned_); }
  size_t inputs() const { return inputs_; }
  uint32_t weight() const { return weight_; }

 private:
  /// Chooses coins, marks them as spent and adds up their value.
  void Gather(PlannedTransaction& plan, size_t count, bool any_value);
  std::optional<size_t> DrawCoin(bool may_be_fresh, bool any_value);
  void AddOutputs(PlannedTransaction& plan, size_t count);
  void AddData(PlannedTransaction& plan);
  void ChooseLocks(PlannedTransaction& plan);
  void Weigh(PlannedTransaction& plan);
  /// Sets the fee and divides the rest among the outputs. False if it does not go so far.
  bool Divide(PlannedTransaction& plan);
  void Accept(PlannedTransaction plan);
  bool GiveUp(const PlannedTransaction& plan);

  CoinPool& coins_;
  const KeyRing& keys_;
  Random& random_;
  const int height_;
  size_t split_from_ = 0;
  std::vector<PlannedTransaction> planned_;
  size_t inputs_ = 0;
  uint32_t weight_ = 0;
};

}  // namespace cairn::bench
