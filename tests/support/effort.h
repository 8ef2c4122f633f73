// How much a test that could go on for ever does, and the seed of what it does at random.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace cairn::test {

/// True in the long suites (CAIRN_LONG_TESTS=1), which leave nothing out.
inline bool IsThorough() { return std::getenv("CAIRN_LONG_TESTS") != nullptr; }

/// `rounds`, or fewer under a sanitizer, where each takes several times as long.
inline uint64_t Scaled(uint64_t rounds) {
#if defined(__SANITIZE_THREAD__)
  return std::max<uint64_t>(1, rounds / 12);
#elif defined(__SANITIZE_ADDRESS__)
  return std::max<uint64_t>(1, rounds / 6);
#else
  return rounds;
#endif
}

/// How far a test goes that looks at every step in turn: at every one, or under a sanitizer at
/// every 5th or 7th, which are odd so that what goes by even and odd steps is still seen.
constexpr uint64_t Stride() {
#if defined(__SANITIZE_THREAD__)
  return 7;
#elif defined(__SANITIZE_ADDRESS__)
  return 5;
#else
  return 1;
#endif
}

/// CAIRN_TEST_SEED, or another one each time; printed, so that a failure can be had again.
inline uint64_t TestSeed() {
  static const uint64_t seed = [] {
    const char* set = std::getenv("CAIRN_TEST_SEED");
    const uint64_t chosen =
        set != nullptr ? std::strtoull(set, nullptr, 10) : std::random_device()();
    std::printf("CAIRN_TEST_SEED=%llu\n", static_cast<unsigned long long>(chosen));
    return chosen;
  }();
  return seed;
}

}  // namespace cairn::test
