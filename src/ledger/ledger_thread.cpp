#include "src/ledger/ledger_thread.h"

#include <exception>
#include <utility>

#include "cairn/base/log.h"

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
      state_(options, params, clock, workers,
             {[bell = bell_] { bell->Ring(); }, [this] { NotifyTip(); }}) {}

LedgerThread::~LedgerThread() {
  Stop();
  if (!thread_.joinable()) return;
  state_.indexes().Stop();
  thread_.join();
  if (!state_.failure().empty()) return;
  static_cast<void>(state_.Flush());  // what fails is in the log
  const VerificationMeter& meter = state_.meter();
  LOG_DEBUG(log::kBench, "signatures verified={} cpu_seconds={}", meter.signatures.load(),
            std::to_string(static_cast<double>(meter.nanoseconds) / 1e9));
}

Status LedgerThread::Start() {
  if (Status opened = state_.Open(); !opened) return opened;
  NotifyTip();
  thread_ = std::jthread([this] { Loop(); });
  if (!state_.indexes().empty()) state_.indexes().Start(*this, workers_);
  return {};
}

void LedgerThread::Loop() {
  log::SetThreadName("ledger");
  while (true) {
    const uint64_t rung = bell_->Count();
    if (Turn()) continue;
    if (IsFinished()) break;
    bell_->WaitSince(rung);
  }
  state_.DropStaged();
}

/// True once nothing more can come and all that came has been dealt with.
bool LedgerThread::IsFinished() {
  base::MutexLock lock(inbox_mutex_);
  return closed_ && inbox_.empty() && urgent_.empty();
}

/// Does one thing, if there is one that can be done.
bool LedgerThread::Turn() try {
  state_.SettleReady();
  std::optional<Item> item = TakeReady();
  if (!item) return false;
  Process(*std::move(item));
  return true;
} catch (const std::exception& error) {
  // Memory ran out in mid-change: what is in memory can no longer be trusted, so the ledger stops
  // without writing it.
  state_.Fail({ErrorCode::kIo, std::string("a block could not be processed: ") + error.what()});
  state_.DropStaged();
  return true;
}

std::optional<LedgerThread::Item> LedgerThread::TakeReady() {
  base::MutexLock lock(inbox_mutex_);
  Item item;
  if (!urgent_.empty()) {
    item.task = std::move(urgent_.front());
    urgent_.pop_front();
    return item;
  }
  if (inbox_.empty() || !inbox_.front().IsReady()) return std::nullopt;
  item = std::move(inbox_.front());
  inbox_.pop_front();
  inbox_room_.NotifyOne();
  return item;
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
  {
    base::MutexLock lock(inbox_mutex_);
    closed_ = true;
    inbox_room_.NotifyAll();
  }
  bell_->Ring();
}

bool LedgerThread::IsInitialBlockDownload() { return state_.IsInitialDownload(*View()->tip); }

const HeaderEntry* LedgerThread::Find(const BlockHash& hash) const {
  return state_.tree().Find(hash);
}

std::future<SubmitResult> LedgerThread::SubmitBlock(BlockPtr block) {
  return Enqueue([this, block = std::move(block)] { return state_.Check(block); });
}

std::future<SubmitResult> LedgerThread::SubmitRawBlock(Bytes bytes) {
  const auto shared = std::make_shared<Bytes>(std::move(bytes));
  return Enqueue([this, shared] { return state_.Check(Block::Parse(std::move(*shared))); });
}

std::future<SubmitResult> LedgerThread::Enqueue(std::function<BlockCheck()> check) {
  // The place in the queue is taken at once; the worker's result is waited for only when it is the
  // block's turn, so checks of many blocks overlap and their order stays.
  const auto checking = std::make_shared<std::packaged_task<BlockCheck()>>(std::move(check));
  Item item;
  item.check = checking->get_future();
  item.answer = std::make_shared<std::promise<SubmitResult>>();
  std::future<SubmitResult> future = item.answer->get_future();
  if (!Push(std::move(item))) return Ready(StoppedResult());
  workers_.Run([bell = bell_, checking] {
    (*checking)();
    bell->Ring();
  });
  return future;
}

bool LedgerThread::IsClosed() {
  base::MutexLock lock(inbox_mutex_);
  return closed_;
}

bool LedgerThread::Push(Item item) {
  {
    base::MutexLock lock(inbox_mutex_);
    while (inbox_.size() >= kInboxCapacity && !closed_) inbox_room_.Wait(inbox_mutex_);
    if (closed_) return false;
    inbox_.push_back(std::move(item));
  }
  bell_->Ring();
  return true;
}

