// SHA-1 (FIPS 180-4). Only OP_SHA1 needs it, so this is short rather than fast.
#include <bit>

#include "cairn/base/endian.h"
#include "cairn/crypto/hash.h"
#include "src/crypto/padded_blocks.h"

namespace cairn::crypto {
namespace {

struct RoundFunction {
  uint32_t value, constant;
};

RoundFunction FunctionOf(size_t round, uint32_t b, uint32_t c, uint32_t d) {
  switch (round / 20) {
    case 0: return {d ^ (b & (c ^ d)), 0x5a827999};
    case 1: return {b ^ c ^ d, 0x6ed9eba1};
    case 2: return {(b & c) | (d & (b | c)), 0x8f1bbcdc};
    default: return {b ^ c ^ d, 0xca62c1d6};
  }
}

void Compress(uint32_t* h, const uint8_t* block) {
  uint32_t words[80];
  for (size_t i = 0; i < 16; ++i) words[i] = LoadBig<uint32_t>(block + 4 * i);
  for (size_t i = 16; i < 80; ++i) {
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
  for (size_t i = 0; i < 80; ++i) {
    const RoundFunction f = FunctionOf(i, b, c, d);
    const uint32_t sum = std::rotl(a, 5) + f.value + e + f.constant + words[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = sum;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

}  // namespace

Digest160 Sha1Of(ByteSpan message) {
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  ForEachPaddedBlock(message, std::endian::big, [&h](const uint8_t* block) { Compress(h, block); });
  Digest160 digest;
  for (size_t i = 0; i < 5; ++i) StoreBig(digest.data() + 4 * i, h[i]);
  return digest;
}

}  // namespace cairn::crypto
