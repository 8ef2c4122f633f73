// Judges a whole block as a ledger does: its body, its place, its money, and the scripts of all its
// inputs, run exactly or optimistically.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "cairn/primitives/coin.h"
#include "consensus/rules/scripts.h"
#include "consensus/rules/spending.h"
#include "consensus/script/optimistic.h"

namespace cairn::test {

/// A transaction's spent outputs as its scripts see them, with their hashes.
class SpentOutputs {
 public:
  SpentOutputs(const Transaction& tx, std::span<const Coin* const> coins)
      : outputs_(consensus::OutputsOf(coins)), midstates_(tx, outputs_) {}
  SpentOutputs(const SpentOutputs&) = delete;
  SpentOutputs& operator=(const SpentOutputs&) = delete;

  const consensus::TransactionMidstates& midstates() const { return midstates_; }

 private:
  const std::vector<TxOut> outputs_;
  const consensus::TransactionMidstates midstates_;
};

/// The scripts of a block, input by input.
inline consensus::Verdict RunBlockExactly(const consensus::FundedBlock& funded,
                                          consensus::SignatureVerifier& verifier) {
  size_t coin_at = 0;
  const auto transactions = funded.block.transactions();
  for (uint32_t i = 1; i < transactions.size(); ++i) {
    const auto own = funded.coins.subspan(coin_at, transactions[i].inputs.size());
    coin_at += own.size();
    auto verdict = consensus::CheckScripts(transactions[i], own, funded.flags, verifier);
    if (verdict) continue;
    verdict.error().transaction = i;
    return verdict;
  }
  return {};
}

/// The same in batches across transactions; of several violations, the first in block order.
inline consensus::Verdict RunBlockOptimistically(const consensus::FundedBlock& funded,
                                                 consensus::OptimisticRuns& runs) {
  std::vector<consensus::Violation> violations;
  const auto settle = [&] {
    for (const consensus::Violation& late : runs.Settle()) violations.push_back(late);
  };
  std::vector<std::unique_ptr<SpentOutputs>> waiting;
  size_t coin_at = 0;
  const auto transactions = funded.block.transactions();
  for (uint32_t i = 1; i < transactions.size(); ++i) {
    const auto inputs = static_cast<uint32_t>(transactions[i].inputs.size());
    waiting.push_back(
        std::make_unique<SpentOutputs>(transactions[i], funded.coins.subspan(coin_at, inputs)));
    coin_at += inputs;
    for (uint32_t input = 0; input < inputs; ++input) {
      const auto verdict = runs.Run(waiting.back()->midstates(), input, funded.flags, i);
      if (!verdict) violations.push_back(verdict.error());
    }
    if (!runs.IsFull()) continue;
    settle();
    waiting.clear();
  }
  settle();
  if (violations.empty()) return {};
  return tl::unexpected(
      *std::min_element(violations.begin(), violations.end(), [](const auto& a, const auto& b) {
        return std::pair(a.transaction, a.input) < std::pair(b.transaction, b.input);
      }));
}

/// Everything before the scripts.
inline consensus::Verdict JudgeBeforeScripts(const consensus::FundedBlock& funded) {
  using consensus::Verdict;
  if (Verdict verdict = consensus::CheckBlockBody(funded.block, funded.params); !verdict) {
    return verdict;
  }
  Verdict placed = consensus::AcceptBlock({funded.block, funded.params, funded.ancestors});
  if (!placed) return placed;
  const auto fees = consensus::ConnectBlock(funded);
  if (!fees) return tl::unexpected(fees.error());
  return {};
}

}  // namespace cairn::test
