// The index of basic block filters (BIP158) with their headers (BIP157).
#pragma once

#include <memory>

#include "src/ledger/index/index_kind.h"

namespace cairn::ledger {

std::unique_ptr<const IndexKind> MakeFilterIndexKind();

}  // namespace cairn::ledger
