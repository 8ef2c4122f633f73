// Reads Bitcoin's wire encodings from a span without copying. A read past the end, or a size that
// is not canonical, latches failure: every later read gives zeroes, and the caller asks once at the
// end.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "cairn/base/bytes.h"
#include "cairn/base/endian.h"

namespace cairn {

class Reader {
 public:
  /// No length on the wire may exceed this; larger ones fail before anything is allocated.
  static constexpr uint64_t kMaxSize = 0x02000000;

  explicit Reader(ByteSpan bytes)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return at_ == end_; }
  size_t Remaining() const { return static_cast<size_t>(end_ - at_); }
  size_t Position() const { return static_cast<size_t>(at_ - begin_); }

  /// The bytes from an earlier `Position()` up to here.
  ByteSpan Since(size_t position) const { return {begin_ + position, at_}; }

  void SetFailed() {
    ok_ = false;
    at_ = end_;
  }

  template <typename Int>
  Int Little() {
    if (Remaining() < sizeof(Int)) return SetFailed(), Int{0};
    const Int value = LoadLittle<Int>(at_);
    at_ += sizeof(Int);
    return value;
  }

  template <typename Int>
  Int Big() {
    if (Remaining() < sizeof(Int)) return SetFailed(), Int{0};
    const Int value = LoadBig<Int>(at_);
    at_ += sizeof(Int);
    return value;
  }

  uint8_t U8() { return Little<uint8_t>(); }
  uint16_t U16() { return Little<uint16_t>(); }
  uint32_t U32() { return Little<uint32_t>(); }
  uint64_t U64() { return Little<uint64_t>(); }
  int32_t I32() { return Little<int32_t>(); }
  int64_t I64() { return Little<int64_t>(); }

  /// The next byte without taking it; zero at the end.
  uint8_t Peek(size_t offset = 0) const { return Remaining() > offset ? at_[offset] : 0; }

  ByteSpan Take(size_t count) {
    if (Remaining() < count) return SetFailed(), ByteSpan{};
    const ByteSpan taken(at_, count);
    at_ += count;
    return taken;
  }

  template <size_t N>
  std::array<uint8_t, N> Array() {
    std::array<uint8_t, N> out{};
    const ByteSpan taken = Take(N);
    std::copy(taken.begin(), taken.end(), out.begin());
    return out;
  }

  /// A CompactSize. One that a shorter form could have said, or above `kMaxSize`, is a failure.
  uint64_t CompactSize() {
    const uint64_t size = AnyCompactSize();
    if (size > kMaxSize) return SetFailed(), 0;
    return size;
  }

  /// A CompactSize without the bound, still canonical: for fields that are numbers, not lengths.
  uint64_t AnyCompactSize();

  /// A count of things that take at least `least` bytes each: fails if so many cannot follow, so
  /// that a count can be trusted for reserving memory.
  uint64_t Count(size_t least) {
    const uint64_t count = CompactSize();
    if (count > Remaining() / least) return SetFailed(), 0;
    return count;
  }

  /// Bytes behind a CompactSize length.
  ByteSpan VarBytes() { return Take(CompactSize()); }

 private:
  const uint8_t* begin_;
  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};

}  // namespace cairn
