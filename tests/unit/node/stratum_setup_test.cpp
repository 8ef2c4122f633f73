// What the options say about the Stratum server.
#include "src/node/stratum_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/primitives/script.h"
#include "tests/unit/node/support.h"

namespace cairn::node {
namespace {

using testing::HasSubstr;

Result<std::optional<mining::StratumOptions>> Read(const std::vector<std::string>& arguments) {
  return StratumOptionsFrom(Given(arguments), consensus::Params(), "/data/indexes");
}

mining::StratumOptions Expect(const std::vector<std::string>& arguments) {
  const auto read = Read(arguments);
  EXPECT_TRUE(read && *read);
  return read && *read ? **read : mining::StratumOptions();
}

std::string ErrorOf(const std::vector<std::string>& arguments) {
  const auto read = Read(arguments);
  return read ? "" : read.error().message;
}

TEST(StratumSetup, IsOffUnlessAskedFor) {
  EXPECT_FALSE(Read({})->has_value());
  EXPECT_FALSE(Read({"-stratum=1.2.3.4:5", "-nostratum"})->has_value());
  EXPECT_FALSE(Read({"-stratumpayout=pplns"})->has_value());
}

TEST(StratumSetup, SaysWhereAndHow) {
  const mining::StratumOptions plain = Expect({"-stratum=127.0.0.1:4444"});
  EXPECT_EQ(plain.host, "127.0.0.1");
  EXPECT_EQ(plain.port, 4444);
  EXPECT_EQ(plain.folder, "/data/indexes/stratum");
  EXPECT_FALSE(plain.pplns);
  EXPECT_FALSE(plain.difficulty);
  EXPECT_EQ(Expect({"-stratum=[::1]:80"}).host, "::1");
  EXPECT_EQ(Expect({"-stratum=miners.lan"}).port, 3333);
  const mining::StratumOptions all =
      Expect({"-stratum=h:1", "-stratumpayout=pplns", "-stratumdifficulty=1e-3"});
  EXPECT_TRUE(all.pplns);
  EXPECT_EQ(all.difficulty, 0.001);
}

TEST(StratumSetup, ServesNoBlocksThatMustBeSigned) {
  consensus::Params signet;
  signet.signet_challenge = Bytes{OP_0};
  const auto refused = StratumOptionsFrom(Given({"-stratum=h:1"}), signet, "/data/indexes");
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("-stratum cannot make blocks of this chain"));
  signet.signet_challenge = Bytes{OP_1};
  EXPECT_TRUE(StratumOptionsFrom(Given({"-stratum=h:1"}), signet, "/data/indexes").has_value());
}

TEST(StratumSetup, RefusesWhatItCannotRead) {
  EXPECT_THAT(ErrorOf({"-stratum=h:0x1"}), HasSubstr("must be HOST:PORT"));
  EXPECT_THAT(ErrorOf({"-stratum=h:70000"}), HasSubstr("must be HOST:PORT"));
  EXPECT_THAT(ErrorOf({"-stratum=h:1", "-stratumpayout=pps"}), HasSubstr("'solo' or 'pplns'"));
  for (const std::string difficulty : {"", "0", "-1", "x", "1x", "nan", "inf", "2147483649"}) {
    EXPECT_THAT(ErrorOf({"-stratum=h:1", "-stratumdifficulty=" + difficulty}),
                HasSubstr("Invalid -stratumdifficulty=" + difficulty));
  }
}

TEST(StratumSetup, MakesDoWithTheFilesThatThereAre) {
  mining::StratumOptions options;
  options.most_connections = 1000;
  EXPECT_TRUE(LimitFiles(FilesOfStratum(options), options).has_value());
  EXPECT_EQ(options.most_connections, 1000u);
  EXPECT_TRUE(LimitFiles(200, options).has_value());
  EXPECT_LT(options.most_connections, 200u);
  EXPECT_GT(options.most_connections, 100u);
  EXPECT_FALSE(LimitFiles(50, options).has_value());
}

}  // namespace
}  // namespace cairn::node
