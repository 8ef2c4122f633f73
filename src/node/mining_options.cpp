#include "src/node/mining_options.h"

#include <algorithm>
#include <string>
#include <utility>

#include "cairn/mining/payout.h"
#include "consensus/rules/block.h"
#include "consensus/rules/signet.h"
#include "src/node/pool_options.h"

namespace cairn::node {
namespace {

constexpr int64_t kMostWeight = consensus::kMaxBlockWeight;
constexpr int64_t kLeastReserved = 2000;

Result<uint64_t> ReadWeight(const Options& options, const std::string& name, uint64_t fallback,
                            int64_t least) {
  const int64_t weight = options.GetInt(name, static_cast<int64_t>(fallback));
  const std::string given = "Specified -" + name + " (" + std::to_string(weight) + ") ";
  if (weight > kMostWeight) {
    return Invalid(given + "exceeds consensus maximum block weight (" +
                   std::to_string(kMostWeight) + ")");
  }
  if (weight < least) {
    return Invalid(given + "is lower than minimum safety value of (" + std::to_string(least) + ")");
  }
  return static_cast<uint64_t>(weight);
}

/// Some challenges are met without a solution, as OP_TRUE is.
bool MustBeSigned(const consensus::Params& params) {
  TransactionDraft coinbase;
  coinbase.inputs.push_back({});
  coinbase.outputs.push_back({0, consensus::WitnessCommitmentScript({}, {})});
  const BlockPtr unsigned_block =
      mining::BlockTemplate{.header = {}, .transactions = {coinbase.Finish()}}.Finish({});
  return !consensus::HasSignetSolution(*unsigned_block, params);
}

}  // namespace

Status CheckUnsigned(std::string_view option, const consensus::Params& params) {
  if (!MustBeSigned(params)) return {};
  return Invalid("-" + std::string(option) +
                 " cannot make blocks of this chain: they must be signed (BIP325). -pool can mine "
                 "for somebody who signs them.");
}

std::optional<int32_t> BlockVersion(const Options& options) {
  if (!options.IsSet("blockversion")) return std::nullopt;
  return static_cast<int32_t>(options.GetInt("blockversion", 0));
}

Result<mining::TemplateLimits> TemplateLimitsFrom(const Options& options) {
  mining::TemplateLimits limits;
  const auto weight = ReadWeight(options, "blockmaxweight", limits.weight, 0);
  if (!weight) return tl::unexpected(weight.error());
  limits.weight = *weight;
  const auto reserved =
      ReadWeight(options, "blockreservedweight", limits.reserved_weight, kLeastReserved);
  if (!reserved) return tl::unexpected(reserved.error());
  limits.reserved_weight = *reserved;
  if (Status read = ReadRate(options, "blockmintxfee", &limits.min_rate); !read) {
    return tl::unexpected(read.error());
  }
  return limits;
}

Result<std::optional<mining::MinerOptions>> MinerOptionsFrom(const Options& options,
                                                             const consensus::Params& params) {
  const std::string payout = options.GetString("mine");
  if (payout.empty()) return std::nullopt;
  auto script = mining::ParsePayout(payout, params.prefixes);
  if (!script) return Invalid("-mine=" + payout + ": " + script.error().message);
  if (Status checked = CheckUnsigned("mine", params); !checked) {
    return tl::unexpected(checked.error());
  }
  mining::MinerOptions miner;
  miner.block.payout_script = *std::move(script);
  miner.block.version = BlockVersion(options);
  miner.threads = static_cast<size_t>(options.GetInt("minethreads", 1));
  miner.interval = std::chrono::seconds(std::max<int64_t>(options.GetInt("mineinterval", 0), 0));
  return miner;
}

}  // namespace cairn::node
