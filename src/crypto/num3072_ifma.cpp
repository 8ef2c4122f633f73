// Multiplication modulo 2^3072 - 1103717 with the 52-bit multiply-add of AVX-512, eight limbs at a
// time.
//
// Limbs have 48 bits, so that 64 of them make 3072 bits and what lies above folds back limb by
// limb. The instructions give the low and the high 52 bits of a product. With one factor times
// sixteen, the high part is exactly the product's bits from 48 on, and the low part is sixteen
// times its bits below 48. Sums stay so small that no carry is passed on until the end.
#include "src/crypto/num3072.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define CAIRN_IFMA __attribute__((target("avx512f,avx512bw,avx512vl,avx512ifma")))
#define CAIRN_IFMA_INLINE CAIRN_IFMA __attribute__((always_inline)) inline

namespace cairn::crypto {
namespace {

// GCC 12 warns of the plain forms, whose masked source is undefined and unused.
constexpr __mmask8 kAll = 0xff;
constexpr size_t kLanes = 8;
constexpr size_t kVectors = 8;  // of a number
constexpr size_t kLimbs = kLanes * kVectors;
constexpr unsigned kLimbBits = 48;
constexpr uint64_t kLimbMask = (uint64_t{1} << kLimbBits) - 1;

/// A number times sixteen, moved up by 0 to 7 limbs, so that all of it can be multiplied by a limb
/// at any place.
struct Shifted {
  __m512i by[kLanes][kVectors + 1];
};

CAIRN_IFMA_INLINE __m512i Zero() { return _mm512_setzero_si512(); }

/// The lanes of `v` moved up by `kCount`, with the highest of the vector before coming in.
template <int kCount>
CAIRN_IFMA_INLINE __m512i MoveUp(__m512i v, __m512i before) {
  return _mm512_maskz_alignr_epi64(kAll, v, before, 8 - kCount);
}

/// The low 48 bits of every lane, and what lies above added to the next one. `carry` is that of the
/// vector before, and becomes that of this one.
CAIRN_IFMA_INLINE __m512i PassCarry(__m512i v, __m512i& carry) {
  const __m512i above = _mm512_maskz_srli_epi64(kAll, v, kLimbBits);
  const __m512i low = _mm512_and_si512(v, _mm512_set1_epi64(kLimbMask));
  const __m512i sum = _mm512_add_epi64(low, MoveUp<1>(above, carry));
  carry = above;
  return sum;
}

/// Eight limbs from six words.
CAIRN_IFMA_INLINE __m512i Unpack(const uint64_t* words) {
  const __m512i order = _mm512_set_epi16(0, 23, 22, 21, 0, 20, 19, 18, 0, 17, 16, 15, 0, 14, 13, 12,
                                         0, 11, 10, 9, 0, 8, 7, 6, 0, 5, 4, 3, 0, 2, 1, 0);
  return _mm512_maskz_permutexvar_epi16(0x77777777, order, _mm512_maskz_loadu_epi64(0x3f, words));
}

template <int kCount>
CAIRN_IFMA_INLINE void ShiftBy(Shifted& shifted) {
  __m512i before = Zero();
  for (size_t v = 0; v < kVectors; ++v) {
    shifted.by[kCount][v] = MoveUp<kCount>(shifted.by[0][v], before);
    before = shifted.by[0][v];
  }
  shifted.by[kCount][kVectors] = MoveUp<kCount>(Zero(), before);
}

CAIRN_IFMA_INLINE void LoadShifted(Shifted& shifted, const Num3072& from) {
  for (size_t v = 0; v < kVectors; ++v) {
    shifted.by[0][v] = _mm512_maskz_slli_epi64(kAll, Unpack(&from[6 * v]), 4);
  }
  shifted.by[0][kVectors] = Zero();
  ShiftBy<1>(shifted);
  ShiftBy<2>(shifted);
  ShiftBy<3>(shifted);
  ShiftBy<4>(shifted);
  ShiftBy<5>(shifted);
  ShiftBy<6>(shifted);
  ShiftBy<7>(shifted);
}

/// Sums of products: `low` of sixteen times their bits below 48, `high` of those above.
struct Sums {
  __m512i low, high;
};

CAIRN_IFMA_INLINE Sums NoSums() { return {Zero(), Zero()}; }

CAIRN_IFMA_INLINE Sums Add(const Sums& a, const Sums& b) {
  return {_mm512_add_epi64(a.low, b.low), _mm512_add_epi64(a.high, b.high)};
}

CAIRN_IFMA_INLINE void MultiplyAdd(Sums& sums, __m512i a, __m512i b) {
  sums.low = _mm512_madd52lo_epu64(sums.low, a, b);
  sums.high = _mm512_madd52hi_epu64(sums.high, a, b);
}

/// The limbs of the sums, whose high parts are one limb further up. `high_before` is that of the
/// vector before, and becomes that of this one.
CAIRN_IFMA_INLINE __m512i Join(const Sums& sums, __m512i& high_before) {
  const __m512i high = MoveUp<1>(sums.high, high_before);
  high_before = sums.high;
  return _mm512_add_epi64(_mm512_maskz_srli_epi64(kAll, sums.low, 4), high);
}

/// Two neighbouring vectors of the product, each summed up in two halves, since an instruction
/// waits for its sum.
struct TwoSums {
  Sums first[2], second[2];
};

/// Adds what eight limbs contribute to the vectors: the products with vectors `first` and `second`
/// of the shifted factor, where there are such.
template <bool kHasFirst, bool kHasSecond>
CAIRN_IFMA_INLINE void AddProducts(TwoSums& sums, const uint64_t* limbs, const Shifted& shifted,
                                   size_t first, size_t second) {
#pragma GCC unroll 8
  for (size_t i = 0; i < kLanes; ++i) {
    const __m512i limb = _mm512_set1_epi64(static_cast<long long>(limbs[i]));
    if constexpr (kHasFirst) MultiplyAdd(sums.first[i % 2], limb, shifted.by[i][first]);
    if constexpr (kHasSecond) MultiplyAdd(sums.second[i % 2], limb, shifted.by[i][second]);
  }
}

/// The sums of vectors `at` and `at + 1` of the product, for even `at`.
CAIRN_IFMA_INLINE void SumProducts(Sums* out, size_t at, const uint64_t* limbs,
                                   const Shifted& shifted) {
  TwoSums sums = {{NoSums(), NoSums()}, {NoSums(), NoSums()}};
  if (at < kVectors) {
    for (size_t v = 0; v <= at; ++v) {
      AddProducts<true, true>(sums, limbs + kLanes * v, shifted, at - v, at + 1 - v);
    }
    AddProducts<false, true>(sums, limbs + kLanes * (at + 1), shifted, 0, 0);
  } else {
    AddProducts<true, false>(sums, limbs + kLanes * (at - kVectors), shifted, kVectors, 0);
    for (size_t v = at - kVectors + 1; v < kVectors; ++v) {
      AddProducts<true, true>(sums, limbs + kLanes * v, shifted, at - v, at + 1 - v);
    }
  }
  out[0] = Add(sums.first[0], sums.first[1]);
  out[1] = Add(sums.second[0], sums.second[1]);
}

/// The last carries one after another, and back into words.
void Pack(Num3072& to, uint64_t* limbs) {
  uint64_t carry = 0;
  for (size_t i = 0; i < kLimbs; ++i) {
    carry += limbs[i];
    limbs[i] = carry & kLimbMask;
    carry >>= kLimbBits;
  }
  while (carry != 0) {
    carry *= kNum3072Gap;
    for (size_t i = 0; i < kLimbs && carry != 0; ++i) {
      carry += limbs[i];
      limbs[i] = carry & kLimbMask;
      carry >>= kLimbBits;
    }
  }
  for (size_t i = 0; i < kLimbs / 4; ++i) {
    const uint64_t* four = limbs + 4 * i;
    to[3 * i] = four[0] | four[1] << 48;
    to[3 * i + 1] = four[1] >> 16 | four[2] << 32;
    to[3 * i + 2] = four[2] >> 32 | four[3] << 16;
  }
}

CAIRN_IFMA void MultiplyIfma(Num3072& a, const Num3072& b) {
  alignas(64) uint64_t limbs[kLimbs];
  for (size_t v = 0; v < kVectors; ++v) {
    _mm512_store_si512(limbs + kLanes * v, Unpack(&a[6 * v]));
  }
  Shifted shifted;
  LoadShifted(shifted, b);
  Sums sums[2 * kVectors];
  for (size_t at = 0; at < 2 * kVectors; at += 2) SumProducts(sums + at, at, limbs, shifted);

  // Every limb is a sum of at most 64 low and 64 high parts of 48 bits: less than 2^55.
  __m512i product[2 * kVectors];
  __m512i before = Zero();
  for (size_t v = 0; v < 2 * kVectors; ++v) product[v] = Join(sums[v], before);

  // The upper half, with its limbs back near 48 bits, times what 2^3072 stands for.
  const __m512i gap = _mm512_set1_epi64(16 * kNum3072Gap);
  __m512i carry = Zero(), folded[kVectors];
  before = Zero();
  for (size_t v = 0; v < kVectors; ++v) {
    Sums part = NoSums();
    MultiplyAdd(part, PassCarry(product[kVectors + v], carry), gap);
    folded[v] = _mm512_add_epi64(product[v], Join(part, before));
  }
  // What came out above the highest limb folds back into the lowest.
  const __m512i highest = before;
  carry = Zero();
  for (size_t v = 0; v < kVectors; ++v) folded[v] = PassCarry(folded[v], carry);
  const __m512i above = MoveUp<1>(Zero(), _mm512_add_epi64(carry, highest));
  folded[0] = _mm512_add_epi64(folded[0],
                               _mm512_maskz_mul_epu32(kAll, above, _mm512_set1_epi64(kNum3072Gap)));
  for (size_t v = 0; v < kVectors; ++v) _mm512_store_si512(limbs + kLanes * v, folded[v]);
  Pack(a, limbs);
}

}  // namespace

void AddIfmaKernel(std::vector<Num3072Kernel>& kernels) {
  if (__builtin_cpu_supports("avx512ifma") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    kernels.push_back({"ifma", MultiplyIfma});
  }
}

}  // namespace cairn::crypto

#else

namespace cairn::crypto {

void AddIfmaKernel(std::vector<Num3072Kernel>&) {}

}  // namespace cairn::crypto

#endif
