// What getpeerinfo shows of a peer, as far as the protocol knows it; bytes and sockets are added by
// the driver.
#pragma once

#include <string>
#include <vector>

#include "cairn/p2p/types.h"
#include "cairn/primitives/amount.h"
#include "cairn/wire/net_address.h"

namespace cairn::p2p {

struct PeerInfo {
  PeerId id = 0;
  wire::Endpoint endpoint;
  wire::Endpoint local;
  wire::Endpoint sees_us;  // where it says that we are
  bool onion = false;      // came in through our onion service
  ConnectionType type = ConnectionType::kInbound;
  Permissions permissions = kNoPermission;

  bool handshaken = false;
  int32_t version = 0;
  Services services = 0;
  std::string user_agent;
  int start_height = -1;
  int64_t time_offset = 0;  // seconds, theirs less ours
  bool relays_transactions = false;
  bool relays_addresses = false;

  Instant connected_at;
  Instant last_block;        // epoch: never
  Instant last_transaction;  // epoch: never
  Duration ping{-1};         // the last; below zero: none yet
  Duration ping_least{-1};
  Duration ping_waiting{-1};

  int synced_headers = -1;  // height of the last header that we know they have
  int synced_blocks = -1;   // height of the last block that we share
  int presynced_headers = -1;
  std::vector<int> in_flight;        // heights of blocks asked for
  bool high_bandwidth_to = false;    // we asked it to announce by compact blocks at once
  bool high_bandwidth_from = false;  // it asked us
  uint64_t addresses_processed = 0;
  uint64_t addresses_rate_limited = 0;
  Amount fee_filter = 0;  // satoshis per 1,000 virtual bytes

  size_t memory = 0;  // bytes held for it by the protocol
};

}  // namespace cairn::p2p
