#include "src/mempool/block_tail.h"

#include <algorithm>
#include <numeric>

namespace cairn::mempool {
namespace {

constexpr int kMostSteps = 20'000;

/// Branch and bound: an item in or out, one after another, as long as the rest could still bring
/// more than the best so far.
class TailSearch {
 public:
  TailSearch(std::span<const TailItem> items, const TailRoom& room)
      : items_(items), room_(room), chosen_(items.size()), best_first_(items.size()) {
    std::iota(best_first_.begin(), best_first_.end(), size_t{0});
    std::sort(best_first_.begin(), best_first_.end(),
              [this](size_t a, size_t b) { return Rate(a) > Rate(b); });
  }

  std::vector<bool> Run(std::vector<bool> first) {
    best_ = std::move(first);
    best_fees_ = 0;
    for (size_t i = 0; i < items_.size(); ++i) best_fees_ += best_[i] ? items_[i].fee : 0;
    Try(0, {});
    return std::move(best_);
  }

 private:
  struct Sum {
    Amount fees = 0;
    uint64_t weight = 0;
    uint64_t sigops_cost = 0;
  };

  double Rate(size_t item) const {
    return static_cast<double>(items_[item].fee) / static_cast<double>(items_[item].weight);
  }

  void Try(size_t place, const Sum& sum) {  // NOLINT(misc-no-recursion): as deep as there are items
    if (++steps_ > kMostSteps) return;
    if (sum.fees > best_fees_) {
      best_fees_ = sum.fees;
      best_ = chosen_;
    }
    // Fees are whole numbers.
    if (place == items_.size() || Bound(place, sum) < static_cast<double>(best_fees_ + 1)) return;
    const TailItem& item = items_[place];
    const Sum with{sum.fees + item.fee, sum.weight + item.weight,
                   sum.sigops_cost + item.sigops_cost};
    const bool fits = with.weight < room_.weight && with.sigops_cost < room_.sigops_cost;
    const bool has_parents = std::all_of(item.parents.begin(), item.parents.end(),
                                         [this](size_t parent) { return chosen_[parent]; });
    if (fits && has_parents) {
      chosen_[place] = true;
      Try(place + 1, with);
      chosen_[place] = false;
    }
    Try(place + 1, sum);
  }

  /// What could come to the sum if items could be cut, and needed no parents.
  double Bound(size_t place, const Sum& sum) const {
    auto fees = static_cast<double>(sum.fees);
    auto left = static_cast<double>(room_.weight - sum.weight);
    for (const size_t item : best_first_) {
      if (item < place) continue;
      if (items_[item].fee <= 0 || left <= 0) break;
      const auto weight = static_cast<double>(items_[item].weight);
      fees += static_cast<double>(items_[item].fee) * std::min(1.0, left / weight);
      left -= weight;
    }
    return fees;
  }

  const std::span<const TailItem> items_;
  const TailRoom room_;
  std::vector<bool> chosen_;
  std::vector<size_t> best_first_;
  std::vector<bool> best_;
  Amount best_fees_ = 0;
  int steps_ = 0;
};

}  // namespace

std::vector<bool> BestTail(std::span<const TailItem> items, size_t taken, const TailRoom& room) {
  std::vector<bool> first(items.size());
  std::fill_n(first.begin(), taken, true);
  return TailSearch(items, room).Run(std::move(first));
}

}  // namespace cairn::mempool
