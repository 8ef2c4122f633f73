// SHA-1 (FIPS 180-4). Only OP_SHA1 needs it, but tapscript may ask for it as often as a block has
// room.
#include <bit>
#include <cstring>
#include <utility>

#include "cairn/base/endian.h"
#include "cairn/crypto/hash.h"
#include "src/crypto/padded_blocks.h"

namespace cairn::crypto {
namespace {

/// The function and the constant of a quarter of the rounds.
template <size_t kQuarter>
inline uint32_t Mix(uint32_t b, uint32_t c, uint32_t d) {
  if constexpr (kQuarter == 0) return (d ^ (b & (c ^ d))) + 0x5a827999;
  if constexpr (kQuarter == 1) return (b ^ c ^ d) + 0x6ed9eba1;
  if constexpr (kQuarter == 2) return ((b & c) | (d & (b | c))) + 0x8f1bbcdc;
  if constexpr (kQuarter == 3) return (b ^ c ^ d) + 0xca62c1d6;
}

/// Round `t` moves no words: it renames them, so after five rounds they stand where they began.
template <size_t t>
inline void Round(uint32_t* v, uint32_t* words) {
  constexpr size_t kFirst = 80 - t;
  if constexpr (t >= 16) {
    words[t % 16] ^= words[(t + 2) % 16] ^ words[(t + 8) % 16] ^ words[(t + 13) % 16];
    words[t % 16] = std::rotl(words[t % 16], 1);
  }
  const uint32_t a = v[kFirst % 5], c = v[(kFirst + 2) % 5], d = v[(kFirst + 3) % 5];
  uint32_t& b = v[(kFirst + 1) % 5];
  uint32_t& e = v[(kFirst + 4) % 5];
  e += std::rotl(a, 5) + Mix<t / 20>(b, c, d) + words[t % 16];
  b = std::rotl(b, 30);
}

template <size_t... t>
inline void Rounds(uint32_t* v, uint32_t* words, std::index_sequence<t...>) {
  (Round<t>(v, words), ...);
}

void Compress(uint32_t* h, const uint8_t* block) {
  uint32_t words[16], v[5];
  for (size_t i = 0; i < 16; ++i) words[i] = LoadBig<uint32_t>(block + 4 * i);
  std::memcpy(v, h, sizeof v);
  Rounds(v, words, std::make_index_sequence<80>());
  for (size_t i = 0; i < 5; ++i) h[i] += v[i];
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
