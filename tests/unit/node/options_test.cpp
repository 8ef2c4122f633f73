// Options on the command line and in a file: syntax, which value counts, getters.
#include "cairn/node/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/node/support.h"

namespace cairn::node {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(CommandLine, TakesValuesWithOneDashOrTwo) {
  EXPECT_EQ(Given({"-rpcuser=ann"}).GetString("rpcuser"), "ann");
  EXPECT_EQ(Given({"--rpcuser=ann"}).GetString("rpcuser"), "ann");
  EXPECT_EQ(Given({"-rpcuser="}).GetString("rpcuser", "x"), "");
  EXPECT_EQ(Given({"-rpcpassword=a=b#c d"}).GetString("rpcpassword"), "a=b#c d");
}

TEST(CommandLine, ReadsFlags) {
  EXPECT_TRUE(Given({"-server"}).GetBool("server", false));
  EXPECT_TRUE(Given({"-server="}).GetBool("server", false));
  EXPECT_TRUE(Given({"-server=1"}).GetBool("server", false));
  EXPECT_TRUE(Given({"-server=2"}).GetBool("server", false));
  EXPECT_FALSE(Given({"-server=0"}).GetBool("server", true));
  EXPECT_FALSE(Given({"-noserver"}).GetBool("server", true));
  EXPECT_FALSE(Given({"--noserver"}).GetBool("server", true));
  EXPECT_FALSE(Given({"-noserver=1"}).GetBool("server", true));
  EXPECT_TRUE(Given({}).GetBool("server", true));
  EXPECT_FALSE(Given({}).GetBool("server", false));
}

TEST(CommandLine, DoubleNegationIsTrueWithAWarning) {
  const Options options = Given({"-noserver=0"});
  EXPECT_TRUE(options.GetBool("server", false));
  EXPECT_FALSE(options.IsNegated("server"));
  EXPECT_THAT(options.warnings(), ElementsAre(HasSubstr("-noserver=0")));
}

TEST(CommandLine, TheLastValueCounts) {
  EXPECT_EQ(Given({"-rpcuser=a", "-rpcuser=b"}).GetString("rpcuser"), "b");
  EXPECT_TRUE(Given({"-noserver", "-server"}).GetBool("server", false));
  EXPECT_FALSE(Given({"-server", "-noserver"}).GetBool("server", true));
  EXPECT_EQ(Given({"-par=1", "-nopar"}).GetInt("par", 7), 0);
}

TEST(CommandLine, ListsKeepAllValuesSinceTheLastNegation) {
  EXPECT_THAT(Given({"-debug=net", "-debug=rpc"}).GetList("debug"), ElementsAre("net", "rpc"));
  EXPECT_THAT(Given({"-debug=net", "-nodebug"}).GetList("debug"), IsEmpty());
  EXPECT_THAT(Given({"-debug=net", "-nodebug", "-debug=rpc"}).GetList("debug"), ElementsAre("rpc"));
  EXPECT_THAT(Given({"-debug"}).GetList("debug"), ElementsAre(""));
  EXPECT_THAT(Given({"-connect=0"}).GetList("connect"), ElementsAre("0"));
}

TEST(CommandLine, KnowsWhatIsSetAndWhatIsNegated) {
  EXPECT_FALSE(Given({}).IsSet("pid"));
  EXPECT_TRUE(Given({"-pid=x"}).IsSet("pid"));
  EXPECT_TRUE(Given({"-nopid"}).IsSet("pid"));
  EXPECT_TRUE(Given({"-nopid"}).IsNegated("pid"));
  EXPECT_FALSE(Given({"-pid=0"}).IsNegated("pid"));
  EXPECT_EQ(Given({"-nopid"}).GetString("pid", "x"), "0");
}

TEST(CommandLine, ReadsNumbers) {
  EXPECT_EQ(Given({"-par=8"}).GetInt("par", 0), 8);
  EXPECT_EQ(Given({"-par=-2"}).GetInt("par", 0), -2);
  EXPECT_EQ(Given({"-par=+2"}).GetInt("par", 0), 2);
  EXPECT_EQ(Given({"-par= 2 "}).GetInt("par", 0), 2);
  EXPECT_EQ(Given({}).GetInt("par", 5), 5);
  EXPECT_EQ(Given({"-mocktime=9223372036854775807"}).GetInt("mocktime", 0), INT64_MAX);
}

TEST(CommandLine, ANumberThatIsAlsoAFlagIsOneWhenBare) {
  EXPECT_EQ(Given({"-checkblockindex"}).GetInt("checkblockindex", 0), 1);
  EXPECT_EQ(Given({"-checkblockindex=10"}).GetInt("checkblockindex", 0), 10);
  EXPECT_EQ(Given({"-checkblockindex=0"}).GetInt("checkblockindex", 5), 0);
  EXPECT_EQ(Given({"-nocheckblockindex"}).GetInt("checkblockindex", 5), 0);
}

TEST(CommandLine, RefusesValuesThatAreNoNumbers) {
  for (const char* bad :
       {"-rpcport=abc", "-rpcport=", "-rpcport", "-rpcport=1x", "-rpcport=0x10", "-rpcport=1.5",
        "-rpcport=--1", "-rpcport=+-1", "-rpcport=9223372036854775808"}) {
    EXPECT_THAT(Complaint({bad}), HasSubstr("must be a whole number")) << bad;
    EXPECT_THAT(Complaint({bad}), HasSubstr("rpcport")) << bad;
  }
}

TEST(CommandLine, RefusesFlagsThatAreNeitherTrueNorFalse) {
  for (const char* bad : {"-server=yes", "-server=true", "-server=off", "-noserver=yes"}) {
    EXPECT_THAT(Complaint({bad}), HasSubstr("must be 0 or 1")) << bad;
  }
}

TEST(CommandLine, NamesUnknownOptions) {
  EXPECT_EQ(Complaint({"-foo"}), "Error parsing command line arguments: Invalid parameter -foo");
  EXPECT_EQ(Complaint({"--foo=1"}),
            "Error parsing command line arguments: Invalid parameter --foo=1");
  for (const char* bad :
       {"-nofoo", "-=1", "--", "-no", "-Server", "-regtest.rpcport=1", "-server x", "---server"}) {
    EXPECT_EQ(Complaint({bad}),
              std::string("Error parsing command line arguments: Invalid parameter ") + bad);
  }
}

TEST(CommandLine, RefusesNegationsWithoutMeaning) {
  EXPECT_THAT(Complaint({"-nodatadir"}),
              HasSubstr("Negating of -datadir is meaningless and therefore forbidden"));
}

TEST(CommandLine, LeavesIncludeconfToTheFile) {
  EXPECT_THAT(Complaint({"-includeconf=x"}),
              HasSubstr("-includeconf cannot be used from commandline"));
  EXPECT_EQ(Complaint({"-noincludeconf"}), "");
}

TEST(CommandLine, NeverShowsASecretInAnError) {
  EXPECT_THAT(Complaint({"-norpcpassword=hunter2"}), testing::Not(HasSubstr("hunter2")));
}

TEST(CommandLine, TheDaemonTakesNoWords) {
  EXPECT_EQ(Complaint({"-regtest", "stop", "-foo"}),
            "Command line contains unexpected token 'stop', see cairnd -h for a list of options.");
  EXPECT_THAT(Complaint({"-"}), HasSubstr("unexpected token '-'"));
  EXPECT_THAT(Complaint({""}), HasSubstr("unexpected token ''"));
}

TEST(CommandLine, TheClientsWordsBeginAtTheFirstThatIsNoOption) {
  const Options options =
      Given({"-regtest", "-rpcwait", "getblockhash", "-1", "-named"}, Program::kClient);
  EXPECT_TRUE(options.GetBool("rpcwait", false));
  EXPECT_FALSE(options.IsSet("named"));
  EXPECT_THAT(options.words(), ElementsAre("getblockhash", "-1", "-named"));
}

TEST(CommandLine, EachProgramHasItsOwnOptions) {
  EXPECT_EQ(Complaint({"-named"}, Program::kClient), "");
  EXPECT_THAT(Complaint({"-named"}), HasSubstr("Invalid parameter -named"));
  EXPECT_THAT(Complaint({"-dbcache=1"}, Program::kClient),
              HasSubstr("Invalid parameter -dbcache=1"));
  for (const Program program : {Program::kDaemon, Program::kClient}) {
    EXPECT_EQ(Complaint({"-rpcport=1", "-datadir=x", "-conf=y", "-regtest", "-rpcuser=u"}, program),
              "");
  }
}

TEST(CommandLine, AcceptsWhatTestHarnessesPass) {
  EXPECT_EQ(
      Complaint({"-disablewallet", "-keypool=1", "-fallbackfee=0.0002", "-upnp=0", "-natpmp=0",
                 "-v2transport=0", "-unsafesqlitesync", "-deprecatedrpc=create_bdb",
                 "-shrinkdebugfile=0", "-walletrbf=whatever", "-wallet="}),
      "");
}

TEST(OptionPaths, AreRelativeToAFolder) {
  EXPECT_EQ(Given({"-pid=my.pid"}).GetPath("pid", "/data", "cairnd.pid"), "/data/my.pid");
  EXPECT_EQ(Given({"-pid=/run/my.pid"}).GetPath("pid", "/data", "cairnd.pid"), "/run/my.pid");
  EXPECT_EQ(Given({"-pid=../my.pid"}).GetPath("pid", "/data/x", "cairnd.pid"), "/data/my.pid");
  EXPECT_EQ(Given({"-pid="}).GetPath("pid", "/data", "cairnd.pid"), "/data/cairnd.pid");
  EXPECT_EQ(Given({}).GetPath("pid", "/data", "cairnd.pid"), "/data/cairnd.pid");
  EXPECT_EQ(Given({}).GetPath("blocksdir", "/data", ""), "");
  EXPECT_EQ(Given({"-blocksdir=x"}).GetPath("blocksdir", "/data", ""), "/data/x");
  EXPECT_EQ(Given({"-nopid"}).GetPath("pid", "/data", "cairnd.pid"), "");
}

TEST(ConfigValues, AreWeakerThanTheCommandLine) {
  EXPECT_EQ(Given({"-rpcuser=a"}, "rpcuser=b\n[main]\nrpcuser=c", "main").GetString("rpcuser"),
            "a");
  EXPECT_EQ(Given({}, "rpcuser=b\n[main]\nrpcuser=c", "main").GetString("rpcuser"), "c");
  EXPECT_EQ(Given({}, "rpcuser=b\n[test]\nrpcuser=c", "main").GetString("rpcuser"), "b");
  EXPECT_FALSE(Given({"-noserver"}, "server=1", "main").GetBool("server", true));
}

TEST(ConfigValues, TheFirstOneCounts) {
  EXPECT_EQ(Given({}, "rpcuser=a\nrpcuser=b", "main").GetString("rpcuser"), "a");
  EXPECT_EQ(Given({}, "[main]\nrpcuser=a\nrpcuser=b", "main").GetString("rpcuser"), "a");
}

TEST(ConfigValues, ANegationWipesWhatStandsBeforeIt) {
  EXPECT_EQ(Given({}, "rpcuser=a\nnorpcuser=1\nrpcuser=b\nrpcuser=c", "main").GetString("rpcuser"),
            "b");
  EXPECT_TRUE(Given({}, "rpcuser=a\nnorpcuser=1", "main").IsNegated("rpcuser"));
  EXPECT_TRUE(Given({}, "noserver=0", "main").GetBool("server", false));
}

TEST(ConfigValues, OfListsAddUp) {
  const std::string config = "debug=c\ndebug=d\n[main]\ndebug=b";
  EXPECT_THAT(Given({"-debug=a"}, config, "main").GetList("debug"),
              ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(Given({"-nodebug"}, config, "main").GetList("debug"), IsEmpty());
  EXPECT_THAT(Given({}, "debug=c\n[main]\nnodebug=1", "main").GetList("debug"), IsEmpty());
  EXPECT_THAT(Given({}, "debug=b\nnodebug=1\ndebug=c", "main").GetList("debug"), ElementsAre("c"));
}

TEST(ConfigValues, ANegationFollowedByAValueLetsWeakerSourcesCount) {
  EXPECT_THAT(Given({"-debug=x", "-nodebug", "-debug=a"}, "debug=c", "main").GetList("debug"),
              ElementsAre("a", "c"));
  EXPECT_THAT(Given({"-debug=a"}, "debug=c\n[main]\nnodebug=1", "main").GetList("debug"),
              ElementsAre("a", "c"));
}

TEST(ConfigValues, DottedKeysNameTheirSection) {
  const std::string config = "regtest.rpcport=1\nrpcport=2\n[regtest]\nrpcuser=ann";
  EXPECT_EQ(Given({}, config, "regtest").GetInt("rpcport", 0), 1);
  EXPECT_EQ(Given({}, config, "main").GetInt("rpcport", 0), 2);
  EXPECT_EQ(Given({}, config, "regtest").GetString("rpcuser"), "ann");
}

TEST(ConfigValues, OfNetworkOnlyOptionsNeedASectionOffMainnet) {
  const std::string config = "rpcport=1\nconnect=x\nbind=y\nrpcuser=u\n[test]\nbind=z";
  const Options on_main = Given({}, config, "main");
  EXPECT_EQ(on_main.GetInt("rpcport", 0), 1);
  EXPECT_THAT(on_main.IgnoredOutsideSection(), IsEmpty());

  const Options on_test = Given({"-connect=w"}, config, "test");
  EXPECT_FALSE(on_test.IsSet("rpcport"));
  EXPECT_THAT(on_test.GetList("connect"), ElementsAre("w"));
  EXPECT_THAT(on_test.GetList("bind"), ElementsAre("z"));
  EXPECT_EQ(on_test.GetString("rpcuser"), "u");
  EXPECT_THAT(on_test.IgnoredOutsideSection(), ElementsAre("rpcport"));
}

TEST(ConfigValues, ANegatedNetworkOnlyOptionHoldsEverywhere) {
  const Options options = Given({}, "noconnect=1", "regtest");
  EXPECT_TRUE(options.IsNegated("connect"));
  EXPECT_THAT(options.IgnoredOutsideSection(), IsEmpty());
}

TEST(ConfigValues, ChooseTheChainByTheLastAndOutsideOfSections) {
  EXPECT_TRUE(Given({}, "regtest=0\nregtest=1", "").GetChainFlag("regtest"));
  EXPECT_TRUE(Given({"-noregtest"}, "regtest=1", "").GetChainFlag("regtest"));
  EXPECT_FALSE(Given({"-regtest=0"}, "regtest=1", "").GetChainFlag("regtest"));
  EXPECT_FALSE(Given({}, "[regtest]\nregtest=1", "").GetChainFlag("regtest"));
  EXPECT_EQ(Given({"-chain=a", "-chain=b"}, "chain=c", "").GetChainName(), "b");
  EXPECT_EQ(Given({}, "chain=c\nchain=d", "").GetChainName(), "d");
}

/// What is wrong with a line of configuration.
std::string ConfigComplaint(std::string_view line, Program program = Program::kDaemon) {
  const Result<ConfigText> text = ParseConfigText(line);
  if (!text) return text.error().message;
  Options options = Given({}, program);
  const Status added = options.AddConfig(text->entries);
  return added ? "" : added.error().message;
}

TEST(ConfigKeys, MustBeKnownToTheDaemon) {
  EXPECT_EQ(ConfigComplaint("foo=1"), "Invalid configuration value foo");
  EXPECT_EQ(ConfigComplaint("nofoo=1"), "Invalid configuration value nofoo");
  EXPECT_EQ(ConfigComplaint("[test]\nfoo=1"), "Invalid configuration value test.foo");
  EXPECT_EQ(ConfigComplaint("=1"), "Invalid configuration value ");
}

TEST(ConfigKeys, OfTheOtherProgramAreNoMistake) {
  EXPECT_EQ(ConfigComplaint("rpcconnect=10.0.0.1\nrpcwait=1"), "");
  EXPECT_EQ(ConfigComplaint("dbcache=nonsense\nfoo=1", Program::kClient), "");
}

TEST(ConfigKeys, AreCheckedAsOnTheCommandLine) {
  EXPECT_EQ(ConfigComplaint("\nrpcport=abc"),
            "Invalid value rpcport=abc: must be a whole number (line 2)");
  EXPECT_EQ(ConfigComplaint("[test]\nserver=true"),
            "Invalid value test.server=true: must be 0 or 1 (line 2)");
  EXPECT_THAT(ConfigComplaint("conf=x"), HasSubstr("conf cannot be set in the configuration file"));
  EXPECT_THAT(ConfigComplaint("nodatadir=1"), HasSubstr("meaningless"));
}

TEST(OptionDescription, HidesSecretsAndOtherSections) {
  const Options options = Given({"-rpcpassword=hunter2", "-par=2", "-noserver"},
                                "rpcauth=bob:x\n[test]\npar=1\n[main]\npar=3", "main");
  EXPECT_THAT(options.Describe(),
              testing::UnorderedElementsAre(
                  "Config file arg: rpcauth=****", "Config file arg: [main] par=\"3\"",
                  "Command-line arg: rpcpassword=****", "Command-line arg: par=\"2\"",
                  "Command-line arg: server=false"));
}

TEST(OptionEffects, NamesWhatHasNone) {
  EXPECT_THAT(Given({"-asmap=x", "-par=1", "-keypool=1"}).WithoutEffect(), ElementsAre("asmap"));
}

TEST(OptionValues, AreCopiedDeep) {
  Options first = Given({"-rpcuser=a"});
  Options second = first;
  first = Given({"-rpcuser=b"});
  EXPECT_EQ(second.GetString("rpcuser"), "a");
  EXPECT_EQ(first.GetString("rpcuser"), "b");
}

}  // namespace
}  // namespace cairn::node
