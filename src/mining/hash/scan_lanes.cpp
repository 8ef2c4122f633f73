// Scanning in SIMD lanes: one source, compiled by Highway for every vector width of the
// architecture.
//
// The code between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE is compiled for CPUs that may not
// be the one it runs on. It calls nothing outside but Highway: see sha256_constants.h. Sums are
// written in the order in which their terms become known, the sigma of e last, as each round waits
// for it; the compiler is told not to reorder them.
#include <utility>

#include "src/mining/hash/scan_kernel.h"

// Not worth their code: SSSE3 machines without SSE4.1 are rare, and SVE vectors have no fixed size.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#define HWY_TARGET_INCLUDE "src/mining/hash/scan_lanes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
HWY_BEFORE_NAMESPACE();
namespace cairn::mining::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::ScalableTag<uint32_t>;
using V = hn::Vec<Lanes>;
constexpr size_t kLanes = hn::MaxLanes(Lanes());

// Two vectors side by side, where there are registers enough: while an instruction of one waits for
// the one before, the other goes on.
#if HWY_TARGET == HWY_AVX3
constexpr size_t kStreams = 2;
#else
constexpr size_t kStreams = 1;
#endif
constexpr size_t kSideBySide = kStreams * kLanes;
static_assert(kSideBySide <= kMaxVersions);

/// One word of every lane of every stream.
template <size_t kCount>
struct Words {
  V at[kCount];
};
template <size_t kCount>
struct State {
  Words<kCount> word[8];
};
/// The last sixteen words of the schedule, word t at t % 16.
template <size_t kCount>
struct Ring {
  Words<kCount> word[16];
};

/// A function of vectors as a function of words.
#define CAIRN_EACH(kCount, expression) \
  Words<kCount> result;                \
  {                                    \
    constexpr size_t i = 0;            \
    result.at[i] = expression;         \
  }                                    \
  if constexpr (kCount > 1) {          \
    constexpr size_t i = kCount - 1;   \
    result.at[i] = expression;         \
  }                                    \
  return result

template <size_t n>
HWY_INLINE Words<n> Broadcast(uint32_t value) {
  CAIRN_EACH(n, hn::Set(Lanes(), value));
}
template <size_t n>
HWY_INLINE Words<n> Load(const uint32_t* from) {
  CAIRN_EACH(n, hn::Load(Lanes(), from + i * kLanes));
}
template <size_t n>
HWY_INLINE Words<n> Add(Words<n> x, Words<n> y) {
  CAIRN_EACH(n, hn::Add(x.at[i], y.at[i]));
}

// ---- The functions of FIPS 180-4, section 4.1.2 ----

template <int kA, int kB, int kC, size_t n>
HWY_INLINE Words<n> BigSigma(Words<n> x) {
  CAIRN_EACH(n, hn::Xor3(hn::RotateRight<kA>(x.at[i]), hn::RotateRight<kB>(x.at[i]),
                         hn::RotateRight<kC>(x.at[i])));
}
template <int kA, int kB, int kShift, size_t n>
HWY_INLINE Words<n> SmallSigma(Words<n> x) {
  CAIRN_EACH(n, hn::Xor3(hn::RotateRight<kA>(x.at[i]), hn::RotateRight<kB>(x.at[i]),
                         hn::ShiftRight<kShift>(x.at[i])));
}

#if HWY_TARGET == HWY_AVX3
// One instruction for any function of three bits; Highway has no name for these two.
template <size_t n>
HWY_INLINE Words<n> Choose(Words<n> e, Words<n> f, Words<n> g) {
  CAIRN_EACH(n, V{_mm512_ternarylogic_epi32(e.at[i].raw, f.at[i].raw, g.at[i].raw, 0xCA)});
}
template <size_t n>
HWY_INLINE Words<n> Majority(Words<n> a, Words<n> b, Words<n> c) {
  CAIRN_EACH(n, V{_mm512_ternarylogic_epi32(a.at[i].raw, b.at[i].raw, c.at[i].raw, 0xE8)});
}
#else
template <size_t n>
HWY_INLINE Words<n> Choose(Words<n> e, Words<n> f, Words<n> g) {
  CAIRN_EACH(n, hn::Xor(g.at[i], hn::And(e.at[i], hn::Xor(f.at[i], g.at[i]))));
}
// Of the two differences one is the other of the round before, which the compiler sees.
template <size_t n>
HWY_INLINE Words<n> Majority(Words<n> a, Words<n> b, Words<n> c) {
  CAIRN_EACH(n, hn::Xor(b.at[i], hn::And(hn::Xor(a.at[i], b.at[i]), hn::Xor(b.at[i], c.at[i]))));
}
#endif

