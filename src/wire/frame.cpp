#include "cairn/wire/frame.h"

#include <algorithm>

#include "cairn/base/assert.h"
#include "cairn/base/reader.h"
#include "cairn/base/writer.h"
#include "cairn/crypto/sha256.h"
#include "cairn/wire/limits.h"
#include "src/wire/codec.h"

namespace cairn::wire {
namespace {

/// Printable characters, filled up with zeroes. Empty if it is anything else.
std::string ReadCommand(ByteSpan field) {
  const auto end = std::find(field.begin(), field.end(), 0);
  const auto is_printable = [](uint8_t byte) { return byte >= 0x20 && byte < 0x7f; };
  const auto is_zero = [](uint8_t byte) { return byte == 0; };
  if (!std::all_of(field.begin(), end, is_printable)) return {};
  if (!std::all_of(end, field.end(), is_zero)) return {};
  return {field.begin(), end};
}

/// Begins a frame whose length and checksum come later.
Bytes BeginFrame(const Magic& magic, std::string_view command, size_t payload) {
  CAIRN_ASSERT(command.size() <= FrameHeader::kCommandSize);
  Bytes frame;
  frame.reserve(FrameHeader::kSize + payload);
  Writer(frame).Raw(magic).Raw(AsBytes(command));
  frame.resize(FrameHeader::kSize);
  return frame;
}

void FinishFrame(Bytes& frame) {
  const ByteSpan payload = ByteSpan(frame).subspan(FrameHeader::kSize);
  uint8_t* length = frame.data() + Magic().size() + FrameHeader::kCommandSize;
  StoreLittle(length, static_cast<uint32_t>(payload.size()));
  const auto checksum = ChecksumOf(payload);
  std::copy(checksum.begin(), checksum.end(), length + sizeof(uint32_t));
}

}  // namespace

Result<FrameHeader> ParseFrameHeader(std::span<const uint8_t, FrameHeader::kSize> bytes,
                                     const Magic& magic) {
  Reader reader(bytes);
  if (reader.Array<4>() != magic) return Invalid("the message begins with another chain's magic");
  FrameHeader header;
  header.command = ReadCommand(reader.Take(FrameHeader::kCommandSize));
  header.length = reader.U32();
  header.checksum = reader.Array<4>();
  if (header.length > kMostPayload) {
    return Invalid("message " + header.command + " is too long (" + std::to_string(header.length) +
                   " bytes)");
  }
  return header;
}

std::array<uint8_t, 4> ChecksumOf(ByteSpan payload) {
  const crypto::Digest digest = crypto::Sha256dOf(payload);
  return {digest[0], digest[1], digest[2], digest[3]};
}

Bytes EncodeFrame(const Magic& magic, const Message& message) {
  if (const auto* raw = std::get_if<RawMessage>(&message)) {
    return EncodeFrame(magic, raw->command, *raw->payload);
  }
  Bytes frame = BeginFrame(magic, CommandOf(message), 0);
  AppendPayload(frame, message);
  FinishFrame(frame);
  return frame;
}

Bytes EncodeFrame(const Magic& magic, std::string_view command, ByteSpan payload) {
  Bytes frame = BeginFrame(magic, command, payload.size());
  Append(frame, payload);
  FinishFrame(frame);
  return frame;
}

}  // namespace cairn::wire
