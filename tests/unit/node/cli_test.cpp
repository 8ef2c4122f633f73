// cairn-cli against a server in the same process.
#include "cairn/node/cli.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include <gmock/gmock.h>

#include "cairn/rpc/http_server.h"
#include "src/node/cli_output.h"
#include "tests/support/temp_dir.h"

namespace cairn::node {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

class CliTest : public testing::Test {
 protected:
  /// Serves `reply`, keeps what was asked.
  void Serve(std::string reply, int status = 200) {
    rpc::HttpOptions options;
    options.endpoints = {{"127.0.0.1", 0}};
    options.failed_login_delay = std::chrono::milliseconds(1);
    server_.emplace(
        options,
        [](std::string_view header) -> std::optional<std::string> {
          if (header == "Basic dXNlcjpwYXNz") return "user";  // user:pass
          return std::nullopt;
        },
        [this, reply, status](std::string_view body, std::string_view) {
          request_ = body;
          return rpc::Reply{status, reply};
        });
    ASSERT_TRUE(server_->Start());
    port_ = server_->BoundPorts().at(0);
  }

  Outcome Cli(std::vector<std::string> words, const std::string& input = "",
              const std::string& password = "pass") {
    std::vector<std::string> arguments = {"-regtest", "-datadir=" + folder_.path().string(),
                                          "-rpcport=" + std::to_string(port_)};
    if (!password.empty()) {
      arguments.insert(arguments.end(), {"-rpcuser=user", "-rpcpassword=" + password});
    }
    arguments.insert(arguments.end(), words.begin(), words.end());
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const int code = RunCli(arguments, {in, out, err});
    return {code, out.str(), err.str()};
  }

  test::TempDir folder_;
  std::optional<rpc::HttpServer> server_;
  uint16_t port_ = 1;
  std::string request_;
};

TEST_F(CliTest, SendsTheCallAndPrintsTheResult) {
  Serve(R"({"jsonrpc":"2.0","result":7,"id":1})");
  const Outcome done = Cli({"getblockhash", "12"});
  EXPECT_EQ(done.code, 0);
  EXPECT_EQ(done.out, "7\n");
  EXPECT_EQ(done.err, "");
  EXPECT_EQ(request_, R"({"jsonrpc":"2.0","method":"getblockhash","params":[12],"id":1})");
}

TEST_F(CliTest, ResultsHaveTheirForms) {
  const std::pair<const char*, const char*> forms[] = {
      {"null", ""},
      {R"("a \"b\"")", "a \"b\"\n"},
      {R"("")", ""},
      {"true", "true\n"},
      {"0.10000000", "0.10000000\n"},
      {"[]", "[\n]\n"},
      {R"({"a":[1,{}],"b":"x"})",
       "{\n  \"a\": [\n    1,\n    {\n    }\n  ],\n  \"b\": \"x\"\n}\n"}};
  for (const auto& [result, shown] : forms) {
    Serve(std::string(R"({"result":)") + result + R"(,"error":null,"id":1})");
    const Outcome done = Cli({"x"});
    EXPECT_EQ(done.code, 0);
    EXPECT_EQ(done.out, shown);
  }
}

TEST_F(CliTest, ErrorsBecomeExitCodes) {
  Serve(R"({"jsonrpc":"2.0","error":{"code":-8,"message":"Block height out of range"},"id":1})");
  Outcome done = Cli({"getblockhash", "99"});
  EXPECT_EQ(done.code, 8);
  EXPECT_EQ(done.out, "");
  EXPECT_EQ(done.err, "error code: -8\nerror message:\nBlock height out of range\n");
  Serve(R"({"result":null,"error":"odd","id":1})", 500);
  done = Cli({"x"});
  EXPECT_EQ(done.code, 1);
  EXPECT_EQ(done.err, "error: \"odd\"\n");
}

TEST_F(CliTest, SaysWhatIsWrongWithTheServer) {
  Serve("");
  EXPECT_EQ(Cli({"x"}).err, "error: no response from server\n");
  Serve("nonsense");
  EXPECT_EQ(Cli({"x"}).err, "error: couldn't parse reply from server\n");
  Serve("", 503);
  EXPECT_EQ(Cli({"x"}).err, "error: server returned HTTP error 503\n");
  Serve("[]");
  EXPECT_EQ(Cli({"x"}).err, "error: expected reply to have result, error and id properties\n");
  EXPECT_EQ(Cli({"x"}, "", "wrong").err,
            "error: Authorization failed: Incorrect rpcuser or rpcpassword\n");
  EXPECT_THAT(Cli({"x"}, "", "").err, StartsWith("error: Could not locate RPC credentials."));
  server_.reset();
  const Outcome done = Cli({"x"});
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err, StartsWith("error: Could not connect to the server 127.0.0.1:" +
                                   std::to_string(port_)));
}

