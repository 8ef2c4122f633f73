// The fee rate below which a full pool takes nothing: raised by evictions, halved by time once a
// block has come since.
#pragma once

#include <cstdint>

#include "cairn/base/clock.h"
#include "cairn/mempool/fee_rate.h"

namespace cairn::mempool {

/// Not synchronised.
class RollingMinimum {
 public:
  explicit RollingMinimum(FeeRate incremental) : incremental_(incremental) {}

  /// A family of that rate was evicted: those that come must pay more.
  void Raise(FeeRate evicted);
  void NoteBlock(UnixSeconds now);
  /// Falls faster while the pool is less than half full, and faster still below a quarter.
  FeeRate At(UnixSeconds now, uint64_t usage, uint64_t limit);

 private:
  const FeeRate incremental_;
  double per_kvb_ = 0;
  UnixSeconds updated_ = 0;
  bool falling_ = false;
};

}  // namespace cairn::mempool
