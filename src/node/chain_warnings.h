// What the chain gives reason to warn of: votes for rules that this program does not know, and a
// branch with more work that it finds invalid.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cairn/base/mutex.h"
#include "cairn/ledger/ledger.h"
#include "consensus/params.h"

namespace cairn::node {

/// Counts the votes (BIP9) for bits that no deployment of the chain uses, period by period, and
/// remembers what it counted.
class UnknownVotes {
 public:
  explicit UnknownVotes(const consensus::Params& params);

  /// The bits whose rules would bind the block after the tip: a vote was won, and the period in
  /// which it is locked in has passed as well.
  std::vector<int> ActiveBits(const ledger::ChainView& view);

 private:
  struct Period {
    const ledger::HeaderEntry* last = nullptr;
    uint32_t won = 0;  // a bit for each bit that reached the threshold
  };

  uint32_t CountPeriod(const ledger::ChainView& view, int first) const;

  const consensus::Params& params_;
  uint32_t unknown_ = 0;         // the bits to look at
  std::vector<Period> periods_;  // the whole ones of the best chain
};

/// May be called from any threads at once.
class ChainWarnings {
 public:
  /// The ledger must outlive it.
  explicit ChainWarnings(ledger::Ledger& ledger);

  /// In the words of Bitcoin Core; none as long as the chain is still being caught up with.
  std::vector<std::string> Current();

 private:
  std::vector<int> UnknownRules(const ledger::ChainView& view) CAIRN_EXCLUDES(mutex_);
  const ledger::HeaderEntry* BestInvalid(const ledger::ChainView& view) CAIRN_EXCLUDES(mutex_);

  using SteadyClock = std::chrono::steady_clock;

  ledger::Ledger& ledger_;
  base::Mutex mutex_;
  UnknownVotes votes_ CAIRN_GUARDED_BY(mutex_);
  const ledger::HeaderEntry* best_invalid_ CAIRN_GUARDED_BY(mutex_) = nullptr;
  std::optional<SteadyClock::time_point> ask_again_ CAIRN_GUARDED_BY(mutex_);
  U256 work_when_asked_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::node
