// -reindex and -reindex-chainstate: everything comes back from the stored blocks, also where the
// work is cut off, and where blocks are damaged, out of order or on other branches.
#include <algorithm>
#include <new>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/base/writer.h"
#include "cairn/storage/block_store.h"
#include "tests/support/chain_world.h"

namespace cairn::ledger {
namespace {

namespace fs = std::filesystem;
using test::ChainWorld;
using test::MakeChain;
using test::ModelChain;
using test::Place;
using testing::HasSubstr;

class ReindexTest : public testing::Test {
 protected:
  ReindexTest() : model_(world_.params) { world_.options.check_level = 4; }

  void Grow(int count) {
    const size_t before = model_.blocks().size();
    model_.Grow(count, random_);
    for (size_t i = before; i < model_.blocks().size(); ++i) world_.Connect(model_.blocks()[i]);
  }

  std::string Reopen(bool reindex, bool coins) {
    world_.ledger.reset();
    world_.options.reindex = reindex;
    world_.options.reindex_coins = coins;
    auto opened = Ledger::Open(world_.options, world_.params, world_.clock, world_.workers);
    world_.options.reindex = world_.options.reindex_coins = false;
    if (!opened) return opened.error().message;
    world_.ledger = *std::move(opened);
    return "";
  }

  /// The chain, its coins and its stored blocks are as if nothing had been.
  void ExpectAllThere() {
    EXPECT_EQ(world_.Tip(), model_.tip().hash.ToString());
    for (const BlockPtr& block : model_.blocks()) {
      const HeaderEntry* entry = world_.ledger->Find(block->hash());
      ASSERT_NE(entry, nullptr);
      EXPECT_EQ(world_.ledger->ReadBlock(*entry),
                Bytes(block->bytes().begin(), block->bytes().end()));
      EXPECT_EQ(world_.ledger->ReadSpentCoins(*entry)->size(), block->SpendCount());
    }
    EXPECT_EQ(world_.CloseAndReadCoins(), model_.coins());
    world_.Open();
    EXPECT_EQ(world_.Tip(), model_.tip().hash.ToString());
  }

  /// Spoils the stored body of a block, as a disk might.
  void Damage(const BlockPtr& block) {
    const uint64_t sequence = world_.ledger->Find(block->hash())->body_sequence;
    world_.ledger.reset();
    auto raw = storage::Database::Open(world_.options.blocks_folder / "bodies", {},
                                       storage::kBodiesFormat);
    ASSERT_TRUE(raw.has_value());
    Bytes key = {'s'};
    Writer(key).Big(sequence);
    Bytes value = (*raw)->Get(key)->value();
    value[90] ^= 1;
    storage::Batch batch;
    batch.Put(key, value);
    ASSERT_TRUE((*raw)->Write(batch, true).has_value());
  }

  void SubmitFrom(size_t first) {
    for (size_t i = first; i < model_.blocks().size(); ++i) world_.Submit(model_.blocks()[i]);
  }

  uint64_t NextSequence() {
    world_.ledger.reset();
    const auto store = storage::BlockStore::Open(world_.options.blocks_folder, 8 << 20);
    return (*store)->next_sequence();
  }

