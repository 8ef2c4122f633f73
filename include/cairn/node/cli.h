// cairn-cli: calls a running node by RPC and prints what it says.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace cairn::node {

struct CliStreams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

/// Everything that main does. `arguments` are the words behind the program's name. Gives 0, the
/// absolute value of an RPC error's code (modulo 256 once the process exits), or 1 for other
/// failures.
int RunCli(const std::vector<std::string>& arguments, const CliStreams& streams);

}  // namespace cairn::node
