#include "cairn/p2p/local_addresses.h"

#include <algorithm>
#include <utility>

namespace cairn::p2p {
namespace {

using wire::Network;

/// How well a peer reaches an address, the better the higher.
enum class Reach { kNot, kPerhaps, kTeredo, kWeakIpv6, kIpv4, kStrongIpv6, kSame };

/// What both ends of a connection are, Teredo apart from other IPv6.
enum class Kind { kIpv4, kIpv6, kTeredo, kOther };

Kind KindOf(const wire::NetAddress& address) {
  if (address.IsTeredo()) return Kind::kTeredo;
  if (address.Is(Network::kIpv4)) return Kind::kIpv4;
  return address.Is(Network::kIpv6) ? Kind::kIpv6 : Kind::kOther;
}

/// Among the networks of the Internet itself, for a peer of kind `theirs`.
Reach InternetReach(const wire::NetAddress& ours, Kind theirs) {
  const bool tunnel = ours.Is6to4() || ours.IsTranslated();
  switch (KindOf(ours)) {
    case Kind::kIpv4: return Reach::kIpv4;
    case Kind::kTeredo: return theirs == Kind::kIpv4 ? Reach::kPerhaps : Reach::kTeredo;
    case Kind::kIpv6:
      if (theirs == Kind::kIpv4) return Reach::kPerhaps;
      if (theirs == Kind::kTeredo || tunnel) return Reach::kWeakIpv6;
      return Reach::kStrongIpv6;
    case Kind::kOther: break;
  }
  return Reach::kPerhaps;
}

Reach ReachOf(const wire::NetAddress& ours, const wire::NetAddress& theirs) {
  if (!ours.IsRoutable()) return Reach::kNot;
  if (KindOf(ours) == Kind::kOther) {
    return ours.network() == theirs.network() ? Reach::kSame : Reach::kPerhaps;
  }
  if (KindOf(theirs) == Kind::kOther) {
    // Through Tor the Internet is reached by IPv4.
    const bool exits = theirs.Is(Network::kTorV3) && ours.Is(Network::kIpv4);
    return exits ? Reach::kIpv4 : Reach::kPerhaps;
  }
  return InternetReach(ours, KindOf(theirs));
}

bool HidesPlace(Network network) { return network == Network::kTorV3 || network == Network::kI2p; }

}  // namespace

void LocalAddresses::SetReachable(Network network, bool reachable) {
  if (reachable) {
    unreachable_.erase(network);
  } else {
    unreachable_.insert(network);
  }
}

bool LocalAddresses::Add(const wire::Endpoint& endpoint, LocalScore score) {
  if (!endpoint.address.IsRoutable()) return false;
  if (!discover_ && score < LocalScore::kManual) return false;
  if (!IsReachable(endpoint.address.network())) return false;
  const auto value = static_cast<int32_t>(score);
  const auto [at, is_new] = known_.try_emplace(endpoint.address, Info{endpoint.port, value});
  // Named again, it is a little better than either told.
  if (!is_new && value >= at->second.score) at->second = {endpoint.port, value + 1};
  return true;
}

void LocalAddresses::Remove(const wire::Endpoint& endpoint) { known_.erase(endpoint.address); }

bool LocalAddresses::Seen(const wire::Endpoint& endpoint) {
  const auto found = known_.find(endpoint.address);
  if (found == known_.end()) return false;
  // Peers are free to repeat themselves.
  constexpr int32_t kMostScore = 1 << 30;
  found->second.score = std::min(found->second.score + 1, kMostScore);
  return true;
}

bool LocalAddresses::IsOurs(const wire::Endpoint& endpoint) const {
  const auto found = known_.find(endpoint.address);
  return found != known_.end() && found->second.port == endpoint.port;
}

std::optional<wire::Endpoint> LocalAddresses::Best(const Peer& peer) const {
  std::optional<wire::Endpoint> best;
  std::pair<Reach, int32_t> value = {Reach::kNot, -1};
  for (const auto& [address, info] : known_) {
    // Who learns two of our addresses knows that they are of one node: those of networks that hide
    // where we are stay within these.
    const bool crosses = address.network() != peer.network;
    if (crosses && (address.IsPrivacyNetwork() || HidesPlace(peer.network))) continue;
    const std::pair<Reach, int32_t> candidate = {ReachOf(address, peer.address), info.score};
    if (candidate.first == Reach::kNot || candidate <= value) continue;
    value = candidate;
    best = wire::Endpoint{address, info.port};
  }
  return best;
}

std::optional<wire::Endpoint> LocalAddresses::Announced(const Peer& peer, uint16_t listen_port,
                                                        Random& random) const {
  std::optional<wire::Endpoint> best = Best(peer);
  const wire::NetAddress& seen = peer.sees_us.address;
  const bool credible = discover_ && peer.address.IsRoutable() && seen.IsRoutable() &&
                        IsReachable(seen.network()) && !seen.IsPrivacyNetwork() &&
                        !HidesPlace(peer.network);
  if (!credible) return best;
  // The more peers have confirmed an address, the less often another is tried on them.
  const auto held = best ? known_.find(best->address) : known_.end();
  const bool sure =
      held != known_.end() && held->second.score > static_cast<int32_t>(LocalScore::kManual);
  if (best && random.Below(sure ? 8 : 2) != 0) return best;
  // To one that came in we are where it connected to; else it saw only the port of this connection.
  if (peer.inbound) return peer.sees_us;
  return wire::Endpoint{seen, best ? best->port : listen_port};
}

std::vector<LocalAddress> LocalAddresses::Entries() const {
  std::vector<LocalAddress> entries;
  for (const auto& [address, info] : known_) {
    entries.push_back({{address, info.port}, info.score});
  }
  return entries;
}

}  // namespace cairn::p2p
