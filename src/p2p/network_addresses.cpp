// Addresses and bans: what is kept of them on disk, and what RPC does with them.
#include <ifaddrs.h>
#include <net/if.h>

#include "cairn/base/log.h"
#include "cairn/p2p/peers_file.h"
#include "src/p2p/network_core.h"

namespace cairn::p2p {
namespace {

constexpr std::chrono::minutes kSaveEvery{15};

/// The addresses of this machine, without those that lead nowhere else.
std::vector<wire::NetAddress> InterfaceAddresses() {
  std::vector<wire::NetAddress> addresses;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return addresses;
  for (const ifaddrs* item = first; item != nullptr; item = item->ifa_next) {
    if (item->ifa_addr == nullptr || (item->ifa_flags & IFF_UP) == 0 ||
        (item->ifa_flags & IFF_LOOPBACK) != 0) {
      continue;
    }
    const auto family = item->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    const size_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    addresses.push_back(FromSystem(item->ifa_addr, size).address);
  }
  freeifaddrs(first);
  return addresses;
}

}  // namespace

void Network::Core::LoadFiles() {
  if (options_.folder.empty()) return;
  LoadedPeers peers =
      LoadPeers(options_.folder / "peers.dat", chain_.params().magic, Random::FromSystem());
  if (!peers.notice.empty()) LOG_WARNING("{}", peers.notice);
  addresses_ = std::move(peers.book);
  LOG_INFO("{} addresses of peers are known", addresses_.Size());
  LoadedBans bans = LoadBans(options_.folder / "banlist.json");
  if (!bans.notice.empty()) LOG_WARNING("{}", bans.notice);
  bans_ = std::move(bans.bans);
}

void Network::Core::SaveAddresses() {
  if (options_.folder.empty()) return;
  const Status saved = SavePeers(addresses_, options_.folder / "peers.dat", chain_.params().magic);
  if (!saved) LOG_WARNING("cannot save the addresses of peers: {}", saved.error().message);
}

/// The peers that nobody can guess we have are the first ones to come back to.
void Network::Core::SaveAnchorPeers() {
  if (options_.folder.empty()) return;
  std::vector<wire::Endpoint> anchors;
  for (const auto& [id, peer] : peers_) {
    if (peer.type == ConnectionType::kBlockRelayOnly) anchors.push_back(peer.endpoint);
  }
  if (anchors.empty()) return;
  const Status saved = SaveAnchors(anchors, options_.folder / "anchors.dat", chain_.params().magic);
  if (!saved) LOG_WARNING("cannot save the anchors: {}", saved.error().message);
}

void Network::Core::SaveAddressesLater() {
  save_deadline_.expires_after(kSaveEvery);
  save_deadline_.async_wait([this](const SocketError& cancelled) {
    if (cancelled || stopping_) return;
    SaveAddresses();
    SaveAddressesLater();
  });
}

void Network::Core::SaveBanList() {
  if (options_.folder.empty()) return;
  const Status saved = SaveBans(bans_, options_.folder / "banlist.json");
  if (!saved) LOG_WARNING("cannot save the bans: {}", saved.error().message);
}

void Network::Core::CollectLocalAddresses() {
  for (const wire::Network network : wire::kPeerNetworks) {
    local_.SetReachable(network, options_.reachable.contains(network));
  }
  for (const wire::Endpoint& endpoint : options_.external) {
    local_.Add(endpoint, LocalScore::kManual);
  }
  if (!options_.discover) return;
  const std::vector<wire::NetAddress> interfaces = InterfaceAddresses();
  for (const ListenAddress& listen : options_.listen) {
    if (listen.onion) continue;
    if (listen.endpoint.address.IsValid()) {
      local_.Add(listen.endpoint, LocalScore::kBound);
      continue;
    }
    for (const wire::NetAddress& address : interfaces) {
      local_.Add({address, listen.endpoint.port}, LocalScore::kInterface);
    }
  }
}

std::vector<wire::PeerAddress> Network::Core::KnownAddresses(size_t most,
                                                             std::optional<wire::Network> network) {
  return addresses_.GetAddresses(most, 0, network, UnixSecondsOf(Now()));
}

AddResult Network::Core::AddKnownAddress(const wire::PeerAddress& peer, bool tried) {
  const int64_t now = UnixSecondsOf(Now());
  wire::PeerAddress seen = peer;
  seen.time = now;
  if (addresses_.Add(std::span(&seen, 1), peer.endpoint.address, 0, now) == 0) {
    return AddResult::kNotNew;
  }
  if (!tried) return AddResult::kAdded;
  return addresses_.Good(peer.endpoint, now) ? AddResult::kAdded : AddResult::kNotTried;
}

AddressCounts Network::Core::CountAddresses() const {
  AddressCounts counts;
  for (const wire::Network network : wire::kPeerNetworks) {
    counts[network] = {addresses_.Size(network, Table::kNew),
                       addresses_.Size(network, Table::kTried)};
  }
  return counts;
}

bool Network::Core::IsUnwelcome(const wire::NetAddress& address) const {
  return discouraged_.Contains(address) || bans_.IsBanned(address, UnixSecondsOf(Now()));
}

bool Network::Core::Ban(const wire::Subnet& subnet, int64_t seconds, bool absolute) {
  const int64_t now = UnixSecondsOf(Now());
  if (bans_.IsBanned(subnet, now)) return false;
  if (seconds == 0) {
    seconds = options_.ban_time.count();
    absolute = false;
  }
  bans_.Add(subnet, absolute ? seconds : now + seconds, now);
  SaveBanList();
  for (const auto& [id, peer] : peers_) {
    if (subnet.Contains(peer.endpoint.address)) Disconnect(id, "banned");
  }
  return true;
}

bool Network::Core::Unban(const wire::Subnet& subnet) {
  if (!bans_.Remove(subnet)) return false;
  SaveBanList();
  return true;
}

void Network::Core::ClearBans() {
  bans_.Clear();
  SaveBanList();
}

}  // namespace cairn::p2p
