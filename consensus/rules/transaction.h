// Rules that a transaction keeps or breaks by itself, without its coins or its place.
#pragma once

#include <span>

#include "cairn/primitives/transaction.h"
#include "consensus/rulebook.h"

namespace cairn::consensus {

/// A block may weigh this much (BIP141); nothing in it may be larger.
inline constexpr uint32_t kMaxBlockWeight = 4'000'000;

std::span<const Rule<Transaction>> TransactionRules();

Verdict CheckTransaction(const Transaction& tx);

/// Whether a lock time allows the transaction in a block of this height; `cutoff` is the time that
/// lock times are compared with (BIP113: the median time past of the parent).
bool IsFinal(const Transaction& tx, int height, int64_t cutoff);

}  // namespace cairn::consensus
