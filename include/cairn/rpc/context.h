// What the methods may reach of the node. The node fills it in and opens the dispatcher with it.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cairn/base/clock.h"
#include "cairn/ledger/ledger.h"
#include "cairn/mempool/mempool.h"
#include "cairn/mining/hash_meter.h"
#include "cairn/mining/job_board.h"
#include "cairn/mining/last_template.h"
#include "consensus/params.h"

namespace cairn::mining {
class PoolClient;
class StratumServer;
}  // namespace cairn::mining

namespace cairn::p2p {
class Network;
}

namespace cairn::rpc {

/// How much memory the unspent outputs may take.
struct CoinMemory {
  uint64_t database_bytes = 0;  // for blocks of the database
  uint64_t cache_bytes = 0;     // for outputs by themselves
};

/// All members must be safe to use from any thread, and outlive the server.
struct RpcContext {
  Clock& clock;
  const consensus::Params& params;

  ledger::Ledger* ledger = nullptr;                // set whenever methods of blocks can be called
  mempool::Mempool* mempool = nullptr;             // set as `ledger` is
  p2p::Network* network = nullptr;                 // null without peers
  const std::atomic<bool>* stopping = nullptr;     // becomes true at shutdown: long calls end early
  mining::JobBoard* job_board = nullptr;           // set as `ledger` is
  std::optional<int32_t> block_version{};          // -blockversion, for blocks that we make
  mining::TemplateLimits template_limits{};        // of those blocks
  mining::LastTemplate* last_template = nullptr;   // set as `ledger` is
  const mining::HashMeter* hash_meter = nullptr;   // of the built-in miner; null without one
  const mining::StratumServer* stratum = nullptr;  // null without one
  const mining::PoolClient* pool_client = nullptr;  // null without -pool
  CoinMemory memory{};

  UnixSeconds started_at = 0;         // by the system's clock
  std::string log_path{};             // of debug.log; empty if there is none
  std::filesystem::path pool_file{};  // mempool.dat

  /// Asks the node to shut down, and returns at once.
  std::function<void()> request_stop{};
  /// Moves scheduled jobs forward by so many seconds (RPC mockscheduler).
  std::function<void(int64_t)> advance_scheduler{};
  /// Returns once every subscriber has seen the present tip.
  std::function<void()> wait_for_subscribers{};
  /// What people should know: "This is a pre-release test build ...".
  std::function<std::vector<std::string>()> warnings{};
};

}  // namespace cairn::rpc
