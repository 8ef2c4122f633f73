// Reader: hostile sizes, the bounds of every read, and failure that stays.
#include "cairn/base/reader.h"

#include <random>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/writer.h"

namespace cairn {
namespace {

Bytes FromText(std::string_view hex) { return FromHex(hex).value(); }

/// What every reader is after a failure, whatever is asked of it.
void ExpectFailedForGood(Reader& reader) {
  EXPECT_FALSE(reader.ok());
  EXPECT_TRUE(reader.AtEnd());
  EXPECT_EQ(reader.Remaining(), 0u);
  EXPECT_EQ(reader.U8(), 0u);
  EXPECT_EQ(reader.U64(), 0u);
  EXPECT_EQ(reader.Big<uint32_t>(), 0u);
  EXPECT_EQ(reader.Peek(), 0u);
  EXPECT_EQ(reader.CompactSize(), 0u);
  EXPECT_EQ(reader.AnyCompactSize(), 0u);
  EXPECT_EQ(reader.Count(1), 0u);
  EXPECT_TRUE(reader.Take(0).empty());
  EXPECT_TRUE(reader.VarBytes().empty());
  EXPECT_EQ(reader.Array<4>(), (std::array<uint8_t, 4>{}));
  EXPECT_FALSE(reader.ok());
}

struct SizeForm {
  uint64_t value;
  const char* bytes;
};

constexpr SizeForm kSizes[] = {
    {0, "00"},
    {1, "01"},
    {252, "fc"},
    {253, "fdfd00"},
    {254, "fdfe00"},
    {255, "fdff00"},
    {0x100, "fd0001"},
    {0xffff, "fdffff"},
    {0x10000, "fe00000100"},
    {0x02000000, "fe00000002"},
    {0x02000001, "fe01000002"},
    {0xffffffff, "feffffffff"},
    {0x100000000, "ff0000000001000000"},
    {UINT64_MAX, "ffffffffffffffffff"},
};

TEST(CompactSize, EveryFormThereAndBack) {
  for (const SizeForm& size : kSizes) {
    SCOPED_TRACE(size.bytes);
    Bytes written;
    Writer(written).CompactSize(size.value);
    EXPECT_EQ(ToHex(written), size.bytes);
    EXPECT_EQ(CompactSizeLength(size.value), written.size());
    Reader reader(written);
    EXPECT_EQ(reader.AnyCompactSize(), size.value);
    EXPECT_TRUE(reader.ok());
    EXPECT_TRUE(reader.AtEnd());
  }
}

TEST(CompactSize, AsALengthIsBounded) {
  for (const SizeForm& size : kSizes) {
    SCOPED_TRACE(size.bytes);
    const Bytes bytes = FromText(size.bytes);
    Reader reader(bytes);
    const bool allowed = size.value <= Reader::kMaxSize;
    EXPECT_EQ(reader.CompactSize(), allowed ? size.value : 0);
    EXPECT_EQ(reader.ok(), allowed);
  }
}

TEST(CompactSize, LongerFormsThanNeededFail) {
  for (const char* hex :
       {"fd0000", "fd0100", "fdfc00", "fe00000000", "fefc000000", "fefd000000", "feffff0000",
        "ff0000000000000000", "fffc00000000000000", "ffffff000000000000", "ffffffffff00000000"}) {
    SCOPED_TRACE(hex);
    const Bytes bytes = FromText(hex);
    Reader any(bytes);
    EXPECT_EQ(any.AnyCompactSize(), 0u);
    ExpectFailedForGood(any);
    Reader bounded(bytes);
    EXPECT_EQ(bounded.CompactSize(), 0u);
    ExpectFailedForGood(bounded);
  }
}

TEST(CompactSize, CutShortFails) {
  for (const SizeForm& size : kSizes) {
    const Bytes whole = FromText(size.bytes);
    for (size_t length = 0; length < whole.size(); ++length) {
      SCOPED_TRACE(std::string(size.bytes) + " cut to " + std::to_string(length));
      Reader reader(ByteSpan(whole).first(length));
      EXPECT_EQ(reader.AnyCompactSize(), 0u);
      ExpectFailedForGood(reader);
    }
  }
}

TEST(CompactSize, RandomNumbersThereAndBack) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t value = random() >> random() % 64;
    Bytes written;
    Writer(written).CompactSize(value);
    ASSERT_EQ(written.size(), CompactSizeLength(value));
    Reader reader(written);
    ASSERT_EQ(reader.AnyCompactSize(), value);
    ASSERT_TRUE(reader.ok() && reader.AtEnd());
  }
}

TEST(Reader, EveryIntegerInBothOrders) {
  const Bytes bytes = FromText("80ff01020304050607fe");
  const auto at_one = [&](auto read) {
    Reader reader(bytes);
    reader.Take(1);  // an odd address
    return read(reader);
  };
  EXPECT_EQ(Reader(bytes).U8(), 0x80u);
  EXPECT_EQ(at_one([](Reader& r) { return r.U16(); }), 0x01ffu);
  EXPECT_EQ(at_one([](Reader& r) { return r.U32(); }), 0x030201ffu);
  EXPECT_EQ(at_one([](Reader& r) { return r.U64(); }), 0x07060504030201ffu);
  EXPECT_EQ(at_one([](Reader& r) { return r.Big<uint16_t>(); }), 0xff01u);
  EXPECT_EQ(at_one([](Reader& r) { return r.Big<uint32_t>(); }), 0xff010203u);
  EXPECT_EQ(at_one([](Reader& r) { return r.Big<uint64_t>(); }), 0xff01020304050607u);
  const Bytes ones(8, 0xff);
  EXPECT_EQ(Reader(ones).I32(), -1);
  EXPECT_EQ(Reader(ones).I64(), -1);
  const Bytes least = FromText("0000000000000080");
  EXPECT_EQ(Reader(least).I64(), INT64_MIN);
}

