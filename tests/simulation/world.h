// A simulated network with everything in it, driven by one queue of events in virtual time.
//
// One seed gives one run: `trace` is the same for the same options, on every machine.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "cairn/p2p/random.h"
#include "cairn/p2p/settings.h"
#include "tests/simulation/adversary.h"
#include "tests/simulation/event_queue.h"
#include "tests/simulation/memory_ledger.h"
#include "tests/simulation/mint.h"
#include "tests/simulation/network.h"
#include "tests/simulation/node.h"
#include "tests/simulation/statistics.h"

namespace cairn::simulation {

struct WorldOptions {
  uint64_t seed = 1;
  size_t nodes = 200;
  size_t outbound = 8;  // connections that each node opens
  LinkTraits link;

  int base_blocks = 3;                             // that everyone has at the beginning
  Duration spacing = std::chrono::hours(1000000);  // of blocks, on average; none by default
  size_t block_bytes = 1'000'000;                  // of transactions, at most
  Duration transaction_spacing{0};                 // zero: none
  bool compact_blocks = true;

  // How long a ledger takes, on top of what the protocol does.
  Duration block_base = std::chrono::milliseconds(1);
  double check_seconds_per_byte = 5e-9;
  double connect_seconds_per_byte = 5e-8;

  std::optional<Attack> attack;
  size_t attackers = 0;
};

class World {
 public:
  explicit World(const WorldOptions& options);
  ~World();

  /// Lets so much time go by.
  void Run(Duration time);
  /// Does something then.
  void After(Duration delay, std::function<void()> what);

  /// Nodes start within the first seconds; miners and wallets begin when they have.
  void Start();

  /// From now on nobody finds blocks.
  void StopMining() { mining_ = false; }

  /// From now on nodes leave, each after `up` on average, and come back after `down` with what they
  /// have stored; until `EndChurn`.
  void BeginChurn(Duration up, Duration down);
  void EndChurn() { churning_ = false; }

  /// Cuts that share of the nodes off from the others.
  void Partition(double share);
  /// Whether some of them lack work that others have.
  bool IsSplit() const;
  /// One of those that are not cut off.
  Node& MajorityNode();
  /// Joins them again, and measures how long the chain takes to become one.
  void Heal();
  /// Since `Heal`; nothing while it has not.
  std::optional<Duration> Convergence() const;

  const Instant& now() const { return now_; }
  const WorldOptions& options() const { return options_; }
  const p2p::Settings& settings() const { return settings_; }
  EventQueue& events() { return events_; }
  Network& network() { return network_; }
  const Network& network() const { return network_; }
  Mint& mint() { return mint_; }
  p2p::Random& random() { return random_; }
  Statistics& statistics() { return statistics_; }
  const Statistics& statistics() const { return statistics_; }
  /// Sees every good block the moment it is found.
  const MemoryLedger& observer() const { return observer_; }

  size_t NodeCount() const { return nodes_.size(); }
  Node& node(size_t index) { return *nodes_[index]; }
  const Node& node(size_t index) const { return *nodes_[index]; }
  /// Contacts with attackers that stand although the attack began so long ago.
  size_t LingeringContacts(Duration since) const;
  size_t AttackerCount() const { return attackers_.size(); }
  bool IsAttacker(HostId host) const { return host >= nodes_.size(); }

  /// Somebody to connect to, by chance.
  wire::Endpoint AnyEndpoint(p2p::Random& random);

  /// A message that was written already as the receiver will see it.
  wire::Message Typed(const wire::RawMessage& raw);

  // What nodes tell.
  void OnBlockFound(const BlockPtr& block, HostId miner);
  void OnTip(Node& node);

  uint64_t trace() const { return trace_.value(); }
  uint64_t event_count() const { return event_count_; }
  /// All running nodes have the most work that any block has.
  bool IsConverged() const;

 private:
  void MakeHosts();
  void MakePast();
  void PlanBlock();
  void PlanTransaction();
  void PlanDeparture(Duration up, Duration down);
  void SampleMemory();
  void Handle(const Event& event);

  const WorldOptions options_;
  Instant now_;
  p2p::Random random_;
  p2p::Settings settings_;
  EventQueue events_;
  Mint mint_;
  Network network_;
  MemoryLedger observer_;
  Statistics statistics_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Adversary>> attackers_;
  std::vector<Host*> hosts_;
  TraceHash trace_;
  uint64_t event_count_ = 0;
  wire::RawMessage last_raw_;  // goes to many peers in a row
  wire::Message last_typed_;
  bool mining_ = true;
  bool churning_ = false;

  // Of the last partition.
  Instant healed_at_ = p2p::kNever;
  Instant converged_at_ = p2p::kNever;
  U256 work_at_heal_;
  std::vector<bool> behind_;
  size_t behind_count_ = 0;
};

}  // namespace cairn::simulation
