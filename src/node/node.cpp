#include "src/node/node.h"

#include <algorithm>
#include <utility>

#include "cairn/base/log.h"
#include "cairn/base/whole_file.h"
#include "cairn/ledger/import.h"
#include "cairn/mempool/pool_file.h"
#include "cairn/mining/nonce_scan.h"
#include "cairn/node/machine.h"
#include "cairn/primitives/script.h"
#include "cairn/rpc/method.h"
#include "src/node/mining_options.h"
#include "src/node/network_setup.h"
#include "src/node/pool_client_setup.h"
#include "src/node/pool_options.h"
#include "src/node/rpc_setup.h"
#include "src/node/stratum_setup.h"

namespace cairn::node {
namespace {

std::optional<int64_t> IntIfSet(const Options& options, std::string_view name) {
  if (!options.IsSet(name)) return std::nullopt;
  return options.GetInt(name, 0);
}

/// -blockfilterindex, alone or with "basic" or "1"; the last one counts.
bool WantsBasicFilters(const Options& options) {
  const std::vector<std::string> types = options.GetList("blockfilterindex");
  if (types.empty()) return false;
  const std::string& last = types.back();
  return last.empty() || last == "1" || last == "basic";
}

/// When scheduled jobs are moved so far ahead, our own transactions are due to be announced again.
constexpr int64_t kAnnounceAgainSeconds = 10 * 60;

constexpr auto kOldestFees = std::chrono::hours(60);
constexpr size_t kMaxFeesFile = 10 << 20;

constexpr int64_t kDefaultProofCache = 32;    // MiB
constexpr int64_t kMostProofCache = 1 << 14;  // MiB

constexpr int64_t kPruneByCommand = 1;  // -prune=1: only by pruneblockchain

ledger::LedgerOptions LedgerOptionsFrom(const Options& options, const DataDir& data_dir) {
  ledger::LedgerOptions result;
  result.blocks_folder = data_dir.blocks();
  result.coins_folder = data_dir.chainstate();
  result.indexes_folder = data_dir.indexes();
  result.indexes.transactions = options.GetBool("txindex", false);
  result.indexes.block_filters = WantsBasicFilters(options);
  result.indexes.coin_stats = options.GetBool("coinstatsindex", false);
  result.check_blocks = static_cast<int>(options.GetInt("checkblocks", result.check_blocks));
  result.check_level = static_cast<int>(std::clamp<int64_t>(options.GetInt("checklevel", 3), 0, 4));
  result.check_strictly = options.IsSet("checkblocks") || options.IsSet("checklevel");
  result.cache_bytes = MemoryBudget(IntIfSet(options, "dbcache"), ReadMachine());
  const int64_t proofs = std::clamp<int64_t>(options.GetInt("maxsigcachesize", kDefaultProofCache),
                                             0, kMostProofCache);
  result.proof_cache_bytes = static_cast<uint64_t>(proofs) << 20;
  result.flush_every_blocks = static_cast<int>(options.GetInt("flushblocks", 0));
  result.max_tip_age = options.GetInt("maxtipage", result.max_tip_age);
  result.stop_at_height = static_cast<int>(options.GetInt("stopatheight", 0));
  const int64_t prune = options.GetInt("prune", 0);
  result.prune = prune != 0;
  if (prune > kPruneByCommand) result.prune_target_bytes = static_cast<uint64_t>(prune) << 20;
  result.reindex = options.GetBool("reindex", false);
  result.reindex_coins = options.GetBool("reindex-chainstate", false);
  result.use_checkpoints = options.GetBool("checkpoints", true);
  return result;
}

/// The shares of the memory budget, as getchainstates tells them.
rpc::CoinMemory CoinMemory(const Options& options) {
  const uint64_t budget = MemoryBudget(IntIfSet(options, "dbcache"), ReadMachine());
  constexpr uint64_t kDatabaseShare = 16;
  return {.database_bytes = budget / kDatabaseShare, .cache_bytes = budget};
}

}  // namespace

Node::Node(const Configuration& configuration, const DataDir& data_dir,
           std::function<void()> request_stop, std::function<bool()> stop_requested)
    : configuration_(configuration),
      data_dir_(data_dir),
      request_stop_(std::move(request_stop)),
      stop_requested_(std::move(stop_requested)),
      persists_pool_(configuration.options.GetBool("persistmempool", true)),
      workers_(WorkerThreads(configuration.options.GetInt("par", 0), ReadMachine())) {
  clock_.SetMock(configuration.options.GetInt("mocktime", 0));
}

Node::~Node() {
  stopping_ = true;  // a start may have failed; the members' destructors do the rest
}

Status Node::Start() {
  // Before anything takes long: a mistake in the options is to be told at once.
  const Options& options = configuration_.options;
  if (Status prepared = PrepareMining(); !prepared) return prepared;
  auto policy = PoolOptionsFrom(options, configuration_.params);
  if (!policy) return tl::unexpected(policy.error());
  auto pool_client = PoolClientOptionsFrom(options, data_dir_.network());
  if (!pool_client) return tl::unexpected(pool_client.error());
  auto network = NetworkOptionsFrom(options, configuration_.params, data_dir_.network());
  if (!network) return tl::unexpected(network.error());
  if (Status shared = ShareOutFiles(*network); !shared) return shared;
  if (Status started = StartRpc(); !started) return started;
  if (Status opened = OpenLedger(*policy); !opened) return opened;
  network_ = std::make_unique<p2p::Network>(
      *std::move(network), p2p::Network::Needs{clock_, *ledger_, *pool_, workers_});
  if (Status started = network_->Start(); !started) return started;
  job_board_ =
      std::make_unique<mining::JobBoard>(*ledger_, clock_,
                                         mining::TemplateOptions{.payout_script = {OP_1},
                                                                 .version = BlockVersion(options),
                                                                 .pool = pool_.get(),
                                                                 .limits = template_limits_},
                                         &last_template_);
  if (stratum_options_) {
    auto server = mining::StratumServer::Start(*std::move(stratum_options_),
                                               StratumNeedsOf(clock_, *ledger_, *job_board_));
    if (!server) return tl::unexpected(server.error());
    stratum_ = *std::move(server);
  }
  if (Status started = StartPoolClient(*std::move(pool_client)); !started) return started;
  Serve();
  importer_ = std::jthread([this, files = options.GetList("loadblock")] {
    log::SetThreadName("import");
    Import(files);
  });
  return {};
}

/// Each connection takes a descriptor, and the system may not give us enough of them.
Status Node::ShareOutFiles(p2p::NetworkOptions& network) {
  const int wanted = MostConnections(configuration_.options);
  const size_t listeners = network.listen.size();
  const uint64_t others = WantedFiles(wanted, listeners);
  const uint64_t miners = stratum_options_ ? FilesOfStratum(*stratum_options_) : 0;
  uint64_t available = RaiseFileLimit(others + miners);
  if (stratum_options_) {
    // They get what is left by the others.
    const uint64_t left = available - std::min(available, others);
    if (Status limited = LimitFiles(left, *stratum_options_); !limited) return limited;
    available -= std::min(left, miners);
  }
  const auto shares = ShareFiles(available, wanted, listeners);
  if (!shares) return tl::unexpected(shares.error());
  most_rpc_connections_ = shares->rpc;
  if (shares->peers == wanted) return {};
  LOG_WARNING("Reducing -maxconnections from {} to {}, because of system limitations.", wanted,
              shares->peers);
  LimitConnections(shares->peers, network.protocol);
  return {};
}

Status Node::PrepareMining() {
  const Options& options = configuration_.options;
  mining::ForceScanKernel(options.GetString("minerkernel", "auto"));
  const auto limits = TemplateLimitsFrom(options);
  if (!limits) return tl::unexpected(limits.error());
  template_limits_ = *limits;
  auto miner = MinerOptionsFrom(options, configuration_.params);
  if (!miner) return tl::unexpected(miner.error());
  miner_options_ = *std::move(miner);
  if (miner_options_) miner_options_->found_folder = data_dir_.network();
  auto stratum = StratumOptionsFrom(options, configuration_.params, data_dir_.indexes());
  if (!stratum) return tl::unexpected(stratum.error());
  stratum_options_ = *std::move(stratum);
  if (stratum_options_) stratum_options_->found_folder = data_dir_.network();
  return {};
}

Status Node::StartPoolClient(std::optional<mining::PoolClientOptions> options) {
  if (!options) return {};
  options->meter = &hash_meter_;
  auto started = mining::PoolClient::Start(*std::move(options));
  if (!started) return tl::unexpected(started.error());
  pool_client_ = *std::move(started);
  return {};
}

Status Node::StartRpc() {
  const Options& options = configuration_.options;
  if (!options.GetBool("server", true)) return {};
  auto setup = RpcSetupFrom(options, configuration_.params, data_dir_.network());
  if (!setup) return tl::unexpected(setup.error());
  if (setup->cookie) cookie_.emplace(*std::move(setup->cookie));
  setup->http.max_connections = most_rpc_connections_;
  dispatcher_ = std::make_unique<rpc::Dispatcher>(rpc::AllMethods(), std::move(setup->whitelist));
  dispatcher_->SetWarmupStage("Loading block index…");
  auto authenticator = std::make_shared<const rpc::Authenticator>(std::move(setup->authenticator));
  server_ = std::make_unique<rpc::HttpServer>(
      std::move(setup->http),
      [authenticator](std::string_view header) { return authenticator->Authorize(header); },
      [this](std::string_view body, std::string_view user) {
        return dispatcher_->Handle(body, user);
      });
  return server_->Start();
}

Status Node::OpenLedger(const mempool::PolicyOptions& policy) {
  ledger::LedgerOptions options = LedgerOptionsFrom(configuration_.options, data_dir_);
  options.interrupted = [this] { return stopping_ || stop_requested_(); };
  auto opened = ledger::Ledger::Open(options, configuration_.params, clock_, workers_);
  if (!opened) return tl::unexpected(opened.error());
  ledger_ = *std::move(opened);
  warnings_.emplace(*ledger_);
  pool_ = mempool::Mempool::Open(policy, *ledger_, clock_);
  LoadFees();
  return {};
}

void Node::Serve() {
  if (dispatcher_ == nullptr) return;
  const Options& options = configuration_.options;
  context_.emplace(rpc::RpcContext{
      .clock = clock_,
      .params = configuration_.params,
      .ledger = ledger_.get(),
      .mempool = pool_.get(),
      .network = network_.get(),
      .stopping = &stopping_,
      .job_board = job_board_.get(),
      .block_version = BlockVersion(options),
      .template_limits = template_limits_,
      .last_template = &last_template_,
      .hash_meter = &hash_meter_,
      .stratum = stratum_.get(),
      .pool_client = pool_client_.get(),
      .memory = CoinMemory(options),
      .started_at = Clock::SystemNow(),
      .log_path = LogPath(options, data_dir_.network()),
      .pool_file = PoolFile(),
      .request_stop = request_stop_,
      .advance_scheduler =
          [this](int64_t seconds) {
            if (seconds >= kAnnounceAgainSeconds) network_->AnnounceUnbroadcast();
          },
      .wait_for_subscribers =
          [this] {
            ledger_->Synchronize();
            pool_->FollowTip();
            network_->Synchronize();
          },
      .warnings = [this] { return warnings_->Current(); },
  });
  dispatcher_->SetReady(*context_);
}

void Node::Import(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    if (stopping_) return;
    ledger::ImportBlocks(file, *ledger_, stopping_);
  }
  LoadPool();
  if (stopping_) return;
  if (miner_options_ || stratum_) job_board_->Watch();
  if (miner_options_) {
    miner_options_->board = job_board_.get();
    miner_options_->last_template = &last_template_;
    miner_options_->meter = &hash_meter_;
    miner_ = std::make_unique<mining::Miner>(*ledger_, clock_, *miner_options_);
  }
}

