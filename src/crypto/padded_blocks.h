// The padding that RIPEMD-160 and SHA-1 share: a one bit, zeroes, and the length in 64 bits.
#pragma once

#include <array>
#include <bit>
#include <cstring>

#include "cairn/base/bytes.h"
#include "cairn/base/endian.h"

namespace cairn::crypto {

/// Calls `compress(block)` for each block of 64 bytes of a message and its padding, which ends with
/// the number of bits in the given byte order.
template <class Compress>
void ForEachPaddedBlock(ByteSpan message, std::endian order, Compress compress) {
  constexpr size_t kBlockBytes = 64;
  constexpr size_t kLengthBytes = 8;
  const uint64_t bits = uint64_t{message.size()} * 8;
  for (; message.size() >= kBlockBytes; message = message.subspan(kBlockBytes)) {
    compress(message.data());
  }
  std::array<uint8_t, 2 * kBlockBytes> end{};
  if (!message.empty()) std::memcpy(end.data(), message.data(), message.size());
  end[message.size()] = 0x80;
  const size_t bytes = message.size() + 1 + kLengthBytes <= kBlockBytes ? kBlockBytes : end.size();
  uint8_t* length = end.data() + bytes - kLengthBytes;
  order == std::endian::big ? StoreBig(length, bits) : StoreLittle(length, bits);
  for (size_t at = 0; at < bytes; at += kBlockBytes) compress(end.data() + at);
}

}  // namespace cairn::crypto
