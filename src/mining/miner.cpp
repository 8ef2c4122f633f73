#include "cairn/mining/miner.h"

#include <algorithm>
#include <utility>

#include "cairn/base/log.h"
#include "cairn/mining/solver.h"

namespace cairn::mining {
namespace {

// How many hashes pass before a miner looks for a new tip.
constexpr uint64_t kTriesPerLook = 1 << 20;
constexpr std::chrono::seconds kPauseAfterFailure{1};

}  // namespace

Result<BlockPtr> MineBlock(ledger::Ledger& ledger, const Clock& clock,
                           const TemplateOptions& options, uint64_t& tries, bool submit,
                           const std::atomic<bool>& stop) {
  BlockTemplate job = BuildTemplate(*ledger.View(), options, clock.Now());
  Header header = job.header;
  SolveOutcome outcome = Solve(header, tries, stop);
  while (outcome == SolveOutcome::kNoncesUsedUp) {
    // Another time may ask for another target: the template is made anew.
    job = BuildTemplate(*ledger.View(), options, std::max(clock.Now(), int64_t{header.time} + 1));
    header = job.header;
    outcome = Solve(header, tries, stop);
  }
  if (outcome != SolveOutcome::kSolved) return BlockPtr();
  BlockPtr block = job.Finish(header);
  if (!submit) return block;
  const ledger::SubmitResult result = ledger.SubmitBlock(block).get();
  switch (result.outcome) {
    case ledger::BlockOutcome::kConnected:
    case ledger::BlockOutcome::kStored:  // another block came first
    case ledger::BlockOutcome::kDuplicate: return block;
    default: return Fail(ErrorCode::kInvalid, result.reason);
  }
}

Miner::Miner(ledger::Ledger& ledger, const Clock& clock, MinerOptions options)
    : ledger_(ledger), clock_(clock), options_(std::move(options)) {
  thread_ = std::jthread([this] { Loop(); });
}

Miner::~Miner() {
  {
    base::MutexLock lock(mutex_);
    stop_ = true;
    stopping_.NotifyAll();
  }
  thread_.join();
}

void Miner::Loop() {
  log::SetThreadName("miner");
  while (!stop_) {
    uint64_t tries = kTriesPerLook;
    const auto block = MineBlock(ledger_, clock_, options_.block, tries, true, stop_);
    if (!block) {
      LOG_WARNING("A mined block was refused: {}", block.error().message);
      Pause(kPauseAfterFailure);
      continue;
    }
    if (*block == nullptr) continue;
    ++blocks_found_;
    LOG_INFO("Mined block {}", (*block)->hash());
    Pause(options_.interval);
  }
}

void Miner::Pause(std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  base::MutexLock lock(mutex_);
  while (!stop_) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) return;
    stopping_.WaitFor(mutex_, left);
  }
}

}  // namespace cairn::mining
