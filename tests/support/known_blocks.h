// The blocks of several chains with what a ledger must answer when its tip is one of them, and the
// checks that ask it for everything.
//
// A check returns the first error that the ledger gives. A wrong answer fails the test.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/ledger/ledger.h"
#include "tests/support/memory_chain.h"

namespace cairn::test {

class KnownBlocks {
 public:
  void Add(const FactChain& chain) {
    for (const BlockFacts& facts : chain.blocks()) blocks_.try_emplace(facts.place.hash, facts);
  }

  /// Null if the block is of none of the chains.
  const BlockFacts* Find(const BlockHash& hash) const {
    const auto found = blocks_.find(hash);
    return found != blocks_.end() ? &found->second : nullptr;
  }

  /// The chain that ends there, genesis first; empty if the block is unknown.
  std::vector<const BlockFacts*> ChainTo(const BlockHash& tip) const {
    std::vector<const BlockFacts*> chain;
    for (const BlockFacts* at = Find(tip); at != nullptr; at = Find(at->place.previous)) {
      chain.push_back(at);
    }
    std::reverse(chain.begin(), chain.end());
    return chain;
  }

  const std::map<BlockHash, BlockFacts>& blocks() const { return blocks_; }

 private:
  std::map<BlockHash, BlockFacts> blocks_;
};

/// The tip is known, and every block below it that is not pruned can be read with what it spent.
inline Status CheckChain(const ledger::Ledger& ledger, const KnownBlocks& known) {
  const ledger::ChainViewPtr view = ledger.View();
  const auto chain = known.ChainTo(view->tip->hash);
  EXPECT_EQ(static_cast<int>(chain.size()), view->Height() + 1) << "not a chain that is known";
  for (const BlockFacts* facts : chain) {
    const ledger::HeaderEntry* entry = view->At(facts->place.height);
    EXPECT_TRUE(entry != nullptr && entry->hash == facts->place.hash);
    if (entry == nullptr) continue;
    if (entry->IsPruned() && entry->height <= ledger.Pruning().last_height) continue;
    const auto bytes = ledger.ReadBlock(*entry);
    if (!bytes) return tl::unexpected(bytes.error());
    EXPECT_TRUE(Equal(*bytes, facts->block->bytes())) << "body of height " << entry->height;
    if (entry->height == 0) continue;
    const auto spent = ledger.ReadSpentCoins(*entry);
    if (!spent) return tl::unexpected(spent.error());
    EXPECT_EQ(spent->size(), facts->spent->size());
    for (size_t i = 0; i < std::min(spent->size(), facts->spent->size()); ++i) {
      const Coin& coin = (*facts->spent)[i];
      const ledger::FoundCoin& read = (*spent)[i];
      EXPECT_TRUE(read.value == coin.value && read.height == coin.height &&
                  read.coinbase == coin.coinbase && Equal(read.script, coin.script))
          << "spent coin " << i << " of height " << entry->height;
    }
  }
  return {};
}

/// The coins on disk are those of the tip, no more, no less, by number, value and MuHash.
inline Status CheckCoins(ledger::Ledger& ledger, const KnownBlocks& known) {
  const auto set = ledger.SnapshotCoins();
  if (!set) return tl::unexpected(set.error());
  ledger::CoinSetCounter counter(ledger::CoinSetHash::kMuHash);
  const Status scanned =
      set->coins->Scan({}, [&](const OutPoint& outpoint, const storage::StoredCoin& coin) {
        counter.Add(outpoint, coin.View());
        return true;
      });
  if (!scanned) return scanned;
  EXPECT_EQ(set->tip, ledger.View()->tip);
  const BlockFacts* facts = known.Find(set->tip->hash);
  EXPECT_NE(facts, nullptr);
  if (facts == nullptr) return {};
  const ledger::CoinSetStats stats = counter.Finish();
  EXPECT_EQ(stats.txouts, facts->coin_stats.totals.txouts);
  EXPECT_EQ(stats.total_amount, facts->coin_stats.totals.total_amount);
  EXPECT_EQ(stats.hash, facts->coin_stats.muhash) << "coins at height " << set->tip->height;
  return {};
}

inline Status WaitUntilSynced(const ledger::Ledger& ledger, const ledger::IndexReader& index) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (!index.synced() && ledger.FailureReason().empty()) {
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << index.name() << " is not built";
      break;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  if (ledger.FailureReason().empty()) return {};
  return cairn::Fail(ErrorCode::kIo, ledger.FailureReason());
}

/// What the index has of one block of the best chain.
inline Status CheckIndexed(const ledger::IndexReader& index, const BlockFacts& facts) {
  const int height = facts.place.height;
  if (index.name() == "txindex" && height > 0) {
    for (const Transaction& tx : facts.block->transactions()) {
      const auto found = ledger::FindTransaction(index, tx.txid);
      if (!found) return tl::unexpected(found.error());
      const bool right =
          *found && (*found)->height == height &&
          Equal(facts.block->bytes().subspan((*found)->offset, (*found)->size), tx.bytes);
      EXPECT_TRUE(right) << tx.txid.ToString() << " of height " << height;
    }
  } else if (index.name() == "basic block filter index") {
    const auto hashes = ledger::FindFilterHashes(index, facts.place.tip());
    if (!hashes) return tl::unexpected(hashes.error());
    EXPECT_EQ(*hashes, facts.filter) << "at height " << height;
    const auto filter = ledger::FindFilter(index, facts.place.tip());
    if (!filter) return tl::unexpected(filter.error());
    EXPECT_TRUE(*filter && HashFilter(**filter) == facts.filter.filter) << "at height " << height;
  } else if (index.name() == "coinstatsindex") {
    const auto stats = ledger::FindCoinStats(index, facts.place.tip());
    if (!stats) return tl::unexpected(stats.error());
    EXPECT_EQ(*stats, facts.coin_stats) << "at height " << height;
  }
  return {};
}

/// Every index stands at the tip, has all of its chain, and no transaction of another.
inline Status CheckIndexes(const ledger::Ledger& ledger, const KnownBlocks& known) {
  const ledger::HeaderEntry* tip = ledger.View()->tip;
  const auto chain = known.ChainTo(tip->hash);
  std::set<Txid> on_chain;
  for (const BlockFacts* facts : chain) {
    for (const Transaction& tx : facts->block->transactions()) on_chain.insert(tx.txid);
  }
  for (const ledger::IndexReader* index : ledger.Indexes()) {
    SCOPED_TRACE(std::string(index->name()));
    if (Status synced = WaitUntilSynced(ledger, *index); !synced) return synced;
    EXPECT_EQ(index->tip(), (ledger::IndexTip{tip->height, tip->hash}));
    for (const BlockFacts* facts : chain) {
      if (Status checked = CheckIndexed(*index, *facts); !checked) return checked;
    }
    if (index->name() != "txindex") continue;
    for (const auto& [hash, facts] : known.blocks()) {
      for (const Transaction& tx : facts.block->transactions()) {
        if (on_chain.contains(tx.txid)) continue;
        const auto found = ledger::FindTransaction(*index, tx.txid);
        if (!found) return tl::unexpected(found.error());
        EXPECT_FALSE(found->has_value()) << tx.txid.ToString() << " is on another branch";
      }
    }
  }
  return {};
}

/// All of the above.
inline Status CheckLedger(ledger::Ledger& ledger, const KnownBlocks& known) {
  if (Status checked = CheckChain(ledger, known); !checked) return checked;
  if (Status checked = CheckIndexes(ledger, known); !checked) return checked;
  return CheckCoins(ledger, known);
}

}  // namespace cairn::test
