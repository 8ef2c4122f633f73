// The scripts of a whole block, on all workers.
#pragma once

#include <span>

#include "cairn/base/worker_pool.h"
#include "cairn/primitives/block.h"
#include "cairn/primitives/coin.h"
#include "consensus/script/flags.h"
#include "consensus/verdict.h"

namespace cairn::ledger {

/// Verifies every input behind the coinbase. `coins` are those of all inputs, in block order, none
/// of them null. Of several violations, the first in block order is given.
consensus::Verdict CheckBlockScripts(const Block& block, std::span<const Coin* const> coins,
                                     consensus::ScriptFlags flags, WorkerPool& workers);

}  // namespace cairn::ledger
