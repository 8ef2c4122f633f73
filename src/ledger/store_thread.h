// The one thread that writes to the databases: bodies and undo data as they come, and flushes.
//
// The ledger's thread hands over and goes on; a stall of the disk stops it only when more is
// waiting than may be in memory. Records can be read at once, written or not. All members but
// `Write...` and `Flush` may be called from any thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "cairn/base/mutex.h"
#include "cairn/base/result.h"
#include "cairn/primitives/block.h"
#include "cairn/storage/block_store.h"
#include "cairn/storage/coin_store.h"
#include "src/ledger/coin_table.h"
#include "src/ledger/index/index_set.h"

namespace cairn::ledger {

/// Everything that one flush makes durable, in the order in which it is written.
struct FlushPlan {
  std::vector<storage::HeaderRow> rows;
  FrozenCoins coins;
  storage::FlushedTip tip;
  IndexSet::Frozen indexes;
  int height = 0;            // of the tip
  uint64_t prune_below = 0;  // records with lower numbers are deleted in the end
};

class StoreThread {
 public:
  /// The stores must outlive this. `on_event` is called on this thread whenever a flush is done or
  /// a write has failed. At most about `limit_bytes` of records wait in memory.
  StoreThread(storage::BlockStore& blocks, storage::CoinStore& coins, uint64_t limit_bytes,
              std::function<void()> on_event);
  /// Writes what is waiting.
  ~StoreThread();
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  /// Hands over a block's body or undo data; gives its sequence number. Waits while too much is
  /// waiting.
  uint64_t WriteBody(BlockPtr block) CAIRN_EXCLUDES(mutex_);
  uint64_t WriteUndo(Bytes undo) CAIRN_EXCLUDES(mutex_);

  /// From memory if it still waits to be written, else from the store.
  Result<Bytes> ReadBody(uint64_t sequence) const CAIRN_EXCLUDES(mutex_);
  Result<Bytes> ReadUndo(uint64_t sequence) const CAIRN_EXCLUDES(mutex_);

  /// Begins to write a flush behind all that was handed over before. One flush at a time: the one
  /// before must have been taken with `TakeDone`.
  void Flush(std::unique_ptr<FlushPlan> plan) CAIRN_EXCLUDES(mutex_);
  /// True until the flush has been taken, not only until it is written: its coins are not settled
  /// before, and must not be frozen twice.
  bool IsFlushing() const CAIRN_EXCLUDES(mutex_);
  /// The flush that has become durable, once; null if none has since the last call.
  std::unique_ptr<FlushPlan> TakeDone() CAIRN_EXCLUDES(mutex_);
  /// Waits until no flush is being written, or a write has failed.
  void WaitForFlush() CAIRN_EXCLUDES(mutex_);

  /// The first failure of a write; nothing is written any more after it.
  Status status() const CAIRN_EXCLUDES(mutex_);

 private:
  struct Record {
    uint64_t sequence = 0;
    BlockPtr block;  // of a body
    std::shared_ptr<const Bytes> undo;

    ByteSpan bytes() const { return block != nullptr ? block->bytes() : ByteSpan(*undo); }
  };
  using Job = std::variant<Record, std::unique_ptr<FlushPlan>>;

  uint64_t Queue(Record record);
  Result<std::optional<Bytes>> FindWaiting(uint64_t sequence, bool body) const;
  /// The failure to write, if there was one, in the place of the failure to read that follows from
  /// it.
  Result<Bytes> OrFailure(Result<Bytes> read) const;
  void Loop();
  std::optional<Job> NextJob() CAIRN_EXCLUDES(mutex_);
  void Perform(Job job);
  Status WriteRecord(const Record& record);
  Status WriteFlush(const FlushPlan& plan);

  storage::BlockStore& blocks_;
  storage::CoinStore& coins_;
  const uint64_t limit_bytes_;
  const std::function<void()> on_event_;
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Job> jobs_ CAIRN_GUARDED_BY(mutex_);
  std::unordered_map<uint64_t, Record> waiting_ CAIRN_GUARDED_BY(mutex_);
  uint64_t waiting_bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
  uint64_t next_sequence_ CAIRN_GUARDED_BY(mutex_);
  bool flushing_ CAIRN_GUARDED_BY(mutex_) = false;
  std::unique_ptr<FlushPlan> done_ CAIRN_GUARDED_BY(mutex_);
  Status status_ CAIRN_GUARDED_BY(mutex_);
  bool closed_ CAIRN_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace cairn::ledger
