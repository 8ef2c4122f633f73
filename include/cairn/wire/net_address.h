// Network addresses of peers: values of every network that Bitcoin's gossip knows, what they are
// good for, their text, and their two forms on the wire.
//
// An address has no port and owns no memory. Functions are pure, from any thread. Addresses come
// from strangers: nothing here asserts on what they say.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cairn/base/bytes.h"
#include "cairn/base/reader.h"
#include "cairn/base/writer.h"

namespace cairn::wire {

/// The numbers are those of BIP155, where it has one.
enum class Network : uint8_t {
  kUnroutable = 0,  // no network of its own: the class of addresses that nobody can be reached at
  kIpv4 = 1,
  kIpv6 = 2,
  kTorV2 = 3,  // obsolete; addresses of it are skipped
  kTorV3 = 4,
  kI2p = 5,
  kCjdns = 6,
  kInternal = 0xff,  // names of ours, such as that of a DNS seed as a source; never on the wire
};

/// The networks that peers can be in.
inline constexpr std::array<Network, 5> kPeerNetworks = {
    Network::kIpv4, Network::kIpv6, Network::kTorV3, Network::kI2p, Network::kCjdns};

/// As RPC calls it: "ipv4", "ipv6", "onion", "i2p", "cjdns", "internal",
/// "not_publicly_routable".
std::string_view NetworkName(Network network);
/// The network of one of the first five names ("tor" is "onion", too), in either case.
std::optional<Network> NetworkFromName(std::string_view name);

/// How many bytes an address of the network has; zero for `kUnroutable` and `kTorV2`.
size_t AddressSize(Network network);

class NetAddress {
 public:
  static constexpr size_t kMaxSize = 32;

  /// The IPv6 address [::], which is not valid.
  NetAddress() = default;

  static NetAddress Ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
  /// From the 16 bytes that old messages and sockets use: an IPv4 address may be in them, or one of
  /// `kInternal`. One of Tor version 2 becomes [::].
  static NetAddress FromIpv6Bytes(const std::array<uint8_t, 16>& bytes);
  /// Nothing if the network has addresses of another size, or none.
  static std::optional<NetAddress> From(Network network, ByteSpan bytes);
  /// An address of `kInternal` that stands for a name.
  static NetAddress Internal(std::string_view name);
  /// "1.2.3.4", "::1", "[::1]", "....onion" of version 3 or "....b32.i2p"; nothing for other names.
  /// An address in fc00::/8 is IPv6: see `AsCjdns`.
  static std::optional<NetAddress> Parse(std::string_view text);

  Network network() const { return network_; }
  ByteSpan bytes() const { return {bytes_.data(), AddressSize(network_)}; }
  bool Is(Network network) const { return network_ == network; }

  /// Of IPv6 in fc00::/8 the address of CJDNS, which looks the same; of any other itself. For nodes
  /// that reach CJDNS.
  NetAddress AsCjdns() const;
  /// As old messages and sockets have it; all zero for what does not fit.
  std::array<uint8_t, 16> ToIpv6Bytes() const;
  std::string ToString() const;

  /// Somebody could have it.
  bool IsValid() const;
  /// Somebody on the public network could have it: only such addresses are gossiped.
  bool IsRoutable() const;
  /// Of this machine.
  bool IsLocal() const;
  /// Of this machine or of its local network, as far as the address tells.
  bool IsPrivate() const;
  bool IsInternal() const { return Is(Network::kInternal); }
  /// A network whose members do not show where they are: Tor and I2P.
  bool IsPrivacyNetwork() const { return Is(Network::kTorV3) || Is(Network::kI2p); }

  /// The IPv4 address that it is, or tunnels to: 6to4, Teredo and the translations of RFC 6052 and
  /// RFC 6145.
  std::optional<std::array<uint8_t, 4>> LinkedIpv4() const;

  // Ranges, by the documents that set them aside.
  bool IsTeredo() const;         // RFC 4380
  bool Is6to4() const;           // RFC 3964
  bool IsTranslated() const;     // RFC 6052, RFC 6145
  bool IsDocumentation() const;  // RFC 5737, RFC 3849

  friend bool operator==(const NetAddress&, const NetAddress&) = default;
  friend std::strong_ordering operator<=>(const NetAddress&, const NetAddress&) = default;

 private:
  bool StartsWith(Network network, ByteSpan prefix) const;
  /// Its first `bits` bits are those of `prefix`.
  bool InRange(Network network, std::initializer_list<uint8_t> prefix, size_t bits) const;
  bool IsIpv4Special() const;
  bool IsIpv6Special() const;

  Network network_ = Network::kIpv6;
  std::array<uint8_t, kMaxSize> bytes_{};  // zero behind the address
};

/// The network for questions of reachability: `kUnroutable` and `kInternal` where these apply, and
/// `kIpv4` for IPv6 addresses that tunnel to it.
Network NetClass(const NetAddress& address);

/// The network under which RPC counts an address: as above, tunnels being IPv6.
Network PublicNetwork(const NetAddress& address);

/// What one operator is likely to have many addresses in, as bytes: the class, then 16 bits of
/// IPv4, 32 of IPv6 (36 of Hurricane Electric's tunnels), 4 of Tor and I2P, 12 of CJDNS. All local
/// addresses are one group, and so are all other unroutable ones.
Bytes NetGroup(const NetAddress& address);

/// An address with a port.
struct Endpoint {
  NetAddress address;
  uint16_t port = 0;

  /// "1.2.3.4:8333", "[::1]:8333". Without a port `default_port` is taken.
  static std::optional<Endpoint> Parse(std::string_view text, uint16_t default_port = 0);
  std::string ToString() const;
  bool IsValid() const { return address.IsValid() && port != 0; }

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend std::strong_ordering operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// A text taken apart at the colon before the port. The host may be a name.
struct HostAndPort {
  std::string_view host;  // without brackets
  std::optional<uint16_t> port;
};
/// Nothing if there is a port that is no number from 1 to 65535.
std::optional<HostAndPort> SplitHostAndPort(std::string_view text);

/// For hash tables. Endpoints are what strangers want them to be, so the key must be secret.
struct EndpointHasher {
  uint64_t key0 = 0;
  uint64_t key1 = 0;
  size_t operator()(const Endpoint& endpoint) const;
};

/// What gossip says of a peer.
struct PeerAddress {
  Endpoint endpoint;
  uint64_t services = 0;
  int64_t time = 0;  // when it was last seen, seconds since 1970; 32 bits on the wire

  friend bool operator==(const PeerAddress&, const PeerAddress&) = default;
};

/// The form of an address: 16 bytes, which only IPv4 and IPv6 fit, or that of BIP155.
enum class AddressFormat : uint8_t { kV1, kV2 };

/// Whether the address survives that form.
bool Fits(const NetAddress& address, AddressFormat format);

void WriteAddress(Writer& writer, const NetAddress& address, AddressFormat format);
/// Address and port.
void WriteEndpoint(Writer& writer, const Endpoint& endpoint, AddressFormat format);
/// Time, services, address and port, as in `addr` and `addrv2`.
void WritePeerAddress(Writer& writer, const PeerAddress& peer, AddressFormat format);

/// Readers latch failure: a known network with a wrong length, or an address above 512 bytes.
/// Unknown networks, and addresses that may not be written in this way, are read as [::], which is
/// not valid.
NetAddress ReadAddress(Reader& reader, AddressFormat format);
Endpoint ReadEndpoint(Reader& reader, AddressFormat format);
PeerAddress ReadPeerAddress(Reader& reader, AddressFormat format);

}  // namespace cairn::wire
