#include "src/ledger/block_scripts.h"

#include <atomic>
#include <vector>

#include "cairn/base/mutex.h"
#include "consensus/rules/scripts.h"

namespace cairn::ledger {
namespace {

/// The violation that lies first in the block, whichever was found first.
class FirstViolation {
 public:
  /// True if nothing from transaction `index` on can matter any more.
  bool Precedes(uint32_t index) const {
    return transaction_.load(std::memory_order_relaxed) <= index;
  }

  void Report(uint32_t index, consensus::Violation violation) CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    if (Precedes(index)) return;
    violation.transaction = index;
    violation_ = violation;
    transaction_.store(index, std::memory_order_relaxed);
  }

  consensus::Verdict ToVerdict() CAIRN_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    if (transaction_ == UINT32_MAX) return {};
    return tl::unexpected(violation_);
  }

 private:
  std::atomic<uint32_t> transaction_{UINT32_MAX};
  base::Mutex mutex_;
  consensus::Violation violation_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace

consensus::Verdict CheckBlockScripts(const Block& block, std::span<const Coin* const> coins,
                                     consensus::ScriptFlags flags, WorkerPool& workers) {
  const auto transactions = block.transactions();
  if (transactions.size() < 2) return {};
  std::vector<size_t> coins_at(transactions.size());  // of each transaction's first input
  for (size_t i = 2; i < transactions.size(); ++i) {
    coins_at[i] = coins_at[i - 1] + transactions[i - 1].inputs.size();
  }
  FirstViolation first;
  workers.ForEach(transactions.size() - 1, [&](size_t task) {
    const auto index = static_cast<uint32_t>(task + 1);
    if (first.Precedes(index)) return;
    const Transaction& tx = transactions[index];
    consensus::ExactVerifier exact;
    const auto verdict =
        consensus::CheckScripts(tx, coins.subspan(coins_at[index], tx.inputs.size()), flags, exact);
    if (!verdict) first.Report(index, verdict.error());
  });
  return first.ToVerdict();
}

}  // namespace cairn::ledger
