#include "src/p2p/dialer.h"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "cairn/base/hex.h"
#include "src/p2p/socks5.h"

namespace cairn::p2p {
namespace {

/// A proxy has to find the peer before it answers: more time than a connection of our own.
constexpr std::chrono::seconds kProxyPatience{20};

}  // namespace

std::optional<DialTarget> DialTarget::Parse(const std::string& text, uint16_t default_port) {
  const auto parts = wire::SplitHostAndPort(text);
  if (!parts || parts->host.empty()) return std::nullopt;
  return DialTarget{std::string(parts->host), parts->port.value_or(default_port),
                    wire::NetAddress::Parse(parts->host)};
}

/// One attempt, from the look-up of the name to a socket that speaks to the peer.
class Dialer::Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(Dialer& dialer, DialTarget target, Done done)
      : dialer_(&dialer),
        target_(std::move(target)),
        done_(std::move(done)),
        socket_(dialer.io_),
        timer_(dialer.io_) {}

  void Start() {
    const Proxy* proxy = dialer_->ProxyFor(target_);
    GiveUpAfter(proxy != nullptr ? kProxyPatience + dialer_->options_.connect_timeout
                                 : dialer_->options_.connect_timeout);
    if (proxy != nullptr) return ConnectToProxy(*proxy);
    if (target_.address) return ConnectTo(*target_.address);
    if (!dialer_->options_.look_up_names) return FinishLater("names are not looked up (-dns=0)");
    dialer_->resolver_.LookUp(
        target_.host, [self = shared_from_this()](const std::vector<wire::NetAddress>& found) {
          if (self->done_ == nullptr) return;
          for (const wire::NetAddress& address : found) {
            if (self->dialer_->options_.reachable.contains(wire::NetClass(address)) ||
                address.IsLocal()) {
              return self->ConnectTo(address);
            }
          }
          self->Finish(Fail(ErrorCode::kNotFound, "there is no host of that name"));
        });
  }

  void Finish(Result<Dialed> result) {
    if (done_ == nullptr) return;
    const Done done = std::exchange(done_, nullptr);
    timer_.cancel();
    SocketError ignored;
    if (!result) socket_.close(ignored);
    dialer_->attempts_.erase(shared_from_this());
    done(std::move(result));
  }

 private:
  void FinishLater(const std::string& why) {
    net::post(socket_.get_executor(),
              [self = shared_from_this(), why] { self->Finish(Fail(ErrorCode::kIo, why)); });
  }

  void GiveUpAfter(std::chrono::milliseconds patience) {
    timer_.expires_after(patience);
    timer_.async_wait([self = shared_from_this()](const SocketError& cancelled) {
      if (!cancelled) self->Finish(Fail(ErrorCode::kIo, "no answer in time"));
    });
  }

  bool Failed(const SocketError& error) {
    if (done_ == nullptr) return true;
    if (error) Finish(Fail(ErrorCode::kIo, error.message()));
    return static_cast<bool>(error);
  }

  void ConnectTo(const wire::NetAddress& address) {
    const bool direct = address.Is(wire::Network::kIpv4) || address.Is(wire::Network::kIpv6) ||
                        address.Is(wire::Network::kCjdns);
    if (!direct) return FinishLater("this network needs a proxy");
    const wire::Endpoint endpoint{address, target_.port};
    socket_.async_connect(ToSocket(endpoint),
                          [self = shared_from_this(), endpoint](const SocketError& error) {
                            if (!self->Failed(error)) self->Succeed(endpoint);
                          });
  }

  void Succeed(const wire::Endpoint& endpoint) {
    Dialed dialed{std::move(socket_), endpoint};
    Finish(std::move(dialed));
  }

  void ConnectToProxy(const Proxy& proxy) {
    std::optional<SocksCredentials> credentials;
    if (proxy.randomize) {
      constexpr size_t kRandomBytes = 8;
      const std::string word = ToHex(dialer_->random_.Fill(kRandomBytes));
      credentials = SocksCredentials{word, word};
    }
    socks_.emplace(target_.host, target_.port, std::move(credentials));
    socket_.async_connect(ToSocket(proxy.endpoint),
                          [self = shared_from_this()](const SocketError& error) {
                            if (!self->Failed(error)) self->WriteToProxy(self->socks_->Greeting());
                          });
  }

  void WriteToProxy(Bytes bytes) {
    proxy_bytes_ = std::move(bytes);
    net::async_write(socket_, net::buffer(proxy_bytes_),
                     [self = shared_from_this()](const SocketError& error, size_t) {
                       if (!self->Failed(error)) self->ReadFromProxy();
                     });
  }

  void ReadFromProxy() {
    if (socks_->Wanted() == 0) {
      return Succeed({target_.address.value_or(wire::NetAddress()), target_.port});
    }
    proxy_bytes_.resize(socks_->Wanted());
    net::async_read(socket_, net::buffer(proxy_bytes_),
                    [self = shared_from_this()](const SocketError& error, size_t) {
                      if (!self->Failed(error)) self->TakeFromProxy();
                    });
  }

  void TakeFromProxy() {
    auto next = socks_->Take(proxy_bytes_);
    if (!next) return Finish(tl::unexpected(next.error()));
    next->empty() ? ReadFromProxy() : WriteToProxy(*std::move(next));
  }

  Dialer* const dialer_;
  const DialTarget target_;
  Done done_;  // null once it was called
  Tcp::socket socket_;
  net::steady_timer timer_;
  std::optional<Socks5> socks_;
  Bytes proxy_bytes_;
};

Dialer::Dialer(net::io_context& io, const NetworkOptions& options)
    : io_(io), options_(options), resolver_(io) {}

const Proxy* Dialer::ProxyFor(const DialTarget& target) const {
  if (!target.address) return options_.name_proxy ? &*options_.name_proxy : nullptr;
  const auto found = options_.proxies.find(target.address->network());
  // What is on this machine or beside it is no business of a proxy.
  if (found == options_.proxies.end() || target.address->IsLocal()) return nullptr;
  return &found->second;
}

void Dialer::Dial(DialTarget target, Done done) {
  if (target.address && options_.reachable.contains(wire::Network::kCjdns)) {
    target.address = target.address->AsCjdns();
  }
  const auto attempt = std::make_shared<Attempt>(*this, std::move(target), std::move(done));
  attempts_.insert(attempt);
  attempt->Start();
}

void Dialer::Cancel() {
  const auto attempts = attempts_;
  for (const auto& attempt : attempts) {
    attempt->Finish(Fail(ErrorCode::kStopped, "the network stops"));
  }
}

}  // namespace cairn::p2p
