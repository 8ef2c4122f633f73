// Scripts: opcodes, stepping through them, building them, and recognising the standard output
// types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/bytes.h"

namespace cairn {

enum Opcode : uint8_t {
  OP_0 = 0x00,
  OP_PUSHDATA1 = 0x4c,
  OP_PUSHDATA2 = 0x4d,
  OP_PUSHDATA4 = 0x4e,
  OP_1NEGATE = 0x4f,
  OP_RESERVED = 0x50,
  OP_1 = 0x51,
  OP_16 = 0x60,
  OP_NOP = 0x61,
  OP_VER = 0x62,
  OP_IF = 0x63,
  OP_NOTIF = 0x64,
  OP_VERIF = 0x65,
  OP_VERNOTIF = 0x66,
  OP_ELSE = 0x67,
  OP_ENDIF = 0x68,
  OP_VERIFY = 0x69,
  OP_RETURN = 0x6a,
  OP_TOALTSTACK = 0x6b,
  OP_FROMALTSTACK = 0x6c,
  OP_2DROP = 0x6d,
  OP_2DUP = 0x6e,
  OP_3DUP = 0x6f,
  OP_2OVER = 0x70,
  OP_2ROT = 0x71,
  OP_2SWAP = 0x72,
  OP_IFDUP = 0x73,
  OP_DEPTH = 0x74,
  OP_DROP = 0x75,
  OP_DUP = 0x76,
  OP_NIP = 0x77,
  OP_OVER = 0x78,
  OP_PICK = 0x79,
  OP_ROLL = 0x7a,
  OP_ROT = 0x7b,
  OP_SWAP = 0x7c,
  OP_TUCK = 0x7d,
  OP_CAT = 0x7e,
  OP_SUBSTR = 0x7f,
  OP_LEFT = 0x80,
  OP_RIGHT = 0x81,
  OP_SIZE = 0x82,
  OP_INVERT = 0x83,
  OP_AND = 0x84,
  OP_OR = 0x85,
  OP_XOR = 0x86,
  OP_EQUAL = 0x87,
  OP_EQUALVERIFY = 0x88,
  OP_RESERVED1 = 0x89,
  OP_RESERVED2 = 0x8a,
  OP_1ADD = 0x8b,
  OP_1SUB = 0x8c,
  OP_2MUL = 0x8d,
  OP_2DIV = 0x8e,
  OP_NEGATE = 0x8f,
  OP_ABS = 0x90,
  OP_NOT = 0x91,
  OP_0NOTEQUAL = 0x92,
  OP_ADD = 0x93,
  OP_SUB = 0x94,
  OP_MUL = 0x95,
  OP_DIV = 0x96,
  OP_MOD = 0x97,
  OP_LSHIFT = 0x98,
  OP_RSHIFT = 0x99,
  OP_BOOLAND = 0x9a,
  OP_BOOLOR = 0x9b,
  OP_NUMEQUAL = 0x9c,
  OP_NUMEQUALVERIFY = 0x9d,
  OP_NUMNOTEQUAL = 0x9e,
  OP_LESSTHAN = 0x9f,
  OP_GREATERTHAN = 0xa0,
  OP_LESSTHANOREQUAL = 0xa1,
  OP_GREATERTHANOREQUAL = 0xa2,
  OP_MIN = 0xa3,
  OP_MAX = 0xa4,
  OP_WITHIN = 0xa5,
  OP_RIPEMD160 = 0xa6,
  OP_SHA1 = 0xa7,
  OP_SHA256 = 0xa8,
  OP_HASH160 = 0xa9,
  OP_HASH256 = 0xaa,
  OP_CODESEPARATOR = 0xab,
  OP_CHECKSIG = 0xac,
  OP_CHECKSIGVERIFY = 0xad,
  OP_CHECKMULTISIG = 0xae,
  OP_CHECKMULTISIGVERIFY = 0xaf,
  OP_NOP1 = 0xb0,
  OP_CHECKLOCKTIMEVERIFY = 0xb1,
  OP_CHECKSEQUENCEVERIFY = 0xb2,
  OP_NOP4 = 0xb3,
  OP_NOP5 = 0xb4,
  OP_NOP6 = 0xb5,
  OP_NOP7 = 0xb6,
  OP_NOP8 = 0xb7,
  OP_NOP9 = 0xb8,
  OP_NOP10 = 0xb9,
  OP_CHECKSIGADD = 0xba,
  OP_INVALIDOPCODE = 0xff,
};

/// Scripts longer than this fail, so their outputs can never be spent.
inline constexpr size_t kMaxScriptSize = 10'000;

/// "OP_CHECKSIG", "0", "-1", "16", "OP_UNKNOWN": the names of Bitcoin Core's asm form.
std::string_view OpcodeName(uint8_t opcode);

/// One element of a script: an opcode with the data that it pushes.
struct ScriptElement {
  uint8_t opcode = OP_INVALIDOPCODE;
  ByteSpan data;  // for opcodes up to OP_PUSHDATA4
  bool IsPush() const { return opcode <= OP_PUSHDATA4; }
};

/// Steps through a script.
class ScriptCursor {
 public:
  explicit ScriptCursor(ByteSpan script) : script_(script) {}

