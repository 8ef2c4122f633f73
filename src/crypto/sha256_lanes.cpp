// SHA-256 in SIMD lanes: one source, compiled by Highway for every vector width of the architecture
// (SSE4 4 lanes, AVX2 8, AVX-512 16, NEON 4), each message in a lane of its own.
//
// The code between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE is compiled for CPUs that may not
// be the one it runs on. It calls nothing outside but Highway: see sha256_constants.h.
#include <utility>

#include "cairn/crypto/sha256_constants.h"
#include "src/crypto/sha256_kernel.h"

// Not worth their code: SSSE3 machines without SSE4.1 are rare, and SVE vectors have no fixed size.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#define HWY_TARGET_INCLUDE "src/crypto/sha256_lanes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
HWY_BEFORE_NAMESPACE();
namespace cairn::crypto::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Words = hn::ScalableTag<uint32_t>;
using V = hn::Vec<Words>;  // one word of every lane
constexpr size_t kLanes = hn::MaxLanes(Words());
constexpr size_t kStateBytes = 32;
// Loops over words are unrolled by pack expansion, so that the words stay in registers.
constexpr auto kEight = std::make_index_sequence<8>();
constexpr auto kSixteen = std::make_index_sequence<16>();

struct State {
  V word[8];
};
struct Block {
  V word[16];
};

// ---- The functions of FIPS 180-4, section 4.1.2 ----

HWY_INLINE V Broadcast(uint32_t value) { return hn::Set(Words(), value); }

template <int kA, int kB, int kC>
HWY_INLINE V BigSigma(V x) {
  return hn::Xor3(hn::RotateRight<kA>(x), hn::RotateRight<kB>(x), hn::RotateRight<kC>(x));
}

template <int kA, int kB, int kShift>
HWY_INLINE V SmallSigma(V x) {
  return hn::Xor3(hn::RotateRight<kA>(x), hn::RotateRight<kB>(x), hn::ShiftRight<kShift>(x));
}

#if HWY_TARGET == HWY_AVX3
// One instruction for any function of three bits; Highway has no name for these two.
HWY_INLINE V Choose(V e, V f, V g) {
  return V{_mm512_ternarylogic_epi32(e.raw, f.raw, g.raw, 0xCA)};
}
HWY_INLINE V Majority(V a, V b, V c) {
  return V{_mm512_ternarylogic_epi32(a.raw, b.raw, c.raw, 0xE8)};
}
#else
HWY_INLINE V Choose(V e, V f, V g) { return hn::Xor(g, hn::And(e, hn::Xor(f, g))); }
// Of the two differences one is the other of the round before, which the compiler sees.
HWY_INLINE V Majority(V a, V b, V c) { return hn::Xor(b, hn::And(hn::Xor(a, b), hn::Xor(b, c))); }
#endif

// ---- Rounds ----

/// Round `t` moves no words: it renames them, so after eight rounds they stand where they began.
template <size_t t>
HWY_INLINE void Round(State& state, V constant_plus_word) {
  constexpr size_t kFirst = 64 - t;
  const V a = state.word[kFirst % 8], b = state.word[(kFirst + 1) % 8];
  const V c = state.word[(kFirst + 2) % 8], e = state.word[(kFirst + 4) % 8];
  const V f = state.word[(kFirst + 5) % 8], g = state.word[(kFirst + 6) % 8];
  V& d = state.word[(kFirst + 3) % 8];
  V& h = state.word[(kFirst + 7) % 8];
  const V sum =
      hn::Add(hn::Add(h, constant_plus_word), hn::Add(BigSigma<6, 11, 25>(e), Choose(e, f, g)));
  d = hn::Add(d, sum);
  h = hn::Add(sum, hn::Add(BigSigma<2, 13, 22>(a), Majority(a, b, c)));
}

template <BlockShape kShape, size_t t>
HWY_INLINE void FirstRound(State& state, const Block& block, const uint32_t* table) {
  const V known = Broadcast(table[t]);
  if constexpr (kShape.Knows(t)) {
    Round<t>(state, known);
  } else {
    Round<t>(state, hn::Add(block.word[t], known));
  }
}

/// Schedule word `t`, 16 <= t < 32, of a block whose words are kept in a ring of sixteen.
template <BlockShape kShape, size_t t>
HWY_INLINE V NextWord(const Block& block) {
  // Begins with a word that is never known: from t = 18 on, t - 2 is of the schedule.
  static_assert(kShape.free >= 2);
  V sum = t < 18 ? block.word[t - 16] : SmallSigma<17, 19, 10>(block.word[(t - 2) % 16]);
  if constexpr (t < 18 && !kShape.Knows(t - 2)) {
    sum = hn::Add(sum, SmallSigma<17, 19, 10>(block.word[t - 2]));
  }
  if constexpr (t >= 18 && !kShape.Knows(t - 16)) sum = hn::Add(sum, block.word[t - 16]);
  if constexpr (!kShape.Knows(t - 15)) {
    sum = hn::Add(sum, SmallSigma<7, 18, 3>(block.word[(t - 15) % 16]));
  }
  if constexpr (!kShape.Knows(t - 7)) sum = hn::Add(sum, block.word[(t - 7) % 16]);
  constexpr uint32_t kKnown = kShape.KnownPartOf(t);
  return kKnown == 0 ? sum : hn::Add(sum, Broadcast(kKnown));
}

