#include "cairn/rpc/http_server.h"

#include <algorithm>
#include <deque>
#include <set>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>

#include "cairn/base/bounded_queue.h"
#include "cairn/base/log.h"
#include "src/rpc/http_session.h"

namespace cairn::rpc {

namespace net = boost::asio;
using tcp = net::ip::tcp;
using SocketError = boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds kPauseAfterFailedAccept{100};

/// Some ranges of IPv6 carry other things in messages of peers; a client there is of IPv6.
wire::NetAddress ToNetAddress(const net::ip::address& address) {
  using wire::NetAddress;
  if (address.is_v4()) return *NetAddress::From(wire::Network::kIpv4, address.to_v4().to_bytes());
  const net::ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) return NetAddress::FromIpv6Bytes(v6.to_bytes());
  return *NetAddress::From(wire::Network::kIpv6, v6.to_bytes());
}

struct Listener {
  Listener(net::io_context& io) : acceptor(io), pause(io) {}  // NOLINT(google-explicit-constructor)
  tcp::acceptor acceptor;
  net::steady_timer pause;
  bool accepting = false;
};

struct Job {
  std::shared_ptr<HttpSession> session;
  std::string body;
  std::string user;
};

}  // namespace

/// All but `Start`, `Stop` and the workers runs on the socket thread.
class HttpServer::Core final : public SessionHost {
 public:
  Core(HttpOptions options, Authorize authorize, Answer answer)
      : options_(std::move(options)),
        authorize_(std::move(authorize)),
        answer_(std::move(answer)),
        places_(options_.queue_depth + options_.threads),
        jobs_(places_) {}

  Status Start();
  void Stop();
  const std::vector<uint16_t>& ports() const { return ports_; }

  const HttpOptions& options() const override { return options_; }
  std::optional<std::string> UserOf(std::string_view authorization) const override {
    return authorize_(authorization);
  }
  void Admit(std::shared_ptr<HttpSession> session) override;
  void Leave() override;
  void Submit(std::shared_ptr<HttpSession> session, std::string body, std::string user) override;
  void OnIdle() override { AcceptAgain(); }
  void OnEnded(const std::shared_ptr<HttpSession>& session) override;

 private:
  void Bind(const HttpEndpoint& endpoint);
  bool Allows(const net::ip::address& peer) const;
  void Accept(Listener& listener);
  void OnAccepted(Listener& listener, const SocketError& error, tcp::socket socket);
  void AcceptAgain();
  bool CloseLongestIdle(const std::shared_ptr<HttpSession>& newcomer);
  void BeginStop();
  void WaitForReplies();
  bool IsDeserted() const { return sessions_.empty() && strangers_.empty(); }
  void Work();

  HttpOptions options_;
  const Authorize authorize_;
  const Answer answer_;
  const size_t places_;  // requests that may be in memory at once

  net::io_context io_{1};
  net::executor_work_guard<net::io_context::executor_type> keep_running_{io_.get_executor()};
  net::steady_timer patience_{io_};
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<uint16_t> ports_;  // constant once started
  std::set<std::shared_ptr<HttpSession>> sessions_;
  std::set<std::shared_ptr<HttpSession>> strangers_;  // from addresses that are not allowed
  std::deque<std::shared_ptr<HttpSession>> waiting_;
  size_t admitted_ = 0;
  bool stopping_ = false;

  BoundedQueue<Job> jobs_;
  std::vector<std::jthread> workers_;
  std::jthread socket_thread_;
};

Status HttpServer::Core::Start() {
  for (const HttpEndpoint& endpoint : options_.endpoints) Bind(endpoint);
  if (listeners_.empty()) return Fail(ErrorCode::kIo, "Unable to bind any endpoint for RPC server");
  AcceptAgain();
  for (size_t i = 0; i < options_.threads; ++i) {
    workers_.emplace_back([this, i] {
      log::SetThreadName("httpworker." + std::to_string(i));
      Work();
    });
  }
  socket_thread_ = std::jthread([this] {
    log::SetThreadName("http");
    io_.run();
  });
  return {};
}

void HttpServer::Core::Bind(const HttpEndpoint& endpoint) {
  LOG_INFO("Binding RPC on address {} port {}", endpoint.host, endpoint.port);
  SocketError error;
  tcp::resolver resolver(io_);
  const auto found = resolver.resolve(endpoint.host, std::to_string(endpoint.port), error);
  for (const auto& entry : found) {
    const tcp::endpoint address = entry.endpoint();
    auto listener = std::make_unique<Listener>(io_);
    tcp::acceptor& acceptor = listener->acceptor;
    acceptor.open(address.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && address.protocol() == tcp::v6()) {
      acceptor.set_option(net::ip::v6_only(true), error);
    }
    if (!error) acceptor.bind(address, error);
    if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
    if (error) continue;
    ports_.push_back(acceptor.local_endpoint().port());
    listeners_.push_back(std::move(listener));
    return;
  }
  LOG_WARNING("Binding RPC on address {} port {} failed: {}", endpoint.host, endpoint.port,
              error.message());
}

void HttpServer::Core::Accept(Listener& listener) {
  if (listener.accepting || stopping_) return;
  listener.accepting = true;
  listener.acceptor.async_accept([this, &listener](const SocketError& error, tcp::socket socket) {
    listener.accepting = false;
    OnAccepted(listener, error, std::move(socket));
  });
}

