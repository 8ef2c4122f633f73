// HeightIndex over random reorganisations, across the borders of its chunks.
#include <deque>
#include <random>

#include <gtest/gtest.h>

#include "cairn/ledger/chain_view.h"

namespace cairn::ledger {
namespace {

/// Entries with nothing but parent and height, which is all that an index looks at.
class Forest {
 public:
  Forest() { entries_.emplace_back(); }

  HeaderEntry* genesis() { return &entries_.front(); }

  /// The end of a branch of `length` new blocks.
  const HeaderEntry* Grow(const HeaderEntry* parent, int length) {
    for (int i = 0; i < length; ++i) {
      HeaderEntry& entry = entries_.emplace_back();
      entry.parent = parent;
      entry.height = parent->height + 1;
      parent = &entry;
    }
    return parent;
  }

 private:
  std::deque<HeaderEntry> entries_;
};

/// Looks at every height, on a plain walk from the tip.
void ExpectChainOf(const HeightIndex& index, const HeaderEntry* tip) {
  ASSERT_EQ(index.size(), tip->height + 1);
  for (const HeaderEntry* entry = tip; entry != nullptr; entry = entry->parent) {
    ASSERT_EQ(index.At(entry->height), entry) << "at " << entry->height;
  }
  ASSERT_EQ(index.At(-1), nullptr);
  ASSERT_EQ(index.At(tip->height + 1), nullptr);
  ASSERT_EQ(index.At(tip->height + 5000), nullptr);
  ASSERT_EQ(index.At(INT32_MAX), nullptr);
  ASSERT_EQ(index.At(INT32_MIN), nullptr);
}

TEST(HeightIndex, OfNothingHasNothing) {
  const HeightIndex index;
  EXPECT_EQ(index.size(), 0);
  EXPECT_EQ(index.At(0), nullptr);
}

TEST(HeightIndex, GrowsBlockByBlockOverChunks) {
  Forest forest;
  HeightIndex index = HeightIndex().With(forest.genesis());
  const HeaderEntry* tip = forest.genesis();
  for (int i = 0; i < 2100; ++i) {
    tip = forest.Grow(tip, 1);
    index = index.With(tip);
    ASSERT_EQ(index.At(tip->height), tip);
    ASSERT_EQ(index.At(tip->height - 1), tip->parent);
  }
  ExpectChainOf(index, tip);
}

TEST(HeightIndex, StartsInTheMiddleOfAChain) {
  for (const int height : {1, 1022, 1023, 1024, 1025, 2047, 2048, 5000}) {
    Forest forest;
    const HeaderEntry* tip = forest.Grow(forest.genesis(), height);
    ExpectChainOf(HeightIndex().With(tip), tip);
  }
}

TEST(HeightIndex, ReorganisesAtTheBordersOfChunks) {
  Forest forest;
  const HeaderEntry* trunk = forest.Grow(forest.genesis(), 3100);
  for (const int fork : {0, 1, 1022, 1023, 1024, 1025, 2046, 2047, 2048, 3000}) {
    const HeaderEntry* from = trunk;
    while (from->height > fork) from = from->parent;
    for (const int length : {1, 2, 1023, 1024, 1025, 3000}) {
      const HeaderEntry* tip = forest.Grow(from, length);
      const HeightIndex before = HeightIndex().With(trunk);
      const HeightIndex after = before.With(tip);
      ExpectChainOf(after, tip);
      ExpectChainOf(before, trunk);
      ExpectChainOf(after.With(trunk), trunk);  // and back
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(HeightIndex, RandomReorganisationsLeaveOldViewsAlone) {
  std::mt19937 random(1);
  Forest forest;
  std::vector<const HeaderEntry*> tips = {forest.Grow(forest.genesis(), 2500)};
  std::vector<std::pair<HeightIndex, const HeaderEntry*>> history;
  history.emplace_back(HeightIndex().With(tips[0]), tips[0]);
  for (int i = 0; i < 150; ++i) {
    const HeaderEntry* tip = tips[random() % tips.size()];
    if (random() % 2 == 0) {
      const HeaderEntry* from = tip;
      for (unsigned down = random() % 1500; down > 0 && from->parent != nullptr; --down) {
        from = from->parent;
      }
      tip = forest.Grow(from, 1 + static_cast<int>(random() % 1500));
      tips.push_back(tip);
    } else {  // an older block becomes the tip
      for (unsigned down = random() % 1500; down > 0 && tip->parent != nullptr; --down) {
        tip = tip->parent;
      }
    }
    history.emplace_back(history[random() % history.size()].first.With(tip), tip);
    ExpectChainOf(history.back().first, tip);
    if (testing::Test::HasFatalFailure()) return;
  }
  for (const auto& [index, tip] : history) {
    ExpectChainOf(index, tip);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(ChainView, ContainsItsChainAndNoOther) {
  Forest forest;
  const HeaderEntry* tip = forest.Grow(forest.genesis(), 20);
  const HeaderEntry* fork = tip->parent->parent;
  const HeaderEntry* other = forest.Grow(fork, 2);
  ChainView view;
  view.tip = tip;
  view.heights = HeightIndex().With(tip);
  EXPECT_EQ(view.Height(), 20);
  EXPECT_EQ(view.At(20), tip);
  EXPECT_EQ(view.At(21), nullptr);
  EXPECT_TRUE(view.Contains(tip));
  EXPECT_TRUE(view.Contains(fork));
  EXPECT_TRUE(view.Contains(forest.genesis()));
  EXPECT_FALSE(view.Contains(other));
  EXPECT_FALSE(view.Contains(other->parent));
  EXPECT_FALSE(view.Contains(forest.Grow(tip, 1)));
}

}  // namespace
}  // namespace cairn::ledger
