// Base64 (RFC 4648) with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cairn::rpc {

std::string EncodeBase64(std::string_view bytes);

/// The bytes that `text` spells; nothing unless it is the canonical, padded form.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace cairn::rpc