void Node::LoadFees() {
  const std::filesystem::path file = FeesFile();
  const auto bytes = ReadFile(file, kMaxFeesFile);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return;
  std::error_code problem;
  const auto written = std::filesystem::last_write_time(file, problem);
  const auto now = std::filesystem::file_time_type::clock::now();
  const bool is_recent = !problem && now - written <= kOldestFees;
  if (!is_recent && !configuration_.options.GetBool("acceptstalefeeestimates", false)) {
    LOG_INFO("{} is more than 60 hours old and not loaded", file.string());
    return;
  }
  const Status loaded = bytes ? pool_->Fees().Decode(*bytes, configuration_.params.magic)
                              : Status(tl::unexpected(bytes.error()));
  if (!loaded) LOG_WARNING("{} is not loaded: {}", file.string(), loaded.error().message);
}

void Node::LoadPool() {
  if (persists_pool_) {
    const auto report = mempool::LoadPool(*pool_, PoolFile(), configuration_.params.magic, {},
                                          clock_, [this] { return stopping_.load(); });
    if (report && report->interrupted) return;  // what is on disk is more than what is here
    if (report) {
      LOG_INFO("Loaded the mempool of the last run: {} accepted, {} refused, {} expired, {} known",
               report->accepted, report->refused, report->expired, report->known);
    } else if (report.error().code != ErrorCode::kNotFound) {
      LOG_WARNING("{} is not loaded: {}", PoolFile().string(), report.error().message);
    }
  }
  pool_->SetLoaded();
}

