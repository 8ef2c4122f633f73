// Addresses on the wire: as in `version` and `addr`, and as in `addrv2` (BIP155).
#include "cairn/wire/net_address.h"

namespace cairn::wire {
namespace {

constexpr uint64_t kMaxAddress = 512;  // BIP155

NetAddress ReadV2(Reader& reader) {
  const uint8_t id = reader.U8();
  const uint64_t size = reader.CompactSize();
  if (size > kMaxAddress) return reader.SetFailed(), NetAddress();
  const auto network = static_cast<Network>(id);
  const bool known = id >= static_cast<uint8_t>(Network::kIpv4) &&
                     id <= static_cast<uint8_t>(Network::kCjdns) && network != Network::kTorV2;
  if (known && size != AddressSize(network)) return reader.SetFailed(), NetAddress();
  const ByteSpan bytes = reader.Take(size);
  if (!known || !reader.ok()) return {};
  const NetAddress address = *NetAddress::From(network, bytes);
  if (network != Network::kIpv6) return address;
  // BIP155: what has a network of its own is not to be wrapped into IPv6.
  const NetAddress unwrapped = NetAddress::FromIpv6Bytes(address.ToIpv6Bytes());
  return unwrapped == address ? address : NetAddress();
}

}  // namespace

bool Fits(const NetAddress& address, AddressFormat format) {
  if (address.Is(Network::kIpv4) || address.Is(Network::kIpv6)) return true;
  return format == AddressFormat::kV2 && !address.IsInternal();
}

void WriteAddress(Writer& writer, const NetAddress& address, AddressFormat format) {
  const NetAddress fit = Fits(address, format) ? address : NetAddress();
  if (format == AddressFormat::kV1) {
    writer.Raw(fit.ToIpv6Bytes());
  } else {
    writer.U8(static_cast<uint8_t>(fit.network())).VarBytes(fit.bytes());
  }
}

void WriteEndpoint(Writer& writer, const Endpoint& endpoint, AddressFormat format) {
  WriteAddress(writer, endpoint.address, format);
  writer.Big(endpoint.port);
}

void WritePeerAddress(Writer& writer, const PeerAddress& peer, AddressFormat format) {
  writer.U32(static_cast<uint32_t>(peer.time));
  if (format == AddressFormat::kV1) {
    writer.U64(peer.services);
  } else {
    writer.CompactSize(peer.services);
  }
  WriteEndpoint(writer, peer.endpoint, format);
}

NetAddress ReadAddress(Reader& reader, AddressFormat format) {
  if (format == AddressFormat::kV2) return ReadV2(reader);
  return NetAddress::FromIpv6Bytes(reader.Array<16>());
}

Endpoint ReadEndpoint(Reader& reader, AddressFormat format) {
  Endpoint endpoint;
  endpoint.address = ReadAddress(reader, format);
  endpoint.port = reader.Big<uint16_t>();
  return endpoint;
}

PeerAddress ReadPeerAddress(Reader& reader, AddressFormat format) {
  PeerAddress peer;
  peer.time = reader.U32();
  peer.services = format == AddressFormat::kV1 ? reader.U64() : reader.AnyCompactSize();
  peer.endpoint = ReadEndpoint(reader, format);
  return peer;
}

}  // namespace cairn::wire
