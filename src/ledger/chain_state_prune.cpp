// Pruning: which old bodies and undo data go, and when.

#include <algorithm>
#include <limits>

#include "cairn/base/log.h"
#include "src/ledger/chain_state.h"

namespace cairn::ledger {

Status ChainState::OpenPruner() {
  if (options_.prune) pruner_ = std::make_unique<Pruner>(options_.prune_target_bytes);
  for (HeaderEntry& entry : tree_.entries()) {
    if (!entry.IsPruned()) {
      NoteRecords(entry);
      continue;
    }
    if (!options_.prune) {
      return cairn::Fail(ErrorCode::kInvalid,
                         "You need to rebuild the database using -reindex to go back to unpruned "
                         "mode.  This will redownload the entire blockchain");
    }
    if (entry.height > tip_->height && entry.Ancestor(tip_->height) == tip_) {
      return cairn::Fail(ErrorCode::kCorruption,
                         "chainstate stands at height " + std::to_string(tip_->height) +
                             ", before blocks that are pruned; start with -reindex to fetch all "
                             "blocks again");
    }
    NoteRecords(entry);  // the undo data may be there still
  }
  if (pruner_ != nullptr) FindPrunedHeight();
  return {};
}

void ChainState::NoteRecords(HeaderEntry& entry) {
  if (pruner_ == nullptr) return;
  if (entry.HasBody()) pruner_->Add(entry.body_sequence, &entry, entry.body_size);
  // What undo data takes is not known any more; it is about a seventh of its block.
  if (entry.undo_sequence != 0) pruner_->Add(entry.undo_sequence, &entry, entry.body_size / 7);
}

/// Blocks go from below, so that the first that is missing on the way down is the highest.
void ChainState::FindPrunedHeight() {
  const HeaderEntry* entry = tip_;
  while (entry != nullptr && !entry->IsPruned()) entry = entry->parent;
  pruned_height_ = entry != nullptr ? entry->height : -1;
}

Status ChainState::DeleteLeftovers() {
  const uint64_t lowest = pruner_->Lowest(block_store_->next_sequence());
  if (Status pruned = block_store_->PruneBelow(lowest); !pruned) return pruned;
  return block_store_->FreePruned();
}

int ChainState::PruneLimit(int durable, int indexed) const {
  return std::min(std::min({durable, tip_->height, indexed}) - kBlocksToKeep, way_back_);
}

bool ChainState::WantsToPrune() const {
  return pruner_ != nullptr && tip_->height > params_.prune_after_height &&
         pruner_->IsOver(block_store_->DiskBytes());
}

bool ChainState::PruneIsDue() const {
  if (!WantsToPrune()) return false;
  if (pruner_->HasRun(PruneLimit(durable_height_, indexes_->LowestFlushedHeight()))) return true;
  // A flush moves the limit. Not after every block, though.
  constexpr int kWorthAFlush = 16;
  if (tip_->height - durable_height_ < kWorthAFlush) return false;
  return pruner_->HasRun(PruneLimit(tip_->height, indexes_->LowestDetachedHeight()));
}

uint64_t ChainState::ChoosePruned() {
  if (pruner_ == nullptr) return 0;
  const int command = std::exchange(prune_to_, -1);
  int limit = PruneLimit(durable_height_, indexes_->LowestFlushedHeight());
  uint64_t bytes = 0;
  if (command >= 0) {
    limit = std::min(limit, command);
    bytes = std::numeric_limits<uint64_t>::max();
  } else if (WantsToPrune() && pruner_->HasRun(limit)) {
    bytes = pruner_->Excess(block_store_->DiskBytes());
  }
  const Pruner::Pruned pruned = pruner_->Take(limit, bytes);
  dirty_rows_.insert(pruned.entries.begin(), pruned.entries.end());
  if (pruned.below != 0) {
    FindPrunedHeight();
    LOG_DEBUG(log::kPrune, "Pruning blocks up to height {}: records below {}",
              pruned_height_.load(), pruned.below);
  }
  return pruned.below;
}

Status ChainState::CheckWayBack(int height) const {
  if (height >= pruned_height_) return {};
  return cairn::Fail(ErrorCode::kNotFound,
                     "the blocks up to height " + std::to_string(pruned_height_) +
                         " are pruned, so the chain cannot be taken back to height " +
                         std::to_string(height) + "; -reindex fetches all blocks again");
}

bool ChainState::HasWayTo(const HeaderEntry* target, const HeaderEntry* fork) const {
  if (pruner_ == nullptr) return true;
  for (; target != fork; target = target->parent) {
    if (!target->HasBody()) return false;
  }
  return true;
}

Result<int> ChainState::PruneTo(int height) {
  if (pruner_ == nullptr) {
    return cairn::Fail(ErrorCode::kInvalid, "nothing is pruned without -prune");
  }
  if (Status flushed = Flush(); !flushed) return tl::unexpected(flushed.error());
  prune_to_ = height;
  if (Status flushed = Flush(); !flushed) return tl::unexpected(flushed.error());
  return pruned_height_.load();
}

}  // namespace cairn::ledger
