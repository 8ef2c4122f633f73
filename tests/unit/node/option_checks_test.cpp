// Options that are out of range or wrong together, and what the options say about the log.
#include "cairn/node/option_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/node/log_setup.h"
#include "tests/unit/node/support.h"

namespace cairn::node {
namespace {

using testing::HasSubstr;

std::string Check(const std::vector<std::string>& arguments) {
  const Status checked = CheckOptions(Given(arguments));
  return checked ? "" : checked.error().message;
}

TEST(OptionChecks, PassTheDefaults) { EXPECT_EQ(Check({}), ""); }

TEST(OptionChecks, OfPorts) {
  EXPECT_EQ(Check({"-rpcport=1", "-port=65535"}), "");
  EXPECT_EQ(Check({"-rpcport=65536"}), "Invalid port specified in -rpcport: '65536'");
  EXPECT_EQ(Check({"-rpcport=0"}), "Invalid port specified in -rpcport: '0'");
  EXPECT_EQ(Check({"-port=-1"}), "Invalid port specified in -port: '-1'");
  EXPECT_EQ(Check({"-norpcport"}), "Invalid port specified in -rpcport: '0'");
}

TEST(OptionChecks, OfPruning) {
  for (const char* good : {"-prune=0", "-noprune", "-prune=1", "-prune=550"})
    EXPECT_EQ(Check({good}), "");
  EXPECT_EQ(Check({"-prune=-1"}), "Prune cannot be configured with a negative value.");
  EXPECT_THAT(Check({"-prune=549"}), HasSubstr("below the minimum of 550 MiB"));
  EXPECT_EQ(Check({"-prune=2", "-fastprune"}), "");
  EXPECT_EQ(Check({"-prune=1", "-txindex"}), "Prune mode is incompatible with -txindex.");
  EXPECT_THAT(Check({"-prune=1", "-reindex-chainstate"}),
              HasSubstr("incompatible with -reindex-chainstate"));
}

TEST(OptionChecks, OfIndexes) {
  for (const char* good : {"-blockfilterindex", "-blockfilterindex=1", "-blockfilterindex=basic",
                           "-blockfilterindex=0"}) {
    EXPECT_EQ(Check({good}), "");
  }
  EXPECT_EQ(Check({"-blockfilterindex=fancy"}), "Unknown -blockfilterindex value fancy.");
  EXPECT_EQ(Check({"-peerblockfilters"}),
            "Cannot set -peerblockfilters without -blockfilterindex.");
  EXPECT_EQ(Check({"-peerblockfilters", "-blockfilterindex=0"}),
            "Cannot set -peerblockfilters without -blockfilterindex.");
  EXPECT_EQ(Check({"-peerblockfilters", "-blockfilterindex"}), "");
}

TEST(OptionChecks, OfPeers) {
  EXPECT_EQ(Check({"-bind=1.2.3.4", "-listen=0"}),
            "Cannot set -bind or -whitebind together with -listen=0");
  EXPECT_EQ(Check({"-whitebind=1.2.3.4", "-nolisten"}),
            "Cannot set -bind or -whitebind together with -listen=0");
  EXPECT_THAT(Check({"-forcednsseed", "-nodnsseed"}), HasSubstr("Cannot set -forcednsseed"));
  EXPECT_EQ(Check({"-peertimeout=0"}), "peertimeout must be a positive integer.");
}

TEST(OptionChecks, OfRpc) {
  for (const char* good : {"owner", "group", "all"})
    EXPECT_EQ(Check({std::string("-rpccookieperms=") + good}), "");
  EXPECT_EQ(Check({"-rpccookieperms=world"}),
            "Invalid -rpccookieperms=world; must be one of 'owner', 'group', or 'all'.");
  EXPECT_EQ(Check({"-rpcthreads=0"}), "-rpcthreads must be at least 1.");
}

TEST(OptionChecks, OfOurOwn) {
  EXPECT_THAT(Check({"-logformat=xml"}), HasSubstr("Invalid -logformat=xml"));
  EXPECT_EQ(Check({"-flushblocks=-1"}), "-flushblocks must be from 0 to 2147483647.");
  EXPECT_EQ(Check({"-stopatheight=2147483648"}), "-stopatheight must be from 0 to 2147483647.");
  EXPECT_EQ(Check({"-blockversion=-2147483648"}), "");
  EXPECT_EQ(Check({"-blockversion=2147483648"}), "-blockversion must fit into 32 bits.");
  EXPECT_EQ(Check({"-mocktime=-1"}), "-mocktime must not be negative.");
  EXPECT_EQ(Check({"-minethreads=0"}), "-minethreads must be at least 1.");
  EXPECT_EQ(Check({"-minethreads=1025"}), "-minethreads must not be more than 1024.");
  EXPECT_EQ(Check({"-minerkernel=auto"}), "");
  EXPECT_EQ(Check({"-minerkernel=portable"}), "");
  EXPECT_THAT(Check({"-minerkernel=abacus"}),
              HasSubstr("Invalid -minerkernel=abacus; this processor has: auto, portable"));
}

LogSetup SetupOf(const std::vector<std::string>& arguments) {
  const Result<LogSetup> setup = LogSetupFrom(Given(arguments), "/data/regtest");
  if (!setup) throw std::runtime_error(setup.error().message);
  return *setup;
}

std::string SetupRefusal(const std::string& argument) {
  const Result<LogSetup> setup = LogSetupFrom(Given({argument}), "/data");
  return setup ? "" : setup.error().message;
}

TEST(LogOptions, HaveDefaults) {
  const LogSetup setup = SetupOf({});
  EXPECT_EQ(setup.config.file, "/data/regtest/debug.log");
  EXPECT_TRUE(setup.config.console);
  EXPECT_TRUE(setup.config.timestamps);
  EXPECT_FALSE(setup.config.json);
  EXPECT_EQ(setup.categories, 0u);
}

TEST(LogOptions, SayWhereTheLogGoes) {
  EXPECT_EQ(SetupOf({"-debuglogfile=x.log"}).config.file, "/data/regtest/x.log");
  EXPECT_EQ(SetupOf({"-debuglogfile=/x.log"}).config.file, "/x.log");
  EXPECT_EQ(SetupOf({"-nodebuglogfile"}).config.file, "");
  EXPECT_FALSE(SetupOf({"-printtoconsole=0"}).config.console);
  EXPECT_FALSE(SetupOf({"-daemon"}).config.console);
  EXPECT_FALSE(SetupOf({"-daemonwait"}).config.console);
  EXPECT_TRUE(SetupOf({"-daemonwait", "-printtoconsole"}).config.console);
}

TEST(LogOptions, SayWhatALineShows) {
  const log::Config config = SetupOf({"-logtimemicros", "-logtimestamps=0", "-logthreadnames",
                                      "-logsourcelocations", "-loglevelalways", "-logformat=json"})
                                 .config;
  EXPECT_TRUE(config.time_micros && config.thread_names && config.source_locations &&
              config.level_always && config.json);
  EXPECT_FALSE(config.timestamps);
}

TEST(LogOptions, ChooseCategories) {
  EXPECT_EQ(SetupOf({"-debug=net", "-debug=rpc"}).categories, uint32_t{log::kNet | log::kRpc});
  EXPECT_EQ(SetupOf({"-debug"}).categories, uint32_t{log::kAll});
  EXPECT_EQ(SetupOf({"-debug=net", "-debug=none", "-debug=rpc"}).categories, uint32_t{log::kRpc});
  EXPECT_EQ(SetupOf({"-debug=net", "-debug=0"}).categories, 0u);
  EXPECT_EQ(SetupOf({"-nodebug"}).categories, 0u);
  EXPECT_EQ(SetupOf({"-debug=1", "-debugexclude=net"}).categories, ~uint32_t{log::kNet});
  EXPECT_EQ(SetupRefusal("-debug=nett"), "Unsupported logging category -debug=nett.");
  EXPECT_EQ(SetupRefusal("-debugexclude=nett"), "Unsupported logging category -debugexclude=nett.");
}

TEST(LogOptions, ChooseLevels) {
  EXPECT_EQ(SetupOf({}).config.level, log::Level::kDebug);
  EXPECT_EQ(SetupOf({"-loglevel=info"}).config.level, log::Level::kInfo);
  const log::Config config = SetupOf({"-loglevel=trace", "-loglevel=net:info"}).config;
  EXPECT_EQ(config.level, log::Level::kTrace);
  EXPECT_EQ(config.category_levels.at(log::kNet), log::Level::kInfo);
  EXPECT_THAT(SetupRefusal("-loglevel=loud"),
              HasSubstr("Unsupported global logging level -loglevel=loud."));
  EXPECT_THAT(SetupRefusal("-loglevel=net:loud"),
              HasSubstr("Unsupported category-specific logging level -loglevel=net:loud."));
  EXPECT_THAT(SetupRefusal("-loglevel=nett:info"), HasSubstr("Valid categories: addrman,"));
}

}  // namespace
}  // namespace cairn::node
