#include "src/mempool/rolling_minimum.h"

#include <algorithm>
#include <cmath>

#include "cairn/mempool/policy.h"

namespace cairn::mempool {
namespace {

constexpr UnixSeconds kUpdateInterval = 10;

}  // namespace

void RollingMinimum::Raise(FeeRate evicted) {
  const auto rate = static_cast<double>((evicted + incremental_).per_kvb());
  if (rate <= per_kvb_) return;
  per_kvb_ = rate;
  falling_ = false;
}

void RollingMinimum::NoteBlock(UnixSeconds now) {
  updated_ = now;
  falling_ = true;
}

FeeRate RollingMinimum::At(UnixSeconds now, uint64_t usage, uint64_t limit) {
  const auto rounded = [this] { return FeeRate(std::llround(per_kvb_)); };
  if (!falling_ || per_kvb_ == 0) return rounded();
  if (now > updated_ + kUpdateInterval) {
    auto halflife = static_cast<double>(std::chrono::seconds(kRollingFeeHalflife).count());
    if (usage < limit / 4) {
      halflife /= 4;
    } else if (usage < limit / 2) {
      halflife /= 2;
    }
    per_kvb_ /= std::pow(2.0, static_cast<double>(now - updated_) / halflife);
    updated_ = now;
    if (per_kvb_ < static_cast<double>(incremental_.per_kvb()) / 2) {
      per_kvb_ = 0;
      return FeeRate(0);
    }
  }
  return std::max(rounded(), incremental_);
}

}  // namespace cairn::mempool
