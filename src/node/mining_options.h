// How to mine, as the options say it.
#pragma once

#include <optional>

#include "cairn/base/result.h"
#include "cairn/mining/block_template.h"
#include "cairn/mining/miner.h"
#include "cairn/node/options.h"
#include "consensus/params.h"

namespace cairn::node {

/// -blockversion, where it is given.
std::optional<int32_t> BlockVersion(const Options& options);

/// Of all templates. The text of an error is fit to be shown after "Error: ", here and below.
Result<mining::TemplateLimits> TemplateLimitsFrom(const Options& options);

/// Of the miner that -mine asks for; nothing without it.
Result<std::optional<mining::MinerOptions>> MinerOptionsFrom(const Options& options,
                                                             const consensus::Params& params);

}  // namespace cairn::node
