// Methods that add up what blocks contain: getblockstats and getchaintxstats.
#include <algorithm>
#include <set>

#include "cairn/rpc/error.h"
#include "consensus/subsidy.h"
#include "src/rpc/block_stats.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

std::vector<Field> BlockStatFields() {
  std::vector<Field> fields = {
      Num("avgfee", "Average fee"),
      Num("avgfeerate", "Average fee rate"),
      Num("avgtxsize", "Average size of a transaction"),
      Hex("blockhash", "The block's hash"),
      Arr("feerate_percentiles", "Fee rates at 10, 25, 50, 75 and 90 percent of the weight",
          Num("", "A fee rate")),
      Num("height", "The block's height"),
      Num("ins", "Inputs"),
      Num("maxfee", "Greatest fee"),
      Num("maxfeerate", "Greatest fee rate"),
      Num("maxtxsize", "Greatest size of a transaction"),
      Num("medianfee", "Median fee, rounded down"),
      Num("mediantime", "Median time of the block and the ten before it"),
      Num("mediantxsize", "Median size of a transaction, rounded down"),
      Num("minfee", "Least fee"),
      Num("minfeerate", "Least fee rate"),
      Num("mintxsize", "Least size of a transaction"),
      Num("outs", "Outputs, the coinbase's included"),
      Num("subsidy", "The new money"),
      Num("swtotal_size", "Bytes of the transactions with witness"),
      Num("swtotal_weight", "Their weight"),
      Num("swtxs", "How many transactions have a witness"),
      Num("time", "When the block says it was made"),
      Num("total_out", "Sum of all outputs"),
      Num("total_size", "Bytes of all transactions"),
      Num("total_weight", "Weight of all transactions"),
      Num("totalfee", "Sum of the fees"),
      Num("txs", "Transactions, the coinbase included"),
      Num("utxo_increase", "Outputs less inputs"),
      Num("utxo_size_inc", "What they take in a set of unspent outputs"),
      Num("utxo_increase_actual", "Outputs that can be spent less inputs"),
      Num("utxo_size_inc_actual", "What those take"),
  };
  for (Field& field : fields) field.optional = true;
  return fields;
}

/// Genesis, and the blocks whose coinbase had the id of an earlier one that was unspent (BIP30).
bool KeepsNoCoinbase(const ledger::HeaderEntry& entry, const consensus::Params& params) {
  const auto& repeats = params.bip30_exceptions;
  return entry.height == 0 || std::any_of(repeats.begin(), repeats.end(), [&](const auto& repeat) {
           return repeat.height == entry.height && repeat.hash == entry.hash;
         });
}

std::set<std::string> WantedStats(const Request& request) {
  std::set<std::string> wanted;
  for (const json::Value& name : request.Get("stats").Items()) wanted.insert(ToText(name));
  return wanted;
}

void WriteStats(json::Writer& out, const std::vector<NamedStat>& stats,
                const std::set<std::string>& wanted) {
  out.BeginObject();
  if (wanted.empty()) {
    for (const auto& [name, value] : stats) out.Key(name).Any(value);
  }
  for (const std::string& name : wanted) {
    const auto found = std::find_if(stats.begin(), stats.end(),
                                    [&](const NamedStat& stat) { return stat.first == name; });
    if (found == stats.end()) {
      throw RpcError(kInvalidParameter, "Invalid selected statistic '" + name + "'");
    }
    out.Key(name).Any(found->second);
  }
  out.EndObject();
}

Method GetBlockStats() {
  return {
      .name = "getblockstats",
      .group = "blockchain",
      .description =
          "Adds up what a block contains. Amounts are in satoshis, fee rates in satoshis per "
          "virtual byte. The coinbase counts only where that is said.",
      .params = {Required("hash_or_height", ParamType::kHeightOrHash,
                          "The block's hash, or its height on the best chain"),
                 Optional("stats", ParamType::kArray, "all of them",
                          "Names of those that are wanted",
                          {Optional("stat", ParamType::kString, "", "A name of the result")})},
      .results = {Obj("", "", BlockStatFields())},
      .examples =
          {R"(["00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09", ["minfeerate", "avgfeerate"]])",
           R"([1000, ["minfeerate", "avgfeerate"]])"},
      .handler = [](const Request& request, json::Writer& out) {
        ledger::Ledger& ledger = LedgerOf(request);
        const ledger::HeaderEntry& entry = FindBlockAt(request, "hash_or_height");
        const std::set<std::string> wanted = WantedStats(request);
        const BlockPtr block = ReadBody(ledger, entry);
        const std::vector<ledger::FoundCoin> spent = ReadSpent(ledger, entry, *block);
        const consensus::Params& params = ledger.params();
        const BlockStats stats = ComputeBlockStats(*block, spent, KeepsNoCoinbase(entry, params));
        const Amount subsidy = consensus::SubsidyAt(entry.height, params);
        WriteStats(out, NameBlockStats(stats, entry, subsidy), wanted);
      }};
}