HWY_INLINE V SwapBytes(V v) {
  alignas(16) static constexpr uint8_t kOrder[16] = {3,  2,  1, 0, 7,  6,  5,  4,
                                                     11, 10, 9, 8, 15, 14, 13, 12};
  const hn::Repartition<uint8_t, Lanes> bytes;
  return hn::BitCast(Lanes(),
                     hn::TableLookupBytes(hn::BitCast(bytes, v), hn::LoadDup128(bytes, kOrder)));
}

// ---- Rounds ----

/// Word 0 is a, ..., word 7 is h before round `t`, which moves no words but renames them.
template <size_t t>
constexpr size_t At(size_t word) {
  return (64 - t + word) % 8;
}

enum class Half { kBoth, kOnlyE };

/// `sum` is h, the constant, and the word of the schedule.
template <size_t t, Half kHalf = Half::kBoth, size_t n>
HWY_INLINE void Round(State<n>& s, Words<n> sum) {
  const Words<n> a = s.word[At<t>(0)], b = s.word[At<t>(1)], c = s.word[At<t>(2)];
  const Words<n> e = s.word[At<t>(4)], f = s.word[At<t>(5)], g = s.word[At<t>(6)];
  Words<n>& d = s.word[At<t>(3)];
  Words<n>& h = s.word[At<t>(7)];
  sum = Add(Add(sum, Choose(e, f, g)), BigSigma<6, 11, 25>(e));
  d = Add(d, sum);
  if constexpr (kHalf == Half::kBoth) {
    h = Add(sum, Add(BigSigma<2, 13, 22>(a), Majority(a, b, c)));
  }
}

/// A round whose word is in the table.
template <size_t t, size_t n>
HWY_INLINE void KnownRound(State<n>& s, uint32_t constant_plus_word) {
  Round<t>(s, Add(s.word[At<t>(7)], Broadcast<n>(constant_plus_word)));
}

template <size_t t, Half kHalf = Half::kBoth, size_t n>
HWY_INLINE void WordRound(State<n>& s, Words<n> word, uint32_t constant) {
  Round<t, kHalf>(s, Add(s.word[At<t>(7)], Add(word, Broadcast<n>(constant))));
}

/// Word `t` of the schedule, which takes the place of word t - 16.
template <KnownWords kShape, size_t t, size_t n>
HWY_INLINE Words<n> NextWord(Ring<n>& ring, const uint32_t* part) {
  Words<n> sum = Broadcast<n>(kShape.HasPart(t) ? part[t] : 0);  // a 0 the compiler leaves out
  if constexpr (!kShape.Knows(t - 16)) sum = Add(sum, ring.word[t % 16]);
  if constexpr (!kShape.Knows(t - 7)) sum = Add(sum, ring.word[(t - 7) % 16]);
  if constexpr (!kShape.Knows(t - 15)) {
    sum = Add(sum, SmallSigma<7, 18, 3>(ring.word[(t - 15) % 16]));
  }
  if constexpr (!kShape.Knows(t - 2)) {
    sum = Add(sum, SmallSigma<17, 19, 10>(ring.word[(t - 2) % 16]));
  }
  ring.word[t % 16] = sum;
  return sum;
}

constexpr KnownWords kNoneKnown{0, 0};

// Several rounds, from kFirst on. `table` is the row of the first.

