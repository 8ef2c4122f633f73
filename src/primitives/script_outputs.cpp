// Recognising the standard forms of output scripts.

#include <algorithm>

#include "cairn/primitives/script.h"

namespace cairn {
namespace {

bool IsKeyOfValidSize(ByteSpan key) {
  if (key.size() == 33) return key[0] == 2 || key[0] == 3;
  // 6 and 7 are the hybrid forms, which count as keys here too.
  return key.size() == 65 && (key[0] == 4 || key[0] == 6 || key[0] == 7);
}

/// The number that a small-number opcode (OP_1 to OP_16), or for multisig sizes up to 20 a minimal
/// push, stands for; 0 if it is neither.
int SmallCount(const ScriptElement& element) {
  if (element.opcode >= OP_1 && element.opcode <= OP_16) return element.opcode - OP_1 + 1;
  if (element.opcode == 1 && element.data[0] > 16 && element.data[0] <= 20) return element.data[0];
  return 0;
}

bool MatchMultisig(ByteSpan script, ClassifiedOutput& output) {
  if (script.empty() || script.back() != OP_CHECKMULTISIG) return false;
  ScriptCursor cursor(script);
  ScriptElement element;
  if (!cursor.Next(element)) return false;
  const int required = SmallCount(element);
  std::vector<ByteSpan> keys;
  while (true) {
    if (cursor.AtEnd() || !cursor.Next(element)) return false;
    if (!element.IsPush() || !IsKeyOfValidSize(element.data)) break;
    keys.push_back(element.data);
  }
  const int total = SmallCount(element);
  if (required < 1 || total != static_cast<int>(keys.size()) || required > total) return false;
  if (cursor.Position() + 1 != script.size()) return false;
  output = {OutputType::kMultisig, std::move(keys), required};
  return true;
}

bool MatchPubKey(ByteSpan script, ClassifiedOutput& output) {
  if (script.size() != 35 && script.size() != 67) return false;
  if (script[0] != script.size() - 2 || script.back() != OP_CHECKSIG) return false;
  const ByteSpan key = script.subspan(1, script.size() - 2);
  if (!IsKeyOfValidSize(key)) return false;
  output = {OutputType::kPubKey, {key}, 1};
  return true;
}

bool MatchPubKeyHash(ByteSpan script, ClassifiedOutput& output) {
  if (script.size() != 25 || script[0] != OP_DUP || script[1] != OP_HASH160 || script[2] != 20 ||
      script[23] != OP_EQUALVERIFY || script[24] != OP_CHECKSIG) {
    return false;
  }
  output = {OutputType::kPubKeyHash, {script.subspan(3, 20)}, 1};
  return true;
}

OutputType WitnessType(const WitnessProgram& witness) {
  const size_t size = witness.program.size();
  if (witness.version == 0) {
    return size == 20   ? OutputType::kWitnessV0KeyHash
           : size == 32 ? OutputType::kWitnessV0ScriptHash
                        : OutputType::kNonStandard;
  }
  if (witness.version == 1 && size == 32) return OutputType::kWitnessV1Taproot;
  static constexpr uint8_t kAnchorProgram[] = {0x4e, 0x73};
  if (witness.version == 1 && Equal(witness.program, kAnchorProgram)) return OutputType::kAnchor;
  return OutputType::kWitnessUnknown;
}

}  // namespace

ClassifiedOutput ClassifyOutput(ByteSpan script) {
  if (IsPayToScriptHash(script)) return {OutputType::kScriptHash, {script.subspan(2, 20)}, 0};
  if (const auto witness = ParseWitnessProgram(script)) {
    const OutputType type = WitnessType(*witness);
    if (type == OutputType::kNonStandard) return {};
    return {type, {witness->program}, 0};
  }
  if (!script.empty() && script[0] == OP_RETURN && IsPushOnly(script.subspan(1))) {
    return {OutputType::kNullData, {}, 0};
  }
  ClassifiedOutput output;
  if (MatchPubKey(script, output) || MatchPubKeyHash(script, output)) return output;
  MatchMultisig(script, output);
  return output;
}

std::string_view OutputTypeName(OutputType type) {
  switch (type) {
    case OutputType::kNonStandard: return "nonstandard";
    case OutputType::kPubKey: return "pubkey";
    case OutputType::kPubKeyHash: return "pubkeyhash";
    case OutputType::kScriptHash: return "scripthash";
    case OutputType::kMultisig: return "multisig";
    case OutputType::kNullData: return "nulldata";
    case OutputType::kWitnessV0KeyHash: return "witness_v0_keyhash";
    case OutputType::kWitnessV0ScriptHash: return "witness_v0_scripthash";
    case OutputType::kWitnessV1Taproot: return "witness_v1_taproot";
    case OutputType::kAnchor: return "anchor";
    case OutputType::kWitnessUnknown: return "witness_unknown";
  }
  return "nonstandard";
}

}  // namespace cairn
