// Hexadecimal text to bytes and back, lower case on output.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cairn/base/bytes.h"

namespace cairn {

std::string ToHex(ByteSpan bytes);

/// The bytes that `text` spells in either case; nothing if it has an odd length or a foreign
/// character.
std::optional<Bytes> FromHex(std::string_view text);

}  // namespace cairn