template <BlockShape kShape, size_t t>
HWY_INLINE void ScheduledRound(State& state, Block& block, const uint32_t* table) {
  block.word[t] = NextWord<kShape, t + 16>(block);
  Round<t>(state, hn::Add(block.word[t], Broadcast(table[t])));
}

// Sixteen rounds each.

template <BlockShape kShape, size_t... t>
HWY_INLINE void FirstRounds(State& state, const Block& block, const uint32_t* table,
                            std::index_sequence<t...>) {
  (FirstRound<kShape, t>(state, block, table), ...);
}

template <BlockShape kShape, size_t... t>
HWY_INLINE void ScheduledRounds(State& state, Block& block, const uint32_t* table,
                                std::index_sequence<t...>) {
  (ScheduledRound<kShape, t>(state, block, table), ...);
}

template <size_t... t>
HWY_INLINE void KnownRounds(State& state, const uint32_t* table, std::index_sequence<t...>) {
  (Round<t>(state, Broadcast(table[t])), ...);
}

template <size_t... i>
HWY_INLINE State Sum(const State& a, const State& b, std::index_sequence<i...>) {
  return {{hn::Add(a.word[i], b.word[i])...}};
}

template <BlockShape kShape>
HWY_INLINE void CompressBlock(State& state, Block block, const RoundTable& table) {
  const State before = state;
  FirstRounds<kShape>(state, block, table.at, kSixteen);
  ScheduledRounds<kShape>(state, block, table.at + 16, kSixteen);
  for (size_t t = 32; t < 64; t += 16) {
    ScheduledRounds<kMessageBlock>(state, block, table.at + t, kSixteen);
  }
  state = Sum(state, before, kEight);
}

HWY_INLINE void CompressKnownBlock(State& state, const RoundTable& table) {
  const State before = state;
  for (size_t t = 0; t < 64; t += 16) {
    KnownRounds(state, table.at + t, kSixteen);
  }
  state = Sum(state, before, kEight);
}

// ---- Between bytes in memory and words in lanes ----

HWY_INLINE V SwapBytes(V v) {
  alignas(16) static constexpr uint8_t kOrder[16] = {3,  2,  1, 0, 7,  6,  5,  4,
                                                     11, 10, 9, 8, 15, 14, 13, 12};
  const hn::Repartition<uint8_t, Words> bytes;
  return hn::BitCast(Words(),
                     hn::TableLookupBytes(hn::BitCast(bytes, v), hn::LoadDup128(bytes, kOrder)));
}

/// Transposes four words of four lanes in each group of four lanes.
HWY_INLINE void Transpose(V& v0, V& v1, V& v2, V& v3) {
  const Words d;
  const hn::Repartition<uint64_t, Words> pairs;
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, v0, v1));
  const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, v2, v3));
  const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, v0, v1));
  const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, v2, v3));
  v0 = hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23));
  v1 = hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23));
  v2 = hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23));
  v3 = hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23));
}

/// Sixteen bytes of every fourth message: those of `from[0]`, `from[4]`, ...
template <class D>
HWY_INLINE hn::Vec<D> LoadQuarters(D d, const uint8_t* const* from, size_t offset) {
  if constexpr (hn::MaxLanes(d) == 4) {
    return hn::BitCast(d, hn::LoadU(hn::Repartition<uint8_t, D>(), from[0] + offset));
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, LoadQuarters(half, from + hn::MaxLanes(half), offset),
                       LoadQuarters(half, from, offset));
  }
}

template <class D>
HWY_INLINE void StoreQuarters(D d, hn::Vec<D> v, uint8_t* to, size_t stride) {
  if constexpr (hn::MaxLanes(d) == 4) {
    const hn::Repartition<uint8_t, D> bytes;
    hn::StoreU(hn::BitCast(bytes, v), bytes, to);
  } else {
    const hn::Half<D> half;
    StoreQuarters(half, hn::LowerHalf(half, v), to, stride);
    StoreQuarters(half, hn::UpperHalf(half, v), to + hn::MaxLanes(half) * stride, stride);
  }
}

/// Four big-endian words of each message, from byte `offset` on.
HWY_INLINE void LoadFourWords(V* words, const uint8_t* const* messages, size_t offset) {
  V v0 = SwapBytes(LoadQuarters(Words(), messages, offset));
  V v1 = SwapBytes(LoadQuarters(Words(), messages + 1, offset));
  V v2 = SwapBytes(LoadQuarters(Words(), messages + 2, offset));
  V v3 = SwapBytes(LoadQuarters(Words(), messages + 3, offset));
  Transpose(v0, v1, v2, v3);
  words[0] = v0, words[1] = v1, words[2] = v2, words[3] = v3;
}

