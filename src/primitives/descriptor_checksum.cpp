#include <array>
#include <cstdint>

#include "cairn/primitives/descriptor.h"

namespace cairn {

namespace {

constexpr size_t kChecksumSize = 8;

/// One step of the code of BIP380 over GF(32).
uint64_t PolyMod(uint64_t checksum, uint64_t value) {
  constexpr std::array<uint64_t, 5> kGenerator = {0xf5dee51989, 0xa9fdca3312, 0x1bab10e32d,
                                                  0x3706b1677a, 0x644d626ffd};
  const uint64_t top = checksum >> 35;
  checksum = (checksum & 0x7ffffffff) << 5 ^ value;
  for (size_t i = 0; i < kGenerator.size(); ++i) {
    if (top >> i & 1) checksum ^= kGenerator[i];
  }
  return checksum;
}

}  // namespace

std::string DescriptorChecksum(std::string_view descriptor) {
  constexpr std::string_view kInput =
      "0123456789()[],'/*abcdefgh@:$%{}"
      "IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~"
      "ijklmnopqrstuvwxyzABCDEFGH`#\"\\ ";
  constexpr std::string_view kOutput = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  uint64_t checksum = 1;
  uint64_t group = 0;  // the high bits of up to three characters, as digits to the base 3
  int in_group = 0;
  for (const char c : descriptor) {
    const size_t position = kInput.find(c);
    if (position == kInput.npos) return "";
    checksum = PolyMod(checksum, position & 31);
    group = group * 3 + (position >> 5);
    if (++in_group == 3) {
      checksum = PolyMod(checksum, group);
      group = 0;
      in_group = 0;
    }
  }
  if (in_group > 0) checksum = PolyMod(checksum, group);
  for (size_t i = 0; i < kChecksumSize; ++i) checksum = PolyMod(checksum, 0);
  checksum ^= 1;
  std::string text;
  for (size_t i = 0; i < kChecksumSize; ++i) {
    text += kOutput[checksum >> 5 * (kChecksumSize - 1 - i) & 31];
  }
  return text;
}

std::string WithChecksum(const std::string& descriptor) {
  return descriptor + "#" + DescriptorChecksum(descriptor);
}

}  // namespace cairn