template <size_t kFirst, size_t n, size_t... t>
HWY_INLINE void KnownRounds(State<n>& s, const uint32_t* table, std::index_sequence<t...>) {
  (KnownRound<kFirst + t>(s, table[t]), ...);
}

template <KnownWords kShape, size_t kFirst, size_t n, size_t... t>
HWY_INLINE void ScheduledRounds(State<n>& s, Ring<n>& ring, const uint32_t* part,
                                const uint32_t* table, std::index_sequence<t...>) {
  (WordRound<kFirst + t>(s, NextWord<kShape, kFirst + t>(ring, part), table[t]), ...);
}

template <size_t kFirst, size_t n, size_t... t>
HWY_INLINE void LastRounds(State<n>& s, Ring<n>& ring, const uint32_t* table,
                           std::index_sequence<t...>) {
  (WordRound<kFirst + t, Half::kOnlyE>(s, NextWord<kNoneKnown, kFirst + t>(ring, nullptr),
                                       table[t]),
   ...);
}

/// The state that a plan begins with, before round `t`.
template <size_t t, size_t n, size_t... i>
HWY_INLINE State<n> StartOf(const HashPlan& plan, Words<n> missing, std::index_sequence<i...>) {
  State<n> s;
  ((s.word[At<t>(i)] = Broadcast<n>(plan.state[i])), ...);
  s.word[At<t>(0)] = Add(s.word[At<t>(0)], missing);
  s.word[At<t>(4)] = Add(s.word[At<t>(4)], missing);
  return s;
}

constexpr auto kFour = std::make_index_sequence<4>();
constexpr auto kEight = std::make_index_sequence<8>();

// ---- The second hash ----

template <size_t n, size_t... i>
HWY_INLINE Ring<n> RingOf(const State<n>& digest, std::index_sequence<i...>) {
  Ring<n> ring;
  ((ring.word[i] = digest.word[i]), ...);
  return ring;
}

/// The last word of the hash of a digest, which weighs most: e of round 60. What is only needed for
/// other words is not computed.
template <size_t n>
HWY_INLINE Words<n> LastWordOf(const State<n>& digest) {
  const HashPlan& plan = kDigestPlan;
  const uint32_t* table = plan.table;
  Ring<n> ring = RingOf(digest, kEight);
  State<n> s = StartOf<1>(plan, digest.word[0], kEight);
  Round<1>(s, Add(digest.word[1], Broadcast<n>(plan.sums[0])));
  Round<2>(s, Add(digest.word[2], Broadcast<n>(plan.sums[1])));
  Round<3>(s, Add(digest.word[3], Broadcast<n>(plan.sums[2])));
  WordRound<4>(s, digest.word[4], table[4]);
  WordRound<5>(s, digest.word[5], table[5]);
  WordRound<6>(s, digest.word[6], table[6]);
  WordRound<7>(s, digest.word[7], table[7]);
  KnownRounds<8>(s, table + 8, kEight);
  ScheduledRounds<kDigestWords, 16>(s, ring, plan.part, table + 16, std::make_index_sequence<16>());
  ScheduledRounds<kNoneKnown, 32>(s, ring, nullptr, table + 32, std::make_index_sequence<25>());
  LastRounds<57>(s, ring, table + 57, kFour);
  return Add(s.word[At<61>(4)], Broadcast<n>(crypto::kLaneTables.initial_state[7]));
}

// ---- The scans ----

/// Names the lanes whose word, read as the target is, does not exceed the limit.
template <size_t n, class NameLane>
HWY_INLINE void Collect(Words<n> last, uint32_t limit, NameLane name_lane) {
  const Lanes d;
  const V highest = hn::Set(d, limit);
  last.at[0] = SwapBytes(last.at[0]);
  auto below = hn::Eq(hn::Min(last.at[0], highest), last.at[0]);
  if constexpr (n > 1) {
    last.at[n - 1] = SwapBytes(last.at[n - 1]);
    below = hn::Or(below, hn::Eq(hn::Min(last.at[n - 1], highest), last.at[n - 1]));
  }
  if (HWY_LIKELY(hn::AllFalse(d, below))) return;
  alignas(64) uint32_t words[n * kLanes];
  hn::Store(last.at[0], d, words);
  if constexpr (n > 1) hn::Store(last.at[n - 1], d, words + kLanes);
  for (size_t i = 0; i < n * kLanes; ++i) {
    if (words[i] <= limit) name_lane(static_cast<uint32_t>(i));
  }
}

