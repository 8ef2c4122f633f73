// What a transaction's signature operations cost a block (BIP16, BIP141).
#pragma once

#include <span>

#include "cairn/primitives/coin.h"
#include "cairn/primitives/transaction.h"
#include "consensus/script/flags.h"

namespace cairn::consensus {

/// In the block's units: an operation in scriptSigs, output scripts and P2SH scripts costs 4, one
/// in a witness script 1. `coins` are those of the inputs, in order; a coinbase has none.
uint64_t SigopsCost(const Transaction& tx, std::span<const Coin* const> coins, ScriptFlags flags);

}  // namespace cairn::consensus
