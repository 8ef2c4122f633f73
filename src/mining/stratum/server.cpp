#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/random.h>

#include "cairn/base/assert.h"
#include "cairn/base/bounded_queue.h"
#include "cairn/base/log.h"
#include "cairn/mining/stratum_server.h"
#include "src/mining/found_block.h"
#include "src/mining/stratum/connection.h"
#include "src/mining/stratum/job_maker.h"
#include "src/mining/stratum/share_store.h"
#include "src/mining/stratum/work.h"

namespace cairn::mining {

namespace net = boost::asio;
using net::ip::tcp;
using SocketError = boost::system::error_code;
using stratum::Connection;
using stratum::Doings;
using stratum::FoundBlock;
using stratum::ServedJobPtr;
using stratum::Session;
using stratum::ShareStore;

namespace {

constexpr std::chrono::milliseconds kPauseAfterFailedAccept{100};
constexpr std::chrono::seconds kLookEvery{1};
constexpr std::chrono::milliseconds kPatienceForJobs{200};
constexpr size_t kScratchBytes = 16 << 10;
constexpr size_t kMostFoundBlocks =
    1024;  // that wait for the ledger; only on regtest are there many

stratum::SessionSettings SettingsFrom(const StratumOptions& options, const Clock& clock) {
  stratum::SessionSettings settings;
  settings.payout = options.pplns ? stratum::PayoutRule::kPplns : stratum::PayoutRule::kSolo;
  settings.prefixes = options.prefixes;
  settings.limits.login_time = options.login_time;
  settings.clock = &clock;
  if (options.difficulty) {
    settings.vardiff.start = settings.vardiff.least = *options.difficulty;
    settings.may_exceed_block = true;
  }
  return settings;
}

/// Connections of an earlier life have other numbers, most likely.
uint32_t RandomNumber() {
  uint32_t number = 0;
  CAIRN_ASSERT(getrandom(&number, sizeof number, 0) == static_cast<ssize_t>(sizeof number));
  return number;
}

}  // namespace

/// All but what the header offers, and the threads for jobs and blocks, runs on the socket thread.
class StratumServer::Core final : public stratum::ConnectionHost {
 public:
  Core(StratumOptions options, StratumNeeds needs)
      : options_(std::move(options)),
        needs_(std::move(needs)),
        settings_(SettingsFrom(options_, needs_.clock)) {}
  ~Core();  // NOLINT(bugprone-exception-escape): as that of the server

  Status Start();
  uint16_t port() const { return port_; }
  std::vector<Worker> Workers();
  Window LastShares();
  Counts Count();

  std::span<char> Scratch() override { return scratch_; }
  void Carry(Connection& connection, Doings& doings) override;
  void OnEnded(Connection& connection) override;

 private:
  Status Bind();
  void Accept();
  void OnAccepted(const SocketError& error, tcp::socket socket);
  void MakeRoom();
  void Admit(tcp::socket socket);
  void LookAround();
  void TakeJob(ServedJobPtr job);
  void GiveJobs();
  void SubmitBlocks();
  /// Runs `work` on the socket thread and waits for it.
  template <typename Result>
  Result Ask(std::function<Result()> work);

  const StratumOptions options_;
  const StratumNeeds needs_;
  const stratum::SessionSettings settings_;

  net::io_context io_{1};
  net::executor_work_guard<net::io_context::executor_type> keep_running_{io_.get_executor()};
  tcp::acceptor acceptor_{io_};
  net::steady_timer pause_{io_};
  net::steady_timer look_{io_};
  uint16_t port_ = 0;  // constant once started
  std::unique_ptr<ShareStore> store_;

