#include "src/storage/crc32c.h"

#include <array>

#include "cairn/base/endian.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace cairn::storage {
namespace {

constexpr std::array<uint32_t, 256> MakeTable() {
  constexpr uint32_t kPolynomial = 0x82f63b78;  // its bits reversed
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ ((rest & 1) != 0 ? kPolynomial : 0);
    table[byte] = rest;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = MakeTable();

uint32_t ExtendPortably(uint32_t state, ByteSpan bytes) {
  for (const uint8_t byte : bytes) state = state >> 8 ^ kTable[(state ^ byte) & 0xff];
  return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t ExtendFast(uint32_t state, ByteSpan bytes) {
  uint64_t wide = state;
  while (bytes.size() >= sizeof(uint64_t)) {
    wide = _mm_crc32_u64(wide, LoadLittle<uint64_t>(bytes.data()));
    bytes = bytes.subspan(sizeof(uint64_t));
  }
  state = static_cast<uint32_t>(wide);
  for (const uint8_t byte : bytes) state = _mm_crc32_u8(state, byte);
  return state;
}
#endif

uint32_t Extend(uint32_t state, ByteSpan bytes) {
#if defined(__x86_64__)
  static const bool fast = __builtin_cpu_supports("sse4.2") != 0;
  if (fast) return ExtendFast(state, bytes);
#endif
  return ExtendPortably(state, bytes);
}

}  // namespace

uint32_t Crc32c(uint32_t crc, ByteSpan bytes) { return ~Extend(~crc, bytes); }

}  // namespace cairn::storage
