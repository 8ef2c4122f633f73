#include "src/p2p/rolling_set.h"

#include <vector>

#include <gtest/gtest.h>

#include "cairn/p2p/random.h"

namespace cairn::p2p {
namespace {

std::vector<uint64_t> SomeDigests(size_t count) {
  Random random(5);
  std::vector<uint64_t> digests(count);
  for (uint64_t& digest : digests) digest = random.Next();
  return digests;
}

TEST(RollingSet, RemembersTheLatestAndForgetsTheOthers) {
  constexpr size_t kCapacity = 1000;
  const std::vector<uint64_t> digests = SomeDigests(20 * kCapacity);
  RollingSet set(kCapacity);
  EXPECT_TRUE(set.empty());
  for (size_t i = 0; i < digests.size(); ++i) {
    set.Insert(digests[i]);
    if (i % 97 != 0) continue;
    const size_t first = i < kCapacity ? 0 : i + 1 - kCapacity;
    for (size_t j = first; j <= i; ++j) ASSERT_TRUE(set.Contains(digests[j])) << i << " " << j;
    for (size_t j = 0; j + 2 * kCapacity < i; ++j) ASSERT_FALSE(set.Contains(digests[j]));
  }
  EXPECT_LE(set.MemoryUse(), 12 * kCapacity);
  set.Clear();
  EXPECT_FALSE(set.Contains(digests.back()));
}

TEST(RollingSet, FindsNothingThatWasNotInserted) {
  const std::vector<uint64_t> digests = SomeDigests(200'000);
  RollingSet set(36'000);
  for (size_t i = 0; i < digests.size() / 2; ++i) set.Insert(digests[i]);
  for (size_t i = digests.size() / 2; i < digests.size(); ++i) {
    EXPECT_FALSE(set.Contains(digests[i]));
  }
}

TEST(RollingSet, TakesWhatIsInsertedAgainForNew) {
  constexpr size_t kCapacity = 500;
  const std::vector<uint64_t> digests = SomeDigests(20 * kCapacity);
  RollingSet set(kCapacity);
  for (size_t i = 0; i < digests.size(); ++i) {
    if (i % (kCapacity / 2) == 0) set.Insert(42);
    set.Insert(digests[i]);
    ASSERT_TRUE(set.Contains(42));
  }
}

TEST(RollingSet, IsSmallWhileLittleIsInIt) {
  RollingSet set(36'000);
  EXPECT_EQ(set.MemoryUse(), 0u);
  set.Insert(0);
  EXPECT_TRUE(set.Contains(0));
  EXPECT_LE(set.MemoryUse(), 256u);
}

}  // namespace
}  // namespace cairn::p2p
