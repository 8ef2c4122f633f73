// Appends Bitcoin's wire encodings to a buffer. The mirror of `Reader`.
#pragma once

#include <cstdint>

#include "cairn/base/bytes.h"
#include "cairn/base/endian.h"

namespace cairn {

class Writer {
 public:
  /// Appends to `out`, which must outlive the writer.
  explicit Writer(Bytes& out) : out_(out) {}

  template <typename Int>
  Writer& Little(Int value) {
    uint8_t raw[sizeof(Int)];
    StoreLittle(raw, value);
    out_.insert(out_.end(), raw, raw + sizeof raw);
    return *this;
  }

  template <typename Int>
  Writer& Big(Int value) {
    uint8_t raw[sizeof(Int)];
    StoreBig(raw, value);
    out_.insert(out_.end(), raw, raw + sizeof raw);
    return *this;
  }

  Writer& U8(uint8_t value) { return Little(value); }
  Writer& U16(uint16_t value) { return Little(value); }
  Writer& U32(uint32_t value) { return Little(value); }
  Writer& U64(uint64_t value) { return Little(value); }
  Writer& I32(int32_t value) { return Little(value); }
  Writer& I64(int64_t value) { return Little(value); }

  Writer& Raw(ByteSpan bytes) {
    Append(out_, bytes);
    return *this;
  }

  Writer& CompactSize(uint64_t size);

  /// Bytes behind their CompactSize length.
  Writer& VarBytes(ByteSpan bytes) { return CompactSize(bytes.size()).Raw(bytes); }

 private:
  Bytes& out_;
};

/// How many bytes `Writer::CompactSize` uses for `size`: 1, 3, 5 or 9.
constexpr size_t CompactSizeLength(uint64_t size) {
  return size < 253 ? 1 : size <= 0xffff ? 3 : size <= 0xffffffff ? 5 : 9;
}

}  // namespace cairn
