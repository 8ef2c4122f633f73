// The indexes of a node together: the ledger tells them of every block, and those that are behind
// are brought up in the background.
//
// An index is *attached* while the ledger's thread moves it. One that does not stand on the
// ledger's branch, or is not at its tip yet, is built by a thread of its own until `TakeOver`
// attaches it.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "cairn/base/mutex.h"
#include "cairn/base/worker_pool.h"
#include "consensus/params.h"
#include "src/ledger/index/catch_up.h"
#include "src/ledger/index/chain_source.h"
#include "src/ledger/index/index.h"

namespace cairn::ledger {

class IndexSet {
 public:
  /// What the indexes make of one block, in their order; empty for those that are not attached.
  using Digests = std::vector<Bytes>;
  /// The indexes that have something to write.
  using Frozen = std::vector<Index*>;

  /// Opens or creates the databases below `folder`. `budget` is the memory for their caches and
  /// buffers. The params must outlive the set.
  static Result<std::unique_ptr<IndexSet>> Open(const std::filesystem::path& folder,
                                                const IndexOptions& options,
                                                const consensus::Params& params, uint64_t budget);
  /// The same with any kinds.
  static Result<std::unique_ptr<IndexSet>> Open(const std::filesystem::path& folder,
                                                std::vector<std::unique_ptr<const IndexKind>> kinds,
                                                uint64_t budget);
  ~IndexSet();

  /// Deletes the databases of all kinds below `folder`, wanted or not, open nowhere.
  static Status Destroy(const std::filesystem::path& folder, const consensus::Params& params);

  // ---- For the ledger's thread ----

  /// Attaches the indexes that cover the tip at which the ledger begins, before it moves.
  Status Begin(const IndexTip& tip);
  /// The same for a ledger that begins at genesis, of which new indexes take note at once.
  Status BeginAtGenesis(const Block& genesis);
  /// Starts to build the others. Source and workers must stay until `Stop`.
  void Start(ChainSource& source, WorkerPool& workers);
  /// Returns when nothing is built any more. From any thread.
  void Stop();

  /// A block was connected or disconnected. Without its digests they are made here.
  Status Append(const BlockPlace& place, const Block& block, std::span<const Coin* const> spent,
                Digests digests = {});
  Status Unwind(const BlockPlace& place, const Block& block, std::span<const Coin* const> spent);
  /// Before the chain is published: shows readers what was appended and unwound.
  void Publish();
  /// Together with the coins: what is appended so far is the next to be written.
  Frozen Freeze();
  /// The answer to `ChainSource::TakeOver`.
  Result<bool> TakeOver(Index& index, const IndexTip& tip);

  // ---- For the thread that writes ----

  /// Before the coins, and behind the blocks.
  static Status WriteFrozen(const Frozen& frozen);

  // ---- For any thread ----

  /// The part of `Append` that costs, ahead of it.
  Digests Digest(const Block& block, int height, std::span<const Coin* const> spent) const;

  bool empty() const { return entries_.empty(); }
  std::vector<const IndexReader*> readers() const;
  /// Null if that index is not wanted.
  const IndexReader* Find(std::string_view name) const;
  /// No body or undo data above this height may be pruned; INT32_MAX without indexes.
  int LowestFlushedHeight() const;
  /// The same of the indexes that are being built, which the next flush does not raise.
  int LowestDetachedHeight() const;
  size_t MemoryBytes() const;

 private:
  struct Entry {
    std::unique_ptr<Index> index;
    std::atomic<bool> attached{false};
  };

  IndexSet() = default;

  void Attach(Entry& entry);
  void Detach(Entry& entry) CAIRN_EXCLUDES(mutex_);
  void Build(ChainSource& source, WorkerPool& workers) CAIRN_EXCLUDES(mutex_);
  std::vector<Index*> Detached() const;

  std::vector<std::unique_ptr<Entry>> entries_;
  std::atomic<bool> interrupted_{false};  // the present group of indexes is out of date

  base::Mutex mutex_;
  base::CondVar changed_;
  bool stopping_ CAIRN_GUARDED_BY(mutex_) = false;
  std::jthread builder_;
};

}  // namespace cairn::ledger