template <size_t n>
HWY_INLINE Words<n> TailWordsOf(uint32_t first_nonce) {
  CAIRN_EACH(n, SwapBytes(hn::Iota(Lanes(), first_nonce + static_cast<uint32_t>(i * kLanes))));
}

template <size_t n, size_t... i>
HWY_INLINE State<n> PlusMidstate(const State<n>& s, const uint32_t* midstate,
                                 std::index_sequence<i...>) {
  return {{Add(s.word[i], Broadcast<n>(midstate[i]))...}};
}

/// The first hash when lanes differ in the nonce.
template <size_t n>
HWY_INLINE State<n> TailHash(const NonceInput& input, Words<n> nonce) {
  const HashPlan& plan = input.plan;
  Ring<n> ring;
  ring.word[3] = nonce;
  State<n> s = StartOf<4>(plan, nonce, kEight);
  Round<4>(s, Broadcast<n>(plan.sums[0]));
  Round<5>(s, Broadcast<n>(plan.sums[1]));
  Round<6>(s, Broadcast<n>(plan.sums[2]));
  KnownRounds<7>(s, plan.table + 7, std::make_index_sequence<11>());
  ScheduledRounds<kTailWords, 18>(s, ring, plan.part, plan.table + 18,
                                  std::make_index_sequence<14>());
  // From here on no word counts as known, so that a loop keeps the code within the first cache.
  ring.word[0] = Broadcast<n>(plan.scheduled[0]);
  ring.word[1] = Broadcast<n>(plan.scheduled[1]);
  for (size_t t = 32; t < 64; t += 16) {
    ScheduledRounds<kNoneKnown, 32>(s, ring, nullptr, plan.table + t,
                                    std::make_index_sequence<16>());
  }
  return PlusMidstate(s, input.midstate, kEight);
}

size_t ScanNonces(const NonceInput& input, uint32_t first, size_t groups, Candidates& candidates) {
  for (size_t group = 0; group < groups; ++group) {
    if (candidates.count + kSideBySide > Candidates::kRoom) return group;
    const uint32_t nonce = first + static_cast<uint32_t>(group * kSideBySide);
    const State<kStreams> digest = TailHash(input, TailWordsOf<kStreams>(nonce));
    Collect(LastWordOf(digest), input.limit, [&](uint32_t lane) {
      candidates.at[candidates.count++] = {0, nonce + lane};
    });
  }
  return groups;
}

/// For `kLanes` nonces, what a round adds: constant plus word t of the nonce in lane i stands at
/// [t * kLanes + i].
struct RoundSums {
  alignas(64) uint32_t at[64 * kLanes];

  HWY_INLINE explicit RoundSums(const HashPlan& plan) {
    for (size_t t = 0; t < kFirstWords; ++t) {
      hn::Store(hn::Set(Lanes(), plan.table[t]), Lanes(), at + t * kLanes);
    }
  }

  template <KnownWords kShape, size_t t>
  HWY_INLINE void Next(Ring<1>& ring, const HashPlan& plan) {
    const Words<1> word = NextWord<kShape, t>(ring, plan.part);
    hn::Store(hn::Add(word.at[0], hn::Set(Lanes(), plan.table[t])), Lanes(), at + t * kLanes);
  }

  template <KnownWords kShape, size_t kFirst, size_t... t>
  HWY_INLINE void Several(Ring<1>& ring, const HashPlan& plan, std::index_sequence<t...>) {
    (Next<kShape, kFirst + t>(ring, plan), ...);
  }

  HWY_INLINE void Fill(const HashPlan& plan, uint32_t first_nonce) {
    Ring<1> ring;
    ring.word[3] = TailWordsOf<1>(first_nonce);
    Several<kTailWords, 18>(ring, plan, std::make_index_sequence<16>());
    Several<kNoneKnown, 34>(ring, plan, std::make_index_sequence<30>());
  }
};

