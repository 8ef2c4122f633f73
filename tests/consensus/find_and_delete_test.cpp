// What bare scripts cut out of the script that a signature signs.

#include "consensus/script/find_and_delete.h"

#include <random>

#include <gtest/gtest.h>

#include "cairn/base/endian.h"
#include "cairn/primitives/script.h"
#include "consensus/script/flags.h"

namespace cairn::test {
namespace {

using consensus::FindAndDelete;

/// A push whose length takes `length_bytes`: none for an opcode that is the length.
Bytes PushOf(const Bytes& data, int length_bytes) {
  uint8_t length[4];
  StoreLittle(length, static_cast<uint32_t>(data.size()));
  Bytes push;
  switch (length_bytes) {
    case 0: push = {length[0]}; break;
    case 1: push = {OP_PUSHDATA1, length[0]}; break;
    case 2: push = {OP_PUSHDATA2, length[0], length[1]}; break;
    default: push = {OP_PUSHDATA4, length[0], length[1], length[2], length[3]};
  }
  push.insert(push.end(), data.begin(), data.end());
  return push;
}

Bytes Join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// What is left of a script; the script itself where nothing was found.
Bytes Without(const Bytes& data, const Bytes& script) {
  Bytes kept;
  if (!FindAndDelete(script, data, kept)) {
    EXPECT_TRUE(kept.empty());
    return script;
  }
  EXPECT_LT(kept.size(), script.size());
  return kept;
}

TEST(FindAndDelete, CutsOnlyTheShortestFormOfAPush) {
  const struct {
    size_t size;
    int shortest;
  } cases[] = {{0, 0},   {1, 0},   {71, 0},  {75, 0},     {76, 1},    {77, 1},
               {255, 1}, {256, 2}, {520, 2}, {65'535, 2}, {65'536, 4}};
  for (const auto& [size, shortest] : cases) {
    const Bytes data(size, 0x5a);
    for (const int form : {0, 1, 2, 4}) {
      const bool fits = (form != 0 || size < OP_PUSHDATA1) && (form != 1 || size <= 0xff) &&
                        (form != 2 || size <= 0xffff);
      if (!fits) continue;
      SCOPED_TRACE(std::to_string(size) + " bytes, form " + std::to_string(form));
      const Bytes script = Join({{OP_1}, PushOf(data, form), {OP_CHECKSIG}});
      const Bytes left = Without(data, script);
      EXPECT_EQ(left, form == shortest ? (Bytes{OP_1, OP_CHECKSIG}) : script);
    }
  }
}

TEST(FindAndDelete, CutsEveryOneAndOnlyWhereAnOpcodeBegins) {
  const Bytes data(80, 7);
  const Bytes push = PushOf(data, 1);
  EXPECT_EQ(Without(data, push), Bytes{});
  EXPECT_EQ(Without(data, Join({push, push, {OP_DUP}, push})), Bytes{OP_DUP});
  const Bytes inside = PushOf(Join({{1}, push}), 1);
  EXPECT_EQ(Without(data, inside), inside);
  EXPECT_EQ(Without(data, Join({inside, push})), inside);
}

TEST(FindAndDelete, LeavesWhatLiesBehindAMalformedPush) {
  const Bytes data(80, 7);
  const Bytes push = PushOf(data, 1);
  const Bytes cut_short = Join({{OP_PUSHDATA2, 0xff, 0xff}, push});
  EXPECT_EQ(Without(data, cut_short), cut_short);
  EXPECT_EQ(Without(data, Join({push, cut_short})), cut_short);
  EXPECT_EQ(Without(data, Bytes(push.begin(), push.end() - 1)),
            Bytes(push.begin(), push.end() - 1));
}

/// By the words of the rule: walk opcode by opcode, and at each beginning cut as often as it fits.
Bytes PlainWithout(const Bytes& push, const Bytes& script) {
  Bytes left;
  size_t at = 0;
  while (at < script.size()) {
    if (ByteSpan(script).subspan(at).size() >= push.size() &&
        std::equal(push.begin(), push.end(), script.begin() + static_cast<long>(at))) {
      at += push.size();
      continue;
    }
    ScriptCursor cursor(ByteSpan(script).subspan(at));
    ScriptElement element;
    const size_t size = cursor.Next(element) ? cursor.Position() : script.size() - at;
    Append(left, ByteSpan(script).subspan(at, size));
    at += size;
  }
  return left;
}

TEST(FindAndDelete, DoesAsThePlainRuleOnRandomScripts) {
  std::mt19937 random(4);
  int cut = 0;
  for (int round = 0; round < 20'000; ++round) {
    const Bytes data(random() % 3, OP_PUSHDATA1);
    Bytes script;
    // Few kinds of bytes, which are lengths, pushes and data alike.
    for (size_t i = random() % 24; i > 0; --i) {
      const uint8_t kinds[] = {0, 1, 2, OP_PUSHDATA1, OP_DUP};
      script.push_back(kinds[random() % std::size(kinds)]);
    }
    const Bytes left = Without(data, script);
    ASSERT_EQ(left, PlainWithout(PushOf(data, 0), script)) << round;
    if (left.size() < script.size()) ++cut;
  }
  EXPECT_GT(cut, 4'000);
}

TEST(ScriptFlagNames, AreThoseOfBitcoinCore) {
  EXPECT_EQ(consensus::ScriptFlagNamed("TAPROOT")->bits(), consensus::ScriptFlags::kTaproot);
  for (const char* unknown : {"", "taproot", "TAPROOT ", "NONE_SUCH"}) {
    EXPECT_FALSE(consensus::ScriptFlagNamed(unknown).has_value()) << unknown;
  }
}

}  // namespace
}  // namespace cairn::test
