// The text of addresses. IPv6 as RFC 5952 has it, Tor as its rend-spec-v3, I2P as its naming page.
#include <algorithm>
#include <charconv>
#include <cstdio>

#include <arpa/inet.h>

#include "cairn/crypto/sha3.h"
#include "cairn/wire/net_address.h"
#include "src/wire/base32.h"

namespace cairn::wire {
namespace {

constexpr std::string_view kOnion = ".onion";
constexpr std::string_view kI2p = ".b32.i2p";
constexpr uint8_t kTorVersion = 3;
// Longer texts are no addresses: "....onion" with 56 characters before the dot is the longest.
constexpr size_t kMaxText = 64;

std::array<uint8_t, 2> TorChecksum(ByteSpan key) {
  Bytes message;
  Append(message, AsBytes(".onion checksum"));
  Append(message, key);
  message.push_back(kTorVersion);
  const crypto::Digest digest = crypto::Sha3Of(message);
  return {digest[0], digest[1]};
}

std::string TorToString(ByteSpan key) {
  Bytes name(key.begin(), key.end());
  Append(name, TorChecksum(key));
  name.push_back(kTorVersion);
  return EncodeBase32(name) + std::string(kOnion);
}

std::optional<NetAddress> ParseTor(std::string_view name) {
  const auto bytes = DecodeBase32(name);
  const size_t size = AddressSize(Network::kTorV3);
  if (!bytes || bytes->size() != size + 3 || bytes->back() != kTorVersion) return std::nullopt;
  const ByteSpan key = ByteSpan(*bytes).first(size);
  if (!Equal(TorChecksum(key), ByteSpan(*bytes).subspan(size, 2))) return std::nullopt;
  return NetAddress::From(Network::kTorV3, key);
}

/// Eight groups of hexadecimal digits; "::" for the first longest run of at least two zero groups.
std::string Ipv6ToString(ByteSpan bytes) {
  size_t gap = 8;
  size_t gap_length = 1;
  for (size_t i = 0; i < 8;) {
    size_t end = i;
    while (end < 8 && bytes[2 * end] == 0 && bytes[2 * end + 1] == 0) ++end;
    if (end - i > gap_length) gap = i, gap_length = end - i;
    i = std::max(end, i + 1);
  }
  std::string text;
  for (size_t i = 0; i < 8; ++i) {
    if (i == gap) {
      text += "::";
      i += gap_length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    std::array<char, 5> group;
    std::snprintf(group.data(), group.size(), "%x", bytes[2 * i] << 8 | bytes[2 * i + 1]);
    text += group.data();
  }
  return text;
}

std::string Ipv4ToString(ByteSpan bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    if (!text.empty()) text += '.';
    text += std::to_string(byte);
  }
  return text;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view WithoutBrackets(std::string_view text) {
  const bool bracketed = text.size() >= 2 && text.front() == '[' && text.back() == ']';
  return bracketed ? text.substr(1, text.size() - 2) : text;
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, port);
  if (problem != std::errc() || stopped != end || port == 0) return std::nullopt;
  return port;
}

}  // namespace

std::string_view NetworkName(Network network) {
  switch (network) {
    case Network::kIpv4: return "ipv4";
    case Network::kIpv6: return "ipv6";
    case Network::kTorV3: return "onion";
    case Network::kI2p: return "i2p";
    case Network::kCjdns: return "cjdns";
    case Network::kInternal: return "internal";
    case Network::kUnroutable:
    case Network::kTorV2: break;
  }
  return "not_publicly_routable";
}

std::optional<Network> NetworkFromName(std::string_view name) {
  const std::string lower = Lower(name);
  if (lower == "tor") return Network::kTorV3;
  for (const Network network : kPeerNetworks) {
    if (NetworkName(network) == lower) return network;
  }
  return std::nullopt;
}

std::optional<NetAddress> NetAddress::Parse(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  text = WithoutBrackets(text);
  // The system's parser would stop at a zero byte, and miss what follows it.
  if (text.size() > kMaxText || text.find('\0') != text.npos) return std::nullopt;
  const std::string lower = Lower(text);
  std::array<uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, lower.c_str(), bytes.data()) == 1) {
    const NetAddress address = FromIpv6Bytes(bytes);
    // Ranges of IPv6 in which old messages carry other things, none of which has this text.
    const bool is_other = address.Is(Network::kIpv6) && address.ToIpv6Bytes() != bytes;
    return address.IsInternal() || is_other ? std::nullopt : std::optional(address);
  }
  if (bracketed) return std::nullopt;
  if (inet_pton(AF_INET, lower.c_str(), bytes.data()) == 1) {
    return Ipv4(bytes[0], bytes[1], bytes[2], bytes[3]);
  }
  if (lower.ends_with(kOnion)) return ParseTor(text.substr(0, text.size() - kOnion.size()));
  if (!lower.ends_with(kI2p)) return std::nullopt;
  const auto hash = DecodeBase32(text.substr(0, text.size() - kI2p.size()));
  return hash ? From(Network::kI2p, *hash) : std::nullopt;
}

std::string NetAddress::ToString() const {
  switch (network_) {
    case Network::kIpv4: return Ipv4ToString(bytes());
    case Network::kTorV3: return TorToString(bytes());
    case Network::kI2p: return EncodeBase32(bytes()) + std::string(kI2p);
    case Network::kInternal: return EncodeBase32(bytes()) + ".internal";
    default: return Ipv6ToString(bytes());
  }
}

std::optional<HostAndPort> SplitHostAndPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  const bool has_port = colon != text.npos && (text.find(':') == colon ||
                                               (text.starts_with('[') && text[colon - 1] == ']'));
  if (!has_port) return HostAndPort{WithoutBrackets(text), std::nullopt};
  const auto port = ParsePort(text.substr(colon + 1));
  if (!port) return std::nullopt;
  return HostAndPort{WithoutBrackets(text.substr(0, colon)), port};
}

std::optional<Endpoint> Endpoint::Parse(std::string_view text, uint16_t default_port) {
  const auto parts = SplitHostAndPort(text);
  if (!parts) return std::nullopt;
  const auto address = NetAddress::Parse(parts->host);
  if (!address) return std::nullopt;
  return Endpoint{*address, parts->port.value_or(default_port)};
}

std::string Endpoint::ToString() const {
  const bool colons = address.Is(Network::kIpv6) || address.Is(Network::kCjdns);
  const std::string host = address.ToString();
  return (colons ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace cairn::wire
