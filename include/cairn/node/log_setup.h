// What the options say about logging.
#pragma once

#include <cstdint>
#include <filesystem>

#include "cairn/base/log.h"
#include "cairn/base/result.h"
#include "cairn/node/options.h"

namespace cairn::node {

struct LogSetup {
  log::Config config;
  uint32_t categories = 0;
};

/// -debug, -debugexclude, -loglevel, -debuglogfile, -printtoconsole and the -log* options. A
/// relative log file lies below `network_folder`.
Result<LogSetup> LogSetupFrom(const Options& options, const std::filesystem::path& network_folder);

}  // namespace cairn::node
