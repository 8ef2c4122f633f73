// Compact block filters (BIP157, BIP158): a set of the scripts that a block pays to and spends
// from, so that a wallet learns whether the block concerns it, and the chain of their headers.
//
// Pure functions, from any thread. There is one type of filter, the basic one.
#pragma once

#include <optional>
#include <span>

#include "cairn/base/bytes.h"
#include "cairn/primitives/block.h"
#include "cairn/primitives/coin.h"
#include "cairn/primitives/golomb_set.h"
#include "cairn/primitives/hash.h"

namespace cairn {

using FilterHash = Hash<struct FilterHashMeaning>;
using FilterHeader = Hash<struct FilterHeaderMeaning>;

/// The filter type's number on the wire.
inline constexpr uint8_t kBasicFilterType = 0;

/// The basic filter of a block. `spent` has the coins of its inputs behind the coinbase, in order.
Bytes BuildBasicFilter(const Block& block, std::span<const Coin* const> spent);

/// Reads a filter, to match scripts with it. Nothing if the bytes are none; see `GolombSet`.
std::optional<GolombSet> DecodeBasicFilter(const BlockHash& block, ByteSpan filter);

FilterHash HashFilter(ByteSpan filter);

/// The header of a filter, which commits to all before it. That of genesis follows one of zeroes.
FilterHeader FilterHeaderAfter(const FilterHeader& previous, const FilterHash& filter);

}  // namespace cairn
