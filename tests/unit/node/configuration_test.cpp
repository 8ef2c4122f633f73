// Command line, files and chain together, in real folders.
#include "cairn/node/configuration.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/node/support.h"

namespace cairn::node {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class ConfigurationTest : public testing::Test {
 protected:
  /// Loads with `home_` as home folder and, unless there is one among the arguments, `data_` as
  /// data directory.
  Result<Configuration> Load(std::vector<std::string> arguments,
                             Program program = Program::kDaemon) {
    arguments.insert(arguments.begin(), "-datadir=" + data_.path().string());
    return LoadConfiguration(Given(arguments, program), home_.path());
  }

  Configuration Good(const std::vector<std::string>& arguments,
                     Program program = Program::kDaemon) {
    Result<Configuration> loaded = Load(arguments, program);
    if (loaded) return std::move(*loaded);
    throw std::runtime_error(loaded.error().message);
  }

  std::string Bad(const std::vector<std::string>& arguments, Program program = Program::kDaemon) {
    const Result<Configuration> loaded = Load(arguments, program);
    return loaded ? "no error" : loaded.error().message;
  }

  TempFolder home_;
  TempFolder data_;
};

TEST_F(ConfigurationTest, NeedsNoFile) {
  const Configuration config = Good({});
  EXPECT_EQ(config.params.rpc_name, "main");
  EXPECT_EQ(config.config_file, "");
  EXPECT_EQ(config.data_root, data_.path());
  EXPECT_EQ(config.NetworkFolder(), data_.path() / "");
}

TEST_F(ConfigurationTest, ReadsCairnConfElseBitcoinConf) {
  data_.Write("bitcoin.conf", "rpcuser=bitcoin");
  EXPECT_EQ(Good({}).options.GetString("rpcuser"), "bitcoin");
  data_.Write("cairn.conf", "rpcuser=cairn");
  EXPECT_EQ(Good({}).options.GetString("rpcuser"), "cairn");
  EXPECT_EQ(Good({}).config_file, data_.path() / "cairn.conf");
  EXPECT_EQ(Good({"-conf=bitcoin.conf"}).options.GetString("rpcuser"), "bitcoin");
  EXPECT_FALSE(Good({"-noconf"}).options.IsSet("rpcuser"));
}

TEST_F(ConfigurationTest, ConfIsRelativeToTheDataDirectoryAndMustExist) {
  data_.Write("sub/own.conf", "rpcuser=own");
  EXPECT_EQ(Good({"-conf=sub/own.conf"}).options.GetString("rpcuser"), "own");
  EXPECT_EQ(
      Good({"-conf=" + (data_.path() / "sub/own.conf").string()}).options.GetString("rpcuser"),
      "own");
  EXPECT_EQ(Bad({"-conf=absent.conf"}),
            "Error reading configuration file: specified config file \"" +
                (data_.path() / "absent.conf").string() + "\" could not be opened.");
  EXPECT_THAT(Bad({"-conf=sub"}), HasSubstr("could not be opened"));
}

TEST_F(ConfigurationTest, DataDirectoryMustExistIfGiven) {
  EXPECT_EQ(Bad({"-datadir=/no/such/folder"}),
            "Specified data directory \"/no/such/folder\" does not exist.");
  const std::string file = data_.Write("file", "").string();
  EXPECT_EQ(Bad({"-datadir=" + file}), "Specified data directory \"" + file + "\" does not exist.");
}

TEST_F(ConfigurationTest, DataDirectoryIsInTheHomeFolderByDefault) {
  home_.Write(".cairn/cairn.conf", "rpcuser=home");
  const Result<Configuration> config = LoadConfiguration(Given({}), home_.path());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->data_root, home_.path() / ".cairn");
  EXPECT_EQ(config->options.GetString("rpcuser"), "home");
  TempFolder empty;
  EXPECT_TRUE(LoadConfiguration(Given({}), empty.path())) << "need not exist yet";
}

TEST_F(ConfigurationTest, TheFileMayNameTheDataDirectory) {
  home_.Write(".cairn/cairn.conf", "rpcuser=home\ndatadir=" + data_.path().string());
  data_.Write("cairn.conf", "rpcuser=unread");
  const Result<Configuration> config = LoadConfiguration(Given({}), home_.path());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->data_root, data_.path());
  EXPECT_EQ(config->options.GetString("rpcuser"), "home");

  home_.Write(".cairn/cairn.conf", "datadir=/no/such/folder");
  const Result<Configuration> bad = LoadConfiguration(Given({}), home_.path());
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "Specified data directory \"/no/such/folder\" does not exist.");
}

