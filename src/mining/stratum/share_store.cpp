#include "src/mining/stratum/share_store.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <limits>
#include <utility>

#include "cairn/base/log.h"
#include "cairn/base/reader.h"
#include "cairn/base/writer.h"

namespace cairn::mining::stratum {
namespace {

constexpr std::string_view kFormat = "cairn stratum shares 1";
constexpr uint8_t kWorkerRow = 'w';
constexpr uint8_t kShareRow = 's';
// Of too many workers so many are dropped at once, as looking for them takes long.
constexpr size_t kDropEvery = 10;
// Refused shares wait for a good one to be written with, or for so many or so long: whoever sends
// nothing else must not keep the disk busy.
constexpr size_t kMostRefusedWaiting = 1000;
constexpr std::chrono::seconds kRefusedWait{1};

template <typename Number>
Bytes KeyOf(uint8_t kind, Number number) {
  Bytes key{kind};
  Writer(key).Big(number);
  return key;
}

double DoubleFrom(uint64_t bits) { return std::bit_cast<double>(bits); }

Error Damaged() {
  return {ErrorCode::kCorruption,
          "the database of shares has a row that is none; remove the folder "
          "indexes/stratum to begin anew"};
}

}  // namespace

Result<std::unique_ptr<ShareStore>> ShareStore::Open(const std::filesystem::path& folder,
                                                     const ShareStoreOptions& options) {
  auto database = storage::Database::Open(
      folder,
      {.name = "the database of shares",
       .way_out = "remove the folder indexes/stratum; what miners have worked is lost with it"},
      kFormat);
  if (!database) return tl::unexpected(database.error());
  std::unique_ptr<ShareStore> store(new ShareStore(*std::move(database), options));
  if (Status loaded = store->Load(); !loaded) return tl::unexpected(loaded.error());
  store->thread_ = std::jthread([raw = store.get()] {
    log::SetThreadName("stratum.store");
    raw->Loop();
  });
  return store;
}

ShareStore::~ShareStore() {
  {
    base::MutexLock lock(queue_mutex_);
    closing_ = true;
    filled_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

Status ShareStore::Load() {
  WorkerTable workers;
  std::deque<Kept> shares;
  uint64_t first = 0;
  if (Status loaded = LoadWorkers(workers); !loaded) return loaded;
  if (Status loaded = LoadShares(workers, shares, first); !loaded) return loaded;
  compacted_to_ = first;
  base::MutexLock lock(mutex_);
  for (const auto& [number, worker] : workers) numbers_[worker.totals.name] = number;
  if (!workers.empty()) next_worker_ = workers.rbegin()->first + 1;
  workers_ = std::move(workers);
  shares_ = std::move(shares);
  first_share_ = first;
  return {};
}

/// Reads the rows of one kind. What is said of a row is whether it makes sense; it must be read to
/// its end, too.
template <typename Read>
Status ShareStore::LoadRows(uint8_t kind, Read read_row) const {
  const Bytes prefix{kind};
  bool sound = true;
  const Status read = database_->Scan(prefix, prefix, [&](ByteSpan key, ByteSpan value) {
    Reader key_reader(key.subspan(1));
    Reader reader(value);
    sound = read_row(key_reader, reader) && key_reader.ok() && key_reader.AtEnd() && reader.ok() &&
            reader.AtEnd();
    return sound;
  });
  if (!read) return read;
  return sound ? Status{} : tl::unexpected(Damaged());
}

Status ShareStore::LoadWorkers(WorkerTable& workers) const {
  return LoadRows(kWorkerRow, [&](Reader& key, Reader& row) {
    Worker& worker = workers[key.Big<uint32_t>()];
    worker.totals.accepted = row.U64();
    worker.totals.stale = row.U64();
    worker.totals.rejected = row.U64();
    worker.totals.difficulty = DoubleFrom(row.U64());
    worker.totals.best = DoubleFrom(row.U64());
    worker.totals.last_share = row.I64();
    worker.totals.name = AsText(row.VarBytes());
    const ByteSpan script = row.VarBytes();
    worker.script.assign(script.begin(), script.end());
    return true;
  });
}

Status ShareStore::LoadShares(WorkerTable& workers, std::deque<Kept>& shares,
                              uint64_t& first) const {
  return LoadRows(kShareRow, [&](Reader& key, Reader& row) {
    const auto number = key.Big<uint64_t>();
    const auto worker = row.U32();
    const uint64_t work = row.U64();
    row.I64();  // when it came, which nobody asks for
    const auto found = workers.find(worker);
    if (shares.empty()) first = number;
    if (found == workers.end() || number != first + shares.size()) return false;
    ++found->second.shares;
    shares.push_back({worker, work});
    return true;
  });
}

void ShareStore::Add(Share share, Stored stored) {
  base::MutexLock lock(queue_mutex_);
  Task task;
  task.share = std::move(share);
  task.stored = std::move(stored);
  queue_.push_back(std::move(task));
  ++queued_;
  Hurry();
}

void ShareStore::CountRefused(std::string worker, Refused reason) {
  base::MutexLock lock(queue_mutex_);
  Task task;
  task.share.worker = std::move(worker);
  task.refused = true;
  task.reason = reason;
  queue_.push_back(std::move(task));
  ++queued_;
  if (queue_.size() == 1) filled_.NotifyOne();
  if (queue_.size() >= kMostRefusedWaiting) Hurry();
}

void ShareStore::Hurry() {
  is_urgent_ = true;
  filled_.NotifyOne();
}

void ShareStore::Synchronize() {
  base::MutexLock lock(queue_mutex_);
  const uint64_t wanted = queued_;
  if (done_ < wanted) Hurry();
  while (done_ < wanted) written_.Wait(queue_mutex_);
}

void ShareStore::Loop() {
  for (;;) {
    std::deque<Task> tasks;
    {
      base::MutexLock lock(queue_mutex_);
      while (queue_.empty() && !closing_) filled_.Wait(queue_mutex_);
      if (queue_.empty()) return;
      const auto end = std::chrono::steady_clock::now() + kRefusedWait;
      while (!is_urgent_ && !closing_) {
        const auto left = end - std::chrono::steady_clock::now();
        if (left <= left.zero()) break;
        filled_.WaitFor(queue_mutex_, left);
      }
      is_urgent_ = false;
      tasks.swap(queue_);
    }
    const size_t count = tasks.size();
    Write(std::move(tasks));
    base::MutexLock lock(queue_mutex_);
    done_ += count;
    written_.NotifyAll();
  }
}

void ShareStore::Write(std::deque<Task> tasks) {
  const bool any_good =
      std::any_of(tasks.begin(), tasks.end(), [](const Task& task) { return !task.refused; });
  if (!failed_) {
    storage::Batch batch;
    {
      base::MutexLock lock(mutex_);
      std::vector<uint32_t> changed;
      for (const Task& task : tasks) Apply(task, batch, changed);
      std::sort(changed.begin(), changed.end());
      changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
      for (const uint32_t number : changed) {
        const Worker& worker = workers_.at(number);
        Bytes row;
        Writer(row)
            .U64(worker.totals.accepted)
            .U64(worker.totals.stale)
            .U64(worker.totals.rejected)
            .U64(std::bit_cast<uint64_t>(worker.totals.difficulty))
            .U64(std::bit_cast<uint64_t>(worker.totals.best))
            .I64(worker.totals.last_share)
            .VarBytes(AsBytes(worker.totals.name))
            .VarBytes(worker.script);
        batch.Put(KeyOf(kWorkerRow, number), row);
      }
      DropOldShares(batch);
      DropOldWorkers(batch);
    }
    const Status written = batch.IsEmpty() ? Status{} : database_->Write(batch, any_good);
    if (!written) {
      failed_ = true;
      LOG_ERROR("Shares can no longer be stored, and are refused: {}", written.error().message);
    }
  }
  for (const Task& task : tasks) {
    if (task.stored) task.stored(!failed_);
  }
  Compact();
}

void ShareStore::Apply(const Task& task, storage::Batch& batch, std::vector<uint32_t>& changed) {
  if (task.refused) {
    const auto found = numbers_.find(task.share.worker);
    if (found == numbers_.end()) return;
    WorkerTotals& totals = workers_.at(found->second).totals;
    ++(task.reason == Refused::kStale ? totals.stale : totals.rejected);
    changed.push_back(found->second);
    return;
  }
  uint32_t number = 0;
  Worker& worker = WorkerOf(task.share, number);
  const Kept kept{number, WorkOfShare(task.share.difficulty)};
  ++worker.shares;
  ++worker.totals.accepted;
  worker.totals.difficulty += task.share.difficulty;
  worker.totals.best = std::max(worker.totals.best, task.share.reached);
  worker.totals.last_share = task.share.time;
  changed.push_back(number);
  Bytes row;
  Writer(row).U32(kept.worker).U64(kept.work).I64(task.share.time);
  batch.Put(KeyOf(kShareRow, first_share_ + shares_.size()), row);
  shares_.push_back(kept);
}

ShareStore::Worker& ShareStore::WorkerOf(const Share& share, uint32_t& number) {
  const auto [found, is_new] = numbers_.try_emplace(share.worker, next_worker_);
  if (is_new) ++next_worker_;
  number = found->second;
  Worker& worker = workers_[number];
  if (is_new) {
    worker.totals.name = share.worker;
    worker.script = share.script;
  }
  return worker;
}

void ShareStore::DropOldShares(storage::Batch& batch) {
  while (shares_.size() > options_.most_shares) {
    --workers_.at(shares_.front().worker).shares;
    batch.Delete(KeyOf(kShareRow, first_share_));
    shares_.pop_front();
    ++first_share_;
  }
}

void ShareStore::DropOldWorkers(storage::Batch& batch) {
  if (workers_.size() <= options_.most_workers) return;
  std::vector<std::pair<UnixSeconds, uint32_t>> without;
  for (const auto& [number, worker] : workers_) {
    if (worker.shares == 0) without.emplace_back(worker.totals.last_share, number);
  }
  std::sort(without.begin(), without.end());
  const size_t surplus =
      workers_.size() - options_.most_workers + options_.most_workers / kDropEvery;
  without.resize(std::min(without.size(), surplus));
  for (const auto& [last_share, number] : without) {
    const auto found = workers_.find(number);
    numbers_.erase(found->second.totals.name);
    batch.Delete(KeyOf(kWorkerRow, number));
    workers_.erase(found);
  }
}

/// What is deleted takes room until its tables are written anew.
void ShareStore::Compact() {
  uint64_t first = 0;
  {
    base::MutexLock lock(mutex_);
    first = first_share_;
  }
  if (failed_ || first - compacted_to_ < options_.compact_every) return;
  const Status done =
      database_->CompactRange(KeyOf(kShareRow, compacted_to_), KeyOf(kShareRow, first));
  if (!done) LOG_WARNING("The database of shares is not made smaller: {}", done.error().message);
  compacted_to_ = first;
}

std::vector<WorkerTotals> ShareStore::Workers() const {
  base::MutexLock lock(mutex_);
  std::vector<WorkerTotals> result;
  result.reserve(workers_.size());
  for (const auto& [number, worker] : workers_) result.push_back(worker.totals);
  return result;
}

ShareStore::Window ShareStore::LastShares(const U256& wanted) const {
  base::MutexLock lock(mutex_);
  Window window;
  window.stored = shares_.size();
  std::map<uint32_t, U256> by_worker;
  for (auto share = shares_.rbegin(); share != shares_.rend() && window.work < wanted; ++share) {
    const U256 part = std::min(U256(share->work), wanted - window.work);
    by_worker[share->worker] += part;
    window.work += part;
    ++window.shares;
  }
  for (const auto& [number, work] : by_worker) {
    window.payees.push_back({workers_.at(number).script, work});
  }
  return window;
}

}  // namespace cairn::mining::stratum
