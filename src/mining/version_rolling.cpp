#include "cairn/mining/version_rolling.h"

namespace cairn::mining {
namespace {

constexpr uint32_t kBip9Mask = 0xe0000000;
constexpr uint32_t kBip9Top = 0x20000000;

/// The next higher number that has bits of `mask` only; 0 behind the last.
uint32_t NextWithin(uint32_t bits, uint32_t mask) { return ((bits | ~mask) + 1) & mask; }

}  // namespace

std::vector<int32_t> RolledVersions(int32_t version, size_t count,
                                    const consensus::Params& params) {
  const auto base = static_cast<uint32_t>(version);
  uint32_t mask = (base & kBip9Mask) == kBip9Top ? kRollableVersionBits : 0;
  for (const consensus::Bip9Deployment& deployment : params.deployments) {
    mask &= ~(uint32_t{1} << deployment.bit);
  }
  return VersionsWithin(version, mask, count);
}

std::vector<int32_t> VersionsWithin(int32_t version, uint32_t mask, size_t count) {
  const auto base = static_cast<uint32_t>(version);
  std::vector<int32_t> versions;
  uint32_t change = 0;
  do {
    versions.push_back(static_cast<int32_t>(base ^ change));
    change = NextWithin(change, mask);
  } while (change != 0 && versions.size() < count);
  return versions;
}

}  // namespace cairn::mining
