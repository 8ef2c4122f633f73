#include "tests/bench/chain_maker/schedule.h"

#include <algorithm>

#include "tests/bench/chain_maker/random.h"

namespace cairn::bench {
namespace {

// On average; blocks have from 0.4 to 1.6 times as many, which weighs 0.8 to 3.4 million units.
constexpr size_t kInputsPerBlock = 4000;

constexpr size_t kLeastCoins = 100;
constexpr size_t kCoinsPerReward = 9'000;
constexpr size_t kCoinsPerSeedingBlock = 18'000;

int CeilDivide(size_t a, size_t b) { return static_cast<int>((a + b - 1) / b); }

}  // namespace

Result<Schedule> Schedule::Make(uint64_t seed, size_t inputs, int blocks, int coinbase_maturity) {
  Schedule schedule;
  schedule.coins_wanted_ = std::max(kLeastCoins, inputs / 2);
  schedule.warm_up_ = coinbase_maturity + CeilDivide(schedule.coins_wanted_, kCoinsPerReward);
  schedule.seeding_ = 1 + CeilDivide(schedule.coins_wanted_, kCoinsPerSeedingBlock);
  const int before = schedule.warm_up_ + schedule.seeding_;
  if (blocks == 0) blocks = before + std::max(2, CeilDivide(inputs, kInputsPerBlock));
  if (blocks <= before) {
    return Invalid("at least " + std::to_string(before + 1) + " blocks are needed");
  }
  schedule.blocks_ = blocks;

  Random random(seed);
  std::vector<size_t> shares(static_cast<size_t>(blocks - before));
  size_t all = 0;
  for (size_t& share : shares) all += share = random.Between(400, 1600);
  size_t until = 0;
  for (const size_t share : shares) {
    until += share;
    // In this order it is exact for the last block, and does not overflow.
    schedule.inputs_until_.push_back(inputs / all * until + inputs % all * until / all);
  }
  return schedule;
}

Phase Schedule::PhaseAt(int height) const {
  if (height <= warm_up_) return Phase::kWarmUp;
  return height <= warm_up_ + seeding_ ? Phase::kSeeding : Phase::kTraffic;
}

size_t Schedule::InputsUntil(int height) const {
  const int block = height - warm_up_ - seeding_ - 1;
  if (block < 0 || inputs_until_.empty()) return 0;
  return inputs_until_[std::min(static_cast<size_t>(block), inputs_until_.size() - 1)];
}

}  // namespace cairn::bench
