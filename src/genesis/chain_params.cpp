#include "src/genesis/chain_params.h"

#include <algorithm>
#include <limits>

#include "cairn/base/hex.h"
#include "cairn/genesis/chain_file.h"
#include "cairn/primitives/block.h"
#include "consensus/deployments.h"
#include "consensus/merkle.h"
#include "consensus/work.h"

namespace cairn::genesis {

namespace {

using consensus::Bip9Deployment;
using consensus::Checkpoint;
using consensus::Params;
using consensus::RetargetRules;

constexpr Fields::Range kPort = {1, 65535};
constexpr Fields::Range kByte = {0, 255};

template <size_t N>
std::array<uint8_t, N> FixedHex(const Fields& fields, std::string_view key) {
  const Bytes bytes = fields.Hex(key, N);
  std::array<uint8_t, N> fixed{};
  std::copy(bytes.begin(), bytes.end(), fixed.begin());
  return fixed;
}

AddressPrefixes ReadAddresses(const Fields& fields) {
  AddressPrefixes prefixes;
  prefixes.pubkey_hash = static_cast<uint8_t>(fields.Number("pubkey_hash", kByte));
  prefixes.script_hash = static_cast<uint8_t>(fields.Number("script_hash", kByte));
  prefixes.secret_key = static_cast<uint8_t>(fields.Number("secret_key", kByte));
  prefixes.ext_public = FixedHex<4>(fields, "ext_public");
  prefixes.ext_secret = FixedHex<4>(fields, "ext_secret");
  prefixes.bech32_hrp = fields.Text("bech32");

  if (prefixes.script_hash == prefixes.pubkey_hash) {
    fields.Refuse("script_hash", "must differ from \"addresses.pubkey_hash\"");
  }
  // BIP173 allows 90 letters, of which a program of 40 bytes takes 72 with version and checksum.
  constexpr size_t kMaxPrefix = 18;
  const bool plain =
      std::all_of(prefixes.bech32_hrp.begin(), prefixes.bech32_hrp.end(),
                  [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
  if (!plain || prefixes.bech32_hrp.size() > kMaxPrefix) {
    fields.Refuse("bech32", "must be 1 to 18 lower-case letters or digits");
  }
  return prefixes;
}

RetargetRules ReadRetarget(const Fields& fields) {
  // Four times a timespan, the longest period that counts, must fit 32 bits.
  constexpr int64_t kMaxTimespan = std::numeric_limits<uint32_t>::max() / 4;
  RetargetRules rules;
  rules.limit = fields.Large("limit");
  rules.limit_bits = EncodeCompact(rules.limit);
  rules.spacing_seconds = fields.Number("spacing", {1, kMaxTimespan}, rules.spacing_seconds);
  rules.timespan_seconds = fields.Number("timespan", {4, kMaxTimespan}, rules.timespan_seconds);
  rules.never = fields.Flag("never", rules.never);
  rules.allow_min_difficulty = fields.Flag("allow_min_difficulty", rules.allow_min_difficulty);
  rules.from_first_block = fields.Flag("from_first_block", rules.from_first_block);
  rules.timewarp_guard = fields.Flag("timewarp_guard", rules.timewarp_guard);

  if (rules.limit.IsZero()) fields.Refuse("limit", "must not be zero");
  // A period four times too long makes the target four times easier, in 256 bits.
  if (!rules.never && rules.limit.BitLength() > 254) {
    fields.Refuse("limit", "must be below 2^254 where \"retarget.never\" is false");
  }
  if (rules.timespan_seconds % rules.spacing_seconds != 0) {
    fields.Refuse(fields.Has("timespan") ? "timespan" : "spacing",
                  "must make \"retarget.timespan\" a multiple of \"retarget.spacing\"");
  }
  return rules;
}

void ReadMoney(const Fields& fields, Params& params) {
  params.initial_subsidy = fields.Number("initial_subsidy", {0, kMaxMoney}, params.initial_subsidy);
  params.subsidy_interval = static_cast<int>(fields.Number(
      "subsidy_interval", {1, std::numeric_limits<int>::max()}, params.subsidy_interval));
  params.coinbase_maturity = fields.Height("coinbase_maturity", params.coinbase_maturity);
}

consensus::BuriedHeights ReadHeights(const Fields& fields) {
  consensus::BuriedHeights heights;
  heights.bip34 = fields.Height("bip34", heights.bip34);
  heights.bip65 = fields.Height("bip65", heights.bip65);
  heights.bip66 = fields.Height("bip66", heights.bip66);
  heights.csv = fields.Height("csv", heights.csv);
  heights.segwit = fields.Height("segwit", heights.segwit);
  return heights;
}

void ReadSignalling(const Fields& fields, Params& params) {
  params.signalling_window = static_cast<int>(
      fields.Number("window", {1, std::numeric_limits<int>::max()}, params.signalling_window));
  params.signalling_threshold = static_cast<int>(
      fields.Number("threshold", {1, params.signalling_window},
                    std::min(params.signalling_threshold, params.signalling_window)));
  params.warn_of_votes_from = fields.Height("warn_from", params.warn_of_votes_from);
}

Bip9Deployment ReadDeployment(const Fields& fields) {
  constexpr int64_t kHighestBit = 28;  // BIP9 leaves the three bits above to the marker
  Bip9Deployment deployment;
  deployment.name = fields.Text("name");
  deployment.bit = static_cast<int>(fields.Number("bit", {0, kHighestBit}));
  deployment.start_time = fields.NumberOrWord(
      "start_time",
      {{"always", Bip9Deployment::kAlwaysActive}, {"never", Bip9Deployment::kNeverActive}},
      deployment.start_time);
  deployment.timeout =
      fields.NumberOrWord("timeout", {{"none", Bip9Deployment::kNoTimeout}}, deployment.timeout);
  deployment.min_activation_height =
      fields.Height("min_activation_height", deployment.min_activation_height);
  return deployment;
}

std::vector<Bip9Deployment> ReadDeployments(const Fields& top) {
  std::vector<Bip9Deployment> deployments;
  for (const Fields& entry : top.Entries("deployments")) {
    const Bip9Deployment deployment = ReadDeployment(entry);
    for (const Bip9Deployment& earlier : deployments) {
      if (earlier.name == deployment.name) entry.Refuse("name", "occurs twice");
    }
    deployments.push_back(deployment);
  }
  if (deployments.size() > consensus::Bip9States::kMost) {
    top.Refuse("deployments", "must not have more than " +
                                  std::to_string(consensus::Bip9States::kMost) + " entries");
  }
  return deployments;
}

std::vector<Checkpoint> ReadCheckpoints(const Fields& top, std::string_view key) {
  std::vector<Checkpoint> checkpoints;
  for (const Fields& entry : top.Entries(key)) {
    const Checkpoint checkpoint{entry.Height("height"), entry.Hash("hash")};
    if (!checkpoints.empty() && checkpoint.height <= checkpoints.back().height) {
      entry.Refuse("height", "must be greater than the one before");
    }
    checkpoints.push_back(checkpoint);
  }
  return checkpoints;
}

void ReadFlagExceptions(const Fields& top, Params& params) {
  static constexpr std::string_view kFlags[] = {"P2SH", "WITNESS", "TAPROOT"};
  for (const Fields& entry : top.Entries("script_flag_exceptions")) {
    consensus::ScriptFlags flags;
    for (const std::string& name : entry.Texts("flags")) {
      if (std::find(std::begin(kFlags), std::end(kFlags), name) == std::end(kFlags)) {
        entry.Refuse("flags", "must be among P2SH, WITNESS and TAPROOT");
      }
      flags = flags | consensus::ScriptFlagNamed(name).value_or(consensus::ScriptFlags());
    }
    if (!params.script_flag_exceptions.emplace(entry.Hash("hash"), flags).second) {
      entry.Refuse("hash", "occurs twice");
    }
  }
}

consensus::Activity ReadActivity(const Fields& top) {
  consensus::Activity activity;
  if (!top.Has("activity")) return activity;
  constexpr Fields::Range kAny = {0, std::numeric_limits<int64_t>::max()};
  const Fields fields = top.Section("activity", Fields::Presence::kRequired);
  activity.time = fields.Number("time", {1, std::numeric_limits<uint32_t>::max()});
  activity.transactions = static_cast<uint64_t>(fields.Number("transactions", kAny));
  activity.per_second = static_cast<double>(fields.Number("per_million_seconds", kAny)) / 1e6;
  return activity;
}

/// The genesis block proves itself: well formed, first of its chain, with the work that it claims
/// and the transactions that its header commits to.
void ReadGenesis(const Fields& top, Params& params) {
  constexpr std::string_view kKey = "genesis_block";
  params.genesis_block = top.Hex(kKey, 0);
  const Result<BlockPtr> parsed = Block::Parse(params.genesis_block);
  if (!parsed) return top.Refuse(kKey, "must be a raw block: " + parsed.error().message);

  const Block& block = **parsed;
  params.genesis_hash = block.hash();
  if (!block.header().previous.IsZero()) {
    return top.Refuse(kKey, "must not have a parent");
  }
  const crypto::Digest root = consensus::TransactionMerkleRoot(block).root;
  if (block.transactions().empty() || root != block.header().merkle_root.bytes) {
    return top.Refuse(kKey, "must have the merkle root of its transactions in its header");
  }
  if (!consensus::MeetsTarget(block.hash(), block.header().bits, params.retarget)) {
    return top.Refuse(
        kKey, "must meet its target, which must be within \"retarget.limit\": its hash is " +
                  block.hash().ToString());
  }
}

void ReadSignet(const Fields& top, Params& params) {
  if (!top.Has("signet_challenge")) return;
  Params expected;
  ApplySignetChallenge(expected, top.Hex("signet_challenge", 0));
  params.signet_challenge = expected.signet_challenge;
  if (params.magic != expected.magic) {
    top.Refuse("magic",
               "must be " + ToHex(expected.magic) + ", which follows from the signet challenge");
  }
}

}  // namespace

Params ReadParams(const json::Value& root, Problem& problem) {
  using Presence = Fields::Presence;
  const Fields top(root, problem);
  Params params;
  params.magic = FixedHex<4>(top, "magic");
  params.p2p_port = static_cast<uint16_t>(top.Number("p2p_port", kPort));
  params.rpc_port = static_cast<uint16_t>(top.Number("rpc_port", kPort));
  params.onion_port =
      static_cast<uint16_t>(top.Number("onion_port", kPort, std::min(params.p2p_port + 1, 65535)));
  params.dns_seeds = top.Texts("dns_seeds");
  params.fixed_seeds = top.Texts("fixed_seeds");
  params.prefixes = ReadAddresses(top.Section("addresses", Presence::kRequired));

  params.retarget = ReadRetarget(top.Section("retarget", Presence::kRequired));
  ReadGenesis(top, params);
  ReadMoney(top.Section("money", Presence::kOptional), params);
  params.heights = ReadHeights(top.Section("heights", Presence::kOptional));
  params.bip34_hash = top.HashOrZero("bip34_hash");
  params.bip30_exceptions = ReadCheckpoints(top, "bip30_exceptions");
  ReadSignalling(top.Section("signalling", Presence::kOptional), params);
  params.deployments = ReadDeployments(top);
  ReadFlagExceptions(top, params);

  params.assumed_valid = top.HashOrZero("assumed_valid");
  params.minimum_chain_work = top.Large("minimum_chain_work", U256());
  params.checkpoints = ReadCheckpoints(top, "checkpoints");
  params.activity = ReadActivity(top);
  ReadSignet(top, params);

  params.is_test = top.Flag("is_test", params.is_test);
  params.mine_on_demand = top.Flag("mine_on_demand", params.mine_on_demand);
  params.require_standard = top.Flag("require_standard", params.require_standard);
  params.prune_after_height = top.Height("prune_after_height", params.prune_after_height);
  return params;
}

}  // namespace cairn::genesis
