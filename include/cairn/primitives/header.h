// A block header: the 80 bytes that carry the proof of work.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/primitives/hash.h"

namespace cairn {

struct Header {
  static constexpr size_t kSize = 80;

  int32_t version = 0;
  BlockHash previous;
  MerkleRoot merkle_root;
  uint32_t time = 0;  // seconds since 1970
  uint32_t bits = 0;  // compact target
  uint32_t nonce = 0;

  /// From exactly `kSize` bytes.
  static Header From(std::span<const uint8_t, kSize> bytes);

  std::array<uint8_t, kSize> Serialize() const;
  /// Hashes the header anew: two SHA-256 blocks and one.
  BlockHash Hash() const;

  friend bool operator==(const Header&, const Header&) = default;
};

/// The hashes of headers that lie one after another, many lanes at a time. The size must be a
/// multiple of `Header::kSize`.
std::vector<BlockHash> HashHeaders(ByteSpan headers);

}  // namespace cairn
