// BIP325: on a signet, a block carries a solution to the chain's challenge, as if it spent an
// output with that script.
#pragma once

#include "cairn/primitives/block.h"
#include "consensus/params.h"

namespace cairn::consensus {

/// True if the chain has no challenge, the block is genesis, or its solution satisfies the
/// challenge. The block must have a coinbase.
bool HasSignetSolution(const Block& block, const Params& params);

}  // namespace cairn::consensus
