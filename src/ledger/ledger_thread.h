// The ledger with its thread: submissions enter a bounded inbox and are answered in order.
#pragma once

#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "cairn/base/mutex.h"
#include "cairn/ledger/ledger.h"
#include "src/ledger/bell.h"
#include "src/ledger/chain_state.h"

namespace cairn::ledger {

class LedgerThread final : public Ledger, private ChainSource {
 public:
  LedgerThread(const LedgerOptions& options, const consensus::Params& params, const Clock& clock,
               WorkerPool& workers);
  ~LedgerThread() override;

  /// Opens the store; to be called once, before anything else.
  Status Start();

  const consensus::Params& params() const override { return params_; }
  ChainViewPtr View() const override { return state_.view().Get(); }
  consensus::ProofCaches& Proofs() override { return state_.proofs(); }
  bool IsInitialBlockDownload() override;
  const HeaderEntry* Find(const BlockHash& hash) const override;
  std::future<SubmitResult> SubmitBlock(BlockPtr block) override;
  std::future<SubmitResult> SubmitRawBlock(Bytes bytes) override;
  HeadersResult SubmitHeaders(std::vector<Header> headers) override;
  std::optional<std::string> TestBlock(BlockPtr block) override;
  Result<Bytes> ReadBlock(const HeaderEntry& entry) const override;
  Result<std::vector<FoundCoin>> ReadSpentCoins(const HeaderEntry& entry) const override;
  Result<std::optional<FoundCoin>> FindCoin(const OutPoint& outpoint) override;
  bool HoldsCoin(const OutPoint& outpoint) const override { return state_.HoldsCoin(outpoint); }
  Result<CoinSet> SnapshotCoins() override;
  uint64_t CoinsOnDisk() const override { return state_.coins().DiskBytes(); }
  const IndexReader* FindIndex(std::string_view name) const override;
  std::vector<const IndexReader*> Indexes() const override;
  Status InvalidateBlock(const BlockHash& hash) override;
  Status ReconsiderBlock(const BlockHash& hash) override;
  Status PreciousBlock(const BlockHash& hash) override;
  Result<ChainCheck> VerifyChain(int level, int blocks) override;
  PruneState Pruning() const override { return state_.Pruning(); }
  Result<int> PruneTo(int height) override;
  std::vector<BranchTip> BranchTips() override;
  uint64_t SizeOnDisk() const override { return state_.blocks().DiskBytes(); }
  bool WaitForTip(const BlockHash& seen, std::chrono::milliseconds timeout) const override;
  BlockPtr WaitForBlock(const BlockPtr& seen, std::chrono::milliseconds timeout) const override;
  void Synchronize() override;
  Status Flush() override;
  std::string FailureReason() const override { return state_.failure(); }
  bool ReachedStopHeight() const override { return state_.reached_stop_height(); }
  void Stop() override;

 private:
  /// A block whose check is under way, or something else to be done in turn.
  struct Item {
    std::future<BlockCheck> check;  // invalid for a task
    std::shared_ptr<std::promise<SubmitResult>> answer;
    std::packaged_task<void()> task;

    bool IsReady() const {
      return !check.valid() || check.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }
  };

  // For the thread that builds indexes.
  int Height() const override { return View()->Height(); }
  std::optional<BlockPlace> At(int height) const override;
  Result<StoredBlock> Read(const BlockHash& hash, bool with_spent) const override;
  Status MakeDurable() override { return Flush(); }
  Result<bool> TakeOver(Index& index) override;
  void Fail(const Error& error) override;

  /// Runs a command of the ledger in turn and gives its result.
  template <typename T>
  Result<T> Command(std::function<Result<T>()> command);

  std::future<SubmitResult> Enqueue(std::function<BlockCheck()> check) CAIRN_EXCLUDES(inbox_mutex_);
  bool Push(Item item) CAIRN_EXCLUDES(inbox_mutex_);
  void Process(Item item);
  void AnswerWith(const std::shared_ptr<std::promise<SubmitResult>>& answer, SubmitResult result);
  /// Runs `function` on the ledger thread, after all that was submitted before, and waits. False if
  /// the ledger has stopped.
  bool RunInTurn(std::function<void()> function) CAIRN_EXCLUDES(inbox_mutex_);
  /// The same, but before everything that waits.
  bool RunNext(std::function<void()> function) CAIRN_EXCLUDES(inbox_mutex_);
  std::packaged_task<void()> Guarded(std::function<void()> function, bool& ran);
  void Loop();
  bool Turn();
  std::optional<Item> TakeReady() CAIRN_EXCLUDES(inbox_mutex_);
  bool IsFinished() CAIRN_EXCLUDES(inbox_mutex_);
  bool IsClosed() CAIRN_EXCLUDES(inbox_mutex_);
  void NotifyTip() CAIRN_EXCLUDES(tip_mutex_);
  uint64_t Notifications() const CAIRN_EXCLUDES(tip_mutex_);
  /// Waits for a notification that is not among `noticed`. False if it is too late or the ledger
  /// has stopped.
  bool AwaitNotification(uint64_t noticed, std::chrono::steady_clock::time_point deadline) const
      CAIRN_EXCLUDES(tip_mutex_);

  const consensus::Params& params_;
  WorkerPool& workers_;
  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();  // workers may ring it last
  mutable base::Mutex tip_mutex_;
  mutable base::CondVar tip_changed_;
  uint64_t notifications_ CAIRN_GUARDED_BY(tip_mutex_) = 0;  // of what was published
  bool stopped_ CAIRN_GUARDED_BY(tip_mutex_) = false;
  ChainState state_;
  base::Mutex inbox_mutex_;
  base::CondVar inbox_room_;
  std::deque<Item> inbox_ CAIRN_GUARDED_BY(inbox_mutex_);
  std::deque<std::packaged_task<void()>> urgent_ CAIRN_GUARDED_BY(inbox_mutex_);
  bool closed_ CAIRN_GUARDED_BY(inbox_mutex_) = false;
  std::jthread thread_;
};

}  // namespace cairn::ledger
