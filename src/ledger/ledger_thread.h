// The ledger with its thread: submissions enter a bounded inbox and are answered in order.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "cairn/base/bounded_queue.h"
#include "cairn/base/mutex.h"
#include "cairn/ledger/ledger.h"
#include "src/ledger/chain_state.h"

namespace cairn::ledger {

class LedgerThread final : public Ledger {
 public:
  LedgerThread(const LedgerOptions& options, const consensus::Params& params, const Clock& clock,
               WorkerPool& workers);
  ~LedgerThread() override;

  /// Opens the store; to be called once, before anything else.
  Status Start();

  const consensus::Params& params() const override { return params_; }
  ChainViewPtr View() const override { return state_.view().Get(); }
  bool IsInitialBlockDownload() override;
  const HeaderEntry* Find(const BlockHash& hash) const override;
  std::future<SubmitResult> SubmitBlock(BlockPtr block) override;
  std::future<SubmitResult> SubmitRawBlock(Bytes bytes) override;
  HeadersResult SubmitHeaders(std::vector<Header> headers) override;
  std::optional<std::string> TestBlock(BlockPtr block) override;
  Result<Bytes> ReadBlock(const HeaderEntry& entry) const override;
  Result<std::vector<FoundCoin>> ReadSpentCoins(const HeaderEntry& entry) const override;
  Result<std::optional<FoundCoin>> FindCoin(const OutPoint& outpoint) override;
  std::vector<BranchTip> BranchTips() override;
  uint64_t SizeOnDisk() const override { return state_.blocks().DiskBytes(); }
  bool WaitForTip(const BlockHash& seen, std::chrono::milliseconds timeout) const override;
  void Synchronize() override;
  Status Flush() override;
  std::string FailureReason() const override { return state_.failure(); }
  bool ReachedStopHeight() const override { return state_.reached_stop_height(); }
  void Stop() override;

 private:
  /// A block after the checks that need no position.
  struct Checked {
    BlockPtr block;  // null if the bytes were no block
    tl::expected<consensus::CheckedBlock, consensus::Violation> verdict;
    std::string malformed;
  };
  using Task = std::packaged_task<void()>;

  std::future<SubmitResult> Enqueue(std::function<Checked()> check);
  SubmitResult Process(std::future<Checked>& outcome);
  /// Runs `function` on the ledger thread, between blocks, and waits. False if the ledger has
  /// stopped.
  bool RunOnThread(std::function<void()> function);
  void Loop();
  void NotifyTip();

  const consensus::Params& params_;
  WorkerPool& workers_;
  ChainState state_;
  BoundedQueue<Task> inbox_;
  mutable base::Mutex tip_mutex_;
  mutable base::CondVar tip_changed_;
  uint64_t notifications_ CAIRN_GUARDED_BY(tip_mutex_) = 0;  // of what may be a new tip
  bool stopped_ CAIRN_GUARDED_BY(tip_mutex_) = false;
  std::jthread thread_;
};

}  // namespace cairn::ledger
