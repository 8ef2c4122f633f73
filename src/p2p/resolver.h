// Looks up names of hosts, without making anyone wait.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "cairn/wire/net_address.h"
#include "src/p2p/net.h"

namespace cairn::p2p {

/// The system's look-up cannot be cancelled and may take half a minute, so each runs in a thread of
/// its own that nobody waits for: the answer of one that comes too late finds nobody.
class Resolver {
 public:
  using Done = std::function<void(std::vector<wire::NetAddress>)>;

  explicit Resolver(net::io_context& io);
  ~Resolver() { Close(); }
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Calls `done` on the network thread; with nothing if there is no such name.
  void LookUp(const std::string& host, Done done);
  /// No answer comes any more. To be called on the network thread, or once it has ended.
  void Close();

 private:
  struct Office;
  std::shared_ptr<Office> office_;
};

}  // namespace cairn::p2p
