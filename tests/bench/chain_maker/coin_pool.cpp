#include "tests/bench/chain_maker/coin_pool.h"

#include <algorithm>
#include <bit>

#include "cairn/base/assert.h"

namespace cairn::bench {
namespace {

constexpr int kTries = 64;
// Coins younger than about a fifth of a block are left to `DrawFresh`.
constexpr unsigned kYoungestBits = 10;
// Chains within a block go on from one of so many last coins, or from any.
constexpr size_t kNewest = 20;
constexpr uint16_t kMaxDepth = 24;

}  // namespace

void CoinPool::BeginBlock(int height) {
  for (size_t place = block_begin_; place < coins_.size(); ++place) coins_[place].depth = 0;
  // Spent coins are swept out once they are the greater part.
  if (coins_.size() > 2 * spendable_ + 1000) {
    std::erase_if(coins_, [](const MadeCoin& coin) { return coin.spent; });
  }
  height_ = height;
  block_begin_ = coins_.size();
}

size_t CoinPool::Add(const MadeCoin& coin) {
  coins_.push_back(coin);
  if (!coin.coinbase) ++spendable_;
  return coins_.size() - 1;
}

void CoinPool::SetSpent(size_t place, bool spent) {
  MadeCoin& coin = coins_[place];
  CAIRN_ASSERT(coin.spent != spent);
  coin.spent = spent;
  if (!coin.coinbase) spendable_ += spent ? size_t{0} - 1 : 1;
}

bool CoinPool::IsOldAndSpendable(size_t place) const {
  const MadeCoin& coin = coins_[place];
  return !coin.spent && (!coin.coinbase || height_ - coin.height >= maturity_);
}

std::optional<size_t> CoinPool::DrawOld(Random& random) const {
  if (block_begin_ == 0) return std::nullopt;
  const auto most = static_cast<unsigned>(std::bit_width(block_begin_));
  const unsigned least = std::min(kYoungestBits, most);
  for (int i = 0; i < kTries; ++i) {
    const uint64_t younger = random.Below(uint64_t{1} << random.Between(least, most));
    if (younger >= block_begin_) continue;
    const size_t place = block_begin_ - 1 - younger;
    if (IsOldAndSpendable(place)) return place;
  }
  return std::nullopt;
}

std::optional<size_t> CoinPool::DrawFresh(Random& random) const {
  const size_t fresh = coins_.size() - block_begin_;
  if (fresh == 0) return std::nullopt;
  for (int i = 0; i < kTries; ++i) {
    const size_t among = random.Chance(500) ? std::min(fresh, kNewest) : fresh;
    const size_t place = coins_.size() - 1 - random.Below(among);
    if (!coins_[place].spent && coins_[place].depth < kMaxDepth) return place;
  }
  return std::nullopt;
}

std::optional<size_t> CoinPool::FirstOfValue(Amount least, size_t from) const {
  for (size_t place = from; place < block_begin_; ++place) {
    if (coins_[place].value >= least && IsOldAndSpendable(place)) return place;
  }
  return std::nullopt;
}

}  // namespace cairn::bench
