// One HTTP POST to a JSON-RPC server, on the calling thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cairn/base/result.h"
#include "cairn/rpc/cookie.h"

namespace cairn::rpc {

struct HttpCall {
  std::string host{};  // a name or an address
  uint16_t port = 0;
  std::string path = "/";
  Credentials credentials{};
  std::string body{};
  std::chrono::seconds timeout{900};  // without any progress; zero waits for ever
};

struct HttpAnswer {
  int status = 0;
  std::string body{};
};

/// Fails with `kIo` when no whole answer came; the message says why in a few words.
Result<HttpAnswer> Post(const HttpCall& call);

}  // namespace cairn::rpc
