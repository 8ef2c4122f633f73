#include "cairn/mining/block_search.h"

#include <algorithm>

#include "cairn/mining/solver.h"

namespace cairn::mining {
namespace {

bool EqualButForNonce(Header a, const Header& b) {
  a.nonce = b.nonce;
  return a.Serialize() == b.Serialize();
}

}  // namespace

/// The template to go on with, its nonce the next to try.
BlockTemplate BlockSearch::NextJob(const ledger::ChainView& view, UnixSeconds now) {
  // Once a second's nonces are used up the template's time runs ahead of the clock. It must not
  // fall back to a time that was searched, unless the clock itself was set back.
  UnixSeconds earliest = now;
  if (next_ && next_->previous == view.tip->hash && now >= last_now_) {
    earliest = std::max(now, int64_t{next_->time} + (used_up_ ? 1 : 0));
  }
  last_now_ = now;
  BlockTemplate job = BuildTemplate(view, options_, earliest, SelectTransactions(view, options_));
  if (last_template_ != nullptr) last_template_->Note(job);
  const bool known = next_ && !used_up_ && EqualButForNonce(job.header, *next_);
  job.header.nonce = known ? next_->nonce : first_nonce_;
  used_up_ = false;
  return job;
}

BlockPtr BlockSearch::Continue(const ledger::ChainView& view, UnixSeconds now, uint64_t& tries,
                               const std::atomic<bool>& stop) {
  while (true) {
    const BlockTemplate job = NextJob(view, now);
    Header header = job.header;
    const SolveOutcome outcome = Solve(header, tries, stop);
    next_ = header;
    if (outcome == SolveOutcome::kSolved) {
      used_up_ = ++next_->nonce == 0;
      return job.Finish(header);
    }
    if (outcome != SolveOutcome::kNoncesUsedUp) return nullptr;
    used_up_ = true;
  }
}

}  // namespace cairn::mining
