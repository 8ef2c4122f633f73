#include "cairn/mining/hash_meter.h"

namespace cairn::mining {
namespace {

constexpr std::chrono::seconds kMarkEvery{10};

double PerSecond(uint64_t hashes, std::chrono::steady_clock::duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  return seconds > 0 ? static_cast<double>(hashes) / seconds : 0;
}

}  // namespace

void HashMeter::Start(Time now) {
  base::MutexLock lock(mutex_);
  if (started_) return;
  started_ = true;
  first_ = before_ = last_ = {now, 0};
}

void HashMeter::Add(uint64_t hashes, Time now) {
  Start(now);
  base::MutexLock lock(mutex_);
  hashes_ += hashes;
  if (now - last_.time < kMarkEvery) return;
  before_ = last_;
  last_ = {now, hashes_};
}

HashMeter::Rate HashMeter::Get(Time now) const {
  base::MutexLock lock(mutex_);
  if (!started_) return {};
  return {hashes_, PerSecond(hashes_ - before_.hashes, now - before_.time),
          PerSecond(hashes_, now - first_.time), true};
}

}  // namespace cairn::mining
