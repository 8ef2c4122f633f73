// The last places of a block: which of the transactions at its edge fill the room that is left
// best.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cairn/primitives/amount.h"

namespace cairn::mempool {

struct TailItem {
  Amount fee = 0;  // modified
  uint64_t weight = 0;
  uint64_t sigops_cost = 0;
  std::vector<size_t> parents;  // their places among the items, below its own
};

/// What the items may come to; both stay below it.
struct TailRoom {
  uint64_t weight = 0;
  uint64_t sigops_cost = 0;
};

/// Whether each item is to be taken. The first `taken`, which fit with all their parents, are what
/// is to be beaten; other items are taken only if the whole pays more. The search is exact unless
/// it would take more than some milliseconds. Pure.
std::vector<bool> BestTail(std::span<const TailItem> items, size_t taken, const TailRoom& room);

}  // namespace cairn::mempool
