// The bytes of docs/formats/indexes.md, read from databases by what the page says and nothing else.
#include <gtest/gtest.h>

#include "cairn/base/reader.h"
#include "cairn/primitives/block_filter.h"
#include "consensus/subsidy.h"
#include "src/ledger/index/index_set.h"
#include "tests/support/chain_world.h"
#include "tests/support/database_rows.h"
#include "tests/support/memory_chain.h"

namespace cairn::ledger {
namespace {

using test::BlockFacts;
using test::FactChain;
using test::Joined;
using test::Rows;
using test::TakeRow;

Bytes BigHeight(int height) {
  return {0, 0, static_cast<uint8_t>(height >> 8), static_cast<uint8_t>(height)};
}

/// Seven bits per byte, the lowest first.
uint64_t Varint(Reader& reader) {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const uint8_t byte = reader.U8();
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
}

class IndexFormat : public testing::Test {
 protected:
  IndexFormat() : chain_(MakeChain()) {}

  void SetUp() override {
    auto set = IndexSet::Open(folder_ / "indexes", {true, true, true}, params_, 8 << 20);
    ASSERT_TRUE(set.has_value());
    ASSERT_TRUE((*set)->Begin({}).has_value());
    for (const BlockFacts& facts : chain_.blocks()) {
      ASSERT_TRUE((*set)->Append(facts.place, *facts.block, facts.spent->pointers()).has_value());
    }
    // One block more that leaves the chain again.
    test::BlockPlan plan;
    plan.tag = 77;
    const auto& last = chain_.blocks().back();
    stale_ = test::MakeBlock(params_,
                             {last.place.hash, last.place.height, last.block->header().time}, plan)
                 .block;
    const BlockPlace place = {last.place.height + 1, stale_->hash(), last.place.hash};
    ASSERT_TRUE((*set)->Append(place, *stale_, {}).has_value());
    ASSERT_TRUE((*set)->Unwind(place, *stale_, {}).has_value());
    ASSERT_TRUE(IndexSet::WriteFrozen((*set)->Freeze()).has_value());
  }

  FactChain MakeChain() {
    std::mt19937 random(1);
    test::ModelChain chain(params_);
    chain.Grow(300, random);  // so that heights take two bytes
    return FactChain(params_, chain.blocks());
  }

  /// All rows, without those that every index has, which are checked here.
  Rows Read(const std::string& name, const std::string& format, size_t state_size, Bytes* state) {
    Rows rows = test::ReadRows(folder_ / "indexes" / name, format);
    EXPECT_EQ(AsText(TakeRow(rows, Joined({Bytes{0}, AsBytes("format")}))), format);
    for (const BlockFacts& facts : chain_.blocks()) {
      const Bytes hash = TakeRow(rows, Joined({Bytes{0, 'b'}, BigHeight(facts.place.height)}));
      EXPECT_EQ(ToHex(hash), ToHex(facts.place.hash.span()));
    }
    const Bytes tip = TakeRow(rows, Joined({Bytes{0}, AsBytes("tip")}));
    EXPECT_EQ(tip.size(), 4 + 32 + state_size);
    Reader reader(tip);
    EXPECT_EQ(reader.U32(), 300u);
    EXPECT_EQ(ToHex(reader.Take(32)), ToHex(chain_.tip().hash.span()));
    const ByteSpan rest = reader.Take(reader.Remaining());
    state->assign(rest.begin(), rest.end());
    return rows;
  }

