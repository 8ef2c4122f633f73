#include "src/crypto/num3072.h"

#include "cairn/base/endian.h"

namespace cairn::crypto {
namespace {

__extension__ using Wide = unsigned __int128;
constexpr size_t kWords = std::tuple_size_v<Num3072>;

/// Column by column: all products of equal weight are summed up before a word is written.
void SchoolProduct(uint64_t* out, const uint64_t* a, const uint64_t* b) {
  Wide sum = 0;
  for (size_t column = 0; column < 2 * kWords - 1; ++column) {
    uint64_t overflow = 0;
    const size_t first = column < kWords ? 0 : column - (kWords - 1);
    const size_t last = column < kWords ? column : kWords - 1;
    for (size_t i = first; i <= last; ++i) {
      overflow += __builtin_add_overflow(sum, Wide{a[i]} * b[column - i], &sum);
    }
    out[column] = static_cast<uint64_t>(sum);
    sum = sum >> 64 | Wide{overflow} << 64;
  }
  out[2 * kWords - 1] = static_cast<uint64_t>(sum);
}

/// Adds `carry` multiples of 2^3072.
void FoldCarry(Num3072& a, uint64_t carry) {
  while (carry != 0) {
    Wide sum = Wide{carry} * kNum3072Gap;
    for (size_t i = 0; i < kWords && sum != 0; ++i) {
      sum += a[i];
      a[i] = static_cast<uint64_t>(sum);
      sum >>= 64;
    }
    carry = static_cast<uint64_t>(sum);
  }
}

void MultiplyPortable(Num3072& a, const Num3072& b) {
  uint64_t product[2 * kWords];
  SchoolProduct(product, a.data(), b.data());
  Wide sum = 0;
  for (size_t i = 0; i < kWords; ++i) {
    sum += Wide{product[kWords + i]} * kNum3072Gap + product[i];
    a[i] = static_cast<uint64_t>(sum);
    sum >>= 64;
  }
  FoldCarry(a, static_cast<uint64_t>(sum));
}

}  // namespace

void Multiply(Num3072& a, const Num3072& b) {
  static const auto fastest = AvailableNum3072Kernels().back().multiply;
  fastest(a, b);
}

Num3072 Reduce(const Num3072& a) {
  // If adding the gap overflows, the number is not less than the prime, and the sum is the residue.
  Num3072 above;
  Wide sum = kNum3072Gap;
  for (size_t i = 0; i < kWords; ++i) {
    sum += a[i];
    above[i] = static_cast<uint64_t>(sum);
    sum >>= 64;
  }
  return sum != 0 ? above : a;
}

Num3072 LoadNum3072(const uint8_t* bytes) {
  Num3072 a;
  for (size_t i = 0; i < kWords; ++i) a[i] = LoadLittle<uint64_t>(bytes + 8 * i);
  return a;
}

void StoreNum3072(uint8_t* bytes, const Num3072& a) {
  for (size_t i = 0; i < kWords; ++i) StoreLittle(bytes + 8 * i, a[i]);
}

const std::vector<Num3072Kernel>& AvailableNum3072Kernels() {
  static const std::vector<Num3072Kernel> kernels = [] {
    std::vector<Num3072Kernel> found = {{"portable", MultiplyPortable}};
    AddIfmaKernel(found);
    return found;
  }();
  return kernels;
}

}  // namespace cairn::crypto
