// What can be asked for about a made chain: its blocks, and some outputs of each.
#pragma once

#include <filesystem>
#include <vector>

#include "cairn/base/result.h"
#include "cairn/primitives/block.h"

namespace cairn::bench {

struct BlockSample {
  BlockHash hash;
  std::vector<OutPoint> outputs;  // a few at random; the outputs of genesis are none
};

/// The blocks of a bootstrap file of regtest that has them in the order of their heights, genesis
/// first. The same seed takes the same outputs.
Result<std::vector<BlockSample>> SampleChain(const std::filesystem::path& file, uint64_t seed);

}  // namespace cairn::bench
