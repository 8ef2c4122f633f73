// Stopping, crashing and starting again: the chain and its coins go on where they were, at every
// point, and what was lost comes back from the blocks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/base/writer.h"
#include "cairn/storage/block_store.h"
#include "tests/support/chain_world.h"

namespace cairn::ledger {
namespace {

namespace fs = std::filesystem;
using test::BlockPlan;
using test::ChainWorld;
using test::MadeBlock;
using test::MakeBlock;
using test::MakeChain;
using test::ModelChain;
using test::Place;
using testing::HasSubstr;

/// Copies what a process that is killed right now would leave behind.
void CopyData(const ChainWorld& from, const fs::path& blocks, const fs::path& coins) {
  fs::copy(from.options.blocks_folder, blocks, fs::copy_options::recursive);
  fs::copy(from.options.coins_folder, coins, fs::copy_options::recursive);
}

/// Why the ledger does not open; empty if it does.
std::string ReopenError(ChainWorld& world) {
  world.ledger.reset();
  auto opened = Ledger::Open(world.options, world.params, world.clock, world.workers);
  if (!opened) return opened.error().message;
  world.ledger = *std::move(opened);
  return "";
}

/// One of a closed ledger's databases, by its format.
std::unique_ptr<storage::Database> OpenRaw(const fs::path& folder, std::string_view format) {
  auto opened = storage::Database::Open(folder, {}, format);
  EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
  return opened ? *std::move(opened) : nullptr;
}

TEST(LedgerRestart, AfterEveryBlock) {
  ChainWorld world;
  std::mt19937 random(1);
  ModelChain model(world.params);
  for (int i = 0; i < 25; ++i) {
    model.Grow(1, random);
    world.Connect(model.blocks().back());
    ASSERT_EQ(world.CloseAndReadCoins(), model.coins()) << "at " << i + 1;
    world.Open();
    ASSERT_EQ(world.Tip(), model.tip().hash.ToString());
    ASSERT_EQ(world.ledger->View()->tip->chain_tx_count,
              world.ledger->View()->tip->parent->chain_tx_count +
                  model.blocks().back()->transactions().size());
  }
  for (const BlockPtr& block : model.blocks()) {
    const HeaderEntry* entry = world.ledger->Find(block->hash());
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->validity, Validity::kConnected);
    EXPECT_EQ(world.ledger->ReadBlock(*entry), Bytes(block->bytes().begin(), block->bytes().end()));
    EXPECT_EQ(world.ledger->ReadSpentCoins(*entry)->size(), block->SpendCount());
    EXPECT_EQ(world.Submit(block).outcome, BlockOutcome::kDuplicate);
  }
}

TEST(LedgerRestart, WithoutWorkChangesNothing) {
  ChainWorld world;
  world.Extend(3);
  const auto coins = world.CloseAndReadCoins();
  for (int i = 0; i < 6; ++i) {
    world.Open();
    EXPECT_EQ(world.Height(), 3);
    EXPECT_EQ(world.CloseAndReadCoins(), coins);
  }
  world.Open();
}

class LedgerCrash : public testing::TestWithParam<int> {};

TEST_P(LedgerCrash, AtEveryBlockNothingFlushedIsLostAndTheRestComesAgain) {
  ChainWorld world;
  world.ledger.reset();
  world.options.flush_every_blocks = GetParam();
  world.Open();
  std::mt19937 random(2);
  ModelChain model(world.params);
  model.Grow(14, random);
  for (size_t done = 1; done <= model.blocks().size(); ++done) {
    world.Connect(model.blocks()[done - 1]);
    ChainWorld crashed;
    crashed.ledger.reset();
    fs::remove_all(crashed.options.blocks_folder);
    fs::remove_all(crashed.options.coins_folder);
    CopyData(world, crashed.options.blocks_folder, crashed.options.coins_folder);
    crashed.Open();
    const int flushed = static_cast<int>(done) / GetParam() * GetParam();
    ASSERT_GE(crashed.Height(), flushed);
    ASSERT_LE(crashed.Height(), static_cast<int>(done));
    for (size_t next = static_cast<size_t>(crashed.Height()); next < model.blocks().size();
         ++next) {
      crashed.Connect(model.blocks()[next]);
    }
    ASSERT_EQ(crashed.Tip(), model.tip().hash.ToString());
    ASSERT_EQ(crashed.CloseAndReadCoins(), model.coins());
  }
}

INSTANTIATE_TEST_SUITE_P(BlocksPerFlush, LedgerCrash, testing::Values(1, 3, 1000));

TEST(LedgerRestart, BlocksAboveTheFlushedCoinsAreConnectedAgain) {
  // A crash between the steps of a flush: blocks/ is newer than chainstate/.
  ChainWorld world;
  std::mt19937 random(3);
  ModelChain model(world.params);
  model.Grow(6, random);
  ModelChain branch = model;  // forks off below the older tip
  model.Grow(3, random);
  for (const BlockPtr& block : model.blocks()) world.Connect(block);
  world.ledger.reset();
  const fs::path old_coins = world.folder / "old";
  fs::copy(world.options.coins_folder, old_coins, fs::copy_options::recursive);

  world.Open();
  branch.Grow(8, random);
  for (const BlockPtr& block : branch.blocks()) world.Submit(block);
  ASSERT_EQ(world.Tip(), branch.tip().hash.ToString());
  world.ledger.reset();
  fs::remove_all(world.options.coins_folder);
  fs::copy(old_coins, world.options.coins_folder, fs::copy_options::recursive);

  world.Open();
  EXPECT_EQ(world.Tip(), branch.tip().hash.ToString());
  EXPECT_EQ(world.CloseAndReadCoins(), branch.coins());
}

TEST(LedgerRestart, CoinsWithoutTheirBlockAreRefused) {
  ChainWorld world;
  world.Extend(3);
  world.ledger.reset();
  const fs::path old_blocks = world.folder / "old";
  fs::copy(world.options.blocks_folder, old_blocks, fs::copy_options::recursive);
  world.Open();
  const Place tip = world.Extend(2);
  world.ledger.reset();
  fs::remove_all(world.options.blocks_folder);
  fs::copy(old_blocks, world.options.blocks_folder, fs::copy_options::recursive);
  EXPECT_EQ(ReopenError(world), "chainstate stands at " + tip.hash.ToString() +
                                    ", which blocks/ does not have; start with -reindex to "
                                    "make both anew from the stored blocks");
  fs::remove_all(world.options.blocks_folder);
  EXPECT_THAT(ReopenError(world), HasSubstr("which blocks/ does not have"));
}

TEST(LedgerRestart, WithoutChainstateTheCoinsAreBuiltAnew) {
  ChainWorld world;
  std::mt19937 random(4);
  ModelChain model(world.params);
  model.Grow(8, random);
  for (const BlockPtr& block : model.blocks()) world.Connect(block);
  world.ledger.reset();
  fs::remove_all(world.options.coins_folder);
  world.Open();
  EXPECT_EQ(world.Tip(), model.tip().hash.ToString());
  EXPECT_EQ(world.CloseAndReadCoins(), model.coins());
}

TEST(LedgerRestart, AnotherChainsDataIsRefused) {
  ChainWorld world;
  world.Extend(1);
  world.params = test::ChainNamed("signet");
  EXPECT_THAT(ReopenError(world), HasSubstr("the data directory holds another chain"));
  world.params = test::QuickRegtest();
  EXPECT_EQ(ReopenError(world), "");
  EXPECT_EQ(world.Height(), 1);
}

TEST(LedgerRestart, OfEqualBranchesTheTipStaysTheTip) {
  ChainWorld world;
  const auto genesis = world.TipPlace();
  const auto first = MakeChain(world.params, genesis, 3, 1);
  const auto second = MakeChain(world.params, genesis, 3, 2);
  // The bodies of the first branch lie earlier in the store, but the second was complete first.
  std::vector<Header> headers;
  for (const MadeBlock& made : first) headers.push_back(made.block->header());
  world.ledger->SubmitHeaders(headers);
  world.Submit(first[2].block);
  world.Submit(first[1].block);
  for (const MadeBlock& made : second) world.Connect(made.block);
  EXPECT_EQ(world.Submit(first[0].block).outcome, BlockOutcome::kStored);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(world.Tip(), second[2].block->hash().ToString());
    world.Reopen();
  }
  // And the first branch still wins once it has more work.
  world.Connect(MakeBlock(world.params, first[2].place).block);
}

