// Making blocks: on request (generate* RPCs) and continuously (-mine).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <thread>
#include <vector>

#include "cairn/base/clock.h"
#include "cairn/base/mutex.h"
#include "cairn/base/result.h"
#include "cairn/ledger/ledger.h"
#include "cairn/mining/block_template.h"
#include "cairn/mining/hash_meter.h"
#include "cairn/mining/job_board.h"
#include "cairn/mining/last_template.h"

namespace cairn::mining {

/// Builds, solves and submits one block on the present tip. Nothing without an error if `tries` ran
/// out or `stop` became true. With `submit` false the block is solved but not handed over.
/// `last_template`, if not null, is told of the template.
Result<BlockPtr> MineBlock(ledger::Ledger& ledger, const Clock& clock,
                           const TemplateOptions& options, uint64_t& tries, bool submit,
                           const std::atomic<bool>& stop, LastTemplate* last_template = nullptr);

struct MinerOptions {
  TemplateOptions block;
  std::chrono::seconds interval{0};  // pause between blocks, for test networks
  /// Whose jobs are mined, with another coinbase; outlives the miner. Null: blocks without
  /// transactions.
  const JobBoard* board = nullptr;
  /// How long it hashes, and how often, before it makes a new template. Another tip is seen at
  /// once.
  std::chrono::milliseconds look_every{1000};
  uint64_t tries_per_look = UINT64_MAX;
  LastTemplate* last_template = nullptr;  // told of each template; outlives the miner
  HashMeter* meter = nullptr;             // told of all hashes; outlives the miner
  size_t threads = 1;
  std::filesystem::path found_folder{};  // for blocks that the ledger cannot store; may be empty
};

class BlockSearch;

/// Mines on threads of its own until it is destroyed. Starts over when the tip changes. Each thread
/// has templates of its own, which differ in the coinbase, so that no header is tried twice.
class Miner {
 public:
  /// Ledger and clock must outlive the miner.
  Miner(ledger::Ledger& ledger, const Clock& clock, MinerOptions options);
  ~Miner();
  Miner(const Miner&) = delete;
  Miner& operator=(const Miner&) = delete;

  uint64_t blocks_found() const { return blocks_found_; }

 private:
  using Time = std::chrono::steady_clock::time_point;

  void Loop(size_t thread);
  BlockPtr Look(BlockSearch& search);
  bool IsOutdated(const ledger::HeaderEntry* tip, const Job* job) const;
  /// Nobody searches before `time`.
  void PauseUntil(Time time);
  void WaitForPause();
  void LogRate();

  ledger::Ledger& ledger_;
  const Clock& clock_;
  const MinerOptions options_;
  HashMeter own_meter_;
  HashMeter& meter_;  // the one that is to be told, or its own
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> blocks_found_{0};
  base::Mutex mutex_;
  base::CondVar stopping_;
  Time resume_at_ CAIRN_GUARDED_BY(mutex_);
  Time log_at_ CAIRN_GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_;
};

}  // namespace cairn::mining
