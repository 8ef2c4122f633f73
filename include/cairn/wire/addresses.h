// The messages that spread the addresses of nodes.
#pragma once

#include <string_view>
#include <vector>

#include "cairn/wire/net_address.h"

namespace cairn::wire {

inline constexpr size_t kMostAddresses = 1000;

/// Addresses of the networks that fit into 16 bytes.
struct Addr {
  static constexpr std::string_view kCommand = "addr";

  std::vector<PeerAddress> addresses;
};

/// Addresses of every network (BIP155). Those of networks that we do not know are invalid ones.
struct AddrV2 {
  static constexpr std::string_view kCommand = "addrv2";
  // Time, services, network, and the length that an address of a network to come may have.

  std::vector<PeerAddress> addresses;
};

/// Asks for some.
struct GetAddr {
  static constexpr std::string_view kCommand = "getaddr";
};

}  // namespace cairn::wire