  bool AtEnd() const { return at_ == script_.size(); }
  size_t Position() const { return at_; }

  /// False, without moving on, when a push runs past the end of the script. Not to be called at the
  /// end.
  bool Next(ScriptElement& element);

 private:
  ByteSpan script_;
  size_t at_ = 0;
};

/// Builds scripts with the shortest pushes.
class ScriptBuilder {
 public:
  ScriptBuilder& Op(uint8_t opcode);
  ScriptBuilder& Push(ByteSpan data);
  /// OP_0, OP_1NEGATE, OP_1..OP_16, or the number's minimal bytes.
  ScriptBuilder& Number(int64_t value);

  Bytes Take() { return std::move(script_); }

 private:
  Bytes script_;
};

/// A script number: little-endian with a sign bit, shortest form; empty for zero.
Bytes EncodeScriptNumber(int64_t value);

/// Signature checks as counted before BIP16: CHECKSIG counts 1, CHECKMULTISIG 20, or with
/// `accurate` the number pushed right before it. Counting ends at a malformed push.
uint32_t CountSigops(ByteSpan script, bool accurate);

/// A script that no input can ever satisfy: OP_RETURN first, or too long.
inline bool IsUnspendable(ByteSpan script) {
  return (!script.empty() && script[0] == OP_RETURN) || script.size() > kMaxScriptSize;
}

bool IsPayToScriptHash(ByteSpan script);

/// A witness program (BIP141): version opcode and one push of 2 to 40 bytes.
struct WitnessProgram {
  int version = 0;
  ByteSpan program;
};
std::optional<WitnessProgram> ParseWitnessProgram(ByteSpan script);

/// Only pushes (OP_RESERVED counts as one), all well formed.
bool IsPushOnly(ByteSpan script);

enum class OutputType {
  kNonStandard,
  kPubKey,
  kPubKeyHash,
  kScriptHash,
  kMultisig,
  kNullData,
  kWitnessV0KeyHash,
  kWitnessV0ScriptHash,
  kWitnessV1Taproot,
  kAnchor,
  kWitnessUnknown,
};

/// The name of Bitcoin Core's RPC: "pubkeyhash", "witness_v1_taproot", ...
std::string_view OutputTypeName(OutputType type);

/// An output script taken apart. For key and hash types `parts` has the key or hash; for multisig
/// the keys.
struct ClassifiedOutput {
  OutputType type = OutputType::kNonStandard;
  std::vector<ByteSpan> parts;
  int required = 0;  // multisig: signatures needed
};
ClassifiedOutput ClassifyOutput(ByteSpan script);

/// Bitcoin Core's asm form. With `decode_sighash`, a push that is a signature in strict DER shows
/// its hash type as in `[ALL]`.
std::string ScriptToAsm(ByteSpan script, bool decode_sighash = false);

}  // namespace cairn
