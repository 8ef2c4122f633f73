// Blocks of several branches in memory, one of which is the best chain: the ledger as indexes see
// it, and what they must answer for it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/base/mutex.h"
#include "cairn/crypto/muhash.h"
#include "consensus/subsidy.h"
#include "src/ledger/index/chain_source.h"
#include "src/ledger/index/index.h"
#include "tests/support/coin_set.h"
#include "tests/support/model_chain.h"

namespace cairn::test {

/// What the indexes must say of one block, found without them.
struct BlockFacts {
  ledger::BlockPlace place;
  BlockPtr block;
  std::shared_ptr<OwnedCoins> spent;
  ledger::FilterHashes filter;
  ledger::CoinStatsAt coin_stats;
};

/// A chain from genesis on, with all that the indexes must say of it.
class FactChain {
 public:
  FactChain(const consensus::Params& params, const std::vector<BlockPtr>& blocks_above_genesis) {
    CoinSet set;
    crypto::MuHash muhash;
    ledger::CoinTotals totals;
    FilterHeader header;
    std::vector<BlockPtr> blocks = {Block::Parse(params.genesis_block).value()};
    blocks.insert(blocks.end(), blocks_above_genesis.begin(), blocks_above_genesis.end());
    for (const BlockPtr& block : blocks) {
      const std::map<OutPoint, ModelCoin> before = set.coins();
      std::shared_ptr<OwnedCoins> spent = set.Connect(*block);
      const int height = set.height();
      BlockFacts facts;
      facts.place = {height, block->hash(), block->header().previous};
      facts.block = block;
      facts.spent = spent;
      facts.filter.filter = HashFilter(BuildBasicFilter(*block, spent->pointers()));
      facts.filter.header = header = FilterHeaderAfter(header, facts.filter.filter);
      facts.coin_stats.block = ledger::CountBlock(*block, spent->pointers(), height,
                                                  consensus::SubsidyAt(height, params));
      totals.Connect(facts.coin_stats.block);
      facts.coin_stats.totals = totals;
      ApplyDifference(muhash, before, set.coins());
      facts.coin_stats.muhash = muhash.Finalize();
      facts_.push_back(std::move(facts));
    }
  }

  const std::vector<BlockFacts>& blocks() const { return facts_; }
  int height() const { return static_cast<int>(facts_.size()) - 1; }
  ledger::IndexTip tip() const { return facts_.back().place.tip(); }

 private:
  using Coins = std::map<OutPoint, ModelCoin>;

  /// By the sets alone, whatever the block between them was.
  static void ApplyDifference(crypto::MuHash& muhash, const Coins& before, const Coins& after) {
    const auto hashed = [](const Coins::value_type& coin) {
      Bytes bytes;
      ledger::AppendHashedCoin(
          bytes, coin.first,
          {coin.second.value, coin.second.height, coin.second.coinbase, coin.second.script});
      return bytes;
    };
    for (const auto& coin : before) {
      if (!after.contains(coin.first)) muhash.Remove(hashed(coin));
    }
    for (const auto& coin : after) {
      if (!before.contains(coin.first)) muhash.Insert(hashed(coin));
    }
  }

