// The mempool's policy as the options say it.
#pragma once

#include <string>

#include "cairn/base/result.h"
#include "cairn/mempool/policy.h"
#include "cairn/node/options.h"
#include "consensus/params.h"

namespace cairn::node {

/// Sets the rate if that option is given. The text of an error is fit to be shown after "Error: ",
/// here and below.
Status ReadRate(const Options& options, const std::string& name, mempool::FeeRate* rate);

Result<mempool::PolicyOptions> PoolOptionsFrom(const Options& options,
                                               const consensus::Params& params);

}  // namespace cairn::node
