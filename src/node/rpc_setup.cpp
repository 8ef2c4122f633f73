#include "src/node/rpc_setup.h"

#include <algorithm>
#include <utility>

#include "cairn/base/log.h"
#include "cairn/node/log_setup.h"

namespace cairn::node {
namespace {

using std::filesystem::perms;

/// -rpccookieperms=owner|group|all: who may read the cookie.
Result<perms> CookiePermissions(const Options& options) {
  const perms owner = perms::owner_read | perms::owner_write;
  const std::string who = options.GetString("rpccookieperms", "owner");
  if (who == "owner") return owner;
  if (who == "group") return owner | perms::group_read;
  if (who == "all") return owner | perms::group_read | perms::others_read;
  return Invalid("Invalid -rpccookieperms=" + who + "; must be one of 'owner', 'group', or 'all'.");
}

Status AddAccounts(const Options& options, const std::filesystem::path& network_folder,
                   RpcSetup& setup) {
  for (const std::string& account : options.GetList("rpcauth")) {
    if (Status added = setup.authenticator.AddHashed(account); !added) {
      return Invalid("Invalid -rpcauth argument.");
    }
  }
  const std::string password = options.GetString("rpcpassword");
  if (!password.empty()) {
    setup.authenticator.AddPassword(options.GetString("rpcuser"), password);
    return {};
  }
  const auto path = options.GetPath("rpccookiefile", network_folder, network_folder / ".cookie");
  if (path.empty()) return {};
  const auto permissions = CookiePermissions(options);
  if (!permissions) return tl::unexpected(permissions.error());
  auto cookie = rpc::CookieFile::Create(path, *permissions);
  if (!cookie) return tl::unexpected(cookie.error());
  setup.authenticator.AddPassword(cookie->credentials().user, cookie->credentials().password);
  setup.cookie.emplace(*std::move(cookie));
  return {};
}

}  // namespace

Result<RpcSetup> RpcSetupFrom(const Options& options, const consensus::Params& params,
                              const std::filesystem::path& network_folder) {
  RpcSetup setup;
  const auto port = static_cast<uint16_t>(options.GetInt("rpcport", params.rpc_port));
  auto listen =
      rpc::ChooseEndpoints(options.GetList("rpcbind"), options.GetList("rpcallowip"), port);
  if (!listen) return tl::unexpected(listen.error());
  setup.http.endpoints = std::move(listen->endpoints);
  setup.http.allowed = std::move(listen->allowed);
  setup.http.threads = static_cast<size_t>(std::max<int64_t>(options.GetInt("rpcthreads", 4), 1));
  setup.http.queue_depth =
      static_cast<size_t>(std::max<int64_t>(options.GetInt("rpcworkqueue", 64), 1));
  setup.http.timeout =
      std::chrono::seconds(std::max<int64_t>(options.GetInt("rpcservertimeout", 30), 1));
  std::optional<bool> deny_others;
  if (options.IsSet("rpcwhitelistdefault")) {
    deny_others = options.GetBool("rpcwhitelistdefault", false);
  }
  setup.whitelist = rpc::Whitelist(options.GetList("rpcwhitelist"), deny_others);
  if (Status added = AddAccounts(options, network_folder, setup); !added) {
    return tl::unexpected(added.error());
  }
  return setup;
}

std::string LogPath(const Options& options, const std::filesystem::path& network_folder) {
  const auto setup = LogSetupFrom(options, network_folder);
  return setup ? setup->config.file : std::string();
}

}  // namespace cairn::node
