// What methods about peers share.
#pragma once

#include <string>

#include "cairn/base/json.h"
#include "cairn/p2p/network.h"
#include "cairn/rpc/request.h"

namespace cairn::rpc {

/// Throws -31 if the node has none.
p2p::Network& NetworkOf(const Request& request);

/// As 16 hex digits.
std::string ServicesHex(p2p::Services services);
/// An array of their names: "NETWORK", "WITNESS", ...
void WriteServiceNames(json::Writer& out, p2p::Services services);

}  // namespace cairn::rpc
