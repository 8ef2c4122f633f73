#include "cairn/crypto/sha3.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "cairn/base/hex.h"
#include "tests/unit/crypto/openssl_reference.h"

namespace cairn::crypto {
namespace {

TEST(Sha3, GivesTheValuesOfTheStandard) {
  EXPECT_EQ(ToHex(Sha3Of({})), "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
  EXPECT_EQ(ToHex(Sha3Of(AsBytes("abc"))),
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
}

TEST(Sha3, AgreesWithOpensslAtEveryLength) {
  test::RandomBytes random(1);
  for (size_t size = 0; size <= 600; ++size) {
    const Bytes message = random.Next(size);
    Digest expected;
    ASSERT_EQ(EVP_Digest(message.data(), message.size(), expected.data(), nullptr, EVP_sha3_256(),
                         nullptr),
              1);
    ASSERT_EQ(Sha3Of(message), expected) << size << " bytes";
  }
}

}  // namespace
}  // namespace cairn::crypto
