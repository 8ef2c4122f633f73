#include "src/primitives/bech32.h"

#include <algorithm>
#include <iostream>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "tests/support/vectors.h"

namespace cairn {
namespace {

json::Value LoadVectors() {
  const auto parsed = json::Parse(test::ReadText(test::VectorPath("keys/bech32.json")));
  EXPECT_TRUE(parsed.has_value());
  return parsed ? *parsed : json::Value();
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return text;
}

TEST(Bech32, VectorStringsOfBothBips) {
  CAIRN_NEED_VECTORS();
  const json::Value vectors = LoadVectors();
  size_t count = 0;
  for (const auto& [bip, encoding] : {std::pair{"bip173", Bech32Encoding::kBech32},
                                      std::pair{"bip350", Bech32Encoding::kBech32m}}) {
    const json::Value& lists = *vectors.Find(bip);
    for (const json::Value& valid : lists.Find("valid_strings")->Items()) {
      const auto decoded = DecodeBech32(valid.Text());
      ASSERT_TRUE(decoded) << valid.Text();
      EXPECT_EQ(decoded->encoding, encoding) << valid.Text();
      EXPECT_EQ(EncodeBech32(*decoded), Lower(valid.Text()));
      ++count;
    }
    for (const json::Value& invalid : lists.Find("invalid_strings")->Items()) {
      const Bytes text = FromHex(invalid.Find("string_hex")->Text()).value();
      EXPECT_FALSE(DecodeBech32(AsText(text))) << invalid.Find("reason")->Text();
      EXPECT_NE(FindBech32Fault(AsText(text)).message, "");
      ++count;
    }
  }
  EXPECT_EQ(count, 7u + 12 + 7 + 14);
  std::cout << count << " bech32 strings\n";
}

TEST(Bech32, GroupsAndBytes) {
  for (size_t size = 0; size <= 40; ++size) {
    Bytes bytes;
    for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(i * 37 + 201));
    const Bytes groups = GroupsFromBytes(bytes);
    EXPECT_EQ(groups.size(), (size * 8 + 4) / 5);
    EXPECT_EQ(BytesFromGroups(groups), bytes);
  }
  EXPECT_EQ(BytesFromGroups(Bytes{0}), std::nullopt) << "five bits of padding";
  EXPECT_EQ(BytesFromGroups(Bytes{0, 1}), std::nullopt) << "padding that is not zero";
  EXPECT_EQ(BytesFromGroups(Bytes{0, 4}), Bytes{1});
}

// A wrong letter is located wherever it stands, and so is every pair in a sample.
TEST(Bech32, LocatesUpToTwoWrongLetters) {
  const std::string alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  for (const Bech32Encoding encoding : {Bech32Encoding::kBech32, Bech32Encoding::kBech32m}) {
    const std::string good =
        EncodeBech32({encoding, "bc", GroupsFromBytes(Bytes(33, static_cast<uint8_t>(0x5a)))});
    const std::string expected = encoding == Bech32Encoding::kBech32 ? "Invalid Bech32 checksum"
                                                                     : "Invalid Bech32m checksum";
    const auto change = [&](std::string text, size_t at, size_t by) {
      text[at] = alphabet[(alphabet.find(text[at]) + by) % 32];
      return text;
    };
    for (size_t at = 3; at < good.size(); ++at) {
      for (size_t by = 1; by < 32; by += 3) {
        const Bech32Fault fault = FindBech32Fault(change(good, at, by));
        ASSERT_EQ(fault.positions, std::vector<int>{static_cast<int>(at)});
        ASSERT_EQ(fault.message, expected);
      }
    }
    int located = 0;
    for (size_t first = 3; first < good.size(); first += 5) {
      for (size_t second = first + 1; second < good.size(); second += 7) {
        const std::string wrong =
            change(change(good, first, 1 + first % 31), second, 1 + second % 31);
        const Bech32Fault fault = FindBech32Fault(wrong);
        if (fault.message != expected) continue;  // one letter away from the other encoding
        EXPECT_EQ(fault.positions,
                  (std::vector<int>{static_cast<int>(first), static_cast<int>(second)}));
        ++located;
      }
    }
    EXPECT_GT(located, 40);
  }
}

TEST(Bech32, NeverLongerThanNinety) {
  Bech32Text text{Bech32Encoding::kBech32m, std::string(10, 'a'), Bytes(73)};
  EXPECT_EQ(EncodeBech32(text).size(), 90u);
  EXPECT_TRUE(DecodeBech32(EncodeBech32(text)));
  text.groups.push_back(0);
  EXPECT_FALSE(DecodeBech32(EncodeBech32(text)));
  EXPECT_EQ(FindBech32Fault(EncodeBech32(text)).positions, std::vector<int>{90});
}

}  // namespace
}  // namespace cairn
