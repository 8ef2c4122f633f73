// Golomb-coded sets: an encoder written bit by bit as the reference, and bytes of every kind for
// the decoder.
#include "cairn/primitives/golomb_set.h"

#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/writer.h"
#include "cairn/crypto/hash.h"

namespace cairn {
namespace {

constexpr GolombCode kCode = {0x0706050403020100, 0x0f0e0d0c0b0a0908, 19, 784931};

std::vector<Bytes> RandomElements(std::mt19937& random, size_t count) {
  std::vector<Bytes> elements(count);
  for (Bytes& element : elements) {
    element.resize(random() % 40);
    for (uint8_t& byte : element) byte = static_cast<uint8_t>(random());
  }
  return elements;
}

std::vector<ByteSpan> SpansOf(const std::vector<Bytes>& elements) {
  return {elements.begin(), elements.end()};
}

/// A text of ones and zeroes, cut into bytes.
Bytes PackBits(std::string bits) {
  while (bits.size() % 8 != 0) bits += '0';
  Bytes bytes;
  for (size_t i = 0; i < bits.size(); i += 8) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(bits.substr(i, 8), nullptr, 2)));
  }
  return bytes;
}

Bytes SimpleEncoding(const GolombCode& code, const std::vector<Bytes>& elements) {
  const std::set<Bytes> distinct(elements.begin(), elements.end());
  std::multiset<uint64_t> values;
  for (const Bytes& element : distinct) {
    __extension__ using Wide = unsigned __int128;
    const Wide hash = crypto::SipHash24(code.key0, code.key1, element);
    values.insert(static_cast<uint64_t>(hash * (distinct.size() * code.spread) >> 64));
  }
  std::string bits;
  uint64_t before = 0;
  for (const uint64_t value : values) {
    const uint64_t difference = value - before;
    bits += std::string(difference >> code.remainder_bits, '1') + '0';
    for (unsigned bit = code.remainder_bits; bit-- > 0;) {
      bits += (difference >> bit & 1) != 0 ? '1' : '0';
    }
    before = value;
  }
  Bytes out;
  Writer(out).CompactSize(distinct.size()).Raw(PackBits(bits));
  return out;
}

TEST(GolombSet, EncodesAsTheSimpleWay) {
  std::mt19937 random(158);
  for (const size_t count : {0, 1, 2, 3, 10, 252, 253, 1000}) {
    const auto elements = RandomElements(random, count);
    EXPECT_EQ(ToHex(EncodeGolombSet(kCode, SpansOf(elements))),
              ToHex(SimpleEncoding(kCode, elements)))
        << count;
  }
}

TEST(GolombSet, EncodesWithOtherParameters) {
  std::mt19937 random(159);
  for (const unsigned remainder_bits : {0, 1, 7, 8, 20, 31, 32}) {
    // A spread far above the remainder makes long runs of ones.
    for (const uint64_t spread : {uint64_t{1}, uint64_t{100} << remainder_bits}) {
      const GolombCode code = {1, 2, remainder_bits, spread};
      const auto elements = RandomElements(random, 50);
      const Bytes encoded = EncodeGolombSet(code, SpansOf(elements));
      EXPECT_EQ(ToHex(encoded), ToHex(SimpleEncoding(code, elements)));
      const auto set = GolombSet::Decode(code, encoded);
      ASSERT_TRUE(set.has_value()) << remainder_bits << " " << spread;
      for (const Bytes& element : elements) EXPECT_TRUE(set->Matches(element));
    }
  }
}

TEST(GolombSet, RepeatedElementsCountOnce) {
  std::mt19937 random(160);
  auto elements = RandomElements(random, 20);
  const Bytes once = EncodeGolombSet(kCode, SpansOf(elements));
  for (int i = 0; i < 30; ++i) elements.push_back(elements[random() % elements.size()]);
  EXPECT_EQ(EncodeGolombSet(kCode, SpansOf(elements)), once);
}

