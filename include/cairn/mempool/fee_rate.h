// Fee rates, in satoshis per 1000 virtual bytes, with the rounding that Bitcoin Core's users count
// on: a rate of an amount rounds down, an amount of a rate rounds up.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "cairn/primitives/amount.h"

namespace cairn::mempool {

class FeeRate {
 public:
  constexpr FeeRate() = default;
  constexpr explicit FeeRate(Amount per_kvb) : per_kvb_(per_kvb) {}

  /// The rate at which `vsize` bytes pay `fee`; zero for no bytes.
  static constexpr FeeRate Of(Amount fee, int64_t vsize) {
    return FeeRate(vsize > 0 ? fee * 1000 / vsize : 0);
  }

  constexpr Amount per_kvb() const { return per_kvb_; }

  /// What `vsize` bytes cost: at least one satoshi unless the rate is zero.
  constexpr Amount For(int64_t vsize) const {
    const Amount product = per_kvb_ * vsize;
    return product > 0 ? (product + 999) / 1000 : product / 1000;
  }

  /// "0.00001000 BTC/kvB"
  std::string ToString() const { return FormatAmount(per_kvb_) + " BTC/kvB"; }

  friend constexpr FeeRate operator+(FeeRate a, FeeRate b) {
    return FeeRate(a.per_kvb_ + b.per_kvb_);
  }
  friend constexpr auto operator<=>(const FeeRate&, const FeeRate&) = default;

 private:
  Amount per_kvb_ = 0;
};

}  // namespace cairn::mempool
