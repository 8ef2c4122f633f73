// The index of transactions: txid to the place in its block.
#pragma once

#include <memory>

#include "src/ledger/index/index_kind.h"

namespace cairn::ledger {

std::unique_ptr<const IndexKind> MakeTxIndexKind();

}  // namespace cairn::ledger
