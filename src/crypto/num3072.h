// Arithmetic modulo the prime 2^3072 - 1103717, for MuHash.
//
// A number is 48 words, the lowest first. Any 3072 bits stand for their residue; `Reduce` finds the
// least form. Nothing here runs in constant time: the numbers are no secrets.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cairn/base/bytes.h"

namespace cairn::crypto {

using Num3072 = std::array<uint64_t, 48>;

inline constexpr size_t kNum3072Bytes = 384;
/// The prime is 2^3072 minus this, so 2^3072 itself stands for it.
inline constexpr uint64_t kNum3072Gap = 1'103'717;

inline constexpr Num3072 kOne3072 = {1};

/// `a` becomes the product.
void Multiply(Num3072& a, const Num3072& b);

/// Zero for zero, which has no inverse.
Num3072 InverseOf(const Num3072& a);

/// The residue, less than the prime.
Num3072 Reduce(const Num3072& a);

Num3072 LoadNum3072(const uint8_t* bytes);
void StoreNum3072(uint8_t* bytes, const Num3072& a);

/// A way to multiply, as the tests and the benchmark see it.
struct Num3072Kernel {
  std::string_view name;  // portable, ifma
  void (*multiply)(Num3072& a, const Num3072& b);
};

/// Those that this CPU can run, the fastest last; `Multiply` takes that one.
const std::vector<Num3072Kernel>& AvailableNum3072Kernels();

/// Adds the kernel that needs AVX-512 with 52-bit multiplication, where the CPU has it.
void AddIfmaKernel(std::vector<Num3072Kernel>& kernels);

}  // namespace cairn::crypto
