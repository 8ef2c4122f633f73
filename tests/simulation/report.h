// The figures of a run: as JSON, and as lines for people.
#pragma once

#include <string>
#include <vector>

#include "cairn/base/json.h"
#include "tests/simulation/world.h"

namespace cairn::simulation {

/// How long each block of the final chain took to each node but its miner's, in milliseconds.
std::vector<int32_t> PropagationTimes(const World& world);

struct BlockCounts {
  size_t found = 0;
  size_t stale = 0;  // that are not part of the final chain
};
BlockCounts CountBlocks(const World& world);

/// Members of the object that is open.
void WriteFigures(json::Writer& json, const World& world);

std::string Summary(const World& world);

}  // namespace cairn::simulation
