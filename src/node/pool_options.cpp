#include "src/node/pool_options.h"

#include <algorithm>
#include <string>

namespace cairn::node {

using mempool::FeeRate;

Status ReadRate(const Options& options, const std::string& name, FeeRate* rate) {
  if (!options.IsSet(name)) return {};
  const std::string text = options.GetString(name);
  const auto amount = ParseAmount(text);
  if (!amount || !IsMoney(*amount)) {
    return Invalid("Invalid amount for -" + name + "=<amount>: '" + text + "'");
  }
  *rate = FeeRate(*amount);
  return {};
}

namespace {

Status ReadRates(const Options& options, mempool::PolicyOptions* policy) {
  if (Status read = ReadRate(options, "incrementalrelayfee", &policy->incremental_fee); !read) {
    return read;
  }
  const bool relay_fee_given = options.IsSet("minrelaytxfee");
  if (Status read = ReadRate(options, "minrelaytxfee", &policy->min_relay_fee); !read) return read;
  // A replacement that pays for its relay cannot cost less than a transaction's.
  if (!relay_fee_given) {
    policy->min_relay_fee = std::max(policy->min_relay_fee, policy->incremental_fee);
  }
  return ReadRate(options, "dustrelayfee", &policy->dust_fee);
}

Status ReadSize(const Options& options, mempool::PolicyOptions* policy) {
  constexpr int64_t kMegabyte = 1'000'000;
  constexpr int64_t kLeastFamilies = 40;  // of the largest kind, that must have room
  policy->max_bytes = options.GetInt("maxmempool", policy->max_bytes / kMegabyte) * kMegabyte;
  const int64_t least = policy->limits.descendant_vsize * kLeastFamilies;
  if (policy->max_bytes < least) {
    return Invalid("-maxmempool must be at least " +
                   std::to_string((least + kMegabyte - 1) / kMegabyte) + " MB");
  }
  return {};
}

void ReadLimits(const Options& options, mempool::FamilyLimits* limits) {
  constexpr int64_t kKilobyte = 1000;
  const auto count = [&](const char* name, uint64_t fallback) {
    return static_cast<uint64_t>(
        std::max<int64_t>(options.GetInt(name, static_cast<int64_t>(fallback)), 0));
  };
  const auto size = [&](const char* name, int64_t fallback) {
    return options.GetInt(name, fallback / kKilobyte) * kKilobyte;
  };
  limits->ancestors = count("limitancestorcount", limits->ancestors);
  limits->descendants = count("limitdescendantcount", limits->descendants);
  limits->ancestor_vsize = size("limitancestorsize", limits->ancestor_vsize);
  limits->descendant_vsize = size("limitdescendantsize", limits->descendant_vsize);
}

}  // namespace

Result<mempool::PolicyOptions> PoolOptionsFrom(const Options& options,
                                               const consensus::Params& params) {
  mempool::PolicyOptions policy;
  policy.require_standard = params.require_standard;
  ReadLimits(options, &policy.limits);
  if (Status read = ReadRates(options, &policy); !read) return tl::unexpected(read.error());
  if (Status read = ReadSize(options, &policy); !read) return tl::unexpected(read.error());
  const auto carried = static_cast<size_t>(std::max<int64_t>(
      options.GetInt("datacarriersize", static_cast<int64_t>(*policy.max_datacarrier_bytes)), 0));
  policy.max_datacarrier_bytes = carried;
  if (!options.GetBool("datacarrier", true)) policy.max_datacarrier_bytes.reset();
  policy.permit_bare_multisig = options.GetBool("permitbaremultisig", policy.permit_bare_multisig);
  policy.bytes_per_sigop = static_cast<uint32_t>(
      std::clamp<int64_t>(options.GetInt("bytespersigop", policy.bytes_per_sigop), 0, UINT32_MAX));
  policy.full_rbf = options.GetBool("mempoolfullrbf", policy.full_rbf);
  constexpr int64_t kHour = 3600;
  policy.expiry =
      std::chrono::seconds(options.GetInt("mempoolexpiry", policy.expiry.count() / kHour) * kHour);
  return policy;
}

}  // namespace cairn::node
