// The addresses under which others can reach this node, and which of them a peer is told.
//
// They come from the operator (-externalip), from where we listen, from the machine's interfaces,
// and each peer that names one of them raises its score. No clock and no lock inside.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "cairn/p2p/random.h"
#include "cairn/wire/net_address.h"

namespace cairn::p2p {

/// How an address became known, the better the higher; RPC shows score and votes as one number.
enum class LocalScore : int32_t {
  kNone = 0,       // a guess
  kInterface = 1,  // the machine has it
  kBound = 2,      // it is listened on
  kMapped = 3,     // a router forwards it
  kManual = 4,     // the operator says so
};

struct LocalAddress {
  wire::Endpoint endpoint;
  int32_t score = 0;
};

class LocalAddresses {
 public:
  /// What of a peer decides on what it is told.
  struct Peer {
    wire::NetAddress address;
    /// The network that it came through: Tor for those who came in by our onion service, whatever
    /// address they seem to have.
    wire::Network network = wire::Network::kUnroutable;
    bool inbound = false;
    /// Where it says that we are, from its version message.
    wire::Endpoint sees_us;
  };

  /// Without `discover` only what the operator gives counts.
  explicit LocalAddresses(bool discover) : discover_(discover) {}
  /// Networks without connections have no addresses of ours.
  void SetReachable(wire::Network network, bool reachable);
  bool IsReachable(wire::Network network) const { return !unreachable_.contains(network); }

  /// False if the address is of no use.
  bool Add(const wire::Endpoint& endpoint, LocalScore score);
  void Remove(const wire::Endpoint& endpoint);
  /// A peer sees us there. False if the address is none of ours.
  bool Seen(const wire::Endpoint& endpoint);
  bool IsOurs(const wire::Endpoint& endpoint) const;

  /// The best one to be reached at by that peer, if any.
  std::optional<wire::Endpoint> Best(const Peer& peer) const;
  /// What to announce to the peer: the best one, or, from time to time and if there is none, the
  /// one that it sees. `listen_port` is ours.
  std::optional<wire::Endpoint> Announced(const Peer& peer, uint16_t listen_port,
                                          Random& random) const;

  std::vector<LocalAddress> Entries() const;

 private:
  struct Info {
    uint16_t port = 0;
    int32_t score = 0;
  };

  bool discover_;
  std::set<wire::Network> unreachable_;
  std::map<wire::NetAddress, Info> known_;
};

}  // namespace cairn::p2p
