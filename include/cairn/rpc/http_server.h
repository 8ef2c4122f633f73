// An HTTP server for one resource, `POST /`, which hands authorised requests to worker threads.
//
// One thread does all socket work; requests are answered by `threads` workers. At most
// `queue_depth` requests are read ahead of the workers; further connections wait their turn,
// unread, so that memory is bounded and nobody is refused for others being busy. Connections are
// kept alive, and closed after `timeout` without traffic. Who is not authorised is answered before
// his body is read. Connections from addresses that are not allowed are answered with 403; they are
// few, short, and take nobody's place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/result.h"
#include "cairn/rpc/dispatcher.h"
#include "cairn/wire/subnet.h"

namespace cairn::rpc {

struct HttpEndpoint {
  std::string host;  // an address, or a name that the system resolves at start
  uint16_t port = 0;
};

/// The addresses of this machine itself.
std::vector<wire::Subnet> LoopbackSubnets();

struct HttpOptions {
  std::vector<HttpEndpoint> endpoints;
  std::vector<wire::Subnet> allowed = LoopbackSubnets();
  size_t threads = 4;                                            // -rpcthreads
  size_t queue_depth = 64;                                       // -rpcworkqueue
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // -rpcservertimeout
  size_t max_connections = 256;
  size_t max_strangers = 16;  // connections at once from addresses that are not allowed
  std::chrono::milliseconds stranger_time = std::chrono::seconds(2);  // each of them lasts at most
  size_t max_header_bytes = 8192;
  size_t max_body_bytes = 0x02000000;
  std::chrono::milliseconds failed_login_delay{250};
  /// How long after a stop a client may take to read its reply.
  std::chrono::milliseconds stop_patience = std::chrono::seconds(10);
};

/// Gives the user for the value of an Authorization header, or nothing. Called on the socket
/// thread.
using Authorize = std::function<std::optional<std::string>(std::string_view header)>;
/// Answers the body of a request of a user. Called on the workers.
using Answer = std::function<Reply(std::string_view body, std::string_view user)>;

class HttpServer {
 public:
  HttpServer(HttpOptions options, Authorize authorize, Answer answer);
  /// Stops. Where memory is too short for that there is nothing left but to end.
  ~HttpServer();  // NOLINT(bugprone-exception-escape)
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Binds and begins to serve. Endpoints that cannot be bound are logged; it fails if none can.
  Status Start();

  /// Refuses new connections, closes the idle ones, answers requests that have arrived, and returns
  /// when all is quiet. Not to be called by a worker.
  void Stop();

  /// The ports that are bound, in the order of the endpoints; for tests that ask for port 0.
  std::vector<uint16_t> BoundPorts() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

/// Where to listen: 127.0.0.1 and ::1, unless both -rpcbind and -rpcallowip are given. Fails on an
/// address or subnet that cannot be read.
struct ListenOptions {
  std::vector<HttpEndpoint> endpoints;
  std::vector<wire::Subnet> allowed;  // those of -rpcallowip, and the loopback addresses
};
Result<ListenOptions> ChooseEndpoints(const std::vector<std::string>& rpcbind,
                                      const std::vector<std::string>& rpcallowip, uint16_t port);

/// Splits "host", "host:port", "[v6]:port" or a bare IPv6 address; nothing if the port is no port.
std::optional<HttpEndpoint> ParseEndpoint(std::string_view text, uint16_t default_port);

}  // namespace cairn::rpc
