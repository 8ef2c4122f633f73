// Golomb-coded sets (BIP158): a set of byte strings as the sorted, coded differences of their
// hashes. It answers for sure that an element is absent, and wrongly that it is there once in
// `spread` times.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cairn/base/bytes.h"

namespace cairn {

/// What builder and reader of a set must agree on.
struct GolombCode {
  uint64_t key0 = 0;  // of SipHash-2-4
  uint64_t key1 = 0;
  unsigned remainder_bits = 0;  // P: the part of a difference that is not coded in unary; up to 32
  uint64_t spread = 0;          // M: hashes are less than so many times the number of elements
};

/// The number of different elements, then their hashes. Elements may occur more than once.
Bytes EncodeGolombSet(const GolombCode& code, std::span<const ByteSpan> elements);

/// A set as decoded: takes eight bytes for each element.
class GolombSet {
 public:
  /// Nothing if the bytes are no set, or have more behind it. Takes time and memory in proportion
  /// to the number of bytes, whatever they are.
  static std::optional<GolombSet> Decode(const GolombCode& code, ByteSpan bytes);

  size_t size() const { return hashes_.size(); }

  bool Matches(ByteSpan element) const;
  /// True if any of the elements matches: cheaper than one after the other.
  bool MatchesAny(std::span<const ByteSpan> elements) const;

 private:
  explicit GolombSet(const GolombCode& code) : code_(code) {}

  GolombCode code_;
  std::vector<uint64_t> hashes_;  // ascending
};

}  // namespace cairn
