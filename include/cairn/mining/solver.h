// The search for a nonce that brings a header's hash under its target.
#pragma once

#include <atomic>
#include <cstdint>

#include "cairn/primitives/header.h"

namespace cairn::mining {

enum class SolveOutcome {
  kSolved,
  kTriesUsedUp,
  kNoncesUsedUp,  // all 2^32: another time or merkle root is needed
  kStopped,
};

/// Tries nonces upwards from `header.nonce`. `tries` is how many hashes may be spent, and is
/// reduced by those that were. On `kSolved` the header has the lowest nonce that solves it; on
/// `kTriesUsedUp` and `kStopped` the next nonce to try.
SolveOutcome Solve(Header& header, uint64_t& tries, const std::atomic<bool>& stop);

}  // namespace cairn::mining
