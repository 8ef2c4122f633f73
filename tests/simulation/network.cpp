#include "tests/simulation/network.h"

#include <algorithm>
#include <cmath>

#include "cairn/wire/frame.h"
#include "tests/simulation/message_size.h"

namespace cairn::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kPacket = 1460;
constexpr uint16_t kFirstOwnPort = 32768;

/// After which TCP repeats what was not acknowledged: two ways, and something for the timer.
constexpr Duration kRetransmissionSlack = milliseconds(200);

/// The pause between two attempts doubles up to this.
constexpr Duration kLongestPause = seconds(120);

/// How long TCP tries (15 times, with growing pauses), and how long a connection to nobody takes.
constexpr Duration kGivesUpAfter = seconds(924);
constexpr Duration kConnectTimeout = seconds(5);

/// While nothing goes out at all.
constexpr Duration kLookForRoomEvery = seconds(1);

}  // namespace

HostId Network::Add(Host& host, const wire::Endpoint& endpoint) {
  const auto id = static_cast<HostId>(hosts_.size());
  HostState& state = hosts_.emplace_back();
  state.host = &host;
  state.endpoint = endpoint;
  by_address_.emplace(endpoint.address, id);
  return id;
}

std::optional<HostId> Network::HostAt(const wire::NetAddress& address) const {
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) return std::nullopt;
  return found->second;
}

HostId Network::Opposite(HostId host, PeerId peer) const {
  const EndId other = EndOf(host, peer) ^ 1;
  return links_[other / 2].ends[other % 2].host;
}

void Network::Connect(HostId host, const wire::Endpoint& to, ConnectionType type) {
  const auto target = HostAt(to.address);
  const double swing = traits_.spread * (2 * random_.Unit() - 1);
  const auto latency = Duration(
      static_cast<Duration::rep>(static_cast<double>(traits_.latency.count()) * (1 + swing)));
  const bool reachable = target && *target != host && !IsCut(host, *target);
  if (!reachable) {
    events_.PushCall(now_ + kConnectTimeout,
                     [this, host, to, type] { hosts_[host].host->ConnectFailed(to, type); });
    return;
  }
  const auto port = static_cast<uint16_t>(kFirstOwnPort + random_.Below(kFirstOwnPort));
  const wire::Endpoint seen{EndpointOf(host).address, port};
  events_.PushCall(now_ + 2 * latency, [this, host, to, target, type, seen, latency] {
    if (!hosts_[host].online) return;
    if (!hosts_[*target].online || IsCut(host, *target)) {
      return hosts_[host].host->ConnectFailed(to, type);
    }
    Establish(host, *target, type, seen, latency);
  });
}

PeerId Network::AddEnd(HostId host, EndId end) {
  HostState& state = hosts_[host];
  state.ends.push_back(end);
  return static_cast<PeerId>(state.ends.size() - 1);
}

void Network::Establish(HostId host, HostId target, ConnectionType type, const wire::Endpoint& from,
                        Duration latency) {
  uint32_t number = static_cast<uint32_t>(links_.size());
  if (free_links_.empty()) {
    links_.emplace_back();
  } else {
    number = free_links_.back();
    free_links_.pop_back();
    const uint32_t cuts = links_[number].cuts;  // what waits for an earlier cut must not match
    links_[number] = Link();
    links_[number].cuts = cuts;
  }
  Link& link = links_[number];
  const EndId first = 2 * number;
  link.latency = latency;
  const std::array<HostId, 2> sides = {host, target};
  for (uint32_t side = 0; side < 2; ++side) {
    End& end = link.ends[side];
    end.host = sides[side];
    end.peer = AddEnd(sides[side], first + side);
    end.open = true;
    end.busy_until = end.last_arrival = now_;
  }
  p2p::NewConnection inbound;
  inbound.id = link.ends[1].peer;
  inbound.endpoint = from;
  inbound.local = EndpointOf(target);
  hosts_[target].host->Connected(inbound);
  p2p::NewConnection outbound;
  outbound.id = link.ends[0].peer;
  outbound.endpoint = EndpointOf(target);
  outbound.local = from;
  outbound.type = type;
  hosts_[host].host->Connected(outbound);
}

