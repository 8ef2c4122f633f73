#include "src/p2p/listeners.h"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include "cairn/base/log.h"

namespace cairn::p2p {
namespace {

constexpr std::chrono::milliseconds kPauseAfterFailedAccept{100};

}  // namespace

SocketError Listeners::BindOne(const ListenAddress& address) {
  auto listener = std::make_unique<Listener>(io_, address);
  Tcp::acceptor& acceptor = listener->acceptor;
  const Tcp::endpoint endpoint = ToSocket(address.endpoint);
  SocketError error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.protocol() == Tcp::v6()) {
    acceptor.set_option(net::ip::v6_only(true), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  if (!error) listeners_.push_back(std::move(listener));
  return error;
}

Status Listeners::Bind(const std::vector<ListenAddress>& addresses) {
  std::string trouble;
  for (const ListenAddress& address : addresses) {
    const std::string text = address.endpoint.ToString();
    const SocketError error = BindOne(address);
    if (!error) {
      LOG_INFO("Bound to {}", text);
      continue;
    }
    trouble =
        error == net::error::address_in_use
            ? "Unable to bind to " + text + " on this computer. Cairn is probably already running."
            : "Unable to bind to " + text + " on this computer (bind returned error " +
                  error.message() + ")";
    if (address.required) return Fail(ErrorCode::kIo, trouble);
    LOG_WARNING("{}", trouble);
  }
  if (!addresses.empty() && listeners_.empty()) {
    return Fail(ErrorCode::kIo, "Failed to listen on any port. Use -listen=0 if you want this.");
  }
  return {};
}

void Listeners::Start() {
  for (const auto& listener : listeners_) Accept(*listener);
}

void Listeners::Close() {
  closed_ = true;
  SocketError ignored;
  for (const auto& listener : listeners_) {
    listener->acceptor.close(ignored);
    listener->pause.cancel();
  }
}

void Listeners::Accept(Listener& listener) {
  listener.acceptor.async_accept([this, &listener](const SocketError& error, Tcp::socket socket) {
    if (closed_) return;
    if (!error) {
      accepted_(std::move(socket), listener.address);
      return Accept(listener);
    }
    // Out of file descriptors, most likely.
    LOG_WARNING("cannot accept a connection of a peer: {}", error.message());
    listener.pause.expires_after(kPauseAfterFailedAccept);
    listener.pause.async_wait([this, &listener](const SocketError&) {
      if (!closed_) Accept(listener);
    });
  });
}

}  // namespace cairn::p2p
