#include <charconv>

#include "cairn/base/log.h"
#include "cairn/rpc/http_server.h"

namespace cairn::rpc {

namespace {

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, port);
  if (problem != std::errc() || stopped != end || port == 0) return std::nullopt;
  return port;
}

}  // namespace

std::optional<HttpEndpoint> ParseEndpoint(std::string_view text, uint16_t default_port) {
  if (text.empty()) return std::nullopt;
  if (text.front() == '[') {
    const size_t close = text.find(']');
    if (close == text.npos) return std::nullopt;
    const std::string host(text.substr(1, close - 1));
    const std::string_view rest = text.substr(close + 1);
    if (rest.empty()) return HttpEndpoint{host, default_port};
    const std::optional<uint16_t> port = ParsePort(rest.substr(1));
    if (rest.front() != ':' || !port) return std::nullopt;
    return HttpEndpoint{host, *port};
  }
  const size_t colon = text.find(':');
  const bool bare_v6 = colon != text.rfind(':');
  if (colon == text.npos || bare_v6) return HttpEndpoint{std::string(text), default_port};
  const std::optional<uint16_t> port = ParsePort(text.substr(colon + 1));
  if (!port) return std::nullopt;
  return HttpEndpoint{std::string(text.substr(0, colon)), *port};
}

Result<ListenOptions> ChooseEndpoints(const std::vector<std::string>& rpcbind,
                                      const std::vector<std::string>& rpcallowip, uint16_t port) {
  ListenOptions chosen;
  chosen.allowed = LoopbackSubnets();
  for (const std::string& text : rpcallowip) {
    const std::optional<Subnet> subnet = Subnet::Parse(text);
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