/// The last block of the window.
const ledger::HeaderEntry& WindowEnd(const Request& request, const ledger::ChainView& view) {
  if (!request.Has("blockhash")) return *view.tip;
  const ledger::HeaderEntry& entry = FindBlock(request, "blockhash", "blockhash");
  if (!view.Contains(&entry)) throw RpcError(kInvalidParameter, "Block is not in main chain");
  return entry;
}

int WindowSize(const Request& request, const ledger::HeaderEntry& end) {
  if (!request.Has("nblocks")) {
    constexpr int64_t kMonth = 30 * 24 * 60 * 60;
    const int64_t blocks = kMonth / request.node().params.retarget.spacing_seconds;
    return static_cast<int>(std::clamp<int64_t>(end.height - 1, 0, blocks));
  }
  const int blocks = request.SmallInt("nblocks");
  if (blocks < 0 || (blocks > 0 && blocks >= end.height)) {
    throw RpcError(kInvalidParameter,
                   "Invalid block count: should be between 0 and the block's height - 1");
  }
  return blocks;
}

void WriteWindow(json::Writer& out, const ledger::HeaderEntry& end, int blocks) {
  const ledger::HeaderEntry& start = *end.Ancestor(end.height - blocks);
  const uint64_t total = end.chain_tx_count;
  const uint64_t before = start.chain_tx_count;
  out.BeginObject();
  out.Key("time").Uint(end.header.time);
  if (total != 0) out.Key("txcount").Uint(total);
  out.Key("window_final_block_hash").String(end.hash.ToString());
  out.Key("window_final_block_height").Int(end.height);
  out.Key("window_block_count").Int(blocks);
  if (blocks > 0) {
    const int64_t seconds = int64_t{end.median_time} - int64_t{start.median_time};
    out.Key("window_interval").Int(seconds);
    if (total != 0 && before != 0) {
      out.Key("window_tx_count").Uint(total - before);
      if (seconds > 0) {
        out.Key("txrate").Double(static_cast<double>(total - before) /
                                 static_cast<double>(seconds));
      }
    }
  }
  out.EndObject();
}

Method GetChainTxStats() {
  return {
      .name = "getchaintxstats",
      .group = "blockchain",
      .description = "Counts the transactions of the chain, and how fast they come.",
      .params = {Optional("nblocks", ParamType::kNumber, "one month",
                          "Over how many blocks the rate is taken"),
                 Optional("blockhash", ParamType::kHex, "chain tip", "The last of those blocks")},
      .results = {Obj(
          "", "",
          {Time("time", "When the last block says it was made"),
           Num("txcount", "Transactions of the chain up to it").Maybe(),
           Hex("window_final_block_hash", "The last block's hash"),
           Num("window_final_block_height", "Its height"),
           Num("window_block_count", "How many blocks were looked at"),
           Num("window_interval", "Seconds that they took, by median times; for one block or more")
               .Maybe(),
           Num("window_tx_count", "Transactions in them; for one block or more").Maybe(),
           Num("txrate", "Transactions per second, where the interval is greater than 0")
               .Maybe()})},
      .examples = {"[]", "[2016]"},
      .handler = [](const Request& request, json::Writer& out) {
        const ledger::ChainViewPtr view = LedgerOf(request).View();
        const ledger::HeaderEntry& end = WindowEnd(request, *view);
        WriteWindow(out, end, WindowSize(request, end));
      }};
}

}  // namespace

std::vector<Method> StatisticsMethods() { return {GetBlockStats(), GetChainTxStats()}; }

}  // namespace cairn::rpc
