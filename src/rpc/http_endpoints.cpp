#include "cairn/base/log.h"
#include "cairn/rpc/http_server.h"

namespace cairn::rpc {

namespace {

/// Of IPv4 or IPv6, without brackets: the other networks of peers have no clients.
std::optional<wire::Subnet> ParseAllowed(std::string_view text) {
  const auto subnet = wire::Subnet::Parse(text);
  if (!subnet || text.find('[') != text.npos) return std::nullopt;
  const wire::NetAddress& base = subnet->base();
  return base.Is(wire::Network::kIpv4) || base.Is(wire::Network::kIpv6) ? subnet : std::nullopt;
}

}  // namespace

std::vector<wire::Subnet> LoopbackSubnets() {
  return {*wire::Subnet::Parse("127.0.0.0/8"), *wire::Subnet::Parse("::1")};
}

std::optional<HttpEndpoint> ParseEndpoint(std::string_view text, uint16_t default_port) {
  const auto parts = wire::SplitHostAndPort(text);
  if (!parts || text.empty()) return std::nullopt;
  // Nothing but a port comes behind the bracket that closes.
  if (text.front() == '[' && parts->host != text.substr(1, text.find(']') - 1)) return std::nullopt;
  return HttpEndpoint{std::string(parts->host), parts->port.value_or(default_port)};
}

Result<ListenOptions> ChooseEndpoints(const std::vector<std::string>& rpcbind,
                                      const std::vector<std::string>& rpcallowip, uint16_t port) {
  ListenOptions chosen;
  chosen.allowed = LoopbackSubnets();
  for (const std::string& text : rpcallowip) {
    const std::optional<wire::Subnet> subnet = ParseAllowed(text);
    if (!subnet) {
      return Invalid("Invalid -rpcallowip subnet specification: " + text +
                     ". Valid values are a single IP (e.g. 1.2.3.4), a network/netmask (e.g. "
                     "1.2.3.4/255.255.255.0), a network/CIDR (e.g. 1.2.3.4/24), all ipv4 "
                     "(0.0.0.0/0), or all ipv6 (::/0).");
    }
    chosen.allowed.push_back(*subnet);
  }
  if (rpcbind.empty() || rpcallowip.empty()) {
    if (!rpcallowip.empty()) {
      LOG_WARNING("-rpcallowip has no effect without -rpcbind: only this machine can connect");
    }
    if (!rpcbind.empty()) {
      LOG_WARNING("-rpcbind is ignored without -rpcallowip, so that nobody else can connect");
    }
    chosen.endpoints = {{"::1", port}, {"127.0.0.1", port}};
    return chosen;
  }
  for (const std::string& text : rpcbind) {
    const std::optional<HttpEndpoint> endpoint = ParseEndpoint(text, port);
    if (!endpoint) return Invalid("Invalid port specified in -rpcbind: '" + text + "'");
    chosen.endpoints.push_back(*endpoint);
  }
  return chosen;
}

}  // namespace cairn::rpc
