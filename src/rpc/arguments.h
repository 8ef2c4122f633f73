// From the `params` of a call to the argument list of its method.
#pragma once

#include <vector>

#include "cairn/base/json.h"
#include "cairn/rpc/method.h"

namespace cairn::rpc {

/// `params` is an array (positional), an object (named; the member "args" may hold positional ones
/// that come first) or null. Gives one value per parameter, null for those left out, none after the
/// last given. Throws `RpcError` for unknown names, names given twice, missing or surplus arguments
/// and wrong types.
std::vector<json::Value> BindArguments(const Method& method, const json::Value& params);

}  // namespace cairn::rpc
