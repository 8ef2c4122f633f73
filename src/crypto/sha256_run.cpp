// The loop around a kernel for messages of one size.
#include <cstring>

#include "src/crypto/sha256_kernel.h"

namespace cairn::crypto {
namespace {

/// Runs `hash_group` on whole groups, then on the rest, filled up with zeroes. Groups go upwards
/// and each is read before it is written, so `out` may begin where `in` does.
template <size_t kMessageBytes>
void RunGroups(size_t lanes, void (*hash_group)(uint8_t*, const uint8_t*), uint8_t* out,
               const uint8_t* in, size_t count) {
  constexpr size_t kDigestBytes = sizeof(Digest);
  for (; count >= lanes; count -= lanes) {
    hash_group(out, in);
    out += lanes * kDigestBytes;
    in += lanes * kMessageBytes;
  }
  if (count == 0) return;
  uint8_t messages[kMaxLanes * kMessageBytes] = {};
  uint8_t digests[kMaxLanes * kDigestBytes];
  std::memcpy(messages, in, count * kMessageBytes);
  hash_group(digests, messages);
  std::memcpy(out, digests, count * kDigestBytes);
}

}  // namespace

void RunD64(const Sha256Kernel& kernel, uint8_t* out, const uint8_t* in, size_t count) {
  RunGroups<64>(kernel.lanes, kernel.d64, out, in, count);
}

void RunD80(const Sha256Kernel& kernel, Digest* out, const uint8_t* in, size_t count) {
  RunGroups<80>(kernel.lanes, kernel.d80, reinterpret_cast<uint8_t*>(out), in, count);
}

}  // namespace cairn::crypto
