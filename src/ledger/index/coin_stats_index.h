// The index of coin statistics: the set of unspent coins at every block, with its MuHash.
#pragma once

#include <memory>

#include "consensus/params.h"
#include "src/ledger/index/index_kind.h"

namespace cairn::ledger {

/// The params, which tell the subsidy, must outlive the kind.
std::unique_ptr<const IndexKind> MakeCoinStatsIndexKind(const consensus::Params& params);

}  // namespace cairn::ledger
