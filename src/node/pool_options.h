// The mempool's policy as the options say it.
#pragma once

#include "cairn/base/result.h"
#include "cairn/mempool/policy.h"
#include "cairn/node/options.h"
#include "consensus/params.h"

namespace cairn::node {

/// The text of an error is fit to be shown after "Error: ".
Result<mempool::PolicyOptions> PoolOptionsFrom(const Options& options,
                                               const consensus::Params& params);

}  // namespace cairn::node
