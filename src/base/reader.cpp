#include "cairn/base/reader.h"

namespace cairn {

uint64_t Reader::AnyCompactSize() {
  const uint8_t first = U8();
  uint64_t size = first;
  uint64_t least = 0;  // the smallest number that needs this form
  if (first == 253) {
    size = U16();
    least = 253;
  } else if (first == 254) {
    size = U32();
    least = 0x10000;
  } else if (first == 255) {
    size = U64();
    least = 0x100000000;
  }
  if (size < least) return SetFailed(), 0;
  return size;
}

}  // namespace cairn
