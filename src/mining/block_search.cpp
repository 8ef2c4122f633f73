#include "cairn/mining/block_search.h"

#include <algorithm>

#include "cairn/mining/nonce_scan.h"
#include "cairn/mining/version_rolling.h"
#include "src/mining/idle_priority.h"

namespace cairn::mining {
namespace {

bool EqualButForNonce(Header a, const Header& b) {
  a.nonce = b.nonce;
  return a.Serialize() == b.Serialize();
}

std::vector<int32_t> VersionsOf(const Header& header, bool roll, const consensus::Params& params) {
  if (!roll) return {header.version};
  const size_t side_by_side = ChooseScanKernel(ScanMode::kVersionRolling).kernel->versions;
  return RolledVersions(header.version, side_by_side, params);
}

}  // namespace

/// The template to go on with, its nonce the next to try.
BlockTemplate BlockSearch::NextTemplate(const ledger::ChainView& view,
                                        std::span<const mempool::SelectedTransaction> transactions,
                                        UnixSeconds now) {
  // Once a second's nonces are used up the template's time runs ahead of the clock. It must not
  // fall back to a time that was searched, unless the clock itself was set back.
  UnixSeconds earliest = now;
  if (next_ && next_->previous == view.tip->hash && now >= last_now_) {
    earliest = std::max(now, int64_t{next_->time} + (used_up_ ? 1 : 0));
  }
  last_now_ = now;
  BlockTemplate job = BuildTemplate(view, options_, earliest, transactions);
  if (last_template_ != nullptr) last_template_->Note(job);
  const bool known = next_ && !used_up_ && EqualButForNonce(job.header, *next_);
  job.header.nonce = known ? next_->nonce : manner_.first_nonce;
  used_up_ = false;
  return job;
}

BlockPtr BlockSearch::Continue(const ledger::ChainView& view,
                               std::span<const mempool::SelectedTransaction> transactions,
                               UnixSeconds now, uint64_t& tries, const StopCheck& stop) {
  const bool roll = manner_.roll_versions && !view.params->mine_on_demand;
  while (true) {
    const BlockTemplate job = NextTemplate(view, transactions, now);
    Header header = job.header;
    SolveOutcome outcome;
    {
      const IdlePriority idle(manner_.idle_priority);
      outcome = Solve(header, VersionsOf(header, roll, *view.params), tries, stop);
    }
    next_ = header;
    next_->version = job.header.version;
    if (outcome == SolveOutcome::kSolved) {
      used_up_ = ++next_->nonce == 0;
      return job.Finish(header);
    }
    if (outcome != SolveOutcome::kNoncesUsedUp) return nullptr;
    used_up_ = true;
  }
}

}  // namespace cairn::mining
