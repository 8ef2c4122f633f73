// Rules that a transaction keeps or breaks by itself, without its coins or its place.
#pragma once

#include <span>

#include "cairn/primitives/transaction.h"
#include "consensus/rulebook.h"

namespace cairn::consensus {

/// A block may weigh this much (BIP141); nothing in it may be larger.
inline constexpr uint32_t kMaxBlockWeight = 4'000'000;

/// Lock times below are heights, from here on seconds since 1970.
inline constexpr uint32_t kLockTimeThreshold = 500'000'000;

/// BIP68: what the bits of an input's sequence mean.
inline constexpr uint32_t kSequenceDisabled = 1u << 31;  // no relative lock
inline constexpr uint32_t kSequenceIsTime = 1u << 22;    // units of 512 seconds, else blocks
inline constexpr uint32_t kSequenceMask = 0xffff;
inline constexpr unsigned kSequenceTimeShift = 9;

/// BIP68: relative locks hold from version 2 on, read as an unsigned number.
inline bool HasRelativeLocks(const Transaction& tx) {
  return static_cast<uint32_t>(tx.version) >= 2;
}

/// An output's value, and what the outputs before it come to.
struct SummedOutput {
  Amount value;
  Amount total_before;  // within 21 million bitcoins
};

std::span<const Rule<Transaction>> TransactionRules();
std::span<const Rule<SummedOutput>> OutputRules();

Verdict CheckTransaction(const Transaction& tx);

/// Whether a lock time allows the transaction in a block of this height; `cutoff` is the time that
/// lock times are compared with (BIP113: the median time past of the parent).
bool IsFinal(const Transaction& tx, int height, int64_t cutoff);

}  // namespace cairn::consensus
