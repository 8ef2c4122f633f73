#include "cairn/rpc/subnet.h"

#include <algorithm>
#include <charconv>
#include <string>

#include <arpa/inet.h>

namespace cairn::rpc {

namespace {

constexpr size_t kMappedPrefix = 12;  // bytes of ::ffff:0:0/96 before an IPv4 address

bool IsMapped(const IpAddress& address) {
  return std::all_of(address.begin(), address.begin() + 10, [](uint8_t b) { return b == 0; }) &&
         address[10] == 0xff && address[11] == 0xff;
}

IpAddress MaskOf(size_t bits) {
  IpAddress mask{};
  for (size_t i = 0; i < bits; ++i) mask[i / 8] |= static_cast<uint8_t>(0x80 >> i % 8);
  return mask;
}

/// "24" or "255.255.255.0" after the slash.
std::optional<IpAddress> ParseMask(std::string_view text, bool ipv4) {
  const size_t most = ipv4 ? 32 : 128;
  size_t bits = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, bits);
  if (problem == std::errc() && stopped == end) {
    if (bits > most) return std::nullopt;
    return MaskOf(128 - most + bits);
  }
  std::optional<IpAddress> mask = ParseIp(text);
  if (!mask || IsMapped(*mask) != ipv4) return std::nullopt;
  if (ipv4) std::fill_n(mask->begin(), kMappedPrefix, uint8_t{0xff});
  for (size_t length = 0; length <= 128; ++length) {
    if (*mask == MaskOf(length)) return mask;
  }
  return std::nullopt;  // ones after zeroes
}

}  // namespace

std::optional<IpAddress> ParseIp(std::string_view text) {
  const std::string terminated(text);
  IpAddress address{};
  if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  if (inet_pton(AF_INET, terminated.c_str(), address.data() + kMappedPrefix) != 1) {
    return std::nullopt;
  }
  std::fill_n(address.begin(), 10, uint8_t{0});
  address[10] = address[11] = 0xff;
  return address;
}

std::optional<Subnet> Subnet::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  std::optional<IpAddress> network = ParseIp(text.substr(0, slash));
  if (!network) return std::nullopt;
  IpAddress mask = MaskOf(128);
  if (slash != text.npos) {
    const std::optional<IpAddress> given = ParseMask(text.substr(slash + 1), IsMapped(*network));
    if (!given) return std::nullopt;
    mask = *given;
  }
  if (IsMapped(*network)) std::fill_n(mask.begin(), kMappedPrefix, uint8_t{0xff});
  for (size_t i = 0; i < mask.size(); ++i) (*network)[i] &= mask[i];
  return Subnet(*network, mask);
}

bool Subnet::Contains(const IpAddress& address) const {
  if (IsMapped(address) != IsMapped(network_)) return false;
  for (size_t i = 0; i < mask_.size(); ++i) {
    if ((address[i] & mask_[i]) != network_[i]) return false;
  }
  return true;
}

std::vector<Subnet> LoopbackSubnets() {
  return {*Subnet::Parse("127.0.0.0/8"), *Subnet::Parse("::1")};
}

}  // namespace cairn::rpc
