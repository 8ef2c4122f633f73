// Rolling the version: BIP320 keeps bits of it free, so that a header can be searched under
// several.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "consensus/params.h"

namespace cairn::mining {

/// BIP320: bits 13 to 28 mean nothing and may be anything.
inline constexpr uint32_t kRollableVersionBits = 0x1fffe000;

/// `count` versions, `version` first, that differ only in bits that are free by BIP320 and that no
/// deployment of the chain signals with. Fewer if there are not so many, `version` alone if it is
/// none of BIP9's.
std::vector<int32_t> RolledVersions(int32_t version, size_t count, const consensus::Params& params);

/// `count` versions, `version` first, that differ only in bits of `mask`. Fewer if there are not so
/// many.
std::vector<int32_t> VersionsWithin(int32_t version, uint32_t mask, size_t count);

}  // namespace cairn::mining
