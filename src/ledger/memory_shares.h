// How the memory budget (-dbcache) is shared: the parts add up to the whole.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cairn/storage/block_store.h"

namespace cairn::ledger {

/// Caches and buffers of the databases under blocks/ and chainstate/.
constexpr uint64_t BlockStoreBytes(uint64_t budget) { return budget / 8; }
constexpr uint64_t CoinStoreBytes(uint64_t budget) { return budget / 8; }

/// Caches and buffers of the indexes' databases, all together, and rows that are not yet written.
constexpr uint64_t IndexBytes(uint64_t budget) { return budget / 16; }

/// Coins in memory, changed or not.
constexpr uint64_t CoinBytes(uint64_t budget) { return budget / 8 * 3; }

/// Changed coins that begin a flush. What a flush writes stands in memory twice besides, frozen and
/// as the database's batch, so two more shares of this size go there.
constexpr uint64_t FreezeBytes(uint64_t budget) { return std::min<uint64_t>(budget / 8, 64 << 20); }

/// How much of bodies and undo data is written or pruned at a time. Of a pruned store several such
/// steps may be on disk beside what its target counts.
constexpr uint64_t StepBytes(uint64_t prune_target) {
  constexpr uint64_t kMost = storage::BlockStore::kLargestStep;
  return prune_target == 0 ? kMost : std::min(kMost, prune_target / 20);
}

/// Bodies and undo data that wait to be written.
constexpr uint64_t WaitingBytes(uint64_t budget, uint64_t prune_target) {
  return std::min(std::clamp<uint64_t>(budget / 16, 8 << 20, 64 << 20), StepBytes(prune_target));
}

}  // namespace cairn::ledger
