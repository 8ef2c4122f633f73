#include "consensus/script/number.h"

#include "cairn/primitives/script.h"

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

StackItem NumberItem(int64_t value) { return StackItem::Computed(EncodeScriptNumber(value)); }

bool StackItem::IsTrue() const {
  const ByteSpan bytes = span();
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != 0) return !(i == bytes.size() - 1 && bytes[i] == 0x80);
  }
  return false;
}

}  // namespace cairn::consensus
