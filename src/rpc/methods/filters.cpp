// Methods about indexes: their states, and the block filters of BIP157 and BIP158.
#include <algorithm>
#include <memory>

#include "cairn/base/hex.h"
#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"
#include "src/rpc/scan.h"

namespace cairn::rpc {

namespace {

// --- getindexinfo

Method GetIndexInfo() {
  return {.name = "getindexinfo",
          .group = "util",
          .description = "Tells how far the indexes are that this node keeps.",
          .params = {Optional("index_name", ParamType::kString, "",
                              "Only this one: \"txindex\", \"basic block filter index\" or "
                              "\"coinstatsindex\"")},
          .results = {Map("", "The indexes",
                          Obj("name", "The index of that name",
                              {Bool("synced", "Whether it is at the tip"),
                               Num("best_block_height", "The last block that it has")}))},
          .examples = {"[]", R"(["txindex"])"},
          .handler = [](const Request& request, json::Writer& out) {
            const std::string wanted = request.StringOr("index_name", "");
            out.BeginObject();
            for (const ledger::IndexReader* index : LedgerOf(request).Indexes()) {
              if (!wanted.empty() && index->name() != wanted) continue;
              out.Key(index->name()).BeginObject();
              out.Key("synced").Bool(index->synced());
              out.Key("best_block_height").Int(std::max(index->tip().height, 0));
              out.EndObject();
            }
            out.EndObject();
          }};
}

// --- getblockfilter

Param FilterTypeParam() {
  return Optional("filtertype", ParamType::kString, "\"basic\"", "The type of filter");
}

/// The index of the filters that the parameter names. Throws if this node has none.
const ledger::IndexReader& FilterIndex(const Request& request) {
  const std::string type = request.StringOr("filtertype", "basic");
  if (type != "basic") throw RpcError(kInvalidAddressOrKey, "Unknown filtertype");
  const ledger::IndexReader* index = LedgerOf(request).FindIndex(ledger::kFilterIndex);
  if (index == nullptr) {
    throw RpcError(kMiscError, "Index is not enabled for filtertype " + type);
  }
  return *index;
}

/// What an index has of a block. Throws if it cannot be read.
template <typename T>
std::optional<T> OrThrow(Result<std::optional<T>> read) {
  if (!read) throw RpcError(kInternalError, read.error().message);
  return *std::move(read);
}

[[noreturn]] void ThrowNoFilter(const ledger::IndexReader& index,
                                const ledger::HeaderEntry& entry) {
  const std::string start = "Filter not found.";
  if (entry.validity != ledger::Validity::kConnected) {
    throw RpcError(kInvalidAddressOrKey, start + " Block was not connected to active chain.");
  }
  if (!index.synced()) {
    throw RpcError(kMiscError, start + " Block filters are still in the process of being indexed.");
  }
  throw RpcError(kInternalError,
                 start + " This error is unexpected and indicates index corruption.");
}

Method GetBlockFilter() {
  return {.name = "getblockfilter",
          .group = "blockchain",
          .description = "Gives the filter of a block (BIP157), from the index of filters.",
          .params = {Required("blockhash", ParamType::kHex, "The block's hash"), FilterTypeParam()},
          .results = {Obj("", "",
                          {Hex("filter", "The filter"),
                           Hex("header", "Its header, which commits to all before it")})},
          .examples =
              {R"(["00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09", "basic"])"},
          .handler = [](const Request& request, json::Writer& out) {
            const auto hash = ParseHash<BlockHash>(request, "blockhash", "blockhash");
            const ledger::IndexReader& index = FilterIndex(request);
            const ledger::HeaderEntry* entry = LedgerOf(request).Find(hash);
            if (entry == nullptr) throw RpcError(kInvalidAddressOrKey, "Block not found");
            const ledger::IndexTip block{entry->height, entry->hash};
            const auto filter = OrThrow(ledger::FindFilter(index, block));
            const auto hashes = OrThrow(ledger::FindFilterHashes(index, block));
            if (!filter || !hashes) ThrowNoFilter(index, *entry);
            out.BeginObject();
            out.Key("filter").String(ToHex(*filter));
            out.Key("header").String(hashes->header.ToString());
            out.EndObject();
          }};
}

// --- scanblocks

struct ScanRange {
  int first = 0;
  int last = 0;
};

ScanRange RangeOf(const Request& request, const ledger::ChainView& view) {
  const ScanRange range = {request.SmallIntOr("start_height", 0),
                           request.SmallIntOr("stop_height", view.Height())};
  if (view.At(range.first) == nullptr) throw RpcError(kMiscError, "Invalid start_height");
  if (view.At(range.last) == nullptr || range.last < range.first) {
    throw RpcError(kMiscError, "Invalid stop_height");
  }
  return range;
}

bool SkipsFalsePositives(const Request& request) {
  const json::Value* option = request.Get("options").Find("filter_false_positives");
  return option != nullptr && ToBool(*option);
}

/// Whether the block really pays to a script that is looked for, or spends from one.
bool HasTarget(const Request& request, const ledger::HeaderEntry& entry,
               const ScanTargets& targets) {
  const BlockPtr block = ReadBody(LedgerOf(request), entry);
  for (const Transaction& transaction : block->transactions()) {
    for (const TxOut& output : transaction.outputs) {
      if (targets.Has(output.script)) return true;
    }
  }
  const auto spent = ReadSpent(LedgerOf(request), entry, *block);
  return std::any_of(spent.begin(), spent.end(),
                     [&](const ledger::FoundCoin& coin) { return targets.Has(coin.script); });
}

/// Blocks that the index does not have yet are passed over.
bool FilterMatches(const ledger::IndexReader& index, const ledger::HeaderEntry& entry,
                   std::span<const ByteSpan> scripts) {
  const auto filter = OrThrow(ledger::FindFilter(index, {entry.height, entry.hash}));
  if (!filter) return false;
  const std::optional<GolombSet> set = DecodeBasicFilter(entry.hash, *filter);
  if (!set) throw RpcError(kInternalError, "A stored block filter is damaged");
  return set->MatchesAny(scripts);
}

void StartScan(const Request& request, ScanState& state, json::Writer& out) {
  const ledger::IndexReader& index = FilterIndex(request);
  const bool certain = SkipsFalsePositives(request);
  const ledger::ChainViewPtr view = LedgerOf(request).View();
  const ScanRange range = RangeOf(request, *view);
  const ScanTargets targets = ScanTargets::From(request);
  const std::vector<ByteSpan> scripts = targets.Scripts();
  out.BeginObject();
  out.Key("from_height").Int(range.first);
  std::vector<BlockHash> relevant;
  int height = range.first;
  bool completed = false;
  while (!completed && !state.abort) {
    ThrowIfStopping(request);
    const ledger::HeaderEntry& entry = *view->At(height);
    state.height = height;
    state.progress = static_cast<int>(int64_t{height - range.first} * 100 /
                                      std::max(range.last - range.first, 1));
    if (FilterMatches(index, entry, scripts) && (!certain || HasTarget(request, entry, targets))) {
      relevant.push_back(entry.hash);
    }
    completed = height == range.last;
    if (!completed) ++height;
  }
  out.Key("to_height").Int(completed ? height : std::max(height - 1, range.first));
  out.Key("relevant_blocks").BeginArray();
  for (const BlockHash& hash : relevant) out.String(hash.ToString());
  out.EndArray();
  out.Key("completed").Bool(completed);
  out.EndObject();
}

void WriteStatus(const ScanState& state, json::Writer& out) {
  if (!state.IsRunning()) {
    out.Null();
    return;
  }
  out.BeginObject();
  out.Key("progress").Int(state.progress);
  out.Key("current_height").Int(state.height);
  out.EndObject();
}

Method ScanBlocks() {
  const auto state = std::make_shared<ScanState>();
  Param options = Optional("options", ParamType::kObject, "", "More",
                           {Optional("filter_false_positives", ParamType::kBool, "false",
                                     "Whether to look into each block that matches")});
  options.named_members = true;
  return {
      .name = "scanblocks",
      .group = "blockchain",
      .description =
          "Looks for the blocks that pay to descriptors or spend from them, by the index of block "
          "filters. Without a check of the blocks themselves a few may be named that do not. One "
          "scan runs at a time.",
      .params = {ScanActionParam(), ScanObjectsParam(),
                 Optional("start_height", ParamType::kNumber, "0", "The first block to look at"),
                 Optional("stop_height", ParamType::kNumber, "chain tip", "The last one"),
                 FilterTypeParam(), std::move(options)},
      .results = {ScanNoStatusResult(),
                  Obj("", "",
                      {Num("from_height", "The first block that was looked at"),
                       Num("to_height", "The last one"),
                       Arr("relevant_blocks", "Those that match", Hex("", "A block's hash")),
                       Bool("completed", "False if the scan was ended")})
                      .When("for \"start\""),
                  Obj("", "",
                      {Num("progress", "Percent, about"),
                       Num("current_height", "The block that is looked at")})
                      .When("for \"status\""),
                  ScanAbortResult()},
      .examples = {R"j(["start", ["addr(bcrt1q4u4nsgk6ug0sqz7r3rj9tykjxrsl0yy4d0wwte)"], 300000])j",
                   R"(["status"])", R"(["abort"])"},
      .handler = [state](const Request& request, json::Writer& out) {
        RunScanAction(request, *state, out, StartScan, WriteStatus);
      }};
}

}  // namespace

std::vector<Method> FilterMethods() { return {GetIndexInfo(), GetBlockFilter(), ScanBlocks()}; }

}  // namespace cairn::rpc
