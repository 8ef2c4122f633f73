// What methods about peers share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/json.h"
#include "cairn/p2p/network.h"
#include "cairn/rpc/request.h"

namespace cairn::rpc {

/// Throws -31 if the node has none.
p2p::Network& NetworkOf(const Request& request);

/// "NETWORK", "WITNESS", ...
std::vector<std::string> ServiceNames(p2p::Services services);
/// As 16 hex digits.
std::string ServicesHex(p2p::Services services);
/// An array of their names.
void WriteServiceNames(json::Writer& out, p2p::Services services);

}  // namespace cairn::rpc
