// The indexes together under a ledger that moves, writes, crashes and starts again, with some of
// them switched on late.
#include "src/ledger/index/index_set.h"

#include <chrono>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/chain_world.h"
#include "tests/support/memory_chain.h"

namespace cairn::ledger {
namespace {

using test::BlockFacts;
using test::FactChain;
using test::MemoryChain;
using test::ModelChain;

/// Does what the ledger's thread does with the indexes, one step at a time under a lock, in the
/// place of that thread.
class FakeLedger : public MemoryChain {
 public:
  explicit FakeLedger(const FactChain& chain, int height) : chain_(&chain), height_(height) {
    SetBest(chain, height);
  }

  void Use(IndexSet* set) { set_ = set; }
  const FactChain& chain() const { return *chain_; }
  int height() const { return height_; }
  IndexTip tip() const { return FactsAt(height_).place.tip(); }

  /// Moves to a block of a chain that shares the first `shared` heights with the present one.
  void MoveTo(const FactChain& chain, int height, int shared) {
    Store(chain);
    {
      base::MutexLock lock(step_);
      const int fork = &chain == chain_ ? std::min(height_, height) : std::min(shared, height);
      for (; height_ > fork; --height_) {
        const BlockFacts& facts = FactsAt(height_);
        ASSERT_TRUE(set_->Unwind(facts.place, *facts.block, facts.spent->pointers()).has_value());
      }
      chain_ = &chain;
      while (height_ < height) {
        const BlockFacts& facts = FactsAt(++height_);
        // Every other block comes with its digests made ahead.
        IndexSet::Digests digests;
        if (height_ % 2 == 0) {
          digests = set_->Digest(*facts.block, facts.place.height, facts.spent->pointers());
        }
        ASSERT_TRUE(
            set_->Append(facts.place, *facts.block, facts.spent->pointers(), std::move(digests))
                .has_value());
      }
      set_->Publish();
    }
    SetBest(chain, height);
  }

  /// Writes the indexes, and, unless it crashes in between, the tip of the coins.
  void Flush(bool crash_between = false) {
    base::MutexLock lock(step_);
    ASSERT_TRUE(IndexSet::WriteFrozen(set_->Freeze()).has_value());
    if (crash_between) return;
    flushed_chain_ = chain_;
    flushed_height_ = height_;
  }

  /// Back to the last flush.
  void Crash() {
    if (flushed_chain_ == nullptr) return;
    chain_ = flushed_chain_;
    height_ = flushed_height_;
    SetBest(*chain_, height_);
  }

  Result<bool> TakeOver(Index& index) override {
    base::MutexLock lock(step_);
    return set_->TakeOver(index, tip());
  }

  Status MakeDurable() override {
    Flush();
    return MemoryChain::MakeDurable();
  }

 private:
  const BlockFacts& FactsAt(int height) const {
    return chain_->blocks()[static_cast<size_t>(height)];
  }

  base::Mutex step_;
  IndexSet* set_ = nullptr;
  const FactChain* chain_;
  int height_;
  const FactChain* flushed_chain_ = nullptr;
  int flushed_height_ = 0;
};

class IndexSetTest : public testing::Test {
 protected:
  static constexpr int kShared = 20;

  IndexSetTest() : base_(Base()), first_(Grown(25, 2)), second_(Grown(35, 3)), ledger_(first_, 0) {}
  ~IndexSetTest() override { set_.reset(); }

  void Open(const IndexOptions& options) {
    set_.reset();
    auto opened = IndexSet::Open(folder_ / "indexes", options, params_, 8 << 20);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    set_ = *std::move(opened);
    ledger_.Use(set_.get());
    ASSERT_TRUE(set_->Begin(ledger_.tip()).has_value());
    set_->Start(ledger_, workers_);
  }
  void OpenAll() { Open({true, true, true}); }

  /// What was not written is lost.
  void CrashAndOpen() {
    set_.reset();
    ledger_.Crash();
    OpenAll();
  }

