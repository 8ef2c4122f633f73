// The arithmetic of shares against a recorded session, against merkle trees, and at its edges.
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/primitives/merkle.h"
#include "cairn/primitives/transaction.h"
#include "src/mining/stratum/work.h"
#include "tests/support/vectors.h"

namespace cairn::mining::stratum {
namespace {

U256 Number(const std::string& hex) { return U256::FromHex(hex).value(); }

TEST(StratumWork, TargetsOfDifficulties) {
  EXPECT_EQ(TargetOfDifficulty(1), DecodeCompact(0x1d00ffff).target);
  EXPECT_EQ(TargetOfDifficulty(2), DifficultyOneTarget() >> 1);
  EXPECT_EQ(TargetOfDifficulty(0xffff), U256(1) << 208);
  EXPECT_EQ(TargetOfDifficulty(0.5), DifficultyOneTarget() << 1);
  EXPECT_EQ(TargetOfDifficulty(3), DifficultyOneTarget() / U256(3));
  EXPECT_EQ(TargetOfDifficulty(512), DifficultyOneTarget() >> 9);
  EXPECT_EQ(TargetOfDifficulty(0x1p32), Number("ffff" + std::string(44, '0')));
  EXPECT_EQ(TargetOfDifficulty(1.5), DifficultyOneTarget() * 2 / U256(3));
}

TEST(StratumWork, TargetsStayInBounds) {
  EXPECT_EQ(TargetOfDifficulty(0x1p-32), DifficultyOneTarget() << 32);
  EXPECT_EQ(TargetOfDifficulty(0x1p-33), ~U256());
  EXPECT_EQ(TargetOfDifficulty(std::numeric_limits<double>::denorm_min()), ~U256());
  EXPECT_EQ(TargetOfDifficulty(0), ~U256());
  EXPECT_EQ(TargetOfDifficulty(-1), ~U256());
  EXPECT_EQ(TargetOfDifficulty(std::nan("")), ~U256());
  EXPECT_EQ(TargetOfDifficulty(std::numeric_limits<double>::max()), U256());
  EXPECT_EQ(TargetOfDifficulty(std::numeric_limits<double>::infinity()), U256());
  EXPECT_EQ(TargetOfDifficulty(0x1p223), U256(1));
  EXPECT_EQ(TargetOfDifficulty(0x1p224), U256());
}

TEST(StratumWork, TargetsAreTheWholeQuotient) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    // odd * 2^-shift, so that target * odd <= one * 2^shift < (target + 1) * odd.
    const uint32_t odd = static_cast<uint32_t>(random()) | 1;
    const unsigned shift = static_cast<unsigned>(random() % 32);
    const U256 target = TargetOfDifficulty(std::ldexp(odd, -static_cast<int>(shift)));
    EXPECT_EQ(target, (DifficultyOneTarget() << shift) / U256(odd)) << odd << " " << shift;
  }
}

TEST(StratumWork, LongMantissasAreExactToo) {
  // 2^53 - 1 over 2^53: the quotient of 0xffff * 2^261 by 2^53 - 1 in the first 256 bits.
  const double nearly_one = std::nextafter(1.0, 0.0);
  const U256 divisor((uint64_t{1} << 53) - 1);
  const U256 target = TargetOfDifficulty(nearly_one);
  // Since 1 / (1 - e) is 1 + e + e^2 + ... with e = 2^-53.
  U256 sum;
  for (unsigned shift = 0; shift < 224; shift += 53) sum += DifficultyOneTarget() >> shift;
  EXPECT_EQ(target, sum);
  EXPECT_GT(target, DifficultyOneTarget());
  EXPECT_EQ((DifficultyOneTarget() / divisor) >> 0, TargetOfDifficulty(std::ldexp(nearly_one, 53)));
}

TEST(StratumWork, DifficultiesOfTargetsComeBack) {
  for (const double difficulty : {1e-6, 0.001, 1.0, 3.7, 512.0, 1e12, 1e15}) {
    EXPECT_DOUBLE_EQ(DifficultyOfTarget(TargetOfDifficulty(difficulty)), difficulty);
  }
  EXPECT_EQ(DifficultyOfTarget(DecodeCompact(0x1d00ffff).target), 1);
  EXPECT_TRUE(std::isfinite(DifficultyOfTarget(U256())));
  EXPECT_TRUE(std::isfinite(DifficultyOfHash(BlockHash())));
}

