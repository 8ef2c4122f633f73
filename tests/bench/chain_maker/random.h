// Random numbers that are the same for a seed on every machine and with every standard library.
#pragma once

#include <cstdint>

namespace cairn::bench {

/// SplitMix64. Not for secrets; a small bias of `Below` does not matter here.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }

  /// `bound` must not be zero.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  /// Both ends included.
  uint64_t Between(uint64_t low, uint64_t high) { return low + Below(high - low + 1); }
  bool Chance(unsigned permille) { return Below(1000) < permille; }

 private:
  uint64_t state_;
};

}  // namespace cairn::bench
