#include "src/mining/stratum/client_connection.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>

#include "cairn/base/version.h"

namespace cairn::mining::stratum {
namespace {

namespace net = boost::asio;

constexpr std::chrono::seconds kOpenTime{10};    // to look up, connect and secure
constexpr size_t kMostToSend = size_t{1} << 20;  // for a pool that does not read

bool IsNumeric(const std::string& host) {
  boost::system::error_code problem;
  net::ip::make_address(host, problem);
  return !problem;
}

}  // namespace

ClientConnection::ClientConnection(Needs needs, PoolAddress pool)
    : needs_(std::move(needs)),
      pool_(std::move(pool)),
      resolver_(needs_.io),
      socket_(needs_.io),
      timer_(needs_.io) {}

template <typename Done>
auto ClientConnection::Then(const char* what, Done done) {
  return [self = shared_from_this(), what, done](const Problem& problem, auto&&... rest) {
    if (self->closed_) return;
    if (problem) return self->Fail(std::string(what) + ": " + problem.message());
    done(std::forward<decltype(rest)>(rest)...);
  };
}

template <typename Use>
void ClientConnection::WithStream(Use use) {
  if (tls_) {
    use(*tls_);
  } else {
    use(socket_);
  }
}

// --- Opening ---

void ClientConnection::Open() {
  timer_.expires_after(kOpenTime);
  timer_.async_wait([self = shared_from_this()](const Problem& problem) {
    // It may have rung just before it was set anew.
    if (!problem && !self->session_) self->Fail("it takes too long to connect");
  });
  resolver_.async_resolve(
      pool_.host, std::to_string(pool_.port),
      Then("the look-up", [this](const Tcp::resolver::results_type& places) { Connect(places); }));
}

void ClientConnection::Connect(const Tcp::resolver::results_type& places) {
  net::async_connect(socket_, places, Then("connecting", [this](const auto& /*place*/) {
                       Problem ignored;
                       socket_.set_option(Tcp::no_delay(true), ignored);
                       socket_.set_option(net::socket_base::keep_alive(true), ignored);
                       if (pool_.tls) {
                         Secure();
                       } else {
                         Begin();
                       }
                     }));
}

void ClientConnection::Secure() {
  tls_.emplace(socket_, needs_.tls);
  tls_->set_verify_mode(net::ssl::verify_peer);
  tls_->set_verify_callback(net::ssl::host_name_verification(pool_.host));
  // The name that is wanted, as one address may have several (RFC 6066, which has none for
  // numbers).
  if (!IsNumeric(pool_.host)) {
    SSL_set_tlsext_host_name(tls_->native_handle(), pool_.host.c_str());
  }
  tls_->async_handshake(net::ssl::stream_base::client, Then("TLS", [this] { Begin(); }));
}

void ClientConnection::Begin() {
  session_.emplace(ClientSession::Settings{pool_.host, pool_.user, pool_.password,
                                           "cairn/" + std::string(kVersion), needs_.number},
                   needs_.tally, std::chrono::steady_clock::now());
  Flush();
  Arm();
  Read();
}

// --- Talking ---

void ClientConnection::Read() {
  WithStream([this](auto& stream) {
    stream.async_read_some(net::buffer(part_), Then("reading", [this](size_t size) {
                             received_.append(part_.data(), size);
                             TakeLines();
                           }));
  });
}

void ClientConnection::TakeLines() {
  const auto now = std::chrono::steady_clock::now();
  size_t begin = 0;
  for (size_t end; (end = received_.find('\n', begin)) != received_.npos; begin = end + 1) {
    std::string_view line(&received_[begin], end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (const Status taken = session_->Receive(line, now); !taken) {
      return Fail(taken.error().message);
    }
  }
  received_.erase(0, begin);
  if (received_.size() > kLongestPoolLine) return Fail("a line does not end");
  Flush();
  if (closed_) return;
  Arm();
  needs_.on_change();
  if (!closed_) Read();
}

void ClientConnection::Submit(const FoundShare& share) {
  if (closed_ || !session_) return;
  session_->Submit(share, std::chrono::steady_clock::now());
  Flush();
  Arm();
}

void ClientConnection::Flush() {
  waiting_ += session_->TakeLines();
  if (waiting_.size() > kMostToSend) return Fail("the pool does not read");
  if (!sending_.empty() || waiting_.empty()) return;
  sending_.swap(waiting_);
  WithStream([this](auto& stream) {
    net::async_write(stream, net::buffer(sending_), Then("writing", [this](size_t /*size*/) {
                       sending_.clear();
                       Flush();
                     }));
  });
}

/// Waits for what the session is to be asked next.
void ClientConnection::Arm() {
  if (closed_) return;
  timer_.expires_at(session_->Deadline());
  timer_.async_wait([self = shared_from_this()](const Problem& problem) {
    if (problem || self->closed_) return;  // another time has been set
    if (const Status alive = self->session_->Tick(std::chrono::steady_clock::now()); !alive) {
      return self->Fail(alive.error().message);
    }
    self->Flush();
    self->Arm();
  });
}

// --- Ending ---

void ClientConnection::Close() {
  if (std::exchange(closed_, true)) return;
  resolver_.cancel();
  timer_.cancel();
  Problem ignored;
  socket_.close(ignored);
}

void ClientConnection::Fail(const std::string& reason) {
  if (closed_) return;
  Close();
  needs_.on_failure(reason);
}

}  // namespace cairn::mining::stratum