TEST_F(ConfigurationTest, ChoosesEachChain) {
  const std::vector<std::vector<std::string>> table = {
      {"-chain=main", "main", ""},
      {"-chain=test", "test", "testnet3"},
      {"-testnet", "test", "testnet3"},
      {"-testnet4", "testnet4", "testnet4"},
      {"-chain=signet", "signet", "signet"},
      {"-signet", "signet", "signet"},
      {"-regtest", "regtest", "regtest"},
      {"-chain=regtest", "regtest", "regtest"},
      {"-regtest=0", "main", ""},
  };
  for (const auto& row : table) {
    const Configuration config = Good({row[0]});
    EXPECT_EQ(config.params.rpc_name, row[1]) << row[0];
    EXPECT_EQ(config.NetworkFolder(), data_.path() / row[2]) << row[0];
  }
}

TEST_F(ConfigurationTest, ChoosesTheChainByFileToo) {
  data_.Write("cairn.conf", "regtest=1\n[regtest]\nrpcport=7\n[main]\nrpcport=8");
  EXPECT_EQ(Good({}).params.rpc_name, "regtest");
  EXPECT_EQ(Good({}).options.GetInt("rpcport", 0), 7);
  EXPECT_EQ(Good({"-regtest=0"}).options.GetInt("rpcport", 0), 8);
  data_.Write("cairn.conf", "chain=signet");
  EXPECT_EQ(Good({}).params.rpc_name, "signet");
  EXPECT_THAT(Bad({"-regtest"}), HasSubstr("Invalid combination"));
}

TEST_F(ConfigurationTest, RefusesTwoChains) {
  const std::string complaint =
      "Invalid combination of -regtest, -signet, -testnet, -testnet4 and -chain. Can use at most "
      "one.";
  EXPECT_EQ(Bad({"-regtest", "-signet"}), complaint);
  EXPECT_EQ(Bad({"-testnet", "-testnet4"}), complaint);
  EXPECT_EQ(Bad({"-regtest", "-chain=regtest"}), complaint);
}

TEST_F(ConfigurationTest, RefusesUnknownChains) {
  EXPECT_THAT(Bad({"-chain=moon"}), HasSubstr("Unknown chain moon"));
  EXPECT_THAT(Bad({"-chain=/no/such/moon.json"}), HasSubstr("/no/such/moon.json"));
  const std::string broken = data_.Write("moon.json", "{\n\"x\": oops\n}").string();
  EXPECT_THAT(Bad({"-chain=" + broken}), HasSubstr("moon.json:2"));
}

TEST_F(ConfigurationTest, RunsAChainFileWithASectionOfItsName) {
  const fs::path regtest = fs::path(CAIRN_SOURCE_DIR) / "genesis/regtest.json";
  fs::copy_file(regtest, data_.path() / "moon.json");
  data_.Write("cairn.conf", "[moon]\nrpcport=7\n");
  const Configuration config = Good({"-chain=" + (data_.path() / "moon.json").string()});
  EXPECT_EQ(config.NetworkFolder(), data_.path() / "moon");
  EXPECT_EQ(config.options.GetInt("rpcport", 0), 7);
  EXPECT_THAT(config.options.warnings(), IsEmpty());
}

TEST_F(ConfigurationTest, NamesTheFileInErrors) {
  data_.Write("cairn.conf", "server=1\nthis is no setting\n");
  EXPECT_EQ(Bad({}), "Error reading configuration file: parse error on line 2: this is no setting");
  data_.Write("cairn.conf", "foo=1");
  EXPECT_EQ(Bad({}), "Error reading configuration file: Invalid configuration value foo");
}

TEST_F(ConfigurationTest, TheClientPassesOverWhatItDoesNotKnow) {
  data_.Write(
      "cairn.conf",
      "foo=1\ndbcache=100\nrpcuser=ann\nrpcconnect=10.0.0.1\nregtest=1\n[regtest]\nrpcport=7\n");
  const Configuration config = Good({}, Program::kClient);
  EXPECT_EQ(config.options.GetString("rpcuser"), "ann");
  EXPECT_EQ(config.options.GetString("rpcconnect"), "10.0.0.1");
  EXPECT_EQ(config.options.GetInt("rpcport", 0), 7);
}

TEST_F(ConfigurationTest, WarnsOfSectionsThatNobodyReads) {
  data_.Write("cairn.conf", "[main]\nserver=1\n[reqtest]\nserver=1\n[test]\n\n");
  EXPECT_THAT(Good({}).options.warnings(),
              ElementsAre("cairn.conf:3 Section [reqtest] is not recognized."));
}

