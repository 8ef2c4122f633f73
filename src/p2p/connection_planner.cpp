#include "src/p2p/connection_planner.h"

#include <algorithm>

#include "cairn/base/log.h"
#include "cairn/crypto/hash.h"
#include "cairn/p2p/address_book.h"
#include "cairn/p2p/local_addresses.h"
#include "src/p2p/eviction.h"
#include "src/p2p/peer.h"

namespace cairn::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kOpenInterval = milliseconds(500);
constexpr Duration kRetryWhenEmpty = seconds(10);
constexpr Duration kFeelerInterval = minutes(2);
constexpr Duration kExtraBlockRelayInterval = minutes(5);
constexpr Duration kTipCheckInterval = minutes(10);
constexpr Duration kDropInterval = seconds(45);
constexpr Duration kDnsDelay = seconds(11);
constexpr Duration kFixedSeedsDelay = seconds(60);
constexpr Duration kLeastStay = seconds(30);  // of an extra connection before it may be dropped

constexpr int kTries = 100;      // addresses looked at for one connection
constexpr int kPickyTries = 30;  // so many times those tried lately are passed over
constexpr int64_t kTriedLately = 10 * 60;
constexpr int kDefaultPortTries = 50;

/// A tip that has not moved for three spacings of blocks is stale.
constexpr int kStaleSpacings = 3;

}  // namespace

ConnectionPlanner::ConnectionPlanner(Core& core)
    : core_(core),
      salt_(core.random.Next()),
      next_open_(core.now),
      next_feeler_(core.Poisson(kFeelerInterval)),
      next_extra_block_relay_(core.Poisson(kExtraBlockRelayInterval)),
      next_tip_check_(core.now + kTipCheckInterval),
      next_drop_(core.now + kDropInterval),
      last_tip_change_(core.now) {}

uint64_t ConnectionPlanner::KeyedGroup(const wire::NetAddress& address) const {
  return crypto::SipHash24(salt_, ~salt_, NetGroup(address));
}

void ConnectionPlanner::ForEachConnection(const Visit& visit) const {
  for (const auto& [id, peer] : core_.peers) {
    if (!peer->disconnecting) visit(peer->type(), peer->connection.endpoint.address);
  }
  for (const auto& [endpoint, type] : pending_) visit(type, endpoint.address);
}

ConnectionPlanner::Count ConnectionPlanner::CountConnections() const {
  Count count;
  ForEachConnection([&](ConnectionType type, const wire::NetAddress&) {
    count.full_relay += type == ConnectionType::kFullRelay;
    count.block_relay_only += type == ConnectionType::kBlockRelayOnly;
    count.feelers += type == ConnectionType::kFeeler;
    count.inbound += type == ConnectionType::kInbound;
  });
  return count;
}

std::set<Bytes> ConnectionPlanner::OutboundGroups() const {
  std::set<Bytes> groups;
  ForEachConnection([&](ConnectionType type, const wire::NetAddress& address) {
    if (type == ConnectionType::kFullRelay || type == ConnectionType::kBlockRelayOnly) {
      groups.insert(NetGroup(address));
    }
  });
  return groups;
}

bool ConnectionPlanner::OnConnected(Peer& peer) {
  pending_.erase(peer.connection.endpoint);
  if (!peer.IsInbound()) {
    core_.addresses.Attempt(peer.connection.endpoint, false, UnixSecondsOf(core_.now));
    return true;
  }
  const int inbound = CountConnections().inbound;
  if (inbound < core_.settings.max_inbound) return true;
  // The last place, and that of others, is not for who has misbehaved.
  const bool unwelcome =
      core_.effects.IsUnwelcome(peer.connection.endpoint.address) && !peer.Allows(kNoBanPermission);
  if (!unwelcome && (inbound == core_.settings.max_inbound || MakeRoom(peer))) return true;
  core_.Disconnect(peer, "all places for inbound connections are taken");
  return false;
}

bool ConnectionPlanner::MakeRoom(const Peer& newcomer) {
  std::vector<EvictionCandidate> candidates;
  for (const auto& [id, peer] : core_.peers) {
    if (!peer->IsInbound() || peer->disconnecting || id == newcomer.id()) continue;
    EvictionCandidate candidate;
    const wire::NetAddress& address = peer->connection.endpoint.address;
    candidate.id = id;
    candidate.connected_at = peer->connected_at;
    candidate.ping_least = peer->keepalive.least;
    candidate.last_block = peer->blocks.last_block;
    candidate.last_transaction = peer->LastTransaction();
    candidate.relays_transactions = peer->handshake.wants_transactions;
    candidate.serves_blocks = peer->ServesBlocks();
    candidate.prefers_others = core_.effects.IsUnwelcome(address);
    candidate.local = address.IsLocal();
    candidate.permitted = peer->Allows(kNoBanPermission);
    candidate.network = peer->network();
    candidate.keyed_group = KeyedGroup(address);
    candidates.push_back(candidate);
  }
  const std::optional<PeerId> chosen = SelectForEviction(std::move(candidates));
  if (!chosen) return false;
  core_.Disconnect(*core_.Find(*chosen), "evicted for a new inbound connection");
  return true;
}

