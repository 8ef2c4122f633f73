#include "cairn/ledger/chain_view.h"

namespace cairn::ledger {

const HeaderEntry* HeightIndex::At(int height) const {
  if (height < 0 || height >= size_) return nullptr;
  return (*chunks_[static_cast<size_t>(height / kChunk)])[static_cast<size_t>(height % kChunk)];
}

HeightIndex HeightIndex::With(const HeaderEntry* tip) const {
  HeightIndex next;
  next.size_ = tip->height + 1;
  next.chunks_ = chunks_;
  next.chunks_.resize(static_cast<size_t>(tip->height / kChunk) + 1);
  const HeaderEntry* entry = tip;
  // Down from the new tip until the old index agrees; each chunk is copied once.
  while (entry != nullptr && At(entry->height) != entry) {
    const size_t number = static_cast<size_t>(entry->height / kChunk);
    auto chunk = next.chunks_[number] != nullptr ? std::make_shared<Chunk>(*next.chunks_[number])
                                                 : std::make_shared<Chunk>();
    const int lowest = static_cast<int>(number) * kChunk;
    while (entry != nullptr && entry->height >= lowest && At(entry->height) != entry) {
      (*chunk)[static_cast<size_t>(entry->height - lowest)] = entry;
      entry = entry->parent;
    }
    next.chunks_[number] = std::move(chunk);
  }
  return next;
}

}  // namespace cairn::ledger
