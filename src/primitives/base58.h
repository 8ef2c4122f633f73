// Base58: numbers in Bitcoin's alphabet of 58 letters, plain and with a checksum.
//
// The cost is quadratic in the length, so every decoder is told how many bytes its caller can use
// at most, and refuses longer texts before any work.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cairn/base/bytes.h"

namespace cairn {

std::string EncodeBase58(ByteSpan bytes);

/// The bytes; nothing for foreign characters or more than `max_bytes` bytes. White space around the
/// text is ignored, as Bitcoin Core does.
std::optional<Bytes> DecodeBase58(std::string_view text, size_t max_bytes);

/// With the first four bytes of the double SHA-256 appended.
std::string EncodeBase58Check(ByteSpan payload);

/// The payload without its checksum; nothing where the checksum does not fit.
std::optional<Bytes> DecodeBase58Check(std::string_view text, size_t max_payload);

}  // namespace cairn