  consensus::Params params_ = test::QuickRegtest();
  FactChain chain_;
  test::TempDir folder_;
  BlockPtr stale_;
};

TEST_F(IndexFormat, Transactions) {
  Bytes state;
  Rows rows = Read("txindex", "cairn transaction index 1", 0, &state);
  for (const BlockFacts& facts : chain_.blocks()) {
    for (const Transaction& tx : facts.block->transactions()) {
      if (facts.place.height == 0) continue;
      const Bytes value = TakeRow(rows, Joined({Bytes{'t'}, tx.txid.span()}));
      Reader reader(value);
      EXPECT_EQ(Varint(reader), static_cast<uint64_t>(facts.place.height));
      const uint64_t offset = Varint(reader), size = Varint(reader);
      EXPECT_TRUE(Equal(facts.block->bytes().subspan(offset, size), tx.bytes));
      EXPECT_TRUE(reader.ok() && reader.AtEnd());
    }
  }
  EXPECT_TRUE(rows.empty());
}

TEST_F(IndexFormat, Filters) {
  Bytes state;
  Rows rows = Read("blockfilter", "cairn basic block filter index 1", 32, &state);
  Bytes header(32);
  for (const BlockFacts& facts : chain_.blocks()) {
    const Bytes block = Joined({BigHeight(facts.place.height), facts.place.hash.span()});
    const Bytes filter = TakeRow(rows, Joined({Bytes{'f'}, block}));
    const Bytes hashes = TakeRow(rows, Joined({Bytes{'h'}, block}));
    EXPECT_EQ(ToHex(filter), ToHex(BuildBasicFilter(*facts.block, facts.spent->pointers())));
    const auto filter_hash = crypto::Sha256dOf(filter);
    const auto next = crypto::Sha256dOf(Joined({filter_hash, header}));
    header.assign(next.begin(), next.end());
    EXPECT_EQ(ToHex(hashes), ToHex(Joined({filter_hash, header})));
  }
  EXPECT_EQ(ToHex(state), ToHex(header));
  const Bytes stale = Joined({BigHeight(301), stale_->hash().span()});
  EXPECT_EQ(ToHex(TakeRow(rows, Joined({Bytes{'f'}, stale}))),
            ToHex(BuildBasicFilter(*stale_, {})));
  EXPECT_EQ(TakeRow(rows, Joined({Bytes{'h'}, stale})).size(), 64u);
  EXPECT_TRUE(rows.empty());
}

TEST_F(IndexFormat, CoinStatistics) {
  Bytes state;
  Rows rows = Read("coinstats", "cairn coin statistics index 1", 32 + 384, &state);
  const BlockFacts* last = nullptr;
  for (const BlockFacts& facts : chain_.blocks()) {
    last = &facts;
    const Bytes block = Joined({BigHeight(facts.place.height), facts.place.hash.span()});
    const Bytes value = TakeRow(rows, Joined({Bytes{'s'}, block}));
    ASSERT_EQ(value.size(), 32u + 80 + 32);
    Reader reader(value);
    const CoinStatsAt& expected = facts.coin_stats;
    EXPECT_EQ(reader.U64(), expected.totals.txouts);
    EXPECT_EQ(reader.U64(), expected.totals.bogosize);
    EXPECT_EQ(reader.I64(), expected.totals.total_amount);
    EXPECT_EQ(reader.I64(), expected.totals.total_unspendable_amount);
    for (const int64_t change :
         {expected.block.txouts, expected.block.bogosize, expected.block.total_amount,
          expected.block.prevout_spent, expected.block.coinbase,
          expected.block.new_outputs_ex_coinbase, expected.block.unspendable.genesis_block,
          expected.block.unspendable.bip30, expected.block.unspendable.scripts,
          expected.block.unspendable.unclaimed_rewards}) {
      EXPECT_EQ(reader.I64(), change);
    }
    EXPECT_EQ(ToHex(reader.Take(32)), ToHex(expected.muhash));
  }
  ASSERT_EQ(state.size(), 416u);
  Reader reader(state);
  EXPECT_EQ(reader.U64(), last->coin_stats.totals.txouts);
  EXPECT_EQ(reader.U64(), last->coin_stats.totals.bogosize);
  EXPECT_EQ(reader.I64(), last->coin_stats.totals.total_amount);
  EXPECT_EQ(reader.I64(), last->coin_stats.totals.total_unspendable_amount);
  EXPECT_EQ(crypto::Sha256Of(reader.Take(384)), last->coin_stats.muhash);
  const Bytes stale = Joined({BigHeight(301), stale_->hash().span()});
  EXPECT_EQ(TakeRow(rows, Joined({Bytes{'s'}, stale})).size(), 144u);
  EXPECT_TRUE(rows.empty());
}

}  // namespace
}  // namespace cairn::ledger
