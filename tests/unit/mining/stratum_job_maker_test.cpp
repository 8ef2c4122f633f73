// The times that a share may have, where the target depends on them.
#include <gtest/gtest.h>

#include "src/mining/stratum/job_maker.h"

namespace cairn::mining::stratum {
namespace {

constexpr uint32_t kHard = 0x1b0404cb;
constexpr uint32_t kEasy = 0x1d00ffff;

/// As on testnet: easy above `late`.
auto EasyAfter(uint32_t late) {
  return [late](UnixSeconds time) {
    Header header;
    header.bits = time > late ? kEasy : kHard;
    return header;
  };
}

TEST(StratumJobMaker, TakesAnyTimeWhereTheTargetIsTheSame) {
  const TimeRange times = TimesOfSameBits(EasyAfter(9000), 1000, {500, 8200});
  EXPECT_EQ(times.first, 500u);
  EXPECT_EQ(times.last, 8200u);
}

TEST(StratumJobMaker, TakesNoTimeForWhichTheTargetIsAnother) {
  for (const uint32_t now : {500u, 1000u, 2199u, 2200u}) {
    const TimeRange hard = TimesOfSameBits(EasyAfter(2200), now, {500, 8200});
    EXPECT_EQ(hard.first, 500u);
    EXPECT_EQ(hard.last, 2200u);
  }
  for (const uint32_t now : {2201u, 5000u, 8200u}) {
    const TimeRange easy = TimesOfSameBits(EasyAfter(2200), now, {500, 8200});
    EXPECT_EQ(easy.first, 2201u);
    EXPECT_EQ(easy.last, 8200u);
  }
}

}  // namespace
}  // namespace cairn::mining::stratum
