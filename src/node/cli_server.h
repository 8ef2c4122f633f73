// The server that cairn-cli talks to: where it is, how to authenticate, and one call.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include "cairn/base/json.h"
#include "cairn/node/configuration.h"
#include "cairn/rpc/http_client.h"

namespace cairn::node {

/// What ends cairn-cli with the line "error: TEXT".
class CliFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// There was no answer; trying again may help.
class NoConnection : public CliFailure {
 public:
  using CliFailure::CliFailure;
};

class CliServer {
 public:
  /// `password` replaces -rpcpassword if it is not empty. Throws `CliFailure` for a bad
  /// -rpcconnect.
  CliServer(const Configuration& configuration, std::string password);

  /// Sends a request (an object or a batch) and gives the parsed reply. With -rpcwait it tries
  /// until the server is there and has warmed up. Throws `CliFailure`.
  json::Value Call(const std::string& request);

 private:
  json::Value CallOnce(const std::string& request);
  /// False if there is no password and no cookie.
  bool Authenticate();

  rpc::HttpCall call_;
  std::string user_;
  std::string password_;
  std::filesystem::path cookie_file_;
  std::string config_file_;
  bool wait_;
  std::chrono::seconds wait_timeout_;
};

}  // namespace cairn::node
