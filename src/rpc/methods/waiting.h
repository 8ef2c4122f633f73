// What methods that wait for the best chain to move share.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "cairn/ledger/ledger.h"
#include "cairn/rpc/request.h"

namespace cairn::rpc {

/// Waits until the tip is one that is wanted, the time is over, or the node stops. Gives the tip as
/// it then is.
const ledger::HeaderEntry& WaitForTip(
    const Request& request, std::optional<std::chrono::steady_clock::time_point> deadline,
    const std::function<bool(const ledger::HeaderEntry&)>& wanted);

}  // namespace cairn::rpc
