// The three indexes along chains in memory: what they answer while blocks are staged, published,
// frozen and written, after reorganisations, and after crashes.
#include "src/ledger/index/index.h"

#include <algorithm>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "src/ledger/index/coin_stats_index.h"
#include "src/ledger/index/filter_index.h"
#include "src/ledger/index/tx_index.h"
#include "tests/support/chain_world.h"
#include "tests/support/memory_chain.h"

namespace cairn::ledger {
namespace {

using test::BlockFacts;
using test::FactChain;
using test::ModelChain;

class IndexTest : public testing::TestWithParam<const char*> {
 protected:
  static std::unique_ptr<const IndexKind> MakeKind(const consensus::Params& params) {
    const std::string name = GetParam();
    if (name == "tx") return MakeTxIndexKind();
    if (name == "filter") return MakeFilterIndexKind();
    return MakeCoinStatsIndexKind(params);
  }

  void SetUp() override { Reopen(); }

  /// What was not written is lost, as in a crash.
  void Reopen() {
    index_.reset();
    auto opened = Index::Open(folder_.path(), {}, MakeKind(params_));
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    index_ = *std::move(opened);
  }

  Bytes DigestOf(const BlockFacts& facts) {
    return index_->kind().Digest(*facts.block, facts.place.height, facts.spent->pointers());
  }
  Followed Append(const BlockFacts& facts) {
    return index_->Append(facts.place, DigestOf(facts)).value();
  }
  Followed Unwind(const BlockFacts& facts) {
    return index_->Unwind(facts.place, DigestOf(facts)).value();
  }
  void AppendAll(const FactChain& chain, int from = 0) {
    for (int height = from; height <= chain.height(); ++height) {
      ASSERT_EQ(Append(chain.blocks()[static_cast<size_t>(height)]), Followed::kDone);
    }
  }
  void UnwindTo(const FactChain& chain, int height) {
    for (int at = index_->working_tip().height; at > height; --at) {
      ASSERT_EQ(Unwind(chain.blocks()[static_cast<size_t>(at)]), Followed::kDone);
    }
  }
  void Write() {
    ASSERT_TRUE(index_->Freeze());
    ASSERT_TRUE(index_->WriteFrozen().has_value());
  }

  FactChain Grown(const ModelChain& base, int count, unsigned seed) {
    return FactChain(params_, test::GrownBy(base, count, seed).blocks());
  }
  ModelChain Base(int count) { return test::GrownBy(ModelChain(params_), count, 1); }

