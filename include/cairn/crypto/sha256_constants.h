// The numbers of SHA-256 (FIPS 180-4), and what is known of a block before its message is.
//
// Plain arrays, because the SIMD code that reads them must not instantiate templates of the
// standard library: an instance compiled for AVX-512 could be linked into code for any CPU.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace cairn::crypto {

inline constexpr uint32_t kInitialState[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                              0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

alignas(64) inline constexpr uint32_t kRoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr uint32_t SmallSigma0(uint32_t x) { return std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3); }
constexpr uint32_t SmallSigma1(uint32_t x) {
  return std::rotr(x, 17) ^ std::rotr(x, 19) ^ (x >> 10);
}

/// A 64-byte block as sixteen words: the first `free` come from the message, the others are the
/// padding that ends a message of `bits` bits, so that much of their schedule is known at build
/// time.
struct BlockShape {
  size_t free;
  uint32_t bits;

  constexpr bool Knows(size_t word) const { return word >= free && word < 16; }

  constexpr uint32_t Word(size_t word) const {
    return word == free ? 0x80000000u : word == 15 ? bits : 0u;
  }

  /// What the known words add to schedule word `t`, for t from 16 to 31.
  constexpr uint32_t KnownPartOf(size_t t) const {
    return (Knows(t - 16) ? Word(t - 16) : 0) + (Knows(t - 15) ? SmallSigma0(Word(t - 15)) : 0) +
           (Knows(t - 7) ? Word(t - 7) : 0) + (Knows(t - 2) ? SmallSigma1(Word(t - 2)) : 0);
  }
};

inline constexpr BlockShape kMessageBlock{16, 0};
/// The last 16 bytes of a block header.
inline constexpr BlockShape kHeaderTail{4, 80 * 8};
/// A digest that is hashed once more.
inline constexpr BlockShape kDigestBlock{8, 32 * 8};
/// The second block of a 64-byte message.
inline constexpr BlockShape kPaddingOf64Bytes{0, 64 * 8};

/// For each round its constant, plus the schedule word where the shape of the block tells it.
struct RoundTable {
  alignas(64) uint32_t at[64];
};

constexpr RoundTable RoundTableOf(BlockShape shape) {
  RoundTable table{};
  uint32_t word[64] = {};
  for (size_t t = 0; t < 64; ++t) {
    if (t >= 16) {
      word[t] = word[t - 16] + SmallSigma0(word[t - 15]) + word[t - 7] + SmallSigma1(word[t - 2]);
    } else if (shape.Knows(t)) {
      word[t] = shape.Word(t);
    }
    const bool known = t < 16 ? shape.Knows(t) : shape.free == 0;
    table.at[t] = kRoundConstants[t] + (known ? word[t] : 0);
  }
  return table;
}

/// The numbers as SIMD code wants them, in memory: a vector instruction reads one for all lanes in
/// passing, whereas a number that the compiler can see takes two instructions more. Hence not
/// `constexpr`.
struct LaneTables {
  uint32_t initial_state[8];
  RoundTable message, header_tail, digest, padding_of_64_bytes;
};
extern const LaneTables kLaneTables;

}  // namespace cairn::crypto
