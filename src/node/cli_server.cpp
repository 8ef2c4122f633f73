#include "src/node/cli_server.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>
#include <utility>

#include "cairn/rpc/error.h"
#include "cairn/rpc/http_server.h"

namespace cairn::node {

namespace {

constexpr std::chrono::milliseconds kPauseBetweenTries{200};
constexpr int64_t kLongestTimeout = 1'000'000;  // seconds: poll(2) counts milliseconds in an int

bool IsWarmingUp(const json::Value& reply) {
  const json::Value* error = reply.Find("error");
  const json::Value* code = error != nullptr ? error->Find("code") : nullptr;
  return code != nullptr && code->AsInt() == rpc::kInWarmup;
}

}  // namespace

CliServer::CliServer(const Configuration& configuration, std::string password)
    : user_(configuration.options.GetString("rpcuser")),
      password_(password.empty() ? configuration.options.GetString("rpcpassword")
                                 : std::move(password)),
      config_file_(configuration.config_file.string()),
      wait_(configuration.options.GetBool("rpcwait", false)),
      wait_timeout_(configuration.options.GetInt("rpcwaittimeout", 0)) {
  const Options& options = configuration.options;
  const std::filesystem::path folder = configuration.NetworkFolder();
  cookie_file_ = options.GetPath("rpccookiefile", folder, folder / ".cookie");

  const std::string target = options.GetString("rpcconnect", "127.0.0.1");
  const auto endpoint = rpc::ParseEndpoint(target, configuration.params.rpc_port);
  if (!endpoint) throw CliFailure("Invalid port provided in -rpcconnect: " + target);
  call_.host = endpoint->host;
  const int64_t port = options.GetInt("rpcport", endpoint->port);
  if (port < 1 || port > std::numeric_limits<uint16_t>::max()) {
    throw CliFailure("Invalid port provided in -rpcport: " + options.GetString("rpcport"));
  }
  call_.port = static_cast<uint16_t>(port);
  if (options.IsSet("rpcwallet")) call_.path = "/wallet/" + options.GetString("rpcwallet");
  call_.timeout = std::chrono::seconds(
      std::clamp<int64_t>(options.GetInt("rpcclienttimeout", 900), 0, kLongestTimeout));
}

bool CliServer::Authenticate() {
  if (!password_.empty()) {
    call_.credentials = {user_, password_};
    return true;
  }
  const std::optional<rpc::Credentials> cookie = rpc::ReadCookie(cookie_file_);
  call_.credentials = cookie.value_or(rpc::Credentials{});
  return cookie.has_value();
}

json::Value CliServer::CallOnce(const std::string& request) {
  const bool has_credentials = Authenticate();
  call_.body = request;
  const Result<rpc::HttpAnswer> answer = rpc::Post(call_);
  if (!answer) {
    throw NoConnection("Could not connect to the server " + call_.host + ":" +
                       std::to_string(call_.port) + " (" + answer.error().message +
                       ")\n\nMake sure the cairnd server is running and that you are connecting to "
                       "the correct RPC port.\nUse \"cairn-cli -help\" for more info.");
  }
  if (answer->status == 401 && !has_credentials) {
    throw CliFailure(
        "Could not locate RPC credentials. No authentication cookie could be found, and RPC "
        "password is not set.  See -rpcpassword and -stdinrpcpass.  Configuration file: (" +
        config_file_ + ")");
  }
  if (answer->status == 401) {
    throw CliFailure("Authorization failed: Incorrect rpcuser or rpcpassword");
  }
  const bool has_reply = answer->status < 400 || answer->status == 400 || answer->status == 404 ||
                         answer->status == 500;
  if (!has_reply) {
    throw CliFailure("server returned HTTP error " + std::to_string(answer->status));
  }
  if (answer->body.empty()) throw CliFailure("no response from server");
  Result<json::Value> reply = json::Parse(answer->body);
  if (!reply) throw CliFailure("couldn't parse reply from server");
  return *std::move(reply);
}

json::Value CliServer::Call(const std::string& request) {
  if (!wait_) return CallOnce(request);
  const auto deadline = std::chrono::steady_clock::now() + wait_timeout_;
  while (true) {
    std::string why;
    try {
      json::Value reply = CallOnce(request);
      if (!IsWarmingUp(reply)) return reply;
      why = "server in warmup";
    } catch (const NoConnection& failure) {
      why = failure.what();
    }
    if (wait_timeout_.count() > 0 && std::chrono::steady_clock::now() >= deadline) {
      throw CliFailure("timeout on transient error: " + why);
    }
    std::this_thread::sleep_for(kPauseBetweenTries);
  }
}

}  // namespace cairn::node
