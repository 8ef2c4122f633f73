// The best chain at one moment, as readers see it: immutable, shared, free of locks.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "cairn/ledger/header_entry.h"
#include "consensus/params.h"

namespace cairn::ledger {

/// Height to header entry in chunks that successive views share: moving the tip copies one chunk.
class HeightIndex {
 public:
  const HeaderEntry* At(int height) const;
  int size() const { return size_; }

  /// The index of the chain that ends at `tip`, sharing what it can with this one.
  HeightIndex With(const HeaderEntry* tip) const;

 private:
  static constexpr int kChunk = 1024;
  using Chunk = std::array<const HeaderEntry*, kChunk>;

  std::vector<std::shared_ptr<const Chunk>> chunks_;
  int size_ = 0;
};

/// Published anew with every commit. The params outlive all views.
struct ChainView {
  const consensus::Params* params = nullptr;
  const HeaderEntry* tip = nullptr;          // of the connected chain
  const HeaderEntry* best_header = nullptr;  // the most work among valid headers
  HeightIndex heights;
  uint64_t generation = 0;  // ascends with every publication

  int Height() const { return tip->height; }
  /// The block of the best chain at that height; null above the tip or below zero.
  const HeaderEntry* At(int height) const { return heights.At(height); }
  bool Contains(const HeaderEntry* entry) const { return At(entry->height) == entry; }
};

using ChainViewPtr = std::shared_ptr<const ChainView>;

}  // namespace cairn::ledger
