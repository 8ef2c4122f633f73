#include "consensus/script/number.h"

#include <array>

namespace cairn::consensus {
namespace {

/// The last byte may be a bare sign only if the byte before needs its own top bit.
bool IsMinimal(ByteSpan bytes) {
  if (bytes.empty() || (bytes.back() & 0x7f) != 0) return true;
  return bytes.size() > 1 && (bytes[bytes.size() - 2] & 0x80) != 0;
}

}  // namespace

std::optional<int64_t> ReadScriptNumber(ByteSpan bytes, bool minimal, size_t most) {
  if (bytes.size() > most || (minimal && !IsMinimal(bytes))) return std::nullopt;
  if (bytes.empty()) return 0;
  int64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) value |= int64_t{bytes[i]} << (8 * i);
  const int64_t sign = int64_t{0x80} << (8 * (bytes.size() - 1));
  return (value & sign) != 0 ? -(value & ~sign) : value;
}

StackItem NumberItem(int64_t value) {
  const bool negative = value < 0;
  uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  std::array<uint8_t, sizeof value + 1> bytes;
  size_t size = 0;
  for (; magnitude != 0; magnitude >>= 8) bytes[size++] = static_cast<uint8_t>(magnitude);
  if (size == 0) return {};
  // The top bit is the sign: where the magnitude uses it, the sign needs a byte of its own.
  if ((bytes[size - 1] & 0x80) != 0) bytes[size++] = 0;
  if (negative) bytes[size - 1] |= 0x80;
  return StackItem::Computed(ByteSpan(bytes).first(size));
}

}  // namespace cairn::consensus
