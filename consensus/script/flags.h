// Which rules of script are in force: those of consensus by the block's place, and those of policy.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cairn/primitives/hash.h"

namespace cairn::consensus {

struct Params;

/// A set of script rules.
class ScriptFlags {
 public:
  enum Flag : uint32_t {
    kNone = 0,
    kP2sh = 1u << 0,                                 // BIP16
    kStrictEnc = 1u << 1,                            // policy: defined hash types and key forms
    kDersig = 1u << 2,                               // BIP66
    kLowS = 1u << 3,                                 // policy, BIP146
    kNullDummy = 1u << 4,                            // BIP147
    kSigPushOnly = 1u << 5,                          // policy
    kMinimalData = 1u << 6,                          // policy
    kDiscourageUpgradableNops = 1u << 7,             // policy
    kCleanStack = 1u << 8,                           // policy; needs P2SH and witness
    kCheckLockTimeVerify = 1u << 9,                  // BIP65
    kCheckSequenceVerify = 1u << 10,                 // BIP112
    kWitness = 1u << 11,                             // BIP141
    kDiscourageUpgradableWitnessProgram = 1u << 12,  // policy
    kMinimalIf = 1u << 13,                           // policy
    kNullFail = 1u << 14,                            // policy, BIP146
    kWitnessPubkeyType = 1u << 15,                   // policy
    kConstScriptCode = 1u << 16,                     // policy
    kTaproot = 1u << 17,                             // BIP341, BIP342
    kDiscourageUpgradableTaprootVersion = 1u << 18,  // policy
    kDiscourageOpSuccess = 1u << 19,                 // policy
    kDiscourageUpgradablePubkeyType = 1u << 20,      // policy
    kAll = (1u << 21) - 1,
  };

  constexpr ScriptFlags() = default;
  constexpr ScriptFlags(uint32_t bits) : bits_(bits) {}  // NOLINT(google-explicit-constructor)

  constexpr bool Has(Flag flag) const { return (bits_ & flag) != 0; }
  constexpr bool HasAny(uint32_t flags) const { return (bits_ & flags) != 0; }
  constexpr uint32_t bits() const { return bits_; }

  friend constexpr ScriptFlags operator|(ScriptFlags a, ScriptFlags b) { return a.bits_ | b.bits_; }
  friend bool operator==(const ScriptFlags&, const ScriptFlags&) = default;

 private:
  uint32_t bits_ = 0;
};

/// The flag of a name such as "P2SH" or "CHECKLOCKTIMEVERIFY"; nothing if unknown.
std::optional<ScriptFlags> ScriptFlagNamed(std::string_view name);

/// The rules that bind the scripts of a block: by height, with the exceptions that history needs.
ScriptFlags ScriptFlagsAt(int height, const BlockHash& hash, const Params& params);

}  // namespace cairn::consensus
