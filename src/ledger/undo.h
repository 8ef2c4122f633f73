// Undo data: the coins that a block spent, so that it can be disconnected. See
// docs/formats/blocks.md.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "cairn/primitives/coin.h"
#include "cairn/primitives/hash.h"
#include "cairn/storage/coin_codec.h"

namespace cairn::ledger {

/// The record: hash of the block, number of coins, each coin, in the order of the block's inputs
/// behind the coinbase.
Bytes EncodeUndo(const BlockHash& block, std::span<const Coin* const> coins);

/// Nothing if the bytes are no undo record of that block.
std::optional<std::vector<storage::StoredCoin>> DecodeUndo(const BlockHash& block, ByteSpan bytes);

}  // namespace cairn::ledger
