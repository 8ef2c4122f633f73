#include "src/node/network_setup.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

#include "cairn/base/version.h"

namespace cairn::node {
namespace {

using p2p::NetworkOptions;
using wire::Network;

constexpr int kFeeler = 1;
constexpr uint16_t kTorPort = 9050;

Result<std::string> UserAgent(const Options& options) {
  std::string comments;
  for (const std::string& comment : options.GetList("uacomment")) {
    if (comment.find_first_not_of(wire::Version::kCommentLetters) != comment.npos) {
      return Invalid("User Agent comment (" + comment + ") contains unsafe characters.");
    }
    comments += (comments.empty() ? "" : "; ") + comment;
  }
  if (!comments.empty()) comments = "(" + comments + ")";
  std::string agent = "/Cairn:" + std::string(kVersion) + comments + "/";
  if (agent.size() > wire::Version::kMostUserAgent) {
    return Invalid("Total length of network version string (" + std::to_string(agent.size()) +
                   ") exceeds maximum length (" + std::to_string(wire::Version::kMostUserAgent) +
                   "). Reduce the number or size of uacomments.");
  }
  return agent;
}

bool OnlyNamedPeers(const Options& options) {
  return !options.GetList("connect").empty() || options.IsNegated("connect");
}

bool HasProxy(const Options& options) {
  const std::string proxy = options.GetString("proxy");
  return !proxy.empty() && proxy != "0";
}

/// Those that the protocol makes by itself.
int AutomaticConnections(const p2p::Settings& settings) {
  return settings.max_full_relay + settings.max_block_relay_only + kFeeler;
}

/// Whether peers may connect, as far as other options let us guess it where -listen is not given.
bool WantsToListen(const Options& options) {
  const bool bound = !options.GetList("bind").empty() || !options.GetList("whitebind").empty();
  const bool hidden = OnlyNamedPeers(options) || MostConnections(options) <= 0 || HasProxy(options);
  return options.GetBool("listen", bound || !hidden);
}

Result<p2p::Settings> ProtocolSettings(const Options& options) {
  p2p::Settings settings;
  settings.services = wire::kNodeWitness | wire::kNodeNetworkLimited;
  if (options.GetInt("prune", 0) == 0) settings.services |= wire::kNodeNetwork;
  settings.serve_bloom = options.GetBool("peerbloomfilters", false);
  if (settings.serve_bloom) settings.services |= wire::kNodeBloom;
  settings.serve_filters = options.GetBool("peerblockfilters", false);
  if (settings.serve_filters) settings.services |= wire::kNodeCompactFilters;
  auto agent = UserAgent(options);
  if (!agent) return tl::unexpected(agent.error());
  settings.user_agent = *std::move(agent);
  LimitConnections(MostConnections(options), settings);
  settings.automatic_outbound = !OnlyNamedPeers(options);
  settings.blocks_only = options.GetBool("blocksonly", false);
  settings.reconciliation = options.GetBool("txreconciliation", false);
  const auto patience =
      std::chrono::duration_cast<std::chrono::seconds>(settings.handshake_timeout);
  settings.handshake_timeout =
      std::chrono::seconds(options.GetInt("peertimeout", patience.count()));
  const auto orphans = static_cast<int64_t>(settings.orphan_transactions);
  settings.orphan_transactions =
      static_cast<size_t>(std::max<int64_t>(options.GetInt("maxorphantx", orphans), 0));
  return settings;
}

/// -bind=ADDRESS[:PORT][=onion]
Result<p2p::ListenAddress> ParseBind(const std::string& text, uint16_t port, uint16_t onion_port) {
  constexpr std::string_view kOnion = "=onion";
  const bool onion = text.ends_with(kOnion);
  const std::string address = text.substr(0, text.size() - (onion ? kOnion.size() : 0));
  const auto endpoint = wire::Endpoint::Parse(address, onion ? onion_port : port);
  if (!endpoint) return Invalid("Cannot resolve -bind address: '" + address + "'");
  return p2p::ListenAddress{*endpoint, p2p::kNoPermission, onion, true};
}

Status AddListeners(const Options& options, const consensus::Params& params, uint16_t port,
                    NetworkOptions& network) {
  network.protocol.listens = WantsToListen(options);
  if (!network.protocol.listens) return {};
  // Several nodes on one machine differ in their ports, and so in those for onion services.
  const auto onion_port =
      options.IsSet("port") ? static_cast<uint16_t>(port + 1) : params.onion_port;
  for (const std::string& text : options.GetList("bind")) {
    auto address = ParseBind(text, port, onion_port);
    if (!address) return tl::unexpected(address.error());
    network.listen.push_back(*std::move(address));
  }
  for (const std::string& text : options.GetList("whitebind")) {
    auto address = ParseWhitebind(text, options);
    if (!address) return tl::unexpected(address.error());
    network.listen.push_back(*std::move(address));
  }
  network.protocol.listen_port = port;
  if (!network.listen.empty()) return {};
  const auto any_ipv4 = wire::NetAddress::Ipv4(0, 0, 0, 0);
  const auto local = wire::NetAddress::Ipv4(127, 0, 0, 1);
  network.listen.push_back({{any_ipv4, port}, p2p::kNoPermission, false, true});
  network.listen.push_back({{wire::NetAddress(), port}, p2p::kNoPermission, false, false});
  network.listen.push_back({{local, onion_port}, p2p::kNoPermission, true, false});
  return {};
}

/// Nothing for "0".
Result<std::optional<p2p::Proxy>> ParseProxy(const Options& options, const char* name) {
  const std::string text = options.GetString(name);
  if (text.empty() || text == "0") return std::optional<p2p::Proxy>();
  const auto endpoint = wire::Endpoint::Parse(text, kTorPort);
  if (!endpoint) {
    return Invalid("Invalid -" + std::string(name) + " address or hostname: '" + text + "'");
  }
  return std::optional(p2p::Proxy{*endpoint, options.GetBool("proxyrandomize", true)});
}

Status AddProxies(const Options& options, NetworkOptions& network) {
  const auto proxy = ParseProxy(options, "proxy");
  if (!proxy) return tl::unexpected(proxy.error());
  if (*proxy) {
    for (const Network each : {Network::kIpv4, Network::kIpv6, Network::kCjdns, Network::kTorV3}) {
      network.proxies[each] = **proxy;
    }
    network.name_proxy = *proxy;
  }
  const auto onion = ParseProxy(options, "onion");
  if (!onion) return tl::unexpected(onion.error());
  if (options.IsSet("onion")) network.proxies.erase(Network::kTorV3);
  if (*onion) network.proxies[Network::kTorV3] = **onion;
  return {};
}

Status ChooseNetworks(const Options& options, NetworkOptions& network) {
  const bool tor = network.proxies.contains(Network::kTorV3);
  const bool cjdns = options.GetBool("cjdnsreachable", false);
  network.reachable = {Network::kIpv4, Network::kIpv6};
  if (tor) network.reachable.insert(Network::kTorV3);
  if (cjdns) network.reachable.insert(Network::kCjdns);
  const std::vector<std::string> only = options.GetList("onlynet");
  if (only.empty()) return {};
  std::set<Network> wanted;
  for (const std::string& name : only) {
    const auto one = wire::NetworkFromName(name);
    if (!one) return Invalid("Unknown network specified in -onlynet: '" + name + "'");
    wanted.insert(*one);
  }
  if (wanted.contains(Network::kTorV3) && !tor) {
    return Invalid(
        "Outbound connections restricted to Tor (-onlynet=onion) but the proxy for reaching the "
        "Tor network is not provided: none of -proxy, -onion or -listenonion is given");
  }
  if (wanted.contains(Network::kI2p)) {
    return Invalid(
        "Outbound connections restricted to i2p (-onlynet=i2p) but -i2psam is not provided");
  }
  if (wanted.contains(Network::kCjdns) && !cjdns) {
    return Invalid(
        "Outbound connections restricted to CJDNS (-onlynet=cjdns) but -cjdnsreachable is not "
        "provided");
  }
  network.reachable = std::move(wanted);
  return {};
}

void ReadKilobytes(const Options& options, const char* name, size_t& bytes) {
  constexpr int64_t kKilobyte = 1000;
  const int64_t fallback = static_cast<int64_t>(bytes) / kKilobyte;
  bytes = static_cast<size_t>(std::max<int64_t>(options.GetInt(name, fallback), 1)) * kKilobyte;
}

/// -maxuploadtarget=N[k|K|m|M|g|G|t|T]: small letters are powers of 1000, capitals of 1024.
Result<uint64_t> UploadTarget(const Options& options) {
  const std::string text = options.GetString("maxuploadtarget", "0");
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, number);
  const std::string_view unit(stopped, static_cast<size_t>(end - stopped));
  constexpr std::string_view kUnits = "kmgtKMGT";
  const size_t at = unit.empty() ? kUnits.find('M') : kUnits.find(unit);
  const auto invalid = [&] { return Invalid("Unable to parse -maxuploadtarget: '" + text + "'"); };
  if (problem != std::errc() || unit.size() > 1 || at == kUnits.npos) return invalid();
  const uint64_t base = at < 4 ? 1000 : 1024;
  for (size_t power = 0; power <= at % 4; ++power) {
    if (number > std::numeric_limits<uint64_t>::max() / base) return invalid();
    number *= base;
  }
  return number;
}

}  // namespace