  void WaitUntilSynced() {
    for (int i = 0; i < 10'000; ++i) {
      bool all = true;
      for (const IndexReader* index : set_->readers()) all = all && index->synced();
      if (all) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    FAIL() << "not synced: " << ledger_.failure();
  }

  void ExpectAll() {
    const std::vector<BlockFacts>& blocks = ledger_.chain().blocks();
    std::vector<BlockPtr> connected;
    for (int i = 1; i <= ledger_.height(); ++i) {
      connected.push_back(blocks[static_cast<size_t>(i)].block);
    }
    const FactChain now(params_, connected);
    for (const IndexReader* index : set_->readers()) {
      test::ExpectIndexOf(*index, now, {&first_, &second_});
    }
  }

  ModelChain Base() {
    ModelChain chain(params_);
    std::mt19937 random(1);
    chain.Grow(kShared, random);
    return chain;
  }
  FactChain Grown(int count, unsigned seed) {
    ModelChain chain = base_;
    std::mt19937 random(seed);
    chain.Grow(count, random);
    return FactChain(params_, chain.blocks());
  }

  consensus::Params params_ = test::QuickRegtest();
  ModelChain base_;
  FactChain first_, second_;
  test::TempDir folder_;
  WorkerPool workers_{2};
  FakeLedger ledger_;
  std::unique_ptr<IndexSet> set_;
};

TEST_F(IndexSetTest, NoneIsFineToo) {
  Open({});
  EXPECT_TRUE(set_->empty());
  EXPECT_TRUE(set_->readers().empty());
  EXPECT_EQ(set_->Find("txindex"), nullptr);
  EXPECT_EQ(set_->LowestFlushedHeight(), INT32_MAX);
  ledger_.MoveTo(first_, 30, kShared);
  ledger_.Flush();
}

TEST_F(IndexSetTest, AreNamedAndFoundAsTheyAreWanted) {
  Open({true, false, true});
  EXPECT_NE(set_->Find("txindex"), nullptr);
  EXPECT_NE(set_->Find("coinstatsindex"), nullptr);
  EXPECT_EQ(set_->Find("basic block filter index"), nullptr);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "indexes/txindex"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "indexes/blockfilter"));
}

TEST_F(IndexSetTest, FollowFromTheBeginning) {
  OpenAll();
  WaitUntilSynced();  // genesis comes from the source
  ledger_.MoveTo(first_, 45, kShared);
  ExpectAll();
  ledger_.MoveTo(second_, 55, kShared);
  ExpectAll();
  EXPECT_EQ(set_->LowestFlushedHeight(), -1);
  EXPECT_GT(set_->MemoryBytes(), 0u);
  ledger_.Flush();
  EXPECT_EQ(set_->LowestFlushedHeight(), 55);
  EXPECT_EQ(set_->MemoryBytes(), 0u);
  ExpectAll();
}

TEST_F(IndexSetTest, SwitchedOnLaterCatchUp) {
  Open({true, false, false});
  WaitUntilSynced();
  ledger_.MoveTo(first_, 30, kShared);
  ledger_.Flush();
  OpenAll();
  WaitUntilSynced();
  ExpectAll();
  ledger_.MoveTo(second_, 50, kShared);
  ExpectAll();
}

TEST_F(IndexSetTest, SwitchedOffForAWhileComeBack) {
  OpenAll();
  WaitUntilSynced();
  ledger_.MoveTo(first_, 45, kShared);
  ledger_.Flush();
  Open({});
  ledger_.MoveTo(second_, 50, kShared);
  ledger_.Flush();
  OpenAll();
  WaitUntilSynced();
  ExpectAll();
}

TEST_F(IndexSetTest, PassOverWhatTheyHaveAfterACrash) {
  OpenAll();
  WaitUntilSynced();
  ledger_.MoveTo(first_, 15, kShared);
  ledger_.Flush();
  ledger_.MoveTo(first_, 40, kShared);
  ledger_.Flush(/*crash_between=*/true);
  CrashAndOpen();
  EXPECT_EQ(ledger_.height(), 15);
  for (const IndexReader* index : set_->readers()) {
    EXPECT_TRUE(index->synced());
    EXPECT_EQ(index->tip().height, 40);
  }
  ledger_.MoveTo(first_, 45, kShared);
  ExpectAll();
}

TEST_F(IndexSetTest, UnwindInTheBackgroundIfTheLedgerTurnsElsewhereAfterACrash) {
  OpenAll();
  WaitUntilSynced();
  ledger_.MoveTo(first_, 25, kShared);
  ledger_.Flush();
  ledger_.MoveTo(first_, 45, kShared);
  ledger_.Flush(/*crash_between=*/true);
  CrashAndOpen();
  ledger_.MoveTo(second_, 55, kShared);  // takes off blocks behind which the indexes have more
  WaitUntilSynced();
  ExpectAll();
}

TEST_F(IndexSetTest, BlocksThatAreGoneFailTheNode) {
  Open({});
  ledger_.MoveTo(first_, 40, kShared);
  ledger_.Forget(first_.blocks()[7].place.hash);
  Open({true, false, false});
  for (int i = 0; i < 10'000 && ledger_.failure().empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  set_->Stop();
  EXPECT_NE(ledger_.failure().find("Cannot build txindex: block 7 was pruned"), std::string::npos);
}

TEST_F(IndexSetTest, RandomLives) {
  std::mt19937 random(4);
  OpenAll();
  for (int life = 0; life < 12; ++life) {
    for (unsigned steps = random() % 12; steps > 0; --steps) {
      const FactChain& chain = random() % 2 == 0 ? first_ : second_;
      ledger_.MoveTo(chain, static_cast<int>(random() % unsigned(chain.height() + 1)), kShared);
      if (random() % 3 == 0) ledger_.Flush();
      if (random() % 4 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
    if (random() % 2 == 0) ledger_.Flush(random() % 2 == 0);
    if (random() % 3 == 0) {
      WaitUntilSynced();
      // An index that is ahead since a crash meets the ledger where that overtakes it.
      ledger_.MoveTo(ledger_.chain(), ledger_.chain().height(), kShared);
      WaitUntilSynced();
      ExpectAll();
    }
    if (random() % 4 == 0) {
      Open({random() % 2 == 0, random() % 2 == 0, random() % 2 == 0});
    } else {
      CrashAndOpen();
    }
  }
  OpenAll();
  WaitUntilSynced();
  ledger_.MoveTo(second_, second_.height(), kShared);
  WaitUntilSynced();
  ExpectAll();
}

}  // namespace
}  // namespace cairn::ledger
