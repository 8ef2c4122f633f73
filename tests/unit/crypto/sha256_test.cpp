#include "cairn/crypto/sha256.h"

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "tests/unit/crypto/openssl_reference.h"

namespace cairn::crypto {
namespace {

using test::OpensslSha256;
using test::RandomBytes;

std::string Sha256Hex(std::string_view text) { return ToHex(Sha256Of(AsBytes(text))); }

TEST(Sha256, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, HashesTwiceForBitcoin) {
  EXPECT_EQ(ToHex(Sha256dOf(AsBytes("hello"))),
            "9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50");
}

TEST(Sha256, HashesEveryLengthAroundABlock) {
  RandomBytes random(1);
  for (size_t size = 0; size <= 300; ++size) {
    const Bytes message = random.Next(size);
    EXPECT_EQ(Sha256Of(message), OpensslSha256(message)) << size << " bytes";
  }
}

TEST(Sha256, DoesNotCareHowAMessageIsCut) {
  RandomBytes random(2);
  for (int round = 0; round < 500; ++round) {
    const Bytes message = random.Next(random.Below(1000));
    Sha256 hasher;
    ByteSpan rest = message;
    while (!rest.empty()) {
      const size_t size = random.Below(std::min<size_t>(rest.size(), 150) + 1);
      hasher.Update(rest.first(size));
      rest = rest.subspan(size);
    }
    EXPECT_EQ(hasher.Finish(), OpensslSha256(message)) << message.size() << " bytes";
  }
}

TEST(Sha256, StartsAnewAfterReset) {
  Sha256 hasher;
  hasher.Update(AsBytes("something else")).Finish();
  hasher.Reset();
  EXPECT_EQ(hasher.Update(AsBytes("abc")).Finish(), Sha256Of(AsBytes("abc")));
}

}  // namespace
}  // namespace cairn::crypto
