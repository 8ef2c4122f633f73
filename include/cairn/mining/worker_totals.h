// What a worker of the Stratum server has done since its first share.
#pragma once

#include <cstdint>
#include <string>

#include "cairn/base/clock.h"

namespace cairn::mining {

struct WorkerTotals {
  std::string name;  // ADDRESS or ADDRESS.WORKER
  uint64_t accepted = 0;
  uint64_t stale = 0;
  uint64_t rejected = 0;       // for other reasons
  double difficulty = 0;       // of the accepted shares together
  double best = 0;             // what the hash of the best share was good for
  UnixSeconds last_share = 0;  // when the last one was accepted
};

}  // namespace cairn::mining
