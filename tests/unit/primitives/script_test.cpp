// Scripts: stepping through hostile ones, building shortest ones, counting signature checks.
#include "cairn/primitives/script.h"

#include <random>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"

namespace cairn {
namespace {

Bytes FromText(std::string_view hex) { return FromHex(hex).value(); }

TEST(ScriptCursor, StepsThroughEveryFormOfPush) {
  const Bytes script = FromText(
      "00"
      "02aabb"
      "4c01cc"
      "4d0200ddee"
      "4e03000000112233"
      "51"
      "ac");
  ScriptCursor cursor(script);
  const std::pair<uint8_t, const char*> expected[] = {{OP_0, ""},
                                                      {2, "aabb"},
                                                      {OP_PUSHDATA1, "cc"},
                                                      {OP_PUSHDATA2, "ddee"},
                                                      {OP_PUSHDATA4, "112233"},
                                                      {OP_1, ""},
                                                      {OP_CHECKSIG, ""}};
  for (const auto& [opcode, data] : expected) {
    ASSERT_FALSE(cursor.AtEnd());
    ScriptElement element;
    ASSERT_TRUE(cursor.Next(element));
    EXPECT_EQ(element.opcode, opcode);
    EXPECT_EQ(ToHex(element.data), data);
    EXPECT_EQ(element.IsPush(), opcode <= OP_PUSHDATA4);
  }
  EXPECT_TRUE(cursor.AtEnd());
  EXPECT_EQ(cursor.Position(), script.size());
  EXPECT_TRUE(ScriptCursor({}).AtEnd());
}

TEST(ScriptCursor, APushBeyondTheEndIsRefusedInPlace) {
  for (const char* hex :
       {"01", "02aa", "4b", "4c", "4c01", "4cff00", "4d", "4d01", "4d0100", "4dffff00", "4e",
        "4e000000", "4e01000000", "4effffffff", "4effffff7f00", "4e0000008000"}) {
    SCOPED_TRACE(hex);
    const Bytes script = FromText(std::string("61") + hex);
    ScriptCursor cursor(script);
    ScriptElement element;
    ASSERT_TRUE(cursor.Next(element));
    for (int i = 0; i < 2; ++i) {
      EXPECT_FALSE(cursor.Next(element));
      EXPECT_EQ(cursor.Position(), 1u);
      EXPECT_FALSE(cursor.AtEnd());
    }
  }
}

TEST(ScriptCursor, PushesOfNothing) {
  for (const char* hex : {"00", "4c00", "4d0000", "4e00000000"}) {
    const Bytes script = FromText(hex);
    ScriptCursor cursor(script);
    ScriptElement element;
    ASSERT_TRUE(cursor.Next(element)) << hex;
    EXPECT_TRUE(element.data.empty());
    EXPECT_TRUE(cursor.AtEnd());
  }
}

TEST(ScriptCursor, RandomScriptsEndWithinTheirBytes) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    Bytes script(random() % 40);
    for (uint8_t& byte : script)
      byte = static_cast<uint8_t>(random() % 2 ? random() : random() % 80);
    ScriptCursor cursor(script);
    ScriptElement element;
    size_t before = 0;
    while (!cursor.AtEnd() && cursor.Next(element)) {
      ASSERT_GE(cursor.Position(), before + 1 + element.data.size());
      ASSERT_LE(cursor.Position(), script.size());
      if (!element.data.empty()) {
        // The data lies right before the next element.
        ASSERT_EQ(element.data.data() + element.data.size(), script.data() + cursor.Position());
      }
      before = cursor.Position();
    }
  }
}

TEST(ScriptBuilder, PushesWithTheShortestLength) {
  const std::pair<size_t, const char*> cases[] = {
      {0, "00"},       {1, "01"},       {75, "4b"},        {76, "4c4c"},          {255, "4cff"},
      {256, "4d0001"}, {520, "4d0802"}, {65535, "4dffff"}, {65536, "4e00000100"},
  };
  for (const auto& [size, prefix] : cases) {
    const Bytes data(size, 0x5a);
    const Bytes script = ScriptBuilder().Push(data).Take();
    EXPECT_EQ(ToHex(script), prefix + ToHex(data));
    ScriptCursor cursor(script);
    ScriptElement element;
    ASSERT_TRUE(cursor.Next(element));
    EXPECT_TRUE(Equal(element.data, data));
    EXPECT_TRUE(cursor.AtEnd());
  }
}

