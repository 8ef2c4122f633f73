#include "cairn/node/option_checks.h"

#include <cstdint>
#include <limits>

#include "cairn/mining/nonce_scan.h"

namespace cairn::node {
namespace {

constexpr int64_t kMaxMineThreads = 1024;

Status CheckPorts(const Options& options) {
  for (const char* name : {"port", "rpcport"}) {
    const int64_t port = options.GetInt(name, 1);
    if (port < 1 || port > std::numeric_limits<uint16_t>::max()) {
      return Invalid("Invalid port specified in -" + std::string(name) + ": '" +
                     options.GetString(name) + "'");
    }
  }
  return {};
}

Status CheckPrune(const Options& options) {
  static constexpr int64_t kManual = 1;
  static constexpr int64_t kLeastTarget =
      550;  // MiB: about two days of full blocks with their undo data
  const int64_t prune = options.GetInt("prune", 0);
  if (prune < 0) return Invalid("Prune cannot be configured with a negative value.");
  if (prune == 0) return {};
  if (prune != kManual && prune < kLeastTarget && !options.GetBool("fastprune", false)) {
    return Invalid("Prune configured below the minimum of 550 MiB.  Please use a higher number.");
  }
  if (options.GetBool("txindex", false)) {
    return Invalid("Prune mode is incompatible with -txindex.");
  }
  if (options.GetBool("reindex-chainstate", false)) {
    return Invalid(
        "Prune mode is incompatible with -reindex-chainstate. Use full -reindex instead.");
  }
  return {};
}

Status CheckIndexes(const Options& options) {
  const std::vector<std::string> types = options.GetList("blockfilterindex");
  bool any = false;
  for (const std::string& type : types) {
    if (!type.empty() && type != "0" && type != "1" && type != "basic") {
      return Invalid("Unknown -blockfilterindex value " + type + ".");
    }
    any = any || type != "0";
  }
  if (!any && options.GetBool("peerblockfilters", false)) {
    return Invalid("Cannot set -peerblockfilters without -blockfilterindex.");
  }
  return {};
}

Status CheckPeers(const Options& options) {
  const bool binds = !options.GetList("bind").empty() || !options.GetList("whitebind").empty();
  if (binds && !options.GetBool("listen", true)) {
    return Invalid("Cannot set -bind or -whitebind together with -listen=0");
  }
  if (options.GetBool("forcednsseed", false) && !options.GetBool("dnsseed", true)) {
    return Invalid("Cannot set -forcednsseed to true when setting -dnsseed to false.");
  }
  if (options.GetInt("peertimeout", 1) < 1) {
    return Invalid("peertimeout must be a positive integer.");
  }
  return {};
}

Status CheckRpc(const Options& options) {
  const std::string readers = options.GetString("rpccookieperms", "owner");
  if (readers != "owner" && readers != "group" && readers != "all") {
    return Invalid("Invalid -rpccookieperms=" + readers +
                   "; must be one of 'owner', 'group', or 'all'.");
  }
  for (const char* name : {"rpcthreads", "rpcworkqueue", "rpcservertimeout"}) {
    if (options.GetInt(name, 1) < 1)
      return Invalid("-" + std::string(name) + " must be at least 1.");
  }
  return {};
}

Status CheckMinerKernel(const std::string& name) {
  if (name == "auto" || mining::FindScanKernel(name) != nullptr) return {};
  std::string possible = "auto";
  for (const mining::ScanKernel& kernel : mining::AvailableScanKernels()) {
    possible += ", " + std::string(kernel.name);
  }
  return Invalid("Invalid -minerkernel=" + name + "; this processor has: " + possible + ".");
}

Status CheckOurs(const Options& options) {
  const std::string format = options.GetString("logformat", "text");
  if (format != "text" && format != "json") {
    return Invalid("Invalid -logformat=" + format + "; must be 'text' or 'json'.");
  }
  for (const char* name : {"mineinterval", "maxtipage", "mocktime"}) {
    if (options.GetInt(name, 0) < 0) {
      return Invalid("-" + std::string(name) + " must not be negative.");
    }
  }
  for (const char* name : {"flushblocks", "stopatheight"}) {
    if (options.GetInt(name, 0) < 0 || options.GetInt(name, 0) > INT32_MAX) {
      return Invalid("-" + std::string(name) + " must be from 0 to 2147483647.");
    }
  }
  const int64_t version = options.GetInt("blockversion", 0);
  if (version < INT32_MIN || version > INT32_MAX) {
    return Invalid("-blockversion must fit into 32 bits.");
  }
  if (Status known = CheckMinerKernel(options.GetString("minerkernel", "auto")); !known) {
    return known;
  }
  const int64_t threads = options.GetInt("minethreads", 1);
  if (threads < 1) return Invalid("-minethreads must be at least 1.");
  if (threads > kMaxMineThreads) {
    return Invalid("-minethreads must not be more than " + std::to_string(kMaxMineThreads) + ".");
  }
  return {};
}

}  // namespace

Status CheckOptions(const Options& options) {
  for (const auto& check :
       {CheckPorts, CheckPrune, CheckIndexes, CheckPeers, CheckRpc, CheckOurs}) {
    if (Status checked = check(options); !checked) return checked;
  }
  return {};
}

}  // namespace cairn::node
