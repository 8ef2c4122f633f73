// Takes values from a fuzzer's bytes. Behind the end everything is zero, so that every input has a
// meaning and small changes of it make small changes of what is tried.
#pragma once

#include <algorithm>
#include <cstring>

#include "cairn/base/bytes.h"
#include "cairn/base/endian.h"

namespace cairn::fuzz {

class Input {
 public:
  explicit Input(ByteSpan bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }

  /// Little-endian.
  template <typename Int>
  Int Number() {
    uint8_t raw[sizeof(Int)] = {};
    const ByteSpan taken = Take(sizeof raw);
    if (!taken.empty()) std::memcpy(raw, taken.data(), taken.size());
    return LoadLittle<Int>(raw);
  }

  uint8_t Byte() { return Number<uint8_t>(); }
  bool Flag() { return (Byte() & 1) != 0; }
  /// From 0 to `bound` - 1, of at most 256 choices.
  size_t Below(size_t bound) { return Byte() % bound; }

  /// As many bytes as there are, up to `most`.
  ByteSpan Take(size_t most) {
    const ByteSpan taken = rest_.first(std::min(most, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  /// Bytes behind a length of one byte.
  ByteSpan Short() { return Take(Byte()); }
  /// Bytes behind a length of two bytes.
  ByteSpan Long() { return Take(Number<uint16_t>()); }
  ByteSpan Rest() { return Take(rest_.size()); }

 private:
  ByteSpan rest_;
};

inline Bytes Copy(ByteSpan bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace cairn::fuzz