void LedgerThread::Process(Item item) {
  if (!item.check.valid()) return item.task();
  try {
    const BlockCheck checked = item.check.get();
    const auto answer = [this, promise = item.answer](SubmitResult result) {
      AnswerWith(promise, std::move(result));
    };
    if (checked.block == nullptr) {
      SubmitResult result;
      result.outcome = BlockOutcome::kMalformed;
      result.reason = checked.malformed;
      return answer(std::move(result));
    }
    if (checked.verdict) return state_.AcceptBlock(*checked.verdict, answer);
    SubmitResult result = state_.RefuseBlock(*checked.block, checked.verdict.error());
    state_.PublishIfStale();
    answer(std::move(result));
  } catch (const std::exception& error) {
    state_.Fail({ErrorCode::kIo, std::string("a block could not be processed: ") + error.what()});
    state_.DropStaged();
    SubmitResult result = StoppedResult();
    result.reason = state_.failure();
    AnswerWith(item.answer, std::move(result));
  }
}

void LedgerThread::AnswerWith(const std::shared_ptr<std::promise<SubmitResult>>& answer,
                              SubmitResult result) {
  if (!state_.failure().empty()) {
    // Whatever was decided may never be written.
    result = StoppedResult();
    result.reason = state_.failure();
  }
  try {
    answer->set_value(std::move(result));
  } catch (const std::future_error&) {
    // It has been answered before memory ran out.
  }
}

std::packaged_task<void()> LedgerThread::Guarded(std::function<void()> function, bool& ran) {
  return std::packaged_task<void()>([this, &ran, function = std::move(function)] {
    try {
      function();
      ran = true;
    } catch (const std::exception& error) {
      state_.Fail(
          {ErrorCode::kIo, std::string("a request could not be processed: ") + error.what()});
    }
  });
}

bool LedgerThread::RunInTurn(std::function<void()> function) {
  bool ran = false;
  Item item;
  item.task = Guarded(std::move(function), ran);
  std::future<void> done = item.task.get_future();
  if (!Push(std::move(item))) return false;
  done.wait();
  return ran;
}

bool LedgerThread::RunNext(std::function<void()> function) {
  bool ran = false;
  std::packaged_task<void()> task = Guarded(std::move(function), ran);
  std::future<void> done = task.get_future();
  {
    base::MutexLock lock(inbox_mutex_);
    if (closed_) return false;
    urgent_.push_back(std::move(task));
  }
  bell_->Ring();
  done.wait();
  return ran;
}

