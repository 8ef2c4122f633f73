#include "src/p2p/upload_target.h"

#include <gtest/gtest.h>

namespace cairn::p2p {
namespace {

constexpr uint64_t kMillion = 1'000'000;
const Instant kStart{std::chrono::hours(1000)};

TEST(UploadTarget, IsNoneByDefault) {
  UploadTarget target(0);
  target.Count(1'000'000 * kMillion, kStart);
  EXPECT_FALSE(target.IsReached(false, kStart));
  EXPECT_FALSE(target.IsReached(true, kStart));
  EXPECT_EQ(target.BytesLeft(kStart), 0U);
  EXPECT_EQ(target.SecondsLeft(kStart), 0);
}

TEST(UploadTarget, CountsADay) {
  UploadTarget target(800 * kMillion);
  target.Count(799 * kMillion, kStart);
  EXPECT_FALSE(target.IsReached(false, kStart));
  EXPECT_EQ(target.BytesLeft(kStart), kMillion);
  const Instant later = kStart + std::chrono::hours(23);
  target.Count(kMillion, later);
  EXPECT_TRUE(target.IsReached(false, later));
  EXPECT_EQ(target.SecondsLeft(later), 3600);
  const Instant tomorrow = kStart + std::chrono::hours(24);
  EXPECT_FALSE(target.IsReached(false, tomorrow));
  EXPECT_EQ(target.BytesLeft(tomorrow), 800 * kMillion);
  target.Count(5, tomorrow);
  EXPECT_EQ(target.BytesLeft(tomorrow), 800 * kMillion - 5);
}

TEST(UploadTarget, KeepsRoomForNewBlocks) {
  // A day has 144 blocks of up to 4 MB.
  EXPECT_TRUE(UploadTarget(576 * kMillion).IsReached(true, kStart));
  UploadTarget target(577 * kMillion);
  EXPECT_FALSE(target.IsReached(true, kStart));
  target.Count(kMillion, kStart);
  EXPECT_TRUE(target.IsReached(true, kStart));
  EXPECT_FALSE(target.IsReached(true, kStart + std::chrono::hours(12)));
}

}  // namespace
}  // namespace cairn::p2p
