#include "cairn/wire/net_address.h"

#include <algorithm>

#include "cairn/crypto/hash.h"
#include "cairn/crypto/sha256.h"

namespace cairn::wire {
namespace {

constexpr std::array<uint8_t, 12> kIpv4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<uint8_t, 6> kTorV2Prefix = {0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43};
// The first bytes of SHA256("bitcoin") behind fd: as other nodes mark such addresses.
constexpr std::array<uint8_t, 6> kInternalPrefix = {0xfd, 0x6b, 0x88, 0xc0, 0x87, 0x24};
constexpr uint8_t kCjdnsFirst = 0xfc;

bool Begins(ByteSpan bytes, ByteSpan prefix) {
  return bytes.size() >= prefix.size() && Equal(bytes.first(prefix.size()), prefix);
}

/// The first `bits` bits of `from`; ones fill up the last byte.
void AppendBits(Bytes& out, ByteSpan from, size_t bits) {
  Append(out, from.first(bits / 8));
  if (bits % 8 != 0) out.push_back(from[bits / 8] | static_cast<uint8_t>(0xff >> bits % 8));
}

}  // namespace

size_t AddressSize(Network network) {
  switch (network) {
    case Network::kIpv4: return 4;
    case Network::kIpv6:
    case Network::kCjdns: return 16;
    case Network::kTorV3:
    case Network::kI2p: return 32;
    case Network::kInternal: return 10;
    case Network::kUnroutable:
    case Network::kTorV2: break;
  }
  return 0;
}

NetAddress NetAddress::Ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  NetAddress address;
  address.network_ = Network::kIpv4;
  address.bytes_ = {a, b, c, d};
  return address;
}

NetAddress NetAddress::FromIpv6Bytes(const std::array<uint8_t, 16>& bytes) {
  const ByteSpan all = bytes;
  if (Begins(all, kIpv4Prefix)) return *From(Network::kIpv4, all.subspan(kIpv4Prefix.size()));
  if (Begins(all, kInternalPrefix)) {
    return *From(Network::kInternal, all.subspan(kInternalPrefix.size()));
  }
  if (Begins(all, kTorV2Prefix)) return {};
  return *From(Network::kIpv6, all);
}

std::optional<NetAddress> NetAddress::From(Network network, ByteSpan bytes) {
  if (bytes.empty() || bytes.size() != AddressSize(network)) return std::nullopt;
  NetAddress address;
  address.network_ = network;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

NetAddress NetAddress::Internal(std::string_view name) {
  const crypto::Digest digest = crypto::Sha256Of(AsBytes(name));
  return *From(Network::kInternal, ByteSpan(digest).first(AddressSize(Network::kInternal)));
}

NetAddress NetAddress::AsCjdns() const {
  if (!Is(Network::kIpv6) || bytes_[0] != kCjdnsFirst) return *this;
  NetAddress address = *this;
  address.network_ = Network::kCjdns;
  return address;
}

std::array<uint8_t, 16> NetAddress::ToIpv6Bytes() const {
  std::array<uint8_t, 16> out{};
  if (Is(Network::kIpv6) || Is(Network::kCjdns)) std::copy_n(bytes_.begin(), 16, out.begin());
  if (Is(Network::kIpv4)) {
    std::copy(kIpv4Prefix.begin(), kIpv4Prefix.end(), out.begin());
    std::copy_n(bytes_.begin(), 4, out.begin() + kIpv4Prefix.size());
  }
  return out;
}

bool NetAddress::StartsWith(Network network, ByteSpan prefix) const {
  return Is(network) && Begins(bytes(), prefix);
}

bool NetAddress::InRange(Network network, std::initializer_list<uint8_t> prefix,
                         size_t bits) const {
  if (!Is(network)) return false;
  size_t at = 0;
  for (const uint8_t byte : prefix) {
    const size_t left = bits - 8 * at;
    const auto mask = static_cast<uint8_t>(left >= 8 ? 0xff : 0xff << (8 - left));
    if ((bytes_[at] & mask) != byte) return false;
    ++at;
  }
  return true;
}

bool NetAddress::IsTeredo() const { return InRange(Network::kIpv6, {0x20, 0x01, 0, 0}, 32); }

bool NetAddress::Is6to4() const { return InRange(Network::kIpv6, {0x20, 0x02}, 16); }

bool NetAddress::IsTranslated() const {
  return InRange(Network::kIpv6, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}, 96) ||
         InRange(Network::kIpv6, {0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}, 96);
}

bool NetAddress::IsDocumentation() const {
  return InRange(Network::kIpv4, {192, 0, 2}, 24) || InRange(Network::kIpv4, {198, 51, 100}, 24) ||
         InRange(Network::kIpv4, {203, 0, 113}, 24) ||
         InRange(Network::kIpv6, {0x20, 0x01, 0x0d, 0xb8}, 32);
}

