// Which connections there should be: fills the outbound places, tries addresses out, and makes room
// for inbound ones.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "src/p2p/core.h"

namespace cairn::p2p {

class ConnectionPlanner {
 public:
  explicit ConnectionPlanner(Core& core);

  /// A connection has come up. False if it was ended at once, for want of a place.
  bool OnConnected(Peer& peer);
  void OnConnectFailed(const wire::Endpoint& endpoint, ConnectionType type);
  void OnGone(Peer& peer);
  void OnAddresses(const std::vector<wire::PeerAddress>& addresses);
  /// The tip has moved.
  void OnTip() { last_tip_change_ = core_.now; }
  /// Block-relay-only peers of the last run, to be tried first.
  void SetAnchors(std::vector<wire::Endpoint> anchors) { anchors_ = std::move(anchors); }

  void Advance();
  Instant NextDeadline() const;

 private:
  struct Count {
    int full_relay = 0;
    int block_relay_only = 0;
    int feelers = 0;
    int inbound = 0;
  };

  bool MakeRoom(const Peer& newcomer);
  using Visit = std::function<void(ConnectionType, const wire::NetAddress&)>;
  /// Those that are there and those that are being opened.
  void ForEachConnection(const Visit& visit) const;
  Count CountConnections() const;
  /// Of automatic connections: one operator shall not hold several of them.
  std::set<Bytes> OutboundGroups() const;
  void OpenNext();
  void AskSeedsIfLonely(const Count& count);
  std::optional<ConnectionType> WantedType(const Count& count);
  std::optional<wire::Endpoint> ChooseAddress(ConnectionType type);
  bool IsConnected(const wire::Endpoint& endpoint) const;
  void Open(const wire::Endpoint& endpoint, ConnectionType type);
  void LookAtTip();
  void DropExtra();
  void DropExtraFullRelay();
  void DropExtraBlockRelayOnly();
  uint64_t KeyedGroup(const wire::NetAddress& address) const;

  Core& core_;
  uint64_t salt_;
  std::map<wire::Endpoint, ConnectionType> pending_;
  std::vector<wire::Endpoint> anchors_;
  Instant next_open_;
  Instant next_feeler_;
  Instant next_extra_block_relay_;
  Instant next_tip_check_;
  Instant next_drop_;
  Instant last_tip_change_;
  bool asked_dns_ = false;
  bool asked_fixed_ = false;
  bool extra_full_relay_ = false;        // the tip is stale: one more may know better
  bool extra_block_relay_only_ = false;  // one more for a while, to compare chains
};

}  // namespace cairn::p2p