void ConnectionPlanner::OnConnectFailed(const wire::Endpoint& endpoint, ConnectionType type) {
  if (pending_.erase(endpoint) == 0) return;
  // Whether it counts against the address depends on our own network being up.
  const bool counts = type != ConnectionType::kManual;
  core_.addresses.Attempt(endpoint, counts, UnixSecondsOf(core_.now));
}

void ConnectionPlanner::OnGone(Peer& peer) {
  if (!peer.IsInbound() && peer.handshake.complete) {
    core_.addresses.Connected(peer.connection.endpoint, UnixSecondsOf(core_.now));
  }
  next_open_ = std::min(next_open_, core_.now + kOpenInterval);
}

void ConnectionPlanner::OnAddresses(const std::vector<wire::PeerAddress>& addresses) {
  core_.addresses.Add(addresses, wire::NetAddress::Internal("seeds"), 0, UnixSecondsOf(core_.now));
  next_open_ = core_.now;
}

bool ConnectionPlanner::IsConnected(const wire::Endpoint& endpoint) const {
  if (pending_.contains(endpoint)) return true;
  return std::any_of(core_.peers.begin(), core_.peers.end(), [&](const auto& peer) {
    return peer.second->connection.endpoint == endpoint;
  });
}

void ConnectionPlanner::Open(const wire::Endpoint& endpoint, ConnectionType type) {
  pending_[endpoint] = type;
  core_.effects.Connect(endpoint, type);
}

/// Full relay first, then blocks alone; when all places are taken, the tests of addresses.
std::optional<ConnectionType> ConnectionPlanner::WantedType(const Count& count) {
  const Settings& settings = core_.settings;
  if (count.block_relay_only < settings.max_block_relay_only && !anchors_.empty()) {
    return ConnectionType::kBlockRelayOnly;
  }
  if (count.full_relay < settings.max_full_relay + (extra_full_relay_ ? 1 : 0)) {
    return ConnectionType::kFullRelay;
  }
  if (count.block_relay_only < settings.max_block_relay_only + (extra_block_relay_only_ ? 1 : 0)) {
    return ConnectionType::kBlockRelayOnly;
  }
  if (core_.now >= next_extra_block_relay_ && settings.max_block_relay_only > 0) {
    next_extra_block_relay_ = core_.Poisson(kExtraBlockRelayInterval);
    if (!core_.chain.IsInitialBlockDownload() &&
        count.block_relay_only == settings.max_block_relay_only) {
      extra_block_relay_only_ = true;
      return ConnectionType::kBlockRelayOnly;
    }
  }
  if (core_.now >= next_feeler_ && count.feelers == 0) {
    next_feeler_ = core_.Poisson(kFeelerInterval);
    return ConnectionType::kFeeler;
  }
  return std::nullopt;
}

std::optional<wire::Endpoint> ConnectionPlanner::ChooseAddress(ConnectionType type) {
  if (type == ConnectionType::kBlockRelayOnly && !anchors_.empty()) {
    const wire::Endpoint anchor = anchors_.back();
    anchors_.pop_back();
    if (IsConnected(anchor) || !anchor.IsValid()) return std::nullopt;
    return anchor;
  }
  const int64_t now = UnixSecondsOf(core_.now);
  const std::set<Bytes> groups = OutboundGroups();
  core_.addresses.ResolveCollisions(now);
  for (int tries = 0; tries < kTries; ++tries) {
    std::optional<KnownAddress> known;
    if (type == ConnectionType::kFeeler) {
      known = core_.addresses.SelectCollision();
      if (!known) known = core_.addresses.Select(true, {}, now);
    } else {
      known = core_.addresses.Select(false, {}, now);
    }
    if (!known) return std::nullopt;
    const wire::Endpoint& endpoint = known->peer.endpoint;
    const bool feeler = type == ConnectionType::kFeeler;
    // One operator shall not hold several of our connections.
    if (!feeler && groups.contains(NetGroup(endpoint.address))) continue;
    if (!endpoint.IsValid() || IsConnected(endpoint)) continue;
    if (core_.local.IsOurs(endpoint)) continue;
    if (!core_.local.IsReachable(endpoint.address.network())) continue;
    if (core_.effects.IsUnwelcome(endpoint.address)) continue;
    if (now - known->last_try < kTriedLately && tries < kPickyTries) continue;
    const bool serves =
        (known->peer.services & wire::kNodeWitness) != 0 && ServesBlocks(known->peer.services);
    if (!feeler && !serves) continue;
    if (endpoint.port != core_.chain.params().p2p_port && tries < kDefaultPortTries) continue;
    return endpoint;
  }
  return std::nullopt;
}

