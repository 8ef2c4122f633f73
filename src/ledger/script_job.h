// The scripts of a whole block, run on the workers while the ledger's thread goes on.
//
// Signatures are put off by the deferring verifier and verified in batches; an input whose
// optimistic run was not the true one is run again exactly. So the verdict is that of exact runs.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cairn/base/mutex.h"
#include "cairn/base/worker_pool.h"
#include "cairn/primitives/block.h"
#include "cairn/primitives/coin.h"
#include "consensus/script/flags.h"
#include "consensus/script/optimistic.h"
#include "consensus/script/script_cache.h"
#include "consensus/sighash/midstates.h"
#include "consensus/verdict.h"
#include "src/ledger/coin_overlay.h"

namespace cairn::ledger {

/// What signature verification cost so far. From any thread.
struct VerificationMeter {
  bool enabled = false;  // measuring asks the thread's clock around every batch; set before use
  std::atomic<uint64_t> signatures{0};
  std::atomic<uint64_t> nanoseconds{0};  // CPU time
};

class ScriptJob : public std::enable_shared_from_this<ScriptJob> {
 public:
  /// `coins` are those of all inputs, none of them null. Transactions that `proven` knows are
  /// passed over; null: none is. It and `meter` must live until the job is done. `on_done` may be
  /// null; it is called once, on the thread that finishes last.
  ScriptJob(BlockPtr block, std::shared_ptr<const SpentCoins> coins, consensus::ScriptFlags flags,
            const consensus::ScriptCache* proven, VerificationMeter& meter,
            std::function<void()> on_done);

  /// Puts the work before the workers.
  void Start(WorkerPool& workers);

  bool IsDone() const { return done_.load(std::memory_order_acquire); }
  /// Waits until it is done.
  void Wait() CAIRN_EXCLUDES(mutex_);
  /// Of several violations, the first in block order. To be asked when done.
  const consensus::Verdict& verdict() const { return verdict_; }

  /// Why there is no verdict, if memory ran out on the way; else empty. To be asked when done.
  const std::string& breakdown() const { return breakdown_; }

  /// Makes what is left of the work end early; the verdict is then without meaning.
  void Abandon() { abandoned_ = true; }

 private:
  /// Some inputs of one transaction.
  struct Unit {
    uint32_t transaction;
    uint32_t first_input;
    uint32_t inputs;
  };
  /// What the units of one transaction share; made by the first that needs it.
  struct Shared {
    std::once_flag once;
    std::vector<TxOut> spent;
    std::unique_ptr<consensus::TransactionMidstates> midstates;
  };

  void CutIntoUnits(const consensus::ScriptCache* proven);
  void Work();
  void RunUnit(const Unit& unit, consensus::OptimisticRuns& runs);
  void Settle(consensus::OptimisticRuns& runs);
  /// Keeps what `function` throws, which means that memory ran out, from ending the process.
  template <typename Function>
  void Guard(Function function) CAIRN_EXCLUDES(mutex_);
  const consensus::TransactionMidstates& MidstatesOf(uint32_t transaction);
  void Report(const consensus::Violation& violation) CAIRN_EXCLUDES(mutex_);
  void Finish(size_t units) CAIRN_EXCLUDES(mutex_);

  const BlockPtr block_;
  const std::shared_ptr<const SpentCoins> coins_;
  const consensus::ScriptFlags flags_;
  VerificationMeter& meter_;
  std::function<void()> on_done_;
  std::vector<Unit> units_;
  std::vector<size_t> coins_at_;  // of each transaction's first input
  std::vector<Shared> shared_;    // by transaction
  std::atomic<size_t> next_unit_{0};
  std::atomic<bool> abandoned_{false};
  std::atomic<uint32_t> failed_transaction_{UINT32_MAX};
  base::Mutex mutex_;
  base::CondVar finished_;
  size_t units_done_ CAIRN_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> done_{false};
  consensus::Verdict verdict_;  // these two are guarded by mutex_ until done
  std::string breakdown_;
};

}  // namespace cairn::ledger
