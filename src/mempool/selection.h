// Which transactions of the pool a block should have: the packages of a transaction with its
// ancestors that pay the most for their size, one after another, as Bitcoin Core picks them,
// and at the edge of a full block those that fill it best.
#pragma once

#include <vector>

#include "cairn/ledger/chain_view.h"
#include "cairn/mempool/mempool.h"
#include "src/mempool/graph.h"

namespace cairn::mempool {

/// Pure. Parents come before children.
std::vector<SelectedTransaction> SelectPackages(const Graph& graph, const ledger::ChainView& view,
                                                const SelectionLimits& limits);

}  // namespace cairn::mempool
