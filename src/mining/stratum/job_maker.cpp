#include "src/mining/stratum/job_maker.h"

#include <utility>

#include "cairn/mining/last_template.h"
#include "consensus/work.h"

namespace cairn::mining::stratum {

U256 WindowOf(const BlockTemplate& block) {
  return consensus::WorkOf(block.header.bits) * kWindowBlocks;
}

double DifficultyOfWork(const U256& work) { return work.ToDouble() / kHashesOfDifficultyOne; }

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
  job.earliest_time = source_->earliest_time;
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
