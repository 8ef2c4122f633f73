// The readable form of scripts: names of opcodes, numbers, data, signatures' hash types.
#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/primitives/script.h"

namespace cairn {
namespace {

std::string Asm(const std::string& hex, bool decode_sighash = false) {
  const Bytes script = FromHex(hex).value();
  return ScriptToAsm(script, decode_sighash);
}

#define NAMED(opcode) \
  { opcode, #opcode }

constexpr std::pair<uint8_t, const char*> kNames[] = {
    NAMED(OP_RESERVED),
    NAMED(OP_NOP),
    NAMED(OP_VER),
    NAMED(OP_IF),
    NAMED(OP_NOTIF),
    NAMED(OP_VERIF),
    NAMED(OP_VERNOTIF),
    NAMED(OP_ELSE),
    NAMED(OP_ENDIF),
    NAMED(OP_VERIFY),
    NAMED(OP_RETURN),
    NAMED(OP_TOALTSTACK),
    NAMED(OP_FROMALTSTACK),
    NAMED(OP_2DROP),
    NAMED(OP_2DUP),
    NAMED(OP_3DUP),
    NAMED(OP_2OVER),
    NAMED(OP_2ROT),
    NAMED(OP_2SWAP),
    NAMED(OP_IFDUP),
    NAMED(OP_DEPTH),
    NAMED(OP_DROP),
    NAMED(OP_DUP),
    NAMED(OP_NIP),
    NAMED(OP_OVER),
    NAMED(OP_PICK),
    NAMED(OP_ROLL),
    NAMED(OP_ROT),
    NAMED(OP_SWAP),
    NAMED(OP_TUCK),
    NAMED(OP_CAT),
    NAMED(OP_SUBSTR),
    NAMED(OP_LEFT),
    NAMED(OP_RIGHT),
    NAMED(OP_SIZE),
    NAMED(OP_INVERT),
    NAMED(OP_AND),
    NAMED(OP_OR),
    NAMED(OP_XOR),
    NAMED(OP_EQUAL),
    NAMED(OP_EQUALVERIFY),
    NAMED(OP_RESERVED1),
    NAMED(OP_RESERVED2),
    NAMED(OP_1ADD),
    NAMED(OP_1SUB),
    NAMED(OP_2MUL),
    NAMED(OP_2DIV),
    NAMED(OP_NEGATE),
    NAMED(OP_ABS),
    NAMED(OP_NOT),
    NAMED(OP_0NOTEQUAL),
    NAMED(OP_ADD),
    NAMED(OP_SUB),
    NAMED(OP_MUL),
    NAMED(OP_DIV),
    NAMED(OP_MOD),
    NAMED(OP_LSHIFT),
    NAMED(OP_RSHIFT),
    NAMED(OP_BOOLAND),
    NAMED(OP_BOOLOR),
    NAMED(OP_NUMEQUAL),
    NAMED(OP_NUMEQUALVERIFY),
    NAMED(OP_NUMNOTEQUAL),
    NAMED(OP_LESSTHAN),
    NAMED(OP_GREATERTHAN),
    NAMED(OP_LESSTHANOREQUAL),
    NAMED(OP_GREATERTHANOREQUAL),
    NAMED(OP_MIN),
    NAMED(OP_MAX),
    NAMED(OP_WITHIN),
    NAMED(OP_RIPEMD160),
    NAMED(OP_SHA1),
    NAMED(OP_SHA256),
    NAMED(OP_HASH160),
    NAMED(OP_HASH256),
    NAMED(OP_CODESEPARATOR),
    NAMED(OP_CHECKSIG),
    NAMED(OP_CHECKSIGVERIFY),
    NAMED(OP_CHECKMULTISIG),
    NAMED(OP_CHECKMULTISIGVERIFY),
    NAMED(OP_NOP1),
    NAMED(OP_CHECKLOCKTIMEVERIFY),
    NAMED(OP_CHECKSEQUENCEVERIFY),
    NAMED(OP_NOP4),
    NAMED(OP_NOP5),
    NAMED(OP_NOP6),
    NAMED(OP_NOP7),
    NAMED(OP_NOP8),
    NAMED(OP_NOP9),
    NAMED(OP_NOP10),
    NAMED(OP_CHECKSIGADD),
    NAMED(OP_INVALIDOPCODE),
    {OP_0, "0"},
    {OP_1NEGATE, "-1"},
};

#undef NAMED

TEST(OpcodeName, OfEveryOpcodeThatHasOne) {
  size_t named = std::size(kNames);
  for (const auto& [opcode, name] : kNames) EXPECT_EQ(OpcodeName(opcode), name);
  for (int number = 1; number <= 16; ++number, ++named) {
    EXPECT_EQ(OpcodeName(static_cast<uint8_t>(OP_1 + number - 1)), std::to_string(number));
  }
  // All others have none.
  size_t unknown = 0;
  for (int opcode = 0; opcode < 256; ++opcode) {
    if (OpcodeName(static_cast<uint8_t>(opcode)) == "OP_UNKNOWN") ++unknown;
  }
  EXPECT_EQ(unknown + named, 256u);
}

TEST(ScriptToAsm, OpcodesAndData) {
  EXPECT_EQ(Asm(""), "");
  EXPECT_EQ(Asm("76a914" + std::string(40, '7') + "88ac"),
            "OP_DUP OP_HASH160 " + std::string(40, '7') + " OP_EQUALVERIFY OP_CHECKSIG");
  EXPECT_EQ(Asm("00"), "0");
  EXPECT_EQ(Asm("4f"), "-1");
  EXPECT_EQ(Asm("5160"), "1 16");
  EXPECT_EQ(Asm("050102030405"), "0102030405");
  EXPECT_EQ(Asm("4c050102030405"), "0102030405");
  EXPECT_EQ(Asm("bbfe"), "OP_UNKNOWN OP_UNKNOWN");
  EXPECT_EQ(Asm("ff"), "OP_INVALIDOPCODE");
}

TEST(ScriptToAsm, ShortDataIsANumber) {
  EXPECT_EQ(Asm("0101"), "1");
  EXPECT_EQ(Asm("0180"), "0");  // a negative zero
  EXPECT_EQ(Asm("0181"), "-1");
  EXPECT_EQ(Asm("020080"), "0");
  EXPECT_EQ(Asm("020180"), "-1");
  EXPECT_EQ(Asm("028000"), "128");
  EXPECT_EQ(Asm("02ff7f"), "32767");
  EXPECT_EQ(Asm("03000080"), "0");
  EXPECT_EQ(Asm("04ffffff7f"), "2147483647");
  EXPECT_EQ(Asm("04ffffffff"), "-2147483647");
  EXPECT_EQ(Asm("04deadbeef"), "-1874767326");
  EXPECT_EQ(Asm("4c0105"), "5");
  EXPECT_EQ(Asm("4d0000"), "0");
  EXPECT_EQ(Asm("050000000080"), "0000000080");  // five bytes are data
}

TEST(ScriptToAsm, ABrokenPushEndsIt) {
  EXPECT_EQ(Asm("02aa"), "[error]");
  EXPECT_EQ(Asm("5102aa"), "1 [error]");
  EXPECT_EQ(Asm("4c"), "[error]");
  EXPECT_EQ(Asm("ac4effffffffac"), "OP_CHECKSIG [error]");
}

// The shortest signature in strict DER, without its hash type.
const std::string kDer = "3006020101020101";

TEST(ScriptToAsm, SignaturesShowTheirHashType) {
  const std::pair<const char*, const char*> types[] = {
      {"01", "[ALL]"},
      {"02", "[NONE]"},
      {"03", "[SINGLE]"},
      {"81", "[ALL|ANYONECANPAY]"},
      {"82", "[NONE|ANYONECANPAY]"},
      {"83", "[SINGLE|ANYONECANPAY]"},
  };
  for (const auto& [byte, name] : types) {
    EXPECT_EQ(Asm("09" + kDer + byte, true), kDer + name);
    EXPECT_EQ(Asm("09" + kDer + byte, false), kDer + byte);
  }
  for (const char* undefined : {"00", "04", "80", "84", "ff"}) {
    EXPECT_EQ(Asm("09" + kDer + undefined, true), kDer + undefined);
  }
}

TEST(ScriptToAsm, WhatIsNoStrictSignatureStaysData) {
  const std::string no_signatures[] = {
      "3006020101020101",        // without a type
      "310602010102010101",      // not a sequence
      "300502010102010101",      // a wrong length
      "300702010102010101",      //
      "300603010102010101",      // not an integer
      "300602010103010101",      //
      "300602018102010101",      // negative
      "300602010102018101",      //
      "30070202000102010101",    // needless zero
      "30070201010202000101",    //
      "3006020001010201010101",  // an empty integer
      "300602010202010101ff",    // stray bytes inside
      "300602050102010101",      // an integer longer than all
      "300602010102050101",      //
  };
  for (const std::string& hex : no_signatures) {
    const Bytes script = ScriptBuilder().Push(FromHex(hex).value()).Take();
    EXPECT_EQ(ScriptToAsm(script, true), hex);
  }
  // With a zero that is needed it is one.
  const std::string positive = "300702020080020101";
  EXPECT_EQ(Asm("0a" + positive + "01", true), positive + "[ALL]");
}

TEST(ScriptToAsm, OutputsThatNobodySpendsHoldNoSignatures) {
  EXPECT_EQ(Asm("6a09" + kDer + "01", true), "OP_RETURN " + kDer + "01");
}

}  // namespace
}  // namespace cairn
