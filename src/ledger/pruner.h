// Knows which stored records belong to which block, and chooses those that may go (-prune).
//
// Records lie in the order in which they came, and only a run from the lowest number on is ever
// deleted: that is what frees the disk at little cost. A record that must stay protects those
// behind it. For the ledger's thread alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "cairn/ledger/header_entry.h"
#include "src/ledger/memory_shares.h"

namespace cairn::ledger {

/// Blocks below the tip that are never pruned: as many as peers may ask a pruned node for (BIP159).
inline constexpr int kBlocksToKeep = 288;

class Pruner {
 public:
  /// `target_bytes`: what bodies and undo data may take on disk; 0 leaves pruning to commands.
  explicit Pruner(uint64_t target_bytes) : target_(target_bytes) {}

  /// Takes note of a record. `bytes` may be an estimate.
  void Add(uint64_t sequence, HeaderEntry* entry, uint64_t bytes) {
    records_[sequence] = {entry, bytes};
  }

  /// Whether so much is on disk that pruning should begin: early enough for what is written until
  /// it is done.
  bool IsOver(uint64_t disk_bytes) const {
    return target_ != 0 && disk_bytes > target_ - std::min(target_, 3 * RunBytes());
  }
  /// How much should go then. More than is over, so that pruning is rare and its runs are long.
  uint64_t Excess(uint64_t disk_bytes) const {
    const uint64_t keep = target_ - std::min(target_, 5 * RunBytes());
    // A bounded part of a store that was never pruned: others wait for what is deleted at a time.
    return std::min(disk_bytes - std::min(disk_bytes, keep), 16 * RunBytes());
  }

  /// Whether a run worth pruning belongs to blocks up to that height.
  bool HasRun(int height) const;

  struct Pruned {
    uint64_t below = 0;                 // all records with lower numbers are to be deleted; 0: none
    std::vector<HeaderEntry*> entries;  // that lost a record
  };
  /// Forgets the records of blocks up to `height`, from the lowest number on, until they make up
  /// `bytes`; their entries no longer name them.
  Pruned Take(int height, uint64_t bytes);

  /// The lowest number that an entry names; `end` if there is none.
  uint64_t Lowest(uint64_t end) const { return records_.empty() ? end : records_.begin()->first; }

 private:
  struct Known {
    HeaderEntry* entry = nullptr;
    uint64_t bytes = 0;
  };

  /// Deleting pays by the table.
  uint64_t RunBytes() const { return StepBytes(target_); }

  const uint64_t target_;
  std::map<uint64_t, Known> records_;  // by their numbers
};

}  // namespace cairn::ledger
