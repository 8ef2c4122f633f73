#include "src/ledger/header_tree.h"

#include <algorithm>

#include "consensus/work.h"

namespace cairn::ledger {
namespace {

/// Where an entry's skip pointer leads. Clearing low bits makes few, long hops: descending any
/// distance takes a logarithmic number of steps.
int SkipHeight(int height) {
  if (height < 2) return 0;
  const auto clear_lowest_bit = [](int value) { return value & (value - 1); };
  return height % 2 == 1 ? clear_lowest_bit(clear_lowest_bit(height - 1)) + 1
                         : clear_lowest_bit(height);
}

}  // namespace

bool HeaderTree::WorseFirst::operator()(const HeaderEntry* a, const HeaderEntry* b) const {
  if (a->chain_work != b->chain_work) return a->chain_work < b->chain_work;
  if (a->arrival != b->arrival) return a->arrival > b->arrival;
  return a->hash > b->hash;  // both from an earlier run
}

HeaderEntry* HeaderTree::Find(const BlockHash& hash) const {
  base::MutexLock lock(mutex_);
  const auto found = by_hash_.find(hash);
  return found == by_hash_.end() ? nullptr : found->second;
}

HeaderEntry* HeaderTree::Insert(const Header& header, const BlockHash& hash, HeaderEntry* parent,
                                bool failed) {
  HeaderEntry& entry = entries_.emplace_back();
  entry.header = header;
  entry.hash = hash;
  entry.parent = parent;
  entry.chain_work = WorkOf(header.bits);
  if (parent != nullptr) {
    entry.height = parent->height + 1;
    entry.skip = parent->Ancestor(SkipHeight(entry.height));
    entry.chain_work += parent->chain_work;
    entry.states = consensus::NextStates(parent->states, EntryAncestors(parent), params_);
    entry.failed = failed || parent->failed;
  } else {
    entry.states = consensus::GenesisStates(params_);
  }
  entry.median_time = consensus::MedianTimePast(EntryAncestors(&entry));
  NoteCheckpoint(entry);
  leaves_.erase(parent);
  leaves_.insert(&entry);
  const bool better = best_header_ == nullptr || entry.chain_work > best_header_->chain_work;
  if (better && !entry.failed) best_header_ = &entry;
  base::MutexLock lock(mutex_);
  by_hash_.emplace(hash, &entry);
  return &entry;
}

U256 HeaderTree::WorkOf(uint32_t bits) {
  // A division of 256 bits, but neighbours nearly always share their target.
  if (bits != last_bits_) {
    last_bits_ = bits;
    last_work_ = consensus::WorkOf(bits);
  }
  return last_work_;
}

void HeaderTree::NoteCheckpoint(const HeaderEntry& entry) {
  for (const consensus::Checkpoint& checkpoint : params_.checkpoints) {
    if (checkpoint.hash == entry.hash) {
      checkpointed_height_ = std::max(checkpointed_height_, checkpoint.height);
    }
  }
}

void HeaderTree::LinkBody(HeaderEntry* entry) {
  if (entry->parent != nullptr && entry->parent->chain_tx_count == 0) {
    waiting_.emplace(entry->parent, entry);
    return;
  }
  std::vector<HeaderEntry*> ready = {entry};
  while (!ready.empty()) {
    HeaderEntry* linked = ready.back();
    ready.pop_back();
    const uint64_t before = linked->parent != nullptr ? linked->parent->chain_tx_count.load() : 0;
    linked->chain_tx_count = before + linked->tx_count;
    linked->arrival = next_arrival_++;
    if (!linked->failed) candidates_.insert(linked);
    const auto [first, last] = waiting_.equal_range(linked);
    for (auto child = first; child != last; ++child) ready.push_back(child->second);
    waiting_.erase(first, last);
  }
}

void HeaderTree::Prefer(HeaderEntry* entry) {
  candidates_.erase(entry);  // before its rank changes: the set is ordered by it
  entry->arrival = next_preference_--;
  if (!entry->failed) candidates_.insert(entry);
}

std::vector<HeaderEntry*> HeaderTree::MarkFailed(HeaderEntry* entry) {
  std::vector<HeaderEntry*> changed;
  for (HeaderEntry& other : entries_) {
    if (other.failed || other.height < entry->height) continue;
    if (other.Ancestor(entry->height) != entry) continue;
    other.failed = true;
    candidates_.erase(&other);
    changed.push_back(&other);
  }
  if (best_header_->failed) FindBestHeader();
  return changed;
}

std::vector<HeaderEntry*> HeaderTree::UnmarkFailed(HeaderEntry* entry) {
  std::vector<HeaderEntry*> changed;
  for (HeaderEntry& other : entries_) {
    if (!other.failed) continue;
    const bool before = entry->Ancestor(other.height) == &other;
    const bool behind = other.Ancestor(entry->height) == entry;
    if (!before && !behind) continue;
    other.failed = false;
    changed.push_back(&other);
  }
  FindBestHeader();
  return changed;
}

void HeaderTree::RebuildCandidates(const HeaderEntry* tip) {
  const WorseFirst worse;
  candidates_.clear();
  for (HeaderEntry& entry : entries_) {
    if (!entry.failed && entry.chain_tx_count != 0 && !worse(&entry, tip)) {
      candidates_.insert(&entry);
    }
  }
}

void HeaderTree::FindBestHeader() {
  best_header_ = &entries_.front();
  for (HeaderEntry& entry : entries_) {
    if (!entry.failed && entry.chain_work > best_header_->chain_work) best_header_ = &entry;
  }
}

HeaderEntry* HeaderTree::BestCandidate() const {
  return candidates_.empty() ? nullptr : *candidates_.rbegin();
}

void HeaderTree::PruneCandidates(const HeaderEntry* tip) {
  const WorseFirst worse;
  while (!candidates_.empty() && worse(*candidates_.begin(), tip)) {
    candidates_.erase(candidates_.begin());
  }
}

}  // namespace cairn::ledger
