#include "cairn/primitives/u256.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "cairn/base/assert.h"
#include "cairn/base/endian.h"
#include "cairn/base/hex.h"

namespace cairn {
namespace {

__extension__ typedef unsigned __int128 Uint128;

}  // namespace

U256 U256::FromLittle(ByteSpan bytes) {
  CAIRN_ASSERT(bytes.size() == 32);
  U256 value;
  for (size_t i = 0; i < 4; ++i) value.limbs_[i] = LoadLittle<uint64_t>(&bytes[8 * i]);
  return value;
}

std::optional<U256> U256::FromHex(std::string_view text) {
  if (text.empty() || text.size() > 64) return std::nullopt;
  const std::string padded = std::string(64 - text.size(), '0') + std::string(text);
  auto bytes = cairn::FromHex(padded);
  if (!bytes) return std::nullopt;
  std::reverse(bytes->begin(), bytes->end());
  return FromLittle(*bytes);
}

std::string U256::ToString() const {
  auto bytes = ToLittle();
  std::reverse(bytes.begin(), bytes.end());
  return ToHex(bytes);
}

std::array<uint8_t, 32> U256::ToLittle() const {
  std::array<uint8_t, 32> bytes;
  for (size_t i = 0; i < 4; ++i) StoreLittle(&bytes[8 * i], limbs_[i]);
  return bytes;
}

int U256::BitLength() const {
  for (int i = 3; i >= 0; --i) {
    if (limbs_[i] != 0) return 64 * i + static_cast<int>(std::bit_width(limbs_[i]));
  }
  return 0;
}

double U256::ToDouble() const {
  double value = 0;
  for (int i = 3; i >= 0; --i)
    value = value * 18446744073709551616.0 + static_cast<double>(limbs_[i]);
  return value;
}

U256& U256::operator+=(const U256& other) {
  Uint128 carry = 0;
  for (size_t i = 0; i < 4; ++i) {
    carry += static_cast<Uint128>(limbs_[i]) + other.limbs_[i];
    limbs_[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
  return *this;
}

U256 U256::operator~() const {
  U256 result;
  for (size_t i = 0; i < 4; ++i) result.limbs_[i] = ~limbs_[i];
  return result;
}

U256& U256::operator-=(const U256& other) {
  *this += ~other;
  return *this += U256(1);
}

U256& U256::operator<<=(unsigned bits) {
  const U256 from = *this;
  limbs_ = {};
  const size_t skip = bits / 64;
  const unsigned shift = bits % 64;
  for (size_t i = skip; i < 4; ++i) {
    limbs_[i] = from.limbs_[i - skip] << shift;
    if (shift != 0 && i > skip) limbs_[i] |= from.limbs_[i - skip - 1] >> (64 - shift);
  }
  return *this;
}

U256& U256::operator>>=(unsigned bits) {
  const U256 from = *this;
  limbs_ = {};
  const size_t skip = bits / 64;
  const unsigned shift = bits % 64;
  for (size_t i = 0; i + skip < 4; ++i) {
    limbs_[i] = from.limbs_[i + skip] >> shift;
    if (shift != 0 && i + skip + 1 < 4) limbs_[i] |= from.limbs_[i + skip + 1] << (64 - shift);
  }
  return *this;
}

U256& U256::operator*=(uint32_t factor) {
  Uint128 carry = 0;
  for (uint64_t& limb : limbs_) {
    carry += static_cast<Uint128>(limb) * factor;
    limb = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
  return *this;
}

U256& U256::operator/=(const U256& divisor) {
  CAIRN_ASSERT(!divisor.IsZero());
  // Long division, bit by bit: exact, and rare enough (one per retarget or header) to stay simple.
  U256 quotient;
  U256 rest = *this;
  const int distance = rest.BitLength() - divisor.BitLength();
  for (int bit = distance; bit >= 0; --bit) {
    const U256 shifted = divisor << static_cast<unsigned>(bit);
    if (shifted > rest) continue;
    rest -= shifted;
    quotient.limbs_[static_cast<size_t>(bit) / 64] |= uint64_t{1} << (bit % 64);
  }
  return *this = quotient;
}

CompactTarget DecodeCompact(uint32_t bits) {
  // A byte of length, a sign bit and 23 bits of mantissa: mantissa * 256^(length - 3).
  const unsigned length = bits >> 24;
  uint32_t mantissa = bits & 0x007fffff;
  CompactTarget result;
  if (length <= 3) {
    mantissa >>= 8 * (3 - length);
    result.target = U256(mantissa);
  } else {
    result.target = U256(mantissa) << (8 * (length - 3));
  }
  result.negative = mantissa != 0 && (bits & 0x00800000) != 0;
  result.overflow = mantissa != 0 && (length > 34 || (mantissa > 0xff && length > 33) ||
                                      (mantissa > 0xffff && length > 32));
  return result;
}

uint32_t EncodeCompact(const U256& target) {
  unsigned length = static_cast<unsigned>(target.BitLength() + 7) / 8;
  uint64_t mantissa =
      length <= 3 ? target.Low64() << (8 * (3 - length)) : (target >> (8 * (length - 3))).Low64();
  // The top mantissa bit is the sign: a number that would set it moves down by a byte.
  if ((mantissa & 0x00800000) != 0) {
    mantissa >>= 8;
    ++length;
  }
  return static_cast<uint32_t>(mantissa) | length << 24;
}

}  // namespace cairn
