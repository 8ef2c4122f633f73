// What a rule says of its subject: kept, or which one was broken and where.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "consensus/script/error.h"

namespace cairn::consensus {

/// Every way to be refused, one per rule.
enum class Reject : uint8_t {
  // headers
  kHighHash,
  kBadDiffBits,
  kTimeTooOld,
  kTimewarpAttack,
  kTimeTooNew,
  kBadVersion,
  kForkPriorToCheckpoint,
  // transactions by themselves
  kInputsEmpty,
  kOutputsEmpty,
  kOversize,
  kOutputNegative,
  kOutputTooLarge,
  kOutputTotalTooLarge,
  kInputsDuplicate,
  kCoinbaseLength,
  kPrevoutNull,
  // blocks by themselves
  kMerkleRoot,
  kTransactionsDuplicate,
  kBlockLength,
  kCoinbaseMissing,
  kCoinbaseMultiple,
  kBlockSigops,
  kSignetSolution,
  // blocks at their place in the chain
  kNonFinal,
  kCoinbaseHeight,
  kWitnessNonceSize,
  kWitnessMerkleMatch,
  kUnexpectedWitness,
  kBlockWeight,
  // spending
  kBip30,
  kMissingOrSpent,
  kPrematureCoinbaseSpend,
  kInputValuesOutOfRange,
  kInputsBelowOutputs,
  kFeeOutOfRange,
  kAccumulatedFeeOutOfRange,
  kSequenceLocks,
  kSigopsCost,
  kCoinbaseAmount,
  kScript,
};

/// The reject reason as peers, logs and RPC name it, such as "bad-cb-height".
std::string_view ReasonOf(Reject reject);

/// One broken rule, and what broke it.
struct Violation {
  Reject reject{};
  std::optional<uint32_t> transaction{};  // index in the block
  std::optional<uint32_t> input{};        // index in the transaction
  ScriptError script_error{};             // of `kScript`
  int32_t version = 0;                    // of `kBadVersion`: what the header says

  /// The reject reason, with the script's error or the header's version in brackets as Bitcoin Core
  /// says it.
  std::string Reason() const;
  /// The reason with the place behind it where there is one.
  std::string ToString() const;
};

/// Success, or the first violation.
using Verdict = tl::expected<void, Violation>;

/// Who or what a violation condemns.
enum class Blame {
  kInvalid,    // the subject itself, for ever
  kMutated,    // only these bytes: the body does not belong to the header
  kPremature,  // nothing yet: it may become valid as time passes
  kMissing,    // nothing: what it builds on is unknown
};

/// Whether the violation was found in a block or in a transaction on its own.
enum class Subject { kBlock, kLooseTransaction };

Blame BlameOf(const Violation& violation, Subject subject);

}  // namespace cairn::consensus
