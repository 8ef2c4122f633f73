// One connection of the HTTP server: reads a request, has it answered, writes the reply, and again.
// Lives on the socket thread only.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

#include "cairn/rpc/http_server.h"

namespace cairn::rpc {

class HttpSession;

/// What a connection needs of its server.
class SessionHost {
 public:
  virtual const HttpOptions& options() const = 0;
  virtual std::optional<std::string> UserOf(std::string_view authorization) const = 0;

  /// Calls `OnAdmitted` of the session, now or when it is its turn.
  virtual void Admit(std::shared_ptr<HttpSession> session) = 0;
  /// Gives back the place that the session was admitted to.
  virtual void Leave() = 0;
  /// Has the request answered by a worker and then calls `OnAnswered`.
  virtual void Submit(std::shared_ptr<HttpSession> session, std::string body, std::string user) = 0;
  /// A connection has been answered and could be closed to make room.
  virtual void OnIdle() = 0;
  /// The connection is closed.
  virtual void OnEnded(const std::shared_ptr<HttpSession>& session) = 0;

 protected:
  ~SessionHost() = default;
};

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  /// `peer` is the other side's address. If it is not allowed the session refuses what it asks.
  HttpSession(boost::asio::ip::tcp::socket socket, SessionHost& host, std::string peer,
              bool allowed);

  void Start();
  /// Closes at once unless a request has arrived, else once that is answered.
  void Stop();
  /// Closes at once.
  void Close();
  /// For the time after `Stop`: closes unless a worker has the request, or the reply has been going
  /// out for less than `patience`.
  void CloseIfStuck(std::chrono::milliseconds patience);

  void OnAdmitted();
  void OnAnswered(Reply reply);

  /// Waits for a request of which nothing has come yet.
  bool IsIdle() const { return state_ == State::kIdle; }
  std::chrono::steady_clock::time_point idle_since() const { return idle_since_; }
  bool IsClosed() const { return state_ == State::kClosed; }

 private:
  using ErrorCode = boost::beast::error_code;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  enum class State {
    kIdle,      // no byte of the next request has come
    kReading,   // a request is coming in, or a refusal going out
    kWaiting,   // for its turn
    kWorking,   // a worker has the request
    kWriting,   // the reply goes out
    kDraining,  // refused: what still comes in is thrown away, so that the refusal arrives
    kClosed,
  };

  void ReadHeader();
  void OnHeader(ErrorCode error, size_t bytes);
  void ConsiderHeader();
  void RefuseLogin();
  void SendContinue();
  void ReadBody();
  void OnBodyPart(ErrorCode error, size_t bytes);
  void SubmitRequest();
  void RefuseUnreadable(ErrorCode error);
  void Refuse(boost::beast::http::status status, std::string text = "");
  void Write(Response response);
  void WriteSome();
  void OnWritten(ErrorCode error, size_t bytes);
  void Drain();
  void ExpireSoon();

  SessionHost& host_;
  const std::string peer_;
  const bool allowed_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  boost::beast::tcp_stream stream_;
  boost::asio::steady_timer delay_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  std::optional<Response> response_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::string_body>>
      serializer_;
  std::array<char, 4096> drained_;
  size_t drained_bytes_ = 0;
  std::string user_;
  State state_ = State::kIdle;
  bool admitted_ = false;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point idle_since_;
  std::chrono::steady_clock::time_point writing_since_;
};

}  // namespace cairn::rpc
