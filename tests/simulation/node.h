// An honest node of a simulation: the protocol of the daemon, with a ledger and a pool in memory.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cairn/p2p/address_book.h"
#include "cairn/p2p/ban_list.h"
#include "cairn/p2p/environment.h"
#include "cairn/p2p/local_addresses.h"
#include "cairn/p2p/protocol.h"
#include "tests/simulation/memory_ledger.h"
#include "tests/simulation/memory_pool.h"
#include "tests/simulation/network.h"

namespace cairn::simulation {

class World;

class Node final : public Host, private p2p::Effects {
 public:
  Node(World& world, uint64_t seed);

  /// Its place in the network; to be called once, before anything else.
  void Settle(HostId id, const wire::Endpoint& endpoint);
  HostId id() const { return id_; }

  /// Begins with what it has stored, and connects to others.
  void Start();
  /// Ends at once; what is stored stays.
  void Stop();
  bool IsRunning() const { return protocol_ != nullptr; }

  /// Makes a block on its tip, as a miner with a good connection to it would.
  void Mine(size_t most_bytes);
  /// A wallet hands over a transaction.
  void AddTransaction(const TransactionPtr& transaction);
  /// It has had that since before the simulation began.
  void Remember(const BlockPtr& block) { ledger_.Submit(block); }
  void Remember(const TransactionPtr& transaction);

  const MemoryLedger& ledger() const { return ledger_; }
  const MemoryPool& pool() const { return pool_; }
  std::vector<p2p::PeerInfo> Peers() const;
  /// Connections for everything and for blocks alone that it has opened; of these, those to
  /// attackers.
  size_t OutboundCount() const;
  size_t OutboundAttackers() const;
  const p2p::AddressBook& book() const { return book_; }

  // What the network says.
  void Connected(const p2p::NewConnection& connection) override;
  void ConnectFailed(const wire::Endpoint& endpoint, ConnectionType type) override;
  void Received(PeerId peer, wire::Message message, size_t bytes) override;
  void Disconnected(PeerId peer) override;
  void Wake() override;

 private:
  struct Contact {
    wire::Endpoint endpoint;
    ConnectionType type = ConnectionType::kInbound;
    bool attacker = false;
    Instant since;
    bool awaits_room = false;  // its protocol is to hear when there is room

    bool IsOutbound() const {
      return type == ConnectionType::kFullRelay || type == ConnectionType::kBlockRelayOnly;
    }
  };

  // What the protocol asks for.
  void Send(PeerId peer, wire::Message message) override;
  bool HasRoom(PeerId peer) override;
  void Disconnect(PeerId peer, const std::string& reason) override;
  void Discourage(const wire::NetAddress& address) override;
  bool IsUnwelcome(const wire::NetAddress& address) const override;
  void PauseReading(PeerId peer, bool pause) override;
  void SubmitHeaders(PeerId peer, std::vector<Header> headers) override;
  void SubmitBlock(PeerId peer, BlockPtr block) override;
  void SubmitTransaction(PeerId peer, TransactionPtr transaction) override;
  void SubmitPair(PeerId peer, TransactionPtr parent, TransactionPtr child) override;
  void ReadBlock(PeerId peer, const ledger::HeaderEntry& entry) override;
  void ReadFilters(PeerId peer, p2p::FilterQuery query) override;
  void Connect(const wire::Endpoint& endpoint, ConnectionType type) override;
  void AskSeeds(bool fixed) override;

  /// After everything that was said to the protocol.
  void PlanWake();
  /// Does something later, unless the node was stopped meanwhile.
  void Later(Instant at, std::function<void()> what);
  /// The ledger does one thing after the other: when it will have done this one.
  Instant LedgerTime(Duration needed);
  void Judge(PeerId peer, const BlockPtr& block);
  void TellOfRoom(PeerId peer);

  World& world_;
  HostId id_ = 0;
  p2p::Random random_;
  MemoryLedger ledger_;
  MemoryPool pool_;
  p2p::AddressBook book_;
  p2p::LocalAddresses local_{false};
  p2p::Discouraged discouraged_;
  std::unique_ptr<p2p::Protocol> protocol_;
  uint64_t life_ = 0;  // how often it was started
  std::map<PeerId, Contact> contacts_;
  Instant ledger_free_;
  Instant wake_at_ = p2p::kNever;  // of the event that is planned
};

}  // namespace cairn::simulation
