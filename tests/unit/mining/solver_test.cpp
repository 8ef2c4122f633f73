// The search for a nonce: the lowest one, from where it starts, within the tries that are given.
#include "cairn/mining/solver.h"

#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/primitives/u256.h"
#include "tests/unit/mining/support.h"

namespace cairn::mining {
namespace {

// One hash in 256 on average, and none ever.
constexpr uint32_t kEasyBits = 0x2000ffff;
constexpr uint32_t kHopelessBits = 0x03000001;

Header RandomHeader(std::mt19937& random, uint32_t bits) {
  std::array<uint8_t, Header::kSize> raw;
  for (uint8_t& byte : raw) byte = static_cast<uint8_t>(random());
  Header header = Header::From(raw);
  header.bits = bits;
  header.nonce = 0;
  return header;
}

bool IsSolved(const Header& header) {
  return U256::FromLittle(header.Hash().span()) <= DecodeCompact(header.bits).target;
}

/// The first nonce from `header.nonce` on that solves it, one hash at a time.
uint32_t FirstSolution(Header header) {
  while (!IsSolved(header)) ++header.nonce;
  return header.nonce;
}

TEST(Solver, FindsTheLowestNonceAndCountsItsTries) {
  std::mt19937 random(1);
  for (int i = 0; i < 30; ++i) {
    Header header = RandomHeader(random, kEasyBits);
    const uint32_t expected = FirstSolution(header);
    uint64_t tries = 1'000'000;
    ASSERT_EQ(Solve(header, tries, kNeverStop), SolveOutcome::kSolved);
    ASSERT_EQ(header.nonce, expected);
    ASSERT_EQ(tries, 1'000'000 - expected - 1);
    ASSERT_TRUE(IsSolved(header));
  }
}

TEST(Solver, StartsAtTheHeadersNonce) {
  std::mt19937 random(2);
  Header header = RandomHeader(random, kEasyBits);
  header.nonce = 4'000'000'000;
  const uint32_t first = FirstSolution(header);
  uint64_t tries = 1'000'000;
  ASSERT_EQ(Solve(header, tries, kNeverStop), SolveOutcome::kSolved);
  EXPECT_EQ(header.nonce, first);
  ++header.nonce;  // and the next one behind it
  const uint32_t second = FirstSolution(header);
  ASSERT_EQ(Solve(header, tries, kNeverStop), SolveOutcome::kSolved);
  EXPECT_EQ(header.nonce, second);
}

TEST(Solver, ChangesOnlyTheNonce) {
  std::mt19937 random(3);
  const Header before = RandomHeader(random, kEasyBits);
  Header header = before;
  uint64_t tries = 1'000'000;
  Solve(header, tries, kNeverStop);
  header.nonce = before.nonce;
  EXPECT_EQ(header, before);
}

TEST(Solver, SpendsExactlyItsTries) {
  std::mt19937 random(4);
  for (const uint64_t given : {0, 1, 63, 64, 65, 200}) {
    Header header = RandomHeader(random, kHopelessBits);
    uint64_t tries = given;
    EXPECT_EQ(Solve(header, tries, kNeverStop), SolveOutcome::kTriesUsedUp) << given;
    EXPECT_EQ(tries, 0u);
  }
  const Header header = RandomHeader(random, kEasyBits);
  const uint64_t needed = uint64_t{FirstSolution(header)} + 1;
  Header one_less = header;
  uint64_t tries = needed - 1;
  EXPECT_EQ(Solve(one_less, tries, kNeverStop), SolveOutcome::kTriesUsedUp);
  Header enough = header;
  tries = needed;
  EXPECT_EQ(Solve(enough, tries, kNeverStop), SolveOutcome::kSolved);
  EXPECT_EQ(tries, 0u);
}

TEST(Solver, EndsBehindTheLastNonce) {
  std::mt19937 random(5);
  for (const uint32_t left : {1u, 6u, 64u, 65u}) {
    Header header = RandomHeader(random, kHopelessBits);
    header.nonce = UINT32_MAX - left + 1;
    uint64_t tries = 1000;
    EXPECT_EQ(Solve(header, tries, kNeverStop), SolveOutcome::kNoncesUsedUp);
    EXPECT_EQ(tries, 1000 - left);
  }
}

TEST(Solver, TheLastNonceCounts) {
  // A header that the very last nonce solves.
  std::mt19937 random(6);
  Header header = RandomHeader(random, kEasyBits);
  header.nonce = UINT32_MAX;
  while (!IsSolved(header)) ++header.time;
  uint64_t tries = 10;
  EXPECT_EQ(Solve(header, tries, kNeverStop), SolveOutcome::kSolved);
  EXPECT_EQ(header.nonce, UINT32_MAX);
  EXPECT_EQ(tries, 9u);
}

TEST(Solver, StopsWhenItIsTold) {
  std::mt19937 random(7);
  Header header = RandomHeader(random, kHopelessBits);
  const std::atomic<bool> stop{true};
  uint64_t tries = 1000;
  EXPECT_EQ(Solve(header, tries, stop), SolveOutcome::kStopped);
  EXPECT_EQ(tries, 1000u);
}

TEST(Solver, AsksOftenWhetherToStop) {
  std::mt19937 random(8);
  Header header = RandomHeader(random, kHopelessBits);
  const uint32_t first = header.nonce;
  uint64_t tries = UINT64_MAX;
  int asked = 0;
  EXPECT_EQ(Solve(header, tries, StopCheck([&] { return ++asked > 20; })), SolveOutcome::kStopped);
  EXPECT_EQ(asked, 21);
  EXPECT_EQ(UINT64_MAX - tries, header.nonce - first);
  // Twenty scans of half a millisecond on a quiet machine.
  EXPECT_LT(header.nonce - first, 10'000'000u);
}

TEST(Solver, TriesEveryVersion) {
  std::mt19937 random(9);
  std::set<int32_t> solved;
  for (int i = 0; i < 100; ++i) {
    Header header = RandomHeader(random, kEasyBits);
    std::vector<int32_t> versions;
    for (int32_t version = 0; version < 40; ++version) versions.push_back(version);
    const Header before = header;
    uint64_t tries = 1'000'000;
    ASSERT_EQ(Solve(header, versions, tries, kNeverStop), SolveOutcome::kSolved);
    ASSERT_TRUE(IsSolved(header));
    EXPECT_EQ(1'000'000 - tries, (uint64_t{header.nonce} + 1) * versions.size());
    solved.insert(header.version);
    // No lower nonce does it, whatever the version.
    Header other = before;
    for (other.nonce = 0; other.nonce < header.nonce; ++other.nonce) {
      for (other.version = 0; other.version < 40; ++other.version) {
        ASSERT_FALSE(IsSolved(other));
      }
    }
  }
  EXPECT_GT(solved.size(), 20u);
}

TEST(Solver, TriesABegunNonceWithAllVersions) {
  std::mt19937 random(10);
  Header header = RandomHeader(random, kHopelessBits);
  const std::vector<int32_t> versions = {1, 2, 3, 4, 5};
  uint64_t tries = 7;
  EXPECT_EQ(Solve(header, versions, tries, kNeverStop), SolveOutcome::kTriesUsedUp);
  EXPECT_EQ(header.nonce, 2u);
  EXPECT_EQ(tries, 0u);
}

}  // namespace
}  // namespace cairn::mining
