#include "cairn/mining/pool_client.h"

#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "cairn/base/log.h"
#include "cairn/base/mutex.h"
#include "cairn/mining/nonce_scan.h"
#include "src/mining/stratum/client_connection.h"
#include "src/mining/stratum/client_miner.h"
#include "src/mining/stratum/client_plan.h"

namespace cairn::mining {
namespace {

namespace net = boost::asio;

using stratum::ClientConnection;
using stratum::ClientMiner;
using stratum::ClientPlan;
using stratum::ClientWorkPtr;
using stratum::FoundShare;
using stratum::ShareTally;

constexpr std::chrono::seconds kLogEvery{60};
constexpr size_t kMostSharesUnderway = 256;  // from the threads that hash to the network

}  // namespace

/// There is one connection that is worked for, the active one, and at most one other that is tried:
/// the first, or one to a better pool. That one becomes active when it has work.
class PoolClient::Impl {
 public:
  explicit Impl(PoolClientOptions options)
      : options_(std::move(options)),
        meter_(options_.meter != nullptr ? *options_.meter : own_meter_),
        plan_(options_.pools.size()),
        ports_(options_.pools.size()) {}
  ~Impl();

  Status Start();
  PoolInfo Info() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Link {
    size_t pool;
    std::shared_ptr<ClientConnection> connection;
  };

  Status LoadCertificates();
  void OnShare(const FoundShare& share);
  void Try(Time now);
  void Look();
  void OnChange(size_t pool);
  void OnFailure(size_t pool, const std::string& reason);
  void Move(std::optional<Link>& link, const stratum::ClientSession::Move& move, Time now);
  void Drop(std::optional<Link>& link);
  void Promote(Time now);
  void Publish();
  void Log();
  void LogLater();

  std::optional<size_t> ActivePool() const {
    return active_ ? std::optional(active_->pool) : std::nullopt;
  }

  const PoolClientOptions options_;
  HashMeter own_meter_;
  HashMeter& meter_;
  net::io_context io_{1};
  net::ssl::context tls_{net::ssl::context::tls_client};

  // On the thread of `io_`.
  ClientPlan plan_;
  std::vector<uint16_t> ports_;  // that pools have moved to; 0 for their own
  ShareTally tally_;
  uint64_t sessions_ = 0;
  std::optional<Link> active_, tried_;
  ClientWorkPtr work_;
  net::steady_timer retry_{io_}, log_timer_{io_};

