// What MuHash gives for known sets, and that only the set counts, not how it came about.
#include "cairn/crypto/muhash.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/base/endian.h"
#include "cairn/base/hex.h"
#include "tests/unit/crypto/openssl_reference.h"

namespace cairn::crypto {
namespace {

using test::RandomBytes;

Bytes Numbered(uint32_t number) {
  Bytes element(4);
  StoreLittle(element.data(), number);
  return element;
}

/// 32 bytes that begin with `first`, as the examples of Bitcoin Core have them.
Bytes Padded(uint8_t first) {
  Bytes element(32);
  element[0] = first;
  return element;
}

MuHash NumberedSet(uint32_t begin, uint32_t end) {
  MuHash set;
  for (uint32_t i = begin; i < end; ++i) set.Insert(Numbered(i));
  return set;
}

std::string HexOf(const MuHash& set) { return ToHex(set.Finalize()); }

std::string DisplayHexOf(const MuHash& set) {
  Digest digest = set.Finalize();
  std::reverse(digest.begin(), digest.end());
  return ToHex(digest);
}

// The digests are those of a few lines of Python with its own integers.
TEST(MuHash, GivesTheDigestsOfTheDefinition) {
  EXPECT_EQ(HexOf(MuHash()), "c85525462fdcf30a2c18d6f4b92923000974355c2477f59594d2c205a1d25add");
  EXPECT_EQ(HexOf(MuHash().Insert({})),
            "e19a5a8286309f787a21e57854c87be1a8141868489939a8697c033c75318c62");
  EXPECT_EQ(HexOf(MuHash().Insert(AsBytes("abc"))),
            "7a3910c700a9dac3b3316eff4f236b0c31be130e81d514dbd49b23b7049af819");
  EXPECT_EQ(HexOf(MuHash().Insert(AsBytes("abc")).Insert(AsBytes("abc"))),
            "4725dcb8dcc761a92c4f6b84d73ff690a78d62ce3f8df4891afecc0a883bfe2b");
  EXPECT_EQ(HexOf(MuHash().Remove(AsBytes("x"))),
            "a660c34284f7ee85ce050bf906cf273abad33185d50ce3bc13c33bc077d5dffa");
  EXPECT_EQ(HexOf(NumberedSet(0, 100)),
            "03029262f1262e18aa9d760240405237cfe38260bb4a37759d0b6daa4856f417");
  EXPECT_EQ(HexOf(NumberedSet(10, 100)),
            "6ac70ad7d7cf84de0103a4315d1f297b1fa88b410130d047401ccd1b7e1a07f8");
}

TEST(MuHash, GivesTheDigestOfBitcoinCoresExample) {
  const MuHash set = MuHash().Insert(Padded(0)).Insert(Padded(1)).Remove(Padded(2));
  EXPECT_EQ(DisplayHexOf(set), "10d312b100cbd32ada024a6646e40d3482fcff103668d2625f10002a607d5863");
}

TEST(MuHash, DoesNotDependOnTheOrder) {
  std::mt19937 random(1);
  std::vector<uint32_t> order(40);
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  const std::string expected = HexOf(NumberedSet(0, 40));
  for (int round = 0; round < 5; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    MuHash set;
    for (const uint32_t i : order) set.Insert(Numbered(i));
    EXPECT_EQ(HexOf(set), expected);
  }
}

TEST(MuHash, ForgetsWhatIsRemoved) {
  MuHash set = NumberedSet(0, 100);
  for (uint32_t i = 0; i < 10; ++i) set.Remove(Numbered(i));
  EXPECT_EQ(HexOf(set), HexOf(NumberedSet(10, 100)));
  for (uint32_t i = 10; i < 100; ++i) set.Remove(Numbered(i));
  EXPECT_EQ(HexOf(set), HexOf(MuHash()));
}

TEST(MuHash, MayRemoveBeforeItInserts) {
  MuHash set;
  for (uint32_t i = 0; i < 20; ++i) set.Remove(Numbered(i));
  for (uint32_t i = 0; i < 30; ++i) set.Insert(Numbered(i));
  EXPECT_EQ(HexOf(set), HexOf(NumberedSet(20, 30)));
}

TEST(MuHash, PutsPartsTogether) {
  MuHash whole;
  for (uint32_t part = 0; part < 4; ++part) {
    MuHash piece = NumberedSet(part * 10, part * 10 + 10);
    if (part > 0) piece.Remove(Numbered(part * 10 - 1));  // of the piece before
    if (part % 2 == 0) piece.Normalize();
    whole.InsertAll(piece);
  }
  MuHash expected = NumberedSet(0, 40);
  for (const uint32_t gone : {9u, 19u, 29u}) expected.Remove(Numbered(gone));
  EXPECT_EQ(HexOf(whole), HexOf(expected));
  EXPECT_EQ(HexOf(MuHash(whole).RemoveAll(expected)), HexOf(MuHash()));
}

TEST(MuHash, CombinesWithItself) {
  MuHash doubled = NumberedSet(0, 3).Remove(Numbered(7));
  doubled.InsertAll(doubled);
  MuHash expected = NumberedSet(0, 3).InsertAll(NumberedSet(0, 3));
  expected.Remove(Numbered(7)).Remove(Numbered(7));
  EXPECT_EQ(HexOf(doubled), HexOf(expected));
  doubled.RemoveAll(doubled);
  EXPECT_EQ(HexOf(doubled), HexOf(MuHash()));
}

TEST(MuHash, FinalizeLeavesTheSetAsItWas) {
  MuHash set = NumberedSet(0, 10).Remove(Numbered(3));
  const auto before = set.Serialize();
  const std::string digest = HexOf(set);
  EXPECT_EQ(set.Serialize(), before);
  EXPECT_EQ(HexOf(set), digest);
  set.Insert(Numbered(3));
  EXPECT_EQ(HexOf(set), HexOf(NumberedSet(0, 10)));
}

TEST(MuHash, NormalizingChangesTheFormNotTheSet) {
  MuHash set = NumberedSet(0, 10).Remove(Numbered(3));
  const MuHash before = set;
  set.Normalize();
  EXPECT_NE(set.Serialize(), before.Serialize());
  EXPECT_EQ(set.SerializeQuotient(), before.SerializeQuotient());
  EXPECT_EQ(HexOf(set), HexOf(before));
  const auto quotient = set.SerializeQuotient();
  EXPECT_EQ(set.Finalize(), Sha256Of(quotient));
}

TEST(MuHash, SerializesAsBitcoinCoreDoes) {
  const auto bytes = MuHash().Insert(Padded(1)).Insert(Padded(2)).Serialize();
  EXPECT_EQ(ToHex(ByteSpan(bytes).first(8)), "1fa093295ea30a6a");
  EXPECT_EQ(ToHex(Sha256Of(bytes)),
            "de9511749df195290ef65c0a642698da1db7218f5753dd4cb631fce6a5938a00");
}

TEST(MuHash, ReadsWhatItWrote) {
  const MuHash set = NumberedSet(0, 10).Remove(Numbered(3)).Remove(Numbered(77));
  const auto both = MuHash::Deserialize(set.Serialize());
  ASSERT_TRUE(both.has_value());
  EXPECT_EQ(both->Serialize(), set.Serialize());
  const auto quotient = MuHash::Deserialize(set.SerializeQuotient());
  ASSERT_TRUE(quotient.has_value());
  EXPECT_EQ(HexOf(*quotient), HexOf(set));
}

TEST(MuHash, RefusesWhatNoSetCanBe) {
  const auto good = NumberedSet(0, 3).Serialize();
  for (const size_t size : {0, 1, 383, 385, 767}) {
    EXPECT_FALSE(MuHash::Deserialize(ByteSpan(good).first(size))) << size;
  }
  for (const size_t number : {0, 1}) {
    auto zero = good;
    std::fill_n(zero.begin() + static_cast<long>(number * MuHash::kNumberSize), MuHash::kNumberSize,
                uint8_t{0});
    EXPECT_FALSE(MuHash::Deserialize(zero)) << number;
    // 2^3072 - 1103717, the prime itself, and the number before it.
    auto prime = good;
    std::fill_n(prime.begin() + static_cast<long>(number * MuHash::kNumberSize),
                MuHash::kNumberSize, uint8_t{0xff});
    StoreLittle(&prime[number * MuHash::kNumberSize], uint64_t{0} - 1'103'717);
    EXPECT_FALSE(MuHash::Deserialize(prime)) << number;
    --prime[number * MuHash::kNumberSize];
    EXPECT_TRUE(MuHash::Deserialize(prime)) << number;
  }
}

TEST(MuHash, RandomHistoriesOfOneSetAgree) {
  RandomBytes random(7);
  for (int round = 0; round < 10; ++round) {
    std::vector<Bytes> elements;
    for (int i = 0; i < 20; ++i) elements.push_back(random.Next(random.Below(200)));
    MuHash straight, winding;
    for (const Bytes& element : elements) straight.Insert(element);
    // Elements come, go and come again, some of them in pieces that are joined later.
    MuHash aside;
    for (const Bytes& element : elements) {
      MuHash& place = random.Below(2) == 0 ? winding : aside;
      place.Insert(element);
      if (random.Below(3) == 0) {
        winding.Remove(element);
        aside.Insert(element);
      }
      if (random.Below(5) == 0) winding.Normalize();
    }
    winding.InsertAll(aside);
    EXPECT_EQ(HexOf(winding), HexOf(straight));
  }
}

}  // namespace
}  // namespace cairn::crypto
