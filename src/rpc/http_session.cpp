#include "src/rpc/http_session.h"

#include <utility>

#include <boost/asio/write.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "cairn/base/log.h"

namespace cairn::rpc {

namespace http = boost::beast::http;
using boost::beast::bind_front_handler;

namespace {

/// How much of a refused request is read and thrown away. Closing a socket with unread bytes would
/// reset the connection, and the client might never see the refusal.
constexpr size_t kMostDrained = 1 << 20;
constexpr std::chrono::seconds kLongestDrain{2};

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

bool IsProtocolError(const boost::beast::error_code& error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

}  // namespace

HttpSession::HttpSession(boost::asio::ip::tcp::socket socket, SessionHost& host, std::string peer,
                         bool allowed)
    : host_(host),
      peer_(std::move(peer)),
      allowed_(allowed),
      stream_(std::move(socket)),
      delay_(stream_.get_executor()) {}

void HttpSession::Start() {
  ErrorCode ignored;
  stream_.socket().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  ReadHeader();
}

void HttpSession::Stop() {
  stopping_ = true;
  const bool has_request = state_ == State::kWorking || state_ == State::kWriting;
  if (!has_request) Close();
}

void HttpSession::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  delay_.cancel();
  stream_.close();
  if (std::exchange(admitted_, false)) host_.Leave();
  host_.OnEnded(shared_from_this());
}

void HttpSession::CloseIfStuck(std::chrono::milliseconds patience) {
  if (state_ == State::kWorking) return;
  const auto writing = std::chrono::steady_clock::now() - writing_since_;
  if (state_ != State::kWriting || writing >= patience) Close();
}

void HttpSession::ExpireSoon() {
  if (!allowed_) {  // whatever it does
    stream_.expires_at(started_ + host_.options().stranger_time);
  } else if (host_.options().timeout.count() == 0) {
    stream_.expires_never();
  } else {
    stream_.expires_after(host_.options().timeout);
  }
}

void HttpSession::ReadHeader() {
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(host_.options().max_header_bytes));
  parser_->body_limit(host_.options().max_body_bytes);
  state_ = buffer_.size() == 0 ? State::kIdle : State::kReading;
  idle_since_ = std::chrono::steady_clock::now();
  ExpireSoon();
  http::async_read_header(stream_, buffer_, *parser_,
                          bind_front_handler(&HttpSession::OnHeader, shared_from_this()));
}

void HttpSession::OnHeader(ErrorCode error, size_t) {
  if (state_ == State::kClosed) return;
  state_ = State::kReading;
  if (error) return RefuseUnreadable(error);
  ConsiderHeader();
}

void HttpSession::RefuseUnreadable(ErrorCode error) {
  if (!IsProtocolError(error)) return Close();  // gone, or silent for too long
  LOG_DEBUG(log::kHttp, "unreadable HTTP request: {}", error.message());
  Refuse(error == http::error::body_limit ? http::status::payload_too_large
                                          : http::status::bad_request);
}

/// Refuses whatever can be refused before the body is read.
void HttpSession::ConsiderHeader() {
  if (!allowed_) {
    LOG_DEBUG(log::kHttp, "HTTP request from {} rejected: Client network is not allowed RPC access",
              peer_);
    return Refuse(http::status::forbidden);
  }
  const auto& request = parser_->get();
  if (request.target() != "/") return Refuse(http::status::not_found);
  if (request.method() != http::verb::post) {
    return Refuse(http::status::method_not_allowed, "JSONRPC server handles only POST requests");
  }
  const auto authorization = request.find(http::field::authorization);
  if (authorization == request.end()) return Refuse(http::status::unauthorized);
  const auto value = authorization->value();
  std::optional<std::string> user = host_.UserOf({value.data(), value.size()});
  if (!user) {
    LOG_INFO("ThreadRPCServer incorrect password attempt from {}", peer_);
    return RefuseLogin();
  }
  user_ = std::move(*user);
  state_ = State::kWaiting;
  stream_.expires_never();
  host_.Admit(shared_from_this());
}

