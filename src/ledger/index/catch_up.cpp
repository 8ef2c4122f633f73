#include "src/ledger/index/catch_up.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "cairn/base/log.h"
#include "src/ledger/coin_views.h"
#include "src/ledger/progress_clock.h"

namespace cairn::ledger {
namespace {

/// A block of the chain, and what each index makes of it; nothing for indexes that have it.
struct DigestedBlock {
  BlockPlace place;
  std::vector<Bytes> digests;
  Status status;
};

std::string NamesOf(const std::vector<Index*>& indexes) {
  std::string names;
  for (const Index* index : indexes) {
    if (!names.empty()) names += ", ";
    names += index->name();
  }
  return names;
}

class Builder {
 public:
  Builder(std::vector<Index*> indexes, ChainSource& source, WorkerPool& workers,
          const std::atomic<bool>& stop, const CatchUpOptions& options)
      : indexes_(std::move(indexes)),
        source_(source),
        workers_(workers),
        stop_(stop),
        options_(options) {}

  Status Run() {
    while (!stop_ && !indexes_.empty()) {
      for (Index* index : indexes_) {
        if (Status aligned = Align(*index); !aligned) return aligned;
      }
      const IndexTip before = indexes_[0]->working_tip();
      if (Status advanced = Advance(); !advanced) return advanced;
      for (Index* index : indexes_) index->Publish();
      if (Status written = WriteIfMuch(); !written) return written;
      if (Status offered = OfferThoseAtTip(); !offered) return offered;
      Report();
      // The tip has moved, but the new chain is not published yet.
      const bool idle = !indexes_.empty() && indexes_[0]->working_tip() == before;
      if (idle) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return {};
  }

 private:
  int LowestHeight() const {
    const auto lowest = std::ranges::min_element(
        indexes_, {}, [](const Index* index) { return index->working_tip().height; });
    return (*lowest)->working_tip().height;
  }

  /// Unwinds the index until it stands at a block of the published chain.
  Status Align(Index& index) {
    for (;;) {
      const IndexTip tip = index.working_tip();
      if (tip.height < 0 || stop_) return {};
      const auto place = source_.At(tip.height);
      if (place && place->hash == tip.hash) return {};
      const auto stored = source_.Read(tip.hash, index.kind().NeedsSpentCoins());
      if (!stored && stored.error().code == ErrorCode::kNotFound) {
        LOG_WARNING("{} stands at block {}, which is not stored: building it anew", index.name(),
                    tip.hash);
        return ResetOnceWritten(index);
      }
      if (!stored) return tl::unexpected(stored.error());
      const Bytes digest =
          index.kind().Digest(*stored->block, tip.height, CoinViews(stored->spent).pointers());
      const auto unwound =
          index.Unwind({tip.height, tip.hash, stored->block->header().previous}, digest);
      if (!unwound) return tl::unexpected(unwound.error());
    }
  }

  /// Rows that the ledger froze while the index was its own may still be on their way.
  Status ResetOnceWritten(Index& index) {
    index.Publish();
    while (!index.Freeze()) {
      if (stop_) return {};
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (Status written = index.WriteFrozen(); !written) return written;
    return index.Reset();
  }

  /// Appends the next few blocks to all indexes that stand just before them.
  Status Advance() {
    std::vector<DigestedBlock> blocks;
    for (int height = LowestHeight() + 1; blocks.size() < options_.blocks_at_once; ++height) {
      const auto place = source_.At(height);
      if (!place) break;
      blocks.push_back({*place, std::vector<Bytes>(indexes_.size()), {}});
    }
    workers_.ForEach(blocks.size(), [&](size_t i) { blocks[i].status = DigestOne(blocks[i]); });
    for (const DigestedBlock& block : blocks) {
      if (stop_) return {};
      if (!block.status) return block.status;
      for (size_t i = 0; i < indexes_.size(); ++i) {
        if (indexes_[i]->working_tip().height >= block.place.height) continue;
        const auto appended = indexes_[i]->Append(block.place, block.digests[i]);
        if (!appended) return tl::unexpected(appended.error());
        // The chain moved between two looks at it: begin again from where they agree.
        if (*appended != Followed::kDone) return {};
      }
    }
    return {};
  }

  Status DigestOne(DigestedBlock& block) const {
    if (stop_) return {};
    bool with_spent = false;
    for (const Index* index : indexes_) {
      const bool wants = index->working_tip().height < block.place.height;
      with_spent = with_spent || (wants && index->kind().NeedsSpentCoins());
    }
    const auto stored = source_.Read(block.place.hash, with_spent);
    if (!stored && stored.error().code == ErrorCode::kNotFound) {
      return Fail(ErrorCode::kNotFound, "Cannot build " + NamesOf(indexes_) + ": block " +
                                            std::to_string(block.place.height) +
                                            " was pruned. Switch it off, or start with -reindex, "
                                            "which fetches all blocks again");
    }
    if (!stored) return tl::unexpected(stored.error());
    const CoinViews spent(stored->spent);
    for (size_t i = 0; i < indexes_.size(); ++i) {
      if (indexes_[i]->working_tip().height >= block.place.height) continue;
      block.digests[i] =
          indexes_[i]->kind().Digest(*stored->block, block.place.height, spent.pointers());
    }
    return {};
  }

  Status WriteIfMuch() {
    size_t bytes = 0;
    for (const Index* index : indexes_) bytes += index->MemoryBytes();
    if (bytes < options_.flush_bytes) return {};
    // No index may stand at a block that a crash can take away.
    if (Status durable = source_.MakeDurable(); !durable) return durable;
    for (Index* index : indexes_) {
      // What the ledger froze before is written by another thread; next time, then.
      if (!index->Freeze()) continue;
      if (Status written = index->WriteFrozen(); !written) return written;
    }
    return {};
  }

  Status OfferThoseAtTip() {
    for (size_t i = 0; i < indexes_.size();) {
      Index& index = *indexes_[i];
      Result<bool> taken = false;
      if (index.working_tip().height >= source_.Height()) taken = source_.TakeOver(index);
      if (!taken) return tl::unexpected(taken.error());
      if (*taken) {
        LOG_INFO("{} has reached the tip", std::string(index.name()));
        indexes_.erase(indexes_.begin() + static_cast<long>(i));
      } else {
        ++i;
      }
    }
    return {};
  }

  void Report() {
    if (indexes_.empty() || !clock_.IsDue()) return;
    LOG_INFO("Building {}: block {} of {}", NamesOf(indexes_), LowestHeight(), source_.Height());
  }

  std::vector<Index*> indexes_;
  ChainSource& source_;
  WorkerPool& workers_;
  const std::atomic<bool>& stop_;
  const CatchUpOptions& options_;
  ProgressClock clock_{std::chrono::seconds(options_.seconds_between_reports)};
};

}  // namespace

Status CatchUp(std::vector<Index*> indexes, ChainSource& source, WorkerPool& workers,
               const std::atomic<bool>& stop, const CatchUpOptions& options) {
  return Builder(std::move(indexes), source, workers, stop, options).Run();
}

}  // namespace cairn::ledger