TEST(LedgerRestart, TheCondemnedStayCondemned) {
  ChainWorld world;
  const Place tip = world.Extend(2);
  BlockPlan greedy;
  greedy.fees = 1;
  const MadeBlock stored = MakeBlock(world.params, tip, greedy);  // fails once it is connected
  EXPECT_EQ(world.Submit(stored.block).reason, "bad-cb-amount");
  greedy.edit_coinbase = [](TransactionDraft& draft) { draft.inputs[0].script_sig = {OP_1, OP_1}; };
  const MadeBlock bodiless = MakeBlock(world.params, tip, greedy);  // fails before it is stored
  EXPECT_EQ(world.Submit(bodiless.block).reason, "bad-cb-height");
  for (int i = 0; i < 2; ++i) {
    world.Reopen();
    EXPECT_EQ(world.Tip(), tip.hash.ToString());
    EXPECT_EQ(world.ledger->View()->best_header, world.ledger->View()->tip);
    for (const MadeBlock& made : {stored, bodiless}) {
      ASSERT_NE(world.ledger->Find(made.block->hash()), nullptr);
      EXPECT_TRUE(world.ledger->Find(made.block->hash())->failed);
      EXPECT_EQ(world.Submit(made.block).outcome, BlockOutcome::kDuplicateInvalid);
      EXPECT_EQ(world.Submit(MakeBlock(world.params, made.place).block).reason, "bad-prevblk");
    }
  }
}

