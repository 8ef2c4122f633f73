#include "tests/simulation/scenario.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "cairn/base/json.h"
#include "tests/simulation/report.h"

namespace cairn::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr double kAttackerShare = 0.3;

/// What a peer may make us hold: its inbox, and the headers of a chain that has yet to show its
/// work.
constexpr size_t kMostPeerMemory = (4u << 20) + 1'500'000;

/// What all its peers may make a node of these small networks hold in fact, with the headers and
/// the transactions that it has anyway.
constexpr size_t kMostNodeMemory = 2'000'000;

constexpr double kPartitionShare = 0.4;
constexpr Duration kBlockSpacing = minutes(10);

/// At the end of a run no more blocks are found for so long: then everyone must have all of them.
constexpr Duration kQuiet = minutes(5);

/// The time that a block may take is ten minutes, and half of it more for each peer that delivers.
constexpr Duration kAttackMayLast = minutes(30);

/// More than the low-work headers of attackers have, less the leeway of 144 blocks.
constexpr int kManyBlocks = 2500;

Duration Hours(double hours) { return Duration(static_cast<Duration::rep>(hours * 3600e6)); }

WorldOptions BasicOptions(const ScenarioOptions& options) {
  WorldOptions world;
  world.seed = options.seed;
  world.nodes = options.nodes;
  world.spacing = kBlockSpacing;
  return world;
}

/// Collects the pieces of an outcome.
class Recorder {
 public:
  explicit Recorder(const ScenarioOptions& options) {
    json_.BeginObject();
    json_.Key("scenario").String(options.name);
    json_.Key("nodes").Uint(options.nodes);
    json_.Key("hours").Double(options.hours);
    json_.Key("seed").Uint(options.seed);
    outcome_.plot = {"Blocks reach nodes: " + options.name + ", " + std::to_string(options.nodes) +
                         " nodes, seed " + std::to_string(options.seed),
                     "seconds since a block was found",
                     "% of nodes",
                     {}};
  }

  /// The figures of a world, under a name of their own if there are several.
  void Add(const World& world, const std::string& name = {}) {
    if (!name.empty()) {
      json_.Key(name).BeginObject();
      outcome_.summary += name + ":\n";
    }
    char text[32];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(world.trace()));
    json_.Key("trace").String(text);
    json_.Key("events").Uint(world.event_count());
    WriteFigures(json_, world);
    if (!name.empty()) json_.EndObject();
    outcome_.summary += Summary(world);
    outcome_.plot.curves.push_back(
        CumulativeCurve(name.empty() ? "all blocks" : name, PropagationTimes(world)));
    trace_.Add(world.trace());
    outcome_.events += world.event_count();
  }

  void Demand(std::string what, bool holds) { outcome_.checks.push_back({std::move(what), holds}); }
  /// What every run must come to.
  void DemandHealth(const World& world) {
    Demand("every node has the best chain", world.IsConverged());
    Demand("no honest node was taken for an attacker", world.statistics().honest_discouraged == 0);
    Demand("no deadline stays due", world.statistics().busy_deadlines == 0);
    Demand("memory of a node within its bound",
           world.statistics().most_node_memory <= kMostNodeMemory);
  }

  json::Writer& json() { return json_; }

  Outcome Finish() {
    json_.Key("checks").BeginObject();
    for (const Check& check : outcome_.checks) json_.Key(check.what).Bool(check.holds);
    json_.EndObject();
    json_.EndObject();
    outcome_.json = json_.Take() + "\n";
    outcome_.trace = trace_.value();
    return std::move(outcome_);
  }

 private:
  json::Writer json_{2};
  Outcome outcome_;
  TraceHash trace_;
};

/// Lets so much time go by, at its end without new blocks, and records what has come of it.
void RunToTheEnd(World& world, Duration time, Recorder& recorder) {
  world.Run(time - kQuiet);
  world.StopMining();
  world.Run(kQuiet);
  recorder.Add(world);
  recorder.DemandHealth(world);
}

Outcome RunDay(const ScenarioOptions& options) {
  Recorder recorder(options);
  WorldOptions setting = BasicOptions(options);
  setting.transaction_spacing = minutes(5);
  World world(setting);
  world.Start();
  RunToTheEnd(world, Hours(options.hours), recorder);
  return recorder.Finish();
}

Outcome RunPartition(const ScenarioOptions& options, Duration outage, Duration allowed) {
  Recorder recorder(options);
  World world(BasicOptions(options));
  world.Start();
  world.Run(minutes(20));
  world.Partition(kPartitionShare);
  world.Run(outage - seconds(30));
  // Of two chains with equal work both are right until the next block: one must be better.
  if (!world.IsSplit()) world.MajorityNode().Mine(0);
  world.Run(seconds(30));
  world.Heal();
  const auto after = std::max<Duration>(allowed, Hours(options.hours) - minutes(20) - outage);
  RunToTheEnd(world, after, recorder);
  const auto convergence = world.Convergence();
  recorder.Demand("one chain in time", convergence && *convergence <= allowed);
  return recorder.Finish();
}

WorldOptions AttackOptions(const ScenarioOptions& options, Attack attack) {
  WorldOptions setting = BasicOptions(options);
  setting.attack = attack;
  setting.attackers = static_cast<size_t>(kAttackerShare * static_cast<double>(options.nodes));
  setting.nodes = options.nodes - setting.attackers;
  setting.transaction_spacing = minutes(1);
  if (attack == Attack::kLowWorkHeaders) setting.base_blocks = kManyBlocks;
  return setting;
}