Duration Network::LossDelay(size_t bytes, Duration latency) {
  if (traits_.loss <= 0) return Duration(0);
  // Of the packets in a row that are lost, each costs one more round.
  const double packets = std::ceil(static_cast<double>(bytes) / kPacket);
  const double any = 1 - std::pow(1 - traits_.loss, packets);
  Duration delay(0);
  Duration pause = 2 * latency + kRetransmissionSlack;
  for (double chance = any; random_.Unit() < chance && delay < kLongestPause;
       chance = traits_.loss) {
    delay += pause;
    pause *= 2;
  }
  return delay;
}

void Network::Transmit(EndId to, ParcelId parcel, Instant earliest) {
  End& end = At(to);
  const size_t bytes = parcels_.At(parcel).bytes + wire::FrameHeader::kSize;
  const double seconds_needed = static_cast<double>(bytes) / traits_.bytes_per_second;
  const Duration latency = links_[to / 2].latency;
  end.busy_until = std::max(earliest, end.busy_until) +
                   Duration(static_cast<Duration::rep>(seconds_needed * 1e6));
  end.last_arrival =
      std::max(end.last_arrival, end.busy_until + latency + LossDelay(bytes, latency));
  Plan(end.last_arrival, EventKind::kDelivery, to, parcel);
}

void Network::Send(HostId host, PeerId peer, wire::Message message) {
  const EndId own = EndOf(host, peer);
  if (own == kNoEnd || !At(own).open) return;
  if (passes && !passes(message)) return;
  const size_t bytes = PayloadSize(message);
  CommandTraffic& command = by_index_[message.index()];
  if (command.command.empty()) command.command = wire::CommandOf(message);
  for (Traffic* counter : {&hosts_[host].sent, &command.traffic}) {
    ++counter->messages;
    counter->bytes += bytes + wire::FrameHeader::kSize;
  }
  const EndId to = own ^ 1;
  const ParcelId parcel = parcels_.Put({std::move(message), bytes});
  End& end = At(to);
  if (!IsCut(host, end.host) && end.stuck.empty()) return Transmit(to, parcel, now_);
  if (end.stuck.empty()) {
    end.stuck_since = now_;
    const uint32_t cut = ++links_[to / 2].cuts;
    events_.PushCall(now_ + kGivesUpAfter, [this, to, cut] { GiveUp(to, cut); });
  }
  end.stuck.push_back(parcel);
}

Instant Network::RoomAt(HostId host, PeerId peer, size_t most_bytes) const {
  const EndId own = EndOf(host, peer);
  if (own == kNoEnd || !At(own).open) return now_;
  const End& end = At(own ^ 1);
  if (!end.stuck.empty()) {
    size_t bytes = 0;
    for (const ParcelId parcel : end.stuck) bytes += parcels_.At(parcel).bytes;
    return bytes > most_bytes ? now_ + kLookForRoomEvery : now_;
  }
  const double needed = static_cast<double>(most_bytes) / traits_.bytes_per_second;
  return std::max(now_, end.busy_until - Duration(static_cast<Duration::rep>(needed * 1e6)));
}

std::vector<CommandTraffic> Network::ByCommand() const {
  std::vector<CommandTraffic> used;
  for (const CommandTraffic& command : by_index_) {
    if (command.traffic.messages > 0) used.push_back(command);
  }
  std::sort(used.begin(), used.end(),
            [](const auto& a, const auto& b) { return a.command < b.command; });
  return used;
}

void Network::ForgetParcels(End& end) {
  for (std::vector<ParcelId>* parcels : {&end.unread, &end.stuck}) {
    for (const ParcelId parcel : *parcels) parcels_.Take(parcel);
    parcels->clear();
  }
}

/// Nothing that was sent to `to` was acknowledged: its sender ends the connection.
void Network::GiveUp(EndId to, uint32_t cut) {
  End& sender = At(to ^ 1);
  if (At(to).stuck.empty() || links_[to / 2].cuts != cut || !sender.open) return;
  ForgetParcels(At(to));
  Close(sender.host, sender.peer);
}

void Network::TellOtherEnd(EndId closed) {
  End& other = At(closed ^ 1);
  // Across a cut it learns of it when the cut has healed.
  if (!other.open || IsCut(At(closed).host, other.host)) return;
  const Instant arrival =
      std::max({now_, other.busy_until, other.last_arrival}) + links_[closed / 2].latency;
  Plan(arrival, EventKind::kClosing, closed ^ 1);
}