TEST(ScriptBuilder, Numbers) {
  const std::pair<int64_t, const char*> cases[] = {
      {0, "00"},
      {-1, "4f"},
      {1, "51"},
      {16, "60"},
      {17, "0111"},
      {-2, "0182"},
      {127, "017f"},
      {128, "028000"},
      {-127, "01ff"},
      {-128, "028080"},
      {255, "02ff00"},
      {256, "020001"},
      {-255, "02ff80"},
      {32767, "02ff7f"},
      {32768, "03008000"},
      {-32768, "03008080"},
      {500'000, "0320a107"},
      {0x7fffffff, "04ffffff7f"},
      {0x80000000, "050000008000"},
      {-0x7fffffff, "04ffffffff"},
      {INT64_MAX, "08ffffffffffffff7f"},
      {INT64_MIN, "09000000000000008080"},
  };
  for (const auto& [number, hex] : cases) {
    EXPECT_EQ(ToHex(ScriptBuilder().Number(number).Take()), hex) << number;
  }
}

TEST(ScriptBuilder, Chains) {
  EXPECT_EQ(ToHex(ScriptBuilder().Op(OP_DUP).Number(2).Push(Bytes{9}).Op(OP_EQUAL).Take()),
            "76520109"
            "87");
}

/// The number that the bytes of a script number stand for.
int64_t Value(const Bytes& bytes) {
  int64_t magnitude = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const uint8_t digit = i + 1 == bytes.size() ? bytes[i] & 0x7f : bytes[i];
    magnitude |= int64_t{digit} << (8 * i);
  }
  return !bytes.empty() && (bytes.back() & 0x80) != 0 ? -magnitude : magnitude;
}

TEST(ScriptNumber, ThereAndBackInTheFewestBytes) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20'000; ++i) {
    const auto number = static_cast<int64_t>(random()) >> random() % 63;
    if (number == INT64_MIN) continue;
    const Bytes bytes = EncodeScriptNumber(number);
    ASSERT_EQ(Value(bytes), number);
    if (bytes.empty()) continue;
    // The last byte is there for its seven bits, or for the sign that the one before has no room
    // for.
    const bool needed =
        (bytes.back() & 0x7f) != 0 || (bytes.size() > 1 && (bytes[bytes.size() - 2] & 0x80) != 0);
    ASSERT_TRUE(needed) << number;
  }
  EXPECT_TRUE(EncodeScriptNumber(0).empty());
}

TEST(CountSigops, CountsByOpcode) {
  struct Case {
    const char* hex;
    uint32_t rough;
    uint32_t accurate;
  };
  const Case cases[] = {
      {"", 0, 0},
      {"ac", 1, 1},
      {"ad", 1, 1},
      {"acadacad", 4, 4},
      {"ae", 20, 20},
      {"af", 20, 20},
      {"51ae", 20, 1},
      {"60af", 20, 16},
      {"52ae53af", 40, 5},
      {"00ae", 20, 20},          // OP_0 is no count
      {"4fae", 20, 20},          // nor is OP_1NEGATE
      {"50ae", 20, 20},          // nor OP_RESERVED
      {"0102ae", 20, 20},        // a pushed number does not count
      {"5261ae", 20, 20},        // only right before
      {"52aeae", 40, 22},        // the second stands behind an opcode
      {"ba", 0, 0},              // CHECKSIGADD is tapscript's
      {"02acac", 0, 0},          // in a push
      {"ac02ac", 1, 1},          // counting ends where the script breaks
      {"ac4c", 1, 1},            //
      {"ac4effffffffac", 1, 1},  //
      {"6aac", 1, 1},            // behind OP_RETURN all the same
      {"63ac68", 1, 1},          // in a branch
      {"ffac", 1, 1},            // behind an invalid opcode
  };
  for (const Case& test : cases) {
    const Bytes script = FromText(test.hex);
    EXPECT_EQ(CountSigops(script, false), test.rough) << test.hex;
    EXPECT_EQ(CountSigops(script, true), test.accurate) << test.hex;
  }
}

