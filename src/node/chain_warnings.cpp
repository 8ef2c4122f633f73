#include "src/node/chain_warnings.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "consensus/deployments.h"
#include "consensus/work.h"

namespace cairn::node {
namespace {

constexpr int kBits = 29;

/// Whether a branch has about six blocks more than the tip.
bool HasMuchMoreWork(const ledger::HeaderEntry& branch, const ledger::HeaderEntry& tip) {
  return branch.chain_work > tip.chain_work + consensus::WorkOf(tip.header.bits) * 6;
}

const ledger::HeaderEntry* FindBestInvalid(const std::vector<ledger::BranchTip>& tips) {
  const ledger::HeaderEntry* best = nullptr;
  for (const ledger::BranchTip& branch : tips) {
    if (std::string_view(branch.status) != "invalid") continue;
    if (best == nullptr || branch.tip->chain_work > best->chain_work) best = branch.tip;
  }
  return best;
}

}  // namespace

UnknownVotes::UnknownVotes(const consensus::Params& params)
    : params_(params), unknown_((uint32_t{1} << kBits) - 1) {
  for (const consensus::Bip9Deployment& deployment : params.deployments) {
    if (deployment.start_time == consensus::Bip9Deployment::kNeverActive) continue;
    unknown_ &= ~(uint32_t{1} << deployment.bit);
  }
}

uint32_t UnknownVotes::CountPeriod(const ledger::ChainView& view, int first) const {
  std::array<int, kBits> counts{};
  for (int height = first; height < first + params_.signalling_window; ++height) {
    if (height < params_.warn_of_votes_from) continue;
    const std::optional<uint32_t> votes = consensus::VotesOf(view.At(height)->header.version);
    if (!votes || (*votes & unknown_) == 0) continue;
    for (size_t bit = 0; bit < counts.size(); ++bit) counts[bit] += *votes >> bit & 1;
  }
  uint32_t won = 0;
  for (size_t bit = 0; bit < counts.size(); ++bit) {
    if (counts[bit] >= params_.signalling_threshold) won |= uint32_t{1} << bit;
  }
  return won & unknown_;
}

std::vector<int> UnknownVotes::ActiveBits(const ledger::ChainView& view) {
  const int window = params_.signalling_window;
  const auto whole = static_cast<size_t>((view.Height() + 1) / window);
  // A reorganisation takes back what it takes back.
  if (periods_.size() > whole) periods_.resize(whole);
  while (!periods_.empty() && !view.Contains(periods_.back().last)) periods_.pop_back();
  while (periods_.size() < whole) {
    const int first = static_cast<int>(periods_.size()) * window;
    periods_.push_back({view.At(first + window - 1), CountPeriod(view, first)});
  }
  // The first period only defines a vote (BIP9).
  uint32_t active = 0;
  for (size_t period = 1; period + 2 <= whole; ++period) active |= periods_[period].won;
  std::vector<int> bits;
  for (int bit = 0; bit < kBits; ++bit) {
    if ((active >> bit & 1) != 0) bits.push_back(bit);
  }
  return bits;
}

ChainWarnings::ChainWarnings(ledger::Ledger& ledger) : ledger_(ledger), votes_(ledger.params()) {}

std::vector<std::string> ChainWarnings::Current() {
  std::vector<std::string> warnings;
  if (ledger_.IsInitialBlockDownload()) return warnings;
  const ledger::ChainViewPtr view = ledger_.View();
  for (const int bit : UnknownRules(*view)) {
    warnings.push_back("Unknown new rules activated (versionbit " + std::to_string(bit) + ")");
  }
  const ledger::HeaderEntry* invalid = BestInvalid(*view);
  if (invalid != nullptr && invalid->failed && HasMuchMoreWork(*invalid, *view->tip)) {
    warnings.emplace_back(
        "Warning: We do not appear to fully agree with our peers! You may need to upgrade, or "
        "other nodes may need to upgrade.");
  }
  return warnings;
}

std::vector<int> ChainWarnings::UnknownRules(const ledger::ChainView& view) {
  base::MutexLock lock(mutex_);
  return votes_.ActiveBits(view);
}

/// To find all branches is work for the ledger's thread, so it is asked for no more than a
/// two-hundredth of the time; but at once when the chain was cut back, which is when a branch
/// becomes much longer than it.
const ledger::HeaderEntry* ChainWarnings::BestInvalid(const ledger::ChainView& view) {
  constexpr SteadyClock::duration kShortestPause = std::chrono::seconds(1);
  constexpr int kShare = 200;
  const auto now = SteadyClock::now();
  {
    base::MutexLock lock(mutex_);
    const bool cut_back = view.tip->chain_work < work_when_asked_;
    if (!cut_back && ask_again_ && now < *ask_again_) return best_invalid_;
    ask_again_ = SteadyClock::time_point::max();  // one caller asks
    work_when_asked_ = view.tip->chain_work;
  }
  const ledger::HeaderEntry* found = FindBestInvalid(ledger_.BranchTips());
  const auto after = SteadyClock::now();
  base::MutexLock lock(mutex_);
  best_invalid_ = found;
  ask_again_ = after + std::max(kShortestPause, (after - now) * kShare);
  return found;
}

}  // namespace cairn::node
