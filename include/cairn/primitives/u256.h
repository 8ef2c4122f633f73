// Unsigned 256-bit arithmetic modulo 2^256, for targets and chain work.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cairn/base/bytes.h"

namespace cairn {

class U256 {
 public:
  constexpr U256() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a number
  constexpr U256(uint64_t low) : limbs_{low, 0, 0, 0} {}

  /// From 32 bytes, the least significant first (as a hash is compared with a target).
  static U256 FromLittle(ByteSpan bytes);
  /// From at most 64 hex digits, the most significant first.
  static std::optional<U256> FromHex(std::string_view text);

  /// 64 hex digits, the most significant first.
  std::string ToString() const;
  std::array<uint8_t, 32> ToLittle() const;

  bool IsZero() const { return *this == U256(); }
  /// How many bits the number has: 0 for zero.
  int BitLength() const;
  uint64_t Low64() const { return limbs_[0]; }
  double ToDouble() const;

  U256& operator+=(const U256& other);
  U256& operator-=(const U256& other);
  U256& operator<<=(unsigned bits);
  U256& operator>>=(unsigned bits);
  U256& operator*=(uint32_t factor);
  /// Division truncates. The divisor must not be zero.
  U256& operator/=(const U256& divisor);
  U256 operator~() const;

  friend U256 operator+(U256 a, const U256& b) { return a += b; }
  friend U256 operator-(U256 a, const U256& b) { return a -= b; }
  friend U256 operator<<(U256 a, unsigned bits) { return a <<= bits; }
  friend U256 operator>>(U256 a, unsigned bits) { return a >>= bits; }
  friend U256 operator*(U256 a, uint32_t b) { return a *= b; }
  friend U256 operator/(U256 a, const U256& b) { return a /= b; }

  friend bool operator==(const U256&, const U256&) = default;
  friend std::strong_ordering operator<=>(const U256& a, const U256& b) {
    for (int i = 3; i > 0; --i) {
      if (a.limbs_[i] != b.limbs_[i]) return a.limbs_[i] <=> b.limbs_[i];
    }
    return a.limbs_[0] <=> b.limbs_[0];
  }

 private:
  std::array<uint64_t, 4> limbs_{};  // least significant first
};

/// The 32-bit floating form of a target in a block header (nBits).
struct CompactTarget {
  U256 target;
  bool negative = false;
  bool overflow = false;
};
CompactTarget DecodeCompact(uint32_t bits);
/// The compact form of a target, rounded down to its 23 bits of precision.
uint32_t EncodeCompact(const U256& target);

}  // namespace cairn
