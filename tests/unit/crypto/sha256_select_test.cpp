#include "src/crypto/sha256_select.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/crypto/openssl_reference.h"

namespace cairn::crypto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;

std::vector<std::string_view> AvailableNames() {
  std::vector<std::string_view> names;
  for (const Sha256Backend& backend : AvailableSha256Backends()) names.push_back(backend.name);
  return names;
}

TEST(Sha256Select, FindsWhatTheCpuCanDo) {
  const std::vector<std::string_view> names = AvailableNames();
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names.front(), "portable");
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("aes") &&
      __builtin_cpu_supports("pclmul")) {
    EXPECT_THAT(names, IsSupersetOf({"sse4"}));
  }
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq")) {
    EXPECT_THAT(names, IsSupersetOf({"sse4", "avx2", "avx512"}));
  }
#endif
}

TEST(Sha256Select, ObeysAName) {
  for (const Sha256Candidate& candidate : AvailableCandidates()) {
    const Sha256Selection selection = SelectSha256(candidate.backend.name);
    EXPECT_EQ(selection.name, candidate.backend.name);
    EXPECT_THAT(selection.notice, IsEmpty());
    EXPECT_EQ(selection.transform, candidate.backend.transform);
    for (const Sha256Pairing& pairing : {selection.d64, selection.d80, selection.many}) {
      EXPECT_EQ(pairing.wide, candidate.kernel);
      EXPECT_EQ(pairing.narrow, candidate.kernel);
    }
  }
}

TEST(Sha256Select, ChoosesByItselfWithoutAName) {
  const Sha256Selection selection = SelectSha256("");
  EXPECT_THAT(selection.notice, IsEmpty());
  EXPECT_NE(selection.transform, nullptr);
  for (const Sha256Pairing& pairing : {selection.d64, selection.d80, selection.many}) {
    EXPECT_LE(pairing.narrow->lanes, pairing.wide->lanes);
    EXPECT_GE(pairing.worth, 1u);
    EXPECT_LE(pairing.worth, pairing.wide->lanes);
  }
}

TEST(Sha256Select, SaysThatANameIsUnknown) {
  const Sha256Selection selection = SelectSha256("abacus");
  EXPECT_THAT(selection.notice, HasSubstr("CAIRN_SHA256=abacus"));
  EXPECT_THAT(selection.notice, HasSubstr("portable"));
  EXPECT_NE(selection.name, "abacus");
  EXPECT_NE(selection.transform, nullptr);
}

TEST(Sha256Select, SharesWorkAtAnyThreshold) {
  // Whatever the measurement says, a pairing gives the same digests.
  test::RandomBytes random(1);
  const Sha256Kernel* portable = AvailableCandidates().front().kernel;
  for (const Sha256Candidate& candidate : AvailableCandidates()) {
    for (size_t worth = 1; worth <= candidate.kernel->lanes; ++worth) {
      const Sha256Pairing pairing = {candidate.kernel, portable, worth};
      for (size_t count = 0; count <= 2 * candidate.kernel->lanes + 1; ++count) {
        const Bytes in = random.Next(80 * count);
        std::vector<Digest> pairs(count), headers(count), many(count);
        std::vector<Pieces> messages;
        for (size_t i = 0; i < count; ++i) {
          messages.push_back({ByteSpan(in).subspan(80 * i, random.Below(81)), in});
        }
        RunD64(pairing, reinterpret_cast<uint8_t*>(pairs.data()), in.data(), count);
        RunD80(pairing, headers.data(), in.data(), count);
        RunMany(*pairing.wide, worth, *pairing.narrow, messages, many.data());
        for (size_t i = 0; i < count; ++i) {
          Bytes message(messages[i][0].begin(), messages[i][0].end());
          Append(message, in);
          ASSERT_EQ(pairs[i], test::OpensslSha256d(ByteSpan(in).subspan(64 * i, 64)));
          ASSERT_EQ(headers[i], test::OpensslSha256d(ByteSpan(in).subspan(80 * i, 80)));
          ASSERT_EQ(many[i], test::OpensslSha256d(message));
        }
      }
    }
  }
}

/// The environment is read once in a process, so each of these needs one of its own.
class Sha256EnvironmentTest : public testing::Test {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }

  [[noreturn]] static void ExitWithActive(const char* wanted) {
    setenv("CAIRN_SHA256", wanted, 1);
    const std::string name(ActiveSha256Backend().name);
    const std::string notice(Sha256Notice());
    std::fprintf(stderr, "name=%s notice=%s.", name.c_str(), notice.c_str());
    std::exit(0);
  }
};

TEST_F(Sha256EnvironmentTest, ForcesABackend) {
  EXPECT_EXIT(ExitWithActive("portable"), testing::ExitedWithCode(0), "name=portable notice=\\.");
}

TEST_F(Sha256EnvironmentTest, TellsOfAnUnknownBackend) {
  EXPECT_EXIT(ExitWithActive("abacus"), testing::ExitedWithCode(0),
              "notice=CAIRN_SHA256=abacus is not among portable");
}

}  // namespace
}  // namespace cairn::crypto
