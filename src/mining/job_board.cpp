#include "cairn/mining/job_board.h"

#include <algorithm>
#include <string>
#include <utility>

#include "cairn/base/log.h"

namespace cairn::mining {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// The ledger knows nothing of the board's end.
constexpr milliseconds kNap{100};
constexpr milliseconds kNapAfterFailure{1000};
// A job of the same tip is worth interrupting the miners for when it pays a hundredth more, or
// after so long for whatever the pool has.
constexpr Amount kGainPart = 100;
constexpr UnixSeconds kOldSeconds = 30;
// Who asks again so soon gets the same job.
constexpr UnixSeconds kYoungSeconds = 5;

}  // namespace

Header Job::HeaderAt(UnixSeconds now) const { return AtTime(block.header, *view, now); }

JobBoard::JobBoard(ledger::Ledger& ledger, const Clock& clock, TemplateOptions options,
                   LastTemplate* last_template, JobBoardManner manner)
    : ledger_(ledger),
      clock_(clock),
      options_(std::move(options)),
      last_template_(last_template),
      manner_(manner) {}

JobBoard::~JobBoard() { stop_ = true; }

void JobBoard::Watch() {
  thread_ = std::jthread([this] {
    log::SetThreadName("jobs");
    Loop();
  });
}

JobPtr JobBoard::Current() const {
  base::MutexLock lock(mutex_);
  return current_;
}

template <typename Wanted>
JobPtr JobBoard::WaitFor(Wanted wanted, milliseconds patience) const {
  const auto end = SteadyClock::now() + patience;
  base::MutexLock lock(mutex_);
  while (current_ == nullptr || !wanted(*current_)) {
    const auto left = end - SteadyClock::now();
    if (left <= left.zero()) return nullptr;
    published_.WaitFor(mutex_, left);
  }
  return current_;
}

JobPtr JobBoard::WaitBeyond(uint64_t number, milliseconds patience) const {
  return WaitFor([number](const Job& job) { return job.number > number; }, patience);
}

JobPtr JobBoard::WaitOn(const ledger::HeaderEntry* tip, milliseconds patience) const {
  return WaitFor([tip](const Job& job) { return job.view->tip == tip; }, patience);
}

bool JobBoard::WaitsForChain() const {
  return !ledger_.View()->params->is_test && ledger_.IsInitialBlockDownload();
}

bool JobBoard::IsFresh(const Job& job) const {
  if (!job.full || job.view->tip != ledger_.View()->tip) return false;
  if (options_.pool == nullptr || options_.pool->Sequence() == job.pool_sequence) return true;
  const UnixSeconds age = clock_.Now() - job.made_at;
  return age >= 0 && age <= kYoungSeconds;
}

Result<JobPtr> JobBoard::Fresh() {
  base::MutexLock making(making_);
  const JobPtr current = Current();
  if (current != nullptr && IsFresh(*current)) return current;
  constexpr int kTries = 10;  // the tip may move meanwhile
  for (int i = 1;; ++i) {
    const ledger::ChainViewPtr view = ledger_.View();
    Result<JobPtr> job = MakeAndPublish(view, true);
    if (job || i == kTries || ledger_.View()->tip == view->tip) return job;
  }
}

Job JobBoard::Choose(const ledger::ChainViewPtr& view, bool full) {
  Job job;
  job.view = view;
  job.full = full;
  if (options_.pool != nullptr) job.pool_sequence = options_.pool->Sequence();
  job.made_at = clock_.Now();
  if (full) job.transactions = SelectTransactions(*view, options_);
  for (const mempool::SelectedTransaction& selected : job.transactions) job.fees += selected.fee;
  return job;
}

Status JobBoard::Try(Job& job) {
  job.block = BuildTemplate(*job.view, options_, job.made_at, job.transactions);
  auto reason = ledger_.TestBlock(job.block.Finish(job.block.header));
  return reason ? Fail(ErrorCode::kInvalid, *std::move(reason)) : Status{};
}

JobPtr JobBoard::Publish(Job job) {
  job.number = Number() + 1;
  if (last_template_ != nullptr) last_template_->Note(job.block);
  auto published = std::make_shared<const Job>(std::move(job));
  {
    base::MutexLock lock(mutex_);
    current_ = published;
    number_ = published->number;
    published_.NotifyAll();
  }
  LOG_INFO("New block template at height {}: {} transactions, fees of {} satoshis",
           published->block.height, published->transactions.size(), published->fees);
  return published;
}

Result<JobPtr> JobBoard::MakeAndPublish(const ledger::ChainViewPtr& view, bool full) {
  const auto start = SteadyClock::now();
  Job job = Choose(view, full);
  if (Status tried = Try(job); !tried) return tl::unexpected(tried.error());
  if (full) last_choice_ = SteadyClock::now() - start;
  return Publish(std::move(job));
}

/// Unless it is no wonder, as the tip has moved on.
void JobBoard::Complain(const ledger::ChainViewPtr& view, const Error& error) const {
  if (ledger_.View()->tip != view->tip) return;
  LOG_WARNING("A block template would not connect: {}", error.message);
}

void JobBoard::LookAtChain(const ledger::ChainViewPtr& view) {
  base::MutexLock making(making_);
  if (last_choice_ > manner_.most_to_choose) {
    const auto empty = MakeAndPublish(view, false);
    if (!empty) return Complain(view, empty.error());
  }
  const auto job = MakeAndPublish(view, true);
  if (!job) Complain(view, job.error());
  look_at_pool_ = SteadyClock::now() + manner_.look_at_pool_every;
}

void JobBoard::LookAtPool(const ledger::ChainViewPtr& view) {
  if (options_.pool == nullptr || SteadyClock::now() < look_at_pool_) return;
  look_at_pool_ = SteadyClock::now() + manner_.look_at_pool_every;
  base::MutexLock making(making_);
  const JobPtr current = Current();
  if (current->full && options_.pool->Sequence() == current->pool_sequence) return;
  Job job = Choose(view, true);
  const bool is_old = job.made_at - current->made_at >= kOldSeconds;
  const bool pays_more = job.fees > current->fees + current->fees / kGainPart;
  if (!is_old && !pays_more && current->full) return;
  if (const Status tried = Try(job); !tried) return Complain(view, tried.error());
  Publish(std::move(job));
}

void JobBoard::Loop() {
  while (!stop_) {
    const ledger::ChainViewPtr view = ledger_.View();
    if (WaitsForChain()) {
      ledger_.WaitForTip(view->tip->hash, kNapAfterFailure);
      continue;
    }
    const JobPtr current = Current();
    if (current == nullptr || current->view->tip != view->tip) {
      LookAtChain(view);
    } else {
      LookAtPool(view);
    }
    const JobPtr next = Current();
    const bool failed = next == nullptr || next->view->tip != view->tip;
    ledger_.WaitForTip(view->tip->hash, failed ? kNapAfterFailure : kNap);
  }
}

}  // namespace cairn::mining
