// The course of a made chain: how many blocks of which kind, and how many inputs each is to have.
#pragma once

#include <cstdint>
#include <vector>

#include "cairn/base/result.h"

namespace cairn::bench {

/// What a block is for.
enum class Phase {
  kWarmUp,   // nothing but a coinbase, until the first ones can be spent
  kSeeding,  // large coins are split, until there are enough to trade with
  kTraffic,
};

class Schedule {
 public:
  /// `blocks` of zero takes as many as the inputs fill well. Fails if there are too few.
  static Result<Schedule> Make(uint64_t seed, size_t inputs, int blocks, int coinbase_maturity);

  int blocks() const { return blocks_; }
  int traffic_blocks() const { return static_cast<int>(inputs_until_.size()); }
  size_t coins_wanted() const { return coins_wanted_; }
  Phase PhaseAt(int height) const;
  /// Inputs that the traffic is to have come to once this block stands.
  size_t InputsUntil(int height) const;

 private:
  Schedule() = default;

  int blocks_ = 0;
  int warm_up_ = 0;
  int seeding_ = 0;
  size_t coins_wanted_ = 0;
  std::vector<size_t> inputs_until_;  // per block of the traffic
};

}  // namespace cairn::bench
