// The board where those who mine find their next job: a block template that was tried on the chain.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "cairn/base/clock.h"
#include "cairn/base/mutex.h"
#include "cairn/base/result.h"
#include "cairn/ledger/ledger.h"
#include "cairn/mining/block_template.h"
#include "cairn/mining/last_template.h"

namespace cairn::mining {

/// A template that would connect, whatever its nonce, and what it was made from.
struct Job {
  uint64_t number = 0;  // ascends with every job of a board
  ledger::ChainViewPtr view;
  std::vector<mempool::SelectedTransaction> transactions;  // behind the coinbase, parents first
  BlockTemplate block;
  Amount fees = 0;             // of all transactions
  uint64_t pool_sequence = 0;  // what came to the pool later is news, though it may be in here
  UnixSeconds made_at = 0;
  bool full = true;  // false: without transactions, as those are yet to be chosen

  /// The header at another time, which is no earlier than the chain allows.
  Header HeaderAt(UnixSeconds now) const;
};

using JobPtr = std::shared_ptr<const Job>;

/// When a board publishes.
struct JobBoardManner {
  /// A new tip has a job without transactions first if choosing these took longer the last time.
  std::chrono::milliseconds most_to_choose{5};
  std::chrono::milliseconds look_at_pool_every{1000};
};

/// All members may be called from any thread. A job is published only after a dry run.
class JobBoard {
 public:
  /// Ledger and clock must outlive the board, and so must the pool of the options
  /// and
  /// `last_template`, if not null, is told of each job.
  JobBoard(ledger::Ledger& ledger, const Clock& clock, TemplateOptions options,
           LastTemplate* last_template = nullptr, JobBoardManner manner = {});
  ~JobBoard();
  JobBoard(const JobBoard&) = delete;
  JobBoard& operator=(const JobBoard&) = delete;

  /// Publishes jobs by itself from here on: one at once when the tip changes (without transactions
  /// if it takes long to choose them, and another with them), then when fees have risen enough.
  /// While the chain is far behind there are none, but on chains whose coins are worth nothing.
  void Watch();

  /// The last one; null before the first.
  JobPtr Current() const;
  /// The last one if its number is above `number`, which is waited for. Null if time ran out.
  JobPtr WaitBeyond(uint64_t number, std::chrono::milliseconds patience) const;
  /// The last one if it stands on `tip`, which is waited for. Null if time ran out.
  JobPtr WaitOn(const ledger::HeaderEntry* tip, std::chrono::milliseconds patience) const;

  /// Jobs are made once the chain is up to date; on test networks at any time.
  bool WaitsForChain() const;
  uint64_t Number() const { return number_.load(std::memory_order_relaxed); }

  /// For those who ask by themselves: a full one on the present tip, made at once unless the last
  /// one is young or the pool has not changed since. An error says why the dry run failed.
  Result<JobPtr> Fresh();

 private:
  void Loop();
  template <typename Wanted>
  JobPtr WaitFor(Wanted wanted, std::chrono::milliseconds patience) const;
  void LookAtChain(const ledger::ChainViewPtr& view);
  void LookAtPool(const ledger::ChainViewPtr& view);
  bool IsFresh(const Job& job) const;
  /// What a job is to be made of, without a template yet.
  Job Choose(const ledger::ChainViewPtr& view, bool full) CAIRN_REQUIRES(making_);
  /// Makes the template. Fails with the reason of the dry run.
  Status Try(Job& job) CAIRN_REQUIRES(making_);
  Result<JobPtr> MakeAndPublish(const ledger::ChainViewPtr& view, bool full)
      CAIRN_REQUIRES(making_);
  JobPtr Publish(Job job) CAIRN_REQUIRES(making_);
  void Complain(const ledger::ChainViewPtr& view, const Error& error) const;

  ledger::Ledger& ledger_;
  const Clock& clock_;
  const TemplateOptions options_;
  LastTemplate* const last_template_;
  const JobBoardManner manner_;
  base::Mutex making_;  // one job is made at a time
  std::chrono::steady_clock::duration last_choice_ CAIRN_GUARDED_BY(making_){0};
  mutable base::Mutex mutex_;
  mutable base::CondVar published_;
  JobPtr current_ CAIRN_GUARDED_BY(mutex_);
  std::atomic<uint64_t> number_{0};
  std::atomic<bool> stop_{false};
  std::chrono::steady_clock::time_point look_at_pool_{};  // of the board's thread
  std::jthread thread_;
};

}  // namespace cairn::mining
