#include "cairn/wire/subnet.h"

#include <bit>
#include <charconv>

namespace cairn::wire {
namespace {

bool HasWidths(const NetAddress& address) {
  return address.Is(Network::kIpv4) || address.Is(Network::kIpv6) || address.Is(Network::kCjdns);
}

uint8_t MaskOf(size_t byte, size_t bits) {
  if (bits >= 8 * byte + 8) return 0xff;
  if (bits <= 8 * byte) return 0;
  return static_cast<uint8_t>(0xff << (8 * byte + 8 - bits));
}

/// "24" or "255.255.255.0" after the slash.
std::optional<size_t> ParseWidth(std::string_view text, Network network) {
  size_t bits = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, bits);
  if (problem == std::errc() && stopped == end) return bits;
  // A mask of IPv6 begins with ones, so it never passes for a mapped IPv4 address.
  const std::optional<NetAddress> mask = NetAddress::Parse(text);
  if (!mask || !mask->Is(network)) return std::nullopt;
  const ByteSpan bytes = mask->bytes();
  bits = 0;
  for (const uint8_t byte : bytes) bits += static_cast<size_t>(std::popcount(byte));
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != MaskOf(i, bits)) return std::nullopt;  // ones behind zeroes
  }
  return bits;
}

}  // namespace

Subnet::Subnet(const NetAddress& address) : Subnet(address, 8 * address.bytes().size()) {}

std::optional<Subnet> Subnet::From(const NetAddress& address, size_t bits) {
  const size_t all = 8 * address.bytes().size();
  if (bits > all || (bits < all && !HasWidths(address))) return std::nullopt;
  std::array<uint8_t, NetAddress::kMaxSize> base{};
  for (size_t i = 0; i < all / 8; ++i) base[i] = address.bytes()[i] & MaskOf(i, bits);
  return Subnet(*NetAddress::From(address.network(), ByteSpan(base).first(all / 8)), bits);
}

std::optional<Subnet> Subnet::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<NetAddress> address = NetAddress::Parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == text.npos) return Subnet(*address);
  if (!HasWidths(*address)) return std::nullopt;
  const std::optional<size_t> bits = ParseWidth(text.substr(slash + 1), address->network());
  if (!bits) return std::nullopt;
  return From(*address, *bits);
}

bool Subnet::Contains(const NetAddress& address) const {
  if (!address.Is(base_.network())) return false;
  for (size_t i = 0; i < base_.bytes().size(); ++i) {
    if ((address.bytes()[i] & MaskOf(i, bits_)) != base_.bytes()[i]) return false;
  }
  return true;
}

std::string Subnet::ToString() const {
  const std::string text = base_.ToString();
  return HasWidths(base_) ? text + "/" + std::to_string(bits_) : text;
}

}  // namespace cairn::wire