TEST(StratumWork, BranchAndFirstLeafGiveTheRootOfTheTree) {
  std::mt19937 random(2);
  for (size_t leaves = 1; leaves <= 70; ++leaves) {
    const Bytes coinbase = {static_cast<uint8_t>(leaves)};
    std::vector<crypto::Digest> ids = {crypto::Sha256dOf(coinbase)};
    while (ids.size() < leaves) {
      for (uint8_t& byte : ids.emplace_back()) byte = static_cast<uint8_t>(random());
    }
    const auto branch = BranchOf(std::span(ids).subspan(1));
    EXPECT_EQ(branch.size(), leaves == 1 ? 0 : std::ceil(std::log2(leaves))) << leaves;
    EXPECT_EQ(RootOf(coinbase, branch).bytes, ComputeMerkleRoot(ids).root) << leaves;
  }
}

TEST(StratumWork, OnlyTheMaskedBitsOfTheVersionVary) {
  EXPECT_EQ(MaskedVersion(0x20000000, 0x1fffe000, 0x00002000), 0x20002000u);
  EXPECT_EQ(MaskedVersion(0x20004001, 0x1fffe000, 0xffffffff), 0x3fffe001u);
  EXPECT_EQ(MaskedVersion(0x20004001, 0x1fffe000, 0), 0x20000001u);
  EXPECT_EQ(MaskedVersion(0x20004001, 0, 0xffffffff), 0x20004001u);
}

TEST(StratumWork, WordsAreSwappedBackAndForth) {
  BlockHash hash;
  for (size_t i = 0; i < hash.bytes.size(); ++i) hash.bytes[i] = static_cast<uint8_t>(i);
  EXPECT_EQ(ToHex(SwapWords(hash).span()),
            "03020100070605040b0a09080f0e0d0c13121110171615141b1a19181f1e1d1c");
  EXPECT_EQ(SwapWords(SwapWords(hash)), hash);
}

// --- The recorded session ---

class StratumSession : public testing::Test {
 protected:
  void SetUp() override {
    CAIRN_NEED_VECTORS();
    auto parsed = json::Parse(test::ReadText(test::VectorPath("stratum/stratum_v1.json")));
    ASSERT_TRUE(parsed) << parsed.error().message;
    file_ = *std::move(parsed);
  }

  const json::Value& At(std::string_view name) const { return *file_.Find("session")->Find(name); }

  /// The message of that kind among those of a direction; the last, if there are several.
  template <typename T, typename Decode>
  T MessageOf(std::string_view direction, Decode decode) const {
    T found;
    for (const json::Value& message : At("messages").Items()) {
      if (message.Find("dir")->Text() != direction) continue;
      const auto decoded = decode(message.Find("line")->Text());
      EXPECT_TRUE(decoded) << decoded.error().message;
      if (const T* body = std::get_if<T>(&decoded->body)) found = *body;
    }
    return found;
  }
  template <typename T>
  T FromPool() const {
    return MessageOf<T>("s2c", DecodePoolLine);
  }
  template <typename T>
  T FromMiner() const {
    return MessageOf<T>("c2s", DecodeMinerLine);
  }

  json::Value file_;
};

TEST_F(StratumSession, EveryLineIsUnderstood) {
  size_t answers = 0;
  for (const json::Value& message : At("messages").Items()) {
    const std::string& line = message.Find("line")->Text();
    if (message.Find("dir")->Text() == "c2s") {
      const auto decoded = DecodeMinerLine(line);
      ASSERT_TRUE(decoded) << line;
      EXPECT_FALSE(std::holds_alternative<UnknownRequest>(decoded->body)) << line;
      EXPECT_FALSE(std::holds_alternative<MalformedRequest>(decoded->body)) << line;
    } else {
      const auto decoded = DecodePoolLine(line);
      ASSERT_TRUE(decoded) << line;
      EXPECT_FALSE(std::holds_alternative<UnknownNotice>(decoded->body)) << line;
      const auto* response = std::get_if<Response>(&decoded->body);
      if (response == nullptr) continue;
      ++answers;
      EXPECT_FALSE(response->error);
      if (response->result.IsArray()) {
        const auto subscribed = DecodeSubscribed(response->result);
        ASSERT_TRUE(subscribed);
        EXPECT_EQ(ToHex(subscribed->extranonce1), At("extranonce1").Text());
        EXPECT_EQ(subscribed->extranonce2_size, 4u);
      } else if (response->result.IsObject()) {
        EXPECT_EQ(DecodeConfigured(response->result).version_mask, 0x1fffe000u);
      }
    }
  }
  EXPECT_EQ(answers, 4u);
  EXPECT_EQ(FromPool<SetDifficulty>().difficulty, 512);
  EXPECT_EQ(FromMiner<SuggestDifficulty>().difficulty, 512);
  EXPECT_EQ(FromMiner<Subscribe>().agent, "bitaxe v2.2");
}

