#include "cairn/wire/addresses.h"

#include "src/wire/codec.h"

namespace cairn::wire {
namespace {

constexpr size_t kLeastV1 = 4 + 8 + 16 + 2;
constexpr size_t kLeastV2 = 4 + 1 + 1 + 1 + 2;

Status ReadList(Reader& reader, std::string_view command, AddressFormat format,
                std::vector<PeerAddress>& addresses) {
  const size_t count = reader.Count(format == AddressFormat::kV1 ? kLeastV1 : kLeastV2);
  if (count > kMostAddresses) return TooMany(command, count);
  addresses.reserve(count);
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    addresses.push_back(ReadPeerAddress(reader, format));
  }
  return {};
}

void WriteList(Writer& writer, AddressFormat format, const std::vector<PeerAddress>& addresses) {
  writer.CompactSize(addresses.size());
  for (const PeerAddress& address : addresses) WritePeerAddress(writer, address, format);
}

}  // namespace

Status Read(Reader& reader, Addr& message) {
  return ReadList(reader, "addr", AddressFormat::kV1, message.addresses);
}

void Write(Writer& writer, const Addr& message) {
  WriteList(writer, AddressFormat::kV1, message.addresses);
}

Status Read(Reader& reader, AddrV2& message) {
  return ReadList(reader, "addrv2", AddressFormat::kV2, message.addresses);
}

void Write(Writer& writer, const AddrV2& message) {
  WriteList(writer, AddressFormat::kV2, message.addresses);
}

}  // namespace cairn::wire
