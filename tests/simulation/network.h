// The network of a simulation: hosts, connections between them, and what those do to messages.
//
// A connection is a TCP one: nothing is lost or overtakes, but each direction sends one byte after
// the other at its bandwidth, every byte takes the latency, and a lost packet costs the time until
// it is sent again. While the network is partitioned, nothing crosses the cut: it is sent again
// after a pause that has grown with the length of the outage, as TCP does, which gives up after a
// quarter of an hour.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cairn/p2p/protocol.h"
#include "cairn/p2p/random.h"
#include "cairn/wire/message.h"
#include "tests/simulation/event_queue.h"

namespace cairn::simulation {

using p2p::ConnectionType;
using p2p::PeerId;
using HostId = uint32_t;

/// Whatever has an address: a node, or an attacker.
class Host {
 public:
  virtual ~Host() = default;

  virtual void Connected(const p2p::NewConnection& connection) = 0;
  virtual void ConnectFailed(const wire::Endpoint& endpoint, ConnectionType type) = 0;
  virtual void Received(PeerId peer, wire::Message message, size_t bytes) = 0;
  virtual void Disconnected(PeerId peer) = 0;
  /// It is the moment that the host asked to be woken at, or a later one.
  virtual void Wake() = 0;
};

/// What all connections have in common. Each draws its own latency.
struct LinkTraits {
  Duration latency = std::chrono::milliseconds(100);  // one way, on average
  double spread = 0.5;                                // of the latency, to either side
  double bytes_per_second = 2.5e6;                    // 20 Mbit/s in each direction
  double loss = 0;                                    // of a packet
};

struct Traffic {
  uint64_t messages = 0;
  uint64_t bytes = 0;
};

struct CommandTraffic {
  std::string command;
  Traffic traffic;
};

class Network {
 public:
  Network(EventQueue& events, const Instant& now, const LinkTraits& traits, p2p::Random random)
      : events_(events),
        now_(now),
        traits_(traits),
        random_(std::move(random)),
        by_index_(std::variant_size_v<wire::Message>) {}

  /// Hosts are numbered from 0.
  HostId Add(Host& host, const wire::Endpoint& endpoint);
  const wire::Endpoint& EndpointOf(HostId host) const { return hosts_[host].endpoint; }
  /// Nothing if nobody has that address, whatever the port.
  std::optional<HostId> HostAt(const wire::NetAddress& address) const;
  /// Who is at the other end.
  HostId Opposite(HostId host, PeerId peer) const;

  /// An answer follows: `Connected` at both ends, or `ConnectFailed`.
  void Connect(HostId host, const wire::Endpoint& to, ConnectionType type);
  void Send(HostId host, PeerId peer, wire::Message message);
  /// When no more than `most_bytes` of what was sent will be waiting to go out: now, or a later
  /// moment at which to ask again.
  Instant RoomAt(HostId host, PeerId peer, size_t most_bytes) const;
  /// `Disconnected` follows at both ends.
  void Close(HostId host, PeerId peer);
  void PauseReading(HostId host, PeerId peer, bool pause);

  /// Offline nobody can be connected to, and all connections end: for the others after a while, for
  /// the host itself at once and without a word.
  void SetOnline(HostId host, bool online);

  /// Cuts the hosts of which `side` is true off from the others.
  void Partition(std::vector<bool> side);
  bool IsCutOff(HostId host) const { return !side_.empty() && side_[host]; }
  void Heal();

  // What events say.
  void Deliver(const Event& event);
  void Resume(const Event& event);
  void EndConnection(const Event& event);

  /// Of the message that a delivery is about.
  uint64_t FingerprintOf(const Event& event) const;
  const Traffic& SentBy(HostId host) const { return hosts_[host].sent; }
  /// Of all hosts together, in the order of commands.
  std::vector<CommandTraffic> ByCommand() const;

  /// A filter of what is sent: false drops the message.
  std::function<bool(const wire::Message&)> passes;

 private:
  struct Parcel {
    wire::Message what;
    size_t bytes = 0;  // of the payload
  };
  using ParcelId = uint32_t;

  /// One end of a connection, with the direction that leads to it.
  struct End {
    HostId host = 0;
    PeerId peer = 0;
    bool open = false;  // it sends and receives
    bool gone = false;  // its host knows that the connection has ended
    bool paused = false;
    Instant busy_until;            // of the transmission to this end
    Instant last_arrival;          // at this end
    std::vector<ParcelId> unread;  // arrived, but reading is paused
    std::vector<ParcelId> stuck;   // on the other side of a partition
    Instant stuck_since;
  };
  struct Link {
    std::array<End, 2> ends;
    Duration latency{};
    uint32_t cuts = 0;     // how often a partition has begun to hold it up
    uint32_t pending = 0;  // events that name it
  };
  using EndId = uint32_t;  // twice the link's number, and the side

  struct HostState {
    Host* host = nullptr;
    wire::Endpoint endpoint;
    bool online = true;
    std::vector<EndId> ends;  // by peer id
    Traffic sent;
  };

  static constexpr EndId kNoEnd = UINT32_MAX;

  End& At(EndId id) { return links_[id / 2].ends[id % 2]; }
  const End& At(EndId id) const { return links_[id / 2].ends[id % 2]; }
  EndId EndOf(HostId host, PeerId peer) const {
    return hosts_[host].ends[static_cast<size_t>(peer)];
  }
  bool IsCut(HostId a, HostId b) const { return !side_.empty() && side_[a] != side_[b]; }
  void Establish(HostId host, HostId target, ConnectionType type, const wire::Endpoint& from,
                 Duration latency);
  PeerId AddEnd(HostId host, EndId end);
  void Transmit(EndId to, ParcelId parcel, Instant earliest);
  Duration LossDelay(size_t bytes, Duration latency);
  void GiveUp(EndId to, uint32_t cut);
  void ForgetParcels(End& end);
  void TellOtherEnd(EndId closed);
  void Release(EndId to);
  void Plan(Instant at, EventKind kind, EndId end, ParcelId parcel = 0);
  /// An event that names it has happened.
  void Happened(EndId end);

  EventQueue& events_;
  const Instant& now_;
  const LinkTraits traits_;
  p2p::Random random_;
  std::vector<HostState> hosts_;
  std::map<wire::NetAddress, HostId> by_address_;
  std::deque<Link> links_;
  std::vector<uint32_t> free_links_;
  Shelf<Parcel> parcels_;
  std::vector<bool> side_;
  std::vector<CommandTraffic> by_index_;  // of the message's type
};

}  // namespace cairn::simulation
