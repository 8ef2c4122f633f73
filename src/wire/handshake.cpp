#include "cairn/wire/handshake.h"

#include <algorithm>

#include "src/wire/codec.h"

namespace cairn::wire {
namespace {

/// Services and address without a time.
void ReadParty(Reader& reader, uint64_t& services, Endpoint& endpoint) {
  services = reader.U64();
  endpoint = ReadEndpoint(reader, AddressFormat::kV1);
}

void WriteParty(Writer& writer, uint64_t services, const Endpoint& endpoint) {
  writer.U64(services);
  WriteEndpoint(writer, endpoint, AddressFormat::kV1);
}

}  // namespace

Status Read(Reader& reader, Version& message) {
  message.version = reader.I32();
  message.services = reader.U64();
  message.time = std::max<int64_t>(reader.I64(), 0);
  ReadParty(reader, message.receiver_services, message.receiver);
  // From here on a message may end behind each field, but not within one.
  if (reader.AtEnd()) return {};
  ReadParty(reader, message.sender_services, message.sender);
  message.nonce = reader.U64();
  if (reader.AtEnd()) return {};
  const ByteSpan user_agent = reader.VarBytes();
  if (user_agent.size() > Version::kMostUserAgent) return reader.SetFailed(), Status();
  message.user_agent = AsText(user_agent);
  if (reader.AtEnd()) return {};
  message.start_height = reader.I32();
  if (!reader.AtEnd()) message.relay = reader.U8() != 0;
  return {};
}

void Write(Writer& writer, const Version& message) {
  writer.I32(message.version).U64(message.services).I64(message.time);
  WriteParty(writer, message.receiver_services, message.receiver);
  WriteParty(writer, message.sender_services, message.sender);
  writer.U64(message.nonce).VarBytes(AsBytes(message.user_agent));
  writer.I32(message.start_height).U8(message.relay ? 1 : 0);
}

Status Read(Reader& reader, SendTxReconciliation& message) {
  message.version = reader.U32();
  message.salt = reader.U64();
  return {};
}

void Write(Writer& writer, const SendTxReconciliation& message) {
  writer.U32(message.version).U64(message.salt);
}

Status Read(Reader& reader, SendCompact& message) {
  message.high_bandwidth = reader.U8() != 0;
  message.version = reader.U64();
  return {};
}

void Write(Writer& writer, const SendCompact& message) {
  writer.U8(message.high_bandwidth ? 1 : 0).U64(message.version);
}

Status Read(Reader& reader, FeeFilter& message) {
  message.per_kvb = reader.I64();
  return {};
}

void Write(Writer& writer, const FeeFilter& message) { writer.I64(message.per_kvb); }

Status Read(Reader& reader, Ping& message) {
  message.nonce = reader.U64();
  return {};
}

void Write(Writer& writer, const Ping& message) { writer.U64(message.nonce); }

Status Read(Reader& reader, Pong& message) {
  if (reader.Remaining() >= sizeof(uint64_t)) message.nonce = reader.U64();
  return {};
}

void Write(Writer& writer, const Pong& message) {
  if (message.nonce) writer.U64(*message.nonce);
}

}  // namespace cairn::wire
