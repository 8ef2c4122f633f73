// What the signature cache finds again, what it forgets, and the verifier in front of it.

#include "consensus/script/signature_cache.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/base/endian.h"
#include "tests/support/script_cases.h"
#include "tests/support/test_key.h"

namespace cairn::test {
namespace {

using consensus::BatchedCheck;
using consensus::SignatureCache;
using consensus::SignatureCheck;
using consensus::SignatureKind;

crypto::Digest NumberedDigest(uint64_t number) {
  uint8_t bytes[8];
  StoreLittle(bytes, number);
  return crypto::Sha256Of(bytes);
}

/// A check that owns its parts.
struct OwnedCheck {
  Bytes key;
  Bytes signature;
  crypto::Digest message;
  SignatureKind kind = SignatureKind::kEcdsa;

  SignatureCheck View() const { return {kind, key, signature, message}; }
};

OwnedCheck Signed(uint8_t secret, uint64_t number) {
  const TestKey key(secret);
  const auto message = NumberedDigest(number);
  return {key.Compressed(), key.SignEcdsa(message), message};
}

TEST(SignatureCache, FindsWhatWasAddedAndNothingThatDiffers) {
  SignatureCache cache(1 << 16, {});
  const OwnedCheck check = Signed(1, 1);
  const auto entry = cache.EntryOf(check.View());
  EXPECT_FALSE(cache.Contains(entry));
  cache.Add(entry);
  EXPECT_TRUE(cache.Contains(entry));

  std::vector<OwnedCheck> others(6, check);
  others[0].kind = SignatureKind::kSchnorr;
  others[1].key[1] ^= 1;
  others[2].key.push_back(0);
  others[3].signature.back() ^= 1;
  others[4].signature.pop_back();
  others[5].message[31] ^= 1;
  for (const OwnedCheck& other : others) {
    EXPECT_FALSE(cache.Contains(cache.EntryOf(other.View())));
  }
}

TEST(SignatureCache, CutsThePartsInOneWayOnly) {
  const SignatureCache cache(0, {});
  OwnedCheck check = Signed(1, 1);
  const auto entry = cache.EntryOf(check.View());
  // The last byte of the key at the front of what follows.
  check.message[0] = check.key.back();
  check.key.pop_back();
  EXPECT_NE(cache.EntryOf(check.View()), entry);
}

TEST(SignatureCache, SaltsItsEntries) {
  const OwnedCheck check = Signed(1, 1);
  const SignatureCache one(0, NumberedDigest(1));
  const SignatureCache other(0, NumberedDigest(2));
  EXPECT_NE(one.EntryOf(check.View()), other.EntryOf(check.View()));
}

TEST(SignatureCache, IsBounded) {
  SignatureCache cache(0, {});
  ASSERT_EQ(cache.Capacity(), 8u);
  for (uint64_t i = 0; i < 100; ++i) cache.Add(NumberedDigest(i));
  EXPECT_TRUE(cache.Contains(NumberedDigest(99)));
  size_t found = 0;
  for (uint64_t i = 0; i < 100; ++i) found += cache.Contains(NumberedDigest(i)) ? 1 : 0;
  EXPECT_LE(found, 8u);
}

TEST(SignatureCache, UsesTheMemoryItMayTake) {
  SignatureCache cache(1 << 20, {});
  const size_t capacity = cache.Capacity();
  EXPECT_GT(capacity, (1u << 20) / 40);
  EXPECT_LE(capacity, (1u << 20) / sizeof(SignatureCache::Entry));
  for (uint64_t i = 0; i < capacity; ++i) cache.Add(NumberedDigest(i));
  uint64_t found = 0;
  for (uint64_t i = 0; i < capacity; ++i) found += cache.Contains(NumberedDigest(i)) ? 1 : 0;
  // Some sets are asked for more places than they have.
  EXPECT_GT(found, capacity * 8 / 10);
}

TEST(SignatureCache, ServesManyThreads) {
  SignatureCache cache(1 << 12, {});
  constexpr uint64_t kEach = 5000;
  const auto work = [&](uint64_t first) {
    for (uint64_t i = first; i < first + kEach; ++i) {
      cache.Add(NumberedDigest(i));
      // What nobody adds is never found, whatever others write meanwhile.
      ASSERT_FALSE(cache.Contains(NumberedDigest(~i)));
    }
  };
  std::vector<std::jthread> threads;
  // Two of each write the same.
  for (uint64_t i = 0; i < 4; ++i) threads.emplace_back(work, i / 2 * kEach);
  threads.clear();
  uint64_t found = 0;
  for (uint64_t i = 0; i < 2 * kEach; ++i) found += cache.Contains(NumberedDigest(i)) ? 1 : 0;
  EXPECT_GT(found, 0u);
  EXPECT_LE(found, cache.Capacity());
}

TEST(CachingVerifier, RemembersOnlyWhatIsRight) {
  SignatureCache cache(1 << 12, {});
  CountingVerifier curve;
  consensus::CachingVerifier caching(cache, curve);
  const OwnedCheck right = Signed(1, 1);
  OwnedCheck wrong = Signed(1, 2);
  wrong.message[0] ^= 1;
  for (int turn = 0; turn < 3; ++turn) {
    EXPECT_TRUE(caching.Verify(right.View()));
    EXPECT_TRUE(caching.VerifyOneOfMany(right.View()));
    EXPECT_FALSE(caching.Verify(wrong.View()));
    EXPECT_FALSE(caching.VerifyOneOfMany(wrong.View()));
  }
  EXPECT_EQ(curve.valid(), 1u);
  EXPECT_EQ(curve.invalid(), 6u);
  EXPECT_EQ(caching.hits(), 5u);
}

TEST(CachingVerifier, PassesOnTheUnknownOfABatch) {
  SignatureCache cache(1 << 12, {});
  CountingVerifier curve;
  consensus::CachingVerifier caching(cache, curve);
  std::vector<OwnedCheck> checks;
  for (uint64_t i = 0; i < 8; ++i) checks.push_back(Signed(1, i));
  checks[5].signature[10] ^= 1;
  ASSERT_TRUE(caching.Verify(checks[0].View()));
  ASSERT_TRUE(caching.Verify(checks[3].View()));
  std::vector<BatchedCheck> batch;
  for (const OwnedCheck& check : checks) batch.push_back({check.View()});
  caching.VerifyBatch(batch);
  for (size_t i = 0; i < batch.size(); ++i) EXPECT_EQ(batch[i].valid, i != 5) << i;
  EXPECT_EQ(curve.valid(), 7u);
  EXPECT_EQ(curve.invalid(), 1u);
  caching.VerifyBatch(batch);
  for (size_t i = 0; i < batch.size(); ++i) EXPECT_EQ(batch[i].valid, i != 5) << i;
  EXPECT_EQ(curve.valid(), 7u);
  EXPECT_EQ(curve.invalid(), 2u);
}

}  // namespace
}  // namespace cairn::test