HWY_INLINE Block LoadBlock(const uint8_t* const* messages) {
  Block block = {};
  LoadFourWords(block.word, messages, 0);
  LoadFourWords(block.word + 4, messages, 16);
  LoadFourWords(block.word + 8, messages, 32);
  LoadFourWords(block.word + 12, messages, 48);
  return block;
}

HWY_INLINE void StoreFourWords(uint8_t* out, V v0, V v1, V v2, V v3) {
  Transpose(v0, v1, v2, v3);
  StoreQuarters(Words(), SwapBytes(v0), out, kStateBytes);
  StoreQuarters(Words(), SwapBytes(v1), out + kStateBytes, kStateBytes);
  StoreQuarters(Words(), SwapBytes(v2), out + 2 * kStateBytes, kStateBytes);
  StoreQuarters(Words(), SwapBytes(v3), out + 3 * kStateBytes, kStateBytes);
}

HWY_INLINE void StoreDigests(uint8_t* out, const State& s) {
  StoreFourWords(out, s.word[0], s.word[1], s.word[2], s.word[3]);
  StoreFourWords(out + 16, s.word[4], s.word[5], s.word[6], s.word[7]);
}

template <size_t... i>
HWY_INLINE State LoadState(const uint32_t* words, std::index_sequence<i...>) {
  return {{hn::LoadU(Words(), words + i * kLanes)...}};
}

template <size_t... i>
HWY_INLINE void StoreState(uint32_t* words, const State& state, std::index_sequence<i...>) {
  (hn::StoreU(state.word[i], Words(), words + i * kLanes), ...);
}

// ---- The kernel ----

template <size_t... i>
HWY_INLINE State InitialState(std::index_sequence<i...>) {
  return {{Broadcast(kLaneTables.initial_state[i])...}};
}

template <size_t... i>
HWY_INLINE Block BlockOfDigest(const State& digest, std::index_sequence<i...>) {
  return {{digest.word[i]...}};
}

/// The second hash of a double hash.
HWY_INLINE State HashOfDigest(const State& digest) {
  State state = InitialState(kEight);
  CompressBlock<kDigestBlock>(state, BlockOfDigest(digest, kEight), kLaneTables.digest);
  return state;
}

/// Pointers to messages that lie one after another.
struct Messages {
  const uint8_t* at[kLanes];

  Messages(const uint8_t* first, size_t size) {
    for (size_t i = 0; i < kLanes; ++i) at[i] = first + i * size;
  }
};

void Compress(uint32_t* words, const uint8_t* const* blocks) {
  State state = LoadState(words, kEight);
  CompressBlock<kMessageBlock>(state, LoadBlock(blocks), kLaneTables.message);
  StoreState(words, state, kEight);
}

void Finish(uint8_t* out, const uint32_t* words) {
  StoreDigests(out, HashOfDigest(LoadState(words, kEight)));
}

void D64(uint8_t* out, const uint8_t* in) {
  State state = InitialState(kEight);
  CompressBlock<kMessageBlock>(state, LoadBlock(Messages(in, 64).at), kLaneTables.message);
  CompressKnownBlock(state, kLaneTables.padding_of_64_bytes);
  StoreDigests(out, HashOfDigest(state));
}

void D80(uint8_t* out, const uint8_t* in) {
  const Messages headers(in, 80);
  State state = InitialState(kEight);
  CompressBlock<kMessageBlock>(state, LoadBlock(headers.at), kLaneTables.message);
  Block tail = {};
  LoadFourWords(tail.word, headers.at, 64);
  CompressBlock<kHeaderTail>(state, tail, kLaneTables.header_tail);
  StoreDigests(out, HashOfDigest(state));
}

const Sha256Kernel kKernel = {kLanes, Compress, Finish, D64, D80};

}  // namespace cairn::crypto::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace cairn::crypto {

void AddLaneCandidates(std::vector<Sha256Candidate>& candidates) {
  [[maybe_unused]] const int64_t supported = HWY_SUPPORTED_TARGETS;
#if HWY_TARGETS & HWY_SSE4
  if (supported & HWY_SSE4) {
    candidates.push_back(CandidateOf<N_SSE4::kKernel>("sse4", TransformPortable));
  }
#endif
#if HWY_TARGETS & HWY_AVX2
  if (supported & HWY_AVX2) {
    candidates.push_back(CandidateOf<N_AVX2::kKernel>("avx2", TransformPortable));
  }
#endif
#if HWY_TARGETS & HWY_AVX3
  if (supported & HWY_AVX3) {
    candidates.push_back(CandidateOf<N_AVX3::kKernel>("avx512", TransformPortable));
  }
#endif
#if HWY_TARGETS & HWY_NEON
  if (supported & HWY_NEON) {
    candidates.push_back(CandidateOf<N_NEON::kKernel>("neon", TransformPortable));
  }
#endif
}

}  // namespace cairn::crypto
#endif
