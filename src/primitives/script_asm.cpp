// The readable form of scripts that JSON-RPC calls "asm".

#include <array>
#include <cstdlib>

#include "cairn/base/hex.h"
#include "cairn/primitives/script.h"

namespace cairn {
namespace {

// From OP_1NEGATE (0x4f) to OP_CHECKSIGADD (0xba) without a gap.
constexpr std::array<std::string_view, OP_CHECKSIGADD - OP_1NEGATE + 1> kNames = {
    "-1",
    "OP_RESERVED",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "10",
    "11",
    "12",
    "13",
    "14",
    "15",
    "16",
    "OP_NOP",
    "OP_VER",
    "OP_IF",
    "OP_NOTIF",
    "OP_VERIF",
    "OP_VERNOTIF",
    "OP_ELSE",
    "OP_ENDIF",
    "OP_VERIFY",
    "OP_RETURN",
    "OP_TOALTSTACK",
    "OP_FROMALTSTACK",
    "OP_2DROP",
    "OP_2DUP",
    "OP_3DUP",
    "OP_2OVER",
    "OP_2ROT",
    "OP_2SWAP",
    "OP_IFDUP",
    "OP_DEPTH",
    "OP_DROP",
    "OP_DUP",
    "OP_NIP",
    "OP_OVER",
    "OP_PICK",
    "OP_ROLL",
    "OP_ROT",
    "OP_SWAP",
    "OP_TUCK",
    "OP_CAT",
    "OP_SUBSTR",
    "OP_LEFT",
    "OP_RIGHT",
    "OP_SIZE",
    "OP_INVERT",
    "OP_AND",
    "OP_OR",
    "OP_XOR",
    "OP_EQUAL",
    "OP_EQUALVERIFY",
    "OP_RESERVED1",
    "OP_RESERVED2",
    "OP_1ADD",
    "OP_1SUB",
    "OP_2MUL",
    "OP_2DIV",
    "OP_NEGATE",
    "OP_ABS",
    "OP_NOT",
    "OP_0NOTEQUAL",
    "OP_ADD",
    "OP_SUB",
    "OP_MUL",
    "OP_DIV",
    "OP_MOD",
    "OP_LSHIFT",
    "OP_RSHIFT",
    "OP_BOOLAND",
    "OP_BOOLOR",
    "OP_NUMEQUAL",
    "OP_NUMEQUALVERIFY",
    "OP_NUMNOTEQUAL",
    "OP_LESSTHAN",
    "OP_GREATERTHAN",
    "OP_LESSTHANOREQUAL",
    "OP_GREATERTHANOREQUAL",
    "OP_MIN",
    "OP_MAX",
    "OP_WITHIN",
    "OP_RIPEMD160",
    "OP_SHA1",
    "OP_SHA256",
    "OP_HASH160",
    "OP_HASH256",
    "OP_CODESEPARATOR",
    "OP_CHECKSIG",
    "OP_CHECKSIGVERIFY",
    "OP_CHECKMULTISIG",
    "OP_CHECKMULTISIGVERIFY",
    "OP_NOP1",
    "OP_CHECKLOCKTIMEVERIFY",
    "OP_CHECKSEQUENCEVERIFY",
    "OP_NOP4",
    "OP_NOP5",
    "OP_NOP6",
    "OP_NOP7",
    "OP_NOP8",
    "OP_NOP9",
    "OP_NOP10",
    "OP_CHECKSIGADD"};

/// A push of up to four bytes shows as the script number that it holds.
int64_t DecodeNumber(ByteSpan data) {
  int64_t value = 0;
  for (size_t i = 0; i < data.size(); ++i) value |= static_cast<int64_t>(data[i]) << (8 * i);
  if (!data.empty() && (data.back() & 0x80) != 0) {
    return -(value & ~(int64_t{0x80} << (8 * (data.size() - 1))));
  }
  return value;
}

/// One DER integer at the front: positive and without needless zeroes (BIP66). Moves past it.
bool TakeDerInteger(ByteSpan& der) {
  if (der.size() < 3 || der[0] != 0x02 || der[1] == 0 || der.size() < size_t{2} + der[1])
    return false;
  if ((der[2] & 0x80) != 0) return false;
  if (der[1] > 1 && der[2] == 0 && (der[3] & 0x80) == 0) return false;
  der = der.subspan(size_t{2} + der[1]);
  return true;
}

/// The name of a signature's hash type if the push is a strict DER signature with a defined type.
std::string_view SighashName(ByteSpan push) {
  if (push.size() < 9 || push.size() > 73 || push[0] != 0x30 || push[1] != push.size() - 3)
    return {};
  ByteSpan der = push.subspan(2, push.size() - 3);
  if (!TakeDerInteger(der) || !TakeDerInteger(der) || !der.empty()) return {};
  switch (push.back()) {
    case 0x01: return "ALL";
    case 0x02: return "NONE";
    case 0x03: return "SINGLE";
    case 0x81: return "ALL|ANYONECANPAY";
    case 0x82: return "NONE|ANYONECANPAY";
    case 0x83: return "SINGLE|ANYONECANPAY";
    default: return {};
  }
}

std::string PushToAsm(ByteSpan data, bool decode_sighash) {
  if (data.size() <= 4) return std::to_string(DecodeNumber(data));
  const std::string_view sighash = decode_sighash ? SighashName(data) : std::string_view();
  if (sighash.empty()) return ToHex(data);
  return ToHex(data.first(data.size() - 1)) + "[" + std::string(sighash) + "]";
}

}  // namespace

std::string_view OpcodeName(uint8_t opcode) {
  if (opcode == OP_0) return "0";
  if (opcode == OP_INVALIDOPCODE) return "OP_INVALIDOPCODE";
  if (opcode < OP_1NEGATE || opcode > OP_CHECKSIGADD) return "OP_UNKNOWN";
  return kNames[opcode - OP_1NEGATE];
}

std::string ScriptToAsm(ByteSpan script, bool decode_sighash) {
  // A script that cannot be spent is data: what looks like a signature there is none.
  const bool show_types = decode_sighash && !IsUnspendable(script);
  std::string text;
  ScriptCursor cursor(script);
  ScriptElement element;
  while (!cursor.AtEnd()) {
    if (!text.empty()) text += ' ';
    if (!cursor.Next(element)) return text + "[error]";
    text += element.IsPush() ? PushToAsm(element.data, show_types)
                             : std::string(OpcodeName(element.opcode));
  }
  return text;
}

}  // namespace cairn
