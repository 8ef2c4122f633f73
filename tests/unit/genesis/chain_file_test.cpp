// Chain files of one's own: defaults, names, and what is said of broken ones.
#include "cairn/genesis/chain_file.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "src/genesis/embedded_chains.h"
#include "src/genesis/fields.h"

namespace cairn::genesis {
namespace {

using consensus::Params;

constexpr const char* kGenesis =
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c"
    "3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f20020000000101000000010000000000000000"
    "0"
    "00000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d6573203"
    "033"
    "2f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f7574"
    "20"
    "666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e039"
    "09"
    "a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000";

/// A chain file with nothing but what every chain must say; the tests spoil it line by line.
std::string Minimal() {
  return R"({
  "magic": "11223344",
  "p2p_port": 7001,
  "rpc_port": 7000,
  "addresses": {
    "pubkey_hash": 30,
    "script_hash": 31,
    "secret_key": 158,
    "ext_public": "01020304",
    "ext_secret": "05060708",
    "bech32": "mine"
  },
  "genesis_block": ")" +
         std::string(kGenesis) + R"(",
  "retarget": {
    "limit": "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "never": true
  }
})";
}

/// The minimal file with the first `from` replaced by `to`.
std::string Spoiled(const std::string& from, const std::string& to) {
  std::string text = Minimal();
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// The minimal file with more members, from line 18 on.
std::string With(const std::string& members) {
  std::string text = Minimal();
  return text.replace(text.rfind("\n}"), 2, ",\n" + members + "\n}");
}

std::string ProblemOf(const std::string& text, const std::string& source = "mine.json") {
  const auto params = LoadChainText(text, source);
  return params ? "accepted" : params.error().message;
}

TEST(ChainFile, DefaultsOfAMinimalFile) {
  const auto loaded = LoadChainText(Minimal(), "some/folder/mine.json");
  ASSERT_TRUE(loaded) << loaded.error().message;
  const Params& params = *loaded;
  EXPECT_EQ(params.name, "mine");
  EXPECT_EQ(params.rpc_name, "mine");
  EXPECT_EQ(params.folder, "mine");
  EXPECT_EQ(params.config_section, "mine");
  EXPECT_EQ(params.onion_port, 7002);
  EXPECT_EQ(params.retarget.spacing_seconds, 600);
  EXPECT_EQ(params.retarget.timespan_seconds, 1209600);
  EXPECT_EQ(params.retarget.limit_bits, 0x207fffffu);
  EXPECT_EQ(params.initial_subsidy, 50 * kCoin);
  EXPECT_EQ(params.subsidy_interval, 210000);
  EXPECT_EQ(params.coinbase_maturity, 100);
  EXPECT_EQ(params.heights.segwit, 0);
  EXPECT_EQ(params.signalling_window, 2016);
  EXPECT_EQ(params.signalling_threshold, 1916);
  EXPECT_EQ(params.warn_of_votes_from, 0);
  EXPECT_EQ(params.activity.transactions, 0u);
  EXPECT_EQ(params.activity.per_second, 0);
  EXPECT_TRUE(params.bip34_hash.IsZero());
  EXPECT_TRUE(params.assumed_valid.IsZero());
  EXPECT_TRUE(params.minimum_chain_work.IsZero());
  EXPECT_FALSE(params.signet_challenge);
  EXPECT_FALSE(params.is_test);
  EXPECT_FALSE(params.mine_on_demand);
  EXPECT_TRUE(params.require_standard);
  EXPECT_EQ(params.prune_after_height, 1000);
  EXPECT_EQ(params.prefixes.bech32_hrp, "mine");
  EXPECT_EQ(params.genesis_hash.ToString(),
            "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206");
}

struct Breakage {
  std::string text;
  std::string problem;  // behind "mine.json:"
};

void ExpectAll(const std::vector<Breakage>& breakages) {
  for (const Breakage& breakage : breakages) {
    EXPECT_EQ(ProblemOf(breakage.text), "mine.json:" + breakage.problem);
  }
}

TEST(BrokenChainFile, Syntax) {
  ExpectAll({
      {"", "1: the text ends too early"},
      {"[]", "1: a chain file must be an object"},
      {Spoiled("7001,", "7001"), "4: a comma or } is missing"},
      {Spoiled("7001", "07001"), "3: a comma or } is missing"},
      {Spoiled("\"mine\"", "\"mine"),
       "11: a string holds an unknown escape or a bare control character"},
      {Minimal().substr(0, 100), "6: the text ends too early"},
      {Minimal() + "\n{}", "19: something follows the value"},
      {With("\"magic\": \"11223344\""), "18: the name \"magic\" occurs twice in one object"},
      {With("\"comment\": [[[[[[[[[]]]]]]]]]"), "18: nested deeper than 8 levels"},
  });
}

TEST(BrokenChainFile, MissingAndUnknownKeys) {
  ExpectAll({
      {Spoiled("\"p2p_port\"", "\"p2p_prot\""), "3: unknown key \"p2p_prot\""},
      {Spoiled("\"bech32\"", "\"bech64\""), "11: unknown key \"addresses.bech64\""},
      {With("\"checkpoints\": [\n{ \"hieght\": 1 } ]"), "19: unknown key \"checkpoints.hieght\""},
      {Spoiled("\"p2p_port\": 7001,", ""), "1: \"p2p_port\" is missing"},
      {Spoiled("\"magic\": \"11223344\",", ""), "1: \"magic\" is missing"},
      {Spoiled("\"secret_key\": 158,", ""), "5: \"addresses.secret_key\" is missing"},
      {Spoiled("\"limit\": \"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\",",
               ""),
       "14: \"retarget.limit\" is missing"},
      {Spoiled("\"addresses\": {", "\"comment\": {"), "1: \"addresses\" is missing"},
  });
}

TEST(BrokenChainFile, KindsAndRanges) {
  const std::string port = "3: \"p2p_port\" must be a number from 1 to 65535";
  const std::string limit = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
  ExpectAll({
      {Spoiled("7001", "0"), port},
      {Spoiled("7001", "65536"), port},
      {Spoiled("7001", "-1"), port},
      {Spoiled("7001", "7001.5"), port},
      {Spoiled("7001", "7e3"), port},
      {Spoiled("7001", "99999999999999999999"), port},
      {Spoiled("7001", "\"7001\""), port},
      {Spoiled("7001", "null"), port},
      {Spoiled("11223344", "1122334"), "2: \"magic\" must be 8 hex digits"},
      {Spoiled("11223344", "1122334455"), "2: \"magic\" must be 8 hex digits"},
      {Spoiled("11223344", "1122334g"), "2: \"magic\" must be 8 hex digits"},
      {Spoiled("\"11223344\"", "11223344"), "2: \"magic\" must be 8 hex digits"},
      {Spoiled("158", "256"), "8: \"addresses.secret_key\" must be a number from 0 to 255"},
      {Spoiled("31", "30"),
       "7: \"addresses.script_hash\" must differ from \"addresses.pubkey_hash\""},
      {Spoiled("\"mine\"", "\"Mine\""),
       "11: \"addresses.bech32\" must be 1 to 18 lower-case letters or digits"},
      {Spoiled("\"mine\"", "\"aaaaaaaaaaaaaaaaaaa\""),
       "11: \"addresses.bech32\" must be 1 to 18 lower-case letters or digits"},
      {Spoiled("\"mine\"", "\"\""), "11: \"addresses.bech32\" must be a text"},
      {Spoiled("true", "1"), "16: \"retarget.never\" must be true or false"},
      {Spoiled(limit, "7fff"), "15: \"retarget.limit\" must be 64 hex digits"},
      {Spoiled(limit, std::string(64, '0')), "15: \"retarget.limit\" must not be zero"},
      {Spoiled("true", "false"),
       "15: \"retarget.limit\" must be below 2^254 where \"retarget.never\" is false"},
      {Spoiled("\"never\": true", "\"never\": true,\n\"spacing\": 0"),
       "17: \"retarget.spacing\" must be a number from 1 to 1073741823"},
      {Spoiled("\"never\": true", "\"never\": true,\n\"spacing\": 7,\n\"timespan\": 20"),
       "18: \"retarget.timespan\" must make \"retarget.timespan\" a multiple of "
       "\"retarget.spacing\""},
      {With("\"dns_seeds\": \"seed.example\""), "18: \"dns_seeds\" must be a list of texts"},
      {With("\"dns_seeds\": [\n\"a\",\n7]"), "20: \"dns_seeds\" must be a list of texts"},
      {With("\"money\": []"), "18: \"money\" must be an object"},
      {With("\"money\": { \"initial_subsidy\": 2100000000000001 }"),
       "18: \"money.initial_subsidy\" must be a number from 0 to 2100000000000000"},
      {With("\"money\": {\n\"subsidy_interval\": 0 }"),
       "19: \"money.subsidy_interval\" must be a number from 1 to 2147483647"},
      {With("\"heights\": {\n\n\"csv\": -5 }"),
       "20: \"heights.csv\" must be a number from 0 to 2147483647"},
      {With("\"bip34_hash\": \"00\""), "18: \"bip34_hash\" must be 64 hex digits"},
      {With("\"minimum_chain_work\": \"0x100\""),
       "18: \"minimum_chain_work\" must be 64 hex digits"},
      {With("\"signalling\": { \"window\": 10, \"threshold\": 11 }"),
       "18: \"signalling.threshold\" must be a number from 1 to 10"},
      {With("\"is_test\": \"yes\""), "18: \"is_test\" must be true or false"},
  });
}

TEST(BrokenChainFile, Lists) {
  const std::string hash(64, 'a');
  ExpectAll({
      {With("\"checkpoints\": {}"), "18: \"checkpoints\" must be a list of objects"},
      {With("\"checkpoints\": [\n[]]"), "19: \"checkpoints\" must be a list of objects"},
      {With("\"checkpoints\": [{ \"height\": 5 }]"), "18: \"checkpoints.hash\" is missing"},
      {With("\"checkpoints\": [{ \"height\": 5, \"hash\": \"" + hash +
            "\" },\n{ \"height\": 5, \"hash\": \"" + hash + "\" }]"),
       "19: \"checkpoints.height\" must be greater than the one before"},
      {With("\"deployments\": [{ \"bit\": 1 }]"), "18: \"deployments.name\" is missing"},
      {With("\"deployments\": [{ \"name\": \"a\", \"bit\": 29 }]"),
       "18: \"deployments.bit\" must be a number from 0 to 28"},
      {With("\"deployments\": [{ \"name\": \"a\", \"bit\": 1, \"start_time\": \"soon\" }]"),
       "18: \"deployments.start_time\" must be a number of seconds or \"always\" or \"never\""},
      {With("\"deployments\": [{ \"name\": \"a\", \"bit\": 1, \"timeout\": -1 }]"),
       "18: \"deployments.timeout\" must be a number of seconds or \"none\""},
      {With("\"deployments\": [{ \"name\": \"a\", \"bit\": 1 },\n"
            "{ \"name\": \"a\", \"bit\": 2 }]"),
       "19: \"deployments.name\" occurs twice"},
      {With("\"deployments\": [" +
            [] {
              std::string nine;
              for (int i = 0; i < 9; ++i) {
                nine += (i == 0 ? "" : ",") + ("{ \"name\": \"d" + std::to_string(i)) +
                        "\", \"bit\": 1 }";
              }
              return nine;
            }() +
            "]"),
       "18: \"deployments\" must not have more than 8 entries"},
      {With("\"script_flag_exceptions\": [{ \"hash\": \"" + hash + "\",\n\"flags\": [\"P2PK\"] }]"),
       "19: \"script_flag_exceptions.flags\" must be among P2SH, WITNESS and TAPROOT"},
      {With("\"script_flag_exceptions\": [{ \"hash\": \"" + hash + "\" },\n{ \"hash\": \"" + hash +
            "\" }]"),
       "19: \"script_flag_exceptions.hash\" occurs twice"},
  });
}

TEST(BrokenChainFile, GenesisBlock) {
  using testing::StartsWith;
  const std::string where = "mine.json:13: \"genesis_block\" must ";
  const auto spoiled = [](const std::string& from, const std::string& to) {
    return ProblemOf(Spoiled(from, to));
  };
  EXPECT_EQ(spoiled(kGenesis, "01zz"), where + "be bytes in hex");
  EXPECT_EQ(spoiled(kGenesis, ""), where + "be bytes in hex");
  EXPECT_THAT(spoiled(kGenesis, "0100"), StartsWith(where + "be a raw block: "));
  EXPECT_THAT(spoiled("ac00000000\"", "ac000000\""), StartsWith(where + "be a raw block: "));
  EXPECT_THAT(spoiled("ac00000000\"", "ac0000000000\""), StartsWith(where + "be a raw block: "));
  EXPECT_EQ(spoiled("010000000000000000", "010000000100000000"), where + "not have a parent");

  const std::string root = "have the merkle root of its transactions in its header";
  EXPECT_EQ(spoiled("3ba3edfd", "3ba3edfe"), where + root);
  EXPECT_EQ(spoiled("00f2052a01", "01f2052a01"), where + root);

  const std::string target =
      "meet its target, which must be within \"retarget.limit\": its hash is ";
  EXPECT_THAT(spoiled("ffff7f2002", "ffff7f2007"), StartsWith(where + target));
  EXPECT_THAT(spoiled("ffff7f2002", "ffff001d02"), StartsWith(where + target));
  EXPECT_THAT(spoiled("ffff7f2002", "ffffff2002"), StartsWith(where + target)) << "negative";
  EXPECT_THAT(spoiled("\"7fffffff", "\"00ffffff"), StartsWith(where + target))
      << "easier than allowed";
}

TEST(BrokenChainFile, Signet) {
  ExpectAll({
      {With("\"signet_challenge\": \"\""), "18: \"signet_challenge\" must be bytes in hex"},
      {With("\"signet_challenge\": \"51\""),
       "2: \"magic\" must be 54d26fbd, which follows from the signet challenge"},
  });
  std::string right = With("\"signet_challenge\": \"51\"");
  right.replace(right.find("11223344"), 8, "54d26fbd");
  EXPECT_EQ(ProblemOf(right), "accepted");
}

// Whatever single character of a built-in file is lost, loading says so or gives a chain; it never
// crashes.
TEST(BrokenChainFile, AnyCharacterMayBeMissing) {
  const auto& chains = EmbeddedChains();
  ASSERT_FALSE(chains.empty());
  const std::string text(chains.front().text);
  size_t refused = 0;
  for (size_t i = 0; i < text.size(); i += 3) {
    std::string cut = text;
    cut.erase(i, 1);
    refused += ProblemOf(cut) == "accepted" ? 0 : 1;
  }
  EXPECT_GT(refused, text.size() / 9);
}

TEST(ChainFileName, BecomesTheChainsName) {
  for (const char* good : {"mine.json", "a/b/test-2_x.json", "0.json"}) {
    EXPECT_EQ(ProblemOf(Minimal(), good), "accepted") << good;
  }
  for (const char* bad : {"main.json", "test.json", "blocks.json", "chainstate.json",
                          "indexes.json", "wallets.json", "Mine.json", "my chain.json", ".json",
                          "..", "", "123456789012345678901234567890123.json"}) {
    EXPECT_EQ(
        ProblemOf(Minimal(), bad),
        std::string(bad) +
            ":1: the file's name becomes the data folder's: it must be free, and of at most 32 "
            "lower-case letters, digits, - and _");
  }
}

class ChainFileOnDisk : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path Write(const std::string& name, std::string_view text) const {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  static std::string_view Embedded(std::string_view name) {
    for (const EmbeddedChain& chain : EmbeddedChains()) {
      if (chain.name == name) return chain.text;
    }
    return {};
  }

 private:
  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("chain_file_test_" + std::to_string(::getpid()));
};

TEST_F(ChainFileOnDisk, LoadsOnesOwn) {
  const auto params = LoadChainFile(Write("mine.json", Minimal()));
  ASSERT_TRUE(params) << params.error().message;
  EXPECT_EQ(params->folder, "mine");
}

TEST_F(ChainFileOnDisk, MessagesNameThePath) {
  const auto path = Write("mine.json", Spoiled("7001", "0"));
  const auto params = LoadChainFile(path);
  ASSERT_FALSE(params);
  EXPECT_EQ(params.error().message,
            path.string() + ":3: \"p2p_port\" must be a number from 1 to 65535");
}

TEST_F(ChainFileOnDisk, AbsentFile) {
  const auto path = Write("mine.json", "").parent_path() / "none.json";
  const auto params = LoadChainFile(path);
  ASSERT_FALSE(params);
  EXPECT_EQ(params.error().code, ErrorCode::kIo);
  EXPECT_EQ(params.error().message, path.string() + ": No such file or directory");
  EXPECT_FALSE(LoadChainFile(path.parent_path())) << "a folder";
}

TEST_F(ChainFileOnDisk, ABuiltInFileMustBeUnchanged) {
  const std::string text(Embedded("regtest"));
  const auto same = LoadChainFile(Write("regtest.json", text));
  ASSERT_TRUE(same) << same.error().message;
  EXPECT_EQ(same->folder, "regtest");
  EXPECT_EQ(LoadChainFile(Write("mainnet.json", Embedded("mainnet")))->folder, "");

  const auto path = Write("regtest.json", text + "\n");
  const auto changed = LoadChainFile(path);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().message,
            path.string() +
                ":1: differs from the built-in chain regtest, whose data folder it would "
                "use: give the file another name");
}

TEST(ChainFileDocs, DescribeEveryKey) {
  std::ifstream page(std::string(CAIRN_SOURCE_DIR) + "/docs/formats/chain-file.md");
  const std::string text(std::istreambuf_iterator<char>(page), {});
  ASSERT_FALSE(text.empty());
  for (const SectionKeys& section : ChainFileKeys()) {
    for (const std::string_view key : section.keys) {
      const std::string row = "| `" +
                              (section.section.empty() ? "" : std::string(section.section) + ".") +
                              std::string(key) + "` |";
      EXPECT_NE(text.find(row), std::string::npos) << row;
    }
  }
}

}  // namespace
}  // namespace cairn::genesis
