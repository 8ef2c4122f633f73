// The inverse modulo 2^3072 - 1103717, by the division steps of Bernstein and Yang ("Fast
// constant-time gcd computation and modular inversion", 2019), without being constant in time.
//
// A step looks at the lowest bits only, so 62 of them are first done on single words, and their
// effect, a matrix, is then applied to the whole numbers. Numbers are signed, in limbs of 62 bits,
// the lowest first; only the highest limb has a sign.
#include <algorithm>
#include <bit>

#include "src/crypto/num3072.h"

namespace cairn::crypto {
namespace {

__extension__ using Wide = __int128;
constexpr unsigned kLimbBits = 62;
constexpr uint64_t kLimbMask = (uint64_t{1} << kLimbBits) - 1;
constexpr size_t kLimbs = 50;
// The prime in limbs: minus the gap in the lowest, and this bit of the highest.
constexpr unsigned kHighBit = 3072 - kLimbBits * (kLimbs - 1);
constexpr auto kGap = static_cast<int64_t>(kNum3072Gap);

using Limbs = std::array<int64_t, kLimbs>;

/// What 62 steps make of f and g: (u f + v g) / 2^62 and (q f + r g) / 2^62.
struct Matrix {
  int64_t u, v, q, r;
};

/// The inverse of an odd number modulo 2^64, each round of Newton's doubling the bits that hold.
constexpr uint64_t InverseOfWord(uint64_t odd) {
  uint64_t inverse = odd;  // of three bits
  for (int bits = 3; bits < 64; bits *= 2) inverse *= 2 - odd * inverse;
  return inverse;
}

constexpr uint64_t kPrimeInverse = InverseOfWord(0 - kNum3072Gap) & kLimbMask;

/// Does 62 steps on the lowest bits of f, which is odd, and g. `delta` is the difference of their
/// lengths as far as the steps know it.
Matrix Steps62(int64_t& delta, uint64_t f, uint64_t g) {
  uint64_t u = 1, v = 0, q = 0, r = 1;
  for (unsigned left = kLimbBits;;) {
    // Halve g while it is even; the bit that is set ends it after the last step.
    const auto zeros = static_cast<unsigned>(std::countr_zero(g | uint64_t{1} << left));
    g >>= zeros;
    u <<= zeros;
    v <<= zeros;
    delta += zeros;
    left -= zeros;
    if (left == 0) break;
    if (delta > 0) {
      // Both are odd and f is the longer one: they change places.
      delta = -delta;
      const uint64_t old_f = f, old_u = u, old_v = v;
      f = g, u = q, v = r;
      g = 0 - old_f, q = 0 - old_u, r = 0 - old_v;
    }
    // No change of places is due for 1 - delta steps: add as many multiples of f as clear their
    // bits of g at once, up to six, for which f (f^2 - 2) is minus the inverse.
    const auto steps = static_cast<unsigned>(std::min<int64_t>({1 - delta, left, 6}));
    const uint64_t factor = (f * g * (f * f - 2)) & ((uint64_t{1} << steps) - 1);
    g += f * factor;
    q += u * factor;
    r += v * factor;
  }
  return {static_cast<int64_t>(u), static_cast<int64_t>(v), static_cast<int64_t>(q),
          static_cast<int64_t>(r)};
}

int64_t LowLimb(Wide sum) { return static_cast<int64_t>(static_cast<uint64_t>(sum) & kLimbMask); }

/// Applies the matrix to the lowest `length` limbs of f and g. The division leaves no rest.
void ApplyToPair(Limbs& f, Limbs& g, size_t length, const Matrix& m) {
  Wide sum_f = Wide{m.u} * f[0] + Wide{m.v} * g[0];
  Wide sum_g = Wide{m.q} * f[0] + Wide{m.r} * g[0];
  sum_f >>= kLimbBits;
  sum_g >>= kLimbBits;
  for (size_t i = 1; i < length; ++i) {
    sum_f += Wide{m.u} * f[i] + Wide{m.v} * g[i];
    sum_g += Wide{m.q} * f[i] + Wide{m.r} * g[i];
    f[i - 1] = LowLimb(sum_f);
    g[i - 1] = LowLimb(sum_g);
    sum_f >>= kLimbBits;
    sum_g >>= kLimbBits;
  }
  f[length - 1] = static_cast<int64_t>(sum_f);
  g[length - 1] = static_cast<int64_t>(sum_g);
}

/// How many primes, added to a number that begins with `low`, make it divisible by 2^62; the number
/// already has `some` of them.
int64_t PrimesToAdd(int64_t some, Wide low) {
  const auto begin = static_cast<uint64_t>(low);
  return some -
         static_cast<int64_t>((kPrimeInverse * begin + static_cast<uint64_t>(some)) & kLimbMask);
}

/// Applies the matrix to d and e modulo the prime; both stay between minus two primes and one.
void ApplyModulo(Limbs& d, Limbs& e, const Matrix& m) {
  // A negative number takes part with a prime added.
  const bool d_negative = d[kLimbs - 1] < 0, e_negative = e[kLimbs - 1] < 0;
  int64_t primes_d = (d_negative ? m.u : 0) + (e_negative ? m.v : 0);
  int64_t primes_e = (d_negative ? m.q : 0) + (e_negative ? m.r : 0);
  Wide sum_d = Wide{m.u} * d[0] + Wide{m.v} * e[0];
  Wide sum_e = Wide{m.q} * d[0] + Wide{m.r} * e[0];
  primes_d = PrimesToAdd(primes_d, sum_d);
  primes_e = PrimesToAdd(primes_e, sum_e);
  sum_d = (sum_d - Wide{primes_d} * kGap) >> kLimbBits;
  sum_e = (sum_e - Wide{primes_e} * kGap) >> kLimbBits;
  for (size_t i = 1; i < kLimbs; ++i) {
    sum_d += Wide{m.u} * d[i] + Wide{m.v} * e[i];
    sum_e += Wide{m.q} * d[i] + Wide{m.r} * e[i];
    if (i == kLimbs - 1) {
      sum_d += Wide{primes_d} * (int64_t{1} << kHighBit);
      sum_e += Wide{primes_e} * (int64_t{1} << kHighBit);
    }
    d[i - 1] = LowLimb(sum_d);
    e[i - 1] = LowLimb(sum_e);
    sum_d >>= kLimbBits;
    sum_e >>= kLimbBits;
  }
  d[kLimbs - 1] = static_cast<int64_t>(sum_d);
  e[kLimbs - 1] = static_cast<int64_t>(sum_e);
}

/// Drops the highest limb if f and g have nothing but their signs in it.
size_t ShorterLength(Limbs& f, Limbs& g, size_t length) {
  const auto is_sign = [](int64_t limb) { return limb == 0 || limb == -1; };
  if (length < 2 || !is_sign(f[length - 1]) || !is_sign(g[length - 1])) return length;
  for (Limbs* number : {&f, &g}) {
    if ((*number)[length - 1] < 0) (*number)[length - 2] -= int64_t{1} << kLimbBits;
  }
  return length - 1;
}

bool IsZero(const Limbs& a, size_t length) {
  for (size_t i = 0; i < length; ++i) {
    if (a[i] != 0) return false;
  }
  return true;
}

/// Multiplies by `sign` and adds so many primes.
void Adjust(Limbs& a, int sign, int primes) {
  int64_t carry = -primes * kGap;
  for (size_t i = 0; i < kLimbs; ++i) {
    carry += sign * a[i];
    if (i == kLimbs - 1) {
      a[i] = carry + primes * (int64_t{1} << kHighBit);
    } else {
      a[i] = carry & static_cast<int64_t>(kLimbMask);
      carry >>= kLimbBits;
    }
  }
}

Limbs ToLimbs(const Num3072& a) {
  Limbs limbs;
  for (size_t i = 0; i < kLimbs; ++i) {
    const size_t bit = kLimbBits * i, word = bit / 64, shift = bit % 64;
    uint64_t bits = a[word] >> shift;
    if (shift > 64 - kLimbBits && word + 1 < a.size()) bits |= a[word + 1] << (64 - shift);
    limbs[i] = static_cast<int64_t>(bits & kLimbMask);
  }
  return limbs;
}

Num3072 FromLimbs(const Limbs& limbs) {
  Num3072 a = {};
  for (size_t i = 0; i < kLimbs; ++i) {
    const size_t bit = kLimbBits * i, word = bit / 64, shift = bit % 64;
    const auto bits = static_cast<uint64_t>(limbs[i]);
    a[word] |= bits << shift;
    if (shift > 64 - kLimbBits && word + 1 < a.size()) a[word + 1] |= bits >> (64 - shift);
  }
  return a;
}

Limbs Prime() {
  Limbs prime = {};
  Adjust(prime, 1, 1);
  return prime;
}

}  // namespace

Num3072 InverseOf(const Num3072& a) {
  // Throughout, f = a d and g = a e modulo the prime, up to powers of two that cancel. In the end g
  // is zero and f the greatest common divisor: one or minus one, unless the number was zero.
  static const Limbs kPrime = Prime();
  Limbs f = kPrime, g = ToLimbs(Reduce(a)), d = {}, e = {1};
  if (IsZero(g, kLimbs)) return {};
  int64_t delta = 1;
  for (size_t length = kLimbs; !IsZero(g, length); length = ShorterLength(f, g, length)) {
    const Matrix m = Steps62(delta, static_cast<uint64_t>(f[0]), static_cast<uint64_t>(g[0]));
    ApplyModulo(d, e, m);
    ApplyToPair(f, g, length, m);
  }
  Adjust(d, 1, d[kLimbs - 1] < 0 ? 1 : 0);
  // One limb is left of f, or its sign stands in all that are left.
  if (f[0] != 1) Adjust(d, -1, 0);
  Adjust(d, 1, d[kLimbs - 1] < 0 ? 1 : 0);
  return FromLimbs(d);
}

}  // namespace cairn::crypto