bool NetAddress::IsLocal() const {
  if (Is(Network::kIpv4)) return bytes_[0] == 127 || bytes_[0] == 0;
  static constexpr std::array<uint8_t, 16> kLoopback = {0, 0, 0, 0, 0, 0, 0, 0,
                                                        0, 0, 0, 0, 0, 0, 0, 1};
  return StartsWith(Network::kIpv6, kLoopback);
}

bool NetAddress::IsPrivate() const {
  return IsLocal() || InRange(Network::kIpv4, {10}, 8) ||
         InRange(Network::kIpv4, {172, 16}, 12) ||                     // RFC 1918
         InRange(Network::kIpv4, {192, 168}, 16) ||                    //
         InRange(Network::kIpv4, {169, 254}, 16) ||                    // RFC 3927
         InRange(Network::kIpv6, {0xfc}, 7) ||                         // RFC 4193
         InRange(Network::kIpv6, {0xfe, 0x80, 0, 0, 0, 0, 0, 0}, 64);  // RFC 4862
}

bool NetAddress::IsIpv4Special() const {
  return InRange(Network::kIpv4, {198, 18}, 15) ||  // RFC 2544, measuring
         InRange(Network::kIpv4, {100, 64}, 10) ||  // RFC 6598, behind a provider's NAT
         IsDocumentation();
}

bool NetAddress::IsIpv6Special() const {
  return InRange(Network::kIpv6, {0x20, 0x01, 0x00, 0x10}, 28) ||  // RFC 4843, ORCHID
         InRange(Network::kIpv6, {0x20, 0x01, 0x00, 0x20}, 28);    // RFC 7343, ORCHIDv2
}

bool NetAddress::IsValid() const {
  switch (network_) {
    case Network::kIpv4: return *this != Ipv4(0, 0, 0, 0) && *this != Ipv4(0xff, 0xff, 0xff, 0xff);
    case Network::kIpv6: return *this != NetAddress() && !IsDocumentation();
    case Network::kCjdns: return bytes_[0] == kCjdnsFirst;
    case Network::kTorV3:
    case Network::kI2p: return true;
    default: return false;
  }
}

bool NetAddress::IsRoutable() const {
  return IsValid() && !IsPrivate() && !IsIpv4Special() && !IsIpv6Special();
}

std::optional<std::array<uint8_t, 4>> NetAddress::LinkedIpv4() const {
  const auto at = [this](size_t from, uint8_t flip) {
    std::array<uint8_t, 4> out;
    for (size_t i = 0; i < 4; ++i) out[i] = bytes_[from + i] ^ flip;
    return out;
  };
  if (Is(Network::kIpv4)) return at(0, 0);
  if (IsTranslated()) return at(12, 0);
  if (Is6to4()) return at(2, 0);
  if (IsTeredo()) return at(12, 0xff);  // Teredo hides the client's address from clumsy NATs
  return std::nullopt;
}

Network PublicNetwork(const NetAddress& address) {
  if (address.IsInternal()) return Network::kInternal;
  return address.IsRoutable() ? address.network() : Network::kUnroutable;
}

Network NetClass(const NetAddress& address) {
  const Network network = PublicNetwork(address);
  return network == Network::kIpv6 && address.LinkedIpv4() ? Network::kIpv4 : network;
}

Bytes NetGroup(const NetAddress& address) {
  const Network network = NetClass(address);
  Bytes group = {static_cast<uint8_t>(network)};
  const ByteSpan bytes = address.bytes();
  if (address.IsLocal()) return group;
  switch (network) {
    case Network::kIpv4: AppendBits(group, *address.LinkedIpv4(), 16); break;
    case Network::kIpv6: {
      static constexpr std::array<uint8_t, 4> kHurricane = {0x20, 0x01, 0x04, 0x70};
      AppendBits(group, bytes, Begins(bytes, kHurricane) ? 36 : 32);
      break;
    }
    case Network::kTorV3:
    case Network::kI2p: AppendBits(group, bytes, 4); break;
    case Network::kCjdns: AppendBits(group, bytes, 12); break;  // the first byte is always fc
    case Network::kInternal: AppendBits(group, bytes, 8 * bytes.size()); break;
    case Network::kUnroutable:
    case Network::kTorV2: break;
  }
  return group;
}

size_t EndpointHasher::operator()(const Endpoint& endpoint) const {
  std::array<uint8_t, NetAddress::kMaxSize + 3> message{};
  const ByteSpan bytes = endpoint.address.bytes();
  message[0] = static_cast<uint8_t>(endpoint.address.network());
  StoreLittle(message.data() + 1, endpoint.port);
  std::copy(bytes.begin(), bytes.end(), message.begin() + 3);
  return crypto::SipHash24(key0, key1, ByteSpan(message).first(bytes.size() + 3));
}

}  // namespace cairn::wire
