#include "cairn/mining/miner.h"

#include <utility>

#include "cairn/base/log.h"
#include "cairn/mining/block_search.h"

namespace cairn::mining {
namespace {

constexpr std::chrono::seconds kPauseAfterFailure{1};

/// Gives the block back unless the ledger refuses it.
Result<BlockPtr> Submit(ledger::Ledger& ledger, BlockPtr block) {
  const ledger::SubmitResult result = ledger.SubmitBlock(block).get();
  switch (result.outcome) {
    case ledger::BlockOutcome::kConnected:
    case ledger::BlockOutcome::kStored:  // another block came first
    case ledger::BlockOutcome::kDuplicate: return block;
    default: return Fail(ErrorCode::kInvalid, result.reason);
  }
}

}  // namespace

Result<BlockPtr> MineBlock(ledger::Ledger& ledger, const Clock& clock,
                           const TemplateOptions& options, uint64_t& tries, bool submit,
                           const std::atomic<bool>& stop, LastTemplate* last_template) {
  BlockSearch search(options, last_template);
  BlockPtr block = search.Continue(*ledger.View(), clock.Now(), tries, stop);
  if (block == nullptr || !submit) return block;
  return Submit(ledger, std::move(block));
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
  BlockSearch search(options_.block, options_.last_template);
  while (!stop_) {
    uint64_t tries = options_.tries_per_look;
    BlockPtr found = search.Continue(*ledger_.View(), clock_.Now(), tries, stop_);
    if (found == nullptr) continue;
    const auto block = Submit(ledger_, std::move(found));
    if (!block) {
      LOG_WARNING("A mined block was refused: {}", block.error().message);
      Pause(kPauseAfterFailure);
      continue;
    }
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
