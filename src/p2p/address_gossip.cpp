#include "src/p2p/address_gossip.h"

#include <algorithm>
#include <array>

#include "cairn/base/log.h"
#include "cairn/crypto/hash.h"
#include "cairn/p2p/address_book.h"
#include "cairn/p2p/local_addresses.h"
#include "src/p2p/peer.h"

namespace cairn::p2p {
namespace {

using std::chrono::duration;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr double kTokensPerSecond = 0.1;
constexpr double kMostTokens = wire::kMostAddresses;

/// Whoever goes so far beyond the ration, and keeps within it so little, wants to fill our book.
constexpr uint64_t kFlood = 10'000;
constexpr uint64_t kFloodRatio = 4;

/// What peers say of times is held for that much older.
constexpr int64_t kTimePenalty = 2 * 60 * 60;
/// Times before this one, or further in the future than ten minutes, are none.
constexpr int64_t kEarliestTime = 100'000'000;
constexpr int64_t kFutureTolerance = 10 * 60;
constexpr int64_t kAgeOfUnknown = 5 * 24 * 60 * 60;

/// A message with no more addresses than this spreads news; a larger one is somebody's answer.
constexpr size_t kMostRelayed = 10;
constexpr int64_t kFreshSeconds = 10 * 60;
constexpr int64_t kDay = 24 * 60 * 60;

constexpr Duration kSendInterval = seconds(30);
constexpr Duration kAnnounceInterval = hours(24);

/// One answer for about a day: whoever asks often, or from many connections, learns no more than
/// one who asks once (and nobody can tell by fresh times who our peers are).
constexpr Duration kAnswerLifetime = hours(21);
constexpr Duration kAnswerLifetimeSpread = hours(6);
constexpr size_t kAnswerPercent = 23;

}  // namespace

AddressGossip::AddressGossip(Core& core) : core_(core), salt_(core.random.Next()) {}

uint64_t AddressGossip::Digest(const wire::Endpoint& endpoint) const {
  return wire::EndpointHasher{salt_, ~salt_}(endpoint);
}

void AddressGossip::OnReady(Peer& peer) {
  if (peer.IsInbound() || peer.type() == ConnectionType::kBlockRelayOnly) return;
  Enable(peer);
  peer.addresses.asked = true;
  peer.addresses.tokens += static_cast<double>(wire::kMostAddresses);
  core_.Send(peer, wire::GetAddr{});
}

/// Inbound peers show by their first word about addresses that they care for them.
void AddressGossip::Enable(Peer& peer) {
  AddressGossipPeer& state = peer.addresses;
  if (state.enabled || peer.type() == ConnectionType::kBlockRelayOnly) return;
  state.enabled = true;
  state.tokens_at = core_.now;
  if (core_.settings.listens) state.announce_at = core_.now;
}

void AddressGossip::Refill(AddressGossipPeer& state, const Peer& peer) const {
  const double waited = duration<double>(core_.now - state.tokens_at).count();
  state.tokens_at = core_.now;
  if (peer.Allows(kAddrPermission)) {
    state.tokens = kMostTokens;
  } else if (state.tokens < kMostTokens) {
    state.tokens = std::min(kMostTokens, state.tokens + std::max(0.0, waited) * kTokensPerSecond);
  }
}

void AddressGossip::OnAddresses(Peer& peer, std::vector<wire::PeerAddress> addresses) {
  AddressGossipPeer& state = peer.addresses;
  Enable(peer);
  if (!state.enabled) {  // a connection for blocks alone
    state.rate_limited += addresses.size();
    return EndFlood(peer);
  }
  const int64_t now = UnixSecondsOf(core_.now);
  const bool is_answer = addresses.size() > kMostRelayed;
  const size_t count = addresses.size();
  Refill(state, peer);
  core_.random.Shuffle(addresses);  // so that it is chance what the ration lets through
  std::vector<wire::PeerAddress> good;
  for (wire::PeerAddress& address : addresses) {
    if (state.tokens < 1) {
      ++state.rate_limited;
      continue;
    }
    state.tokens -= 1;
    if (!ServesBlocks(address.services)) continue;
    if (address.time <= kEarliestTime || address.time > now + kFutureTolerance) {
      address.time = now - kAgeOfUnknown;
    }
    state.known.Insert(Digest(address.endpoint));
    ++state.processed;
    if (core_.effects.IsUnwelcome(address.endpoint.address)) continue;
    const bool fresh = address.time > now - kFreshSeconds;
    if (fresh && !state.asked && !is_answer && address.endpoint.address.IsRoutable()) {
      Relay(peer, address);
    }
    if (core_.local.IsReachable(address.endpoint.address.network())) good.push_back(address);
  }
  core_.addresses.Add(good, peer.connection.endpoint.address, kTimePenalty, now);
  if (count < wire::kMostAddresses) state.asked = false;
  EndFlood(peer);
  if (peer.type() == ConnectionType::kAddressFetch && count > 1) {
    core_.Disconnect(peer, "the addresses have come");
  }
}

void AddressGossip::EndFlood(Peer& peer) {
  const AddressGossipPeer& state = peer.addresses;
  const bool flood =
      state.rate_limited >= kFlood && state.rate_limited >= kFloodRatio * state.processed;
  if (flood && !peer.Allows(kNoBanPermission)) {
    core_.Disconnect(peer, "floods us with addresses");
  }
}

void AddressGossip::Relay(const Peer& from, const wire::PeerAddress& address) {
  // For a day the same peers, by a secret choice: else an address that is repeated would reach all.
  const uint64_t digest = Digest(address.endpoint);
  const auto day = static_cast<uint64_t>(
      (UnixSecondsOf(core_.now) + static_cast<int64_t>(digest % kDay)) / kDay);
  const bool reachable = core_.local.IsReachable(address.endpoint.address.network());
  const size_t wanted = reachable || core_.random.Flip() ? 2 : 1;

  std::vector<std::pair<uint64_t, Peer*>> chosen;
  for (auto& [id, peer] : core_.peers) {
    if (id == from.id() || !peer->IsReady() || !peer->addresses.enabled) continue;
    if (!peer->Understands(address.endpoint.address)) continue;
    std::array<uint8_t, 24> key;
    StoreLittle(key.data(), digest);
    StoreLittle(key.data() + 8, day);
    StoreLittle(key.data() + 16, static_cast<uint64_t>(id));
    chosen.emplace_back(crypto::SipHash24(salt_, ~salt_, key), peer.get());
  }
  std::sort(chosen.begin(), chosen.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  for (size_t i = 0; i < std::min(wanted, chosen.size()); ++i) Queue(*chosen[i].second, address);
}

void AddressGossip::Queue(Peer& peer, const wire::PeerAddress& address) {
  AddressGossipPeer& state = peer.addresses;
  if (state.known.Contains(Digest(address.endpoint))) return;
  PutInto(state, address);
  if (state.send_at == kNever) state.send_at = core_.Poisson(kSendInterval);
}

/// More than a message may have would be taken for an attack.
void AddressGossip::PutInto(AddressGossipPeer& state, const wire::PeerAddress& address) {
  if (state.to_send.size() >= wire::kMostAddresses) {
    state.to_send[core_.random.Below(state.to_send.size())] = address;
  } else {
    state.to_send.push_back(address);
  }
}

void AddressGossip::SendQueued(Peer& peer) {
  AddressGossipPeer& state = peer.addresses;
  state.send_at = kNever;
  std::vector<wire::PeerAddress> fresh;
  for (const wire::PeerAddress& address : state.to_send) {
    const uint64_t digest = Digest(address.endpoint);
    if (state.known.Contains(digest)) continue;
    if (!peer.Understands(address.endpoint.address)) continue;
    state.known.Insert(digest);
    fresh.push_back(address);
  }
  state.to_send = {};
  if (fresh.empty()) return;
  if (peer.handshake.address_v2) {
    core_.Send(peer, wire::AddrV2{std::move(fresh)});
  } else {
    core_.Send(peer, wire::Addr{std::move(fresh)});
  }
}

void AddressGossip::AnnounceOurselves(Peer& peer) {
  AddressGossipPeer& state = peer.addresses;
  state.announce_at = core_.Poisson(kAnnounceInterval);
  if (core_.chain.IsInitialBlockDownload()) return;
  LocalAddresses::Peer facts;
  facts.address = peer.connection.endpoint.address;
  facts.network = peer.network();
  facts.inbound = peer.IsInbound();
  facts.sees_us = peer.handshake.sees_us;
  const auto endpoint = core_.local.Announced(facts, core_.settings.listen_port, core_.random);
  if (!endpoint) return;
  // Even if it was told before: the time is what is new.
  PutInto(state, {*endpoint, core_.settings.services, UnixSecondsOf(core_.now)});
  state.known.Clear();
  if (state.send_at == kNever) state.send_at = core_.now;
}

std::vector<wire::PeerAddress> AddressGossip::FreshAnswer() {
  return core_.addresses.GetAddresses(wire::kMostAddresses, kAnswerPercent, {},
                                      UnixSecondsOf(core_.now));
}

std::vector<wire::PeerAddress> AddressGossip::AnswerFor(const Peer& peer) {
  if (peer.Allows(kAddrPermission)) return FreshAnswer();
  CachedAnswer& cached = answers_[peer.connection.local];
  if (core_.now >= cached.until) {
    cached.addresses = FreshAnswer();
    cached.until =
        core_.now + kAnswerLifetime +
        Duration(static_cast<Duration::rep>(
            core_.random.Unit() * static_cast<double>(Duration(kAnswerLifetimeSpread).count())));
  }
  return cached.addresses;
}

void AddressGossip::OnGetAddr(Peer& peer) {
  // Asked on connections of ours, the answer would show what we know (fingerprinting).
  if (!peer.IsInbound()) return;
  Enable(peer);
  AddressGossipPeer& state = peer.addresses;
  if (state.answered) return;
  state.answered = true;
  state.to_send.clear();
  for (const wire::PeerAddress& address : AnswerFor(peer)) Queue(peer, address);
}

void AddressGossip::Advance() {
  for (auto& [id, peer] : core_.peers) {
    if (!peer->IsReady()) continue;
    if (core_.now >= peer->addresses.announce_at) AnnounceOurselves(*peer);
    if (core_.now >= peer->addresses.send_at) SendQueued(*peer);
  }
}

Instant AddressGossip::DeadlineOf(const Peer& peer) const {
  if (!peer.IsReady()) return kNever;
  return std::min(peer.addresses.announce_at, peer.addresses.send_at);
}

}  // namespace cairn::p2p
