#include "src/mining/stratum/client_plan.h"

#include <utility>

namespace cairn::mining::stratum {

std::optional<size_t> ClientPlan::Next(std::optional<size_t> active, Time now) const {
  for (size_t pool = 0; pool < Considered(active); ++pool) {
    if (pools_[pool].due <= now) return pool;
  }
  return std::nullopt;
}

std::optional<ClientPlan::Time> ClientPlan::NextTime(std::optional<size_t> active) const {
  std::optional<Time> first;
  for (size_t pool = 0; pool < Considered(active); ++pool) {
    if (!first || pools_[pool].due < *first) first = pools_[pool].due;
  }
  return first;
}

void ClientPlan::Failed(size_t pool, Time now) {
  Pool& failed = pools_[pool];
  const auto since = std::exchange(failed.working_since, std::nullopt);
  if (since && now - *since >= kLongestPause) failed.pause = kFirstPause;
  failed.due = now + failed.pause;
  failed.pause = std::min(2 * failed.pause, kLongestPause);
}

void ClientPlan::PutOff(size_t pool, Time now, Time until) {
  Pool& moved = pools_[pool];
  if (moved.working_since) Failed(pool, now);
  moved.due = std::max(moved.due, until);
}

}  // namespace cairn::mining::stratum
