// Asio under short names, and endpoints between it and us.
#pragma once

#include <algorithm>
#include <cstring>

#include <boost/asio/ip/tcp.hpp>
#include <sys/socket.h>

#include "cairn/wire/net_address.h"

namespace cairn::p2p {

namespace net = boost::asio;
using Tcp = net::ip::tcp;
using SocketError = boost::system::error_code;  // comes with Asio

/// Of IPv4, IPv6 and CJDNS.
inline Tcp::endpoint ToSocket(const wire::Endpoint& endpoint) {
  const ByteSpan bytes = endpoint.address.bytes();
  if (endpoint.address.Is(wire::Network::kIpv4)) {
    net::ip::address_v4::bytes_type raw{};
    std::copy(bytes.begin(), bytes.end(), raw.begin());
    return {net::ip::address_v4(raw), endpoint.port};
  }
  return {net::ip::address_v6(endpoint.address.ToIpv6Bytes()), endpoint.port};
}

inline wire::Endpoint FromSocket(const Tcp::endpoint& endpoint) {
  const net::ip::address& address = endpoint.address();
  const auto bytes = address.is_v6()
                         ? address.to_v6().to_bytes()
                         : net::ip::make_address_v6(net::ip::v4_mapped, address.to_v4()).to_bytes();
  return {wire::NetAddress::FromIpv6Bytes(bytes), endpoint.port()};
}

/// Of `size` bytes, no more than `Tcp::endpoint` has room for.
inline wire::Endpoint FromSystem(const sockaddr* address, size_t size) {
  Tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), address, size);
  endpoint.resize(size);
  return FromSocket(endpoint);
}

}  // namespace cairn::p2p
