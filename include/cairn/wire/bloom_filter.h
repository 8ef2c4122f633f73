// Bloom filters of connections (BIP37): which transactions a light client wants to hear of, and the
// filtered blocks that it gets.
#pragma once

#include <cstdint>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/primitives/block.h"
#include "cairn/wire/filters.h"

namespace cairn::wire {

/// Bound by the limits of `filterload`. A filter without bits matches everything.
class BloomFilter {
 public:
  /// As a peer sent it, within the limits.
  explicit BloomFilter(FilterLoad load);
  /// An empty filter for so many elements, of which others match at about the given rate.
  static BloomFilter For(size_t elements, double false_positives, uint32_t tweak, uint8_t flags);

  const FilterLoad& load() const { return load_; }

  void Insert(ByteSpan element);
  bool Contains(ByteSpan element) const;

  /// Whether the client wants the transaction. If one of its outputs matches, the flags may want
  /// that what spends it will match as well: then the outpoint is inserted.
  bool Match(const Transaction& transaction);

 private:
  size_t BitOf(uint32_t function, ByteSpan element) const;
  bool MatchOutputs(const Transaction& transaction);
  /// Whether one of the script's pushes is in the filter.
  bool MatchesScript(ByteSpan script) const;
  bool WantsOutpointOf(ByteSpan script) const;

  FilterLoad load_;
};

/// MurmurHash3 of 32 bits, the hash of these filters. Not for anything that must withstand attacks.
uint32_t Murmur3(uint32_t seed, ByteSpan bytes);

struct FilteredBlock {
  MerkleBlock message;
  std::vector<uint32_t> matches;  // places in the block, ascending: to be sent as `tx`
};

/// The filter may grow with each match. The block has a transaction at least.
FilteredBlock FilterBlock(const Block& block, BloomFilter& filter);

}  // namespace cairn::wire