TEST_F(ConfigurationTest, RefusesNetworkOnlyOptionsOutsideOfSections) {
  data_.Write("cairn.conf", "rpcport=1\naddnode=a\nwallet=x\n[regtest]\naddnode=b\nwallet=y\n");
  EXPECT_EQ(
      Bad({"-regtest"}),
      "Config setting for -rpcport only applied on regtest network when in [regtest] section.");
  EXPECT_EQ(Good({"-regtest", "-rpcport=2"}).options.GetInt("rpcport", 0), 2);
  EXPECT_EQ(Good({}).options.GetInt("rpcport", 0), 1) << "mainnet needs no section";
  EXPECT_FALSE(Good({"-regtest"}, Program::kClient).options.IsSet("rpcport"));
  for (const char* name : {"bind", "connect", "port", "rpcbind", "wallet"}) {
    data_.Write("cairn.conf", std::string(name) + "=1\n");
    EXPECT_EQ(Bad({"-testnet"}), "Config setting for -" + std::string(name) +
                                     " only applied on test network when in [test] section.");
  }
  data_.Write("cairn.conf", "connect=1\nbind=2\n");
  EXPECT_EQ(Bad({"-signet"}),
            "Config setting for -bind only applied on signet network when in [signet] section. "
            "Config setting for -connect only applied on signet network when in [signet] section.");
  data_.Write("cairn.conf", "noconnect=1\n");
  EXPECT_THAT(Good({"-signet"}).options.warnings(), IsEmpty()) << "there is nothing to ignore";
}

TEST_F(ConfigurationTest, IncludesFiles) {
  data_.Write("cairn.conf",
              "includeconf=more.conf\nrpcuser=a\n[regtest]\nincludeconf=regtest.conf\n[test]"
              "\nincludeconf=absent.conf");
  data_.Write("more.conf", "rpcuser=b\nrpcpassword=c\n[regtest]\nrpcport=5");
  data_.Write("regtest.conf", "[regtest]\nrpcport=6\n");
  const Configuration config = Good({"-regtest"});
  EXPECT_EQ(config.options.GetString("rpcuser"), "a") << "the file itself comes first";
  EXPECT_EQ(config.options.GetString("rpcpassword"), "c");
  EXPECT_EQ(config.options.GetInt("rpcport", 0), 5);
  EXPECT_FALSE(Good({}).options.IsSet("rpcport"));
  EXPECT_FALSE(Good({"-noincludeconf"}).options.IsSet("rpcpassword"));
  EXPECT_EQ(Bad({"-testnet"}),
            "Error reading configuration file: Failed to include configuration file absent.conf");
}

TEST_F(ConfigurationTest, AnIncludedFileMayChooseTheChain) {
  data_.Write("cairn.conf", "includeconf=more.conf\n[regtest]\nrpcport=6\n");
  data_.Write("more.conf", "regtest=1");
  EXPECT_EQ(Good({}).params.rpc_name, "regtest");
  EXPECT_EQ(Good({}).options.GetInt("rpcport", 0), 6);
}

TEST_F(ConfigurationTest, IncludedFilesIncludeNoFurther) {
  data_.Write("cairn.conf", "includeconf=more.conf\n");
  data_.Write("more.conf", "includeconf=more.conf\nincludeconf=absent.conf\nrpcuser=b");
  const Configuration config = Good({});
  EXPECT_EQ(config.options.GetString("rpcuser"), "b");
  EXPECT_THAT(config.options.warnings(),
              UnorderedElementsAre(HasSubstr("more.conf"), HasSubstr("absent.conf")));
}

TEST_F(ConfigurationTest, AnErrorInAnIncludedFileIsOne) {
  data_.Write("cairn.conf", "includeconf=more.conf\n");
  data_.Write("more.conf", "nono");
  EXPECT_THAT(Bad({}), HasSubstr("parse error on line 1: nono"));
}

TEST_F(ConfigurationTest, AppliesOverrides) {
  EXPECT_EQ(Good({"-regtest", "-testactivationheight=segwit@7"}).params.heights.segwit, 7);
  EXPECT_THAT(Bad({"-assumevalid=xyz"}), HasSubstr("xyz"));
}

TEST(HomeFolderTest, IsTheEnvironments) {
  const char* before = std::getenv("HOME");
  const std::string kept = before == nullptr ? "" : before;
  setenv("HOME", "/somewhere", 1);
  EXPECT_EQ(HomeFolder(), "/somewhere");
  setenv("HOME", "", 1);
  EXPECT_EQ(HomeFolder(), "/");
  unsetenv("HOME");
  EXPECT_EQ(HomeFolder(), "/");
  if (before != nullptr) setenv("HOME", kept.c_str(), 1);
}

}  // namespace
}  // namespace cairn::node
