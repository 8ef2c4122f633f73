#include "src/mining/stratum/job_maker.h"

#include <algorithm>
#include <utility>

#include "cairn/mining/last_template.h"
#include "consensus/rules/header.h"
#include "consensus/work.h"

namespace cairn::mining::stratum {

U256 WindowOf(const BlockTemplate& block) {
  return consensus::WorkOf(block.header.bits) * kWindowBlocks;
}

double DifficultyOfWork(const U256& work) { return work.ToDouble() / kHashesOfDifficultyOne; }

TimeRange TimesOfSameBits(const std::function<Header(UnixSeconds)>& header_at, UnixSeconds now,
                          TimeRange range) {
  const uint32_t bits = header_at(now).bits;
  const bool until_now = header_at(range.first).bits == bits;
  if (until_now && header_at(range.last).bits == bits) return range;
  uint32_t below = range.first;
  uint32_t above = range.last;  // the bits change between the two
  while (above - below > 1) {
    const uint32_t middle = below + (above - below) / 2;
    ((header_at(middle).bits == bits) == until_now ? below : above) = middle;
  }
  return until_now ? TimeRange{range.first, below} : TimeRange{above, range.last};
}

ServedJobPtr JobMaker::Make(const std::optional<StratumJob>& news, UnixSeconds now,
                            Time steady_now) {
  bool clean = false;
  if (news) {
    clean = !source_ || source_->block->header.previous != news->block->header.previous;
    source_ = news;
  } else if (!source_ || steady_now - made_at_ < kRefreshEvery) {
    return nullptr;
  }
  made_at_ = steady_now;
  BlockTemplate block = *source_->block;
  block.header = source_->header_at(now);
  ServedJob job;
  job.number = ++made_;
  const auto end = static_cast<uint32_t>(now + consensus::kMaxFutureSeconds);
  const TimeRange times = TimesOfSameBits(
      source_->header_at, now, {source_->earliest_time, std::max(end, source_->earliest_time)});
  job.earliest_time = times.first;
  if (times.last < end) job.latest_time = times.last;
  job.clean = clean;
  job.payouts = Payouts(block);
  job.block = std::make_shared<const BlockTemplate>(std::move(block));
  return MakeServedJob(std::move(job));
}

Outputs JobMaker::Payouts(const BlockTemplate& block) const {
  if (!pplns_) return {};
  store_.Synchronize();  // whoever found the last block has a share, too
  const ShareStore::Window window = store_.LastShares(WindowOf(block));
  const uint64_t weight = SizeOf(block).weight - block.reserved_weight;
  return ShareOut(block.transactions[0]->outputs[0].value, window.payees, RoomForPayouts(weight));
}

}  // namespace cairn::mining::stratum
