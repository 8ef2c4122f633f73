#include "cairn/node/cli.h"

#include <algorithm>
#include <cstdlib>
#include <istream>
#include <ostream>
#include <utility>

#include <unistd.h>

#include "cairn/node/configuration.h"
#include "cairn/node/option_help.h"
#include "cairn/rpc/command_line.h"
#include "cairn/rpc/error.h"
#include "src/node/cli_output.h"
#include "src/node/cli_server.h"

namespace cairn::node {

namespace {

constexpr int kFailure = 1;

/// One request of JSON-RPC 2.0.
std::string RequestText(const std::string& method, const json::Value& params, int id) {
  json::Writer out;
  out.BeginObject();
  out.Key("jsonrpc").String("2.0");
  out.Key("method").String(method);
  out.Key("params").Any(params);
  out.Key("id").Int(id);
  return out.EndObject().Take();
}

const json::Value& MemberOrNull(const json::Value& object, std::string_view name) {
  static const json::Value null;
  const json::Value* member = object.Find(name);
  return member != nullptr ? *member : null;
}

/// Prints an error object and gives the exit code that stands for it.
int ShowError(const json::Value& error, std::ostream& err) {
  const json::Value& code = MemberOrNull(error, "code");
  const json::Value& message = MemberOrNull(error, "message");
  if (!code.IsNumber() || !message.IsString()) {
    err << "error: " << error.ToString() << "\n";
    return kFailure;
  }
  err << "error code: " << code.Text() << "\nerror message:\n" << message.Text() << "\n";
  return static_cast<int>(std::abs(code.AsInt().value_or(kFailure)));
}

std::string ReadLine(std::istream& in) {
  std::string line;
  std::getline(in, line);
  return line;
}

std::string PasswordFrom(const CliStreams& streams) {
  if (isatty(STDIN_FILENO) != 0) streams.err << "RPC password> " << std::flush;
  std::string password = ReadLine(streams.in);
  if (!streams.in)
    throw CliFailure("-stdinrpcpass specified but failed to read from standard input");
  return password;
}

/// Options that stand in the table because Bitcoin's command line has them, without effect here.
void RefuseWhatIsMissing(const Options& options) {
  for (const char* name : {"generate", "netinfo", "addrinfo", "stdinwalletpassphrase"}) {
    if (!options.IsSet(name) || options.IsNegated(name)) continue;
    const bool needs_wallet =
        std::string_view(name) == "generate" || std::string_view(name) == "stdinwalletpassphrase";
    throw CliFailure("-" + std::string(name) +
                     (needs_wallet
                          ? " needs a wallet, and Cairn has none. Use generatetoaddress to "
                            "mine to an address."
                          : " is not available in this version"));
  }
}

bool WantsColours(const Options& options) {
  const std::string when = options.GetString("color", "auto");
  if (when != "always" && when != "never" && when != "auto") {
    throw CliFailure("Invalid value for -color option. Valid values: always, auto, never.");
  }
  return when == "always" || (when == "auto" && isatty(STDOUT_FILENO) != 0);
}

int GetInfo(CliServer& server, const Options& options, const CliStreams& streams) {
  const bool colours = WantsColours(options);
  const json::Value nothing = json::Value::Array();
  const json::Value replies = server.Call("[" + RequestText("getblockchaininfo", nothing, 0) + "," +
                                          RequestText("getnetworkinfo", nothing, 1) + "]");
  if (!replies.IsArray() || replies.Items().size() != 2) {
    throw CliFailure("expected reply to have result, error and id properties");
  }
  const json::Value& chain = replies.Items()[0];
  if (const json::Value& error = MemberOrNull(chain, "error"); !error.IsNull()) {
    return ShowError(error, streams.err);
  }
  streams.out << ShowSummary(MemberOrNull(chain, "result"),
                             MemberOrNull(replies.Items()[1], "result"), colours);
  return 0;
}

/// Words without a name beside a named `args`. One object cannot carry both to the server, so the
/// answer that it would give comes from here.
bool HasTwoArgs(const json::Value& params) {
  const auto& members = params.Members();
  return std::count_if(members.begin(), members.end(),
                       [](const auto& member) { return member.first == "args"; }) > 1;
}

int CallMethod(CliServer& server, const Options& options, std::vector<std::string> words,
               const CliStreams& streams) {
  if (words.empty()) throw CliFailure("too few parameters (need at least command)");
  const std::string method = words.front();
  words.erase(words.begin());
  const rpc::MethodTable& table = rpc::AllMethods();
  const Result<json::Value> params = options.GetBool("named", false)
                                         ? rpc::NamedParams(table, method, words)
                                         : rpc::PositionalParams(table, method, words);
  if (!params) throw CliFailure(params.error().message);
  if (HasTwoArgs(*params)) {
    const json::Value code = json::Value::Integer(rpc::kInvalidParameter);
    const json::Value text = json::Value::String("Parameter args specified multiple times");
    return ShowError(json::Value::Object({{"code", code}, {"message", text}}), streams.err);
  }

  const json::Value reply = server.Call(RequestText(method, *params, 1));
  if (!reply.IsObject() || reply.Members().empty()) {
    throw CliFailure("expected reply to have result, error and id properties");
  }
  if (const json::Value& error = MemberOrNull(reply, "error"); !error.IsNull()) {
    return ShowError(error, streams.err);
  }
  const std::string shown = ShowResult(MemberOrNull(reply, "result"));
  if (!shown.empty()) streams.out << shown << "\n";
  return 0;
}

int Run(const Configuration& configuration, const CliStreams& streams) {
  const Options& options = configuration.options;
  RefuseWhatIsMissing(options);
  std::string password;
  if (options.GetBool("stdinrpcpass", false)) password = PasswordFrom(streams);
  std::vector<std::string> words = options.words();
  if (options.GetBool("stdin", false)) {
    std::string line;
    while (std::getline(streams.in, line)) words.push_back(line);
  }
  CliServer server(configuration, std::move(password));
  if (options.GetBool("getinfo", false)) {
    if (!words.empty()) throw CliFailure("-getinfo takes no arguments");
    return GetInfo(server, options, streams);
  }
  return CallMethod(server, options, std::move(words), streams);
}

int Fail(const std::string& text, const CliStreams& streams) {
  streams.err << text << "\n";
  return kFailure;
}

}  // namespace

int RunCli(const std::vector<std::string>& arguments, const CliStreams& streams) {
  auto options = Options::FromCommandLine(arguments, Program::kClient);
  if (!options) {
    return Fail(options.error().message, streams);
  }
  if (WantsHelp(*options)) {
    streams.out << HelpText(*options);
    return 0;
  }
  if (options->GetBool("version", false)) {
    streams.out << VersionText(Program::kClient);
    return 0;
  }
  if (arguments.empty()) return Fail("error: too few parameters (need at least command)", streams);
  const auto configuration = LoadConfiguration(*std::move(options), HomeFolder());
  if (!configuration) return Fail("Error: " + configuration.error().message, streams);
  try {
    return Run(*configuration, streams);
  } catch (const std::exception& failure) {
    return Fail(std::string("error: ") + failure.what(), streams);
  }
}

}  // namespace cairn::node
