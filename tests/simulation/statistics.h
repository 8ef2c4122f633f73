// What is measured in a simulation.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "cairn/p2p/types.h"
#include "cairn/primitives/hash.h"
#include "tests/simulation/network.h"

namespace cairn::simulation {

/// The way of one block through the network.
struct BlockRecord {
  static constexpr int32_t kNotSeen = -1;

  BlockHash hash;
  HostId miner = 0;
  Instant found;
  std::vector<int32_t> arrivals;  // by node: milliseconds until it was stored
};

/// Connections between honest nodes and attackers.
struct Contacts {
  uint64_t begun = 0;
  uint64_t ended = 0;
  Duration longest{0};  // of those that have ended
};

struct Percentiles {
  size_t count = 0;
  double p50 = 0;  // seconds
  double p90 = 0;
  double p95 = 0;
  double p99 = 0;
  double most = 0;
};

/// Sorts the values, which are milliseconds.
Percentiles PercentilesOf(std::vector<int32_t>& milliseconds);

class Statistics {
 public:
  explicit Statistics(size_t nodes) : nodes_(nodes) {}

  void BlockFound(const BlockHash& hash, HostId miner, Instant now);
  void BlockStored(const BlockHash& hash, HostId node, Instant now);
  void Disconnection(const std::string& reason) { ++disconnections_[reason]; }

  const std::vector<BlockRecord>& blocks() const { return blocks_; }
  /// By the reason that was given, without numbers.
  const std::map<std::string, uint64_t>& disconnections() const { return disconnections_; }

  Contacts contacts;
  size_t most_protocol_memory = 0;  // of one node, bytes
  size_t most_peer_memory = 0;      // of one peer
  size_t most_node_memory = 0;      // with headers and pool
  uint64_t departures = 0;          // of nodes that come back later
  uint64_t busy_deadlines = 0;      // that were still due after they had been dealt with
  uint64_t honest_discouraged = 0;  // honest nodes that honest nodes took for misbehaving

 private:
  const size_t nodes_;
  std::vector<BlockRecord> blocks_;
  std::unordered_map<BlockHash, size_t, UnsaltedHasher> by_hash_;
  std::map<std::string, uint64_t> disconnections_;
};

}  // namespace cairn::simulation
