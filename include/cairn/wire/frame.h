// The frame around each message on the wire: 24 bytes with the chain's magic, the command, and the
// payload's length and checksum.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"
#include "cairn/wire/message.h"

namespace cairn::wire {

using Magic = std::array<uint8_t, 4>;

struct FrameHeader {
  static constexpr size_t kSize = 24;
  static constexpr size_t kCommandSize = 12;

  std::string command;  // empty if it was no name: such a message is passed over
  uint32_t length = 0;  // of the payload, no more than the command may have
  std::array<uint8_t, 4> checksum{};
};

/// Fails, before anything is read of the payload, if the magic is another chain's or the length
/// more than the command may have. Then there is no telling where the next message begins: the
/// connection is of no more use.
Result<FrameHeader> ParseFrameHeader(std::span<const uint8_t, FrameHeader::kSize> bytes,
                                     const Magic& magic);

/// The first four bytes of the double hash. A message whose checksum is wrong is passed over.
std::array<uint8_t, 4> ChecksumOf(ByteSpan payload);

/// The message as it goes over the wire.
Bytes EncodeFrame(const Magic& magic, const Message& message);
Bytes EncodeFrame(const Magic& magic, std::string_view command, ByteSpan payload);

}  // namespace cairn::wire
