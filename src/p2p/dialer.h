// Opens connections to peers: directly or through a proxy, by address or by name, in limited time.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "cairn/p2p/network.h"
#include "cairn/p2p/random.h"
#include "src/p2p/net.h"
#include "src/p2p/resolver.h"

namespace cairn::p2p {

/// Whom to connect to.
struct DialTarget {
  std::string host;  // a name, or an address in text
  uint16_t port = 0;
  std::optional<wire::NetAddress> address;  // nothing for a name

  /// "host", "host:port"; nothing if the port is none.
  static std::optional<DialTarget> Parse(const std::string& text, uint16_t default_port);
};

struct Dialed {
  Tcp::socket socket;
  wire::Endpoint endpoint;  // of the other side; [::] for a name that only the proxy knows
};

/// On the network thread.
class Dialer {
 public:
  using Done = std::function<void(Result<Dialed>)>;

  Dialer(net::io_context& io, const NetworkOptions& options);
  ~Dialer() { Cancel(); }

  /// `done` is called later, once.
  void Dial(DialTarget target, Done done);
  /// Ends all attempts, each with an error.
  void Cancel();
  Resolver& resolver() { return resolver_; }

 private:
  class Attempt;

  const Proxy* ProxyFor(const DialTarget& target) const;

  net::io_context& io_;
  const NetworkOptions& options_;
  Resolver resolver_;
  Random random_ = Random::FromSystem();
  std::set<std::shared_ptr<Attempt>> attempts_;
};

}  // namespace cairn::p2p
