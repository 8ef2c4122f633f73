// Parts of the help text that other documents use too.
#pragma once

#include <string>

#include "cairn/rpc/method.h"

namespace cairn::rpc {

/// "Result:" and the layout of what the method returns, for each alternative.
std::string ResultsSection(const Method& method);

}  // namespace cairn::rpc
