// Which versions a header may be searched under.
#include "cairn/mining/version_rolling.h"

#include <set>

#include <gtest/gtest.h>

namespace cairn::mining {
namespace {

constexpr int32_t kBip9Version = 0x20000000;

consensus::Params WithBits(const std::vector<int>& bits) {
  consensus::Params params;
  for (const int bit : bits) {
    params.deployments.emplace_back();
    params.deployments.back().bit = bit;
  }
  return params;
}

TEST(VersionRolling, BeginsWithTheVersionItself) {
  EXPECT_EQ(RolledVersions(kBip9Version, 4, WithBits({})),
            (std::vector<int32_t>{0x20000000, 0x20002000, 0x20004000, 0x20006000}));
  EXPECT_EQ(RolledVersions(0x20006004, 2, WithBits({})),
            (std::vector<int32_t>{0x20006004, 0x20004004}));
}

TEST(VersionRolling, ChangesOnlyFreeBits) {
  const std::vector<int32_t> versions = RolledVersions(kBip9Version | 1, 1 << 20, WithBits({2}));
  EXPECT_EQ(versions.size(), size_t{1} << 16);
  EXPECT_EQ(std::set<int32_t>(versions.begin(), versions.end()).size(), versions.size());
  for (const int32_t version : versions) {
    EXPECT_EQ(static_cast<uint32_t>(version) & ~kRollableVersionBits, 0x20000001u);
  }
}

TEST(VersionRolling, LeavesSignalsAlone) {
  const int32_t signalling = kBip9Version | 1 << 28;
  const std::vector<int32_t> versions = RolledVersions(signalling, 1 << 20, WithBits({28, 13}));
  EXPECT_EQ(versions.size(), size_t{1} << 14);
  for (const int32_t version : versions) {
    EXPECT_EQ(version & (1 << 28 | 1 << 13), 1 << 28);
  }
}

TEST(VersionRolling, OldVersionsStayAsTheyAre) {
  for (const int32_t version : {1, 4, 0x40000000, -1}) {
    EXPECT_EQ(RolledVersions(version, 32, WithBits({})), std::vector<int32_t>{version});
  }
}

}  // namespace
}  // namespace cairn::mining