TEST_F(StratumSession, TheShareIsTheHeaderOfTheRecord) {
  const auto job = FromPool<Notify>();
  const auto share = FromMiner<Submit>();
  const Bytes extranonce1 = FromHex(At("extranonce1").Text()).value();
  EXPECT_EQ(job.job, share.job);
  EXPECT_EQ(job.previous.ToString(), At("block_template").Find("previousblockhash")->Text());

  const Header header = HeaderOf(job, extranonce1, 0x1fffe000, share);
  const json::Value& expected = At("share");
  EXPECT_EQ(ToHex(header.Serialize()), expected.Find("header_hex")->Text());
  EXPECT_EQ(header.Hash().ToString(), expected.Find("hash")->Text());
  const double difficulty = expected.Find("share_difficulty")->AsDouble().value();
  EXPECT_DOUBLE_EQ(DifficultyOfHash(header.Hash()), difficulty);
  const U256 hash = U256::FromLittle(header.Hash().span());
  EXPECT_LE(hash, TargetOfDifficulty(512));
  EXPECT_LE(hash, TargetOfDifficulty(difficulty * 0.999999));
  EXPECT_GT(hash, TargetOfDifficulty(difficulty * 1.000001));
  EXPECT_GT(hash, DecodeCompact(job.bits).target);
}

TEST_F(StratumSession, TheBranchIsThatOfTheTransactions) {
  const auto job = FromPool<Notify>();
  const Bytes extranonce1 = FromHex(At("extranonce1").Text()).value();
  const Bytes coinbase = Coinbase(job, extranonce1, FromMiner<Submit>().extranonce2);
  std::vector<crypto::Digest> ids;
  for (const json::Value& transaction : At("block_template").Find("transactions")->Items()) {
    ids.push_back(HashFromText(transaction.Find("txid")->Text()).value());
  }
  EXPECT_EQ(BranchOf(ids), job.branch);
  ids.insert(ids.begin(), crypto::Sha256dOf(coinbase));
  EXPECT_EQ(RootOf(coinbase, job.branch).bytes, ComputeMerkleRoot(ids).root);
  const auto parsed = ParseTransaction(coinbase);
  ASSERT_TRUE(parsed);
  EXPECT_EQ((*parsed)->txid.bytes, ids.front());
}

TEST_F(StratumSession, ExampleOfAnotherPool) {
  const json::Value& examples = *file_.Find("notify_examples");
  ASSERT_FALSE(examples.Items().empty());
  for (const json::Value& example : examples.Items()) {
    const std::string line = example.Find("message")->ToString();
    const auto message = DecodePoolLine(line);
    ASSERT_TRUE(message) << message.error().message;
    const auto* job = std::get_if<Notify>(&message->body);
    ASSERT_NE(job, nullptr);
    const json::Value& expected = *example.Find("expected");
    EXPECT_EQ(job->previous.ToString(), expected.Find("prev_hash")->Text());
    EXPECT_TRUE(job->clean);
    // BIP34: the script begins with a push of the height.
    constexpr size_t kScript = 42;
    ASSERT_GT(job->coinbase1.size(), kScript + 4);
    ASSERT_EQ(job->coinbase1[kScript], 3);
    const int64_t height = job->coinbase1[kScript + 1] | job->coinbase1[kScript + 2] << 8 |
                           job->coinbase1[kScript + 3] << 16;
    EXPECT_EQ(height, expected.Find("height")->AsInt());
    const auto again = DecodePoolLine(Encode(*job));
    ASSERT_TRUE(again);
    EXPECT_EQ(Encode(std::get<Notify>(again->body)), Encode(*job));
  }
}

}  // namespace
}  // namespace cairn::mining::stratum