  std::atomic<size_t> shares_underway_{0};
  mutable base::Mutex mutex_;
  PoolInfo info_ CAIRN_GUARDED_BY(mutex_);
  std::jthread network_;
  std::unique_ptr<ClientMiner> miner_;
};

PoolClient::Impl::~Impl() {
  miner_.reset();  // whose shares go to the network
  io_.stop();
  if (!network_.joinable()) return;
  network_.join();
  Log();
}

Status PoolClient::Impl::LoadCertificates() {
  boost::system::error_code problem;
  tls_.set_options(net::ssl::context::default_workarounds | net::ssl::context::no_tlsv1 |
                       net::ssl::context::no_tlsv1_1,
                   problem);
  if (options_.ca_file.empty()) {
    tls_.set_default_verify_paths(problem);
  } else {
    tls_.load_verify_file(options_.ca_file, problem);
  }
  if (!problem) return {};
  return Fail(ErrorCode::kIo,
              "The certificates of " + options_.ca_file + " cannot be read: " + problem.message());
}

Status PoolClient::Impl::Start() {
  if (Status loaded = LoadCertificates(); !loaded) return loaded;
  LOG_INFO("Mining for {} pool(s) with {} thread(s), kernel {}, for version rolling {}",
           options_.pools.size(), options_.threads,
           ChooseScanKernel(ScanMode::kNonceOnly).kernel->name,
           ChooseScanKernel(ScanMode::kVersionRolling).kernel->name);
  miner_ = std::make_unique<ClientMiner>(
      ClientMiner::Needs{options_.threads, meter_, [this](const auto& share) { OnShare(share); }});
  Look();
  LogLater();
  network_ = std::jthread([this] {
    log::SetThreadName("pool");
    const auto guard = net::make_work_guard(io_);
    io_.run();
  });
  return {};
}

PoolInfo PoolClient::Impl::Info() const {
  base::MutexLock lock(mutex_);
  return info_;
}

/// On a thread that hashes.
void PoolClient::Impl::OnShare(const FoundShare& share) {
  if (++shares_underway_ > kMostSharesUnderway) {
    --shares_underway_;
    return;
  }
  net::post(io_, [this, share] {
    --shares_underway_;
    if (!active_) return;
    const auto connection = active_->connection;  // which may fail, and would be gone
    connection->Submit(share);
    Publish();
  });
}

/// Tries what is due, and sees to it that the next one is tried in time.
void PoolClient::Impl::Look() {
  const Time now = std::chrono::steady_clock::now();
  Try(now);
  Publish();
  const auto next = tried_ ? std::nullopt : plan_.NextTime(ActivePool());
  if (!next) return;
  retry_.expires_at(*next);
  retry_.async_wait([this](const boost::system::error_code& problem) {
    if (!problem) Look();
  });
}

void PoolClient::Impl::Try(Time now) {
  const auto pool = tried_ ? std::nullopt : plan_.Next(ActivePool(), now);
  if (!pool) return;
  PoolAddress address = options_.pools[*pool];
  if (ports_[*pool] != 0) address.port = ports_[*pool];
  tried_ =
      Link{*pool, std::make_shared<ClientConnection>(
                      ClientConnection::Needs{
                          io_, tls_, tally_, ++sessions_, [this, pool = *pool] { OnChange(pool); },
                          [this, pool = *pool](const auto& why) { OnFailure(pool, why); }},
                      std::move(address))};
  tried_->connection->Open();
}

void PoolClient::Impl::OnChange(size_t pool) {
  const Time now = std::chrono::steady_clock::now();
  std::optional<Link>& link = ActivePool() == pool ? active_ : tried_;
  if (!link || link->pool != pool) return;
  const stratum::ClientSession& session = *link->connection->session();
  if (session.move()) return Move(link, *session.move(), now);
  if (ActivePool() != pool) {
    if (session.work() == nullptr) return;
    Promote(now);
  }
  if (session.work() != work_) {
    work_ = session.work();
    miner_->SetWork(work_);
  }
  Publish();
}

/// What was tried is worked for from now on.
void PoolClient::Impl::Promote(Time now) {
  if (active_) active_->connection->Close();
  active_ = std::exchange(tried_, std::nullopt);
  plan_.Worked(active_->pool, now);
  LOG_INFO("Mining for {}", options_.pools[active_->pool].Url());
  Look();
}

/// The pool wants to be connected to anew, perhaps before it has given any work.
void PoolClient::Impl::Move(std::optional<Link>& link, const stratum::ClientSession::Move& move,
                            Time now) {
  const size_t pool = link->pool;
  LOG_INFO("{} wants us to connect anew in {} s", options_.pools[pool].Url(), move.wait.count());
  link->connection->Close();
  if (move.port != 0) ports_[pool] = move.port;
  plan_.PutOff(pool, now, now + std::max(move.wait, ClientPlan::kFirstPause));
  Drop(link);
  Look();
}

void PoolClient::Impl::OnFailure(size_t pool, const std::string& reason) {
  const std::string url = options_.pools[pool].Url();
  LOG_WARNING("{}: {}", url, reason);
  tally_.last_error = url + ": " + reason;
  plan_.Failed(pool, std::chrono::steady_clock::now());
  ports_[pool] = 0;
  Drop(ActivePool() == pool ? active_ : tried_);
  Look();
}

/// Without the active connection there is nothing to work on.
void PoolClient::Impl::Drop(std::optional<Link>& link) {
  link.reset();
  if (active_) return;
  work_.reset();
  miner_->SetWork(nullptr);
}

void PoolClient::Impl::Publish() {
  PoolInfo info;
  info.state = active_ ? "mining" : tried_ ? "connecting" : "waiting";
  if (active_) {
    info.url = options_.pools[active_->pool].Url();
    info.user = options_.pools[active_->pool].user;
  }
  if (work_ != nullptr) {
    info.job = work_->job.job;
    info.difficulty = work_->difficulty;
    info.version_mask = stratum::HexWord(work_->version_mask.value_or(0));
  }
  info.accepted = tally_.accepted;
  info.rejected = tally_.rejected;
  info.stale = tally_.stale;
  info.accepted_difficulty = tally_.accepted_difficulty;
  info.last_error = tally_.last_error;
  base::MutexLock lock(mutex_);
  info_ = std::move(info);
}

void PoolClient::Impl::LogLater() {
  log_timer_.expires_after(kLogEvery);
  log_timer_.async_wait([this](const boost::system::error_code& problem) {
    if (problem) return;
    Log();
    LogLater();
  });
}

void PoolClient::Impl::Log() {
  const HashMeter::Rate rate = meter_.Get(std::chrono::steady_clock::now());
  LOG_INFO("Pool {}: {} MH/s, shares: {} accepted, {} rejected, {} stale, difficulty {}",
           active_ ? options_.pools[active_->pool].Url() : "not connected", rate.per_second * 1e-6,
           tally_.accepted, tally_.rejected, tally_.stale,
           work_ != nullptr ? work_->difficulty : 0);
}

PoolClient::PoolClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

PoolClient::~PoolClient() = default;

Result<std::unique_ptr<PoolClient>> PoolClient::Start(PoolClientOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (Status started = impl->Start(); !started) return tl::unexpected(started.error());
  return std::unique_ptr<PoolClient>(new PoolClient(std::move(impl)));
}

PoolInfo PoolClient::Info() const { return impl_->Info(); }

}  // namespace cairn::mining
