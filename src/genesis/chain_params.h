// From the members of a chain file to `consensus::Params`.
#pragma once

#include "cairn/base/json.h"
#include "consensus/params.h"
#include "src/genesis/fields.h"

namespace cairn::genesis {

/// Everything but the chain's names. Worth nothing if there is a problem afterwards.
consensus::Params ReadParams(const json::Value& root, Problem& problem);

}  // namespace cairn::genesis
