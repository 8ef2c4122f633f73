// What a block adds up to: fees, sizes, and what it does to the set of unspent outputs.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/base/json.h"
#include "cairn/ledger/ledger.h"
#include "cairn/primitives/block.h"

namespace cairn::rpc {

/// The statistics that need a block's body, as getblockstats names them. Amounts are satoshis, fee
/// rates satoshis per virtual byte. The coinbase counts in `outs` and `utxo_*` alone.
struct BlockStats {
  static constexpr size_t kPercentiles = 5;  // 10, 25, 50, 75 and 90 % of the weight

  int64_t txs = 0;
  int64_t ins = 0;
  int64_t outs = 0;
  int64_t total_out = 0;
  int64_t total_size = 0;
  int64_t total_weight = 0;
  int64_t total_fee = 0;
  int64_t segwit_txs = 0;
  int64_t segwit_size = 0;
  int64_t segwit_weight = 0;
  int64_t utxos = 0;  // outputs made that can be spent
  int64_t utxo_size_inc = 0;
  int64_t utxo_size_inc_actual = 0;
  std::vector<int64_t> fees;  // of each transaction, ascending
  std::vector<int64_t> fee_rates;
  std::vector<int64_t> sizes;
  std::array<int64_t, kPercentiles> fee_rate_percentiles{};
};

/// `spent` are the coins of all inputs in their order, behind the coinbase. `keeps_no_coinbase` is
/// said of the blocks whose coinbase adds nothing to the unspent outputs: genesis, and those that
/// made a coinbase of the same id again (BIP30).
BlockStats ComputeBlockStats(const Block& block, std::span<const ledger::FoundCoin> spent,
                             bool keeps_no_coinbase);

using NamedStat = std::pair<std::string_view, json::Value>;

/// All that getblockstats tells, in its order.
std::vector<NamedStat> NameBlockStats(const BlockStats& stats, const ledger::HeaderEntry& entry,
                                      Amount subsidy);

}  // namespace cairn::rpc
