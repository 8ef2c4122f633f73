#include "cairn/primitives/hash.h"

#include <algorithm>

#include "cairn/base/hex.h"

namespace cairn {

std::string HashToText(const std::array<uint8_t, 32>& bytes) {
  std::array<uint8_t, 32> reversed = bytes;
  std::reverse(reversed.begin(), reversed.end());
  return ToHex(reversed);
}

std::optional<std::array<uint8_t, 32>> HashFromText(std::string_view text) {
  const auto parsed = FromHex(text);
  if (!parsed || parsed->size() != 32) return std::nullopt;
  std::array<uint8_t, 32> bytes;
  std::reverse_copy(parsed->begin(), parsed->end(), bytes.begin());
  return bytes;
}

}  // namespace cairn
