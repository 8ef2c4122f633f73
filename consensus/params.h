// The parameters of one chain: everything in which Bitcoin's networks differ. Immutable once loaded
// from a chain file (genesis/*.json); rules receive them by reference.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/primitives/address.h"
#include "cairn/primitives/amount.h"
#include "cairn/primitives/hash.h"
#include "cairn/primitives/u256.h"
#include "consensus/script/flags.h"

namespace cairn::consensus {

/// How the target of the next block is found.
struct RetargetRules {
  U256 limit;                             // the easiest target
  uint32_t limit_bits = 0;                // the same, compact
  int64_t spacing_seconds = 600;          // wanted time between blocks
  int64_t timespan_seconds = 14 * 86400;  // wanted time of one period
  bool never = false;                     // regtest: the target stays
  bool allow_min_difficulty = false;      // testnets: a block that comes late may be of the limit
  bool from_first_block = false;          // BIP94: the period's first block gives the base target
  bool timewarp_guard =
      false;  // BIP94: a period's first block may not go back in time by more than 600 s

  int64_t Interval() const { return timespan_seconds / spacing_seconds; }
};

/// A BIP9 deployment.
struct Bip9Deployment {
  static constexpr int64_t kAlwaysActive = -1;
  static constexpr int64_t kNeverActive = -2;
  static constexpr int64_t kNoTimeout = INT64_MAX;

  std::string name;
  int bit = 28;
  int64_t start_time = kNeverActive;
  int64_t timeout = kNoTimeout;
  int min_activation_height = 0;
};

/// The soft forks that are tied to a height: the first block under the rule.
struct BuriedHeights {
  int bip34 = 0;
  int bip65 = 0;
  int bip66 = 0;
  int csv = 0;
  int segwit = 0;
};

struct Checkpoint {
  int height = 0;
  BlockHash hash;
};

/// How many transactions the chain had at some time, and how fast they came: what estimates of
/// progress build on. No rule depends on it.
struct Activity {
  int64_t time = 0;  // zero: nothing is known
  uint64_t transactions = 0;
  double per_second = 0;
};

struct Params {
  std::string name;      // the chain file's name, as in `genesis/NAME.json`
  std::string rpc_name;  // what getblockchaininfo calls it: main, test, testnet4, signet, regtest
  std::string folder;    // sub-folder of the data directory; empty for mainnet
  std::string config_section;  // the section of the configuration file: main, test, ...

  std::array<uint8_t, 4> magic{};
  uint16_t p2p_port = 0;
  uint16_t rpc_port = 0;
  uint16_t onion_port = 0;
  std::vector<std::string> dns_seeds;
  std::vector<std::string> fixed_seeds;
  AddressPrefixes prefixes;

  Bytes genesis_block;     // raw
  BlockHash genesis_hash;  // computed from it at load

  RetargetRules retarget;
  int subsidy_interval = 210000;
  Amount initial_subsidy = 50 * kCoin;
  int coinbase_maturity = 100;
  BuriedHeights heights;
  BlockHash bip34_hash;  // the block at heights.bip34 on the chain where BIP30 need not be checked;
                         // zero for none
  std::vector<Checkpoint> bip30_exceptions;
  std::vector<Bip9Deployment> deployments;  // testdummy, taproot
  int signalling_threshold = 1916;
  int signalling_window = 2016;
  int warn_of_votes_from = 0;  // height: earlier votes for unknown rules are old ones
  /// Blocks whose scripts run with other flags than every block has: which of P2SH, WITNESS and
  /// TAPROOT remain.
  std::map<BlockHash, ScriptFlags> script_flag_exceptions;

  BlockHash assumed_valid;  // zero for none
  U256 minimum_chain_work;
  std::vector<Checkpoint> checkpoints;
  Activity activity;

  std::optional<Bytes> signet_challenge;  // BIP325

  bool is_test = false;           // coins are worth nothing; looser defaults are allowed
  bool mine_on_demand = false;    // regtest: generate* RPCs and instant blocks make sense
  bool require_standard = true;   // default of -acceptnonstdtxn, inverted
  int prune_after_height = 1000;  // pruning begins no earlier
};

}  // namespace cairn::consensus
