// What -pool and its companions come to.
#include "src/node/pool_client_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/node/support.h"

namespace cairn::node {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<std::optional<mining::PoolClientOptions>> SetupOf(
    const std::vector<std::string>& arguments) {
  return PoolClientOptionsFrom(Given(arguments), "/data");
}

TEST(PoolClientSetup, NothingIsMinedWithoutAPool) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"-mine=address"}, {"-pool=x", "-nopool"}}) {
    const auto setup = SetupOf(arguments);
    ASSERT_TRUE(setup) << setup.error().message;
    EXPECT_FALSE(*setup);
  }
}

TEST(PoolClientSetup, PoolsKeepTheirOrder) {
  const auto setup = SetupOf({"-pool=stratum+ssl://a:b@first:1", "-pool=stratum+tcp://c@second:2",
                              "-minethreads=5", "-poolcafile=ca.pem"});
  ASSERT_TRUE(setup && *setup);
  const mining::PoolClientOptions& options = **setup;
  ASSERT_EQ(options.pools.size(), 2u);
  EXPECT_EQ(options.pools[0].Url(), "stratum+ssl://first:1");
  EXPECT_EQ(options.pools[1].Url(), "stratum+tcp://second:2");
  EXPECT_EQ(options.threads, 5u);
  EXPECT_EQ(options.ca_file, "/data/ca.pem");
  EXPECT_EQ((*SetupOf({"-pool=stratum+tcp://c@second:2"}))->ca_file, "");
}

TEST(PoolClientSetup, MistakesAreToldWithoutThePassword) {
  const auto error = [](const std::vector<std::string>& arguments) {
    const auto setup = SetupOf(arguments);
    EXPECT_FALSE(setup);
    return setup ? "" : setup.error().message;
  };
  EXPECT_THAT(error({"-pool=http://user:hush@host:1"}), HasSubstr("stratum+tcp://"));
  EXPECT_THAT(error({"-pool=stratum+tcp://user:hush@host"}), Not(HasSubstr("hush")));
  EXPECT_THAT(error({"-pool=stratum+tcp://user:hush@host:1", "-mine=address"}), HasSubstr("-mine"));
}

}  // namespace
}  // namespace cairn::node
