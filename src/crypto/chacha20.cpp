#include "src/crypto/chacha20.h"

#include <bit>
#include <cstring>

#include "cairn/base/endian.h"

namespace cairn::crypto {
namespace {

constexpr size_t kBlockBytes = 64;

void QuarterRound(uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d) {
  a += b, d = std::rotl(d ^ a, 16);
  c += d, b = std::rotl(b ^ c, 12);
  a += b, d = std::rotl(d ^ a, 8);
  c += d, b = std::rotl(b ^ c, 7);
}

void RunPortable(const uint8_t* key, uint8_t* out) {
  uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  for (size_t i = 0; i < 8; ++i) start[4 + i] = LoadLittle<uint32_t>(key + 4 * i);
  for (uint32_t& counter = start[12]; counter < kKeystreamBytes / kBlockBytes; ++counter) {
    uint32_t s[16];
    std::memcpy(s, start, sizeof s);
    for (int i = 0; i < 10; ++i) {
      for (size_t j = 0; j < 4; ++j) QuarterRound(s[j], s[4 + j], s[8 + j], s[12 + j]);
      for (size_t j = 0; j < 4; ++j) {
        QuarterRound(s[j], s[4 + (j + 1) % 4], s[8 + (j + 2) % 4], s[12 + (j + 3) % 4]);
      }
    }
    for (size_t i = 0; i < 16; ++i) StoreLittle(out + 4 * i, s[i] + start[i]);
    out += kBlockBytes;
  }
}

}  // namespace

void ChaCha20Keystream(const uint8_t* key, uint8_t* out) {
  static const auto fastest = AvailableKeystreamKernels().back().run;
  fastest(key, out);
}

const std::vector<KeystreamKernel>& AvailableKeystreamKernels() {
  static const std::vector<KeystreamKernel> kernels = [] {
    std::vector<KeystreamKernel> found = {{"portable", RunPortable}};
    AddKeystreamLanes(found);
    return found;
  }();
  return kernels;
}

}  // namespace cairn::crypto
