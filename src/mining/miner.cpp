#include "cairn/mining/miner.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "cairn/base/log.h"
#include "cairn/mining/block_search.h"
#include "cairn/mining/nonce_scan.h"
#include "src/mining/found_block.h"

namespace cairn::mining {
namespace {

constexpr std::chrono::seconds kPauseAfterFailure{1};
constexpr std::chrono::milliseconds kPatience{100};  // with the board, before it looks around
constexpr std::chrono::seconds kLogEvery{60};

/// Gives the block back unless the ledger refuses it (`kInvalid`) or cannot store it (`kIo`).
Result<BlockPtr> Submit(ledger::Ledger& ledger, BlockPtr block) {
  const ledger::SubmitResult result = ledger.SubmitBlock(block).get();
  switch (result.outcome) {
    case ledger::BlockOutcome::kConnected:
    case ledger::BlockOutcome::kStored:  // another block came first
    case ledger::BlockOutcome::kDuplicate: return block;
    case ledger::BlockOutcome::kFailed: return Fail(ErrorCode::kIo, result.reason);
    default: return Fail(ErrorCode::kInvalid, result.reason);
  }
}

}  // namespace

Result<BlockPtr> MineBlock(ledger::Ledger& ledger, const Clock& clock,
                           const TemplateOptions& options, uint64_t& tries, bool submit,
                           const std::atomic<bool>& stop, LastTemplate* last_template) {
  BlockSearch search(options, last_template);
  const ledger::ChainViewPtr view = ledger.View();
  const auto transactions = SelectTransactions(*view, options);
  BlockPtr block = search.Continue(*view, transactions, clock.Now(), tries, stop);
  if (block == nullptr || !submit) return block;
  return Submit(ledger, std::move(block));
}

Miner::Miner(ledger::Ledger& ledger, const Clock& clock, MinerOptions options)
    : ledger_(ledger),
      clock_(clock),
      options_(std::move(options)),
      meter_(options_.meter != nullptr ? *options_.meter : own_meter_) {
  const Time now = std::chrono::steady_clock::now();
  meter_.Start(now);
  {
    base::MutexLock lock(mutex_);
    log_at_ = now + kLogEvery;
  }
  LOG_INFO("Mining with {} thread(s), kernel {}, for version rolling {}", options_.threads,
           ChooseScanKernel(ScanMode::kNonceOnly).kernel->name,
           ChooseScanKernel(ScanMode::kVersionRolling).kernel->name);
  if (options_.board != nullptr && options_.board->WaitsForChain()) {
    LOG_INFO(
        "Mining waits until the chain is up to date (a chain of your own whose last block is old: "
        "-maxtipage)");
  }
  for (size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this, i] { Loop(i); });
  }
}

Miner::~Miner() {
  {
    base::MutexLock lock(mutex_);
    stop_ = true;
    stopping_.NotifyAll();
  }
  threads_.clear();  // joins them
  const HashMeter::Rate rate = meter_.Get(std::chrono::steady_clock::now());
  LOG_INFO("Mined {} block(s) with {} hashes, {} MH/s", blocks_found(), rate.hashes,
           rate.since_start * 1e-6);
}

void Miner::Loop(size_t thread) {
  log::SetThreadName(thread == 0 ? "miner" : "miner." + std::to_string(thread));
  TemplateOptions block = options_.block;
  if (thread > 0) block.extra_nonce = static_cast<uint32_t>(thread);
  BlockSearch search(std::move(block), options_.last_template,
                     {.roll_versions = true, .idle_priority = true});
  while (!stop_) {
    WaitForPause();
    BlockPtr found = Look(search);
    LogRate();
    if (found == nullptr) continue;
    // Before the tip moves, or another thread would go on at once.
    PauseUntil(std::chrono::steady_clock::now() + options_.interval);
    const auto submitted = Submit(ledger_, found);
    if (!submitted) {
      const std::string& reason = submitted.error().message;
      if (submitted.error().code == ErrorCode::kIo) {
        KeepFoundBlock(options_.found_folder, found->hash(), found->bytes(), reason);
      } else {
        LOG_WARNING("A mined block was refused: {}", reason);
      }
      PauseUntil(std::chrono::steady_clock::now() + kPauseAfterFailure);
      continue;
    }
    ++blocks_found_;
    LOG_INFO("Mined block {}", (*submitted)->hash());
  }
}

bool Miner::IsOutdated(const ledger::HeaderEntry* tip, const Job* job) const {
  return ledger_.View()->tip != tip || (job != nullptr && options_.board->Number() != job->number);
}

/// Searches until it has found a block, or there is a reason to make a new template.
BlockPtr Miner::Look(BlockSearch& search) {
  const ledger::ChainViewPtr view = ledger_.View();
  JobPtr job;
  if (options_.board != nullptr) {
    job = options_.board->WaitOn(view->tip, kPatience);
    if (job == nullptr) return nullptr;
  }
  const auto transactions = job != nullptr ? std::span(job->transactions)
                                           : std::span<const mempool::SelectedTransaction>();
  std::optional<Time> end;  // counted from the first hash, however long the template takes
  const StopCheck stop([&] {
    const Time now = std::chrono::steady_clock::now();
    if (!end) end = now + options_.look_every;
    return stop_.load(std::memory_order_relaxed) || now >= *end || IsOutdated(view->tip, job.get());
  });
  uint64_t tries = options_.tries_per_look;
  BlockPtr found = search.Continue(*view, transactions, clock_.Now(), tries, stop);
  meter_.Add(options_.tries_per_look - tries, std::chrono::steady_clock::now());
  return found;
}

void Miner::PauseUntil(Time time) {
  base::MutexLock lock(mutex_);
  resume_at_ = std::max(resume_at_, time);
}

void Miner::WaitForPause() {
  base::MutexLock lock(mutex_);
  while (!stop_) {
    const auto left = resume_at_ - std::chrono::steady_clock::now();
    if (left <= left.zero()) return;
    stopping_.WaitFor(mutex_, left);
  }
}

void Miner::LogRate() {
  const Time now = std::chrono::steady_clock::now();
  {
    base::MutexLock lock(mutex_);
    if (now < log_at_) return;
    log_at_ = now + kLogEvery;
  }
  LOG_INFO("Mining at {} MH/s", meter_.Get(now).per_second * 1e-6);
}

}  // namespace cairn::mining