template <size_t n, size_t... i>
HWY_INLINE State<n> StartOfVersions(const VersionInput& input, Words<n> nonce,
                                    std::index_sequence<i...>) {
  State<n> s;
  ((s.word[At<4>(i)] = Load<n>(input.states + i * n * kLanes)), ...);
  s.word[At<4>(0)] = Add(s.word[At<4>(0)], nonce);
  s.word[At<4>(4)] = Add(s.word[At<4>(4)], nonce);
  return s;
}

template <size_t n, size_t... i>
HWY_INLINE State<n> PlusMidstates(const State<n>& s, const uint32_t* midstates,
                                  std::index_sequence<i...>) {
  return {{Add(s.word[i], Load<n>(midstates + i * n * kLanes))...}};
}

template <size_t n, size_t... t>
HWY_INLINE void EightRounds(State<n>& s, const uint32_t* sums, std::index_sequence<t...>) {
  (KnownRound<t>(s, sums[t * kLanes]), ...);
}

/// The first hash when lanes differ in the version. `sums` are those of the nonce.
template <size_t n>
HWY_INLINE State<n> TailHash(const VersionInput& input, Words<n> nonce, const uint32_t* sums) {
  State<n> s = StartOfVersions(input, nonce, kEight);
  Round<4>(s, Load<n>(input.sums));
  Round<5>(s, Load<n>(input.sums + n * kLanes));
  Round<6>(s, Load<n>(input.sums + 2 * n * kLanes));
  KnownRound<7>(s, sums[7 * kLanes]);
  for (size_t t = 8; t < 64; t += 8) EightRounds(s, sums + t * kLanes, kEight);
  return PlusMidstates(s, input.midstates, kEight);
}

size_t ScanVersions(const VersionInput& input, uint32_t first, size_t count,
                    Candidates& candidates) {
  RoundSums sums(input.plan);
  for (size_t i = 0; i < count; ++i) {
    if (candidates.count + kSideBySide > Candidates::kRoom) return i;
    const uint32_t nonce = first + static_cast<uint32_t>(i);
    const size_t lane = i % kLanes;
    if (lane == 0) sums.Fill(input.plan, nonce);
    const Words<kStreams> word = Broadcast<kStreams>(__builtin_bswap32(nonce));
    const State<kStreams> digest = TailHash(input, word, sums.at + lane);
    Collect(LastWordOf(digest), input.limit, [&](uint32_t version) {
      candidates.at[candidates.count++] = {version, nonce};
    });
  }
  return count;
}

#undef CAIRN_EACH

constexpr ScanFunctions kFunctions = {ScanNonces, ScanVersions};

}  // namespace cairn::mining::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace cairn::mining {

void AddLaneScanKernels(std::vector<ScanKernel>& kernels) {
  [[maybe_unused]] const int64_t supported = HWY_SUPPORTED_TARGETS;
#if HWY_TARGETS & HWY_SSE4
  if (supported & HWY_SSE4) {
    kernels.push_back({"sse4", N_SSE4::kSideBySide, N_SSE4::kSideBySide, &N_SSE4::kFunctions});
  }
#endif
#if HWY_TARGETS & HWY_AVX2
  if (supported & HWY_AVX2) {
    kernels.push_back({"avx2", N_AVX2::kSideBySide, N_AVX2::kSideBySide, &N_AVX2::kFunctions});
  }
#endif
#if HWY_TARGETS & HWY_AVX3
  if (supported & HWY_AVX3) {
    kernels.push_back({"avx512", N_AVX3::kSideBySide, N_AVX3::kSideBySide, &N_AVX3::kFunctions});
  }
#endif
#if HWY_TARGETS & HWY_NEON
  if (supported & HWY_NEON) {
    kernels.push_back({"neon", N_NEON::kSideBySide, N_NEON::kSideBySide, &N_NEON::kFunctions});
  }
#endif
}

}  // namespace cairn::mining
#endif
