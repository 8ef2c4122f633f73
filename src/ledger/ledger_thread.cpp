#include "src/ledger/ledger_thread.h"

#include <exception>
#include <utility>

#include "cairn/base/log.h"
#include "src/ledger/undo.h"

namespace cairn::ledger {
namespace {

// Blocks that may wait in memory. Whoever submits more waits, and so does the peer behind.
constexpr size_t kInboxCapacity = 32;

template <typename T>
std::future<T> Ready(T value) {
  std::promise<T> promise;
  promise.set_value(std::move(value));
  return promise.get_future();
}

SubmitResult StoppedResult() {
  SubmitResult result;
  result.outcome = BlockOutcome::kFailed;
  result.reason = "the ledger has stopped";
  return result;
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::Open(const LedgerOptions& options,
                                             const consensus::Params& params, const Clock& clock,
                                             WorkerPool& workers) {
  auto ledger = std::make_unique<LedgerThread>(options, params, clock, workers);
  if (const Status started = ledger->Start(); !started) return tl::unexpected(started.error());
  return ledger;
}

LedgerThread::LedgerThread(const LedgerOptions& options, const consensus::Params& params,
                           const Clock& clock, WorkerPool& workers)
    : params_(params),
      workers_(workers),
      state_(options, params, clock, workers),
      inbox_(kInboxCapacity) {}

LedgerThread::~LedgerThread() {
  Stop();
  if (!thread_.joinable()) return;
  thread_.join();
  if (!state_.failure().empty()) return;
  if (const Status flushed = state_.Flush(); !flushed) state_.Fail(flushed.error());
}

Status LedgerThread::Start() {
  if (Status opened = state_.Open(); !opened) return opened;
  NotifyTip();
  thread_ = std::jthread([this] { Loop(); });
  return {};
}

void LedgerThread::Loop() {
  log::SetThreadName("ledger");
  while (std::optional<Task> task = inbox_.Pop()) (*task)();
}

void LedgerThread::NotifyTip() {
  base::MutexLock lock(tip_mutex_);
  ++notifications_;
  tip_changed_.NotifyAll();
}

void LedgerThread::Stop() {
  state_.Interrupt();
  {
    base::MutexLock lock(tip_mutex_);
    stopped_ = true;
    tip_changed_.NotifyAll();
  }
  inbox_.Close();
}

bool LedgerThread::IsInitialBlockDownload() { return state_.IsInitialDownload(*View()->tip); }

const HeaderEntry* LedgerThread::Find(const BlockHash& hash) const {
  return state_.tree().Find(hash);
}

// A check holds the params, not the ledger: a worker may still be at it when the ledger is gone.
std::future<SubmitResult> LedgerThread::SubmitBlock(BlockPtr block) {
  return Enqueue([&params = params_, block = std::move(block)] {
    return Checked{block, consensus::CheckBlock(block, params), {}};
  });
}

std::future<SubmitResult> LedgerThread::SubmitRawBlock(Bytes bytes) {
  const auto shared = std::make_shared<Bytes>(std::move(bytes));
  return Enqueue([&params = params_, shared]() -> Checked {
    auto block = Block::Parse(std::move(*shared));
    if (!block) return {nullptr, tl::unexpected(consensus::Violation{}), block.error().message};
    return {*block, consensus::CheckBlock(*block, params), {}};
  });
}

std::future<SubmitResult> LedgerThread::Enqueue(std::function<Checked()> check) {
  // The place in the queue is taken at once; the worker's result is waited for only when it is the
  // block's turn, so checks of many blocks overlap and their order stays.
  const auto checked = std::make_shared<std::packaged_task<Checked()>>(std::move(check));
  const auto answer = std::make_shared<std::promise<SubmitResult>>();
  std::future<SubmitResult> future = answer->get_future();
  const auto outcome = std::make_shared<std::future<Checked>>(checked->get_future());
  workers_.Run([checked] { (*checked)(); });
  Task task([this, outcome, answer] {
    SubmitResult result = Process(*outcome);
    NotifyTip();  // whoever has the answer must not be woken by the tip that it tells of
    answer->set_value(std::move(result));
  });
  if (!inbox_.Push(std::move(task))) return Ready(StoppedResult());
  return future;
}

/// An exception here means that memory ran out in mid-change: what is in memory can no longer be
/// trusted, so the ledger stops without writing it.
SubmitResult LedgerThread::Process(std::future<Checked>& outcome) try {
  const Checked checked = outcome.get();
  if (checked.block == nullptr) {
    SubmitResult result;
    result.outcome = BlockOutcome::kMalformed;
    result.reason = checked.malformed;
    return result;
  }
  SubmitResult result = checked.verdict
                            ? state_.AcceptBlock(*checked.verdict)
                            : state_.RefuseBlock(*checked.block, checked.verdict.error());
  state_.PublishIfStale();
  return result;
} catch (const std::exception& error) {
  state_.Fail({ErrorCode::kIo, std::string("a block could not be processed: ") + error.what()});
  SubmitResult result = StoppedResult();
  result.reason = state_.failure();
  return result;
}

bool LedgerThread::RunOnThread(std::function<void()> function) {
  bool ran = false;
  Task task([this, &ran, function = std::move(function)] {
    try {
      function();
      ran = true;
    } catch (const std::exception& error) {
      state_.Fail(
          {ErrorCode::kIo, std::string("a request could not be processed: ") + error.what()});
    }
  });
  std::future<void> done = task.get_future();
  if (!inbox_.Push(std::move(task))) return false;
  done.wait();
  return ran;
}

HeadersResult LedgerThread::SubmitHeaders(std::vector<Header> headers) {
  HeadersResult result;
  Bytes raw;
  for (const Header& header : headers) Append(raw, header.Serialize());
  const std::vector<BlockHash> hashes = HashHeaders(raw);
  const bool ran = RunOnThread([&] {
    for (size_t i = 0; i < headers.size(); ++i) {
      const SubmitResult one = state_.AcceptHeader(headers[i], hashes[i]);
      if (one.outcome != BlockOutcome::kStored && one.outcome != BlockOutcome::kDuplicate) {
        result.reason = one.reason;
        break;
      }
      ++result.accepted;
      result.last = one.entry;
    }
    state_.PublishIfStale();
  });
  if (!ran) result.reason = StoppedResult().reason;
  return result;
}

std::optional<std::string> LedgerThread::TestBlock(BlockPtr block) {
  std::optional<std::string> reason = StoppedResult().reason;
  RunOnThread([&] { reason = state_.TestBlock(block); });
  return reason;
}

Result<Bytes> LedgerThread::ReadBlock(const HeaderEntry& entry) const {
  if (!entry.HasBody())
    return Fail(ErrorCode::kNotFound, "Block not available (not fully downloaded)");
  return state_.blocks().ReadBody(entry.body_sequence);
}

Result<std::vector<FoundCoin>> LedgerThread::ReadSpentCoins(const HeaderEntry& entry) const {
  if (entry.undo_sequence == 0) return Fail(ErrorCode::kNotFound, "Undo data not available");
  const auto undo = state_.blocks().ReadUndo(entry.undo_sequence);
  if (!undo) return tl::unexpected(undo.error());
  auto coins = DecodeUndo(entry.hash, *undo);
  if (!coins) return Fail(ErrorCode::kCorruption, "Undo data is damaged");
  std::vector<FoundCoin> found;
  found.reserve(coins->size());
  for (storage::StoredCoin& coin : *coins) {
    found.push_back({coin.value, coin.height, coin.coinbase, std::move(coin.script), nullptr});
  }
  return found;
}

Result<std::optional<FoundCoin>> LedgerThread::FindCoin(const OutPoint& outpoint) {
  Result<std::optional<FoundCoin>> found = Fail(ErrorCode::kStopped, StoppedResult().reason);
  RunOnThread([&] { found = state_.FindCoin(outpoint); });
  return found;
}

std::vector<BranchTip> LedgerThread::BranchTips() {
  std::vector<BranchTip> tips;
  RunOnThread([&] { tips = state_.BranchTips(); });
  return tips;
}

bool LedgerThread::WaitForTip(const BlockHash& seen, std::chrono::milliseconds timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  uint64_t noticed = 0;
  while (true) {
    // The view decides, not the notification: what a caller has seen there is no news.
    if (View()->tip->hash != seen) return true;
    base::MutexLock lock(tip_mutex_);
    while (notifications_ == noticed && !stopped_) {
      const auto left = deadline - std::chrono::steady_clock::now();
      if (left <= left.zero()) return false;
      tip_changed_.WaitFor(tip_mutex_, left);
    }
    if (stopped_) return false;
    noticed = notifications_;
  }
}

void LedgerThread::Synchronize() {
  RunOnThread([] {});
}

Status LedgerThread::Flush() {
  Status status = Fail(ErrorCode::kStopped, StoppedResult().reason);
  RunOnThread([&] {
    status = state_.Flush();
    if (!status) state_.Fail(status.error());
  });
  return status;
}

}  // namespace cairn::ledger
