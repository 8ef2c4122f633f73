// Bytes that are no transaction: each malformed form by itself, every truncation, and random damage
// judged by a second reader.
#include <random>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/writer.h"
#include "tests/unit/primitives/naive_transaction.h"

namespace cairn {
namespace {

const std::string kInput = std::string(64, '1') + "02000000" + "0151" + "ffffffff";
const std::string kOutput =
    "0100000000000000"
    "0152";
const std::string kVersion = "02000000";
const std::string kLockTime = "00000000";

bool Parses(const std::string& hex, WitnessEncoding encoding = WitnessEncoding::kAllowed) {
  return ParseTransaction(FromHex(hex).value(), encoding).has_value();
}

std::string Legacy(const std::string& inputs, const std::string& outputs) {
  return kVersion + inputs + outputs + kLockTime;
}

TEST(MalformedTransaction, TheWellFormedOnesParse) {
  EXPECT_TRUE(Parses(Legacy("01" + kInput, "01" + kOutput)));
  EXPECT_TRUE(Parses(Legacy("02" + kInput + kInput, "00")));
  EXPECT_TRUE(Parses(kVersion + "0001" + "01" + kInput + "01" + kOutput + "0101aa" + kLockTime));
  EXPECT_TRUE(Parses(kVersion + "0001" + "01" + kInput + "00" + "0100" + kLockTime));
}

TEST(MalformedTransaction, SuperfluousWitness) {
  // Marker and flag, but not one witness item: the same transaction would have two encodings.
  EXPECT_FALSE(Parses(kVersion + "0001" + "01" + kInput + "01" + kOutput + "00" + kLockTime));
  EXPECT_FALSE(
      Parses(kVersion + "0001" + "02" + kInput + kInput + "01" + kOutput + "0000" + kLockTime));
  EXPECT_FALSE(Parses(kVersion + "0001" + "00" + "01" + kOutput + kLockTime));
  EXPECT_FALSE(Parses(kVersion + "0001" + "00" + "00" + kLockTime));
}

TEST(MalformedTransaction, UnknownFlags) {
  const std::string rest = "01" + kInput + "01" + kOutput + "0101aa" + kLockTime;
  EXPECT_TRUE(Parses(kVersion + "0001" + rest));
  for (const char* flag : {"02", "03", "04", "80", "81", "ff"}) {
    EXPECT_FALSE(Parses(kVersion + "00" + flag + rest)) << flag;
  }
}

TEST(MalformedTransaction, ADoubleMarker) {
  const std::string rest = "01" + kInput + "01" + kOutput + "0101aa" + kLockTime;
  EXPECT_FALSE(Parses(kVersion + "0001" + "0001" + rest));
  EXPECT_FALSE(Parses(kVersion + "0000" + "0001" + rest));
}

TEST(MalformedTransaction, CountsBeyondTheData) {
  for (const char* count : {"02", "03", "fc", "fdffff", "fe00000002", "feffffffff",
                            "ffffffffffffffffff", "ff0000000001000000"}) {
    SCOPED_TRACE(count);
    EXPECT_FALSE(Parses(Legacy(count + kInput, "01" + kOutput)));
    EXPECT_FALSE(Parses(Legacy("01" + kInput, count + kOutput)));
    // As the number of witness items, and as the length of one.
    const std::string front = kVersion + "0001" + "01" + kInput + "01" + kOutput;
    EXPECT_FALSE(Parses(front + count + "00" + kLockTime));
    EXPECT_FALSE(Parses(front + "01" + count + "aa" + kLockTime));
  }
}

TEST(MalformedTransaction, ScriptsLongerThanTheData) {
  const std::string outpoint = std::string(64, '1') + "02000000";
  for (const char* length : {"02", "ff", "fdff00", "fe00000002", "ffffffffffffffff7f"}) {
    SCOPED_TRACE(length);
    EXPECT_FALSE(Parses(Legacy("01" + outpoint + length + "51" + "ffffffff", "00")));
    EXPECT_FALSE(Parses(Legacy("01" + kInput,
                               "01"
                               "0100000000000000" +
                                   std::string(length) + "52")));
  }
}

TEST(MalformedTransaction, SizesThatAreNotCanonical) {
  const std::string outpoint = std::string(64, '1') + "02000000";
  for (const char* one : {"fd0100", "fe01000000", "ff0100000000000000"}) {
    SCOPED_TRACE(one);
    const std::string size = one;
    EXPECT_FALSE(Parses(Legacy(size + kInput, "01" + kOutput)));
    EXPECT_FALSE(Parses(Legacy("01" + kInput, size + kOutput)));
    EXPECT_FALSE(Parses(Legacy("01" + outpoint + size + "51" + "ffffffff", "01" + kOutput)));
    EXPECT_FALSE(Parses(Legacy("01" + kInput,
                               "01"
                               "0100000000000000" +
                                   size + "52")));
    const std::string front = kVersion + "0001" + "01" + kInput + "01" + kOutput;
    EXPECT_FALSE(Parses(front + size + "01aa" + kLockTime));
    EXPECT_FALSE(Parses(front + "01" + size + "aa" + kLockTime));
  }
  // Zero inputs in three bytes are no marker either.
  EXPECT_FALSE(Parses(kVersion + "fd0000" + "01" + kOutput + kLockTime));
  EXPECT_FALSE(Parses(kVersion + "fd0000" + "00" + kLockTime, WitnessEncoding::kForbidden));
}

TEST(MalformedTransaction, StrayBytesBehind) {
  for (const char* stray : {"00", "01", "0000000000"}) {
    EXPECT_FALSE(Parses(Legacy("01" + kInput, "01" + kOutput) + stray)) << stray;
    EXPECT_FALSE(Parses(kVersion + "0001" + "01" + kInput + "00" + "0100" + kLockTime + stray));
  }
}

TEST(MalformedTransaction, SaysWhatIsWrong) {
  EXPECT_EQ(ParseTransaction({}).error().message, "transaction is malformed or cut short");
  const auto stray = ParseTransaction(FromHex(Legacy("01" + kInput, "00") + "00").value());
  EXPECT_EQ(stray.error().message, "transaction is followed by stray bytes");
  EXPECT_EQ(stray.error().code, ErrorCode::kInvalid);
}

/// Judges `bytes` by both readers; true if they are a transaction.
bool JudgeByBoth(const Bytes& bytes, WitnessEncoding encoding) {
  const auto parsed = ParseTransaction(bytes, encoding);
  const auto naive = test::NaiveReader(bytes).ReadWhole(encoding);
  EXPECT_EQ(parsed.has_value(), naive.has_value()) << ToHex(bytes);
  if (!parsed || !naive) return false;
  EXPECT_EQ(ToHex(TransactionDraft::From(**parsed).Serialize()), ToHex(naive->Serialize()));
  EXPECT_TRUE(Equal((*parsed)->bytes, bytes));
  EXPECT_EQ((*parsed)->has_witness, naive->HasWitness());
  return true;
}

TEST(MalformedTransaction, EveryTruncationFails) {
  for (const std::string& hex :
       {Legacy("02" + kInput + kInput, "02" + kOutput + kOutput),
        kVersion + "0001" + "02" + kInput + kInput + "01" + kOutput + "0201aa0000" + kLockTime}) {
    const Bytes whole = FromHex(hex).value();
    ASSERT_TRUE(JudgeByBoth(whole, WitnessEncoding::kAllowed));
    for (size_t size = 0; size < whole.size(); ++size) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      ASSERT_FALSE(JudgeByBoth(cut, WitnessEncoding::kAllowed)) << size;
      // Read the old way, some cut of a witness transaction may be whole: both readers agree.
      JudgeByBoth(cut, WitnessEncoding::kForbidden);
    }
  }
}

TEST(MalformedTransaction, RandomDamageIsJudgedAsByASecondReader) {
  std::mt19937 random(1);
  const std::string seeds[] = {
      Legacy("01" + kInput, "01" + kOutput),
      Legacy("03" + kInput + kInput + kInput, "02" + kOutput + kOutput),
      kVersion + "0001" + "01" + kInput + "01" + kOutput + "0101aa" + kLockTime,
      kVersion + "0001" + "02" + kInput + kInput + "01" + kOutput + "0301aa0002bbcc00" + kLockTime,
  };
  constexpr uint8_t kTelling[] = {0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff};
  int whole = 0;
  constexpr int kRounds = 20'000;
  for (int i = 0; i < kRounds; ++i) {
    Bytes bytes = FromHex(seeds[random() % std::size(seeds)]).value();
    for (size_t damage = 1 + random() % 3; damage > 0; --damage) {
      const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(random() % bytes.size());
      const auto telling = kTelling[random() % std::size(kTelling)];
      switch (random() % 4) {
        case 0: *place = telling; break;
        case 1: *place = static_cast<uint8_t>(*place ^ 1u << random() % 8); break;
        case 2: bytes.insert(place, telling); break;
        default:
          if (bytes.size() > 1) bytes.erase(place);
      }
    }
    const auto encoding = i % 4 == 0 ? WitnessEncoding::kForbidden : WitnessEncoding::kAllowed;
    if (JudgeByBoth(bytes, encoding)) ++whole;
    if (HasFailure()) return;
  }
  // Both kinds of verdict must have been tried often.
  EXPECT_GT(whole, kRounds / 10);
  EXPECT_LT(whole, kRounds * 9 / 10);
}

TEST(MalformedTransaction, RandomBytesNeverHurt) {
  std::mt19937 random(2);
  for (int i = 0; i < 5000; ++i) {
    Bytes bytes(random() % 120);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() % 4 == 0 ? random() : 0);
    JudgeByBoth(bytes, WitnessEncoding::kAllowed);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace cairn
