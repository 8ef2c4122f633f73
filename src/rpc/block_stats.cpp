#include "src/rpc/block_stats.h"

#include <algorithm>

#include "cairn/base/writer.h"
#include "cairn/primitives/script.h"

namespace cairn::rpc {

namespace {

/// What an entry of the unspent outputs is said to take, whatever a database makes of it: the
/// output as on the wire, and its outpoint, height and coinbase mark.
int64_t UnspentSize(ByteSpan script) {
  constexpr size_t kAround = 36 + 4 + 1;
  return static_cast<int64_t>(sizeof(Amount) + CompactSizeLength(script.size()) + script.size() +
                              kAround);
}

int64_t AddOutputs(BlockStats& stats, const Transaction& transaction, bool counts_as_unspent) {
  int64_t total = 0;
  for (const TxOut& output : transaction.outputs) {
    total += output.value;
    const int64_t size = UnspentSize(output.script);
    stats.utxo_size_inc += size;
    if (!counts_as_unspent || IsUnspendable(output.script)) continue;
    ++stats.utxos;
    stats.utxo_size_inc_actual += size;
  }
  stats.outs += static_cast<int64_t>(transaction.outputs.size());
  return total;
}

int64_t AddInputs(BlockStats& stats, std::span<const ledger::FoundCoin> spent) {
  int64_t total = 0;
  for (const ledger::FoundCoin& coin : spent) {
    total += coin.value;
    const int64_t size = UnspentSize(coin.script);
    stats.utxo_size_inc -= size;
    stats.utxo_size_inc_actual -= size;
  }
  stats.ins += static_cast<int64_t>(spent.size());
  return total;
}

void AddSizes(BlockStats& stats, const Transaction& transaction) {
  const int64_t size = transaction.total_size();
  const int64_t weight = transaction.Weight();
  stats.sizes.push_back(size);
  stats.total_size += size;
  stats.total_weight += weight;
  if (!transaction.has_witness) return;
  ++stats.segwit_txs;
  stats.segwit_size += size;
  stats.segwit_weight += weight;
}

struct Rate {
  int64_t per_virtual_byte = 0;
  int64_t weight = 0;

  friend auto operator<=>(const Rate&, const Rate&) = default;
};

/// The rate at which so much of the weight has been passed, the cheapest first.
void FindPercentiles(BlockStats& stats, const std::vector<Rate>& ascending) {
  if (ascending.empty()) return;
  const auto total = static_cast<double>(stats.total_weight);
  const std::array<double, BlockStats::kPercentiles> marks = {total / 10, total / 4, total / 2,
                                                              total * 3 / 4, total * 9 / 10};
  size_t next = 0;
  int64_t passed = 0;
  for (const Rate& rate : ascending) {
    passed += rate.weight;
    while (next < marks.size() && static_cast<double>(passed) >= marks[next]) {
      stats.fee_rate_percentiles[next++] = rate.per_virtual_byte;
    }
  }
}

/// Of two in the middle the mean, rounded towards zero.
int64_t MedianOf(const std::vector<int64_t>& ascending) {
  if (ascending.empty()) return 0;
  const size_t middle = ascending.size() / 2;
  if (ascending.size() % 2 == 1) return ascending[middle];
  return (ascending[middle - 1] + ascending[middle]) / 2;
}

int64_t LeastOf(const std::vector<int64_t>& ascending) {
  return ascending.empty() ? 0 : ascending.front();
}

int64_t GreatestOf(const std::vector<int64_t>& ascending) {
  return ascending.empty() ? 0 : ascending.back();
}

int64_t Ratio(int64_t sum, int64_t count) { return count == 0 ? 0 : sum / count; }

}  // namespace

BlockStats ComputeBlockStats(const Block& block, std::span<const ledger::FoundCoin> spent,
                             bool keeps_no_coinbase) {
  BlockStats stats;
  std::vector<Rate> rates;
  for (const Transaction& transaction : block.transactions()) {
    ++stats.txs;
    const bool coinbase = transaction.IsCoinbase();
    const int64_t made = AddOutputs(stats, transaction, !(coinbase && keeps_no_coinbase));
    if (coinbase) continue;
    stats.total_out += made;
    AddSizes(stats, transaction);
    const int64_t taken = AddInputs(stats, spent.first(transaction.inputs.size()));
    spent = spent.subspan(transaction.inputs.size());
    const int64_t fee = taken - made;
    stats.total_fee += fee;
    stats.fees.push_back(fee);
    const int64_t weight = transaction.Weight();
    rates.push_back({fee * kWitnessScaleFactor / weight, weight});
  }
  std::sort(rates.begin(), rates.end());
  FindPercentiles(stats, rates);
  for (const Rate& rate : rates) stats.fee_rates.push_back(rate.per_virtual_byte);
  std::sort(stats.fees.begin(), stats.fees.end());
  std::sort(stats.sizes.begin(), stats.sizes.end());
  return stats;
}

std::vector<NamedStat> NameBlockStats(const BlockStats& stats, const ledger::HeaderEntry& entry,
                                      Amount subsidy) {
  const auto number = [](int64_t value) { return json::Value::Integer(value); };
  std::vector<json::Value> percentiles;
  for (const int64_t rate : stats.fee_rate_percentiles) percentiles.push_back(number(rate));
  const int64_t behind_coinbase = stats.txs - 1;
  return {
      {"avgfee", number(Ratio(stats.total_fee, behind_coinbase))},
      {"avgfeerate", number(Ratio(stats.total_fee * kWitnessScaleFactor, stats.total_weight))},
      {"avgtxsize", number(Ratio(stats.total_size, behind_coinbase))},
      {"blockhash", json::Value::String(entry.hash.ToString())},
      {"feerate_percentiles", json::Value::Array(std::move(percentiles))},
      {"height", number(entry.height)},
      {"ins", number(stats.ins)},
      {"maxfee", number(GreatestOf(stats.fees))},
      {"maxfeerate", number(GreatestOf(stats.fee_rates))},
      {"maxtxsize", number(GreatestOf(stats.sizes))},
      {"medianfee", number(MedianOf(stats.fees))},
      {"mediantime", number(entry.median_time)},
      {"mediantxsize", number(MedianOf(stats.sizes))},
      {"minfee", number(LeastOf(stats.fees))},
      {"minfeerate", number(LeastOf(stats.fee_rates))},
      {"mintxsize", number(LeastOf(stats.sizes))},
      {"outs", number(stats.outs)},
      {"subsidy", number(subsidy)},
      {"swtotal_size", number(stats.segwit_size)},
      {"swtotal_weight", number(stats.segwit_weight)},
      {"swtxs", number(stats.segwit_txs)},
      {"time", number(entry.header.time)},
      {"total_out", number(stats.total_out)},
      {"total_size", number(stats.total_size)},
      {"total_weight", number(stats.total_weight)},
      {"totalfee", number(stats.total_fee)},
      {"txs", number(stats.txs)},
      {"utxo_increase", number(stats.outs - stats.ins)},
      {"utxo_size_inc", number(stats.utxo_size_inc)},
      {"utxo_increase_actual", number(stats.utxos - stats.ins)},
      {"utxo_size_inc_actual", number(stats.utxo_size_inc_actual)},
  };
}

}  // namespace cairn::rpc