void Network::Close(HostId host, PeerId peer) {
  const EndId own = EndOf(host, peer);
  if (own == kNoEnd || !At(own).open) return;
  End& end = At(own);
  end.open = false;
  ForgetParcels(end);
  Plan(now_, EventKind::kClosing, own);
  TellOtherEnd(own);
}

void Network::EndConnection(const Event& event) {
  End& end = At(event.subject);
  const bool news = !end.gone;
  end.gone = true;
  end.open = false;
  ForgetParcels(end);
  if (news) hosts_[end.host].host->Disconnected(end.peer);
  Happened(event.subject);
}

void Network::PauseReading(HostId host, PeerId peer, bool pause) {
  const EndId own = EndOf(host, peer);
  if (own == kNoEnd) return;
  At(own).paused = pause;
  if (!pause) Plan(now_, EventKind::kResume, own);
}

uint64_t Network::FingerprintOf(const Event& event) const {
  const Parcel& parcel = parcels_.At(event.detail);
  uint64_t fingerprint = uint64_t{parcel.what.index()} << 32 | parcel.bytes;
  if (const auto* ping = std::get_if<wire::Ping>(&parcel.what)) fingerprint ^= ping->nonce;
  if (const auto* inv = std::get_if<wire::Inv>(&parcel.what); inv != nullptr) {
    for (const wire::InvItem& item : inv->items) fingerprint ^= LoadLittle<uint64_t>(&item.hash[0]);
  }
  return fingerprint;
}

void Network::Plan(Instant at, EventKind kind, EndId end, ParcelId parcel) {
  ++links_[end / 2].pending;
  events_.Push(at, kind, end, parcel);
}

void Network::Happened(EndId end) {
  Link& link = links_[end / 2];
  if (--link.pending > 0 || !link.ends[0].gone || !link.ends[1].gone) return;
  for (const End& one : link.ends) hosts_[one.host].ends[static_cast<size_t>(one.peer)] = kNoEnd;
  free_links_.push_back(end / 2);
}

void Network::Deliver(const Event& event) {
  End& end = At(event.subject);
  if (!end.open) {
    parcels_.Take(event.detail);
  } else if (end.paused || !end.unread.empty()) {
    end.unread.push_back(event.detail);
  } else {
    Parcel parcel = parcels_.Take(event.detail);
    hosts_[end.host].host->Received(end.peer, std::move(parcel.what), parcel.bytes);
  }
  Happened(event.subject);
}

void Network::Resume(const Event& event) {
  End& end = At(event.subject);
  while (end.open && !end.paused && !end.unread.empty()) {
    Parcel parcel = parcels_.Take(end.unread.front());
    end.unread.erase(end.unread.begin());
    hosts_[end.host].host->Received(end.peer, std::move(parcel.what), parcel.bytes);
  }
  Happened(event.subject);
}

void Network::SetOnline(HostId host, bool online) {
  HostState& state = hosts_[host];
  state.online = online;
  if (online) return;
  for (const EndId own : state.ends) {
    if (own == kNoEnd) continue;
    End& end = At(own);
    end.gone = true;
    if (!end.open) continue;
    end.open = false;
    ForgetParcels(end);
    TellOtherEnd(own);
  }
}

void Network::Partition(std::vector<bool> side) {
  side_ = std::move(side);
  side_.resize(hosts_.size(), false);
}

void Network::Heal() {
  side_.clear();
  for (EndId to = 0; to < 2 * links_.size(); ++to) {
    if (At(to).open) Release(to);
  }
}

/// What was held up by a partition is sent again after the pause that TCP has reached.
void Network::Release(EndId to) {
  End& end = At(to);
  if (!end.stuck.empty()) {
    const Duration outage = std::min(kLongestPause, now_ - end.stuck_since);
    const auto again = static_cast<uint64_t>(std::max<Duration::rep>(outage.count(), 1));
    const Instant at = now_ + Duration(static_cast<Duration::rep>(random_.Below(again)));
    for (const ParcelId parcel : std::exchange(end.stuck, {})) Transmit(to, parcel, at);
  }
  if (!At(to ^ 1).open) TellOtherEnd(to ^ 1);
}

}  // namespace cairn::simulation
