// All known headers, and which branches could become the best chain.
//
// The ledger's thread alone changes the tree; `Find` may be called from any thread.
#pragma once

#include <deque>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cairn/base/mutex.h"
#include "cairn/ledger/header_entry.h"
#include "consensus/params.h"

namespace cairn::ledger {

class HeaderTree {
 public:
  explicit HeaderTree(const consensus::Params& params) : params_(params) {}

  HeaderEntry* Find(const BlockHash& hash) const CAIRN_EXCLUDES(mutex_);

  /// Adds a header whose parent is in the tree (null for genesis) and derives all that follows from
  /// it. `failed`: it was condemned in an earlier run.
  HeaderEntry* Insert(const Header& header, const BlockHash& hash, HeaderEntry* parent,
                      bool failed = false) CAIRN_EXCLUDES(mutex_);

  /// The header with the most work that no failed block underlies.
  HeaderEntry* best_header() const { return best_header_; }

  /// Says that the body of `entry` is stored. Links all descendants whose bodies waited for it and
  /// makes them candidates.
  void LinkBody(HeaderEntry* entry);

  /// Makes a linked entry the best of all with as much work, those preferred before included.
  void Prefer(HeaderEntry* entry);

  /// Condemns `entry` and all that builds on it. Gives every entry whose state changed.
  std::vector<HeaderEntry*> MarkFailed(HeaderEntry* entry);

  /// Takes back the condemnation of `entry`, of all before it and of all that build on it. Gives
  /// every entry whose state changed.
  std::vector<HeaderEntry*> UnmarkFailed(HeaderEntry* entry);

  /// Collects the candidates anew: after a tip was taken off, or entries were unmarked, earlier
  /// candidates may be good enough again.
  void RebuildCandidates(const HeaderEntry* tip);

  /// The best candidate for a tip: complete with all bodies, not failed. Null if there is none.
  HeaderEntry* BestCandidate() const;

  /// Takes an entry off the candidates, since blocks on the way to it are not there any more.
  void DropCandidate(HeaderEntry* entry) { candidates_.erase(entry); }

  /// Forgets candidates that are worse than `tip`.
  void PruneCandidates(const HeaderEntry* tip);

  /// The height of the highest checkpoint whose header is known; 0 for none.
  int checkpointed_height() const { return checkpointed_height_; }

  /// The entries on which nothing builds.
  const std::unordered_set<const HeaderEntry*>& leaves() const { return leaves_; }

  const std::deque<HeaderEntry>& entries() const { return entries_; }
  std::deque<HeaderEntry>& entries() { return entries_; }

 private:
  /// The greatest is the best: most work, then the first to have come.
  struct WorseFirst {
    bool operator()(const HeaderEntry* a, const HeaderEntry* b) const;
  };

  U256 WorkOf(uint32_t bits);
  void NoteCheckpoint(const HeaderEntry& entry);
  void FindBestHeader();

  const consensus::Params& params_;
  std::deque<HeaderEntry> entries_;  // stable addresses
  mutable base::Mutex mutex_;
  std::unordered_map<BlockHash, HeaderEntry*, UnsaltedHasher> by_hash_ CAIRN_GUARDED_BY(mutex_);
  std::unordered_set<const HeaderEntry*> leaves_;
  HeaderEntry* best_header_ = nullptr;
  std::set<HeaderEntry*, WorseFirst> candidates_;
  std::unordered_multimap<const HeaderEntry*, HeaderEntry*>
      waiting_;  // by the parent that lacks a body
  // Arrivals count up from the middle; who is preferred comes before all others.
  uint64_t next_arrival_ = uint64_t{1} << 32;
  uint64_t next_preference_ = (uint64_t{1} << 32) - 1;
  uint32_t last_bits_ = 0;  // no header has it: a target of zero
  U256 last_work_;
  int checkpointed_height_ = 0;
};

}  // namespace cairn::ledger
