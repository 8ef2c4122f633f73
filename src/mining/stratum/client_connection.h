// A connection to a pool over TCP, with or without TLS, that drives a session.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cairn/mining/pool_client.h"
#include "src/mining/stratum/client_session.h"

namespace cairn::mining::stratum {

/// Everything happens on the thread of the io_context, and nothing is called back after `Close`.
class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  struct Needs {
    boost::asio::io_context& io;
    boost::asio::ssl::context& tls;
    ShareTally& tally;
    uint64_t number;                                     // of its session
    std::function<void()> on_change;                     // after each line that came
    std::function<void(const std::string&)> on_failure;  // once; it is closed then
  };

  /// `pool` has the port to connect to.
  ClientConnection(Needs needs, PoolAddress pool);

  void Open();
  void Close();

  /// Null until the pool has been reached.
  const ClientSession* session() const { return session_ ? &*session_ : nullptr; }
  ClientWorkPtr work() const { return session_ ? session_->work() : nullptr; }
  void Submit(const FoundShare& share);

 private:
  using Tcp = boost::asio::ip::tcp;
  using Problem = boost::system::error_code;

  /// A handler of Asio's that does nothing once this is closed, and fails on an error.
  template <typename Done>
  auto Then(const char* what, Done done);
  template <typename Use>
  void WithStream(Use use);

  void Connect(const Tcp::resolver::results_type& places);
  void Secure();
  void Begin();
  void Read();
  void TakeLines();
  void Flush();
  void Arm();
  void Fail(const std::string& reason);

  const Needs needs_;
  const PoolAddress pool_;
  Tcp::resolver resolver_;
  Tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<Tcp::socket&>> tls_;
  boost::asio::steady_timer timer_;
  std::optional<ClientSession> session_;
  std::array<char, 16 << 10> part_;
  std::string received_;  // the beginning of a line
  std::string sending_;
  std::string waiting_;  // to be sent next
  bool closed_ = false;
};

}  // namespace cairn::mining::stratum
