// The sockets that peers connect to.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "cairn/base/result.h"
#include "cairn/p2p/network.h"
#include "src/p2p/net.h"

namespace cairn::p2p {

/// On the network thread, once started.
class Listeners {
 public:
  using Accepted = std::function<void(Tcp::socket, const ListenAddress&)>;

  Listeners(net::io_context& io, Accepted accepted) : io_(io), accepted_(std::move(accepted)) {}

  /// Binds all addresses. Fails if a required one cannot be had, or if none can.
  Status Bind(const std::vector<ListenAddress>& addresses);
  void Start();
  void Close();

 private:
  struct Listener {
    Listener(net::io_context& io, const ListenAddress& at) : acceptor(io), pause(io), address(at) {}
    Tcp::acceptor acceptor;
    net::steady_timer pause;
    const ListenAddress address;
  };

  SocketError BindOne(const ListenAddress& address);
  void Accept(Listener& listener);

  net::io_context& io_;
  const Accepted accepted_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  bool closed_ = false;
};

}  // namespace cairn::p2p
