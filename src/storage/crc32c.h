// CRC-32C (Castagnoli), the checksum of LevelDB's files and of our own records: finds every error
// in up to four bytes in a row, and any other but for one in 2^32.
#pragma once

#include <cstdint>

#include "cairn/base/bytes.h"

namespace cairn::storage {

/// The checksum of what `crc` is the checksum of, followed by `bytes`. Begin with 0.
uint32_t Crc32c(uint32_t crc, ByteSpan bytes);

/// The checksum as LevelDB stores it: a checksum of bytes that contain their own would be weak.
constexpr uint32_t MaskedCrc(uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8; }

}  // namespace cairn::storage
