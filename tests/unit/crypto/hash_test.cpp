#include "cairn/crypto/hash.h"

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "tests/unit/crypto/openssl_reference.h"

namespace cairn::crypto {
namespace {

using test::OpensslDigest160;
using test::OpensslSha256;
using test::RandomBytes;

std::string Ripemd160Hex(std::string_view text) { return ToHex(Ripemd160Of(AsBytes(text))); }
std::string Sha1Hex(std::string_view text) { return ToHex(Sha1Of(AsBytes(text))); }

TEST(Ripemd160, GivesTheDigestsOfThePaper) {
  EXPECT_EQ(Ripemd160Hex(""), "9c1185a5c5e9fc54612808977ee8f548b2258d31");
  EXPECT_EQ(Ripemd160Hex("a"), "0bdc9d2d256b3ee9daae347be6f4dc835a467ffe");
  EXPECT_EQ(Ripemd160Hex("abc"), "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
  EXPECT_EQ(Ripemd160Hex("message digest"), "5d0689ef49d2fae572b881b123a85ffa21595f36");
  EXPECT_EQ(Ripemd160Hex("abcdefghijklmnopqrstuvwxyz"), "f71c27109c692c1b56bbdceb5b9d2865b3708dbc");
  EXPECT_EQ(Ripemd160Hex(std::string(1'000'000, 'a')), "52783243c1697bdbe16d37f97f68f08325dc1528");
}

TEST(Ripemd160, AgreesWithOpensslAtEveryLength) {
  RandomBytes random(1);
  for (size_t size = 0; size <= 300; ++size) {
    const Bytes message = random.Next(size);
    ASSERT_EQ(Ripemd160Of(message), OpensslDigest160(EVP_ripemd160(), message)) << size;
  }
}

TEST(Sha1, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(Sha1Hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(Sha1Hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Sha1Hex(std::string(1'000'000, 'a')), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(Sha1, AgreesWithOpensslAtEveryLength) {
  RandomBytes random(2);
  for (size_t size = 0; size <= 300; ++size) {
    const Bytes message = random.Next(size);
    ASSERT_EQ(Sha1Of(message), OpensslDigest160(EVP_sha1(), message)) << size;
  }
}

TEST(Hash160, IsThatOfTheKeyInBip173) {
  const auto key = FromHex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(ToHex(Hash160Of(*key)), "751e76e8199196d454941c45d1b3a323f1433bd6");
}

TEST(Hash160, IsRipemd160OfSha256) {
  RandomBytes random(3);
  for (int i = 0; i < 200; ++i) {
    const Bytes message = random.Next(random.Below(200));
    ASSERT_EQ(Hash160Of(message), OpensslDigest160(EVP_ripemd160(), OpensslSha256(message)));
  }
}

}  // namespace
}  // namespace cairn::crypto
