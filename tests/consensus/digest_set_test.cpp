// The set behind the caches of proofs: what it holds, and what it forgets.
#include "consensus/script/digest_set.h"

#include <gtest/gtest.h>

#include "cairn/base/endian.h"

namespace cairn {
namespace {

using consensus::DigestSet;

crypto::Digest Numbered(uint64_t number) {
  Bytes bytes(sizeof number);
  StoreLittle(bytes.data(), number);
  return crypto::Sha256Of(bytes);
}

/// How many of those that were added are still there.
size_t Kept(const DigestSet& set, uint64_t begin, uint64_t end) {
  size_t kept = 0;
  for (uint64_t number = begin; number < end; ++number) kept += set.Contains(Numbered(number));
  return kept;
}

TEST(DigestSet, HasWhatWasAddedAndNothingElse) {
  DigestSet set(1 << 16);
  EXPECT_EQ(Kept(set, 0, 1000), 0u);
  for (uint64_t number = 0; number < 100; ++number) set.Add(Numbered(number));
  EXPECT_EQ(Kept(set, 0, 100), 100u);
  EXPECT_EQ(Kept(set, 100, 10'000), 0u);
}

TEST(DigestSet, LosesNextToNothingBeforeItIsFull) {
  DigestSet set(1 << 20);
  EXPECT_GE(set.Capacity(), (1u << 20) / 34);
  const uint64_t most = set.Capacity() * 6 / 10;
  for (uint64_t number = 0; number < most; ++number) set.Add(Numbered(number));
  EXPECT_GE(Kept(set, 0, most), most - most / 1000);
  const uint64_t more = set.Capacity() * 9 / 10;
  for (uint64_t number = most; number < more; ++number) set.Add(Numbered(number));
  EXPECT_GE(Kept(set, 0, more), more - more / 20);
}

TEST(DigestSet, ForgetsTheOldest) {
  DigestSet set(1 << 18);
  const uint64_t half = set.Capacity() / 2;
  const uint64_t all = 10 * half;
  for (uint64_t number = 0; number < all; ++number) set.Add(Numbered(number));
  EXPECT_GE(Kept(set, all - half, all), half - half / 20);
  EXPECT_LE(Kept(set, 0, half), half / 100);
}

TEST(DigestSet, AddedAgainTakesNoSecondPlace) {
  DigestSet set(0);
  EXPECT_EQ(set.Capacity(), 8u);
  set.Add(Numbered(0));
  for (int i = 0; i < 100; ++i) set.Add(Numbered(1));
  EXPECT_EQ(Kept(set, 0, 2), 2u);
}

}  // namespace
}  // namespace cairn
