// The numbers of policy: what the node relays and mines beyond what consensus demands. They are
// Bitcoin Core's, and those that an operator may choose are in `PolicyOptions`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "cairn/mempool/fee_rate.h"
#include "consensus/rules/block.h"
#include "consensus/script/flags.h"

namespace cairn::mempool {

// ---- A transaction by itself ----

inline constexpr int32_t kMaxStandardVersion = 3;
inline constexpr int32_t kTrucVersion = 3;  // BIP431
inline constexpr uint32_t kMaxStandardWeight = 400'000;
/// Smaller ones could be a node of a Merkle tree (64 bytes) for someone who is shown a proof.
inline constexpr uint32_t kMinStandardStrippedSize = 65;
/// Room for the signatures of a 15-of-15 multisig in P2SH with compressed keys.
inline constexpr size_t kMaxStandardScriptSig = 1650;
inline constexpr size_t kMaxStandardMultisigKeys = 3;
inline constexpr uint64_t kMaxStandardSigopsCost = consensus::kMaxBlockSigopsCost / 5;

// ---- What it spends ----

inline constexpr uint32_t kMaxP2shSigops = 15;
inline constexpr size_t kMaxStandardWitnessScript = 3600;
inline constexpr size_t kMaxStandardWitnessItems = 100;
inline constexpr size_t kMaxStandardWitnessItem = 80;
inline constexpr size_t kMaxStandardTapscriptItem = 80;

// ---- Its place in the graph ----

/// One more child of this size may join a parent that has all its descendants, so that neither side
/// of a payment channel can keep the other from raising the fee.
inline constexpr int64_t kCarveOutVsize = 10'000;
/// Of the transactions that one replacement evicts (BIP125).
inline constexpr uint64_t kMaxReplaced = 100;
inline constexpr int64_t kTrucMaxVsize = 10'000;
inline constexpr int64_t kTrucChildMaxVsize = 1'000;
inline constexpr uint64_t kTrucMaxFamily = 2;

// ---- The pool ----

/// Halves the minimum fee rate that evictions have raised.
inline constexpr std::chrono::hours kRollingFeeHalflife{12};
/// Of transactions that a reorganisation gives back.
inline constexpr size_t kMaxReturnedBytes = 20'000'000;

/// Script rules whose violation makes a transaction invalid.
inline constexpr consensus::ScriptFlags kMandatoryScriptFlags =
    consensus::ScriptFlags::kP2sh | consensus::ScriptFlags::kDersig |
    consensus::ScriptFlags::kNullDummy | consensus::ScriptFlags::kCheckLockTimeVerify |
    consensus::ScriptFlags::kCheckSequenceVerify | consensus::ScriptFlags::kWitness |
    consensus::ScriptFlags::kTaproot;

/// Those that leave it valid, but not worth relaying: they end malleability, and keep free what
/// later soft forks may give a meaning.
inline constexpr consensus::ScriptFlags kStandardScriptFlags =
    kMandatoryScriptFlags | consensus::ScriptFlags::kStrictEnc |
    consensus::ScriptFlags::kMinimalData | consensus::ScriptFlags::kDiscourageUpgradableNops |
    consensus::ScriptFlags::kCleanStack | consensus::ScriptFlags::kMinimalIf |
    consensus::ScriptFlags::kNullFail | consensus::ScriptFlags::kLowS |
    consensus::ScriptFlags::kDiscourageUpgradableWitnessProgram |
    consensus::ScriptFlags::kWitnessPubkeyType | consensus::ScriptFlags::kConstScriptCode |
    consensus::ScriptFlags::kDiscourageUpgradableTaprootVersion |
    consensus::ScriptFlags::kDiscourageOpSuccess |
    consensus::ScriptFlags::kDiscourageUpgradablePubkeyType;

/// How large the family of a transaction in the pool may be, itself included.
struct FamilyLimits {
  uint64_t ancestors = 25;
  int64_t ancestor_vsize = 101'000;
  uint64_t descendants = 25;
  int64_t descendant_vsize = 101'000;
};

struct PolicyOptions {
  bool require_standard = true;                     // -acceptnonstdtxn, inverted
  FeeRate min_relay_fee{1000};                      // -minrelaytxfee
  FeeRate incremental_fee{1000};                    // -incrementalrelayfee
  FeeRate dust_fee{3000};                           // -dustrelayfee
  std::optional<size_t> max_datacarrier_bytes{83};  // -datacarriersize; nothing: -datacarrier=0
  bool permit_bare_multisig = true;                 // -permitbaremultisig
  uint32_t bytes_per_sigop = 20;                    // -bytespersigop
  bool full_rbf = true;                             // -mempoolfullrbf
  FamilyLimits limits;                              // -limitancestorcount and its like
  int64_t max_bytes = 300'000'000;                  // -maxmempool
  std::chrono::seconds expiry = std::chrono::hours(336);  // -mempoolexpiry
};

}  // namespace cairn::mempool