int MostConnections(const Options& options) {
  const p2p::Settings defaults;
  const int64_t most =
      options.GetInt("maxconnections", AutomaticConnections(defaults) + defaults.max_inbound);
  return static_cast<int>(std::clamp<int64_t>(most, 0, 100'000));
}

void LimitConnections(int most, p2p::Settings& settings) {
  settings.max_full_relay = std::min(settings.max_full_relay, most);
  settings.max_block_relay_only =
      std::min(settings.max_block_relay_only, most - settings.max_full_relay);
  settings.max_inbound = std::max(0, most - AutomaticConnections(settings));
}

Result<NetworkOptions> NetworkOptionsFrom(const Options& options, const consensus::Params& params,
                                          const std::filesystem::path& network_folder) {
  NetworkOptions network;
  network.folder = network_folder;
  auto settings = ProtocolSettings(options);
  if (!settings) return tl::unexpected(settings.error());
  network.protocol = *std::move(settings);
  const auto port = static_cast<uint16_t>(options.GetInt("port", params.p2p_port));
  if (Status added = AddListeners(options, params, port, network); !added) {
    return tl::unexpected(added.error());
  }
  for (const std::string& text : options.GetList("whitelist")) {
    auto entry = ParseWhitelist(text, options);
    if (!entry) return tl::unexpected(entry.error());
    network.whitelist.push_back(*std::move(entry));
  }
  if (Status added = AddProxies(options, network); !added) return tl::unexpected(added.error());
  if (Status chosen = ChooseNetworks(options, network); !chosen) {
    return tl::unexpected(chosen.error());
  }
  for (const std::string& name : options.GetList("connect")) {
    if (name != "0") network.connect.push_back(name);
  }
  network.add_nodes = options.GetList("addnode");
  network.seed_nodes = options.GetList("seednode");
  const bool seeks = network.protocol.automatic_outbound;
  network.dns_seed = options.GetBool("dnsseed", seeks);
  network.force_dns_seed = options.GetBool("forcednsseed", false);
  network.fixed_seeds = options.GetBool("fixedseeds", true);
  const int64_t timeout = options.GetInt("timeout", 0);
  if (timeout > 0) network.connect_timeout = std::chrono::milliseconds(timeout);
  ReadKilobytes(options, "maxsendbuffer", network.buffers.send);
  ReadKilobytes(options, "maxreceivebuffer", network.buffers.receive);
  for (const std::string& text : options.GetList("externalip")) {
    const auto endpoint = wire::Endpoint::Parse(text, port);
    if (!endpoint) return Invalid("Cannot resolve -externalip address: '" + text + "'");
    network.external.push_back(*endpoint);
  }
  const bool discovers = network.protocol.listens && network.external.empty() && !HasProxy(options);
  network.discover = options.GetBool("discover", discovers);
  network.ban_time = std::chrono::seconds(options.GetInt("bantime", network.ban_time.count()));
  const auto target = UploadTarget(options);
  if (!target) return tl::unexpected(target.error());
  network.upload_target = *target;
  network.look_up_names = options.GetBool("dns", true);
  network.active = options.GetBool("networkactive", true);
  return network;
}

}  // namespace cairn::node