  // Of the socket thread.
  std::array<char, kScratchBytes> scratch_;
  std::map<uint64_t, std::shared_ptr<Connection>> connections_;  // the oldest first
  uint32_t first_number_ = RandomNumber();
  uint64_t next_id_ = 0;
  ServedJobPtr current_;
  bool stopping_ = false;

  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> blocks_{0};
  BoundedQueue<FoundBlock> found_{kMostFoundBlocks};
  std::jthread block_thread_;
  std::jthread job_thread_;
  std::jthread socket_thread_;
};

StratumServer::Core::~Core() {  // NOLINT(bugprone-exception-escape)
  stop_ = true;
  if (socket_thread_.joinable()) {
    net::post(io_, [this] {
      stopping_ = true;
      SocketError ignored;
      acceptor_.close(ignored);
      pause_.cancel();
      look_.cancel();
      for (const auto& [id, connection] : connections_) connection->Close();
      keep_running_.reset();
    });
    socket_thread_.join();
  }
  found_.Close();
  if (block_thread_.joinable()) block_thread_.join();
  if (job_thread_.joinable()) job_thread_.join();
  connections_.clear();
  store_.reset();  // what it tells the socket thread yet goes nowhere
}

Status StratumServer::Core::Start() {
  auto store = ShareStore::Open(options_.folder);
  if (!store) return tl::unexpected(store.error());
  store_ = *std::move(store);
  if (Status bound = Bind(); !bound) return bound;
  Accept();
  LookAround();
  block_thread_ = std::jthread([this] {
    log::SetThreadName("stratum.block");
    SubmitBlocks();
  });
  job_thread_ = std::jthread([this] {
    log::SetThreadName("stratum.job");
    GiveJobs();
  });
  socket_thread_ = std::jthread([this] {
    log::SetThreadName("stratum");
    io_.run();
  });
  return {};
}

Status StratumServer::Core::Bind() {
  SocketError error;
  tcp::resolver resolver(io_);
  const std::string port = std::to_string(options_.port);
  const auto found = resolver.resolve(options_.host, port, error);
  for (const auto& entry : found) {
    const tcp::endpoint address = entry.endpoint();
    acceptor_.close(error);
    acceptor_.open(address.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && address.protocol() == tcp::v6()) {
      acceptor_.set_option(net::ip::v6_only(false), error);
    }
    if (!error) acceptor_.bind(address, error);
    if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
    if (error) continue;
    port_ = acceptor_.local_endpoint().port();
    LOG_INFO("The Stratum server listens on {} port {}", options_.host, port_);
    return {};
  }
  return Fail(ErrorCode::kIo, "Unable to bind the Stratum server to " + options_.host + " port " +
                                  port + ": " + error.message());
}

// --- Connections ---

void StratumServer::Core::Accept() {
  acceptor_.async_accept([this](const SocketError& error, tcp::socket socket) {
    if (!stopping_) OnAccepted(error, std::move(socket));
  });
}

void StratumServer::Core::OnAccepted(const SocketError& error, tcp::socket socket) {
  if (error) {  // out of file descriptors, most likely
    LOG_WARNING("cannot accept a miner's connection: {}", error.message());
    pause_.expires_after(kPauseAfterFailedAccept);
    pause_.async_wait([this](const SocketError& cancelled) {
      if (!cancelled && !stopping_) Accept();
    });
    return;
  }
  if (connections_.size() >= options_.most_connections) MakeRoom();
  Admit(std::move(socket));
  Accept();
}

void StratumServer::Core::Admit(tcp::socket socket) {
  const uint64_t id = next_id_++;
  const auto now = std::chrono::steady_clock::now();
  Session session(settings_, current_, first_number_ + static_cast<uint32_t>(id), now);
  const auto connection =
      std::make_shared<Connection>(std::move(socket), *this, id, std::move(session), now);
  connections_.emplace(id, connection);
  LOG_DEBUG(log::kStratum, "miner {} has connected, one of {}", id, connections_.size());
  connection->Start();
}

/// Takes the place of who does least for it: who was told to go, else the oldest that is not logged
/// in, else who has had no good share for longest. Nobody keeps a place for good by what he did
/// once.
void StratumServer::Core::MakeRoom() {
  const auto merit = [](const Connection& miner) {
    const bool mines = !miner.IsClosing() && miner.KeepsPlaceUntil();
    return std::pair(!miner.IsClosing(),
                     mines ? *miner.KeepsPlaceUntil() : Connection::Time::min());
  };
  const auto least = std::min_element(
      connections_.begin(), connections_.end(),
      [&](const auto& a, const auto& b) { return merit(*a.second) < merit(*b.second); });
  if (least == connections_.end()) return;
  const std::shared_ptr<Connection> connection = least->second;
  connections_.erase(least);
  connection->Close();
}

void StratumServer::Core::OnEnded(Connection& connection) {
  LOG_DEBUG(log::kStratum, "miner {} is gone", connection.id());
  // Not at once: somebody may be going through them.
  net::post(io_, [this, id = connection.id()] { connections_.erase(id); });
}

void StratumServer::Core::LookAround() {
  look_.expires_after(kLookEvery);
  look_.async_wait([this](const SocketError& cancelled) {
    if (cancelled || stopping_) return;
    const auto now = std::chrono::steady_clock::now();
    for (const auto& [id, connection] : connections_) connection->OnTime(now);
    LookAround();
  });
}

void StratumServer::Core::Carry(Connection& connection, Doings& doings) {
  for (stratum::Share& share : doings.shares) {
    store_->Add(std::move(share), [this, id = connection.id()](bool stored) {
      net::post(io_, [this, id, stored] {
        const auto found = connections_.find(id);
        if (found != connections_.end()) found->second->OnStored(stored);
      });
    });
  }
  // Behind their shares, which the jobs on top of them are to know; that takes no time.
  for (FoundBlock& block : doings.blocks) {
    LOG_INFO("Worker {} found a block at height {}", block.worker, block.job->block->height);
    found_.Push(std::move(block));
  }
  for (stratum::RefusedShare& refused : doings.refused) {
    store_->CountRefused(std::move(refused.worker), refused.reason);
  }
}

// --- Jobs and blocks ---

void StratumServer::Core::TakeJob(ServedJobPtr job) {
  current_ = std::move(job);
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [id, connection] : connections_) connection->OnJob(now);
}

