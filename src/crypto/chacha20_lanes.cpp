// ChaCha20 in SIMD: the four words of a row of the state side by side, one or two blocks to a
// vector, one source compiled by Highway for every vector width of the architecture.
//
// The code between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE is compiled for CPUs that may not
// be the one it runs on. It calls nothing outside but Highway.
#include <utility>

#include "src/crypto/chacha20.h"

// Not worth their code: SSSE3 machines without SSE4.1 are rare, and SVE vectors have no fixed size.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#define HWY_TARGET_INCLUDE "src/crypto/chacha20_lanes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef CAIRN_CHACHA20_CONSTANTS
#define CAIRN_CHACHA20_CONSTANTS
namespace cairn::crypto {
// "expand 32-byte k", and the last row of each block: its number, then the nonce.
alignas(16) constexpr uint32_t kFirstRow[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
alignas(32) constexpr uint32_t kLastRows[24] = {0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
                                                3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0};
}  // namespace cairn::crypto
#endif

#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
HWY_BEFORE_NAMESPACE();
namespace cairn::crypto::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
// Of a vector for four blocks, six would fill one and a half.
using Words = hn::CappedTag<uint32_t, 8>;
using Octets = hn::Repartition<uint8_t, Words>;
using V = hn::Vec<Words>;
constexpr size_t kLanes = hn::MaxLanes(Words());
constexpr size_t kGroups = 3;  // vectors that are worked on side by side, to hide latencies
constexpr size_t kVectors = kKeystreamBytes / 16 / kLanes;  // vectors of a row of all blocks
constexpr auto kEachGroup = std::make_index_sequence<kGroups>();

/// The rows of `kGroups` vectors full of blocks.
struct State {
  V a[kGroups], b[kGroups], c[kGroups], d[kGroups];
};

template <int kBits>
HWY_INLINE V RotateLeft(V v) {
#if HWY_TARGET != HWY_AVX3
  // Whole bytes move in one instruction. Highway's own rotation takes three.
  if constexpr (kBits % 8 == 0) {
    alignas(16) static constexpr uint8_t kSixteen[16] = {2,  3,  0, 1, 6,  7,  4,  5,
                                                         10, 11, 8, 9, 14, 15, 12, 13};
    alignas(16) static constexpr uint8_t kEight[16] = {3,  0, 1, 2,  7,  4,  5,  6,
                                                       11, 8, 9, 10, 15, 12, 13, 14};
    const auto order = hn::LoadDup128(Octets(), kBits == 16 ? kSixteen : kEight);
    return hn::BitCast(Words(), hn::TableLookupBytes(hn::BitCast(Octets(), v), order));
  }
#endif
  return hn::RotateRight<32 - kBits>(v);
}

/// x += y, and z takes the sum in and turns.
template <int kBits, size_t... i>
HWY_INLINE void Mix(V* x, const V* y, V* z, std::index_sequence<i...>) {
  ((x[i] = hn::Add(x[i], y[i])), ...);
  ((z[i] = RotateLeft<kBits>(hn::Xor(z[i], x[i]))), ...);
}

HWY_INLINE void QuarterRounds(State& s) {
  Mix<16>(s.a, s.b, s.d, kEachGroup);
  Mix<12>(s.c, s.d, s.b, kEachGroup);
  Mix<8>(s.a, s.b, s.d, kEachGroup);
  Mix<7>(s.c, s.d, s.b, kEachGroup);
}

/// Turns rows against each other, so that diagonals become columns; and back.
template <size_t... i>
HWY_INLINE void ToDiagonals(State& s, std::index_sequence<i...>) {
  ((s.b[i] = hn::Shuffle0321(s.b[i])), ...);
  ((s.c[i] = hn::Shuffle1032(s.c[i])), ...);
  ((s.d[i] = hn::Shuffle2103(s.d[i])), ...);
}
template <size_t... i>
HWY_INLINE void ToColumns(State& s, std::index_sequence<i...>) {
  ((s.b[i] = hn::Shuffle2103(s.b[i])), ...);
  ((s.c[i] = hn::Shuffle1032(s.c[i])), ...);
  ((s.d[i] = hn::Shuffle0321(s.d[i])), ...);
}

/// Writes the blocks of one vector of each row.
HWY_INLINE void StoreBlocks(uint8_t* out, V a, V b, V c, V d) {
  const auto store = [out](size_t vector, V v) HWY_ATTR {
    hn::StoreU(hn::BitCast(Octets(), v), Octets(), out + 4 * kLanes * vector);
  };
  if constexpr (kLanes == 4) {
    store(0, a);
    store(1, b);
    store(2, c);
    store(3, d);
  } else {
    store(0, hn::ConcatLowerLower(Words(), b, a));
    store(1, hn::ConcatLowerLower(Words(), d, c));
    store(2, hn::ConcatUpperUpper(Words(), b, a));
    store(3, hn::ConcatUpperUpper(Words(), d, c));
  }
}

template <size_t... i>
HWY_INLINE void RunGroups(const uint8_t* key, const uint32_t* last_rows, uint8_t* out,
                          std::index_sequence<i...> each) {
  const V first = hn::LoadDup128(Words(), kFirstRow);
  const V second = hn::BitCast(Words(), hn::LoadDup128(Octets(), key));
  const V third = hn::BitCast(Words(), hn::LoadDup128(Octets(), key + 16));
  const V last[kGroups] = {hn::LoadU(Words(), last_rows + kLanes * i)...};
  State s = {{((void)i, first)...}, {((void)i, second)...}, {((void)i, third)...}, {last[i]...}};
  for (int round = 0; round < 10; ++round) {
    QuarterRounds(s);
    ToDiagonals(s, each);
    QuarterRounds(s);
    ToColumns(s, each);
  }
  (StoreBlocks(out + 16 * kLanes * i, hn::Add(s.a[i], first), hn::Add(s.b[i], second),
               hn::Add(s.c[i], third), hn::Add(s.d[i], last[i])),
   ...);
}

void RunKeystream(const uint8_t* key, uint8_t* out) {
  for (size_t v = 0; v < kVectors; v += kGroups) {
    RunGroups(key, kLastRows + kLanes * v, out + 16 * kLanes * v, kEachGroup);
  }
}

}  // namespace cairn::crypto::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace cairn::crypto {

void AddKeystreamLanes(std::vector<KeystreamKernel>& kernels) {
  [[maybe_unused]] const int64_t supported = HWY_SUPPORTED_TARGETS;
#if HWY_TARGETS & HWY_NEON
  if (supported & HWY_NEON) kernels.push_back({"neon", N_NEON::RunKeystream});
#endif
#if HWY_TARGETS & HWY_SSE4
  if (supported & HWY_SSE4) kernels.push_back({"sse4", N_SSE4::RunKeystream});
#endif
#if HWY_TARGETS & HWY_AVX2
  if (supported & HWY_AVX2) kernels.push_back({"avx2", N_AVX2::RunKeystream});
#endif
#if HWY_TARGETS & HWY_AVX3
  if (supported & HWY_AVX3) kernels.push_back({"avx512", N_AVX3::RunKeystream});
#endif
}

}  // namespace cairn::crypto
#endif
