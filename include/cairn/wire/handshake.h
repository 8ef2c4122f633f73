// The messages that two peers introduce themselves with, agree on what they speak, and keep in
// touch by.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cairn/primitives/amount.h"
#include "cairn/wire/net_address.h"

namespace cairn::wire {

/// The protocol that Cairn speaks: with relay by wtxid (BIP339).
inline constexpr int32_t kProtocolVersion = 70016;

/// What a node offers, as bits in `version` and with addresses.
enum Services : uint64_t {
  kNodeNetwork = 1 << 0,
  kNodeBloom = 1 << 2,            // BIP111
  kNodeWitness = 1 << 3,          // BIP144
  kNodeCompactFilters = 1 << 6,   // BIP157
  kNodeNetworkLimited = 1 << 10,  // BIP159
  kNodeP2pV2 = 1 << 11,           // BIP324
};

/// The first message of either side. Old nodes end it early: what they left out has its default.
struct Version {
  static constexpr std::string_view kCommand = "version";
  static constexpr size_t kMostUserAgent = 256;
  /// Letters that do no harm in the user agent of BIP14: of its comments, and of its form.
  static constexpr std::string_view kCommentLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,;-_?@";
  static constexpr std::string_view kFormLetters = "/:()";

  int32_t version = kProtocolVersion;
  uint64_t services = 0;
  int64_t time = 0;  // seconds since 1970
  uint64_t receiver_services = 0;
  Endpoint receiver;  // how the sender sees us
  uint64_t sender_services = 0;
  Endpoint sender;     // nobody relies on it
  uint64_t nonce = 0;  // tells a connection to oneself
  std::string user_agent;
  int32_t start_height = 0;
  bool relay = true;  // BIP37: false asks for no transactions before a filter is set
};

/// The version was understood.
struct Verack {
  static constexpr std::string_view kCommand = "verack";
};

/// Asks for `addrv2` instead of `addr` (BIP155).
struct SendAddrV2 {
  static constexpr std::string_view kCommand = "sendaddrv2";
};

/// Transactions are announced and asked for by wtxid (BIP339).
struct WtxidRelay {
  static constexpr std::string_view kCommand = "wtxidrelay";
};

/// Offers to reconcile sets of transactions (BIP330).
struct SendTxReconciliation {
  static constexpr std::string_view kCommand = "sendtxrcncl";

  uint32_t version = 1;
  uint64_t salt = 0;
};

/// Asks for blocks to be announced by `headers` (BIP130).
struct SendHeaders {
  static constexpr std::string_view kCommand = "sendheaders";
};

/// Speaks of compact blocks (BIP152). Those of version 2, with wtxids, are the only ones left.
struct SendCompact {
  static constexpr std::string_view kCommand = "sendcmpct";

  bool high_bandwidth = false;  // new blocks are to be announced by `cmpctblock`
  uint64_t version = 2;
};

/// Asks not to hear of transactions that pay less (BIP133).
struct FeeFilter {
  static constexpr std::string_view kCommand = "feefilter";

  Amount per_kvb = 0;  // any number may come
};

struct Ping {
  static constexpr std::string_view kCommand = "ping";

  uint64_t nonce = 0;
};

/// The answer to a ping.
struct Pong {
  static constexpr std::string_view kCommand = "pong";

  std::optional<uint64_t> nonce;  // nothing, if it was cut short: the ping has failed
};

}  // namespace cairn::wire
