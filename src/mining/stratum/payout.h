// Whom a block pays: its coinbase's outputs for what miners have worked.
//
// Pure functions, from any thread. All arithmetic is in whole numbers, so that what is paid out is
// to the satoshi what the block earns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/primitives/amount.h"
#include "cairn/primitives/transaction.h"
#include "cairn/primitives/u256.h"

namespace cairn::mining::stratum {

enum class PayoutRule {
  kSolo,   // all to the worker who finds the block
  kPplns,  // to all who found the last shares, which together are worth twice the block's work
};

/// In pay per last N shares, N is so many times the work that a block takes.
inline constexpr uint32_t kWindowBlocks = 2;

/// What costs more to spend than it is worth is not paid; Bitcoin Core's limit for the costliest
/// standard output.
inline constexpr Amount kLeastPayout = 546;

/// Even if the rest of the block leaves room for more outputs.
inline constexpr size_t kMostPayouts = 100;

/// A share in the reward: how much work was done for a script.
struct Payee {
  Bytes script;
  U256 work;  // hashes; below 2^192
};

/// Each script once, with all its work if there is any: who did most first; of equals, whose script
/// is the least.
std::vector<Payee> Ranked(std::span<const Payee> payees);

/// That a share of difficulty 1 takes on average.
inline constexpr double kHashesOfDifficultyOne = 4294967296.0;

/// Hashes that a share of this difficulty takes on average: difficulty times 2^32, at least one.
/// The difficulty is below 2^32.
uint64_t WorkOfShare(double difficulty);

/// How many outputs there is room for beside transactions of this weight in all, the coinbase not
/// counted. At least one.
size_t RoomForPayouts(uint64_t weight);

/// Splits `total` in proportion to the work, rounded down. The one who did most (of equals, whose
/// script is the least) takes what is left over by rounding, as well as what would be dust, and
/// what those would get who come behind the `most` that did most. The outputs are in that order,
/// and sum up to `total`. Equal scripts count as one; without work nobody is paid.
std::vector<TransactionDraft::Output> ShareOut(Amount total, std::span<const Payee> payees,
                                               size_t most);

}  // namespace cairn::mining::stratum