  consensus::Params params_ = test::QuickRegtest();
  test::TempDir folder_;
  std::unique_ptr<Index> index_;
};

INSTANTIATE_TEST_SUITE_P(All, IndexTest, testing::Values("tx", "filter", "coinstats"),
                         [](const auto& tested) { return std::string(tested.param); });

std::map<Bytes, Bytes> RowsOf(const IndexReader& index) {
  std::map<Bytes, Bytes> rows;
  EXPECT_TRUE(index
                  .Scan({}, {},
                        [&](ByteSpan key, ByteSpan value) {
                          EXPECT_TRUE(rows.empty() || AsText(rows.rbegin()->first) < AsText(key));
                          rows[Bytes(key.begin(), key.end())] = Bytes(value.begin(), value.end());
                          return true;
                        })
                  .has_value());
  return rows;
}

TEST_P(IndexTest, BeginsBeforeGenesis) {
  EXPECT_EQ(index_->tip(), IndexTip{});
  EXPECT_EQ(index_->flushed_tip().height, -1);
  EXPECT_FALSE(index_->synced());
  EXPECT_TRUE(index_->WriteFrozen().has_value());
  EXPECT_TRUE(index_->Freeze());
}

TEST_P(IndexTest, AnswersFromMemoryAndFromDisk) {
  const FactChain chain = Grown(Base(0), 40, 2);
  for (const BlockFacts& facts : chain.blocks()) {
    ASSERT_EQ(Append(facts), Followed::kDone);
    if (facts.place.height % 7 == 0) index_->Publish();
    if (facts.place.height == 15) Write();
    if (facts.place.height == 30) {
      ASSERT_TRUE(index_->Freeze());
    }
  }
  index_->Publish();
  EXPECT_EQ(index_->flushed_tip().height, 15);
  test::ExpectIndexOf(*index_, chain);
  const auto in_memory = RowsOf(*index_);
  ASSERT_TRUE(index_->WriteFrozen().has_value());
  Write();
  EXPECT_EQ(index_->MemoryBytes(), 0u);
  test::ExpectIndexOf(*index_, chain);
  Reopen();
  test::ExpectIndexOf(*index_, chain);
  auto on_disk = RowsOf(*index_);
  for (auto row = on_disk.begin(); row != on_disk.end();) {
    row =
        row->first[0] == 0 && !in_memory.contains(row->first) ? on_disk.erase(row) : std::next(row);
  }
  auto expected = in_memory;  // all but the records of tip and format, which memory does not have
  expected[Bytes{0, 't', 'i', 'p'}] = on_disk[Bytes{0, 't', 'i', 'p'}];
  EXPECT_EQ(on_disk, expected);
}

TEST_P(IndexTest, ShowsNothingBeforeItIsPublished) {
  const FactChain chain = Grown(Base(0), 5, 2);
  AppendAll(chain);
  EXPECT_EQ(index_->tip().height, -1);
  EXPECT_EQ(index_->working_tip(), chain.tip());
  for (const auto& [key, value] : RowsOf(*index_)) EXPECT_EQ(key[0], 0);
  index_->Publish();
  test::ExpectIndexOf(*index_, chain);
}

TEST_P(IndexTest, FollowsAReorganisation) {
  const ModelChain base = Base(20);
  const FactChain first = Grown(base, 12, 3), second = Grown(base, 20, 4);
  for (const bool written : {false, true}) {
    index_->Publish();
    if (index_->working_tip().height < 0) AppendAll(first);
    index_->Publish();
    if (written) Write();
    UnwindTo(first, 20);
    AppendAll(second, 21);
    test::ExpectIndexOf(*index_, first);  // readers see the old chain until the new one is there
    index_->Publish();
    test::ExpectIndexOf(*index_, second, {&first});
    if (written) Write();
    UnwindTo(second, 20);
    AppendAll(first, 21);
    index_->Publish();
    test::ExpectIndexOf(*index_, first, {&second});
  }
  Write();
  Reopen();
  test::ExpectIndexOf(*index_, first, {&second});
}

TEST_P(IndexTest, UnwindsToTheVeryBeginning) {
  const FactChain chain = Grown(Base(0), 25, 5);
  AppendAll(chain);
  Write();
  UnwindTo(chain, -1);
  EXPECT_EQ(index_->working_tip(), IndexTip{});
  Write();
  EXPECT_EQ(index_->flushed_tip(), IndexTip{});
  Reopen();
  EXPECT_EQ(index_->tip(), IndexTip{});
  AppendAll(chain);
  index_->Publish();
  test::ExpectIndexOf(*index_, chain);
}

TEST_P(IndexTest, UnwindsBlocksThatWereNeverPublished) {
  const ModelChain base = Base(10);
  const FactChain first = Grown(base, 5, 6), second = Grown(base, 8, 7);
  AppendAll(first);
  index_->Publish();
  UnwindTo(first, 10);
  AppendAll(second, 11);
  UnwindTo(second, 13);  // the rest was invalid, say
  UnwindTo(second, 10);
  AppendAll(first, 11);
  index_->Publish();
  test::ExpectIndexOf(*index_, first, {&second});
}

TEST_P(IndexTest, SkipsWhatItHas) {
  const FactChain chain = Grown(Base(0), 20, 8);
  AppendAll(chain);
  Write();
  // The ledger begins at an older block, as after a crash, and connects the same blocks again.
  for (int height = 5; height <= 20; ++height) {
    EXPECT_TRUE(index_->Covers(chain.blocks()[static_cast<size_t>(height)].place.tip()).value());
    EXPECT_EQ(Append(chain.blocks()[static_cast<size_t>(height)]), Followed::kCovered);
  }
  EXPECT_EQ(index_->working_tip(), chain.tip());
  test::ExpectIndexOf(*index_, chain);
}

TEST_P(IndexTest, SaysThatItStandsElsewhere) {
  const ModelChain base = Base(10);
  const FactChain first = Grown(base, 5, 9), second = Grown(base, 10, 10);
  AppendAll(first);
  for (const int height : {11, 15, 16, 20}) {
    const BlockFacts& facts = second.blocks()[static_cast<size_t>(height)];
    EXPECT_FALSE(index_->Covers(facts.place.tip()).value()) << height;
    EXPECT_EQ(Append(facts), Followed::kElsewhere) << height;
  }
  EXPECT_EQ(Unwind(first.blocks()[14]), Followed::kElsewhere);   // it has a block behind that
  EXPECT_EQ(Unwind(second.blocks()[15]), Followed::kElsewhere);  // of the other branch
  EXPECT_EQ(Unwind(second.blocks()[16]), Followed::kCovered);    // never had it
  EXPECT_EQ(index_->working_tip(), first.tip());
  index_->Publish();
  test::ExpectIndexOf(*index_, first);
}

TEST_P(IndexTest, FreezesOneAtATime) {
  const FactChain chain = Grown(Base(0), 10, 11);
  AppendAll(chain);
  UnwindTo(chain, 5);
  ASSERT_TRUE(index_->Freeze());
  AppendAll(chain, 6);
  EXPECT_FALSE(index_->Freeze());
  test::ExpectIndexOf(*index_, chain);  // publishes all the same
  ASSERT_TRUE(index_->WriteFrozen().has_value());
  EXPECT_EQ(index_->flushed_tip().height, 5);
  Reopen();
  EXPECT_EQ(index_->tip().height, 5);
  AppendAll(chain, 6);
  index_->Publish();
  test::ExpectIndexOf(*index_, chain);
}

TEST_P(IndexTest, ForgetsEverything) {
  const ModelChain base = Base(10);
  const FactChain first = Grown(base, 5, 12), second = Grown(base, 10, 13);
  AppendAll(first);
  Write();
  ASSERT_TRUE(index_->Reset().has_value());
  EXPECT_EQ(index_->tip(), IndexTip{});
  EXPECT_EQ(index_->flushed_tip(), IndexTip{});
  EXPECT_EQ(RowsOf(*index_).size(), 1u);  // the record of the format
  AppendAll(second);
  Write();
  Reopen();
  test::ExpectIndexOf(*index_, second, {&first});
}

TEST_P(IndexTest, RefusesATipThatCannotBeRead) {
  AppendAll(Grown(Base(0), 3, 14));
  Write();
  const auto damage = [&](Bytes tip) {
    const std::string format(index_->kind().format());
    const auto path = folder_.path() / std::string(index_->kind().folder());
    index_.reset();
    {
      auto database = storage::Database::Open(path, {}, format);
      storage::Batch batch;
      batch.Put(Bytes{0, 't', 'i', 'p'}, tip);
      ASSERT_TRUE((*database)->Write(batch, true).has_value());
    }
    auto opened = Index::Open(folder_.path(), {}, MakeKind(params_));
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ErrorCode::kCorruption);
    EXPECT_NE(opened.error().message.find("will be built anew"), std::string::npos);
    index_ = nullptr;
    auto reset = storage::Database::Open(path, {}, format);
    storage::Batch batch;
    batch.Delete(Bytes{0, 't', 'i', 'p'});
    ASSERT_TRUE((*reset)->Write(batch, true).has_value());
    reset->reset();
    Reopen();
  };
  damage({});
  damage(Bytes(35, 1));
  damage(Bytes(36, 0xff));
}

TEST_P(IndexTest, ReadersSeeEveryPublishedRowAtEveryMoment) {
  const FactChain chain = Grown(Base(0), 60, 15);
  std::atomic<int> published{-1};
  std::atomic<bool> stop{false};
  std::atomic<int> missing{0};
  std::vector<std::jthread> readers;
  for (unsigned reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&, reader] {
      std::mt19937 random(reader);
      while (!stop) {
        const int height = published;
        if (height < 1) continue;
        const auto& facts = chain.blocks()[1 + random() % static_cast<unsigned>(height)];
        const std::string name(index_->name());
        bool found = false;
        if (name == "txindex") {
          found = FindTransaction(*index_, facts.block->transactions()[0].txid)->has_value();
        } else if (name == "coinstatsindex") {
          found = *FindCoinStats(*index_, facts.place.tip()) == facts.coin_stats;
        } else {
          found = *FindFilterHashes(*index_, facts.place.tip()) == facts.filter;
        }
        if (!found) ++missing;
      }
    });
  }
  std::jthread writer([&] {
    while (!stop) EXPECT_TRUE(index_->WriteFrozen().has_value());
  });
  for (const BlockFacts& facts : chain.blocks()) {
    ASSERT_EQ(Append(facts), Followed::kDone);
    index_->Publish();
    published = facts.place.height;
    index_->Freeze();
  }
  stop = true;
  readers.clear();
  writer.join();
  EXPECT_EQ(missing, 0);
}

