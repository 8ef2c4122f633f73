// What the options say about mining for a pool.
#pragma once

#include <filesystem>
#include <optional>

#include "cairn/base/result.h"
#include "cairn/mining/pool_client.h"
#include "cairn/node/options.h"

namespace cairn::node {

/// Nothing without -pool. The text of an error is fit to be shown after "Error: ", and has no
/// password in it. A relative -poolcafile lies in `folder`.
Result<std::optional<mining::PoolClientOptions>> PoolClientOptionsFrom(
    const Options& options, const std::filesystem::path& folder);

}  // namespace cairn::node