TEST(Reader, AReadPastTheEndFailsForGood) {
  const Bytes seven(7, 0xaa);
  const auto expect_failure = [&](auto read) {
    Reader reader(seven);
    read(reader);
    ExpectFailedForGood(reader);
  };
  expect_failure([](Reader& r) { EXPECT_EQ(r.U64(), 0u); });
  expect_failure([](Reader& r) { EXPECT_EQ(r.Big<int64_t>(), 0); });
  expect_failure([](Reader& r) { EXPECT_TRUE(r.Take(8).empty()); });
  expect_failure([](Reader& r) { EXPECT_TRUE(r.Take(SIZE_MAX).empty()); });
  expect_failure([](Reader& r) { EXPECT_EQ(r.Array<8>(), (std::array<uint8_t, 8>{})); });
  expect_failure([](Reader& r) { r.SetFailed(); });
  expect_failure([](Reader& r) {
    EXPECT_EQ(r.U32(), 0xaaaaaaaau);
    EXPECT_EQ(r.U32(), 0u);
  });
}

TEST(Reader, OfNothing) {
  Reader reader({});
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.AtEnd());
  EXPECT_EQ(reader.Peek(), 0u);
  EXPECT_TRUE(reader.Take(0).empty());
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.U8(), 0u);
  ExpectFailedForGood(reader);
}

TEST(Reader, TakesViewsNotCopies) {
  const Bytes bytes = FromText("00112233445566");
  Reader reader(bytes);
  reader.Take(2);
  const size_t from = reader.Position();
  const ByteSpan taken = reader.Take(3);
  EXPECT_EQ(taken.data(), bytes.data() + 2);
  EXPECT_EQ(taken.size(), 3u);
  EXPECT_EQ(reader.Since(from).data(), bytes.data() + 2);
  EXPECT_EQ(reader.Since(from).size(), 3u);
  EXPECT_EQ(reader.Remaining(), 2u);
  EXPECT_EQ(reader.Peek(), 0x55u);
  EXPECT_EQ(reader.Peek(1), 0x66u);
  EXPECT_EQ(reader.Peek(2), 0u);
  EXPECT_EQ(reader.Peek(SIZE_MAX), 0u);
  EXPECT_EQ(reader.Position(), 5u);  // peeking takes nothing
}

TEST(Reader, VarBytesNeedTheirWholeLength) {
  const Bytes bytes = FromText("03aabbcc00");
  Reader reader(bytes);
  EXPECT_EQ(ToHex(reader.VarBytes()), "aabbcc");
  EXPECT_TRUE(reader.VarBytes().empty());
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.AtEnd());
  const Bytes cut = FromText("04aabbcc");
  Reader failing(cut);
  EXPECT_TRUE(failing.VarBytes().empty());
  ExpectFailedForGood(failing);
}

TEST(Reader, ACountMustFitIntoWhatFollows) {
  struct Case {
    const char* hex;
    size_t least;
    bool fits;
  };
  const Case cases[] = {
      {"00", 41, true},
      {"01", 1, false},
      {"02aabb", 1, true},
      {"03aabb", 1, false},
      {"02aabbccdd", 2, true},
      {"02aabbcc", 2, false},  // the second would be cut
      {"01aabbcc", 4, false},
      {"fe00000002aabb", 1, false},         // 32 MiB of things
      {"ffffffffffffffffff", 1, false},     // above every bound
      {"fdfd00aabbcc", 1, false},           //
      {"fe00000002", SIZE_MAX / 2, false},  // a product would overflow
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.hex);
    const Bytes bytes = FromText(test.hex);
    Reader reader(bytes);
    const uint64_t count = reader.Count(test.least);
    EXPECT_EQ(reader.ok(), test.fits);
    if (test.fits) {
      EXPECT_EQ(count, bytes[0]);
    } else {
      EXPECT_EQ(count, 0u);
      ExpectFailedForGood(reader);
    }
  }
}

/// Takes something at random; says how many bytes it wanted at least.
size_t TakeSomething(Reader& reader, std::mt19937& random) {
  const size_t before = reader.Remaining();
  switch (random() % 7) {
    case 0: reader.U8(); return 1;
    case 1: reader.U16(); return 2;
    case 2: reader.Big<uint64_t>(); return 8;
    case 3: reader.Array<5>(); return 5;
    case 4: reader.VarBytes(); return 1;
    case 5: reader.Count(1 + random() % 50); return 1;
    default: {
      const size_t count = random() % 20;
      const ByteSpan taken = reader.Take(count);
      EXPECT_EQ(taken.size(), reader.ok() ? count : 0);
      return std::min(count, before + 1);
    }
  }
}

TEST(Reader, RandomReadsOfRandomBytesStayWithin) {
  std::mt19937 random(2);
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes(random() % 60);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() % 3 == 0 ? random() : 0xfd);
    Reader reader(bytes);
    while (reader.ok()) {
      const size_t before = reader.Position();
      const size_t wanted = TakeSomething(reader, random);
      ASSERT_EQ(reader.Position() + reader.Remaining(), bytes.size());
      if (before + wanted > bytes.size()) {
        ASSERT_FALSE(reader.ok());
      }
      if (reader.ok()) {
        ASSERT_GE(reader.Position(), before + wanted);
      }
      if (reader.ok() && reader.AtEnd()) break;
    }
  }
}

}  // namespace
}  // namespace cairn
