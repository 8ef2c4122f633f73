// Brings indexes to the tip of the chain from stored blocks: such as were switched on later, or
// that stand on a branch which the chain has left.
#pragma once

#include <atomic>
#include <span>
#include <vector>

#include "cairn/base/worker_pool.h"
#include "src/ledger/index/chain_source.h"
#include "src/ledger/index/index.h"

namespace cairn::ledger {

struct CatchUpOptions {
  size_t blocks_at_once = 16;        // read and digested side by side
  size_t flush_bytes = 32ull << 20;  // of rows in memory, all indexes together
  int seconds_between_reports = 30;  // in the log
};

/// Works on the calling thread and the workers, until each index was taken over by the source or
/// `stop` becomes true. Several indexes share the reading of blocks. What was not written when it
/// stops is done again the next time. An error is final: of storage, or that a block which is
/// needed was pruned.
Status CatchUp(std::vector<Index*> indexes, ChainSource& source, WorkerPool& workers,
               const std::atomic<bool>& stop, const CatchUpOptions& options = {});

}  // namespace cairn::ledger
