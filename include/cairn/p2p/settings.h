// What the operator chose about peers. Constant while the protocol runs.
#pragma once

#include <cstdint>
#include <string>

#include "cairn/p2p/types.h"
#include "cairn/primitives/amount.h"
#include "cairn/wire/handshake.h"

namespace cairn::p2p {

struct Settings {
  // what we offer
  Services services = wire::kNodeNetwork | wire::kNodeWitness | wire::kNodeNetworkLimited;
  std::string user_agent = "/Cairn/";

  int max_full_relay = 8;          // outbound connections for everything
  int max_block_relay_only = 2;    // outbound connections for blocks alone
  int max_inbound = 114;           // -maxconnections less the outbound ones
  bool automatic_outbound = true;  // false with -connect

  bool listens = false;      // others can connect to us
  uint16_t listen_port = 0;  // there

  bool blocks_only = false;     // -blocksonly: no transactions from peers
  bool serve_filters = false;   // -peerblockfilters
  bool serve_bloom = false;     // -peerbloomfilters
  bool reconciliation = false;  // BIP330's handshake

  Duration handshake_timeout = std::chrono::seconds(60);  // -peertimeout
  Duration ping_interval = std::chrono::minutes(2);
  Duration ping_timeout = std::chrono::minutes(20);

  size_t inbox_messages = 2000;      // of one peer, waiting for verdicts
  size_t inbox_bytes = 4u << 20;     // likewise: reading pauses above
  size_t orphan_transactions = 100;  // -maxorphantx
  size_t orphan_bytes = 10'000'000;  // of memory, for all of them
};

}  // namespace cairn::p2p