TEST(LedgerRestart, HeadersAloneAreKept) {
  ChainWorld world;
  world.Extend(1);
  const auto chain = MakeChain(world.params, world.TipPlace(), 4, 7);
  std::vector<Header> headers;
  for (const MadeBlock& made : chain) headers.push_back(made.block->header());
  world.ledger->SubmitHeaders(headers);
  world.Submit(chain[1].block);  // a body behind a gap
  world.Reopen();
  EXPECT_EQ(world.Height(), 1);
  EXPECT_EQ(world.ledger->View()->best_header->hash, chain[3].block->hash());
  EXPECT_TRUE(world.ledger->Find(chain[1].block->hash())->HasBody());
  world.Connect(chain[0].block);
  EXPECT_EQ(world.Height(), 3);
}

/// Deletes the last `count` records of blocks/bodies of a closed ledger.
void LoseBodies(const ChainWorld& world, int count) {
  const auto bodies = OpenRaw(world.options.blocks_folder / "bodies", storage::kBodiesFormat);
  for (int i = 0; i < count; ++i) {
    const auto last = bodies->LastKey(AsBytes("s"));
    ASSERT_TRUE(last.has_value() && last->has_value());
    storage::Batch batch;
    batch.Delete(**last);
    ASSERT_TRUE(bodies->Write(batch, true).has_value());
  }
}

/// Deletes the record of what was flushed, so that nothing is known to be missing.
void ForgetFlush(const ChainWorld& world) {
  const auto index = OpenRaw(world.options.blocks_folder / "index", storage::kIndexFormat);
  storage::Batch batch;
  batch.Delete(AsBytes(std::string_view("\0flush", 6)));
  ASSERT_TRUE(index->Write(batch, true).has_value());
}

TEST(LedgerRestart, BodiesThatWereFlushedMustBeThere) {
  ChainWorld world;
  world.Extend(3);
  world.ledger.reset();
  LoseBodies(world, 1);
  EXPECT_EQ(ReopenError(world),
            "blocks/bodies ends at record 6, but was flushed up to record 7; start with "
            "-reindex, which fetches damaged blocks again");
}

