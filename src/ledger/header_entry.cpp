#include "cairn/ledger/header_entry.h"

#include <algorithm>

namespace cairn::ledger {

const HeaderEntry* HeaderEntry::Ancestor(int at) const {
  if (at < 0 || at > height) return nullptr;
  const HeaderEntry* entry = this;
  while (entry->height > at) {
    const bool far_enough = entry->skip != nullptr && entry->skip->height >= at;
    entry = far_enough ? entry->skip : entry->parent;
  }
  return entry;
}

const HeaderEntry* FindFork(const HeaderEntry* a, const HeaderEntry* b) {
  const int height = std::min(a->height, b->height);
  a = a->Ancestor(height);
  b = b->Ancestor(height);
  while (a != b) {
    // Skips of entries at one height lead to one height, so both descend together.
    const bool skip = a->skip != nullptr && b->skip != nullptr && a->skip != b->skip;
    a = skip ? a->skip : a->parent;
    b = skip ? b->skip : b->parent;
  }
  return a;
}

consensus::AncestorFacts EntryAncestors::At(int height) const {
  const HeaderEntry* from = recent_ != nullptr && recent_->height >= height ? recent_ : last_;
  recent_ = from->Ancestor(height);
  return {recent_->header.version, recent_->header.time, recent_->header.bits};
}

}  // namespace cairn::ledger