TEST_F(CliTest, ReadsTheCookie) {
  Serve(R"({"result":1,"id":1})");
  std::filesystem::create_directories(folder_ / "regtest");
  std::ofstream(folder_ / "regtest" / ".cookie") << "user:pass";
  EXPECT_EQ(Cli({"x"}, "", "").out, "1\n");
}

TEST_F(CliTest, ReadsStandardInput) {
  Serve(R"({"result":1,"id":1})");
  Cli({"-stdin", "-stdinrpcpass", "echo", "a"}, "pass\nb\nc d\n", "replaced");
  EXPECT_THAT(request_, HasSubstr(R"("params":["a","b","c d"])"));
}

TEST_F(CliTest, NamedArguments) {
  Serve(R"({"result":1,"id":1})");
  Cli({"-named", "getblock", "00", "verbosity=2"});
  EXPECT_THAT(request_, HasSubstr(R"("params":{"verbosity":2,"args":["00"]})"));
}

TEST_F(CliTest, NamedArgumentsMayBeRepeatedButNotArgs) {
  Serve(R"({"result":1,"id":1})");
  Cli({"-named", "getblock", "verbosity=0", "blockhash=00", "verbosity=2"});
  EXPECT_THAT(request_, HasSubstr(R"("params":{"verbosity":2,"blockhash":"00"})"));
  const Outcome refused = Cli({"-named", "echo", "args=[1]", "b"});
  EXPECT_EQ(refused.code, 8);
  EXPECT_EQ(refused.err,
            "error code: -8\nerror message:\nParameter args specified multiple times\n");
}

TEST_F(CliTest, WaitsForTheWarmUpToEnd) {
  Serve(R"({"error":{"code":-28,"message":"Loading"},"id":1})");
  const Outcome done = Cli({"-rpcwait", "-rpcwaittimeout=1", "x"});
  EXPECT_EQ(done.code, 1);
  EXPECT_EQ(done.err, "error: timeout on transient error: server in warmup\n");
  EXPECT_EQ(Cli({"x"}).code, 28);
}

TEST_F(CliTest, GetInfoIsASummary) {
  Serve(R"([{"result":{"chain":"regtest","blocks":5,"headers":6,"verificationprogress":0.5,)"
        R"("difficulty":1.5,"warnings":["careful"]},"id":0},)"
        R"({"error":{"code":-32601,"message":"Method not found"},"id":1}])");
  const Outcome done = Cli({"-getinfo"});
  EXPECT_EQ(done.code, 0);
  EXPECT_EQ(done.out,
            "Chain: regtest\nBlocks: 5\nHeaders: 6\nVerification progress: 50.0000%\n"
            "Difficulty: 1.5\n\nWarnings: careful\n");
  EXPECT_THAT(Cli({"-color=always", "-getinfo"}).out,
              StartsWith("\x1b[34mChain: regtest\x1b[0m\n"));
  EXPECT_THAT(Cli({"-color=blue", "-getinfo"}).err, StartsWith("error: Invalid value for -color"));
}

TEST_F(CliTest, SaysWhatItCannotDo) {
  EXPECT_THAT(Cli({"-generate", "3"}).err, StartsWith("error: -generate needs a wallet"));
  EXPECT_EQ(Cli({"-netinfo"}).err, "error: -netinfo is not available in this version\n");
  EXPECT_EQ(Cli({}).err, "error: too few parameters (need at least command)\n");
  EXPECT_EQ(Cli({"getblockhash", "x"}).err, "error: Error parsing JSON: x\n");
  EXPECT_THAT(Cli({"-rpcconnect=a:b", "x"}).err,
              StartsWith("error: Invalid port provided in -rpcconnect"));
  EXPECT_THAT(Cli({"-nosuchoption", "x"}).err,
              StartsWith("Error parsing command line arguments: "));
  EXPECT_THAT(Cli({"-help"}).out, HasSubstr("-rpcwait"));
  EXPECT_THAT(Cli({"-version"}).out, HasSubstr("Cairn"));
}

TEST(CliOutput, TheSummaryShowsTheNetworkWhereItIsKnown) {
  const auto parse = [](const char* text) { return *json::Parse(text); };
  const std::string text = ShowSummary(
      parse(R"({"chain":"main","blocks":1,"headers":1,"verificationprogress":1,"difficulty":1})"),
      parse(
          R"({"connections":3,"connections_in":1,"connections_out":2,"version":280000,"timeoffset":0,
               "relayfee":0.00001000,"networks":[{"proxy":"127.0.0.1:9050"},{"proxy":"127.0.0.1:9050"}]})"),
      false);
  EXPECT_THAT(text, HasSubstr("Network: in 1, out 2, total 3\n"));
  EXPECT_THAT(text, HasSubstr("Proxies: 127.0.0.1:9050\n"));
  EXPECT_THAT(text, HasSubstr("Min tx relay fee rate (BTC/kvB): 0.00001000\n\nWarnings: (none)\n"));
}

}  // namespace
}  // namespace cairn::node