void ConnectionPlanner::AskSeedsIfLonely(const Count& count) {
  const int connected = count.full_relay + count.block_relay_only;
  const bool empty = core_.addresses.Size() == 0;
  if (!asked_dns_ && (empty || core_.now >= core_.started + kDnsDelay)) {
    asked_dns_ = true;
    if (empty || connected < 2) core_.effects.AskSeeds(false);
  }
  if (!asked_fixed_ && core_.now >= core_.started + kFixedSeedsDelay) {
    asked_fixed_ = true;
    if (empty) core_.effects.AskSeeds(true);
  }
}

void ConnectionPlanner::OpenNext() {
  next_open_ = core_.now + kOpenInterval;
  const Count count = CountConnections();
  AskSeedsIfLonely(count);
  const std::optional<ConnectionType> type = WantedType(count);
  if (!type) {
    Instant next = std::min(next_feeler_, next_extra_block_relay_);
    if (!asked_dns_) next = std::min(next, core_.started + kDnsDelay);
    next_open_ = std::max(next_open_, next);
    return;
  }
  const std::optional<wire::Endpoint> endpoint = ChooseAddress(*type);
  if (endpoint) return Open(*endpoint, *type);
  if (core_.addresses.Size() == 0) next_open_ = core_.now + kRetryWhenEmpty;
}

void ConnectionPlanner::LookAtTip() {
  next_tip_check_ = core_.now + kTipCheckInterval;
  const Duration stale = kStaleSpacings * seconds(core_.chain.params().retarget.spacing_seconds);
  const bool fetching = std::any_of(core_.peers.begin(), core_.peers.end(), [](const auto& peer) {
    return !peer.second->blocks.in_flight.empty();
  });
  const bool was = extra_full_relay_;
  extra_full_relay_ = !fetching && core_.now - last_tip_change_ > stale;
  if (extra_full_relay_ && !was) {
    LOG_INFO("The tip has not moved for {} minutes: trying one more peer",
             std::chrono::duration_cast<minutes>(core_.now - last_tip_change_).count());
    next_open_ = core_.now;
  }
}

void ConnectionPlanner::DropExtra() {
  next_drop_ = core_.now + kDropInterval;
  const Count count = CountConnections();
  if (count.full_relay > core_.settings.max_full_relay) DropExtraFullRelay();
  if (count.block_relay_only > core_.settings.max_block_relay_only) DropExtraBlockRelayOnly();
}

/// The one that has announced no block for the longest time, the youngest of those; never the one
/// that we have just found.
void ConnectionPlanner::DropExtraFullRelay() {
  Peer* worst = nullptr;
  for (auto& [id, peer] : core_.peers) {
    if (peer->type() != ConnectionType::kFullRelay || !peer->IsReady()) continue;
    if (peer->watch.is_protected) continue;
    if (worst == nullptr || std::pair(peer->watch.last_announcement, -id) <
                                std::pair(worst->watch.last_announcement, -worst->id())) {
      worst = peer.get();
    }
  }
  if (worst == nullptr || core_.now < worst->connected_at + kLeastStay) return;
  if (!worst->blocks.in_flight.empty()) return;
  extra_full_relay_ = false;
  core_.Disconnect(*worst, "one full-relay connection more than needed");
}

/// Of the two youngest the one that did not give us a block more recently.
void ConnectionPlanner::DropExtraBlockRelayOnly() {
  Peer* youngest = nullptr;
  Peer* next = nullptr;
  for (auto& [id, peer] : core_.peers) {
    if (peer->type() != ConnectionType::kBlockRelayOnly || peer->disconnecting) continue;
    next = youngest;
    youngest = peer.get();
  }
  if (youngest == nullptr) return;
  Peer* worst = youngest;
  if (next != nullptr && youngest->blocks.last_block > next->blocks.last_block) worst = next;
  if (core_.now < worst->connected_at + kLeastStay || !worst->blocks.in_flight.empty()) return;
  extra_block_relay_only_ = false;
  core_.Disconnect(*worst, "one block-relay-only connection more than needed");
}

void ConnectionPlanner::Advance() {
  if (!core_.settings.automatic_outbound) return;
  if (core_.now >= next_tip_check_) LookAtTip();
  if (core_.now >= next_drop_) DropExtra();
  if (core_.now >= next_open_) OpenNext();
}

Instant ConnectionPlanner::NextDeadline() const {
  if (!core_.settings.automatic_outbound) return kNever;
  return std::min({next_open_, next_tip_check_, next_drop_});
}

}  // namespace cairn::p2p
