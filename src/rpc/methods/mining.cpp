// Methods that make and submit blocks, and tell about mining.
#include <algorithm>
#include <chrono>
#include <optional>

#include "cairn/base/hex.h"
#include "cairn/mining/miner.h"
#include "cairn/rpc/error.h"
#include "consensus/work.h"
#include "src/rpc/descriptors.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/block_template.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

constexpr int64_t kDefaultTries = 1'000'000;

mining::TemplateOptions PayTo(const Request& request, Bytes script) {
  return {.payout_script = std::move(script),
          .version = request.node().block_version,
          .pool = request.node().mempool,
          .limits = request.node().template_limits};
}

uint64_t MaxTries(const Request& request) {
  const int64_t tries = request.IntOr("maxtries", kDefaultTries);
  if (tries < 0) throw RpcError(kMiscError, "JSON integer out of range");
  return static_cast<uint64_t>(tries);
}

/// Null when the tries are used up or the node stops.
BlockPtr Mine(const Request& request, const mining::TemplateOptions& options, uint64_t& tries,
              bool submit) {
  const RpcContext& node = request.node();
  const Result<BlockPtr> block = mining::MineBlock(LedgerOf(request), node.clock, options, tries,
                                                   submit, *node.stopping, node.last_template);
  if (!block) {
    throw RpcError(kInternalError, "ProcessNewBlock, block not accepted: " + block.error().message);
  }
  return *block;
}

void MineSeveral(const Request& request, int count, Bytes script, json::Writer& out) {
  const mining::TemplateOptions options = PayTo(request, std::move(script));
  uint64_t tries = MaxTries(request);
  out.BeginArray();
  for (int i = 0; i < count && !*request.node().stopping; ++i) {
    const BlockPtr block = Mine(request, options, tries, true);
    if (block == nullptr) break;
    out.String(block->hash().ToString());
  }
  out.EndArray();
  request.node().wait_for_subscribers();
}

Bytes AddressScript(const Request& request, std::string_view param) {
  Result<Bytes> script = DecodeAddress(request.String(param), request.node().params.prefixes);
  if (!script) throw RpcError(kInvalidAddressOrKey, "Error: Invalid address");
  return *std::move(script);
}

Method GenerateToAddress() {
  return {.name = "generatetoaddress",
          .group = "hidden",
          .description = "Mines blocks at once that pay to an address.",
          .params = {Required("nblocks", ParamType::kNumber, "How many blocks"),
                     Required("address", ParamType::kString, "Who receives the new bitcoins"),
                     Optional("maxtries", ParamType::kNumber, std::to_string(kDefaultTries),
                              "How many hashes to try at most")},
          .results = {Arr("", "Hashes of the blocks", Hex("", "A hash"))},
          .examples = {R"([11, "myaddress"])"},
          .handler = [](const Request& request, json::Writer& out) {
            const int count = request.SmallInt("nblocks");
            MineSeveral(request, count, AddressScript(request, "address"), out);
          }};
}

Method GenerateToDescriptor() {
  return {.name = "generatetodescriptor",
          .group = "hidden",
          .description =
              "Mines blocks at once that pay to a descriptor; of a combo() to its witness program, "
              "if it has one.",
          .params = {Required("num_blocks", ParamType::kNumber, "How many blocks"),
                     Required("descriptor", ParamType::kString, "Who receives the new bitcoins"),
                     Optional("maxtries", ParamType::kNumber, std::to_string(kDefaultTries),
                              "How many hashes to try at most")},
          .results = {Arr("", "Hashes of the blocks", Hex("", "A hash"))},
          .examples = {"[11, \"raw(51)\"]"},
          .handler = [](const Request& request, json::Writer& out) {
            const int count = request.SmallInt("num_blocks");
            Bytes script = PayoutScript(ParseDescriptors(request, request.String("descriptor")));
            MineSeveral(request, count, std::move(script), out);
          }};
}

