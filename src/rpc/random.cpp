#include "src/rpc/random.h"

#include <sys/random.h>

#include "cairn/base/assert.h"
#include "cairn/base/hex.h"

namespace cairn::rpc {

std::string RandomHex(size_t bytes) {
  constexpr size_t kNeverInterrupted = 256;  // getrandom(2): such requests are served whole
  CAIRN_ASSERT(bytes <= kNeverInterrupted);
  Bytes random(bytes);
  CAIRN_ASSERT(getrandom(random.data(), random.size(), 0) == static_cast<ssize_t>(bytes));
  return ToHex(random);
}

}  // namespace cairn::rpc
