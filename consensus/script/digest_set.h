// A bounded set of digests that forgets: what the caches of proven things are made of.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "cairn/crypto/sha256.h"

namespace cairn::consensus {

/// From any thread, without a lock. All memory is taken at the start; a digest has two sets of four
/// places to go, and takes the place of the oldest in the set that has taken fewer. So next to
/// nothing is lost at six tenths of what there is room for; of one set of eight places a fiftieth
/// was.
///
/// An entry is read and written word by word. Words of several entries read as one match a digest
/// no sooner than chance does, so whatever threads do, only what was added is found. What was added
/// may be lost. Digests must be salted: who can choose them could choose what shares its places.
class DigestSet {
 public:
  /// Takes about `bytes` of memory, at least room for eight digests.
  explicit DigestSet(size_t bytes);

  bool Contains(const crypto::Digest& digest) const;
  void Add(const crypto::Digest& digest);

  /// How many digests there is room for.
  size_t Capacity() const { return sets_ * kWays; }

 private:
  static constexpr size_t kWays = 4;
  static constexpr size_t kWords = sizeof(crypto::Digest) / sizeof(uint64_t);
  using Words = std::array<uint64_t, kWords>;

  /// Zero where nothing was added yet, which is no digest of anything. Two lines of the cache.
  struct alignas(128) Set {
    std::array<std::array<std::atomic<uint64_t>, kWords>, kWays> entries{};

    bool Has(const Words& words) const;
  };

  static Words WordsOf(const crypto::Digest& digest);
  bool Contains(const Words& words) const;

  const size_t sets_;
  const std::unique_ptr<Set[]> table_;
  const std::unique_ptr<std::atomic<uint32_t>[]> added_;  // to each set, ever
};

}  // namespace cairn::consensus
