#include "tests/simulation/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace cairn::simulation {
namespace {

double Seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

/// Rounded, so that no digit depends on the order of additions.
double Rounded(double value) { return std::round(value * 1e6) / 1e6; }

void WritePercentiles(json::Writer& json, const Percentiles& times) {
  json.BeginObject();
  json.Key("count").Uint(times.count);
  json.Key("p50").Double(times.p50);
  json.Key("p90").Double(times.p90);
  json.Key("p95").Double(times.p95);
  json.Key("p99").Double(times.p99);
  json.Key("max").Double(times.most);
  json.EndObject();
}

struct NodeTraffic {
  uint64_t mean_bytes = 0;
  uint64_t most_bytes = 0;
  uint64_t messages = 0;  // of all nodes
};

NodeTraffic TrafficOf(const World& world) {
  NodeTraffic traffic;
  uint64_t all = 0;
  for (HostId id = 0; id < world.NodeCount(); ++id) {
    const Traffic& sent = world.network().SentBy(id);
    all += sent.bytes;
    traffic.most_bytes = std::max(traffic.most_bytes, sent.bytes);
    traffic.messages += sent.messages;
  }
  traffic.mean_bytes = all / world.NodeCount();
  return traffic;
}

void WriteTraffic(json::Writer& json, const World& world) {
  const NodeTraffic traffic = TrafficOf(world);
  json.Key("sent_bytes_per_node").BeginObject();
  json.Key("mean").Uint(traffic.mean_bytes);
  json.Key("max").Uint(traffic.most_bytes);
  json.EndObject();
  json.Key("messages").Uint(traffic.messages);
  json.Key("by_command").BeginObject();
  const std::vector<CommandTraffic> commands = world.network().ByCommand();
  for (const CommandTraffic& command : commands) {
    json.Key(command.command).BeginObject();
    json.Key("messages").Uint(command.traffic.messages);
    json.Key("bytes").Uint(command.traffic.bytes);
    json.EndObject();
  }
  json.EndObject();
}

void WriteContacts(json::Writer& json, const World& world) {
  const Contacts& contacts = world.statistics().contacts;
  json.Key("attackers").BeginObject();
  json.Key("count").Uint(world.AttackerCount());
  json.Key("contacts").Uint(contacts.begun);
  json.Key("ended").Uint(contacts.ended);
  json.Key("longest_seconds").Double(Seconds(contacts.longest));
  json.EndObject();
}

template <typename... Values>
std::string Line(const char* format, Values... values) {
  std::array<char, 256> text;
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

}  // namespace

std::vector<int32_t> PropagationTimes(const World& world) {
  std::vector<int32_t> times;
  for (const BlockRecord& block : world.statistics().blocks()) {
    if (!world.observer().Contains(block.hash)) continue;
    for (HostId node = 0; node < block.arrivals.size(); ++node) {
      const int32_t arrival = block.arrivals[node];
      if (node != block.miner && arrival != BlockRecord::kNotSeen) times.push_back(arrival);
    }
  }
  return times;
}

BlockCounts CountBlocks(const World& world) {
  BlockCounts counts;
  for (const BlockRecord& block : world.statistics().blocks()) {
    ++counts.found;
    if (!world.observer().Contains(block.hash)) ++counts.stale;
  }
  return counts;
}

void WriteFigures(json::Writer& json, const World& world) {
  const Statistics& statistics = world.statistics();
  const BlockCounts blocks = CountBlocks(world);
  json.Key("blocks").BeginObject();
  json.Key("found").Uint(blocks.found);
  json.Key("stale").Uint(blocks.stale);
  const double found = static_cast<double>(std::max<size_t>(blocks.found, 1));
  json.Key("stale_rate").Double(Rounded(static_cast<double>(blocks.stale) / found));
  json.EndObject();
  std::vector<int32_t> times = PropagationTimes(world);
  json.Key("propagation_seconds");
  WritePercentiles(json, PercentilesOf(times));
  WriteTraffic(json, world);
  json.Key("memory_per_node").BeginObject();
  json.Key("protocol_max").Uint(statistics.most_protocol_memory);
  json.Key("peer_max").Uint(statistics.most_peer_memory);
  json.Key("all_max").Uint(statistics.most_node_memory);
  json.EndObject();
  if (const auto convergence = world.Convergence()) {
    json.Key("convergence_seconds").Double(Seconds(*convergence));
  }
  if (world.AttackerCount() > 0) WriteContacts(json, world);
  json.Key("disconnections").BeginObject();
  for (const auto& [reason, count] : statistics.disconnections()) json.Key(reason).Uint(count);
  json.EndObject();
  json.Key("honest_discouraged").Uint(statistics.honest_discouraged);
  json.Key("busy_deadlines").Uint(statistics.busy_deadlines);
}

std::string Summary(const World& world) {
  const Statistics& statistics = world.statistics();
  const BlockCounts blocks = CountBlocks(world);
  std::vector<int32_t> times = PropagationTimes(world);
  const Percentiles propagation = PercentilesOf(times);
  const NodeTraffic traffic = TrafficOf(world);
  std::string text = Line("blocks: %zu found, %zu stale\n", blocks.found, blocks.stale);
  text +=
      Line("propagation: p50 %.2f s, p90 %.2f s, p95 %.2f s, p99 %.2f s, max %.2f s\n",
           propagation.p50, propagation.p90, propagation.p95, propagation.p99, propagation.most);
  text += Line("sent by a node: %.2f MB on average, %.2f MB at most\n",
               static_cast<double>(traffic.mean_bytes) / 1e6,
               static_cast<double>(traffic.most_bytes) / 1e6);
  text += Line("memory: %.1f kB of a peer, %.1f kB of a node's peers, %.1f kB of a node at most\n",
               static_cast<double>(statistics.most_peer_memory) / 1e3,
               static_cast<double>(statistics.most_protocol_memory) / 1e3,
               static_cast<double>(statistics.most_node_memory) / 1e3);
  if (const auto convergence = world.Convergence()) {
    text += Line("convergence: %.1f s\n", Seconds(*convergence));
  }
  if (world.AttackerCount() > 0) {
    text += Line("attackers: %llu contacts, %llu ended, the longest after %.1f s\n",
                 static_cast<unsigned long long>(statistics.contacts.begun),
                 static_cast<unsigned long long>(statistics.contacts.ended),
                 Seconds(statistics.contacts.longest));
  }
  for (const auto& [reason, count] : statistics.disconnections()) {
    text +=
        Line("disconnected %llu times: ", static_cast<unsigned long long>(count)) + reason + "\n";
  }
  return text;
}

}  // namespace cairn::simulation
