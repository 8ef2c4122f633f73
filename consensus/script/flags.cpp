#include "consensus/script/flags.h"

#include <iterator>

#include "consensus/deployments.h"
#include "consensus/params.h"

namespace cairn::consensus {
namespace {

struct NamedFlag {
  std::string_view name;
  ScriptFlags::Flag flag;
};

constexpr NamedFlag kNames[] = {
    {"NONE", ScriptFlags::kNone},
    {"P2SH", ScriptFlags::kP2sh},
    {"STRICTENC", ScriptFlags::kStrictEnc},
    {"DERSIG", ScriptFlags::kDersig},
    {"LOW_S", ScriptFlags::kLowS},
    {"NULLDUMMY", ScriptFlags::kNullDummy},
    {"SIGPUSHONLY", ScriptFlags::kSigPushOnly},
    {"MINIMALDATA", ScriptFlags::kMinimalData},
    {"DISCOURAGE_UPGRADABLE_NOPS", ScriptFlags::kDiscourageUpgradableNops},
    {"CLEANSTACK", ScriptFlags::kCleanStack},
    {"CHECKLOCKTIMEVERIFY", ScriptFlags::kCheckLockTimeVerify},
    {"CHECKSEQUENCEVERIFY", ScriptFlags::kCheckSequenceVerify},
    {"WITNESS", ScriptFlags::kWitness},
    {"DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM", ScriptFlags::kDiscourageUpgradableWitnessProgram},
    {"MINIMALIF", ScriptFlags::kMinimalIf},
    {"NULLFAIL", ScriptFlags::kNullFail},
    {"WITNESS_PUBKEYTYPE", ScriptFlags::kWitnessPubkeyType},
    {"CONST_SCRIPTCODE", ScriptFlags::kConstScriptCode},
    {"TAPROOT", ScriptFlags::kTaproot},
    {"DISCOURAGE_UPGRADABLE_TAPROOT_VERSION", ScriptFlags::kDiscourageUpgradableTaprootVersion},
    {"DISCOURAGE_OP_SUCCESS", ScriptFlags::kDiscourageOpSuccess},
    {"DISCOURAGE_UPGRADABLE_PUBKEYTYPE", ScriptFlags::kDiscourageUpgradablePubkeyType},
};

}  // namespace

std::optional<ScriptFlags> ScriptFlagNamed(std::string_view name) {
  for (const NamedFlag& entry : kNames) {
    if (entry.name == name) return ScriptFlags(entry.flag);
  }
  return std::nullopt;
}

ScriptFlags ScriptFlagsAt(int height, const BlockHash& hash, const Params& params) {
  // BIP16, BIP141 and BIP341 hold for the whole history but for single blocks: nothing older breaks
  // them, so no height needs to be asked.
  ScriptFlags flags = ScriptFlags::kP2sh | ScriptFlags::kWitness | ScriptFlags::kTaproot;
  const auto exception = params.script_flag_exceptions.find(hash);
  if (exception != params.script_flag_exceptions.end()) flags = exception->second;
  if (IsBip66Active(height, params)) flags = flags | ScriptFlags::kDersig;
  if (IsBip65Active(height, params)) flags = flags | ScriptFlags::kCheckLockTimeVerify;
  if (IsCsvActive(height, params)) flags = flags | ScriptFlags::kCheckSequenceVerify;
  if (IsSegwitActive(height, params)) flags = flags | ScriptFlags::kNullDummy;
  return flags;
}

}  // namespace cairn::consensus
