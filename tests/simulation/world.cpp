#include "tests/simulation/world.h"

#include <algorithm>
#include <utility>

#include "cairn/base/assert.h"

namespace cairn::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// 1 January 2026.
constexpr Instant kBeginning{seconds(1'767'225'600)};
constexpr Duration kPastSpacing = minutes(10);
constexpr uint32_t kStartSpread = 10'000'000;  // microseconds
constexpr Duration kMinersBegin = seconds(60);
constexpr Duration kSampleInterval = minutes(5);

/// Each in a network of its own, so that none is the group of many.
wire::Endpoint EndpointOfHost(size_t index, uint16_t port) {
  const auto high = static_cast<uint8_t>(11 + index / 250);
  const auto low = static_cast<uint8_t>(1 + index % 250);
  return {wire::NetAddress::Ipv4(high, low, 1, 1), port};
}

p2p::Settings SettingsOf(const WorldOptions& options) {
  p2p::Settings settings;
  settings.max_full_relay = static_cast<int>(options.outbound);
  settings.listens = true;
  return settings;
}

}  // namespace

World::World(const WorldOptions& options)
    : options_(options),
      now_(kBeginning),
      random_(options.seed),
      settings_(SettingsOf(options)),
      mint_(random_.Next()),
      network_(events_, now_, options.link, random_.Fork()),
      observer_(mint_, now_),
      statistics_(options.nodes) {
  if (!options.compact_blocks) {
    network_.passes = [](const wire::Message& message) {
      return !std::holds_alternative<wire::SendCompact>(message);
    };
  }
  settings_.listen_port = mint_.params().p2p_port;
  MakeHosts();
  MakePast();
}

World::~World() = default;

void World::MakeHosts() {
  for (size_t i = 0; i < options_.nodes; ++i) {
    nodes_.push_back(std::make_unique<Node>(*this, random_.Next()));
    hosts_.push_back(nodes_.back().get());
    const wire::Endpoint endpoint = EndpointOfHost(i, settings_.listen_port);
    nodes_.back()->Settle(network_.Add(*nodes_.back(), endpoint), endpoint);
  }
  const size_t attackers = options_.attack ? options_.attackers : 0;
  for (size_t i = 0; i < attackers; ++i) {
    attackers_.push_back(std::make_unique<Adversary>(*this, *options_.attack, random_.Next()));
    hosts_.push_back(attackers_.back().get());
    attackers_.back()->Settle(network_.Add(
        *attackers_.back(), EndpointOfHost(options_.nodes + i, settings_.listen_port)));
  }
}

void World::MakePast() {
  const Instant first = now_ - kPastSpacing * options_.base_blocks;
  for (int i = 0; i < options_.base_blocks; ++i) {
    const BlockPtr block = mint_.MakeBlock(*observer_.tip(), {}, first + kPastSpacing * i);
    observer_.Submit(block);
    for (const auto& node : nodes_) node->Remember(block);
  }
}

void World::Start() {
  for (const auto& node : nodes_) {
    After(Duration(static_cast<Duration::rep>(random_.Below(kStartSpread))),
          [&node] { node->Start(); });
  }
  for (const auto& attacker : attackers_) {
    After(Duration(kStartSpread + static_cast<Duration::rep>(random_.Below(kStartSpread))),
          [this, &attacker] { attacker->Start(options_.outbound); });
  }
  After(kMinersBegin, [this] {
    PlanBlock();
    if (options_.transaction_spacing > Duration(0)) PlanTransaction();
  });
  SampleMemory();
}

void World::After(Duration delay, std::function<void()> what) {
  events_.PushCall(now_ + delay, std::move(what));
}

void World::PlanBlock() {
  const double mean = static_cast<double>(options_.spacing.count());
  After(Duration(static_cast<Duration::rep>(random_.Exponential(mean))), [this] {
    Node& miner = *nodes_[random_.Below(nodes_.size())];
    if (mining_ && miner.IsRunning()) miner.Mine(options_.block_bytes);
    PlanBlock();
  });
}

void World::PlanTransaction() {
  const double mean = static_cast<double>(options_.transaction_spacing.count());
  After(Duration(static_cast<Duration::rep>(random_.Exponential(mean))), [this] {
    Node& wallet = *nodes_[random_.Below(nodes_.size())];
    if (wallet.IsRunning()) wallet.AddTransaction(mint_.MakeTransaction());
    PlanTransaction();
  });
}

void World::BeginChurn(Duration up, Duration down) {
  churning_ = true;
  PlanDeparture(up, down);
}

void World::PlanDeparture(Duration up, Duration down) {
  const auto wait = [this](Duration mean) {
    return Duration(
        static_cast<Duration::rep>(random_.Exponential(static_cast<double>(mean.count()))));
  };
  After(wait(up / static_cast<Duration::rep>(nodes_.size())), [this, up, down, wait] {
    if (!churning_) return;
    Node& node = *nodes_[random_.Below(nodes_.size())];
    if (node.IsRunning()) {
      node.Stop();
      ++statistics_.departures;
      After(wait(down), [&node] { node.Start(); });
    }
    PlanDeparture(up, down);
  });
}

void World::SampleMemory() {
  for (const auto& node : nodes_) {
    size_t protocol = 0;
    for (const p2p::PeerInfo& peer : node->Peers()) {
      protocol += peer.memory;
      statistics_.most_peer_memory = std::max(statistics_.most_peer_memory, peer.memory);
    }
    const size_t all = protocol + node->ledger().MemoryUse() + node->pool().MemoryUse();
    statistics_.most_protocol_memory = std::max(statistics_.most_protocol_memory, protocol);
    statistics_.most_node_memory = std::max(statistics_.most_node_memory, all);
  }
  After(kSampleInterval, [this] { SampleMemory(); });
}

wire::Message World::Typed(const wire::RawMessage& raw) {
  if (raw.payload == last_raw_.payload && raw.command == last_raw_.command) return last_typed_;
  wire::Message typed;
  BlockPtr block = raw.command == "block" ? mint_.FindBlock(*raw.payload) : nullptr;
  if (block != nullptr) {
    typed = wire::BlockMessage{std::move(block)};
  } else {
    auto decoded = wire::Decode(raw.command, *raw.payload);
    CAIRN_ASSERT(decoded.has_value());
    typed = *std::move(decoded);
  }
  last_raw_ = raw;
  last_typed_ = typed;
  return typed;
}

wire::Endpoint World::AnyEndpoint(p2p::Random& random) {
  return network_.EndpointOf(static_cast<HostId>(random.Below(hosts_.size())));
}

void World::Run(Duration time) {
  const Instant end = now_ + time;
  while (!events_.IsEmpty() && events_.Next().at <= end) {
    const Event event = events_.Pop();
    now_ = event.at;
    Handle(event);
  }
  now_ = end;
}

void World::Handle(const Event& event) {
  ++event_count_;
  trace_.Add(static_cast<uint64_t>(event.at.time_since_epoch().count()));
  trace_.Add(static_cast<uint64_t>(event.kind) << 32 | event.subject);
  switch (event.kind) {
    case EventKind::kDelivery:
      trace_.Add(network_.FingerprintOf(event));
      return network_.Deliver(event);
    case EventKind::kResume: return network_.Resume(event);
    case EventKind::kClosing: return network_.EndConnection(event);
    case EventKind::kWake: return hosts_[event.subject]->Wake();
    case EventKind::kCall: return events_.TakeCall(event)();
  }
}

// -- partitions --

void World::Partition(double share) {
  std::vector<bool> side(hosts_.size(), false);
  std::vector<size_t> order(hosts_.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  random_.Shuffle(order);
  const auto count = static_cast<size_t>(share * static_cast<double>(order.size()));
  for (size_t i = 0; i < count; ++i) side[order[i]] = true;
  network_.Partition(std::move(side));
}

bool World::IsSplit() const { return !IsConverged(); }

Node& World::MajorityNode() {
  size_t index = 0;
  while (network_.IsCutOff(nodes_[index]->id()) || !nodes_[index]->IsRunning()) ++index;
  return *nodes_[index];
}

void World::Heal() {
  network_.Heal();
  healed_at_ = now_;
  converged_at_ = p2p::kNever;
  work_at_heal_ = observer_.tip()->chain_work;
  behind_.assign(nodes_.size(), false);
  behind_count_ = 0;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    behind_[i] = nodes_[i]->IsRunning() && nodes_[i]->ledger().tip()->chain_work < work_at_heal_;
    behind_count_ += behind_[i] ? 1 : 0;
  }
  if (behind_count_ == 0) converged_at_ = now_;
}

void World::OnTip(Node& node) {
  if (behind_count_ == 0 || !behind_[node.id()]) return;
  if (node.ledger().tip()->chain_work < work_at_heal_) return;
  behind_[node.id()] = false;
  if (--behind_count_ == 0) converged_at_ = now_;
}

std::optional<Duration> World::Convergence() const {
  if (converged_at_ == p2p::kNever) return std::nullopt;
  return converged_at_ - healed_at_;
}

bool World::IsConverged() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
    return !node->IsRunning() || node->ledger().tip()->chain_work >= observer_.tip()->chain_work;
  });
}

size_t World::LingeringContacts(Duration since) const {
  size_t count = 0;
  for (const auto& attacker : attackers_) count += attacker->Lingering(since);
  return count;
}

void World::OnBlockFound(const BlockPtr& block, HostId miner) {
  observer_.Submit(block);
  statistics_.BlockFound(block->hash(), miner, now_);
  for (const auto& attacker : attackers_) attacker->OnBlockFound(block);
}

}  // namespace cairn::simulation
