#include "src/ledger/store_thread.h"

#include <utility>

#include "cairn/base/assert.h"
#include "cairn/base/log.h"

namespace cairn::ledger {

StoreThread::StoreThread(storage::BlockStore& blocks, storage::CoinStore& coins,
                         uint64_t limit_bytes, std::function<void()> on_event)
    : blocks_(blocks),
      coins_(coins),
      limit_bytes_(limit_bytes),
      on_event_(std::move(on_event)),
      next_sequence_(blocks.next_sequence()) {
  thread_ = std::jthread([this] { Loop(); });
}

StoreThread::~StoreThread() {
  {
    base::MutexLock lock(mutex_);
    closed_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

uint64_t StoreThread::Queue(Record record) {
  base::MutexLock lock(mutex_);
  const uint64_t bytes = record.bytes().size();
  while (waiting_bytes_ > 0 && waiting_bytes_ + bytes > limit_bytes_ && status_) {
    changed_.Wait(mutex_);
  }
  record.sequence = next_sequence_++;
  if (!status_) return record.sequence;
  waiting_bytes_ += bytes;
  waiting_.emplace(record.sequence, record);
  const uint64_t sequence = record.sequence;
  jobs_.push_back(std::move(record));
  changed_.NotifyAll();
  return sequence;
}

uint64_t StoreThread::WriteBody(BlockPtr block) { return Queue({0, std::move(block), nullptr}); }

uint64_t StoreThread::WriteUndo(Bytes undo) {
  return Queue({0, nullptr, std::make_shared<const Bytes>(std::move(undo))});
}

Result<std::optional<Bytes>> StoreThread::FindWaiting(uint64_t sequence, bool body) const {
  Record record;
  {
    base::MutexLock lock(mutex_);
    const auto found = waiting_.find(sequence);
    if (found == waiting_.end()) return std::nullopt;
    record = found->second;
  }
  if ((record.block != nullptr) != body) {
    return Fail(ErrorCode::kCorruption,
                "record " + std::to_string(sequence) + " is of another kind");
  }
  const ByteSpan bytes = record.bytes();
  return Bytes(bytes.begin(), bytes.end());
}

Result<Bytes> StoreThread::OrFailure(Result<Bytes> read) const {
  if (read) return read;
  if (const Status written = status(); !written) return tl::unexpected(written.error());
  return read;
}

Result<Bytes> StoreThread::ReadBody(uint64_t sequence) const {
  auto waiting = FindWaiting(sequence, true);
  if (!waiting) return tl::unexpected(waiting.error());
  if (*waiting) return **std::move(waiting);
  return OrFailure(blocks_.ReadBody(sequence));
}

Result<Bytes> StoreThread::ReadUndo(uint64_t sequence) const {
  auto waiting = FindWaiting(sequence, false);
  if (!waiting) return tl::unexpected(waiting.error());
  if (*waiting) return **std::move(waiting);
  return OrFailure(blocks_.ReadUndo(sequence));
}

void StoreThread::Flush(std::unique_ptr<FlushPlan> plan) {
  base::MutexLock lock(mutex_);
  CAIRN_ASSERT(done_ == nullptr);
  flushing_ = true;
  jobs_.push_back(std::move(plan));
  changed_.NotifyAll();
}

bool StoreThread::IsFlushing() const {
  base::MutexLock lock(mutex_);
  return flushing_ || done_ != nullptr;
}

std::unique_ptr<FlushPlan> StoreThread::TakeDone() {
  base::MutexLock lock(mutex_);
  return std::move(done_);
}

void StoreThread::WaitForFlush() {
  base::MutexLock lock(mutex_);
  while (flushing_ && status_) changed_.Wait(mutex_);
}

Status StoreThread::status() const {
  base::MutexLock lock(mutex_);
  return status_;
}

void StoreThread::Loop() {
  log::SetThreadName("store");
  while (std::optional<Job> job = NextJob()) Perform(*std::move(job));
}

std::optional<StoreThread::Job> StoreThread::NextJob() {
  base::MutexLock lock(mutex_);
  while (jobs_.empty() && !closed_) changed_.Wait(mutex_);
  if (jobs_.empty()) return std::nullopt;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

void StoreThread::Perform(Job job) {
  Status written = status();  // after a failure, what is left is only counted off
  auto* const record = std::get_if<Record>(&job);
  if (written) {
    written = record != nullptr ? WriteRecord(*record)
                                : WriteFlush(*std::get<std::unique_ptr<FlushPlan>>(job));
  }
  bool event = record == nullptr;
  {
    base::MutexLock lock(mutex_);
    if (record != nullptr) {
      waiting_bytes_ -= record->bytes().size();
      waiting_.erase(record->sequence);
    } else {
      flushing_ = false;
      if (written) done_ = std::move(std::get<std::unique_ptr<FlushPlan>>(job));
    }
    if (!written && status_) {
      status_ = written;
      event = true;
    }
    changed_.NotifyAll();
  }
  if (event) on_event_();
}

Status StoreThread::WriteRecord(const Record& record) {
  return record.block != nullptr ? blocks_.WriteBody(record.sequence, record.bytes())
                                 : blocks_.WriteUndo(record.sequence, record.bytes());
}

Status StoreThread::WriteFlush(const FlushPlan& plan) {
  if (Status synced = blocks_.SyncWithRows(plan.rows, plan.tip.flush_number); !synced)
    return synced;
  if (Status written = IndexSet::WriteFrozen(plan.indexes); !written) return written;
  storage::Batch batch;
  plan.coins.AddTo(batch);
  if (Status committed = coins_.Commit(batch, plan.tip); !committed) return committed;
  // No row names them any more, and no start needs them.
  return plan.prune_below != 0 ? blocks_.PruneBelow(plan.prune_below) : Status();
}

}  // namespace cairn::ledger
