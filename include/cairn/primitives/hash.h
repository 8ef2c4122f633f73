// The 256-bit hashes of the protocol, one type per meaning, so that a txid never passes for a block
// hash.
//
// Bytes are in internal order (as hashed and as on the wire); text is in display order, reversed.
#pragma once

#include <array>
#include <compare>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "cairn/base/bytes.h"
#include "cairn/base/endian.h"

namespace cairn {

std::string HashToText(const std::array<uint8_t, 32>& bytes);
std::optional<std::array<uint8_t, 32>> HashFromText(std::string_view text);

template <typename Meaning>
struct Hash {
  std::array<uint8_t, 32> bytes{};

  static constexpr size_t kSize = 32;

  static Hash From(ByteSpan from) {
    Hash hash;
    std::memcpy(hash.bytes.data(), from.data(), kSize);
    return hash;
  }

  /// From 64 hex digits in display order.
  static std::optional<Hash> FromText(std::string_view text) {
    const auto parsed = HashFromText(text);
    if (!parsed) return std::nullopt;
    return Hash{*parsed};
  }

  bool IsZero() const { return *this == Hash{}; }
  ByteSpan span() const { return bytes; }
  /// 64 hex digits in display order.
  std::string ToString() const { return HashToText(bytes); }

  friend bool operator==(const Hash&, const Hash&) = default;
  friend std::strong_ordering operator<=>(const Hash& a, const Hash& b) {
    return std::memcmp(a.bytes.data(), b.bytes.data(), kSize) <=> 0;
  }
};

using Txid = Hash<struct TxidMeaning>;
using Wtxid = Hash<struct WtxidMeaning>;
using BlockHash = Hash<struct BlockHashMeaning>;
using MerkleRoot = Hash<struct MerkleRootMeaning>;

/// For tables keyed by hashes that an attacker cannot choose cheaply (block hashes cost work).
struct UnsaltedHasher {
  template <typename Meaning>
  size_t operator()(const Hash<Meaning>& hash) const {
    return LoadLittle<size_t>(hash.bytes.data());
  }
};

}  // namespace cairn
