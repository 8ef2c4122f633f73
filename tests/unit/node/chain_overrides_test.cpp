// Options that change a chain's parameters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/node/chain_selection.h"
#include "tests/unit/node/support.h"

namespace cairn::node {
namespace {

using testing::HasSubstr;

consensus::Params Changed(const std::string& chain, const std::vector<std::string>& arguments) {
  Result<consensus::Params> params = LoadChain(chain);
  if (!params) throw std::runtime_error(params.error().message);
  const Status applied = ApplyOverrides(Given(arguments), *params);
  EXPECT_TRUE(applied) << applied.error().message;
  return *params;
}

std::string Refusal(const std::string& chain, const std::vector<std::string>& arguments) {
  Result<consensus::Params> params = LoadChain(chain);
  if (!params) throw std::runtime_error(params.error().message);
  const Status applied = ApplyOverrides(Given(arguments), *params);
  return applied ? "" : applied.error().message;
}

TEST(Overrides, OfNoneChangeNothing) {
  const consensus::Params params = Changed("main", {});
  EXPECT_FALSE(params.assumed_valid.IsZero());
  EXPECT_FALSE(params.minimum_chain_work.IsZero());
  EXPECT_TRUE(params.require_standard);
}

TEST(Overrides, OfTheAssumedValidBlock) {
  const std::string hash(64, 'a');
  EXPECT_EQ(Changed("main", {"-assumevalid=" + hash}).assumed_valid.ToString(), hash);
  EXPECT_EQ(Changed("main", {"-assumevalid=0x" + hash}).assumed_valid.ToString(), hash);
  EXPECT_TRUE(Changed("main", {"-assumevalid=0"}).assumed_valid.IsZero());
  EXPECT_TRUE(Changed("main", {"-noassumevalid"}).assumed_valid.IsZero());
  EXPECT_EQ(Refusal("main", {"-assumevalid=xyz"}),
            "Invalid assumevalid block hash specified (xyz), must be up to 64 hex digits (or 0 to "
            "disable)");
  EXPECT_NE(Refusal("main", {"-assumevalid=" + hash + "a"}), "");
}

TEST(Overrides, OfTheMinimumWork) {
  EXPECT_EQ(Changed("main", {"-minimumchainwork=0x1ff"}).minimum_chain_work, U256(0x1ff));
  EXPECT_EQ(Changed("main", {"-minimumchainwork=00"}).minimum_chain_work, U256(0));
  EXPECT_EQ(Refusal("main", {"-minimumchainwork=xyz"}),
            "Invalid minimum work specified (xyz), must be up to 64 hex digits");
}

TEST(Overrides, OfActivationHeights) {
  const consensus::Params params =
      Changed("regtest", {"-testactivationheight=bip34@2", "-testactivationheight=dersig@3",
                          "-testactivationheight=cltv@4", "-testactivationheight=csv@5",
                          "-testactivationheight=segwit@6"});
  EXPECT_EQ(params.heights.bip34, 2);
  EXPECT_EQ(params.heights.bip66, 3);
  EXPECT_EQ(params.heights.bip65, 4);
  EXPECT_EQ(params.heights.csv, 5);
  EXPECT_EQ(params.heights.segwit, 6);
}

TEST(Overrides, OfActivationHeightsSayWhatIsWrong) {
  EXPECT_EQ(Refusal("regtest", {"-testactivationheight=segwit"}),
            "Invalid format (segwit) for -testactivationheight=name@height.");
  for (const char* bad : {"segwit@", "segwit@x", "segwit@-1", "segwit@2147483647", "segwit@1@2"}) {
    EXPECT_EQ(
        Refusal("regtest", {std::string("-testactivationheight=") + bad}),
        std::string("Invalid height value (") + bad + ") for -testactivationheight=name@height.");
  }
  EXPECT_EQ(Refusal("regtest", {"-testactivationheight=taproot@1"}),
            "Invalid name (taproot@1) for -testactivationheight=name@height.");
}

const consensus::Bip9Deployment& Deployment(const consensus::Params& params,
                                            const std::string& name) {
  for (const auto& deployment : params.deployments) {
    if (deployment.name == name) return deployment;
  }
  throw std::runtime_error("no deployment " + name);
}

TEST(Overrides, OfDeployments) {
  const consensus::Params params =
      Changed("regtest", {"-vbparams=testdummy:10:20:144", "-vbparams=taproot:-2:0"});
  EXPECT_EQ(Deployment(params, "testdummy").start_time, 10);
  EXPECT_EQ(Deployment(params, "testdummy").timeout, 20);
  EXPECT_EQ(Deployment(params, "testdummy").min_activation_height, 144);
  EXPECT_EQ(Deployment(params, "taproot").start_time, consensus::Bip9Deployment::kNeverActive);
  EXPECT_EQ(Deployment(params, "taproot").min_activation_height, 0);
}

TEST(Overrides, OfDeploymentsSayWhatIsWrong) {
  for (const char* bad : {"", "taproot", "taproot:1", "taproot:1:2:3:4"}) {
    EXPECT_THAT(Refusal("regtest", {std::string("-vbparams=") + bad}),
                HasSubstr("Version bits parameters malformed"));
  }
  EXPECT_EQ(Refusal("regtest", {"-vbparams=taproot:x:2"}), "Invalid nStartTime (x)");
  EXPECT_EQ(Refusal("regtest", {"-vbparams=taproot:1:"}), "Invalid nTimeout ()");
  EXPECT_EQ(Refusal("regtest", {"-vbparams=taproot:1:2:-1"}), "Invalid min_activation_height (-1)");
  EXPECT_EQ(Refusal("regtest", {"-vbparams=segwit:1:2"}), "Invalid deployment (segwit)");
}

TEST(Overrides, ForTestsHoldOnlyWhereBlocksAreMadeOnDemand) {
  EXPECT_EQ(Changed("main", {"-testactivationheight=segwit@1"}).heights.segwit,
            Changed("main", {}).heights.segwit);
  EXPECT_EQ(Refusal("main", {"-vbparams=nonsense"}), "");
}

TEST(Overrides, MakeASignetOfOnesOwn) {
  const consensus::Params params =
      Changed("signet", {"-signetchallenge=51", "-signetseednode=a:1", "-signetseednode=b"});
  EXPECT_EQ(params.signet_challenge, Bytes{0x51});
  EXPECT_EQ(ToHex(params.magic), "54d26fbd");  // of SHA256d(0151)
  EXPECT_EQ(params.dns_seeds, (std::vector<std::string>{"a:1", "b"}));
  EXPECT_TRUE(params.minimum_chain_work.IsZero());
  EXPECT_TRUE(params.assumed_valid.IsZero());
}

TEST(Overrides, LeaveTheSignetChallengeToSignet) {
  EXPECT_EQ(Changed("regtest", {"-signetchallenge=51"}).signet_challenge, std::nullopt);
  EXPECT_EQ(Refusal("signet", {"-signetchallenge=51", "-signetchallenge=52"}),
            "-signetchallenge cannot be multiple values.");
  EXPECT_EQ(Refusal("signet", {"-signetchallenge=5"}), "-signetchallenge must be hex, not '5'.");
}

TEST(Overrides, OfStandardnessNeedATestChain) {
  EXPECT_FALSE(Changed("regtest", {"-acceptnonstdtxn"}).require_standard);
  EXPECT_TRUE(Changed("regtest", {"-acceptnonstdtxn=0"}).require_standard);
  EXPECT_EQ(Refusal("main", {"-acceptnonstdtxn"}),
            "acceptnonstdtxn is not currently supported for main chain");
  EXPECT_EQ(Refusal("main", {"-noacceptnonstdtxn"}), "");
}

}  // namespace
}  // namespace cairn::node
