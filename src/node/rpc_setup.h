// What the options say about the RPC server.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cairn/base/result.h"
#include "cairn/node/options.h"
#include "cairn/rpc/auth.h"
#include "cairn/rpc/cookie.h"
#include "cairn/rpc/http_server.h"
#include "consensus/params.h"

namespace cairn::node {

struct RpcSetup {
  rpc::HttpOptions http;
  rpc::Authenticator authenticator;
  rpc::Whitelist whitelist;
  std::optional<rpc::CookieFile> cookie;  // written where no password is configured
};

/// Reads the options and writes the cookie. The text of an error is fit to be shown after "Error:
/// ".
Result<RpcSetup> RpcSetupFrom(const Options& options, const consensus::Params& params,
                              const std::filesystem::path& network_folder);

/// The path of debug.log; empty if none is written.
std::string LogPath(const Options& options, const std::filesystem::path& network_folder);

}  // namespace cairn::node