HeadersResult LedgerThread::SubmitHeaders(std::vector<Header> headers) {
  HeadersResult result;
  Bytes raw;
  for (const Header& header : headers) Append(raw, header.Serialize());
  const std::vector<BlockHash> hashes = HashHeaders(raw);
  // Ahead of blocks that wait, each of which may take long: they change nothing about it.
  const bool ran = RunNext([&] {
    for (size_t i = 0; i < headers.size(); ++i) {
      const SubmitResult one = state_.AcceptHeader(headers[i], hashes[i]);
      if (one.outcome != BlockOutcome::kStored && one.outcome != BlockOutcome::kDuplicate) {
        result.reason = one.reason;
        result.refusal = one;
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
  RunInTurn([&] { reason = state_.TestBlock(block); });
  return reason;
}

Result<Bytes> LedgerThread::ReadBlock(const HeaderEntry& entry) const {
  const uint64_t sequence = entry.body_sequence;
  if (sequence != 0) {
    auto bytes = state_.store().ReadBody(sequence);
    // It may have been pruned in this moment.
    if (bytes || bytes.error().code != ErrorCode::kNotFound || entry.HasBody()) return bytes;
  }
  return cairn::Fail(ErrorCode::kNotFound, entry.IsPruned()
                                               ? "Block not available (pruned data)"
                                               : "Block not available (not fully downloaded)");
}

Result<std::vector<FoundCoin>> LedgerThread::ReadSpentCoins(const HeaderEntry& entry) const {
  const auto unavailable = [&entry] {
    return cairn::Fail(ErrorCode::kNotFound, entry.IsPruned()
                                                 ? "Undo data not available (pruned data)"
                                                 : "Undo data not available");
  };
  if (entry.undo_sequence == 0) return unavailable();
  auto coins = state_.ReadSpent(entry);
  if (!coins && entry.undo_sequence == 0) return unavailable();  // pruned in this moment
  if (!coins) return tl::unexpected(coins.error());
  std::vector<FoundCoin> found;
  found.reserve(coins->size());
  for (storage::StoredCoin& coin : *coins) {
    found.push_back({coin.value, coin.height, coin.coinbase, std::move(coin.script), nullptr});
  }
  return found;
}

Result<std::optional<FoundCoin>> LedgerThread::FindCoin(const OutPoint& outpoint) {
  // Beside the thread that moves the tip: it is done with a block soon. In the middle of a
  // reorganisation, which takes longer, in its place.
  constexpr std::chrono::milliseconds kPatience{200};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  Result<std::optional<FoundCoin>> found = std::nullopt;
  while (!IsClosed()) {
    const uint64_t noticed = Notifications();
    found = state_.FindCoin(outpoint);
    if (found || found.error().code != ErrorCode::kBusy) return found;
    if (!AwaitNotification(noticed, deadline)) break;
  }
  found = cairn::Fail(ErrorCode::kStopped, StoppedResult().reason);
  RunNext([&] {
    found = state_.FindCoin(outpoint);
    if (found || found.error().code != ErrorCode::kBusy) return;
    state_.SettleAll();  // in the middle of a reorganisation
    if (!state_.failure().empty()) {
      found = cairn::Fail(ErrorCode::kIo, state_.failure());
      return;
    }
    found = state_.FindCoin(outpoint);
  });
  return found;
}

std::vector<BranchTip> LedgerThread::BranchTips() {
  std::vector<BranchTip> tips;
  RunNext([&] { tips = state_.BranchTips(); });
  return tips;
}

template <typename T>
Result<T> LedgerThread::Command(std::function<Result<T>()> command) {
  Result<T> result = cairn::Fail(ErrorCode::kStopped, StoppedResult().reason);
  RunInTurn([&] { result = command(); });
  return result;
}

Result<CoinSet> LedgerThread::SnapshotCoins() {
  return Command<CoinSet>([this] { return state_.SnapshotCoins(); });
}
Status LedgerThread::InvalidateBlock(const BlockHash& hash) {
  return Command<void>([&] { return state_.InvalidateBlock(hash); });
}
Status LedgerThread::ReconsiderBlock(const BlockHash& hash) {
  return Command<void>([&] { return state_.ReconsiderBlock(hash); });
}
Status LedgerThread::PreciousBlock(const BlockHash& hash) {
  return Command<void>([&] { return state_.PreciousBlock(hash); });
}
Result<int> LedgerThread::PruneTo(int height) {
  return Command<int>([&] { return state_.PruneTo(height); });
}
Result<ChainCheck> LedgerThread::VerifyChain(int level, int blocks) {
  return Command<ChainCheck>([&] { return state_.VerifyChain(level, blocks); });
}

const IndexReader* LedgerThread::FindIndex(std::string_view name) const {
  return state_.indexes().Find(name);
}
std::vector<const IndexReader*> LedgerThread::Indexes() const { return state_.indexes().readers(); }

std::optional<BlockPlace> LedgerThread::At(int height) const {
  const HeaderEntry* entry = View()->At(height);
  if (entry == nullptr) return std::nullopt;
  return BlockPlace{entry->height, entry->hash, entry->header.previous};
}

Result<StoredBlock> LedgerThread::Read(const BlockHash& hash, bool with_spent) const {
  const HeaderEntry* entry = Find(hash);
  if (entry == nullptr || !entry->HasBody()) {
    return cairn::Fail(ErrorCode::kNotFound, "block " + hash.ToString() + " is not stored");
  }
  auto block = state_.ReadBlock(*entry);
  if (!block) return tl::unexpected(block.error());
  StoredBlock result{*std::move(block), {}};
  if (!with_spent || entry->height == 0) return result;
  auto spent = state_.ReadSpent(*entry);
  if (!spent) return tl::unexpected(spent.error());
  result.spent = *std::move(spent);
  return result;
}

Result<bool> LedgerThread::TakeOver(Index& index) {
  return Command<bool>([&]() -> Result<bool> {
    return state_.indexes().TakeOver(index, {state_.tip()->height, state_.tip()->hash});
  });
}

void LedgerThread::Fail(const Error& error) {
  RunInTurn([&] { state_.Fail(error); });
}

uint64_t LedgerThread::Notifications() const {
  base::MutexLock lock(tip_mutex_);
  return notifications_;
}

bool LedgerThread::AwaitNotification(uint64_t noticed,
                                     std::chrono::steady_clock::time_point deadline) const {
  base::MutexLock lock(tip_mutex_);
  for (;;) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (stopped_ || left <= left.zero()) return false;
    if (notifications_ != noticed) return true;
    tip_changed_.WaitFor(tip_mutex_, left);
  }
}

bool LedgerThread::WaitForTip(const BlockHash& seen, std::chrono::milliseconds timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  uint64_t noticed = 0;
  while (true) {
    // The view decides, not the notification: what a caller has seen there is no news.
    if (View()->tip->hash != seen) return true;
    if (!AwaitNotification(noticed, deadline)) return false;
    noticed = Notifications();
  }
}

BlockPtr LedgerThread::WaitForBlock(const BlockPtr& seen, std::chrono::milliseconds timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    const uint64_t noticed = Notifications();
    const BlockPtr block = state_.fresh_block().Get();
    if (block != seen) return block;
    if (!AwaitNotification(noticed, deadline)) return nullptr;
  }
}

void LedgerThread::Synchronize() {
  RunInTurn([this] { state_.SettleAll(); });
}

Status LedgerThread::Flush() {
  Status status = cairn::Fail(ErrorCode::kStopped, StoppedResult().reason);
  RunInTurn([&] { status = state_.Flush(); });
  return status;
}

}  // namespace cairn::ledger
