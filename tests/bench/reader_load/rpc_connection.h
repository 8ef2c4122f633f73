// A connection to a node's JSON-RPC server that is kept open: plain sockets and no parsing, so that
// the time of a call is the node's and not the client's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cairn/base/bytes.h"
#include "cairn/base/result.h"

namespace cairn::bench {

/// For one thread.
class RpcConnection {
 public:
  /// To 127.0.0.1, with credentials as "user:password".
  static Result<RpcConnection> Open(uint16_t port, std::string_view credentials);

  RpcConnection(RpcConnection&& other) noexcept;
  RpcConnection& operator=(RpcConnection&&) = delete;
  ~RpcConnection();

  /// Calls a method, with its parameters as JSON text, and waits for the whole answer. The answer
  /// is a view of the body's beginning and lasts until the next call; anything but HTTP status 200
  /// is a failure.
  Result<std::string_view> Call(std::string_view method, std::string_view params);

 private:
  RpcConnection(int socket, std::string authorization);

  Status SendAll(std::string_view text) const;
  /// Reads more behind what is there; fails at the end of the stream.
  Status ReadMore();

  int socket_;
  std::string authorization_;
  std::string request_;
  std::string answer_;  // as much of it as was kept
};

}  // namespace cairn::bench
