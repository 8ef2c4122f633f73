// Scanning with the SHA extensions of x86. Two rounds take one instruction, each waiting for the
// one before: four hashes side by side keep the unit busy.
#include "src/mining/hash/scan_kernel.h"

#if defined(__x86_64__) || defined(__i386__)

#include <utility>

#include <immintrin.h>

#include "cairn/crypto/cpu.h"

// For functions that use the extensions, whatever CPU the rest is compiled for.
#define CAIRN_SHANI __attribute__((target("sha,sse4.1,ssse3")))
#define CAIRN_SHANI_INLINE CAIRN_SHANI __attribute__((always_inline)) inline

namespace cairn::mining {
namespace {

constexpr size_t kStreams = 4;
// Several rounds of four, so that the schedule, which they share, hardly counts.
constexpr size_t kVersions = 16;

/// The instructions want the state as two vectors, `abef` with a in the highest lane and `cdgh`
/// with c in the highest.
struct State {
  __m128i abef, cdgh;
};

/// The last sixteen words of a schedule, four to a vector.
struct Ring {
  __m128i words[4];
};

CAIRN_SHANI_INLINE __m128i Load(const uint32_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
CAIRN_SHANI_INLINE __m128i SwapBytes(__m128i v) {
  return _mm_shuffle_epi8(v, _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
}
CAIRN_SHANI_INLINE __m128i Vector(uint32_t w3, uint32_t w2, uint32_t w1, uint32_t w0) {
  return _mm_set_epi32(static_cast<int>(w3), static_cast<int>(w2), static_cast<int>(w1),
                       static_cast<int>(w0));
}

/// Lanes kFirst and kSecond of `low`, then of `high`.
template <int kFirst, int kSecond>
CAIRN_SHANI_INLINE __m128i Pick(__m128i low, __m128i high) {
  return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(low), _mm_castsi128_ps(high),
                                         _MM_SHUFFLE(kSecond, kFirst, kSecond, kFirst)));
}

/// Word w stands at `words[w * stride]`.
CAIRN_SHANI_INLINE State StateOf(const uint32_t* words, size_t stride) {
  return {Vector(words[0], words[stride], words[4 * stride], words[5 * stride]),
          Vector(words[2 * stride], words[3 * stride], words[6 * stride], words[7 * stride])};
}

/// Adds a word that was missing in the round before.
CAIRN_SHANI_INLINE State Plus(State s, uint32_t missing) {
  return {_mm_add_epi32(s.abef, Vector(missing, 0, missing, 0)), s.cdgh};
}
CAIRN_SHANI_INLINE State Plus(State s, State t) {
  return {_mm_add_epi32(s.abef, t.abef), _mm_add_epi32(s.cdgh, t.cdgh)};
}

// ---- Rounds ----

CAIRN_SHANI_INLINE void TwoRounds(State& s, __m128i constants_plus_words) {
  const __m128i abef = _mm_sha256rnds2_epu32(s.cdgh, s.abef, constants_plus_words);
  s = {abef, s.abef};
}
CAIRN_SHANI_INLINE void FourRounds(State& s, __m128i constants_plus_words) {
  TwoRounds(s, constants_plus_words);
  TwoRounds(s, _mm_shuffle_epi32(constants_plus_words, 0x0e));
}

/// Words 4 * kQuad to 4 * kQuad + 3 of the schedule.
template <size_t kQuad>
CAIRN_SHANI_INLINE __m128i NextWords(Ring& ring) {
  __m128i& words = ring.words[kQuad % 4];
  const __m128i last = ring.words[(kQuad + 3) % 4];
  const __m128i seven_before = _mm_alignr_epi8(last, ring.words[(kQuad + 2) % 4], 4);
  const __m128i partial = _mm_sha256msg1_epu32(words, ring.words[(kQuad + 1) % 4]);
  words = _mm_sha256msg2_epu32(_mm_add_epi32(partial, seven_before), last);
  return words;
}

/// Four rounds of all streams whose words are the same for all.
CAIRN_SHANI_INLINE void SameRounds(State (&s)[kStreams], __m128i constants_plus_words) {
  for (State& state : s) TwoRounds(state, constants_plus_words);
  const __m128i high = _mm_shuffle_epi32(constants_plus_words, 0x0e);
  for (State& state : s) TwoRounds(state, high);
}

template <size_t kQuad>
CAIRN_SHANI_INLINE void ScheduledRounds(State (&s)[kStreams], Ring (&rings)[kStreams],
                                        const uint32_t* table) {
  const __m128i constants = Load(table + 4 * kQuad);
  for (size_t i = 0; i < kStreams; ++i) {
    FourRounds(s[i], _mm_add_epi32(NextWords<kQuad>(rings[i]), constants));
  }
}

template <size_t kFirst, size_t... quad>
CAIRN_SHANI_INLINE void ScheduledQuads(State (&s)[kStreams], Ring (&rings)[kStreams],
                                       const uint32_t* table, std::index_sequence<quad...>) {
  (ScheduledRounds<kFirst + quad>(s, rings, table), ...);
}

// ---- The second hash ----

/// The last words of the hashes of four digests, which weigh most, as the target is read.
CAIRN_SHANI_INLINE __m128i HighestWords(const State (&digests)[kStreams]) {
  const uint32_t* table = kDigestPlan.table;
  const State initial = StateOf(crypto::kLaneTables.initial_state, 1);
  State s[kStreams];
  Ring rings[kStreams];
  for (size_t i = 0; i < kStreams; ++i) {
    s[i] = initial;
    rings[i].words[0] = Pick<3, 2>(digests[i].abef, digests[i].cdgh);
    rings[i].words[1] = Pick<1, 0>(digests[i].abef, digests[i].cdgh);
    rings[i].words[2] = Vector(0, 0, 0, 0x80000000u);
    rings[i].words[3] = Vector(crypto::kDigestBlock.bits, 0, 0, 0);
    FourRounds(s[i], _mm_add_epi32(rings[i].words[0], Load(table)));
  }
  for (size_t i = 0; i < kStreams; ++i) {
    FourRounds(s[i], _mm_add_epi32(rings[i].words[1], Load(table + 4)));
  }
  SameRounds(s, Load(table + 8));
  SameRounds(s, Load(table + 12));
  ScheduledQuads<4>(s, rings, table, std::make_index_sequence<11>());
  // Two rounds more: the deciding word is e of round 60, then f.
  for (size_t i = 0; i < kStreams; ++i) {
    TwoRounds(s[i], _mm_add_epi32(NextWords<15>(rings[i]), Load(table + 60)));
  }
  const __m128i last = _mm_unpacklo_epi64(_mm_unpacklo_epi32(s[0].abef, s[1].abef),
                                          _mm_unpacklo_epi32(s[2].abef, s[3].abef));
  return SwapBytes(_mm_add_epi32(last, _mm_set1_epi32(static_cast<int>(crypto::kInitialState[7]))));
}

/// One bit for each stream that does not exceed the limit.
CAIRN_SHANI_INLINE unsigned BelowLimit(__m128i highest, __m128i limit) {
  const __m128i below = _mm_cmpeq_epi32(_mm_min_epu32(highest, limit), highest);
  return static_cast<unsigned>(_mm_movemask_ps(_mm_castsi128_ps(below)));
}

// ---- The scans ----

/// What is the same for all nonces: the state after the nonce's round, and the vectors that the
/// schedule begins with.
struct Tail {
  State midstate, start;
  __m128i second_quad, third_quad, fourth_quad, fifth_quad;
};

CAIRN_SHANI_INLINE Ring TailRing(const Tail& tail, uint32_t nonce) {
  const __m128i fifth = Vector(nonce, crypto::SmallSigma0(nonce), 0, 0);
  return {
      {_mm_add_epi32(tail.fifth_quad, fifth), tail.second_quad, tail.third_quad, tail.fourth_quad}};
}

CAIRN_SHANI_INLINE Tail TailOf(const uint32_t* midstate, const HashPlan& plan) {
  return {StateOf(midstate, 1),
          StateOf(plan.state, 1),
          Vector(0, 0, 0, 0x80000000u),
          _mm_setzero_si128(),
          Vector(crypto::kHeaderTail.bits, 0, 0, 0),
          Vector(plan.part[19], plan.part[18], plan.scheduled[1], plan.scheduled[0])};
}

CAIRN_SHANI size_t ScanNonces(const NonceInput& input, uint32_t first, size_t groups,
                              Candidates& candidates) {
  const Tail tail = TailOf(input.midstate, input.plan);
  const uint32_t* table = input.plan.table;
  const __m128i limit = _mm_set1_epi32(static_cast<int>(input.limit));
  for (size_t group = 0; group < groups; ++group) {
    if (candidates.count + kStreams > Candidates::kRoom) return group;
    const uint32_t nonce = first + static_cast<uint32_t>(group * kStreams);
    State s[kStreams];
    Ring rings[kStreams];
    for (size_t i = 0; i < kStreams; ++i) {
      const uint32_t word = __builtin_bswap32(nonce + static_cast<uint32_t>(i));
      s[i] = Plus(tail.start, word);
      rings[i] = TailRing(tail, word);
    }
    for (size_t t = 4; t < 16; t += 4) SameRounds(s, Load(table + t));
    const __m128i constants = Load(crypto::kRoundConstants + 16);
    for (size_t i = 0; i < kStreams; ++i) {
      FourRounds(s[i], _mm_add_epi32(rings[i].words[0], constants));
    }
    ScheduledQuads<5>(s, rings, crypto::kRoundConstants, std::make_index_sequence<11>());
    for (State& state : s) state = Plus(state, tail.midstate);
    const unsigned below = BelowLimit(HighestWords(s), limit);
    for (uint32_t i = 0; below >> i != 0; ++i) {
      if ((below >> i & 1) != 0) candidates.at[candidates.count++] = {0, nonce + i};
    }
  }
  return groups;
}

template <size_t... quad>
CAIRN_SHANI_INLINE void FillSums(__m128i (&sums)[16], Ring ring, std::index_sequence<quad...>) {
  ((sums[5 + quad] =
        _mm_add_epi32(NextWords<5 + quad>(ring), Load(crypto::kRoundConstants + 4 * (5 + quad)))),
   ...);
}

CAIRN_SHANI size_t ScanVersions(const VersionInput& input, uint32_t first, size_t count,
                                Candidates& candidates) {
  State midstates[kVersions], starts[kVersions];
  for (size_t version = 0; version < kVersions; ++version) {
    midstates[version] = StateOf(input.midstates + version, kVersions);
    starts[version] = StateOf(input.states + version, kVersions);
  }
  const Tail tail = TailOf(input.midstates, input.plan);
  const __m128i limit = _mm_set1_epi32(static_cast<int>(input.limit));
  __m128i sums[16];
  for (size_t quad = 0; quad < 4; ++quad) sums[quad] = Load(input.plan.table + 4 * quad);
  for (size_t done = 0; done < count; ++done) {
    if (candidates.count + kVersions > Candidates::kRoom) return done;
    const uint32_t nonce = first + static_cast<uint32_t>(done);
    const uint32_t word = __builtin_bswap32(nonce);
    const Ring ring = TailRing(tail, word);
    sums[4] = _mm_add_epi32(ring.words[0], Load(crypto::kRoundConstants + 16));
    FillSums(sums, ring, std::make_index_sequence<11>());
    for (size_t version = 0; version < kVersions; version += kStreams) {
      State s[kStreams];
      for (size_t i = 0; i < kStreams; ++i) s[i] = Plus(starts[version + i], word);
      for (size_t quad = 1; quad < 16; ++quad) SameRounds(s, sums[quad]);
      for (size_t i = 0; i < kStreams; ++i) s[i] = Plus(s[i], midstates[version + i]);
      const unsigned below = BelowLimit(HighestWords(s), limit);
      for (uint32_t i = 0; below >> i != 0; ++i) {
        if ((below >> i & 1) == 0) continue;
        candidates.at[candidates.count++] = {static_cast<uint32_t>(version) + i, nonce};
      }
    }
  }
  return count;
}

constexpr ScanFunctions kFunctions = {ScanNonces, ScanVersions};

}  // namespace

void AddShaniScanKernel(std::vector<ScanKernel>& kernels) {
  if (crypto::CpuHasShaExtensions()) {
    kernels.push_back({"shani", kStreams, kVersions, &kFunctions});
  }
}

}  // namespace cairn::mining

#else

namespace cairn::mining {

void AddShaniScanKernel(std::vector<ScanKernel>&) {}

}  // namespace cairn::mining

#endif
