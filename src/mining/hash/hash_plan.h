// What is known of a hash before the words are that differ between the lanes of a kernel.
//
// The double hash of a header, whose first 64 bytes are behind it, is two compressions. In the
// first, of the header's tail, only word 3 differs: the nonce. In the second, of the digest, the
// first eight differ. Plain structures, because SIMD code reads them: see sha256_constants.h.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "cairn/crypto/sha256_constants.h"

namespace cairn::mining {

/// Which of the first words of a schedule are the same in all lanes, one bit for each.
struct KnownWords {
  uint32_t known;
  uint32_t zero;  // those of them that are always 0

  constexpr bool Knows(size_t word) const { return word < 32 && (known >> word & 1) != 0; }
  constexpr bool Adds(size_t word) const { return Knows(word) && (zero >> word & 1) == 0; }
  /// Whether known words have a part in word `t`, 16 <= t.
  constexpr bool HasPart(size_t t) const {
    return Adds(t - 16) || Adds(t - 15) || Adds(t - 7) || Adds(t - 2);
  }
};

inline constexpr size_t kFirstWords = 18;  // of which any can be known
inline constexpr size_t kLastPart = 34;    // behind the last word that one of them is a part of

/// Words 0, 1 and 2, the padding, and words 16 and 17, which the nonce has no part in.
inline constexpr KnownWords kTailWords{0x3fff7, 0x07fe0};
inline constexpr KnownWords kDigestWords{0x0ff00, 0x07e00};

/// One compression, as far as the known words tell it.
struct HashPlan {
  /// After the round of the first word that is not known, which is still to be added to a and e.
  uint32_t state[8];
  /// Of each of the three rounds after it, whose h is known too: h, the constant, and the word if
  /// that is known.
  uint32_t sums[3];
  /// What known words add to word t of the schedule.
  uint32_t part[kLastPart];
  /// The constant of each round, and its word if that is known.
  uint32_t table[64];
  /// Words 16 and 17, if they are known.
  uint32_t scheduled[2];
};

namespace plan {

constexpr void Round(uint32_t* s, uint32_t constant_plus_word) {
  const uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
  const uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
  const uint32_t sigma0 = std::rotr(s[0], 2) ^ std::rotr(s[0], 13) ^ std::rotr(s[0], 22);
  const uint32_t sigma1 = std::rotr(s[4], 6) ^ std::rotr(s[4], 11) ^ std::rotr(s[4], 25);
  const uint32_t sum = s[7] + sigma1 + choice + constant_plus_word;
  for (size_t i = 7; i > 0; --i) s[i] = s[i - 1];
  s[4] += sum;
  s[0] = sum + sigma0 + majority;
}

}  // namespace plan

/// `before` is the state that the compression starts from, `open` the first word that is not known;
/// the others have 0 in `word`.
constexpr HashPlan MakeHashPlan(const uint32_t* before, const uint32_t (&word)[kFirstWords],
                                KnownWords shape, size_t open) {
  HashPlan plan{};
  for (size_t t = 0; t < 64; ++t) {
    plan.table[t] = crypto::kRoundConstants[t] + (shape.Knows(t) ? word[t] : 0);
  }
  for (size_t i = 0; i < 2; ++i) plan.scheduled[i] = word[16 + i];
  for (size_t i = 0; i < 8; ++i) plan.state[i] = before[i];
  for (size_t t = 0; t <= open; ++t) plan::Round(plan.state, plan.table[t]);
  for (size_t i = 0; i < 3; ++i) plan.sums[i] = plan.state[7 - i] + plan.table[open + 1 + i];
  for (size_t t = 16; t < kLastPart; ++t) {
    plan.part[t] = (shape.Knows(t - 16) ? word[t - 16] : 0) +
                   (shape.Knows(t - 15) ? crypto::SmallSigma0(word[t - 15]) : 0) +
                   (shape.Knows(t - 7) ? word[t - 7] : 0) +
                   (shape.Knows(t - 2) ? crypto::SmallSigma1(word[t - 2]) : 0);
  }
  return plan;
}

/// Of the last 16 bytes of a header, as big-endian words, the nonce among them being 0.
constexpr HashPlan MakeTailPlan(const uint32_t* midstate, const uint32_t* tail) {
  uint32_t word[kFirstWords] = {tail[0], tail[1], tail[2], 0, 0x80000000u};
  word[15] = crypto::kHeaderTail.bits;
  for (size_t t = 16; t < kFirstWords; ++t) {
    word[t] = word[t - 16] + crypto::SmallSigma0(word[t - 15]) + word[t - 7] +
              crypto::SmallSigma1(word[t - 2]);
  }
  return MakeHashPlan(midstate, word, kTailWords, 3);
}

/// Of the second hash, the same for all headers. In memory for the reason that `LaneTables` has.
extern const HashPlan kDigestPlan;

}  // namespace cairn::mining
