// Flushing: what is committed becomes durable while connecting goes on.

#include <algorithm>
#include <utility>

#include "cairn/base/log.h"
#include "src/ledger/chain_state.h"
#include "src/ledger/memory_shares.h"

namespace cairn::ledger {
namespace {

storage::HeaderRow RowOf(const HeaderEntry& entry) {
  storage::HeaderRow row;
  row.header = entry.header;
  row.height = entry.height;
  row.validity = static_cast<uint8_t>(entry.validity.load());
  row.failed = entry.failed;
  row.body_sequence = entry.body_sequence;
  row.undo_sequence = entry.undo_sequence;
  row.body_size = entry.body_size;
  row.tx_count = entry.tx_count;
  return row;
}

}  // namespace

Status ChainState::Flush() {
  SettleAll();
  // After a failure the coins in memory may be half of a change.
  if (!failure().empty()) return cairn::Fail(ErrorCode::kIo, failure());
  const Status flushed = FlushNow();
  if (!flushed) Fail(flushed.error());
  return flushed;
}

Status ChainState::FlushNow() {
  store_->WaitForFlush();
  FinishFlush();
  BeginFlush();
  store_->WaitForFlush();
  FinishFlush();
  return store_->status();
}

Status ChainState::FlushByCount() {
  const int every = options_.flush_every_blocks;
  if (every == 0 || blocks_since_flush_ < every) return {};
  return FlushNow();
}

bool ChainState::FlushIsDue() const {
  const bool by_memory = table_->DirtyBytes() > FreezeBytes(options_.cache_bytes) ||
                         indexes_->MemoryBytes() > IndexBytes(options_.cache_bytes);
  const bool by_time = std::chrono::steady_clock::now() - last_flush_ >= options_.flush_interval;
  return by_memory || by_time || PruneIsDue();
}

Status ChainState::FlushIfDue() {
  FinishFlush();
  const uint64_t limit = CoinBytes(options_.cache_bytes);
  if (table_->MemoryBytes() > limit) table_->Shrink(limit / 4 * 3, workers_);
  if (!FlushIsDue()) return store_->status();
  if (store_->IsFlushing()) {
    // The disk is behind. As long as memory lasts, the chain goes on.
    if (table_->DirtyBytes() < 2 * FreezeBytes(options_.cache_bytes)) return store_->status();
    store_->WaitForFlush();
    FinishFlush();
  }
  BeginFlush();
  return store_->status();
}

void ChainState::BeginFlush() {
  auto plan = std::make_unique<FlushPlan>();
  plan->prune_below = ChoosePruned();
  plan->height = tip_->height;
  plan->rows.reserve(dirty_rows_.size());
  for (const HeaderEntry* entry : dirty_rows_) plan->rows.push_back(RowOf(*entry));
  dirty_rows_.clear();
  plan->coins = table_->Freeze(workers_);
  plan->indexes = indexes_->Freeze();
  plan->tip = {tip_->hash, ++flush_number_};
  LOG_DEBUG(log::kCoinDb, "Flushing {} coins and {} headers at height {}", plan->coins.Count(),
            plan->rows.size(), tip_->height);
  store_->Flush(std::move(plan));
  blocks_since_flush_ = 0;
  last_flush_ = std::chrono::steady_clock::now();
}

void ChainState::FinishFlush() {
  const std::unique_ptr<FlushPlan> done = store_->TakeDone();
  if (done == nullptr) return;
  table_->Settle(done->coins, workers_);
  durable_height_ = done->height;
}

}  // namespace cairn::ledger
