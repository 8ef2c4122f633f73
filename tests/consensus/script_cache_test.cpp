// What the cache of proven transactions finds again.

#include "consensus/script/script_cache.h"

#include <gtest/gtest.h>

namespace cairn::test {
namespace {

using consensus::ScriptCache;
using consensus::ScriptFlags;

Wtxid Numbered(uint8_t number) {
  Wtxid wtxid;
  wtxid.bytes[0] = number;
  return wtxid;
}

TEST(ScriptCache, FindsATransactionUnderTheRulesThatItKept) {
  ScriptCache cache(1 << 16, {});
  EXPECT_FALSE(cache.IsUsed());
  EXPECT_FALSE(cache.Contains(Numbered(1), ScriptFlags::kP2sh));
  cache.Add(Numbered(1), ScriptFlags::kP2sh);
  EXPECT_TRUE(cache.IsUsed());
  EXPECT_TRUE(cache.Contains(Numbered(1), ScriptFlags::kP2sh));
  // Fewer rules would hold too, but which are fewer is not for a cache to say.
  EXPECT_FALSE(cache.Contains(Numbered(1), ScriptFlags::kNone));
  EXPECT_FALSE(
      cache.Contains(Numbered(1), ScriptFlags(ScriptFlags::kP2sh) | ScriptFlags::kWitness));
  EXPECT_FALSE(cache.Contains(Numbered(2), ScriptFlags::kP2sh));
}

TEST(ScriptCache, IsBounded) {
  ScriptCache cache(0, {});
  for (uint8_t i = 0; i < 9; ++i) cache.Add(Numbered(i), ScriptFlags::kNone);
  int found = 0;
  for (uint8_t i = 0; i < 9; ++i) found += cache.Contains(Numbered(i), ScriptFlags::kNone);
  EXPECT_EQ(found, 8);
  EXPECT_TRUE(cache.Contains(Numbered(8), ScriptFlags::kNone));
}

}  // namespace
}  // namespace cairn::test
