// The shares that miners found, and what became of each worker's: on disk before anybody is told
// (docs/formats/shares.md).
//
// One thread writes; what has come while it wrote goes into the next batch together, synced once.
// Bounded: old shares are deleted, and of too many workers those whose shares are all gone. All
// members may be called from any thread, and none of them waits for the disk but where it says so.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/clock.h"
#include "cairn/base/mutex.h"
#include "cairn/base/result.h"
#include "cairn/mining/worker_totals.h"
#include "cairn/primitives/u256.h"
#include "cairn/storage/database.h"
#include "src/mining/stratum/payout.h"

namespace cairn::mining::stratum {

struct ShareStoreOptions {
  size_t most_shares = 500'000;
  size_t most_workers = 100'000;
  /// So many deleted shares are worth a compaction.
  size_t compact_every = 100'000;
};

/// A share that is good.
struct Share {
  std::string worker;
  Bytes script;           // where the worker is paid
  double difficulty = 0;  // what it counts
  double reached = 0;     // what its hash would have been good for
  UnixSeconds time = 0;
};

class ShareStore {
 public:
  /// Creates the database where it is missing, and reads what it holds.
  static Result<std::unique_ptr<ShareStore>> Open(const std::filesystem::path& folder,
                                                  const ShareStoreOptions& options = {});
  /// Writes what has come.
  ~ShareStore();
  ShareStore(const ShareStore&) = delete;
  ShareStore& operator=(const ShareStore&) = delete;

  /// Is told on the store's thread whether the share would survive a power cut now.
  using Stored = std::function<void(bool stored)>;
  void Add(Share share, Stored stored) CAIRN_EXCLUDES(queue_mutex_);

  enum class Refused { kStale, kOther };
  /// Counted for workers only that have had a good share, within a second, and not synced.
  void CountRefused(std::string worker, Refused reason) CAIRN_EXCLUDES(queue_mutex_);

  /// In the order of their first share.
  std::vector<WorkerTotals> Workers() const CAIRN_EXCLUDES(mutex_);

  struct Window {
    std::vector<Payee> payees;  // in the order of their workers' first share; scripts may be equal
    size_t shares = 0;
    U256 work;          // of all, `wanted` at most
    size_t stored = 0;  // shares that there are in all
  };
  /// The last shares that are worth `wanted` hashes together, the oldest of them counted in part;
  /// all, if there are too few.
  Window LastShares(const U256& wanted) const CAIRN_EXCLUDES(mutex_);

  /// Returns when all that came before is written.
  void Synchronize() CAIRN_EXCLUDES(queue_mutex_);

 private:
  struct Worker {
    WorkerTotals totals;
    Bytes script;
    size_t shares = 0;  // of those that are kept
  };
  struct Kept {
    uint32_t worker = 0;
    uint64_t work = 0;
  };
  using WorkerTable = std::map<uint32_t, Worker>;  // by the number of their row
  struct Task {
    Share share;
    bool refused = false;
    Refused reason = Refused::kOther;
    Stored stored;
  };

  ShareStore(std::unique_ptr<storage::Database> database, const ShareStoreOptions& options)
      : options_(options), database_(std::move(database)) {}

  Status Load() CAIRN_EXCLUDES(mutex_);
  /// Has what is queued written now.
  void Hurry() CAIRN_REQUIRES(queue_mutex_);
  template <typename Read>
  Status LoadRows(uint8_t kind, Read read_row) const;
  Status LoadWorkers(WorkerTable& workers) const;
  /// Counts them in `workers`, too.
  Status LoadShares(WorkerTable& workers, std::deque<Kept>& shares, uint64_t& first) const;
  void Loop();
  void Write(std::deque<Task> tasks);
  void Apply(const Task& task, storage::Batch& batch, std::vector<uint32_t>& changed)
      CAIRN_REQUIRES(mutex_);
  Worker& WorkerOf(const Share& share, uint32_t& number) CAIRN_REQUIRES(mutex_);
  void DropOldShares(storage::Batch& batch) CAIRN_REQUIRES(mutex_);
  void DropOldWorkers(storage::Batch& batch) CAIRN_REQUIRES(mutex_);
  void Compact();

  const ShareStoreOptions options_;
  const std::unique_ptr<storage::Database> database_;

  mutable base::Mutex mutex_;
  WorkerTable workers_ CAIRN_GUARDED_BY(mutex_);
  std::unordered_map<std::string, uint32_t> numbers_ CAIRN_GUARDED_BY(mutex_);  // by name
  uint32_t next_worker_ CAIRN_GUARDED_BY(mutex_) = 0;
  std::deque<Kept> shares_ CAIRN_GUARDED_BY(mutex_);
  uint64_t first_share_ CAIRN_GUARDED_BY(mutex_) = 0;  // the number of the oldest one

  base::Mutex queue_mutex_;
  base::CondVar filled_;
  base::CondVar written_;
  std::deque<Task> queue_ CAIRN_GUARDED_BY(queue_mutex_);
  uint64_t queued_ CAIRN_GUARDED_BY(queue_mutex_) = 0;  // tasks that ever came
  uint64_t done_ CAIRN_GUARDED_BY(queue_mutex_) = 0;    // and how many are dealt with
  bool is_urgent_ CAIRN_GUARDED_BY(queue_mutex_) = false;
  bool closing_ CAIRN_GUARDED_BY(queue_mutex_) = false;

  // Of the store's thread alone.
  bool failed_ = false;
  uint64_t compacted_to_ = 0;  // shares before this one take no room
  std::jthread thread_;
};

}  // namespace cairn::mining::stratum
