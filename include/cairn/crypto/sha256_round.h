// A round of SHA-256 on words, for the portable kernels.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace cairn::crypto {

/// Round `t` moves no words: it renames them, so after eight rounds they stand where they began.
template <size_t t>
inline void Sha256Round(uint32_t* state, uint32_t constant_plus_word) {
  constexpr size_t kFirst = 64 - t;
  const uint32_t a = state[kFirst % 8], b = state[(kFirst + 1) % 8], c = state[(kFirst + 2) % 8];
  const uint32_t e = state[(kFirst + 4) % 8], f = state[(kFirst + 5) % 8];
  const uint32_t g = state[(kFirst + 6) % 8];
  uint32_t& d = state[(kFirst + 3) % 8];
  uint32_t& h = state[(kFirst + 7) % 8];
  const uint32_t choice = g ^ (e & (f ^ g));
  const uint32_t majority = (a & b) | (c & (a | b));
  const uint32_t sigma0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
  const uint32_t sigma1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
  const uint32_t sum = h + sigma1 + choice + constant_plus_word;
  d += sum;
  h = sum + sigma0 + majority;
}

}  // namespace cairn::crypto
