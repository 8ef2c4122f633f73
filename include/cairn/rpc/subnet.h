// IP addresses and subnets for -rpcallowip. IPv4 is kept as IPv4-mapped IPv6.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace cairn::rpc {

using IpAddress = std::array<uint8_t, 16>;

/// "1.2.3.4" or "::1"; nothing for names.
std::optional<IpAddress> ParseIp(std::string_view text);

class Subnet {
 public:
  /// "1.2.3.4", "1.2.3.0/24", "1.2.3.0/255.255.255.0", "fe80::/10"; nothing for anything else.
  static std::optional<Subnet> Parse(std::string_view text);

  /// An IPv6 subnet, however wide, contains no IPv4 address.
  bool Contains(const IpAddress& address) const;

 private:
  Subnet(const IpAddress& network, const IpAddress& mask) : network_(network), mask_(mask) {}

  IpAddress network_;
  IpAddress mask_;
};

/// The addresses of this machine itself.
std::vector<Subnet> LoopbackSubnets();

}  // namespace cairn::rpc
