// Making blocks: on request (generate* RPCs) and continuously (-mine).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "cairn/base/clock.h"
#include "cairn/base/mutex.h"
#include "cairn/base/result.h"
#include "cairn/ledger/ledger.h"
#include "cairn/mining/block_template.h"
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
  std::chrono::seconds interval{0};       // pause between blocks, for test networks
  uint64_t tries_per_look = 1u << 20;     // how many hashes pass before it looks for a new tip
  LastTemplate* last_template = nullptr;  // told of each template; outlives the miner
};

/// Mines on a thread of its own until it is destroyed. Starts over when the tip changes.
class Miner {
 public:
  /// Ledger and clock must outlive the miner.
  Miner(ledger::Ledger& ledger, const Clock& clock, MinerOptions options);
  ~Miner();
  Miner(const Miner&) = delete;
  Miner& operator=(const Miner&) = delete;

  uint64_t blocks_found() const { return blocks_found_; }

 private:
  void Loop();
  void Pause(std::chrono::milliseconds time);

  ledger::Ledger& ledger_;
  const Clock& clock_;
  const MinerOptions options_;
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> blocks_found_{0};
  base::Mutex mutex_;
  base::CondVar stopping_;
  std::jthread thread_;
};

}  // namespace cairn::mining
