#include "cairn/crypto/secret_key.h"

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/crypto/secp256k1.h"
#include "tests/unit/crypto/openssl_reference.h"

namespace cairn::crypto {
namespace {

SecretKey Small(uint8_t number) {
  SecretKey key{};
  key.back() = number;
  return key;
}

Digest DigestOf(const std::string& hex) {
  Digest digest{};
  const Bytes bytes = FromHex(hex).value();
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

const std::string kOrder = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
const std::string kOrderLess1 = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
const std::string kX = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

CompressedKey CompressedOf(uint8_t number) {
  CompressedKey key;
  const Bytes bytes = PublicKeyOf(Small(number), true);
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

TEST(SecretKey, LiesBetweenZeroAndTheOrder) {
  EXPECT_FALSE(IsSecretKey(Small(0)));
  EXPECT_TRUE(IsSecretKey(Small(1)));
  EXPECT_TRUE(IsSecretKey(DigestOf(kOrderLess1)));
  EXPECT_FALSE(IsSecretKey(DigestOf(kOrder)));
}

TEST(SecretKey, HasAPublicKey) {
  EXPECT_EQ(ToHex(PublicKeyOf(Small(1), true)), "02" + kX);
  EXPECT_EQ(ToHex(PublicKeyOf(Small(1), false)).substr(0, 66), "04" + kX);
  EXPECT_EQ(ToHex(PublicKeyOf(DigestOf(kOrderLess1), true)), "03" + kX);
}

TEST(SecretKey, SumsAgree) {
  EXPECT_EQ(AddToSecret(Small(3), Small(4)), Small(7));
  EXPECT_EQ(AddToPublic(CompressedOf(3), Small(4)), CompressedOf(7));
  EXPECT_FALSE(AddToSecret(Small(1), DigestOf(kOrderLess1)));
  EXPECT_FALSE(AddToPublic(CompressedOf(1), DigestOf(kOrderLess1)));
  EXPECT_FALSE(AddToSecret(Small(1), DigestOf(kOrder)));
  EXPECT_FALSE(AddToPublic(CompressedOf(1), DigestOf(kOrder)));
  EXPECT_FALSE(AddToPublic(CompressedKey{}, Small(1)));
}

TEST(SecretKey, EcdsaSignaturesAreShortAndTrue) {
  test::RandomBytes random(1);
  for (uint8_t i = 1; i < 50; ++i) {
    const Digest message = Sha256Of(random.Next(20));
    const Bytes signature = SignEcdsa(Small(i), message);
    EXPECT_LE(signature.size(), 70u);
    EXPECT_TRUE(HasLowS(signature));
    EXPECT_TRUE(VerifyEcdsa(PublicKeyOf(Small(i), true), message, signature));
    EXPECT_FALSE(VerifyEcdsa(PublicKeyOf(Small(i + 1), true), message, signature));
    EXPECT_EQ(SignEcdsa(Small(i), message), signature);
  }
}

TEST(SecretKey, SchnorrSignaturesAreTrueWithAndWithoutATweak) {
  const Digest message = Sha256Of(AsBytes("message"));
  const Bytes internal(PublicKeyOf(Small(5), true));
  const ByteSpan x_only = ByteSpan(internal).subspan(1);
  EXPECT_TRUE(VerifySchnorr(x_only, message, *SignSchnorr(Small(5), message, nullptr)));

  const Digest tweak = Small(9);
  Bytes output(32);
  bool odd = false;
  ASSERT_TRUE(TweakKey(x_only, tweak, output.data(), &odd));
  EXPECT_TRUE(VerifySchnorr(output, message, *SignSchnorr(Small(5), message, &tweak)));
  const Digest too_much = DigestOf(kOrder);
  EXPECT_FALSE(SignSchnorr(Small(5), message, &too_much));
}

TEST(SecretKey, SignaturesTellTheirKey) {
  test::RandomBytes random(1);
  for (uint8_t i = 1; i < 50; ++i) {
    const bool compressed = i % 2 == 0;
    const Digest message = Sha256Of(random.Next(20));
    const RecoverableSignature signature = SignRecoverable(Small(i), message, compressed);
    EXPECT_EQ(RecoverPublicKey(signature, message), PublicKeyOf(Small(i), compressed));
    EXPECT_NE(RecoverPublicKey(signature, Sha256Of(message)), PublicKeyOf(Small(i), compressed));
  }
  EXPECT_FALSE(RecoverPublicKey(RecoverableSignature{}, Digest{}));
  EXPECT_FALSE(RecoverPublicKey(Bytes(64, 1), Digest{}));
  EXPECT_FALSE(RecoverPublicKey(ByteSpan(), Digest{}));
}

}  // namespace
}  // namespace cairn::crypto
