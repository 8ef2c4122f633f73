// The text that -help prints.
#pragma once

#include <string>

#include "cairn/node/options.h"

namespace cairn::node {

/// True if -help, -h, -? or -help-debug is given.
bool WantsHelp(const Options& options);

/// How the program is called, and its options by group; those for testing only with -help-debug.
std::string HelpText(const Options& options);

/// The answer to -version.
std::string VersionText(Program program);

}  // namespace cairn::node
