#include "src/mempool/fee_history.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

namespace cairn::mempool {
namespace {

constexpr double kLowestBound = 1000;
constexpr double kHighestBound = 1e7;
constexpr double kStep = 1.05;
constexpr double kNoBound = 1e99;
constexpr double kMostCounted = 1e18;  // of anything, in a file

void WriteRow(Writer& writer, const std::vector<double>& row) {
  for (const double value : row) writer.U64(std::bit_cast<uint64_t>(value));
}

bool ReadRow(Reader& reader, std::vector<double>& row) {
  for (double& value : row) {
    value = std::bit_cast<double>(reader.U64());
    if (!(value >= 0 && value <= kMostCounted)) return false;  // not a number is refused, too
  }
  return reader.ok();
}

}  // namespace

const std::vector<double>& FeeRanges() {
  static const std::vector<double> bounds = [] {
    std::vector<double> all;
    for (double bound = kLowestBound; bound <= kHighestBound; bound *= kStep) all.push_back(bound);
    all.push_back(kNoBound);
    return all;
  }();
  return bounds;
}

size_t FeeRangeOf(double rate) {
  const auto& bounds = FeeRanges();
  const auto range = std::lower_bound(bounds.begin(), bounds.end(), rate);
  return static_cast<size_t>(range - bounds.begin());
}

FeeHistory::FeeHistory(size_t periods, int scale, double decay)
    : scale_(scale),
      decay_(decay),
      mined_(FeeRanges().size()),
      rates_(FeeRanges().size()),
      confirmed_within_(periods, Row(FeeRanges().size())),
      left_after_(periods, Row(FeeRanges().size())),
      waiting_(periods * static_cast<size_t>(scale), std::vector<int>(FeeRanges().size())),
      waiting_long_(FeeRanges().size()) {}

void FeeHistory::Entered(int height, size_t range) {
  ++waiting_[static_cast<size_t>(height) % waiting_.size()][range];
}

void FeeHistory::Left(int entered, int best, size_t range, bool mined) {
  const auto waited = static_cast<size_t>(std::max(best - entered, 0));
  int& count = waited >= waiting_.size()
                   ? waiting_long_[range]
                   : waiting_[static_cast<size_t>(entered) % waiting_.size()][range];
  count = std::max(count - 1, 0);
  if (mined) return;
  const size_t periods = std::min(waited / static_cast<size_t>(scale_), left_after_.size());
  for (size_t i = 0; i < periods; ++i) ++left_after_[i][range];
}

void FeeHistory::Confirmed(int blocks, size_t range, double rate) {
  const auto periods = static_cast<size_t>((blocks + scale_ - 1) / scale_);
  for (size_t i = periods; i <= confirmed_within_.size(); ++i) ++confirmed_within_[i - 1][range];
  ++mined_[range];
  rates_[range] += rate;
}

void FeeHistory::NextBlock(int height) {
  // What entered as long ago as the longest target makes room for what enters now.
  std::vector<int>& oldest = waiting_[static_cast<size_t>(height) % waiting_.size()];
  for (size_t range = 0; range < oldest.size(); ++range) {
    waiting_long_[range] += std::exchange(oldest[range], 0);
  }
  const auto shrink = [this](Row& row) {
    for (double& value : row) value *= decay_;
  };
  shrink(mined_);
  shrink(rates_);
  for (Row& row : confirmed_within_) shrink(row);
  for (Row& row : left_after_) shrink(row);
}

FeeHistory::Row FeeHistory::Waiting(int target, int best) const {
  Row waiting(waiting_long_.begin(), waiting_long_.end());
  for (int waited = target; waited < LongestTarget() && waited <= best; ++waited) {
    const auto& entered = waiting_[static_cast<size_t>(best - waited) % waiting_.size()];
    for (size_t range = 0; range < entered.size(); ++range) waiting[range] += entered[range];
  }
  return waiting;
}

/// Of the ranges from `low` to `high`, both included.
FeeSpan FeeHistory::Sum(size_t low, size_t high, size_t period, const Row& waiting) const {
  FeeSpan span;
  span.low = low == 0 ? 0 : FeeRanges()[low - 1];
  span.high = FeeRanges()[high];
  for (size_t range = low; range <= high; ++range) {
    span.within_target += confirmed_within_[period][range];
    span.confirmed += mined_[range];
    span.left += left_after_[period][range];
    span.waiting += waiting[range];
  }
  return span;
}

double FeeHistory::MedianRate(size_t low, size_t high) const {
  double left = 0;
  for (size_t range = low; range <= high; ++range) left += mined_[range];
  left /= 2;
  for (size_t range = low; range < high; ++range) {
    if (mined_[range] >= left && mined_[range] > 0) return rates_[range] / mined_[range];
    left -= mined_[range];
  }
  return mined_[high] > 0 ? rates_[high] / mined_[high] : 0;
}

FeeEstimate FeeHistory::Estimate(int target, double share, double enough, int best) const {
  FeeEstimate estimate;
  const auto period = static_cast<size_t>((target + scale_ - 1) / scale_) - 1;
  const Row waiting = Waiting(target, best);
  // A rate at which `enough` transactions confirm with every block settles at this count.
  const double sufficient = enough / (1 - decay_);
  std::optional<std::pair<size_t, size_t>> chosen;
  size_t high = FeeRanges().size() - 1;
  double counted = 0;
  for (size_t low = high + 1; low-- > 0;) {
    counted += mined_[low];
    if (counted < sufficient) continue;
    counted = 0;
    const FeeSpan span = Sum(low, high, period, waiting);
    if (span.Share() < share) {
      // With those below it, it may do again.
      if (!estimate.has_fail) estimate.fail = span;
      estimate.has_fail = true;
      continue;
    }
    estimate.has_fail = false;
    estimate.has_pass = true;
    estimate.pass = span;
    chosen = {low, high};
    if (low == 0) break;
    high = low - 1;
  }
  if (!chosen) return estimate;
  const double rate = MedianRate(chosen->first, chosen->second);
  if (rate > 0) estimate.rate = rate;
  if (!estimate.has_fail && chosen->first > 0) {
    // Too few to tell; but where those that there are did not do, that is worth showing.
    estimate.fail = Sum(0, chosen->first - 1, period, waiting);
    estimate.has_fail = estimate.fail.Share() < share &&
                        estimate.fail.confirmed + estimate.fail.waiting + estimate.fail.left > 0;
  }
  return estimate;
}

void FeeHistory::Write(Writer& writer) const {
  WriteRow(writer, mined_);
  WriteRow(writer, rates_);
  for (const Row& row : confirmed_within_) WriteRow(writer, row);
  for (const Row& row : left_after_) WriteRow(writer, row);
}

bool FeeHistory::Read(Reader& reader) {
  bool sound = ReadRow(reader, mined_) && ReadRow(reader, rates_);
  for (Row& row : confirmed_within_) sound = sound && ReadRow(reader, row);
  for (Row& row : left_after_) sound = sound && ReadRow(reader, row);
  return sound;
}

}  // namespace cairn::mempool
