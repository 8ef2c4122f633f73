// The new money of a block.
#pragma once

#include "consensus/params.h"

namespace cairn::consensus {

/// Satoshis that the coinbase at `height` may create on top of the fees: halved at every interval,
/// rounded down, and nothing after 64 halvings.
Amount SubsidyAt(int height, const Params& params);

}  // namespace cairn::consensus
