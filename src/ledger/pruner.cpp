#include "src/ledger/pruner.h"

namespace cairn::ledger {

bool Pruner::HasRun(int height) const {
  uint64_t bytes = 0;
  for (const auto& [sequence, record] : records_) {
    if (record.entry->height > height) return false;
    bytes += record.bytes;
    if (bytes >= RunBytes()) return true;
  }
  return false;
}

Pruner::Pruned Pruner::Take(int height, uint64_t bytes) {
  Pruned pruned;
  uint64_t taken = 0;
  auto at = records_.begin();
  for (; at != records_.end() && taken < bytes && at->second.entry->height <= height; ++at) {
    HeaderEntry* entry = at->second.entry;
    taken += at->second.bytes;
    if (entry->body_sequence == at->first) {
      entry->body_sequence = 0;
      entry->body_size = 0;
    } else if (entry->undo_sequence == at->first) {
      entry->undo_sequence = 0;
    }
    pruned.entries.push_back(entry);
    pruned.below = at->first + 1;
  }
  records_.erase(records_.begin(), at);
  return pruned;
}

}  // namespace cairn::ledger
