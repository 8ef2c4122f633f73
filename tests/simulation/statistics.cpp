#include "tests/simulation/statistics.h"

#include <algorithm>
#include <cmath>

namespace cairn::simulation {

Percentiles PercentilesOf(std::vector<int32_t>& milliseconds) {
  Percentiles result;
  result.count = milliseconds.size();
  if (milliseconds.empty()) return result;
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto at = [&](double share) {
    const auto rank = std::ceil(share * static_cast<double>(milliseconds.size()));
    const size_t index = static_cast<size_t>(std::max(rank, 1.0)) - 1;
    return milliseconds[index] / 1000.0;
  };
  result.p50 = at(0.50);
  result.p90 = at(0.90);
  result.p95 = at(0.95);
  result.p99 = at(0.99);
  result.most = at(1);
  return result;
}

void Statistics::BlockFound(const BlockHash& hash, HostId miner, Instant now) {
  by_hash_.emplace(hash, blocks_.size());
  BlockRecord& record = blocks_.emplace_back();
  record.hash = hash;
  record.miner = miner;
  record.found = now;
  record.arrivals.assign(nodes_, BlockRecord::kNotSeen);
}

void Statistics::BlockStored(const BlockHash& hash, HostId node, Instant now) {
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end()) return;
  BlockRecord& record = blocks_[found->second];
  int32_t& arrival = record.arrivals[node];
  if (arrival != BlockRecord::kNotSeen) return;
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - record.found);
  arrival = static_cast<int32_t>(passed.count());
}

}  // namespace cairn::simulation
