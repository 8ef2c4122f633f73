// Little- and big-endian integers at any address. Bitcoin's formats are little-endian throughout;
// SHA-256 and database keys that must sort are big-endian.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace cairn {

template <typename Int>
constexpr Int ByteSwap(Int value) {
  if constexpr (sizeof(Int) == 1) {
    return value;
  } else if constexpr (sizeof(Int) == 2) {
    return static_cast<Int>(__builtin_bswap16(static_cast<uint16_t>(value)));
  } else if constexpr (sizeof(Int) == 4) {
    return static_cast<Int>(__builtin_bswap32(static_cast<uint32_t>(value)));
  } else {
    static_assert(sizeof(Int) == 8);
    return static_cast<Int>(__builtin_bswap64(static_cast<uint64_t>(value)));
  }
}

template <typename Int>
Int LoadLittle(const uint8_t* from) {
  static_assert(std::is_integral_v<Int>);
  Int value;
  std::memcpy(&value, from, sizeof value);
  return std::endian::native == std::endian::little ? value : ByteSwap(value);
}

template <typename Int>
Int LoadBig(const uint8_t* from) {
  static_assert(std::is_integral_v<Int>);
  Int value;
  std::memcpy(&value, from, sizeof value);
  return std::endian::native == std::endian::big ? value : ByteSwap(value);
}

template <typename Int>
void StoreLittle(uint8_t* to, Int value) {
  if (std::endian::native != std::endian::little) value = ByteSwap(value);
  std::memcpy(to, &value, sizeof value);
}

template <typename Int>
void StoreBig(uint8_t* to, Int value) {
  if (std::endian::native != std::endian::big) value = ByteSwap(value);
  std::memcpy(to, &value, sizeof value);
}

}  // namespace cairn
