// Options that are wrong together or out of range, found before anything is opened.
#pragma once

#include "cairn/base/result.h"
#include "cairn/node/options.h"

namespace cairn::node {

/// The first thing that is wrong, in Bitcoin Core's words; fit to be shown after "Error: ".
Status CheckOptions(const Options& options);

}  // namespace cairn::node