TEST(GolombSet, MatchesAllThatIsInItAndHardlyMore) {
  std::mt19937 random(161);
  const auto inside = RandomElements(random, 2000);
  const auto outside = RandomElements(random, 2000);
  const auto set = GolombSet::Decode(kCode, EncodeGolombSet(kCode, SpansOf(inside)));
  ASSERT_TRUE(set.has_value());
  const std::set<Bytes> distinct(inside.begin(), inside.end());
  EXPECT_EQ(set->size(), distinct.size());
  for (const Bytes& element : inside) EXPECT_TRUE(set->Matches(element));
  int wrong = 0;
  for (const Bytes& element : outside) {
    if (set->Matches(element) && !distinct.contains(element)) ++wrong;
  }
  EXPECT_LE(wrong, 1);  // one of 784,931 matches by chance
}

TEST(GolombSet, MatchesAnyIsOneOfThem) {
  std::mt19937 random(162);
  for (int round = 0; round < 100; ++round) {
    const auto inside = RandomElements(random, random() % 20);
    auto asked = RandomElements(random, random() % 20);
    if (!inside.empty() && random() % 2 == 0) asked.push_back(inside[random() % inside.size()]);
    const auto set = GolombSet::Decode(kCode, EncodeGolombSet(kCode, SpansOf(inside)));
    ASSERT_TRUE(set.has_value());
    bool any = false;
    for (const Bytes& element : asked) any = any || set->Matches(element);
    EXPECT_EQ(set->MatchesAny(SpansOf(asked)), any);
  }
}

TEST(GolombSet, TheEmptySetIsOneByteAndMatchesNothing) {
  const Bytes encoded = EncodeGolombSet(kCode, {});
  EXPECT_EQ(ToHex(encoded), "00");
  const auto set = GolombSet::Decode(kCode, encoded);
  ASSERT_TRUE(set.has_value());
  EXPECT_FALSE(set->Matches({}));
  EXPECT_FALSE(set->MatchesAny({}));
  EXPECT_FALSE(set->MatchesAny(std::vector<ByteSpan>{AsBytes("a"), {}}));
}

TEST(GolombSet, RefusesWhatIsCutShortOrGoesOn) {
  std::mt19937 random(163);
  const Bytes whole = EncodeGolombSet(kCode, SpansOf(RandomElements(random, 30)));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(GolombSet::Decode(kCode, ByteSpan(whole).first(size))) << size;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(GolombSet::Decode(kCode, longer));
  EXPECT_FALSE(GolombSet::Decode(kCode, Bytes{0, 0}));
}

TEST(GolombSet, RefusesCountsThatCannotBe) {
  for (const char* text : {"fe00000002", "ff0000000001000000", "fdfc00", "feffffffff00000000",
                           "02000000", "01ffffff", "05ffffffffffffffffffffffffffff"}) {
    EXPECT_FALSE(GolombSet::Decode(kCode, *FromHex(text))) << text;
  }
}

TEST(GolombSet, RandomBytesAreASetOrRefused) {
  std::mt19937 random(164);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes(1 + random() % 30);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() % 3 == 0 ? 0xff : random());
    bytes[0] %= 8;
    const auto set = GolombSet::Decode(kCode, bytes);
    if (!set) continue;
    ++accepted;
    EXPECT_EQ(set->size(), bytes[0]);
    set->Matches(bytes);
  }
  EXPECT_GT(accepted, 100);
}

TEST(GolombSet, LongRunsOfOnesEndAtTheEnd) {
  Bytes bytes(1000, 0xff);
  bytes[0] = 1;
  EXPECT_FALSE(GolombSet::Decode(kCode, bytes));
  // The zero and the remainder fit exactly.
  bytes[997] = 0xf0;
  EXPECT_TRUE(GolombSet::Decode(kCode, ByteSpan(bytes).first(1000)).has_value());
}

}  // namespace
}  // namespace cairn
