// From the words of a command line to the parameters of a call.
#pragma once

#include <string>
#include <vector>

#include "cairn/base/json.h"
#include "cairn/base/result.h"
#include "cairn/rpc/method.h"

namespace cairn::rpc {

/// Words become strings, or JSON where the method's entry has another type for that place.
/// Arguments of unknown methods are strings. Fails on words that should be JSON and are not.
Result<json::Value> PositionalParams(const MethodTable& table, std::string_view method,
                                     const std::vector<std::string>& words);

/// Words are NAME=VALUE, where the last value of a name counts; those without '=' are positional
/// and go into the member "args", which is there twice if it was named too.
Result<json::Value> NamedParams(const MethodTable& table, std::string_view method,
                                const std::vector<std::string>& words);

}  // namespace cairn::rpc
