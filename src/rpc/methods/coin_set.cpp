// Methods that look at all unspent outputs: gettxoutsetinfo and scantxoutset.
#include <memory>

#include "cairn/base/hex.h"
#include "cairn/ledger/coin_stats.h"
#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"
#include "src/rpc/scan.h"

namespace cairn::rpc {

namespace {

using ledger::CoinSetHash;

constexpr uint64_t kCoinsBetweenLooks = 8192;  // for the end of the node, or of the scan

using CoinVisitor = std::function<bool(const OutPoint&, const storage::StoredCoin&)>;

[[noreturn]] void ThrowUnreadable(const Error& error) {
  throw RpcError(kInternalError, "Unable to read UTXO set: " + error.message);
}

/// Visits every coin, and gives the tip at which those are the coins.
const ledger::HeaderEntry& VisitCoins(const Request& request, const CoinVisitor& visit) {
  const Result<ledger::CoinSet> set = LedgerOf(request).SnapshotCoins();
  if (!set) ThrowUnreadable(set.error());
  const OutPoint first{Txid(), 0};
  if (const Status read = set->coins->Scan(first, visit); !read) ThrowUnreadable(read.error());
  return *set->tip;
}

const ledger::IndexReader* StatsIndex(const Request& request) {
  return LedgerOf(request).FindIndex(ledger::kCoinStatsIndex);
}

// --- gettxoutsetinfo

CoinSetHash ParseHashType(const Request& request) {
  const std::string name = request.StringOr("hash_type", "hash_serialized_3");
  if (name == "hash_serialized_3") return CoinSetHash::kSerialized;
  if (name == "muhash") return CoinSetHash::kMuHash;
  if (name == "none") return CoinSetHash::kNone;
  throw RpcError(kInvalidParameter, "'" + name + "' is not a valid hash_type");
}

/// The block of the parameter; the tip if there is none. Only the index knows of others.
const ledger::HeaderEntry& WantedBlock(const Request& request, CoinSetHash hash, bool use_index) {
  if (!request.Has("hash_or_height")) return *LedgerOf(request).View()->tip;
  if (StatsIndex(request) == nullptr) {
    throw RpcError(kInvalidParameter, "Querying specific block heights requires coinstatsindex");
  }
  if (hash == CoinSetHash::kSerialized) {
    throw RpcError(kInvalidParameter,
                   "hash_serialized_3 hash type cannot be queried for a specific block");
  }
  if (!use_index) {
    throw RpcError(kInvalidParameter,
                   "Cannot set use_index to false when querying for a specific block");
  }
  return FindBlockAt(request, "hash_or_height");
}

void WriteCounts(json::Writer& out, const ledger::HeaderEntry& block, uint64_t txouts,
                 uint64_t bogosize, CoinSetHash hash, const std::optional<crypto::Digest>& digest,
                 Amount total) {
  out.Key("height").Int(block.height);
  out.Key("bestblock").String(block.hash.ToString());
  out.Key("txouts").Uint(txouts);
  out.Key("bogosize").Uint(bogosize);
  if (hash != CoinSetHash::kNone && digest) {
    out.Key(hash == CoinSetHash::kMuHash ? "muhash" : "hash_serialized_3")
        .String(HashToText(*digest));
  }
  out.Key("total_amount").Amount(total);
}

void WriteCountedSet(json::Writer& out, const Request& request, CoinSetHash hash) {
  ledger::CoinSetCounter counter(hash);
  uint64_t seen = 0;
  const ledger::HeaderEntry& tip =
      VisitCoins(request, [&](const OutPoint& outpoint, const storage::StoredCoin& coin) {
        counter.Add(outpoint, coin.View());
        return ++seen % kCoinsBetweenLooks != 0 || !*request.node().stopping;
      });
  ThrowIfStopping(request);
  const ledger::CoinSetStats stats = counter.Finish();
  WriteCounts(out, tip, stats.txouts, stats.bogosize, hash, stats.hash, stats.total_amount);
  out.Key("transactions").Uint(stats.transactions);
  out.Key("disk_size").Uint(LedgerOf(request).CoinsOnDisk());
}

ledger::CoinStatsAt AskIndex(const ledger::IndexReader& index, const ledger::HeaderEntry& block) {
  const int best = index.tip().height;
  if (!index.synced() && block.height > best) {
    throw RpcError(kInternalError,
                   "Unable to get data because coinstatsindex is still syncing. Current height: " +
                       std::to_string(best));
  }
  const auto stats = ledger::FindCoinStats(index, {block.height, block.hash});
  if (!stats) ThrowUnreadable(stats.error());
  if (!*stats) throw RpcError(kInternalError, "Unable to read UTXO set");
  return **stats;
}

void WriteIndexedSet(json::Writer& out, const ledger::CoinStatsAt& stats,
                     const ledger::HeaderEntry& block, CoinSetHash hash) {
  const ledger::CoinTotals& totals = stats.totals;
  WriteCounts(out, block, totals.txouts, totals.bogosize, hash, stats.muhash, totals.total_amount);
  out.Key("total_unspendable_amount").Amount(totals.total_unspendable_amount);
  const ledger::UnspendableAmounts& lost = stats.block.unspendable;
  out.Key("block_info").BeginObject();
  out.Key("prevout_spent").Amount(stats.block.prevout_spent);
  out.Key("coinbase").Amount(stats.block.coinbase);
  out.Key("new_outputs_ex_coinbase").Amount(stats.block.new_outputs_ex_coinbase);
  out.Key("unspendable").Amount(lost.Total());
  out.Key("unspendables").BeginObject();
  out.Key("genesis_block").Amount(lost.genesis_block);
  out.Key("bip30").Amount(lost.bip30);
  out.Key("scripts").Amount(lost.scripts);
  out.Key("unclaimed_rewards").Amount(lost.unclaimed_rewards);
  out.EndObject();
  out.EndObject();
}

Field BlockInfoField() {
  return Obj("block_info", "What the block did; from the index only",
             {Money("prevout_spent", "What its inputs spent"),
              Money("coinbase", "What its coinbase made"),
              Money("new_outputs_ex_coinbase", "What its other transactions made"),
              Money("unspendable", "What of it nobody can spend"),
              Obj("unspendables", "The same by its causes",
                  {Money("genesis_block", "The output of the genesis block"),
                   Money("bip30", "Coinbases that were made a second time (BIP30)"),
                   Money("scripts", "Scripts that nobody can satisfy, such as OP_RETURN"),
                   Money("unclaimed_rewards", "What the coinbase left of subsidy and fees")})})
      .Maybe();
}

Method GetTxOutSetInfo() {
  return {
      .name = "gettxoutsetinfo",
      .group = "blockchain",
      .description =
          "Counts and hashes all unspent outputs. Without an index of such statistics "
          "(-coinstatsindex) it reads all of them, which takes its time.",
      .params = {Optional(
                     "hash_type", ParamType::kString, "\"hash_serialized_3\"",
                     "How to hash them: \"hash_serialized_3\", \"muhash\", or \"none\" for not at "
                     "all"),
                 Optional("hash_or_height", ParamType::kHeightOrHash, "the current best block",
                          "As of which block; others than the tip need the index"),
                 Optional("use_index", ParamType::kBool, "true",
                          "Whether to ask the index, if there is "
                          "one")},
      .results = {Obj(
          "", "",
          {Num("height", "Of the block at which this is so"), Hex("bestblock", "That block's hash"),
           Num("txouts", "How many outputs there are"),
           Num("bogosize", "What they take in no database in particular"),
           Hex("hash_serialized_3", "That hash, where it is asked for").Maybe(),
           Hex("muhash", "That hash, where it is asked for").Maybe(),
           Money("total_amount", "Bitcoins in all of them"),
           Num("transactions", "Transactions that made them; not from the index").Maybe(),
           Num("disk_size", "Bytes that they take on disk; not from the index").Maybe(),
           Money("total_unspendable_amount",
                 "Bitcoins that nobody can spend any more; from the index only")
               .Maybe(),
           BlockInfoField()})},
      .examples = {"[]", R"(["none"])", R"(["muhash", 1000])"},
      .handler = [](const Request& request, json::Writer& out) {
        const CoinSetHash hash = ParseHashType(request);
        const bool use_index = request.BoolOr("use_index", true);
        const ledger::HeaderEntry& block = WantedBlock(request, hash, use_index);
        const ledger::IndexReader* index = StatsIndex(request);
        out.BeginObject();
        if (use_index && index != nullptr && hash != CoinSetHash::kSerialized) {
          WriteIndexedSet(out, AskIndex(*index, block), block, hash);
        } else {
          WriteCountedSet(out, request, hash);
        }
        out.EndObject();
      }};
}

// --- scantxoutset

struct FoundOutput {
  OutPoint outpoint;
  storage::StoredCoin coin;
};

/// What share of all txids is below this one, in percent.
int ProgressAt(const Txid& txid) {
  const int first_bytes = 256 * txid.bytes[0] + txid.bytes[1];
  return static_cast<int>(first_bytes * 100.0 / 65536.0 + 0.5);
}

void WriteFound(json::Writer& out, const FoundOutput& found, const std::string& descriptor,
                const ledger::HeaderEntry& tip) {
  out.BeginObject();
  out.Key("txid").String(found.outpoint.txid.ToString());
  out.Key("vout").Uint(found.outpoint.index);
  out.Key("scriptPubKey").String(ToHex(found.coin.script));
  out.Key("desc").String(descriptor);
  out.Key("amount").Amount(found.coin.value);
  out.Key("coinbase").Bool(found.coin.coinbase);
  out.Key("height").Int(found.coin.height);
  out.Key("blockhash").String(tip.Ancestor(found.coin.height)->hash.ToString());
  out.Key("confirmations").Int(tip.height - found.coin.height + 1);
  out.EndObject();
}

void StartScan(const Request& request, ScanState& state, json::Writer& out) {
  const ScanTargets targets = ScanTargets::From(request);
  std::vector<FoundOutput> outputs;
  Amount total = 0;
  uint64_t seen = 0;
  bool aborted = false;
  const ledger::HeaderEntry& tip =
      VisitCoins(request, [&](const OutPoint& outpoint, const storage::StoredCoin& coin) {
        constexpr uint64_t kCoinsPerReport = 256;
        ++seen;
        if (seen % kCoinsBetweenLooks == 0) {
          if (*request.node().stopping) return false;
          aborted = state.abort;
          if (aborted) return false;
        }
        if (seen % kCoinsPerReport == 0) state.progress = ProgressAt(outpoint.txid);
        if (targets.Has(coin.script)) {
          outputs.push_back({outpoint, coin});
          total += coin.value;
        }
        return true;
      });
  ThrowIfStopping(request);
  out.BeginObject();
  out.Key("success").Bool(!aborted);
  out.Key("txouts").Uint(seen);
  out.Key("height").Int(tip.height);
  out.Key("bestblock").String(tip.hash.ToString());
  out.Key("unspents").BeginArray();
  for (const FoundOutput& found : outputs)
    WriteFound(out, found, targets.DescriptorOf(found.coin.script), tip);
  out.EndArray();
  out.Key("total_amount").Amount(total);
  out.EndObject();
}

void WriteStatus(const ScanState& state, json::Writer& out) {
  if (!state.IsRunning()) {
    out.Null();
    return;
  }
  out.BeginObject();
  out.Key("progress").Int(state.progress);
  out.EndObject();
}

Field ScanResult() {
  return Obj("", "",
             {Bool("success", "False if the scan was ended"),
              Num("txouts", "How many unspent outputs were looked at"),
              Num("height", "Of the tip at which they are unspent"), Hex("bestblock", "That tip"),
              Arr("unspents", "What was found",
                  Obj("", "",
                      {Hex("txid", "The transaction that made it"), Num("vout", "Its number there"),
                       Hex("scriptPubKey", "The output script"),
                       Str("desc", "A descriptor of that script alone"),
                       Money("amount", "Its value"), Bool("coinbase", "Whether a coinbase made it"),
                       Num("height", "Of the block that made it"), Hex("blockhash", "That block"),
                       Num("confirmations", "Blocks from that one to the tip of the scan")})),
              Money("total_amount", "The sum of their values")})
      .When("for \"start\"");
}

Method ScanTxOutSet() {
  const auto state = std::make_shared<ScanState>();
  return {
      .name = "scantxoutset",
      .group = "blockchain",
      .description =
          "Looks among all unspent outputs for those of descriptors. One scan runs at a time.",
      .params = {ScanActionParam(), ScanObjectsParam()},
      .results = {ScanResult(), ScanAbortResult(),
                  Obj("", "", {Num("progress", "Percent, about")}).When("for \"status\""),
                  ScanNoStatusResult()},
      .examples =
          {R"j(["start", ["raw(76a91411b366edfc0a8b66feebae5c2e25a7b6a5d1cf3188ac)#fm24fxxy"]])j",
           R"(["status"])", R"(["abort"])"},
      .handler = [state](const Request& request, json::Writer& out) {
        RunScanAction(request, *state, out, StartScan, WriteStatus);
      }};
}

}  // namespace

std::vector<Method> CoinSetMethods() { return {GetTxOutSetInfo(), ScanTxOutSet()}; }

}  // namespace cairn::rpc
