// One index: its database under indexes/, what was not yet written to it, and the block at which it
// stands.
//
// It follows a chain block by block, forwards and backwards. Changes gather in three steps:
// *staged* while the chain moves, *published* once readers may see them, *frozen* while they are
// written. A write takes the rows and the block at which they are true in one synced batch, so that
// after a crash the index stands at an earlier block of some chain, whole.
//
// Threads: one at a time follows (the ledger's, or the one that builds the index), another one may
// write what was frozen, any may read.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <vector>

#include "cairn/base/mutex.h"
#include "cairn/storage/database.h"
#include "src/ledger/index/index_kind.h"
#include "src/ledger/index/row_table.h"

namespace cairn::ledger {

/// What became of a block that an index was told of.
enum class Followed {
  kDone,
  kCovered,    // it is, or is not, part of the index already, which is ahead after a crash
  kElsewhere,  // the index stands on another branch: nothing was done
};

class Index final : public IndexReader {
 public:
  /// Opens or creates the database in the kind's folder below `indexes`.
  static Result<std::unique_ptr<Index>> Open(const std::filesystem::path& indexes,
                                             const storage::DatabaseOptions& options,
                                             std::unique_ptr<const IndexKind> kind);

  const IndexKind& kind() const { return *kind_; }

  // ---- For the thread that follows ----

  /// With everything staged.
  const IndexTip& working_tip() const { return working_.tip; }
  /// True if the block is part of the chain up to the working tip.
  Result<bool> Covers(const IndexTip& block) const;

  /// Takes in the block that follows the working tip, by its digest.
  Result<Followed> Append(const BlockPlace& place, ByteSpan digest);
  /// Takes the block at the working tip off again.
  Result<Followed> Unwind(const BlockPlace& place, ByteSpan digest);

  /// Shows readers all that is staged.
  void Publish() CAIRN_EXCLUDES(mutex_);
  void SetSynced(bool synced) { synced_ = synced; }

  /// Publishes, and puts what was published aside for `WriteFrozen`. False, and nothing done, while
  /// something is still to be written.
  bool Freeze() CAIRN_EXCLUDES(mutex_);

  /// Forgets everything, to begin anew. Nothing may be frozen.
  Status Reset() CAIRN_EXCLUDES(mutex_);

  // ---- For the thread that writes ----

  /// Writes what is frozen, if anything, and returns when it is durable.
  Status WriteFrozen() CAIRN_EXCLUDES(mutex_);

  // ---- For any thread ----

  /// Where the index stands after a crash now.
  IndexTip flushed_tip() const CAIRN_EXCLUDES(mutex_);
  /// Of rows that are not yet written.
  size_t MemoryBytes() const CAIRN_EXCLUDES(mutex_);

  std::string_view name() const override { return kind_->name(); }
  IndexTip tip() const override CAIRN_EXCLUDES(mutex_);
  bool synced() const override { return synced_; }
  Result<std::optional<Bytes>> Get(ByteSpan key) const override CAIRN_EXCLUDES(mutex_);
  Status Scan(ByteSpan prefix, ByteSpan first, const Visitor& visit) const override
      CAIRN_EXCLUDES(mutex_);

 private:
  /// The block at which rows are true, and the kind's state behind it.
  struct Standing {
    IndexTip tip;
    Bytes state;
  };
  using TablePtr = std::shared_ptr<RowTable>;

  explicit Index(std::unique_ptr<const IndexKind> kind) : kind_(std::move(kind)) {}

  Status ReadStanding();
  /// Deletes every row in the database.
  Status DeleteRows();
  void Stage(RowList rows, Standing standing);
  /// As `Get`, with what is staged.
  Result<std::optional<Bytes>> FindStaged(ByteSpan key) const;

  const std::unique_ptr<const IndexKind> kind_;
  std::unique_ptr<storage::Database> database_;

  Standing working_;
  std::vector<RowList> staged_;
  std::atomic<size_t> staged_bytes_{0};
  std::atomic<bool> synced_{false};

  mutable base::Mutex mutex_;
  IndexTip published_ CAIRN_GUARDED_BY(mutex_);
  IndexTip flushed_ CAIRN_GUARDED_BY(mutex_);
  TablePtr active_ CAIRN_GUARDED_BY(mutex_) = std::make_shared<RowTable>();
  TablePtr frozen_ CAIRN_GUARDED_BY(mutex_);  // null: none; not changed while it is written
  Standing frozen_standing_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::ledger
