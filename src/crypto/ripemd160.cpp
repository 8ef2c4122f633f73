// RIPEMD-160 (Dobbertin, Bosselaers, Preneel, 1996): two lines of eighty steps over the same words,
// unrolled at build time from the tables of the paper.
#include <bit>
#include <cstring>
#include <utility>

#include "cairn/base/endian.h"
#include "cairn/crypto/hash.h"
#include "cairn/crypto/sha256.h"
#include "src/crypto/padded_blocks.h"

namespace cairn::crypto {
namespace {

/// For each step of a line the message word and the rotation, for each sixteen steps the constant.
struct Line {
  uint8_t word[80];
  uint8_t rotation[80];
  uint32_t constant[5];
};

constexpr Line kLeft = {{0, 1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15,  //
                         7, 4,  13, 1,  10, 6,  15, 3,  12, 0, 9,  5,  2,  14, 11, 8,   //
                         3, 10, 14, 4,  9,  15, 8,  1,  2,  7, 0,  6,  13, 11, 5,  12,  //
                         1, 9,  11, 10, 0,  8,  12, 4,  13, 3, 7,  15, 14, 5,  6,  2,   //
                         4, 0,  5,  9,  7,  12, 2,  10, 14, 1, 3,  8,  11, 6,  15, 13},
                        {11, 14, 15, 12, 5,  8,  7,  9,  11, 13, 14, 15, 6,  7,  9,  8,   //
                         7,  6,  8,  13, 11, 9,  7,  15, 7,  12, 15, 9,  11, 7,  13, 12,  //
                         11, 13, 6,  7,  14, 9,  13, 15, 14, 8,  13, 6,  5,  12, 7,  5,   //
                         11, 12, 14, 15, 14, 15, 9,  8,  9,  14, 5,  6,  8,  6,  5,  12,  //
                         9,  15, 5,  11, 6,  8,  13, 12, 5,  12, 13, 14, 11, 8,  5,  6},
                        {0, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e}};

constexpr Line kRight = {{5,  14, 7,  0, 9, 2,  11, 4,  13, 6,  15, 8,  1,  10, 3,  12,  //
                          6,  11, 3,  7, 0, 13, 5,  10, 14, 15, 8,  12, 4,  9,  1,  2,   //
                          15, 5,  1,  3, 7, 14, 6,  9,  11, 8,  12, 2,  10, 0,  4,  13,  //
                          8,  6,  4,  1, 3, 11, 15, 0,  5,  12, 2,  13, 9,  7,  10, 14,  //
                          12, 15, 10, 4, 1, 5,  8,  7,  6,  2,  13, 14, 0,  3,  9,  11},
                         {8,  9,  9,  11, 13, 15, 15, 5,  7,  7,  8,  11, 14, 14, 12, 6,   //
                          9,  13, 15, 7,  12, 8,  9,  11, 7,  7,  12, 7,  6,  15, 13, 11,  //
                          9,  7,  15, 11, 8,  6,  6,  14, 12, 13, 5,  14, 13, 13, 7,  5,   //
                          15, 5,  8,  11, 14, 14, 6,  14, 6,  9,  12, 9,  12, 5,  15, 8,   //
                          8,  5,  12, 9,  12, 5,  14, 6,  8,  13, 6,  5,  15, 13, 11, 11},
                         {0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0}};

template <size_t kFunction>
inline uint32_t Mix(uint32_t x, uint32_t y, uint32_t z) {
  if constexpr (kFunction == 0) return x ^ y ^ z;
  if constexpr (kFunction == 1) return z ^ (x & (y ^ z));
  if constexpr (kFunction == 2) return (x | ~y) ^ z;
  if constexpr (kFunction == 3) return y ^ (z & (x ^ y));
  if constexpr (kFunction == 4) return x ^ (y | ~z);
}

/// Step `t` moves no words: it renames them, so after five steps they stand where they began.
template <const Line& kLine, size_t kFunction, size_t t>
inline void Step(uint32_t* v, const uint32_t* words) {
  constexpr size_t kFirst = 80 - t;
  uint32_t& a = v[kFirst % 5];
  const uint32_t b = v[(kFirst + 1) % 5];
  uint32_t& c = v[(kFirst + 2) % 5];
  const uint32_t d = v[(kFirst + 3) % 5], e = v[(kFirst + 4) % 5];
  a += Mix<kFunction>(b, c, d) + words[kLine.word[t]] + kLine.constant[t / 16];
  a = std::rotl(a, kLine.rotation[t]) + e;
  c = std::rotl(c, 10);
}

/// The right line takes the functions of the left one in reverse.
template <size_t... t>
inline void Steps(uint32_t* left, uint32_t* right, const uint32_t* words,
                  std::index_sequence<t...>) {
  ((Step<kLeft, t / 16, t>(left, words), Step<kRight, 4 - t / 16, t>(right, words)), ...);
}

void Compress(uint32_t* h, const uint8_t* block) {
  uint32_t words[16], left[5], right[5];
  for (size_t i = 0; i < 16; ++i) words[i] = LoadLittle<uint32_t>(block + 4 * i);
  std::memcpy(left, h, sizeof left);
  std::memcpy(right, h, sizeof right);
  Steps(left, right, words, std::make_index_sequence<80>());
  const uint32_t sum = h[1] + left[2] + right[3];
  h[1] = h[2] + left[3] + right[4];
  h[2] = h[3] + left[4] + right[0];
  h[3] = h[4] + left[0] + right[1];
  h[4] = h[0] + left[1] + right[2];
  h[0] = sum;
}

}  // namespace

Digest160 Ripemd160Of(ByteSpan message) {
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  ForEachPaddedBlock(message, std::endian::little,
                     [&h](const uint8_t* block) { Compress(h, block); });
  Digest160 digest;
  for (size_t i = 0; i < 5; ++i) StoreLittle(digest.data() + 4 * i, h[i]);
  return digest;
}

Digest160 Hash160Of(ByteSpan message) { return Ripemd160Of(Sha256Of(message)); }

}  // namespace cairn::crypto