TEST(CountSigops, OfAHugeScript) {
  EXPECT_EQ(CountSigops(Bytes(1'000'000, OP_CHECKMULTISIG), false), 20'000'000u);
}

TEST(Script, Unspendable) {
  EXPECT_FALSE(IsUnspendable({}));
  EXPECT_TRUE(IsUnspendable(FromText("6a")));
  EXPECT_TRUE(IsUnspendable(FromText("6a51")));
  EXPECT_FALSE(IsUnspendable(FromText("516a")));
  EXPECT_FALSE(IsUnspendable(Bytes(kMaxScriptSize, OP_NOP)));
  EXPECT_TRUE(IsUnspendable(Bytes(kMaxScriptSize + 1, OP_NOP)));
}

TEST(Script, PayToScriptHashIsOneExactForm) {
  const std::string hash(40, '7');
  EXPECT_TRUE(IsPayToScriptHash(FromText("a914" + hash + "87")));
  EXPECT_FALSE(IsPayToScriptHash({}));
  EXPECT_FALSE(IsPayToScriptHash(FromText("a914" + hash + "88")));
  EXPECT_FALSE(IsPayToScriptHash(FromText("aa14" + hash + "87")));
  EXPECT_FALSE(IsPayToScriptHash(FromText("a915" + hash + "87")));
  EXPECT_FALSE(IsPayToScriptHash(FromText("a914" + hash + "8787")));
  EXPECT_FALSE(IsPayToScriptHash(FromText("a94c14" + hash + "87")));
  EXPECT_FALSE(IsPayToScriptHash(FromText("a914" + hash.substr(2) + "87")));
}

TEST(WitnessProgram, EveryVersionAndSize) {
  for (int opcode = 0; opcode < 256; ++opcode) {
    for (size_t size = 0; size <= 45; ++size) {
      Bytes script = {static_cast<uint8_t>(opcode), static_cast<uint8_t>(size)};
      script.resize(2 + size, 0x33);
      const auto parsed = ParseWitnessProgram(script);
      const bool versioned = opcode == OP_0 || (opcode >= OP_1 && opcode <= OP_16);
      ASSERT_EQ(parsed.has_value(), versioned && size >= 2 && size <= 40) << opcode << " " << size;
      if (!parsed) continue;
      ASSERT_EQ(parsed->version, opcode == OP_0 ? 0 : opcode - OP_1 + 1);
      ASSERT_EQ(parsed->program.size(), size);
      ASSERT_EQ(parsed->program.data(), script.data() + 2);
    }
  }
}

TEST(WitnessProgram, IsOnePushAndNoMore) {
  EXPECT_FALSE(ParseWitnessProgram({}).has_value());
  EXPECT_FALSE(ParseWitnessProgram(FromText("00")).has_value());
  EXPECT_FALSE(ParseWitnessProgram(FromText("0002aa")).has_value());
  EXPECT_FALSE(ParseWitnessProgram(FromText("0002aabbcc")).has_value());
  EXPECT_FALSE(ParseWitnessProgram(FromText("004c02aabb")).has_value());
  EXPECT_FALSE(ParseWitnessProgram(FromText("00aabb51")).has_value());
  EXPECT_FALSE(ParseWitnessProgram(FromText("000302aa")).has_value());
}

TEST(Script, PushOnly) {
  EXPECT_TRUE(IsPushOnly({}));
  EXPECT_TRUE(
      IsPushOnly(FromText("00"
                          "4f"
                          "50"
                          "51"
                          "60"
                          "02aabb"
                          "4c01cc"
                          "4d0000"
                          "4e00000000")));
  EXPECT_FALSE(IsPushOnly(FromText("61")));
  EXPECT_FALSE(IsPushOnly(FromText("5161")));
  EXPECT_FALSE(IsPushOnly(FromText("02aa")));
  EXPECT_FALSE(IsPushOnly(FromText("4c")));
  EXPECT_FALSE(IsPushOnly(FromText("ff")));
}

}  // namespace
}  // namespace cairn