/// Any mixture of moving, publishing, writing and crashing ends in what the chain says.
TEST_P(IndexTest, RandomLives) {
  std::mt19937 random(16);
  const ModelChain base = Base(8);
  std::vector<FactChain> branches;
  for (unsigned i = 0; i < 3; ++i) branches.push_back(Grown(base, 10 + int(i) * 3, 20 + i));
  size_t branch = 0;  // on which the index stands
  const auto move = [&](size_t to, int height) {
    if (to != branch) UnwindTo(branches[branch], std::min(index_->working_tip().height, 8));
    branch = to;
    UnwindTo(branches[branch], height);
    for (int at = index_->working_tip().height + 1; at <= height; ++at) {
      ASSERT_EQ(Append(branches[branch].blocks()[static_cast<size_t>(at)]), Followed::kDone);
    }
  };
  size_t written_branch = 0;
  for (int step = 0; step < 150; ++step) {
    switch (random() % 6) {
      case 0: index_->Publish(); break;
      case 1:
        Write();
        written_branch = branch;
        break;
      case 2:
        if (random() % 3 != 0) break;
        Reopen();
        branch = written_branch;
        break;
      default: {
        const size_t to = random() % branches.size();
        move(to, static_cast<int>(random() % static_cast<unsigned>(branches[to].height() + 1)));
      }
    }
  }
  for (size_t to = 0; to < branches.size(); ++to) {
    move(to, branches[to].height());
    index_->Publish();
    std::vector<const FactChain*> others;
    for (const FactChain& other : branches) others.push_back(&other);
    test::ExpectIndexOf(*index_, branches[to], others);
  }
}

}  // namespace
}  // namespace cairn::ledger