TEST(LedgerRestart, BodiesThatWereLostAreHeadersAndComeAgain) {
  ChainWorld world;
  const Place fork = world.Extend(3);
  world.Extend(3, 1);
  const auto side = MakeChain(world.params, fork, 2, 2);
  for (const MadeBlock& made : side) world.Submit(made.block);
  world.ledger.reset();
  LoseBodies(world, 2);
  ForgetFlush(world);
  world.Open();
  for (const MadeBlock& made : side) {
    EXPECT_FALSE(world.ledger->Find(made.block->hash())->HasBody());
  }
  // Other records take the numbers of the lost ones; the rows of the lost must not claim them.
  const Place tip = world.Extend(3, 3);
  for (int i = 0; i < 2; ++i) {
    world.Reopen();
    EXPECT_EQ(world.Tip(), tip.hash.ToString());
    for (const MadeBlock& made : side) {
      const HeaderEntry* entry = world.ledger->Find(made.block->hash());
      EXPECT_FALSE(entry->HasBody());
      EXPECT_FALSE(world.ledger->ReadBlock(*entry).has_value());
    }
  }
  for (const MadeBlock& made : side) {
    EXPECT_EQ(world.Submit(made.block).outcome, BlockOutcome::kStored);
  }
  for (const MadeBlock& made : MakeChain(world.params, side[1].place, 5, 4)) {
    world.Submit(made.block);
  }
  EXPECT_EQ(world.Height(), 10);
}

TEST(LedgerRestart, ARowWithoutItsParentIsRefused) {
  ChainWorld world;
  const Place tip = world.Extend(3);
  world.ledger.reset();
  {
    const auto index = OpenRaw(world.options.blocks_folder / "index", storage::kIndexFormat);
    Bytes key;
    Writer(key).U8('h').Raw(tip.hash.span());
    const auto row = storage::DecodeHeaderRow(**index->Get(key));
    ASSERT_TRUE(row.has_value());
    Bytes parent;
    Writer(parent).U8('h').Raw(row->header.previous.span());
    storage::Batch batch;
    batch.Delete(parent);
    ASSERT_TRUE(index->Write(batch, true).has_value());
  }
  EXPECT_EQ(ReopenError(world), "blocks/index lacks the parent of " + tip.hash.ToString());
}

TEST(LedgerRestart, EveryFlushHasItsNumber) {
  ChainWorld world;
  const auto number = [&] {
    world.ledger.reset();
    const auto store = storage::CoinStore::Open(world.options.coins_folder, 1 << 20);
    const auto tip = (*store)->ReadTip();
    return (*tip)->flush_number;
  };
  const uint64_t first = number();
  world.Open();
  world.Extend(1);
  ASSERT_TRUE(world.ledger->Flush().has_value());
  ASSERT_TRUE(world.ledger->Flush().has_value());
  EXPECT_EQ(number(), first + 3);  // closing flushes, too
  world.Open();
}

TEST(LedgerRestart, NeverStandsOnABlockThatWasDeclaredInvalid) {
  // A crash between the rows, which say so, and the coins.
  ChainWorld world;
  world.Extend(10);
  const BlockHash invalid = world.ledger->View()->At(6)->hash;
  ASSERT_TRUE(world.ledger->Flush().has_value());
  const fs::path old_coins = world.folder / "old_coins";
  fs::copy(world.options.coins_folder, old_coins, fs::copy_options::recursive);
  ASSERT_TRUE(world.ledger->InvalidateBlock(invalid).has_value());
  EXPECT_EQ(world.Height(), 5);
  world.ledger.reset();
  fs::remove_all(world.options.coins_folder);
  fs::copy(old_coins, world.options.coins_folder, fs::copy_options::recursive);
  ASSERT_EQ(ReopenError(world), "");
  EXPECT_EQ(world.Height(), 5);
  world.Extend(1, 7);
  EXPECT_EQ(world.Height(), 6);
  ASSERT_TRUE(world.ledger->ReconsiderBlock(invalid).has_value());
  EXPECT_EQ(world.Height(), 10);
}

}  // namespace
}  // namespace cairn::ledger