Bytes OutputScript(const Request& request, std::string_view param) {
  const AddressPrefixes& prefixes = request.node().params.prefixes;
  const std::string& text = request.String(param);
  if (const auto descriptors = Descriptor::Parse(text, prefixes)) return PayoutScript(*descriptors);
  Result<Bytes> script = DecodeAddress(text, prefixes);
  if (!script) throw RpcError(kInvalidAddressOrKey, "Error: Invalid address or descriptor");
  return *std::move(script);
}

std::vector<TransactionPtr> ChosenTransactions(const Request& request) {
  std::vector<TransactionPtr> chosen;
  for (const json::Value& item : request.Get("transactions").Items()) {
    const std::string& text = ToText(item);
    if (const auto txid = Txid::FromText(text)) {
      chosen.push_back(MempoolOf(request).Find(*txid));
      if (chosen.back() != nullptr) continue;
      throw RpcError(kInvalidAddressOrKey, "Transaction " + text + " not in mempool.");
    }
    chosen.push_back(TransactionOf(text, "Transaction decode failed for " + text +
                                             ". Make sure the tx has at least one input."));
  }
  return chosen;
}

/// Throws if the block would not connect, whatever its nonce.
void TestTemplate(const Request& request, const mining::TemplateOptions& options) {
  ledger::Ledger& ledger = LedgerOf(request);
  const ledger::ChainViewPtr view = ledger.View();
  const mining::BlockTemplate block = mining::BuildTemplate(
      *view, options, request.node().clock.Now(), mining::SelectTransactions(*view, options));
  if (const auto reason = ledger.TestBlock(block.Finish(block.header))) {
    throw RpcError(kVerifyError, "TestBlockValidity failed: " + *reason);
  }
}

Method GenerateBlock() {
  return {.name = "generateblock",
          .group = "hidden",
          .description = "Mines one block at once with given transactions, in their order.",
          .params = {Required("output", ParamType::kString,
                              "Who receives the new bitcoins: an address or a descriptor"),
                     Required("transactions", ParamType::kArray, "Its transactions",
                              {Required("rawtx/txid", ParamType::kString,
                                        "A raw transaction, or the id of one in the mempool")}),
                     Optional("submit", ParamType::kBool, "true",
                              "Whether to add the block to the chain, or only to give it back")},
          .results = {Obj("", "",
                          {Hex("hash", "The block's hash"),
                           Hex("hex", "The block, where it is not submitted").Maybe()})},
          .examples = {R"(["myaddress", []])"},
          .handler = [](const Request& request, json::Writer& out) {
            mining::TemplateOptions options = PayTo(request, OutputScript(request, "output"));
            options.pool = nullptr;
            options.chosen = ChosenTransactions(request);
            TestTemplate(request, options);
            const bool submit = request.BoolOr("submit", true);
            uint64_t tries = kDefaultTries;
            const BlockPtr block = Mine(request, options, tries, submit);
            if (block == nullptr) throw RpcError(kMiscError, "Failed to make block.");
            if (submit) request.node().wait_for_subscribers();
            out.BeginObject();
            out.Key("hash").String(block->hash().ToString());
            if (!submit) out.Key("hex").String(ToHex(block->bytes()));
            out.EndObject();
          }};
}

/// Hashes per second over the `lookup` blocks before `last`; -1: since the last change of
/// difficulty.
double NetworkHashesPerSecond(const ledger::HeaderEntry& last, int lookup,
                              const consensus::Params& params) {
  if (last.height == 0) return 0;
  if (lookup == -1) lookup = static_cast<int>(last.height % params.retarget.Interval()) + 1;
  lookup = std::min(lookup, last.height);
  uint32_t earliest = last.header.time;
  uint32_t latest = last.header.time;
  const ledger::HeaderEntry* first = &last;
  for (int i = 0; i < lookup; ++i) {
    first = first->parent;
    earliest = std::min(earliest, first->header.time);
    latest = std::max(latest, first->header.time);
  }
  if (earliest == latest) return 0;
  return (last.chain_work - first->chain_work).ToDouble() / (latest - earliest);
}

