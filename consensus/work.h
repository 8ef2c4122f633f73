// Targets and work: how hard the next block must be, and what a block has proven.
#pragma once

#include <cstdint>

#include "cairn/primitives/hash.h"
#include "cairn/primitives/u256.h"
#include "consensus/params.h"
#include "consensus/views.h"

namespace cairn::consensus {

/// True if `bits` is a target of this chain and `hash`, as a number, does not exceed it.
bool MeetsTarget(const BlockHash& hash, uint32_t bits, const RetargetRules& rules);

/// The `bits` that a block with timestamp `time` must have on top of `chain`.
uint32_t NextBits(const Ancestors& chain, uint32_t time, const RetargetRules& rules);

/// The expected number of hashes behind a block: 2^256 / (target + 1). Zero for an invalid target.
U256 WorkOf(uint32_t bits);

/// How many times harder than the easiest mainnet target, as RPC shows it.
double DifficultyOf(uint32_t bits);

}  // namespace cairn::consensus