void Node::SavePool() {
  if (pool_ == nullptr) return;
  const Bytes fees = pool_->Fees().Encode(configuration_.params.magic);
  if (const Status saved = ReplaceFile(FeesFile(), fees); !saved) {
    LOG_WARNING("The estimates of fees are not saved: {}", saved.error().message);
  }
  if (!persists_pool_ || !pool_->Loaded()) return;
  const Status saved = mempool::SavePool(*pool_, PoolFile(), configuration_.params.magic);
  if (!saved) LOG_WARNING("The mempool is not saved: {}", saved.error().message);
}

bool Node::WantsToStop() const {
  return ledger_->ReachedStopHeight() || !ledger_->FailureReason().empty();
}

Status Node::Stop() {
  LOG_INFO("Shutdown: in progress...");
  stopping_ = true;  // long calls and the import end early
  if (importer_.joinable()) importer_.join();
  miner_.reset();
  if (server_ != nullptr) server_->Stop();
  stratum_.reset();
  pool_client_.reset();
  if (network_ != nullptr) network_->Stop();
  SavePool();
  std::string failure = ledger_->FailureReason();
  if (failure.empty()) {
    const Status flushed = ledger_->Flush();
    if (flushed) return {};
    failure = flushed.error().message;
  }
  LOG_ERROR("{}", failure);
  return Fail(ErrorCode::kIo, std::move(failure));
}

}  // namespace cairn::node
