#include "cairn/base/writer.h"

namespace cairn {

Writer& Writer::CompactSize(uint64_t size) {
  if (size < 253) return U8(static_cast<uint8_t>(size));
  if (size <= 0xffff) return U8(253).U16(static_cast<uint16_t>(size));
  if (size <= 0xffffffff) return U8(254).U32(static_cast<uint32_t>(size));
  return U8(255).U64(size);
}

}  // namespace cairn
