// The node put together: every part with its threads, started in order and stopped in reverse.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cairn/base/clock.h"
#include "cairn/base/result.h"
#include "cairn/base/worker_pool.h"
#include "cairn/ledger/ledger.h"
#include "cairn/mempool/mempool.h"
#include "cairn/mining/hash_meter.h"
#include "cairn/mining/job_board.h"
#include "cairn/mining/last_template.h"
#include "cairn/mining/miner.h"
#include "cairn/mining/pool_client.h"
#include "cairn/mining/stratum_server.h"
#include "cairn/node/configuration.h"
#include "cairn/node/data_dir.h"
#include "cairn/p2p/network.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/cookie.h"
#include "cairn/rpc/dispatcher.h"
#include "cairn/rpc/http_server.h"
#include "src/node/chain_warnings.h"

namespace cairn::node {

/// Members are declared in the order of dependence, so destruction is the shutdown sequence: no
/// part outlives what it uses.
class Node {
 public:
  /// `request_stop` asks the process to end; it may be called from any thread.
  /// `stop_requested` tells whether such a request has come already, so that a long start can end.
  Node(const Configuration& configuration, const DataDir& data_dir,
       std::function<void()> request_stop, std::function<bool()> stop_requested);
  ~Node();

  /// Brings all parts up. The text of an error is fit to be shown after "Error: ".
  Status Start();

  /// True when the node should end by itself: -stopatheight is reached, or the ledger failed.
  bool WantsToStop() const;

  /// Ends everything that changes the chain, answers the calls that have arrived, and makes the
  /// chain durable. Fails if that is not so, or if the ledger had failed before.
  Status Stop();

 private:
  Status StartRpc();
  Status OpenLedger(const mempool::PolicyOptions& policy);
  Status PrepareMining();
  Status StartPoolClient(std::optional<mining::PoolClientOptions> options);
  Status ShareOutFiles(p2p::NetworkOptions& network);
  void Serve();
  /// Imports the files of -loadblock one after another, then begins to mine.
  void Import(const std::vector<std::string>& files);

  /// Brings back what waited for a block when the node stopped (-persistmempool).
  void LoadPool();
  void LoadFees();
  /// With what it has learned of fees.
  void SavePool();
  std::filesystem::path PoolFile() const { return data_dir_.network() / "mempool.dat"; }
  std::filesystem::path FeesFile() const { return data_dir_.network() / "fee_estimates.dat"; }

  const Configuration& configuration_;
  const DataDir& data_dir_;
  const std::function<void()> request_stop_;
  const std::function<bool()> stop_requested_;
  const bool persists_pool_;
  std::atomic<bool> stopping_{false};
  Clock clock_;
  WorkerPool workers_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<mempool::Mempool> pool_;
  std::optional<ChainWarnings> warnings_;
  std::unique_ptr<p2p::Network> network_;
  mining::LastTemplate last_template_;
  mining::HashMeter hash_meter_;
  std::unique_ptr<mining::JobBoard> job_board_;
  mining::TemplateLimits template_limits_;
  std::optional<mining::StratumOptions> stratum_options_;
  std::unique_ptr<mining::StratumServer> stratum_;
  std::unique_ptr<mining::PoolClient> pool_client_;
  std::optional<rpc::RpcContext> context_;
  std::optional<rpc::CookieFile> cookie_;
  std::unique_ptr<rpc::Dispatcher> dispatcher_;
  std::unique_ptr<rpc::HttpServer> server_;
  size_t most_rpc_connections_ = 0;
  std::optional<mining::MinerOptions> miner_options_;
  std::unique_ptr<mining::Miner> miner_;
  std::jthread importer_;
};

}  // namespace cairn::node
