#include "cairn/base/bytes.h"

#include <cstring>

namespace cairn {

bool Equal(ByteSpan a, ByteSpan b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace cairn
