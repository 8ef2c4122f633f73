// How long transactions of each fee rate waited for their block, over one horizon of time.
//
// Fee rates fall into ranges. For each there is a decayed count of transactions that a block took,
// of those that it took within so many *periods* of blocks, and of those that left the pool
// unmined after so many. What still waits counts, too: a rate at which transactions pile up is no
// rate at which they confirm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cairn/base/reader.h"
#include "cairn/base/writer.h"
#include "cairn/mempool/fee_estimator.h"

namespace cairn::mempool {

/// The upper bounds of the ranges of fee rates, in satoshis per kvB, each a twentieth above the one
/// before.
const std::vector<double>& FeeRanges();
/// The range that a rate falls into.
size_t FeeRangeOf(double rate);

class FeeHistory {
 public:
  /// Targets up to `periods` times `scale` blocks. All counts shrink by `decay` with each block.
  FeeHistory(size_t periods, int scale, double decay);

  int LongestTarget() const { return static_cast<int>(confirmed_within_.size()) * scale_; }
  int scale() const { return scale_; }
  double decay() const { return decay_; }

  /// A transaction of that range entered the pool at this height.
  void Entered(int height, size_t range);
  /// It left, when `best` was the height of the chain.
  void Left(int entered, int best, size_t range, bool mined);
  /// A block took one that had waited for so many blocks, one being the next.
  void Confirmed(int blocks, size_t range, double rate);
  /// A block of that height has come; to be called before what it took is told.
  void NextBlock(int height);

  /// The lowest rate at which at least `share` of the transactions confirmed within `target`
  /// blocks, looking at ranges together until there are `enough` transactions a block in them.
  FeeEstimate Estimate(int target, double share, double enough, int best) const;

  void Write(Writer& writer) const;
  /// False if what is read is none of such a horizon.
  bool Read(Reader& reader);

 private:
  using Row = std::vector<double>;  // by range

  /// How many have waited for at least `target` blocks.
  Row Waiting(int target, int best) const;
  FeeSpan Sum(size_t low, size_t high, size_t period, const Row& waiting) const;
  double MedianRate(size_t low, size_t high) const;

  const int scale_;
  const double decay_;
  Row mined_;                              // how many a block took
  Row rates_;                              // the sum of what they paid
  std::vector<Row> confirmed_within_;      // by periods
  std::vector<Row> left_after_;            // unmined, by periods
  std::vector<std::vector<int>> waiting_;  // in the pool, by height modulo the longest target
  std::vector<int> waiting_long_;          // in the pool for longer than that
};

}  // namespace cairn::mempool
