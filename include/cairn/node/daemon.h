// The daemon from its command line to its exit code: everything that main does.
#pragma once

#include <string>
#include <vector>

namespace cairn::node {

/// Runs cairnd until it is asked to stop by RPC, SIGTERM or SIGINT. `arguments` are the words
/// behind the program's name. Gives 0 after a clean run; after a failed start 1, with exactly one
/// line `Error: TEXT` on stderr.
int RunDaemon(const std::vector<std::string>& arguments);

}  // namespace cairn::node
