// The compact form of coins, in the database, in memory and in undo data. See
// docs/formats/coins.md.
#pragma once

#include <array>
#include <cstdint>

#include "cairn/base/bytes.h"
#include "cairn/base/reader.h"
#include "cairn/primitives/coin.h"
#include "cairn/primitives/transaction.h"

namespace cairn::storage {

/// Variable-length integers, seven bits per byte, the lowest first, the top bit set on all but the
/// last.
void AppendVarint(Bytes& out, uint64_t value);
/// Fails the reader on more than ten bytes, overflow, or a last byte of zero (another encoding of
/// less).
uint64_t ReadVarint(Reader& reader);

/// Amounts in bitcoin often end in zeroes: the trailing decimal zeroes are counted, not stored.
/// For values up to `kMaxMoney`.
uint64_t CompressAmount(uint64_t satoshis);
uint64_t DecompressAmount(uint64_t compressed);

/// Appends the coin: height and coinbase bit, amount, script.
void AppendCoin(Bytes& out, const Coin& coin);

/// A coin that owns its script, as decoded.
struct StoredCoin {
  Amount value = 0;
  int height = 0;
  bool coinbase = false;
  Bytes script;

  Coin View() const { return {value, height, coinbase, script}; }
};

/// Reads what `AppendCoin` wrote; a failure is latched in `reader`.
StoredCoin ReadCoin(Reader& reader);

/// The same into a coin that is used again and again, whose script keeps its room.
void ReadCoinInto(Reader& reader, StoredCoin& coin);

/// The database key of an outpoint: txid, then the index big-endian, so that a transaction's
/// outputs lie together in order.
Bytes CoinKey(const OutPoint& outpoint);

inline constexpr size_t kCoinKeySize = 1 + Txid::kSize + sizeof(uint32_t);
/// The same without memory of its own.
std::array<uint8_t, kCoinKeySize> RawCoinKey(const OutPoint& outpoint);

}  // namespace cairn::storage
