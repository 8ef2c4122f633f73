// Which inbound connection makes way for a new one when all places are taken.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cairn/p2p/types.h"
#include "cairn/wire/net_address.h"

namespace cairn::p2p {

/// What speaks for or against an inbound peer.
struct EvictionCandidate {
  PeerId id = 0;
  Instant connected_at;
  Duration ping_least{-1};  // below zero: never measured
  Instant last_block;
  Instant last_transaction;
  bool relays_transactions = false;
  bool serves_blocks = false;
  bool prefers_others = false;  // discouraged: the first to go
  bool local = false;           // from this machine
  bool permitted = false;       // may not be evicted
  wire::Network network = wire::Network::kIpv4;
  uint64_t keyed_group = 0;  // secret hash of its network group
};

/// The peer to disconnect, or nothing if all are worth keeping. Protected are those that an
/// attacker can hardly imitate in numbers: of some groups that he cannot foresee, the fastest to
/// answer, those that gave new transactions or blocks, and the longest connected (half of those
/// that remain, with places kept for networks where everyone is slow). Of the others the youngest
/// of the largest group goes.
std::optional<PeerId> SelectForEviction(std::vector<EvictionCandidate> candidates);

}  // namespace cairn::p2p