void StratumServer::Core::GiveJobs() {
  stratum::JobMaker maker(options_.pplns, *store_);
  while (!stop_) {
    const auto job = needs_.next_job(maker.last_number(), kPatienceForJobs);
    ServedJobPtr served = maker.Make(job, needs_.clock.Now(), std::chrono::steady_clock::now());
    if (served == nullptr) continue;
    net::post(io_, [this, served = std::move(served)]() mutable { TakeJob(std::move(served)); });
  }
}

void StratumServer::Core::SubmitBlocks() {
  while (std::optional<FoundBlock> found = found_.Pop()) {
    const BlockHash hash = found->header.Hash();
    Bytes bytes = BlockOf(*found->job, found->header, found->coinbase);
    const ledger::SubmitResult result = needs_.submit_block(std::move(bytes)).get();
    switch (result.outcome) {
      case ledger::BlockOutcome::kConnected:
        ++blocks_;
        LOG_INFO("Block {} of worker {} is the new tip", hash, found->worker);
        break;
      case ledger::BlockOutcome::kStored:
        ++blocks_;
        LOG_INFO("Block {} of worker {} came too late to be the tip", hash, found->worker);
        break;
      case ledger::BlockOutcome::kDuplicate: break;
      case ledger::BlockOutcome::kFailed:
        bytes = BlockOf(*found->job, found->header, std::move(found->coinbase));
        KeepFoundBlock(options_.found_folder, hash, bytes, result.reason);
        break;
      default:
        LOG_WARNING("Block {} of worker {} was refused: {}", hash, found->worker, result.reason);
    }
  }
}

// --- Questions ---

template <typename Result>
Result StratumServer::Core::Ask(std::function<Result()> work) {
  std::packaged_task<Result()> task(std::move(work));
  std::future<Result> answer = task.get_future();
  net::post(io_, std::move(task));
  return answer.get();
}

std::vector<StratumServer::Worker> StratumServer::Core::Workers() {
  struct Presence {
    size_t connections = 0;
    double difficulty = 0;
  };
  using Presences = std::unordered_map<std::string, Presence>;
  const auto present = Ask<Presences>([this] {
    Presences found;
    for (const auto& [id, connection] : connections_) {
      for (const std::string& name : connection->session().WorkerNames()) {
        ++found[name].connections;
        found[name].difficulty = connection->session().difficulty();
      }
    }
    return found;
  });
  std::vector<Worker> workers;
  store_->Synchronize();  // who was just refused is to see it
  for (WorkerTotals& totals : store_->Workers()) {
    Worker worker{.totals = std::move(totals)};
    const auto found = present.find(worker.totals.name);
    if (found != present.end()) {
      worker.connections = found->second.connections;
      worker.share_difficulty = found->second.difficulty;
    }
    workers.push_back(std::move(worker));
  }
  return workers;
}

StratumServer::Window StratumServer::Core::LastShares() {
  const auto job = Ask<ServedJobPtr>([this] { return current_; });
  const U256 wanted = job == nullptr ? U256() : stratum::WindowOf(*job->block);
  const ShareStore::Window shares = store_->LastShares(wanted);
  Window window;
  window.pplns = options_.pplns;
  window.wanted = stratum::DifficultyOfWork(wanted);
  window.difficulty = stratum::DifficultyOfWork(shares.work);
  window.shares = shares.shares;
  window.stored = shares.stored;
  for (const stratum::Payee& payee : stratum::Ranked(shares.payees)) {
    window.payees.push_back({EncodeAddress(payee.script, options_.prefixes).value_or(""),
                             stratum::DifficultyOfWork(payee.work)});
  }
  return window;
}

StratumServer::Counts StratumServer::Core::Count() {
  return Ask<Counts>([this] {
    Counts counts{.connections = connections_.size(), .miners = 0, .blocks = blocks_};
    for (const auto& [id, connection] : connections_)
      counts.miners += connection->session().Mines();
    return counts;
  });
}

StratumServer::StratumServer(std::unique_ptr<Core> core) : core_(std::move(core)) {}
StratumServer::~StratumServer() = default;  // NOLINT(bugprone-exception-escape)

Result<std::unique_ptr<StratumServer>> StratumServer::Start(StratumOptions options,
                                                            StratumNeeds needs) {
  auto core = std::make_unique<Core>(std::move(options), std::move(needs));
  if (Status started = core->Start(); !started) return tl::unexpected(started.error());
  return std::unique_ptr<StratumServer>(new StratumServer(std::move(core)));
}

uint16_t StratumServer::port() const { return core_->port(); }
std::vector<StratumServer::Worker> StratumServer::Workers() const { return core_->Workers(); }
StratumServer::Window StratumServer::LastShares() const { return core_->LastShares(); }
StratumServer::Counts StratumServer::Count() const { return core_->Count(); }

}  // namespace cairn::mining