Method GetNetworkHashPs() {
  return {
      .name = "getnetworkhashps",
      .group = "mining",
      .description = "Estimates the hashes per second of the whole network.",
      .params = {Optional("nblocks", ParamType::kNumber, "120",
                          "Over how many blocks; -1 for those since the last change of difficulty"),
                 Optional("height", ParamType::kNumber, "-1",
                          "As of the block at that height; -1 for the tip")},
      .results = {Num("", "Hashes per second")},
      .examples = {"[]"},
      .handler = [](const Request& request, json::Writer& out) {
        const ledger::ChainViewPtr view = LedgerOf(request).View();
        const int lookup = request.SmallIntOr("nblocks", 120);
        const int height = request.SmallIntOr("height", -1);
        if (lookup < -1 || lookup == 0) {
          throw RpcError(kInvalidParameter, "Invalid nblocks. Must be a positive number or -1.");
        }
        if (height < -1 || height > view->Height()) {
          throw RpcError(kInvalidParameter, "Block does not exist at specified height");
        }
        const ledger::HeaderEntry* last = height == -1 ? view->tip : view->At(height);
        out.Double(NetworkHashesPerSecond(*last, lookup, *view->params));
      }};
}

std::optional<mining::TemplateSize> LastTemplateOf(const Request& request) {
  const mining::LastTemplate* last = request.node().last_template;
  return last != nullptr ? last->Get() : std::nullopt;
}

/// Nothing where the built-in miner does not mine.
std::optional<double> MinerRateOf(const Request& request) {
  const mining::HashMeter* meter = request.node().hash_meter;
  if (meter == nullptr) return std::nullopt;
  const mining::HashMeter::Rate rate = meter->Get(std::chrono::steady_clock::now());
  if (!rate.mining) return std::nullopt;
  return rate.per_second;
}

Method GetMiningInfo() {
  return {.name = "getmininginfo",
          .group = "mining",
          .description = "Tells about mining.",
          .results = {Obj(
              "", "",
              {Num("blocks", "Height of the tip"),
               Num("currentblockweight", "Weight of the last block assembled, once there is one")
                   .Maybe(),
               Num("currentblocktx", "Its transactions without the coinbase, once there is one")
                   .Maybe(),
               Num("difficulty", "Of the tip"),
               Num("networkhashps", "Estimated hashes per second of the network"),
               Num("minerhashps", "Hashes per second of the built-in miner, if any").Maybe(),
               Num("pooledtx", "Transactions in the mempool"),
               Str("chain", "The network: main, test, testnet4, signet or regtest"),
               Hex("signet_challenge", "The block challenge, on signets only").Maybe(),
               Arr("warnings", "What people should know", Str("", "A warning"))})},
          .examples = {"[]"},
          .handler = [](const Request& request, json::Writer& out) {
            const ledger::ChainViewPtr view = LedgerOf(request).View();
            out.BeginObject();
            out.Key("blocks").Int(view->Height());
            if (const auto last = LastTemplateOf(request)) {
              out.Key("currentblockweight").Uint(last->weight);
              out.Key("currentblocktx").Uint(last->transactions);
            }
            out.Key("difficulty").Double(consensus::DifficultyOf(view->tip->header.bits));
            out.Key("networkhashps").Double(NetworkHashesPerSecond(*view->tip, 120, *view->params));
            if (const auto rate = MinerRateOf(request)) out.Key("minerhashps").Double(*rate);
            out.Key("pooledtx").Uint(MempoolOf(request).Info().count);
            out.Key("chain").String(view->params->rpc_name);
            if (const auto& challenge = view->params->signet_challenge) {
              out.Key("signet_challenge").String(ToHex(*challenge));
            }
            WriteWarnings(out, request);
            out.EndObject();
          }};
}

}  // namespace

std::vector<Method> MiningMethods() {
  return {GenerateToAddress(), GenerateToDescriptor(), GenerateBlock(),
          GetBlockTemplate(),  GetNetworkHashPs(),     GetMiningInfo()};
}

}  // namespace cairn::rpc
