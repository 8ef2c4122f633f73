#include "src/primitives/base58.h"

#include <chrono>
#include <iostream>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "tests/support/vectors.h"

namespace cairn {
namespace {

TEST(Base58, VectorsBothWays) {
  CAIRN_NEED_VECTORS();
  const auto cases =
      json::Parse(test::ReadText(test::VectorPath("keys/base58_encode_decode.json")));
  ASSERT_TRUE(cases) << cases.error().message;
  for (const json::Value& pair : cases->Items()) {
    const std::string& text = pair.Items().at(1).Text();
    const Bytes bytes = FromHex(pair.Items().at(0).Text()).value();
    EXPECT_EQ(EncodeBase58(bytes), text);
    EXPECT_EQ(DecodeBase58(text, bytes.size()), bytes) << text;
    EXPECT_EQ(DecodeBase58(text, 256), bytes) << text;
    if (bytes.empty()) continue;
    EXPECT_EQ(DecodeBase58(text, bytes.size() - 1), std::nullopt) << text;
  }
  EXPECT_GE(cases->Items().size(), 21u);
  std::cout << cases->Items().size() << " base58 cases\n";
}

TEST(Base58, EveryShortValueRoundTrips) {
  for (int size = 0; size < 4; ++size) {
    for (int seed = 0; seed < 2000; ++seed) {
      const Bytes bytes = [&] {
        const uint8_t all[] = {static_cast<uint8_t>(seed), static_cast<uint8_t>(seed >> 3),
                               static_cast<uint8_t>(seed * 7)};
        return Bytes(all, all + size);
      }();
      ASSERT_EQ(DecodeBase58(EncodeBase58(bytes), bytes.size()), bytes);
    }
  }
}

TEST(Base58, RefusesForeignCharacters) {
  for (const char* text : {"0", "O", "I", "l", "a+", "1 1", "\xff", "a\tb"}) {
    EXPECT_EQ(DecodeBase58(text, 100), std::nullopt) << text;
  }
  EXPECT_EQ(DecodeBase58(std::string("a\0b", 3), 100), std::nullopt);
}

TEST(Base58, IgnoresWhiteSpaceAround) {
  EXPECT_EQ(DecodeBase58(" \t\n\v\f\r skip \r\f\v\n\t ", 3), FromHex("971a55"));
  EXPECT_EQ(DecodeBase58(" skip a", 3), std::nullopt);
  EXPECT_EQ(DecodeBase58("  ", 3), Bytes());
}

TEST(Base58, LongTextsAreRefusedAtOnce) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(DecodeBase58(std::string(10'000'000, 'z'), 100), std::nullopt);
  EXPECT_EQ(DecodeBase58(std::string(10'000'000, '1'), 100), std::nullopt);
  EXPECT_EQ(DecodeBase58Check(std::string(10'000'000, 'z'), 21), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST(Base58, ChecksumIsDemanded) {
  const Bytes payload = FromHex("00112233445566778899aabbccddeeff0011223344").value();
  std::string text = EncodeBase58Check(payload);
  EXPECT_EQ(DecodeBase58Check(text, 21), payload);
  EXPECT_EQ(DecodeBase58Check(text, 20), std::nullopt) << "longer than the caller can use";
  for (size_t i = 0; i < text.size(); ++i) {
    std::string wrong = text;
    wrong[i] = wrong[i] == '2' ? '3' : '2';
    EXPECT_EQ(DecodeBase58Check(wrong, 21), std::nullopt) << wrong;
  }
  EXPECT_EQ(DecodeBase58Check("", 21), std::nullopt);
  EXPECT_EQ(DecodeBase58Check("3QJmnh", 0), Bytes()) << "the checksum of nothing";
}

}  // namespace
}  // namespace cairn
