// How to mine, as the options say it. The text of an error is fit to be shown after "Error: ".
#pragma once

#include <optional>
#include <string_view>

#include "cairn/base/result.h"
#include "cairn/mining/block_template.h"
#include "cairn/mining/miner.h"
#include "cairn/node/options.h"
#include "consensus/params.h"

namespace cairn::node {

/// An error on a chain whose blocks must be signed (BIP325), which what `option` asks for cannot
/// do.
Status CheckUnsigned(std::string_view option, const consensus::Params& params);

/// -blockversion, where it is given.
std::optional<int32_t> BlockVersion(const Options& options);

/// Of all templates.
Result<mining::TemplateLimits> TemplateLimitsFrom(const Options& options);

/// Of the miner that -mine asks for; nothing without it.
Result<std::optional<mining::MinerOptions>> MinerOptionsFrom(const Options& options,
                                                             const consensus::Params& params);

}  // namespace cairn::node