Outcome RunAttack(const ScenarioOptions& options, Attack attack) {
  Recorder recorder(options);
  World world(AttackOptions(options, attack));
  world.Start();
  RunToTheEnd(world, Hours(options.hours), recorder);
  const Statistics& statistics = world.statistics();
  const size_t lingering = world.LingeringContacts(kAttackMayLast);
  recorder.json().Key("lingering_contacts").Uint(lingering);
  recorder.Demand("no contact with an attacker outlasts the attack's begin by 30 minutes",
                  lingering == 0);
  recorder.Demand("memory of a peer within its bound",
                  statistics.most_peer_memory <= kMostPeerMemory);
  return recorder.Finish();
}

Outcome RunChurn(const ScenarioOptions& options) {
  Recorder recorder(options);
  WorldOptions setting = BasicOptions(options);
  setting.transaction_spacing = minutes(1);
  World world(setting);
  world.Start();
  world.Run(minutes(10));
  world.BeginChurn(std::chrono::hours(2), minutes(20));
  world.Run(Hours(options.hours) - minutes(20));
  world.EndChurn();
  world.StopMining();
  world.Run(minutes(10));
  recorder.Add(world);
  recorder.json().Key("departures").Uint(world.statistics().departures);
  recorder.DemandHealth(world);
  recorder.Demand("many nodes have left and come back",
                  world.statistics().departures >= world.NodeCount() / 2);
  return recorder.Finish();
}

/// The attackers take every inbound place of node 0 that they can get and fill its address book
/// with themselves; then it restarts, as eclipses need.
Outcome RunEclipse(const ScenarioOptions& options) {
  Recorder recorder(options);
  World world(AttackOptions(options, Attack::kEclipse));
  Node& victim = world.node(0);
  world.Start();
  world.Run(Hours(options.hours) / 2);
  victim.Stop();
  world.Run(minutes(1));
  victim.Start();
  RunToTheEnd(world, Hours(options.hours) / 2, recorder);
  recorder.json().Key("victim").BeginObject();
  recorder.json().Key("outbound").Uint(victim.OutboundCount());
  recorder.json().Key("outbound_attackers").Uint(victim.OutboundAttackers());
  recorder.json().Key("known_addresses").Uint(victim.book().Size());
  recorder.json().EndObject();
  recorder.Demand("most outbound connections of the victim are to honest nodes",
                  2 * victim.OutboundAttackers() < victim.OutboundCount());
  return recorder.Finish();
}

/// Blocks full of transactions that everyone has, once with compact blocks and once without.
Outcome RunPropagation(const ScenarioOptions& options) {
  constexpr size_t kTransactions = 2400;
  constexpr int kBlocks = 10;
  Recorder recorder(options);
  std::array<double, 2> p95{};
  for (const bool compact : {true, false}) {
    WorldOptions setting = BasicOptions(options);
    setting.link.spread = 0;
    setting.compact_blocks = compact;
    World world(setting);
    world.StopMining();
    world.Start();
    world.Run(minutes(2));
    for (int i = 0; i < kBlocks; ++i) {
      for (size_t j = 0; j < kTransactions; ++j) {
        const TransactionPtr transaction = world.mint().MakeTransaction();
        for (size_t n = 0; n < world.NodeCount(); ++n) world.node(n).Remember(transaction);
      }
      world.node(world.random().Below(world.NodeCount())).Mine(1'000'000);
      world.Run(kBlockSpacing);
    }
    recorder.Add(world, compact ? "compact blocks" : "whole blocks");
    recorder.DemandHealth(world);
    std::vector<int32_t> times = PropagationTimes(world);
    p95[compact ? 0 : 1] = PercentilesOf(times).p95;
  }
  recorder.json().Key("p95_ratio").Double(p95[0] / p95[1]);
  recorder.Demand("compact blocks take at most half as long", p95[0] <= 0.5 * p95[1]);
  return recorder.Finish();
}

}  // namespace

bool Outcome::Succeeded() const {
  return std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.holds; });
}

const std::vector<ScenarioInfo>& Scenarios() {
  static const std::vector<ScenarioInfo> all = [] {
    std::vector<ScenarioInfo> list = {
        {"day", "honest nodes, a block every ten minutes", 1000, 24, RunDay},
        {"partition-15", "40 % of the nodes are cut off for 15 minutes", 200, 1.5,
         [](const auto& options) { return RunPartition(options, minutes(15), minutes(2)); }},
        {"partition-60", "40 % of the nodes are cut off for an hour", 200, 2.5,
         [](const auto& options) { return RunPartition(options, minutes(60), minutes(30)); }},
        {"churn", "nodes leave and come back", 200, 6, RunChurn},
        {"propagation", "full blocks, with compact blocks and without", 200, 2, RunPropagation},
    };
    for (const Attack attack : AllAttacks()) {
      list.push_back(
          {"attack-" + std::string(NameOf(attack)), "30 % of all are attackers of this kind", 200,
           3, [attack](const ScenarioOptions& options) {
             return attack == Attack::kEclipse ? RunEclipse(options) : RunAttack(options, attack);
           }});
    }
    return list;
  }();
  return all;
}

std::optional<Outcome> RunScenario(const ScenarioOptions& given) {
  const auto info = std::find_if(Scenarios().begin(), Scenarios().end(),
                                 [&](const auto& one) { return one.name == given.name; });
  if (info == Scenarios().end()) return std::nullopt;
  ScenarioOptions options = given;
  if (options.nodes == 0) options.nodes = info->nodes;
  if (options.hours <= 0) options.hours = info->hours;
  return info->run(options);
}

}  // namespace cairn::simulation