/// Answers late, so that guessing passwords is slow. Only this connection waits.
void HttpSession::RefuseLogin() {
  stream_.expires_never();
  delay_.expires_after(host_.options().failed_login_delay);
  delay_.async_wait([self = shared_from_this()](ErrorCode) {
    if (self->state_ != State::kClosed) self->Refuse(http::status::unauthorized);
  });
}

void HttpSession::OnAdmitted() {
  admitted_ = true;
  state_ = State::kReading;
  const bool asks_first =
      boost::beast::iequals(parser_->get()[http::field::expect], "100-continue");
  asks_first && !parser_->is_done() ? SendContinue() : ReadBody();
}

void HttpSession::SendContinue() {
  ExpireSoon();
  boost::asio::async_write(stream_, boost::asio::buffer(kContinue),
                           [self = shared_from_this()](ErrorCode error, size_t) {
                             if (self->state_ == State::kClosed) return;
                             error ? self->Close() : self->ReadBody();
                           });
}

void HttpSession::ReadBody() {
  if (parser_->is_done()) return SubmitRequest();
  ExpireSoon();
  http::async_read_some(stream_, buffer_, *parser_,
                        bind_front_handler(&HttpSession::OnBodyPart, shared_from_this()));
}

void HttpSession::OnBodyPart(ErrorCode error, size_t) {
  if (state_ == State::kClosed) return;
  if (!error) return ReadBody();
  if (std::exchange(admitted_, false)) host_.Leave();
  RefuseUnreadable(error);
}

void HttpSession::SubmitRequest() {
  state_ = State::kWorking;
  stream_.expires_never();
  host_.Submit(shared_from_this(), std::move(parser_->get().body()), user_);
}

void HttpSession::OnAnswered(Reply reply) {
  if (state_ == State::kClosed) return;
  state_ = State::kWriting;
  writing_since_ = std::chrono::steady_clock::now();
  if (std::exchange(admitted_, false)) host_.Leave();
  Response response(static_cast<http::status>(reply.status), parser_->get().version());
  if (!reply.body.empty()) response.set(http::field::content_type, "application/json");
  response.body() = std::move(reply.body);
  response.keep_alive(parser_->keep_alive() && !stopping_);
  Write(std::move(response));
}

void HttpSession::Refuse(http::status status, std::string text) {
  const bool whole_request_read = parser_->is_done();
  Response response(status, whole_request_read ? parser_->get().version() : 11);
  if (status == http::status::unauthorized) {
    response.set(http::field::www_authenticate, "Basic realm=\"jsonrpc\"");
  }
  if (!text.empty()) response.set(http::field::content_type, "text/plain");
  response.body() = std::move(text);
  response.keep_alive(whole_request_read && parser_->keep_alive() && allowed_ && !stopping_);
  Write(std::move(response));
}

void HttpSession::Write(Response response) {
  const bool may_have_body = response.result() != http::status::no_content;
  if (may_have_body) response.content_length(response.body().size());
  response_ = std::move(response);
  serializer_.emplace(*response_);
  WriteSome();
}

void HttpSession::WriteSome() {
  ExpireSoon();
  http::async_write_some(stream_, *serializer_,
                         bind_front_handler(&HttpSession::OnWritten, shared_from_this()));
}

void HttpSession::OnWritten(ErrorCode error, size_t) {
  if (state_ == State::kClosed) return;
  if (error) return Close();
  if (!serializer_->is_done()) return WriteSome();
  const bool keep = response_->keep_alive() && !stopping_;
  serializer_.reset();
  response_.reset();
  if (keep) {
    ReadHeader();
    return host_.OnIdle();
  }
  ErrorCode ignored;
  stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  if (parser_->is_done() && buffer_.size() == 0) return Close();
  state_ = State::kDraining;
  allowed_ ? stream_.expires_after(kLongestDrain) : ExpireSoon();
  Drain();
}

void HttpSession::Drain() {
  stream_.async_read_some(boost::asio::buffer(drained_),
                          [self = shared_from_this()](ErrorCode error, size_t bytes) {
                            if (self->state_ == State::kClosed) return;
                            self->drained_bytes_ += bytes;
                            if (error || self->drained_bytes_ > kMostDrained) return self->Close();
                            self->Drain();
                          });
}

}  // namespace cairn::rpc