  std::vector<BlockFacts> facts_;
};

/// The reader of the index of that name must be exactly that of the chain. Blocks of `others` are
/// such as are known but not part of it.
inline void ExpectTransactionsOf(const ledger::IndexReader& index, const FactChain& chain,
                                 const std::vector<const FactChain*>& others = {}) {
  std::set<Txid> indexed;
  for (const BlockFacts& facts : chain.blocks()) {
    if (facts.place.height == 0) continue;
    for (const Transaction& tx : facts.block->transactions()) {
      indexed.insert(tx.txid);
      const auto found = ledger::FindTransaction(index, tx.txid);
      ASSERT_TRUE(found.has_value());
      ASSERT_TRUE(found->has_value()) << "at height " << facts.place.height;
      EXPECT_EQ((*found)->height, facts.place.height);
      EXPECT_TRUE(Equal(facts.block->bytes().subspan((*found)->offset, (*found)->size), tx.bytes));
    }
  }
  for (const FactChain* other : others) {
    for (const BlockFacts& facts : other->blocks()) {
      for (const Transaction& tx : facts.block->transactions()) {
        if (indexed.contains(tx.txid)) continue;
        const auto found = ledger::FindTransaction(index, tx.txid);
        ASSERT_TRUE(found.has_value());
        EXPECT_FALSE(found->has_value()) << "of height " << facts.place.height;
      }
    }
  }
}

inline void ExpectFiltersOf(const ledger::IndexReader& index, const FactChain& chain) {
  for (const BlockFacts& facts : chain.blocks()) {
    const auto hashes = ledger::FindFilterHashes(index, facts.place.tip());
    ASSERT_TRUE(hashes.has_value());
    ASSERT_EQ(*hashes, facts.filter) << "at height " << facts.place.height;
    const auto filter = ledger::FindFilter(index, facts.place.tip());
    ASSERT_TRUE(filter.has_value() && filter->has_value());
    EXPECT_EQ(HashFilter(**filter), facts.filter.filter);
  }
}

inline void ExpectCoinStatsOf(const ledger::IndexReader& index, const FactChain& chain) {
  for (const BlockFacts& facts : chain.blocks()) {
    const auto stats = ledger::FindCoinStats(index, facts.place.tip());
    ASSERT_TRUE(stats.has_value());
    ASSERT_EQ(*stats, facts.coin_stats) << "at height " << facts.place.height;
  }
}

/// Whichever of the three it is.
inline void ExpectIndexOf(const ledger::IndexReader& index, const FactChain& chain,
                          const std::vector<const FactChain*>& others = {}) {
  SCOPED_TRACE(std::string(index.name()));
  EXPECT_EQ(index.tip(), chain.tip());
  if (index.name() == "txindex") ExpectTransactionsOf(index, chain, others);
  if (index.name() == "basic block filter index") ExpectFiltersOf(index, chain);
  if (index.name() == "coinstatsindex") ExpectCoinStatsOf(index, chain);
}

/// A source of blocks whose best chain the test sets. Blocks can be lost, as by pruning.
class MemoryChain : public ledger::ChainSource {
 public:
  /// Stores the blocks of a chain without making it the best one.
  void Store(const FactChain& chain) {
    base::MutexLock lock(mutex_);
    for (const BlockFacts& facts : chain.blocks()) stored_[facts.place.hash] = facts;
  }
  void Forget(const BlockHash& hash) {
    base::MutexLock lock(mutex_);
    stored_.erase(hash);
  }

  /// Publishes the first blocks of a chain, up to `height`.
  void SetBest(const FactChain& chain, int height) {
    Store(chain);
    base::MutexLock lock(mutex_);
    best_.clear();
    for (int i = 0; i <= height; ++i) best_.push_back(chain.blocks()[static_cast<size_t>(i)].place);
  }
  void SetBest(const FactChain& chain) { SetBest(chain, chain.height()); }

  int reads() const { return reads_; }
  int times_made_durable() const { return times_made_durable_; }
  std::string failure() const {
    base::MutexLock lock(mutex_);
    return failure_;
  }

  int Height() const override {
    base::MutexLock lock(mutex_);
    return static_cast<int>(best_.size()) - 1;
  }

  std::optional<ledger::BlockPlace> At(int height) const override {
    base::MutexLock lock(mutex_);
    if (height < 0 || static_cast<size_t>(height) >= best_.size()) return std::nullopt;
    return best_[static_cast<size_t>(height)];
  }

  Result<ledger::StoredBlock> Read(const BlockHash& hash, bool with_spent) const override {
    ++reads_;
    base::MutexLock lock(mutex_);
    const auto found = stored_.find(hash);
    if (found == stored_.end()) return cairn::Fail(ErrorCode::kNotFound, "no such block");
    ledger::StoredBlock stored = {found->second.block, {}};
    for (size_t i = 0; with_spent && i < found->second.spent->size(); ++i) {
      const Coin& coin = (*found->second.spent)[i];
      stored.spent.push_back(
          {coin.value, coin.height, coin.coinbase, Bytes(coin.script.begin(), coin.script.end())});
    }
    return stored;
  }

  Status MakeDurable() override {
    ++times_made_durable_;
    return {};
  }

  /// Takes every index that covers the tip.
  Result<bool> TakeOver(ledger::Index& index) override {
    ledger::IndexTip tip;
    {
      base::MutexLock lock(mutex_);  // one look: the chain may move at any time
      if (!best_.empty()) tip = best_.back().tip();
    }
    return index.Covers(tip);
  }

  void Fail(const Error& error) override {
    base::MutexLock lock(mutex_);
    failure_ = error.message;
  }

 private:
  mutable base::Mutex mutex_;
  std::map<BlockHash, BlockFacts> stored_ CAIRN_GUARDED_BY(mutex_);
  std::vector<ledger::BlockPlace> best_ CAIRN_GUARDED_BY(mutex_);
  mutable std::atomic<int> reads_{0};
  std::atomic<int> times_made_durable_{0};
  std::string failure_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::test
