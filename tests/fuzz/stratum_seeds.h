// The seeds of the fuzz target `stratum`: lines of miners and pools, sessions with them, and names
// of pools.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cairn/base/bytes.h"

namespace cairn::fuzz {

using StratumSeed = std::pair<std::string, Bytes>;  // its name, and the input
std::vector<StratumSeed> StratumSeeds();

}  // namespace cairn::fuzz
