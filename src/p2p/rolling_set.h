// A set of hashes that remembers the latest ones and forgets the others.
//
// It takes salted 64-bit digests, and keeps 32 bits of each at a place that the other bits choose:
// a digest that was never inserted is found with a probability of about 10^-9. It grows with use,
// to at most 12 bytes for each hash that it must remember.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::p2p {

class RollingSet {
 public:
  /// The latest `capacity` distinct digests are remembered, and up to as many before them.
  explicit RollingSet(size_t capacity) : capacity_(capacity) {}

  void Insert(uint64_t digest);
  bool Contains(uint64_t digest) const;
  void Clear() { tables_.clear(); }
  bool empty() const { return tables_.empty(); }
  size_t MemoryUse() const;

 private:
  // Open addressing, never more than three quarters full; 0 marks a free place.
  struct Table {
    std::vector<uint32_t> places;
    size_t used = 0;

    size_t MostUsed() const { return places.size() / 4 * 3; }
    size_t Probe(uint64_t digest) const;
  };

  std::vector<Table> tables_;  // the oldest first; the last one takes what comes
  size_t capacity_;
};

}  // namespace cairn::p2p
