#include "src/ledger/script_job.h"

#include <algorithm>
#include <ctime>
#include <exception>
#include <utility>

namespace cairn::ledger {
namespace {

// Inputs that one worker takes at a time: enough that sharing costs nothing, few enough that one
// large transaction keeps all workers busy.
constexpr uint32_t kInputsPerUnit = 16;
uint64_t ThreadNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

/// Adds the CPU time of its life to the meter.
class Measured {
 public:
  Measured(VerificationMeter& meter, size_t signatures)
      : meter_(meter), start_(meter.enabled ? ThreadNanoseconds() : 0) {
    meter_.signatures.fetch_add(signatures, std::memory_order_relaxed);
  }
  ~Measured() {
    if (!meter_.enabled) return;
    meter_.nanoseconds.fetch_add(ThreadNanoseconds() - start_, std::memory_order_relaxed);
  }
  Measured(const Measured&) = delete;
  Measured& operator=(const Measured&) = delete;

 private:
  VerificationMeter& meter_;
  const uint64_t start_;
};

class MeasuredVerifier final : public consensus::SignatureVerifier {
 public:
  explicit MeasuredVerifier(VerificationMeter& meter) : meter_(meter) {}

  bool Verify(const consensus::SignatureCheck& check) override {
    const Measured measured(meter_, 1);
    return exact_.Verify(check);
  }

  void VerifyBatch(std::span<consensus::BatchedCheck> checks) override {
    const Measured measured(meter_, checks.size());
    exact_.VerifyBatch(checks);
  }

 private:
  VerificationMeter& meter_;
  consensus::ExactVerifier exact_;
};

}  // namespace

ScriptJob::ScriptJob(BlockPtr block, std::shared_ptr<const SpentCoins> coins,
                     consensus::ScriptFlags flags, const consensus::ScriptCache* proven,
                     VerificationMeter& meter, std::function<void()> on_done)
    : block_(std::move(block)),
      coins_(std::move(coins)),
      flags_(flags),
      meter_(meter),
      on_done_(std::move(on_done)),
      shared_(block_->transactions().size()) {
  CutIntoUnits(proven);
}

void ScriptJob::CutIntoUnits(const consensus::ScriptCache* proven) {
  const auto transactions = block_->transactions();
  coins_at_.resize(transactions.size());
  size_t coins = 0;
  for (uint32_t i = 1; i < transactions.size(); ++i) {
    coins_at_[i] = coins;
    const auto inputs = static_cast<uint32_t>(transactions[i].inputs.size());
    coins += inputs;
    if (proven != nullptr && proven->Contains(transactions[i].wtxid, flags_)) continue;
    for (uint32_t first = 0; first < inputs; first += kInputsPerUnit) {
      units_.push_back({i, first, std::min(kInputsPerUnit, inputs - first)});
    }
  }
}

void ScriptJob::Start(WorkerPool& workers) {
  if (units_.empty()) {
    Finish(0);
    return;
  }
  const size_t helpers = std::clamp<size_t>(workers.threads(), 1, units_.size());
  for (size_t i = 0; i < helpers; ++i) {
    workers.Run([self = shared_from_this()] { self->Work(); });
  }
}

const consensus::TransactionMidstates& ScriptJob::MidstatesOf(uint32_t transaction) {
  Shared& shared = shared_[transaction];
  std::call_once(shared.once, [&] {
    const Transaction& tx = block_->transactions()[transaction];
    shared.spent.reserve(tx.inputs.size());
    const auto coins = coins_->pointers().subspan(coins_at_[transaction], tx.inputs.size());
    for (const Coin* coin : coins) {
      shared.spent.push_back({coin->value, coin->script});
    }
    shared.midstates = std::make_unique<consensus::TransactionMidstates>(tx, shared.spent);
  });
  return *shared.midstates;
}

void ScriptJob::Work() {
  MeasuredVerifier verifier(meter_);
  consensus::OptimisticRuns runs(verifier);
  size_t taken = 0;
  for (size_t i = next_unit_.fetch_add(1); i < units_.size(); i = next_unit_.fetch_add(1)) {
    ++taken;
    // What lies behind a known violation cannot matter any more.
    if (abandoned_ || units_[i].transaction > failed_transaction_) continue;
    Guard([&] { RunUnit(units_[i], runs); });
  }
  Guard([&] { Settle(runs); });
  if (taken > 0) Finish(taken);
}

void ScriptJob::RunUnit(const Unit& unit, consensus::OptimisticRuns& runs) {
  const auto& midstates = MidstatesOf(unit.transaction);
  for (uint32_t input = unit.first_input; input < unit.first_input + unit.inputs; ++input) {
    const auto verdict = runs.Run(midstates, input, flags_, unit.transaction);
    if (!verdict) Report(verdict.error());
  }
  if (runs.IsFull()) Settle(runs);
}

void ScriptJob::Settle(consensus::OptimisticRuns& runs) {
  for (const consensus::Violation& violation : runs.Settle()) Report(violation);
}

template <typename Function>
void ScriptJob::Guard(Function function) {
  try {
    function();
  } catch (const std::exception& error) {
    base::MutexLock lock(mutex_);
    breakdown_ = error.what();
    abandoned_ = true;
  }
}

void ScriptJob::Report(const consensus::Violation& violation) {
  base::MutexLock lock(mutex_);
  const auto place = [](const consensus::Violation& at) {
    return std::pair(at.transaction.value_or(0), at.input.value_or(0));
  };
  if (!verdict_ && place(verdict_.error()) <= place(violation)) return;
  verdict_ = tl::unexpected(violation);
  failed_transaction_ = violation.transaction.value_or(0);
}

void ScriptJob::Finish(size_t units) {
  {
    base::MutexLock lock(mutex_);
    units_done_ += units;
    if (units_done_ < units_.size()) return;
    done_.store(true, std::memory_order_release);
    finished_.NotifyAll();
  }
  if (on_done_) on_done_();
}

void ScriptJob::Wait() {
  base::MutexLock lock(mutex_);
  while (units_done_ < units_.size()) finished_.Wait(mutex_);
}

}  // namespace cairn::ledger
