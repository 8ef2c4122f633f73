// Attackers: simple state machines that speak just enough of the protocol to do harm.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "cairn/primitives/block.h"
#include "tests/simulation/network.h"

namespace cairn::simulation {

class World;

enum class Attack : uint8_t {
  kStall,            // announces every block at once, and never delivers one
  kLieAboutHeaders,  // sends headers that break rules
  kLowWorkHeaders,   // sends headers of no worth without end
  kInvalidBlocks,    // mines blocks that break a rule when they are connected
  kMutatedBlocks,    // sends bodies that do not belong to the header
  kFloodAddresses,
  kFloodOrphans,  // sends transactions that spend what nobody knows
  kEclipse        // wants to be all that one node sees: node 0
};

/// As the command line calls it: "stall", "header-lies", ...
std::string_view NameOf(Attack attack);
const std::vector<Attack>& AllAttacks();

class Adversary final : public Host {
 public:
  Adversary(World& world, Attack attack, uint64_t seed);

  void Settle(HostId id) { id_ = id; }
  HostId id() const { return id_; }

  /// Connects to that many nodes and begins.
  void Start(size_t connections);
  /// Whatever an honest miner finds, attackers learn first.
  void OnBlockFound(const BlockPtr& block);

  /// Connections that stand although the attack on them began so long ago.
  size_t Lingering(Duration since) const;

  void Connected(const p2p::NewConnection& connection) override;
  void ConnectFailed(const wire::Endpoint& endpoint, ConnectionType type) override;
  void Received(PeerId peer, wire::Message message, size_t bytes) override;
  void Disconnected(PeerId peer) override;
  void Wake() override;

 private:
  struct Victim {
    bool outbound = false;
    bool ready = false;
    int acts = 0;
    Instant first_act = p2p::kNever;
  };

  void Send(PeerId peer, wire::Message message);
  void SendVersion(PeerId peer);
  void OnGetHeaders(PeerId peer, const wire::Locator& locator);
  void OnGetData(PeerId peer, const wire::GetData& message);
  /// What it does to each victim again and again.
  void Act(PeerId peer, Victim& victim);
  void LieAboutHeaders(PeerId peer, int turn);
  void Note(Victim& victim);
  void SendLowWork(PeerId peer, const wire::Locator* locator);
  void SendInvalidBlock(PeerId peer);
  void SendAddresses(PeerId peer);
  void SendOrphans(PeerId peer);
  void Encircle();
  Duration Interval() const;

  World& world_;
  const Attack attack_;
  HostId id_ = 0;
  p2p::Random random_;
  std::map<PeerId, Victim> victims_;
  std::map<BlockHash, BlockPtr> offers_;  // what it has announced and would deliver
};

}  // namespace cairn::simulation
