#include "src/node/pool_client_setup.h"

#include <utility>

namespace cairn::node {

Result<std::optional<mining::PoolClientOptions>> PoolClientOptionsFrom(
    const Options& options, const std::filesystem::path& folder) {
  mining::PoolClientOptions client;
  for (const std::string& url : options.GetList("pool")) {
    auto pool = mining::ParsePoolUrl(url);
    if (!pool) return Invalid("Invalid -pool: " + pool.error().message + ".");
    client.pools.push_back(*std::move(pool));
  }
  if (client.pools.empty()) return std::nullopt;
  if (!options.GetString("mine").empty()) {
    return Invalid("Cannot set -pool together with -mine: the miner works for one of them.");
  }
  client.ca_file = options.GetPath("poolcafile", folder, "").string();
  client.threads = static_cast<size_t>(options.GetInt("minethreads", 1));
  return client;
}

}  // namespace cairn::node