void HttpServer::Core::AcceptAgain() {
  for (const auto& listener : listeners_) Accept(*listener);
}

void HttpServer::Core::OnAccepted(Listener& listener, const SocketError& error,
                                  tcp::socket socket) {
  if (stopping_) return;
  if (error) {  // out of file descriptors, most likely
    LOG_WARNING("cannot accept an RPC connection: {}", error.message());
    listener.pause.expires_after(kPauseAfterFailedAccept);
    listener.pause.async_wait([this, &listener](const SocketError&) { Accept(listener); });
    return;
  }
  SocketError gone;
  const net::ip::address peer = socket.remote_endpoint(gone).address();
  if (gone) return Accept(listener);
  const bool allowed = Allows(peer);
  if (!allowed && strangers_.size() >= options_.max_strangers) {
    LOG_DEBUG(log::kHttp, "HTTP connection from {} closed: too many that are not allowed",
              peer.to_string());
    return Accept(listener);
  }
  const auto session =
      std::make_shared<HttpSession>(std::move(socket), *this, peer.to_string(), allowed);
  (allowed ? sessions_ : strangers_).insert(session);
  session->Start();
  if (!allowed) return Accept(listener);
  if (sessions_.size() <= options_.max_connections || CloseLongestIdle(session)) Accept(listener);
}

/// Makes room for `newcomer`. If everyone else is busy no further connection is accepted until one
/// of them is idle or gone.
bool HttpServer::Core::CloseLongestIdle(const std::shared_ptr<HttpSession>& newcomer) {
  std::shared_ptr<HttpSession> longest;
  for (const auto& session : sessions_) {
    if (!session->IsIdle() || session == newcomer) continue;
    if (!longest || session->idle_since() < longest->idle_since()) longest = session;
  }
  if (!longest) return false;
  longest->Close();
  return true;
}

void HttpServer::Core::OnEnded(const std::shared_ptr<HttpSession>& session) {
  sessions_.erase(session);
  const bool was_stranger = strangers_.erase(session) > 0;
  if (stopping_) {
    if (IsDeserted()) {
      patience_.cancel();
      keep_running_.reset();
    }
    return;
  }
  if (!was_stranger) AcceptAgain();
}

bool HttpServer::Core::Allows(const net::ip::address& peer) const {
  const wire::NetAddress address = ToNetAddress(peer);
  return std::any_of(options_.allowed.begin(), options_.allowed.end(),
                     [&](const wire::Subnet& subnet) { return subnet.Contains(address); });
}

void HttpServer::Core::Admit(std::shared_ptr<HttpSession> session) {
  if (admitted_ == places_) {
    waiting_.push_back(std::move(session));
    return;
  }
  ++admitted_;
  session->OnAdmitted();
}

void HttpServer::Core::Leave() {
  --admitted_;
  while (!waiting_.empty() && admitted_ < places_) {
    const std::shared_ptr<HttpSession> next = std::move(waiting_.front());
    waiting_.pop_front();
    if (next->IsClosed()) continue;
    ++admitted_;
    next->OnAdmitted();
  }
}

/// Never waits: there are as many places in the queue as requests that can be admitted.
void HttpServer::Core::Submit(std::shared_ptr<HttpSession> session, std::string body,
                              std::string user) {
  Job job{std::move(session), std::move(body), std::move(user)};
  jobs_.Push(std::move(job));
}

void HttpServer::Core::Work() {
  while (std::optional<Job> job = jobs_.Pop()) {
    Reply reply{500, ""};
    try {
      reply = answer_(job->body, job->user);
    } catch (const std::exception& error) {
      LOG_ERROR("an RPC call failed: {}", error.what());
    }
    net::post(io_, [session = std::move(job->session), reply = std::move(reply)]() mutable {
      session->OnAnswered(std::move(reply));
    });
  }
}

void HttpServer::Core::Stop() {
  if (!socket_thread_.joinable()) return;
  net::post(io_, [this] { BeginStop(); });
  socket_thread_.join();
  jobs_.Close();
  workers_.clear();
}

void HttpServer::Core::BeginStop() {
  stopping_ = true;
  SocketError ignored;
  for (const auto& listener : listeners_) {
    listener->acceptor.close(ignored);
    listener->pause.cancel();
  }
  auto sessions = sessions_;
  sessions.insert(strangers_.begin(), strangers_.end());
  for (const auto& session : sessions) session->Stop();
  IsDeserted() ? keep_running_.reset() : WaitForReplies();
}

/// Calls that run are waited for in any case, as the workers are: so each is answered. But nobody
/// can hold up the stop by not reading the reply.
void HttpServer::Core::WaitForReplies() {
  patience_.expires_after(options_.stop_patience);
  patience_.async_wait([this](const SocketError& cancelled) {
    if (cancelled) return;
    const auto sessions = sessions_;
    for (const auto& session : sessions) session->CloseIfStuck(options_.stop_patience);
    if (!IsDeserted()) WaitForReplies();
  });
}

HttpServer::HttpServer(HttpOptions options, Authorize authorize, Answer answer)
    : core_(std::make_unique<Core>(std::move(options), std::move(authorize), std::move(answer))) {}

HttpServer::~HttpServer() { Stop(); }  // NOLINT(bugprone-exception-escape)

Status HttpServer::Start() { return core_->Start(); }

void HttpServer::Stop() { core_->Stop(); }

std::vector<uint16_t> HttpServer::BoundPorts() const { return core_->ports(); }

}  // namespace cairn::rpc
