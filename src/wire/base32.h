// Base32 of RFC 4648 in lower case, without padding: how names of Tor and I2P carry bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cairn/base/bytes.h"

namespace cairn::wire {

std::string EncodeBase32(ByteSpan bytes);

/// Either case. Nothing for a foreign character, and where bits are left over that are not zero or
/// that would make a whole character.
std::optional<Bytes> DecodeBase32(std::string_view text);

}  // namespace cairn::wire
