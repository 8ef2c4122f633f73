#include "consensus/rules/spending.h"

#include <algorithm>
#include <optional>

#include "consensus/rules/transaction.h"
#include "consensus/script/sigops.h"
#include "consensus/subsidy.h"

namespace cairn::consensus {
namespace {

/// From here on coinbases before BIP34 exist whose scripts begin with a later height, so a coinbase
/// could repeat one of them and BIP30 must be looked at again.
constexpr int kBip34ImpliesBip30Limit = 1'983'702;

bool LeavesCoinsAlone(const FundedBlock& funded) { return !funded.overwrites_coin; }

bool CoinExists(const Spend& spend) { return spend.coin != nullptr; }

bool CoinIsMature(const Spend& spend) {
  return !spend.coin->coinbase ||
         spend.height - spend.coin->height >= spend.params.coinbase_maturity;
}

Amount TotalIn(const FundedTransaction& funded) {
  Amount total = 0;
  for (const Coin* coin : funded.coins) total += coin->value;
  return total;
}

Amount TotalOut(const Transaction& tx) {
  Amount total = 0;
  for (const TxOut& output : tx.outputs) total += output.value;
  return total;
}

bool HasInputValuesInRange(const FundedTransaction& funded) {
  Amount total = 0;
  for (const Coin* coin : funded.coins) {
    if (!IsMoney(coin->value)) return false;
    total += coin->value;
    if (!IsMoney(total)) return false;
  }
  return true;
}

bool CoversItsOutputs(const FundedTransaction& funded) {
  return TotalIn(funded) >= TotalOut(funded.tx);
}

bool HasFeeInRange(const FundedTransaction& funded) {
  return IsMoney(TotalIn(funded) - TotalOut(funded.tx));
}

bool HasFeesInRange(const SummedSpend& summed) { return IsMoney(summed.fees); }

bool HasReachedLocks(const SummedSpend& summed) { return HasReachedSequenceLocks(summed.spend); }

bool HasSigopsCostInRange(const SummedSpend& summed) {
  return summed.sigops_cost <= kMaxBlockSigopsCost;
}

bool PaysOutNoMoreThanItMay(const PaidBlock& paid) {
  const FundedBlock& funded = paid.funded;
  return TotalOut(funded.block.transactions()[0]) <=
         SubsidyAt(funded.Height(), funded.params) + paid.fees;
}

constexpr Rule<FundedBlock> kFundedBlockRules[] = {
    {Reject::kBip30, "30",
     "A transaction MUST NOT have the txid of an earlier one whose outputs are not all spent.",
     LeavesCoinsAlone},
};

constexpr Rule<Spend> kSpendRules[] = {
    {Reject::kMissingOrSpent, "", "A spent output MUST exist and MUST NOT have been spent before.",
     CoinExists},
    {Reject::kPrematureCoinbaseSpend, "",
     "A coinbase's output MUST NOT be spent before it is mature.", CoinIsMature},
};

// These are asked about all inputs before the others about any, as Bitcoin Core does.
constexpr size_t kRulesOfExistence = 1;

constexpr Rule<FundedTransaction> kFundedRules[] = {
    {Reject::kInputValuesOutOfRange, "",
     "The values of a transaction's inputs and their sum MUST be within 21 million bitcoins.",
     HasInputValuesInRange},
    {Reject::kInputsBelowOutputs, "", "A transaction MUST NOT pay out more than it takes in.",
     CoversItsOutputs},
    {Reject::kFeeOutOfRange, "", "A fee MUST be within 21 million bitcoins.", HasFeeInRange},
};

constexpr Rule<SummedSpend> kSummedRules[] = {
    {Reject::kAccumulatedFeeOutOfRange, "",
     "The fees of a block's transactions MUST together be within 21 million bitcoins.",
     HasFeesInRange},
    {Reject::kSequenceLocks, "68", "Every input's relative lock MUST have been reached.",
     HasReachedLocks},
    {Reject::kSigopsCost, "141",
     "A block's signature operations, those of P2SH and witness scripts included, MUST NOT cost "
     "more than 80,000.",
     HasSigopsCostInRange},
};

constexpr Rule<PaidBlock> kPaidRules[] = {
    {Reject::kCoinbaseAmount, "",
     "A coinbase MUST NOT pay out more than the subsidy and the fees of its block.",
     PaysOutNoMoreThanItMay},
};

tl::unexpected<Violation> InTransaction(uint32_t index, Violation violation) {
  violation.transaction = index;
  return tl::unexpected(violation);
}

}  // namespace

std::span<const Rule<FundedBlock>> FundedBlockRules() { return kFundedBlockRules; }
std::span<const Rule<Spend>> SpendRules() { return kSpendRules; }
std::span<const Rule<FundedTransaction>> FundedTransactionRules() { return kFundedRules; }
std::span<const Rule<SummedSpend>> SummedSpendRules() { return kSummedRules; }
std::span<const Rule<PaidBlock>> PaidBlockRules() { return kPaidRules; }

tl::expected<Amount, Violation> CheckSpending(const Transaction& tx,
                                              std::span<const Coin* const> coins, int height,
                                              const Params& params) {
  // A missing coin is the first to be said, wherever it is missing.
  for (const auto& rules :
       {SpendRules().first(kRulesOfExistence), SpendRules().subspan(kRulesOfExistence)}) {
    for (uint32_t i = 0; i < coins.size(); ++i) {
      if (const Verdict verdict = Judge(rules, Spend{coins[i], height, params}); !verdict) {
        return tl::unexpected(Violation{verdict.error().reject, std::nullopt, i});
      }
    }
  }
  const FundedTransaction funded{tx, coins};
  if (const Verdict verdict = Judge(FundedTransactionRules(), funded); !verdict) {
    return tl::unexpected(verdict.error());
  }
  return TotalIn(funded) - TotalOut(tx);
}

bool HasReachedSequenceLocks(const PlacedSpend& spend) {
  const bool in_force = spend.flags.Has(ScriptFlags::kCheckSequenceVerify);
  if (!in_force || !HasRelativeLocks(spend.tx)) return true;
  std::optional<int64_t> now;  // most transactions have no lock that asks for it
  for (size_t i = 0; i < spend.coins.size(); ++i) {
    const uint32_t sequence = spend.tx.inputs[i].sequence;
    if ((sequence & kSequenceDisabled) != 0) continue;
    const int64_t distance = sequence & kSequenceMask;
    const int coin_height = spend.coins[i]->height;
    if ((sequence & kSequenceIsTime) == 0) {
      if (coin_height + distance > spend.Height()) return false;
      continue;
    }
    // Times count from the median time past of the block before the coin's.
    const int64_t since = MedianTimePastAt(spend.ancestors, std::max(coin_height - 1, 0));
    if (!now) now = MedianTimePast(spend.ancestors);
    if (since + (distance << kSequenceTimeShift) > *now) return false;
  }
  return true;
}

tl::expected<Amount, Violation> ConnectBlock(const FundedBlock& funded) {
  if (const Verdict verdict = Judge(FundedBlockRules(), funded); !verdict) {
    return tl::unexpected(verdict.error());
  }
  const auto transactions = funded.block.transactions();
  Amount fees = 0;
  uint64_t sigops_cost = SigopsCost(transactions[0], {}, funded.flags);
  size_t coin_at = 0;
  for (uint32_t i = 1; i < transactions.size(); ++i) {
    const Transaction& tx = transactions[i];
    const auto coins = funded.coins.subspan(coin_at, tx.inputs.size());
    coin_at += tx.inputs.size();
    const auto fee = CheckSpending(tx, coins, funded.Height(), funded.params);
    if (!fee) return InTransaction(i, fee.error());
    fees += *fee;
    sigops_cost += SigopsCost(tx, coins, funded.flags);
    const SummedSpend summed{{tx, coins, funded.ancestors, funded.flags}, fees, sigops_cost};
    if (const Verdict verdict = Judge(SummedSpendRules(), summed); !verdict) {
      return InTransaction(i, verdict.error());
    }
  }
  if (const Verdict verdict = Judge(PaidBlockRules(), PaidBlock{funded, fees}); !verdict) {
    return tl::unexpected(verdict.error());
  }
  return fees;
}

bool Bip30Applies(int height, const BlockHash& hash, bool bip34_block_is_ours,
                  const Params& params) {
  const bool excepted = std::any_of(params.bip30_exceptions.begin(), params.bip30_exceptions.end(),
                                    [&](const Checkpoint& exception) {
                                      return exception.height == height && exception.hash == hash;
                                    });
  if (excepted) return false;
  // Where every block but genesis, whose coins never existed, must begin its coinbase with its own
  // height, no two coinbases can be the same, and so no two transactions.
  if (params.heights.bip34 <= 1) return false;
  const bool unique_by_bip34 = bip34_block_is_ours && height > params.heights.bip34;
  return !unique_by_bip34 || height >= kBip34ImpliesBip30Limit;
}

}  // namespace cairn::consensus