  ChainWorld world_;
  std::mt19937 random_{5};
  ModelChain model_;
};

TEST_F(ReindexTest, TheCoinsComeBack) {
  Grow(30);
  ASSERT_EQ(Reopen(false, true), "");
  ExpectAllThere();
}

TEST_F(ReindexTest, DamagedCoinsComeBack) {
  Grow(30);
  world_.ledger.reset();
  for (const auto& file : fs::directory_iterator(world_.options.coins_folder)) {
    if (file.path().filename() == "CURRENT") fs::resize_file(file.path(), 3);
  }
  EXPECT_THAT(Reopen(false, false), HasSubstr("-reindex-chainstate"));
  ASSERT_EQ(Reopen(false, true), "");
  ExpectAllThere();
}

TEST_F(ReindexTest, EverythingComesBack) {
  Grow(40);
  const uint64_t records = NextSequence();
  ASSERT_EQ(Reopen(true, false), "");
  ExpectAllThere();
  // Bodies and undo data were used where they lie; only genesis was written once more.
  EXPECT_EQ(NextSequence(), records + 1);
}

TEST_F(ReindexTest, ADamagedIndexComesBack) {
  Grow(10);
  world_.ledger.reset();
  for (const auto& file : fs::directory_iterator(world_.options.blocks_folder / "index")) {
    if (file.path().filename() == "CURRENT") fs::resize_file(file.path(), 3);
  }
  EXPECT_THAT(Reopen(false, false), HasSubstr("-reindex"));
  ASSERT_EQ(Reopen(true, false), "");
  ExpectAllThere();
}

TEST_F(ReindexTest, BlocksInAnyOrderAndOnBranchesComeBack) {
  model_.Grow(12, random_);
  const auto branch = MakeChain(world_.params, Place::Genesis(world_.params), 6, 3);
  std::vector<BlockPtr> blocks = model_.blocks();
  for (const auto& made : branch) blocks.push_back(made.block);
  std::vector<Header> headers;
  for (const BlockPtr& block : blocks) headers.push_back(block->header());
  world_.ledger->SubmitHeaders(headers);
  std::shuffle(blocks.begin(), blocks.end(), random_);
  for (const BlockPtr& block : blocks) world_.Submit(block);
  ASSERT_EQ(Reopen(true, false), "");
  ExpectAllThere();
  for (const auto& made : branch) {
    EXPECT_TRUE(world_.ledger->Find(made.block->hash())->HasBody());
  }
}

TEST_F(ReindexTest, IndexesAreMadeAnew) {
  world_.ledger.reset();
  world_.options.indexes = {true, true, true};
  world_.Open();
  Grow(20);
  for (const bool everything : {false, true}) {
    ASSERT_EQ(Reopen(everything, !everything), "");
    for (const IndexReader* index : world_.ledger->Indexes()) {
      EXPECT_TRUE(index->synced()) << index->name();
      EXPECT_EQ(index->tip().hash, model_.tip().hash) << index->name();
    }
    ExpectAllThere();
  }
}

TEST_F(ReindexTest, ADamagedBlockIsAsIfItHadNeverBeen) {
  Grow(20);
  Damage(model_.blocks()[11]);
  ASSERT_EQ(Reopen(true, false), "");
  EXPECT_EQ(world_.Height(), 11);
  const HeaderEntry* entry = world_.ledger->Find(model_.blocks()[11]->hash());
  EXPECT_TRUE(entry == nullptr || !entry->HasBody());
  // What follows is still there, and is connected at the next start once the block has come again.
  world_.Submit(model_.blocks()[11]);
  ASSERT_EQ(Reopen(false, false), "");
  EXPECT_EQ(world_.Height(), 20);
  ExpectAllThere();
}

TEST_F(ReindexTest, ADamagedBlockIsNamedAtTheStart) {
  Grow(10);
  Damage(model_.blocks()[8]);
  const std::string error = Reopen(false, false);
  EXPECT_THAT(error, HasSubstr("is damaged: block " + model_.blocks()[8]->hash().ToString()));
  EXPECT_THAT(error, HasSubstr("start with -reindex, which fetches damaged blocks again"));
  EXPECT_THAT(error, testing::Not(HasSubstr("coins")));
}

TEST_F(ReindexTest, WhatCouldNotBePlacedIsNotStoredAgain) {
  Grow(20);
  const uint64_t records = world_.ledger->Find(model_.tip().hash)->undo_sequence + 1;
  Damage(model_.blocks()[11]);
  ASSERT_EQ(Reopen(true, false), "");
  EXPECT_EQ(world_.Height(), 11);
  SubmitFrom(11);
  EXPECT_EQ(world_.Height(), 20);
  for (const BlockPtr& block : model_.blocks()) {
    const bool anew = block == model_.blocks()[11];
    EXPECT_EQ(world_.ledger->Find(block->hash())->body_sequence >= records, anew);
  }
  ExpectAllThere();
}

TEST_F(ReindexTest, WhereMemoryRunsOutNoWorkerIsLeftBehind) {
  Grow(60);
  for (int after = 3; after < 60; after += 4) {
    int asked = 0;
    world_.options.interrupted = [&]() -> bool {
      if (++asked > after) throw std::bad_alloc();
      return false;
    };
    EXPECT_THROW(Reopen(true, false), std::bad_alloc);
  }
  world_.options.interrupted = [] { return false; };
  ASSERT_EQ(Reopen(false, false), "");
  ExpectAllThere();
}

TEST_F(ReindexTest, WithoutItsFirstBlockNothingIsLost) {
  Grow(20);
  Damage(model_.blocks()[0]);
  ASSERT_EQ(Reopen(true, false), "");
  EXPECT_EQ(world_.Height(), 0);
  ASSERT_EQ(Reopen(false, false), "");
  world_.Submit(model_.blocks()[0]);
  ASSERT_EQ(Reopen(false, false), "");
  ExpectAllThere();
}

TEST_F(ReindexTest, WithAWrongClockNothingIsLost) {
  Grow(10);
  world_.ledger.reset();
  world_.clock.SetMock(1'000'000'000);
  EXPECT_THAT(Reopen(true, false), HasSubstr("is the clock right?"));
  world_.clock.SetMock(0);
  ASSERT_EQ(Reopen(false, false), "");
  ExpectAllThere();
}

TEST_F(ReindexTest, MayBeCutOffAtAnyBlock) {
  Grow(15);
  for (int asked = 1; asked < 90; asked += 2) {
    int count = 0;
    world_.options.interrupted = [&] { return ++count > asked; };
    world_.options.flush_every_blocks = asked % 3;
    const std::string error = Reopen(true, false);
    world_.options.interrupted = [] { return false; };
    ASSERT_EQ(error, "") << asked;
    ASSERT_EQ(Reopen(false, false), "") << asked;
    ASSERT_EQ(world_.Tip(), model_.tip().hash.ToString()) << asked;
  }
  ExpectAllThere();
}

TEST_F(ReindexTest, AnIndexDeletedByHandLosesNoBlock) {
  Grow(8);
  world_.ledger.reset();
  fs::remove_all(world_.options.blocks_folder / "index");
  EXPECT_THAT(Reopen(false, false), HasSubstr("-reindex"));
  ASSERT_EQ(Reopen(true, false), "");
  ExpectAllThere();
}

/// Pruning that begins early, on chains that are long enough for it.
class PrunedReindexTest : public ReindexTest {
 protected:
  PrunedReindexTest() {
    world_.ledger.reset();
    world_.params.prune_after_height = 0;
    world_.options.prune = true;
    world_.options.check_level = -1;
    world_.Open();
  }
};

TEST_F(PrunedReindexTest, BeginsAnew) {
  Grow(330);
  ASSERT_EQ(world_.ledger->PruneTo(30), 30);
  ASSERT_EQ(Reopen(true, false), "");
  EXPECT_EQ(world_.Height(), 0);
  for (const BlockPtr& block : model_.blocks()) world_.Connect(block);
  ExpectAllThere();
}

TEST_F(PrunedReindexTest, MayBeCutOffAfterSomeWasPruned) {
  Grow(400);
  world_.ledger.reset();
  test::TempDir aside;
  const fs::path whole = aside / "blocks";
  fs::copy(world_.options.blocks_folder, whole, fs::copy_options::recursive);
  world_.options.prune_target_bytes = 60 << 10;
  world_.options.flush_every_blocks = 7;
  // How often it is asked on the way up to a height is not known: later and later, until enough is
  // connected that some was pruned.
  for (int questions = 800; world_.ledger == nullptr || world_.Height() < 350; questions += 20) {
    world_.ledger.reset();
    fs::remove_all(world_.options.blocks_folder);
    fs::copy(whole, world_.options.blocks_folder, fs::copy_options::recursive);
    int asked = 0;
    world_.options.interrupted = [&] { return ++asked > questions; };
    ASSERT_EQ(Reopen(true, false), "");
  }
  ASSERT_LT(world_.Height(), 400);
  ASSERT_GT(world_.ledger->Pruning().last_height, 0);
  world_.options.interrupted = [] { return false; };
  ASSERT_EQ(Reopen(false, false), "");
  EXPECT_EQ(world_.Height(), 400);
  EXPECT_GT(world_.ledger->Pruning().last_height, 0);
  EXPECT_EQ(world_.CloseAndReadCoins(), model_.coins());
}

TEST_F(PrunedReindexTest, KeepsWhatIsYetToBeRead) {
  // The highest blocks were stored first, so that they lie before those that may be pruned.
  model_.Grow(400, random_);
  std::vector<Header> headers;
  for (const BlockPtr& block : model_.blocks()) headers.push_back(block->header());
  world_.ledger->SubmitHeaders(headers);
  SubmitFrom(320);
  SubmitFrom(0);
  EXPECT_EQ(world_.Height(), 400);
  world_.options.prune_target_bytes = 60 << 10;
  world_.options.flush_every_blocks = 7;
  ASSERT_EQ(Reopen(true, false), "");
  EXPECT_EQ(world_.Height(), 400);
  EXPECT_EQ(world_.CloseAndReadCoins(), model_.coins());
}

TEST_F(PrunedReindexTest, ItsCoinsCannotBeMadeAnew) {
  Grow(330);
  ASSERT_EQ(world_.ledger->PruneTo(30), 30);
  for (const bool prune : {false, true}) {
    world_.options.prune = prune;
    EXPECT_THAT(Reopen(false, true), HasSubstr("cannot be made anew"));
  }
  ASSERT_EQ(Reopen(false, false), "");
  EXPECT_EQ(world_.CloseAndReadCoins(), model_.coins());
  fs::remove_all(world_.options.coins_folder);
  EXPECT_THAT(Reopen(false, false), HasSubstr("start with -reindex"));
}

}  // namespace
}  // namespace cairn::ledger
