#include "tests/bench/chain_maker/made_chain.h"

#include <algorithm>

namespace cairn::bench {
namespace {

// The coinbase and the header take the rest of the four million.
constexpr uint32_t kMostWeight = 3'980'000;
constexpr uint32_t kMostSplitWeight = 2'800'000;
// So many tries in a row find no transaction that fits: then the block is full.
constexpr int kTries = 200;

Bytes DataScript(const Bytes& data) { return ScriptBuilder().Op(OP_RETURN).Push(data).Take(); }

}  // namespace

ChainTotals operator-(ChainTotals later, const ChainTotals& earlier) {
  later.blocks -= earlier.blocks;
  later.transactions -= earlier.transactions;
  later.inputs -= earlier.inputs;
  later.signatures -= earlier.signatures;
  later.bytes -= earlier.bytes;
  return later;
}

MadeChain::MadeChain(const ChainSetting& setting, uint64_t seed)
    : setting_(setting),
      random_(seed),
      coins_(setting.params.coinbase_maturity),
      tip_(test::Place::Genesis(setting.params)) {
  tip_.time = kTipTime - static_cast<uint32_t>(setting.schedule.blocks()) * kBlockSpacing;
}

BlockPtr MadeChain::Grow() {
  const int height = tip_.height + 1;
  coins_.BeginBlock(height);
  Traffic traffic(coins_, setting_.keys, random_, height);
  switch (setting_.schedule.PhaseAt(height)) {
    case Phase::kWarmUp: break;
    case Phase::kSeeding: PlanSplits(traffic); break;
    case Phase::kTraffic:
      // What did not fit into one block is left to those behind it.
      PlanTraffic(traffic, setting_.schedule.InputsUntil(height) - traffic_inputs_, SIZE_MAX);
      traffic_inputs_ += traffic.inputs();
      break;
  }
  return Seal(traffic.Take(), kBlockSpacing);
}

BlockPtr MadeChain::GrowTransactions(size_t count) {
  coins_.BeginBlock(tip_.height + 1);
  Traffic traffic(coins_, setting_.keys, random_, tip_.height + 1);
  PlanTraffic(traffic, SIZE_MAX, count);
  return Seal(traffic.Take(), kBlockSpacing);
}

BlockPtr MadeChain::GrowEmpty(uint32_t spacing) {
  coins_.BeginBlock(tip_.height + 1);
  return Seal({}, spacing);
}

void MadeChain::PlanSplits(Traffic& traffic) const {
  while (coins_.spendable() < setting_.schedule.coins_wanted() &&
         traffic.AddSplit(kMostSplitWeight - traffic.weight())) {
  }
}

void MadeChain::PlanTraffic(Traffic& traffic, size_t most_inputs, size_t most_transactions) {
  int failures = 0;
  while (traffic.inputs() < most_inputs && traffic.planned().size() < most_transactions) {
    const bool added =
        traffic.AddAnything(most_inputs - traffic.inputs(), kMostWeight - traffic.weight());
    failures = added ? 0 : failures + 1;
    if (failures == kTries) return;
  }
}

BlockPtr MadeChain::Seal(std::vector<PlannedTransaction> planned, uint32_t spacing) {
  test::BlockPlan plan;
  plan.transactions = SignAll(planned);
  for (const PlannedTransaction& tx : planned) {
    plan.fees += tx.fee;
    totals_.inputs += tx.spends.size();
    for (const size_t place : tx.spends) {
      totals_.signatures += setting_.keys.SignatureCount(coins_[place].payee);
    }
  }
  const Payee miner = setting_.keys.Draw(random_);
  plan.payout = setting_.keys.OutputScript(miner);
  plan.tag = static_cast<uint32_t>(random_.Next());
  plan.time = tip_.time + spacing;
  const test::MadeBlock made = test::MakeBlock(setting_.params, tip_, plan);
  const Transaction& coinbase = made.block->transactions()[0];
  MadeCoin reward;
  reward.outpoint = {coinbase.txid, 0};
  reward.value = coinbase.outputs[0].value;
  reward.payee = miner;
  reward.height = made.place.height;
  reward.coinbase = true;
  coins_.Add(reward);
  tip_ = made.place;
  ++totals_.blocks;
  totals_.transactions += made.block->transactions().size();
  totals_.bytes += made.block->bytes().size();
  return made.block;
}

std::vector<TransactionPtr> MadeChain::SignAll(const std::vector<PlannedTransaction>& planned) {
  std::vector<std::vector<size_t>> waves;
  for (size_t i = 0; i < planned.size(); ++i) {
    if (waves.size() <= planned[i].depth) waves.resize(planned[i].depth + size_t{1});
    waves[planned[i].depth].push_back(i);
  }
  std::vector<TransactionPtr> transactions(planned.size());
  for (const std::vector<size_t>& wave : waves) {
    setting_.workers.ForEach(wave.size(),
                             [&](size_t i) { transactions[wave[i]] = SignOne(planned[wave[i]]); });
  }
  return transactions;
}

TransactionPtr MadeChain::SignOne(const PlannedTransaction& planned) {
  const KeyRing& keys = setting_.keys;
  TransactionDraft draft;
  draft.version = planned.version;
  draft.lock_time = planned.lock_time;
  std::vector<TransactionDraft::Output> spent;
  for (const size_t place : planned.spends) {
    const MadeCoin& coin = coins_[place];
    auto& input = draft.inputs.emplace_back();
    input.prevout = coin.outpoint;
    input.sequence = planned.sequence;
    spent.push_back({coin.value, keys.OutputScript(coin.payee)});
  }
  for (const PlannedOutput& output : planned.outputs) {
    draft.outputs.push_back(
        {output.value, output.payee ? keys.OutputScript(*output.payee) : DataScript(output.data)});
  }
  {
    const test::InputSigner signer(draft, std::move(spent));
    for (size_t i = 0; i < planned.spends.size(); ++i) {
      keys.Sign(signer, i, coins_[planned.spends[i]].payee, draft.inputs[i]);
    }
  }
  TransactionPtr transaction = draft.Finish();
  CAIRN_ASSERT(transaction->Weight() <= planned.weight);
  size_t place = planned.first_coin;
  for (const PlannedOutput& output : planned.outputs) {
    if (output.payee) coins_[place++].outpoint.txid = transaction->txid;
  }
  return transaction;
}

}  // namespace cairn::bench
