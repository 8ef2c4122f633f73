// What the options say about peers.
#pragma once

#include <filesystem>
#include <string_view>

#include "cairn/base/result.h"
#include "cairn/node/options.h"
#include "cairn/p2p/network.h"
#include "consensus/params.h"

namespace cairn::node {

/// The text of an error is fit to be shown after "Error: ".
Result<p2p::NetworkOptions> NetworkOptionsFrom(const Options& options,
                                               const consensus::Params& params,
                                               const std::filesystem::path& network_folder);

/// -maxconnections: peers besides manual ones.
int MostConnections(const Options& options);
/// Leaves room for so many connections, those that we make by ourselves first.
void LimitConnections(int most, p2p::Settings& settings);

/// "noban,in,out@1.2.3.0/24" of -whitelist.
Result<p2p::WhitelistEntry> ParseWhitelist(std::string_view text, const Options& options);
/// "noban@1.2.3.4:8333" of -whitebind.
Result<p2p::ListenAddress> ParseWhitebind(std::string_view text, const Options& options);

}  // namespace cairn::node
