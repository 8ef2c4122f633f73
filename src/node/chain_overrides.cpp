#include <algorithm>
#include <climits>

#include "cairn/base/hex.h"
#include "cairn/genesis/chain_file.h"
#include "cairn/node/chain_selection.h"
#include "src/node/option_words.h"

namespace cairn::node {
namespace {

/// 64 hex digits from a number that people may write shorter or with 0x in front.
std::optional<std::string> PaddedHex(std::string_view text) {
  static constexpr size_t kDigits = 64;
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  if (text.size() > kDigits) return std::nullopt;
  std::string padded = std::string(kDigits - text.size(), '0') + std::string(text);
  if (!FromHex(padded)) return std::nullopt;
  return padded;
}

Status OverrideWork(const Options& options, consensus::Params& params) {
  if (options.IsSet("minimumchainwork")) {
    const std::string text = options.GetString("minimumchainwork");
    const auto hex = PaddedHex(text);
    if (!hex) {
      return Invalid("Invalid minimum work specified (" + text + "), must be up to 64 hex digits");
    }
    params.minimum_chain_work = U256::FromHex(*hex).value_or(U256());
  }
  if (options.IsSet("assumevalid")) {
    const std::string text = options.GetString("assumevalid");
    const auto hex = PaddedHex(text);
    if (!hex) {
      return Invalid("Invalid assumevalid block hash specified (" + text +
                     "), must be up to 64 hex digits (or 0 to disable)");
    }
    params.assumed_valid = BlockHash::FromText(*hex).value_or(BlockHash());
  }
  return {};
}

Status OverrideSignet(const Options& options, consensus::Params& params) {
  if (!params.signet_challenge) return {};
  const std::vector<std::string> challenges = options.GetList("signetchallenge");
  if (challenges.size() > 1) return Invalid("-signetchallenge cannot be multiple values.");
  if (challenges.size() == 1) {
    const auto challenge = FromHex(challenges.front());
    if (!challenge) {
      return Invalid("-signetchallenge must be hex, not '" + challenges.front() + "'.");
    }
    genesis::ApplySignetChallenge(params, *challenge);
  }
  if (options.IsSet("signetseednode")) params.dns_seeds = options.GetList("signetseednode");
  return {};
}

int* BuriedHeight(consensus::BuriedHeights& heights, std::string_view name) {
  if (name == "bip34") return &heights.bip34;
  if (name == "dersig") return &heights.bip66;
  if (name == "cltv") return &heights.bip65;
  if (name == "csv") return &heights.csv;
  if (name == "segwit") return &heights.segwit;
  return nullptr;
}

Status OverrideHeight(const std::string& text, consensus::Params& params) {
  const auto complaint = [&](const std::string& what) {
    return Invalid("Invalid " + what + " (" + text + ") for -testactivationheight=name@height.");
  };
  const size_t at = text.find('@');
  if (at == std::string::npos) return complaint("format");
  const auto value = ParseInteger(std::string_view(text).substr(at + 1));
  if (!value || *value < 0 || *value >= INT_MAX) return complaint("height value");
  int* height = BuriedHeight(params.heights, std::string_view(text).substr(0, at));
  if (height == nullptr) return complaint("name");
  *height = static_cast<int>(*value);
  return {};
}

/// NAME:START:END[:MINHEIGHT], as BIP9 and BIP341's activation name them.
Status OverrideDeployment(const std::string& text, consensus::Params& params) {
  const std::vector<std::string> parts = Split(text, ':');
  if (parts.size() != 3 && parts.size() != 4) {
    return Invalid(
        "Version bits parameters malformed, expecting "
        "deployment:start:end[:min_activation_height]");
  }
  const auto start = ParseInteger(parts[1]);
  if (!start) return Invalid("Invalid nStartTime (" + parts[1] + ")");
  const auto timeout = ParseInteger(parts[2]);
  if (!timeout) return Invalid("Invalid nTimeout (" + parts[2] + ")");
  const auto height = parts.size() == 4 ? ParseInteger(parts[3]) : 0;
  if (!height || *height < 0 || *height >= INT_MAX) {
    return Invalid("Invalid min_activation_height (" + parts[3] + ")");
  }
  for (consensus::Bip9Deployment& deployment : params.deployments) {
    if (deployment.name != parts[0]) continue;
    deployment.start_time = *start;
    deployment.timeout = *timeout;
    deployment.min_activation_height = static_cast<int>(*height);
    return {};
  }
  return Invalid("Invalid deployment (" + parts[0] + ")");
}

Status OverrideForTests(const Options& options, consensus::Params& params) {
  if (!params.mine_on_demand) return {};
  for (const std::string& text : options.GetList("testactivationheight")) {
    if (Status done = OverrideHeight(text, params); !done) return done;
  }
  for (const std::string& text : options.GetList("vbparams")) {
    if (Status done = OverrideDeployment(text, params); !done) return done;
  }
  return {};
}

Status OverridePruning(const Options& options, consensus::Params& params) {
  constexpr int kSoon = 100;  // on short chains, for tests
  if (params.mine_on_demand && options.GetBool("fastprune", false)) {
    params.prune_after_height = std::min(params.prune_after_height, kSoon);
  }
  return {};
}

Status OverridePolicy(const Options& options, consensus::Params& params) {
  params.require_standard = !options.GetBool("acceptnonstdtxn", !params.require_standard);
  if (!params.require_standard && !params.is_test) {
    return Invalid("acceptnonstdtxn is not currently supported for " + params.rpc_name + " chain");
  }
  return {};
}

}  // namespace

Status ApplyOverrides(const Options& options, consensus::Params& params) {
  // The client needs no more than ports and folder.
  if (options.program() != Program::kDaemon) return {};
  for (const auto& part :
       {OverrideSignet, OverrideForTests, OverridePruning, OverrideWork, OverridePolicy}) {
    if (Status done = part(options, params); !done) return done;
  }
  return {};
}

}  // namespace cairn::node
