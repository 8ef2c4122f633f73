// The search for a block: interrupted or not, each header is tried once.
#include "cairn/mining/block_search.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/support/chain_world.h"
#include "tests/unit/mining/support.h"

namespace cairn::mining {
namespace {

using test::ChainWorld;

constexpr UnixSeconds kNow = 1'700'000'000;
BlockPtr SearchOnce(BlockSearch& search, const ChainWorld& world, UnixSeconds now,
                    uint64_t tries = 1000) {
  return search.Continue(*world.ledger->View(), {}, now, tries, kNeverStop);
}

TEST(BlockSearch, GoesOnWhereItWasInterrupted) {
  const ChainWorld world;
  for (UnixSeconds now = kNow; now < kNow + 20; ++now) {
    BlockSearch whole(PayAnyone());
    const BlockPtr expected = SearchOnce(whole, world, now);
    ASSERT_NE(expected, nullptr);
    BlockSearch in_steps(PayAnyone());
    BlockPtr found;
    uint32_t hashes = 0;
    for (; found == nullptr && hashes < 1000; ++hashes) {
      found = SearchOnce(in_steps, world, now, 1);
    }
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->hash(), expected->hash());
    EXPECT_EQ(hashes, expected->header().nonce + 1);
  }
}

TEST(BlockSearch, AStopIsAnInterruptionToo) {
  const ChainWorld world;
  BlockSearch search(PayAnyone());
  uint64_t tries = 1000;
  const std::atomic<bool> stop{true};
  EXPECT_EQ(search.Continue(*world.ledger->View(), {}, kNow, tries, stop), nullptr);
  EXPECT_EQ(tries, 1000u);
  BlockSearch fresh(PayAnyone());
  EXPECT_EQ(SearchOnce(search, world, kNow)->hash(), SearchOnce(fresh, world, kNow)->hash());
}

TEST(BlockSearch, NeverFindsABlockTwice) {
  const ChainWorld world;
  BlockSearch search(PayAnyone());
  std::set<std::string> hashes;
  for (int i = 0; i < 50; ++i) {
    const BlockPtr block = SearchOnce(search, world, kNow);
    ASSERT_NE(block, nullptr);
    EXPECT_TRUE(hashes.insert(block->hash().ToString()).second);
  }
}

TEST(BlockSearch, AnotherTimeOrTipBeginsAnew) {
  ChainWorld world;
  BlockSearch search(PayAnyone());
  for (int i = 0; i < 20; ++i) SearchOnce(search, world, kNow, 1);
  BlockSearch later(PayAnyone());
  EXPECT_EQ(SearchOnce(search, world, kNow + 1)->hash(),
            SearchOnce(later, world, kNow + 1)->hash());
  world.Extend(1);
  BlockSearch higher(PayAnyone());
  EXPECT_EQ(SearchOnce(search, world, kNow + 1)->hash(),
            SearchOnce(higher, world, kNow + 1)->hash());
}

TEST(BlockSearch, MovesTheTimeOnWhenNoncesRunOut) {
  const ChainWorld world;
  constexpr uint32_t kNonces = 10;
  BlockSearch search(PayAnyone(), nullptr, {.first_nonce = UINT32_MAX - kNonces + 1});
  std::set<uint32_t> times;
  int found = 0;
  for (int i = 0; i < 100; ++i) {  // one hash each: ten seconds' worth of nonces
    const BlockPtr block = SearchOnce(search, world, kNow, 1);
    if (block == nullptr) continue;
    ++found;
    EXPECT_EQ(block->header().time, kNow + i / kNonces);
    EXPECT_EQ(block->header().nonce, UINT32_MAX - kNonces + 1 + i % kNonces);
    times.insert(block->header().time);
  }
  EXPECT_GT(found, 20);
  EXPECT_GT(times.size(), 5u);
  // Within one call as well, and never back to a time that is used up ...
  const BlockPtr block = SearchOnce(search, world, kNow, 1000);
  EXPECT_GE(block->header().time, kNow + 10);
  // ... unless the clock is set back, as otherwise blocks might be too far in the future.
  EXPECT_EQ(SearchOnce(search, world, kNow - 100)->header().time, kNow - 100);
}

TEST(BlockSearch, TellsOfItsTemplates) {
  const ChainWorld world;
  LastTemplate last;
  EXPECT_FALSE(last.Get().has_value());
  BlockSearch search(PayAnyone(), &last);
  SearchOnce(search, world, kNow);
  ASSERT_TRUE(last.Get().has_value());
  EXPECT_EQ(last.Get()->weight, 8000u);
  EXPECT_EQ(last.Get()->transactions, 0u);
}

TEST(LastTemplate, CountsWhatIsBehindTheCoinbase) {
  TransactionDraft draft;
  draft.inputs.emplace_back();
  draft.outputs.push_back({1, Bytes(50, OP_1)});
  const TransactionPtr tx = draft.Finish();
  BlockTemplate block;
  block.transactions = {tx, tx, tx};
  block.reserved_weight = 4000;
  const TemplateSize size = SizeOf(block);
  EXPECT_EQ(size.transactions, 2u);
  EXPECT_EQ(size.weight, 4000u + 2 * tx->Weight());
}

}  // namespace
}  // namespace cairn::mining
