// What one run of a script carries beside its stack.
#pragma once

#include <cstdint>
#include <optional>

#include "cairn/crypto/sha256.h"

namespace cairn::consensus {

/// Which rules a script runs under, and how its signatures hash the transaction.
enum class SigVersion {
  kBase,       // bare scripts and P2SH
  kWitnessV0,  // BIP141, BIP143
  kTaproot,    // BIP341 key path: no script runs
  kTapscript,  // BIP342
};

/// Facts of a taproot spend that its signatures commit to, and the budget of BIP342.
struct ExecutionData {
  SigVersion version = SigVersion::kBase;
  std::optional<crypto::Digest> annex_hash;
  crypto::Digest tapleaf_hash{};                  // kTapscript
  uint32_t code_separator_position = 0xffffffff;  // kTapscript: opcode count, or all ones for none
  int64_t validation_weight_left = 0;             // kTapscript
};

}  // namespace cairn::consensus
