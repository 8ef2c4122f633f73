// The search for a nonce that brings a header's hash under its target.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include "cairn/primitives/header.h"
#include "cairn/primitives/u256.h"

namespace cairn::mining {

enum class SolveOutcome {
  kSolved,
  kTriesUsedUp,
  kNoncesUsedUp,  // all 2^32: another time or merkle root is needed
  kStopped,
};

/// Asked again and again, about every half millisecond, whether a search should end.
class StopCheck {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a flag is a check
  StopCheck(const std::atomic<bool>& flag)
      : check_([&flag] { return flag.load(std::memory_order_relaxed); }) {}
  explicit StopCheck(std::function<bool()> check) : check_(std::move(check)) {}

  bool operator()() const { return check_(); }

 private:
  std::function<bool()> check_;
};

/// Tries nonces upwards from `header.nonce`. `tries` is how many hashes may be spent, and is
/// reduced by those that were. On `kSolved` the header has the lowest nonce that solves it; on
/// `kTriesUsedUp` and `kStopped` the next nonce to try.
SolveOutcome Solve(Header& header, uint64_t& tries, const StopCheck& stop);

/// The same under each of several versions, one of which the solved header then has. A nonce that
/// was begun is tried with all of them, even if there are fewer `tries`.
SolveOutcome Solve(Header& header, std::span<const int32_t> versions, uint64_t& tries,
                   const StopCheck& stop);

/// The same for a target that is not the header's own.
SolveOutcome Solve(Header& header, const U256& target, std::span<const int32_t> versions,
                   uint64_t& tries, const StopCheck& stop);

}  // namespace cairn::mining
