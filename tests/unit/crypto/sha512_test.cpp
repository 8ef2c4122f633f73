#include "cairn/crypto/sha512.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include "cairn/base/hex.h"
#include "tests/unit/crypto/openssl_reference.h"

namespace cairn::crypto {
namespace {

TEST(Sha512, GivesTheDigestOfTheStandard) {
  EXPECT_EQ(ToHex(Sha512Of(AsBytes("abc"))),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Sha512, AgreesWithOpensslAtEveryLength) {
  test::RandomBytes random(1);
  for (size_t size = 0; size <= 400; ++size) {
    const Bytes message = random.Next(size);
    Digest512 expected;
    SHA512(message.data(), message.size(), expected.data());
    ASSERT_EQ(Sha512Of(message), expected) << size;
  }
}

TEST(HmacSha512, AgreesWithOpensslForKeysOfAllSizes) {
  test::RandomBytes random(2);
  for (size_t size = 1; size <= 300; ++size) {
    const Bytes key = random.Next(size);
    const Bytes message = random.Next(random.Below(200) + 1);
    Digest512 expected;
    unsigned length = 0;
    HMAC(EVP_sha512(), key.data(), static_cast<int>(key.size()), message.data(), message.size(),
         expected.data(), &length);
    ASSERT_EQ(length, expected.size());
    ASSERT_EQ(HmacSha512(key, message), expected) << size;
  }
}

TEST(HmacSha512, TakesNothing) {
  EXPECT_EQ(ToHex(HmacSha512(ByteSpan(), ByteSpan())).substr(0, 16), "b936cee86c9f87aa");
}

}  // namespace
}  // namespace cairn::crypto
