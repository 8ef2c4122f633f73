// Makes of each template, and now and then of the same one again, what the miners get: with the
// time of now, and with outputs for those who worked lately, if they are to be paid.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "cairn/base/clock.h"
#include "cairn/mining/stratum_server.h"
#include "cairn/primitives/u256.h"
#include "src/mining/stratum/served_job.h"
#include "src/mining/stratum/share_store.h"

namespace cairn::mining::stratum {

/// The work of the shares that are paid in a block: `kWindowBlocks` times the block's.
U256 WindowOf(const BlockTemplate& block);

double DifficultyOfWork(const U256& work);

/// Times, both ends included.
struct TimeRange {
  uint32_t first = 0;
  uint32_t last = 0;
};

/// Of `range` the times at which the block needs the same bits as at `now`. Where a late block may
/// be easier, as on test networks, the bits change once.
TimeRange TimesOfSameBits(const std::function<Header(UnixSeconds)>& header_at, UnixSeconds now,
                          TimeRange range);

/// For one thread.
class JobMaker {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// So often there is another job, though the template is the same.
  static constexpr std::chrono::seconds kRefreshEvery{30};

  /// The store must outlive it.
  JobMaker(bool pplns, ShareStore& store) : pplns_(pplns), store_(store) {}

  /// Of the template that is the last; 0 before the first.
  uint64_t last_number() const { return source_ ? source_->number : 0; }

  /// Of a new template, if there is one, else of the last one if that is due. Null if it is not.
  ServedJobPtr Make(const std::optional<StratumJob>& news, UnixSeconds now, Time steady_now);

 private:
  Outputs Payouts(const BlockTemplate& block) const;

  const bool pplns_;
  ShareStore& store_;
  std::optional<StratumJob> source_;
  uint64_t made_ = 0;
  Time made_at_{};
};

}  // namespace cairn::mining::stratum
