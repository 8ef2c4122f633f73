// -whitelist and -whitebind: the permissions before the "@", and what stands behind it.
#include <string>

#include "src/node/network_setup.h"
#include "src/node/option_words.h"

namespace cairn::node {
namespace {

/// Nothing of an unknown word.
p2p::Permissions PermissionsOf(std::string_view word) {
  if (word == "all") return p2p::kAllPermissions;
  if (word == "bloom") return p2p::kBloomFilterPermission;
  for (const p2p::PermissionName& known : p2p::kPermissionNames) {
    if (known.name == word) return known.bits;
  }
  return p2p::kNoPermission;
}

struct Given {
  p2p::Permissions permissions = p2p::kNoPermission;
  bool inbound = false;
  bool outbound = false;
  std::string_view rest;  // behind the "@"
};

/// What those get whose permissions are not named.
p2p::Permissions Customary(const Options& options) {
  p2p::Permissions permissions = p2p::kNoBanPermission | p2p::kMempoolPermission;
  const bool force = options.GetBool("whitelistforcerelay", false);
  if (force) permissions |= p2p::kForceRelayPermission;
  const bool relay = force || !options.GetBool("blocksonly", false);
  if (options.GetBool("whitelistrelay", relay)) permissions |= p2p::kRelayPermission;
  return permissions;
}

Status AddWord(std::string_view word, Given& given) {
  if (word.empty()) return {};
  if (word == "in") {
    given.inbound = true;
    return {};
  }
  if (word == "out") {
    given.outbound = true;
    return {};
  }
  const p2p::Permissions permissions = PermissionsOf(word);
  if (permissions == p2p::kNoPermission) {
    return Invalid("Invalid P2P permission: '" + std::string(word) + "'");
  }
  given.permissions |= permissions;
  return {};
}

Result<Given> ParseGiven(std::string_view text, const Options& options) {
  Given given;
  const size_t at = text.find('@');
  if (at == text.npos) {
    given.permissions = Customary(options);
    given.rest = text;
    return given;
  }
  given.rest = text.substr(at + 1);
  for (const std::string& word : Split(text.substr(0, at), ',')) {
    if (Status added = AddWord(word, given); !added) return tl::unexpected(added.error());
  }
  if (given.permissions == p2p::kNoPermission && (given.inbound || given.outbound)) {
    return Invalid("Only direction was set, no permissions: '" + std::string(text) + "'");
  }
  return given;
}

}  // namespace

Result<p2p::WhitelistEntry> ParseWhitelist(std::string_view text, const Options& options) {
  auto given = ParseGiven(text, options);
  if (!given) return tl::unexpected(given.error());
  const auto subnet = wire::Subnet::Parse(given->rest);
  if (!subnet) {
    return Invalid("Invalid netmask specified in -whitelist: '" + std::string(given->rest) + "'");
  }
  const bool inbound = given->inbound || !given->outbound;
  return p2p::WhitelistEntry{*subnet, given->permissions, inbound, given->outbound};
}

Result<p2p::ListenAddress> ParseWhitebind(std::string_view text, const Options& options) {
  auto given = ParseGiven(text, options);
  if (!given) return tl::unexpected(given.error());
  if (given->outbound) {
    return Invalid("whitebind may only be used for incoming connections (\"out\" was passed)");
  }
  const std::string rest(given->rest);
  const auto endpoint = wire::Endpoint::Parse(rest);
  if (!endpoint) return Invalid("Cannot resolve -whitebind address: '" + rest + "'");
  if (endpoint->port == 0) return Invalid("Need to specify a port with -whitebind: '" + rest + "'");
  return p2p::ListenAddress{*endpoint, given->permissions, false, true};
}

}  // namespace cairn::node
