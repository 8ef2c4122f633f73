// Which bytes are keys.
#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/crypto/secp256k1.h"

namespace cairn::crypto {
namespace {

const std::string kX = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const std::string kY = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

bool IsKey(const std::string& hex) { return IsPublicKey(*FromHex(hex)); }
bool IsX(const std::string& hex) { return IsXOnlyKey(*FromHex(hex)); }

TEST(Keys, EncodingsOfAPoint) {
  for (const std::string& key : {"02" + kX, "03" + kX, "04" + kX + kY, "06" + kX + kY}) {
    EXPECT_TRUE(IsKey(key)) << key;
  }
  for (const std::string& key : {std::string(), "05" + kX, kX, "04" + kX + kX, "07" + kX + kY,
                                 "02" + kX + "00", "02" + std::string(64, 'f')}) {
    EXPECT_FALSE(IsKey(key)) << key;
  }
}

TEST(Keys, NoBytesAreNoKey) {
  EXPECT_FALSE(IsPublicKey(ByteSpan()));
  EXPECT_FALSE(IsXOnlyKey(ByteSpan()));
  EXPECT_FALSE(VerifyEcdsa(ByteSpan(), Digest{}, ByteSpan()));
}

TEST(Keys, CoordinatesOfPoints) {
  EXPECT_TRUE(IsX(kX));
  EXPECT_TRUE(IsX(std::string(63, '0') + "1"));
  EXPECT_FALSE(IsX(std::string(64, '0')));
  EXPECT_FALSE(IsX(std::string(63, '0') + "5"));
  // One more than the field's prime: not reduced.
  EXPECT_FALSE(IsX("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30"));
  EXPECT_FALSE(IsX("02" + kX));
  EXPECT_FALSE(IsX(""));
}

}  // namespace
}  // namespace cairn::crypto
