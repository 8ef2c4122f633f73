// The tree of headers against plain walks from child to parent, on random trees.
#include "src/ledger/header_tree.h"

#include <atomic>
#include <random>
#include <set>
#include <thread>
#include <unordered_set>

#include <gtest/gtest.h>

#include "consensus/work.h"
#include "tests/support/ledger_world.h"

namespace cairn::ledger {
namespace {

using test::ChainNamed;

constexpr uint32_t kBits[] = {0x207fffff, 0x203fffff, 0x201fffff};

/// A tree under test, and what is known of it by the plainest means.
class RandomTree {
 public:
  explicit RandomTree(unsigned seed)
      : random_(seed), params_(ChainNamed("regtest")), tree_(params_) {
    Grow(nullptr);
  }

  /// Adds a child; of any entry if none is given.
  HeaderEntry* Grow(HeaderEntry* parent) {
    if (parent == nullptr && !all_.empty()) parent = Any();
    Header header;
    if (parent != nullptr) header.previous = parent->hash;
    header.time = 1'500'000'000 + random_() % 100'000;
    header.bits = kBits[random_() % std::size(kBits)];
    header.nonce = ++nonce_;
    all_.push_back(tree_.Insert(header, header.Hash(), parent));
    return all_.back();
  }

  /// Adds `count` headers: mostly long branches, now and then a fork.
  void GrowMany(int count) {
    HeaderEntry* last = all_.back();
    for (int i = 0; i < count; ++i) {
      last = Grow(random_() % 20 == 0 ? Any() : last);
    }
  }

  HeaderEntry* Any() { return all_[random_() % all_.size()]; }

  std::mt19937& random() { return random_; }
  HeaderTree& tree() { return tree_; }
  const std::vector<HeaderEntry*>& all() const { return all_; }

 private:
  std::mt19937 random_;
  const consensus::Params params_;
  HeaderTree tree_;
  std::vector<HeaderEntry*> all_;
  uint32_t nonce_ = 0;
};

std::vector<const HeaderEntry*> PathOf(const HeaderEntry* entry) {
  std::vector<const HeaderEntry*> path;
  for (; entry != nullptr; entry = entry->parent) path.push_back(entry);
  std::reverse(path.begin(), path.end());
  return path;
}

TEST(HeaderTree, LeavesAreNobodysParents) {
  RandomTree world(7);
  for (int round = 0; round < 50; ++round) {
    std::unordered_set<const HeaderEntry*> plain(world.all().begin(), world.all().end());
    for (const HeaderEntry* entry : world.all()) plain.erase(entry->parent);
    ASSERT_EQ(world.tree().leaves(), plain);
    world.GrowMany(20);
  }
}

TEST(HeaderTree, DerivesHeightWorkAndMedianTime) {
  RandomTree world(1);
  world.GrowMany(1000);
  for (const HeaderEntry* entry : world.all()) {
    const auto path = PathOf(entry);
    ASSERT_EQ(entry->height, static_cast<int>(path.size()) - 1);
    U256 work;
    for (const HeaderEntry* on_path : path) work += consensus::WorkOf(on_path->header.bits);
    ASSERT_EQ(entry->chain_work, work);
    std::vector<uint32_t> times;
    for (size_t i = path.size() > 11 ? path.size() - 11 : 0; i < path.size(); ++i) {
      times.push_back(path[i]->header.time);
    }
    std::sort(times.begin(), times.end());
    ASSERT_EQ(entry->median_time, times[times.size() / 2]);
    ASSERT_EQ(world.tree().Find(entry->hash), entry);
  }
  EXPECT_EQ(world.tree().Find(BlockHash{}), nullptr);
}

TEST(HeaderTree, AncestorsAreThoseOfAPlainWalk) {
  RandomTree world(2);
  world.GrowMany(3000);
  for (int i = 0; i < 300; ++i) {
    const HeaderEntry* entry = world.Any();
    const auto path = PathOf(entry);
    for (int j = 0; j < 30; ++j) {
      const size_t at = world.random()() % path.size();
      ASSERT_EQ(entry->Ancestor(static_cast<int>(at)), path[at]);
    }
    ASSERT_EQ(entry->Ancestor(entry->height), entry);
    ASSERT_EQ(entry->Ancestor(0), path[0]);
    ASSERT_EQ(entry->Ancestor(-1), nullptr);
    ASSERT_EQ(entry->Ancestor(entry->height + 1), nullptr);
    ASSERT_EQ(entry->Ancestor(INT32_MIN), nullptr);
  }
}

TEST(HeaderTree, SkipsLeadToAncestorsInFewHops) {
  RandomTree world(3);
  HeaderEntry* last = world.all()[0];
  for (int i = 0; i < 20'000; ++i) last = world.Grow(last);
  for (const HeaderEntry* entry : world.all()) {
    if (entry->height == 0) continue;
    ASSERT_NE(entry->skip, nullptr);
    ASSERT_LT(entry->skip->height, entry->height);
  }
  for (int i = 0; i < 2000; ++i) {
    const HeaderEntry* from = world.Any();
    const int at = static_cast<int>(world.random()() % static_cast<unsigned>(from->height + 1));
    int hops = 0;
    for (const HeaderEntry* entry = from; entry->height > at; ++hops) {
      const bool far_enough = entry->skip != nullptr && entry->skip->height >= at;
      entry = far_enough ? entry->skip : entry->parent;
    }
    ASSERT_LE(hops, 110) << from->height << " to " << at;
  }
}

TEST(HeaderTree, FindsTheForkOfAnyTwo) {
  RandomTree world(4);
  world.GrowMany(2000);
  for (int i = 0; i < 5000; ++i) {
    const HeaderEntry* a = world.Any();
    const HeaderEntry* b = world.random()() % 10 == 0 ? a : world.Any();
    const auto path_a = PathOf(a);
    const auto path_b = PathOf(b);
    const HeaderEntry* fork = nullptr;
    for (size_t at = 0; at < std::min(path_a.size(), path_b.size()); ++at) {
      if (path_a[at] == path_b[at]) fork = path_a[at];
    }
    ASSERT_EQ(FindFork(a, b), fork);
    ASSERT_EQ(FindFork(b, a), fork);
  }
}

TEST(HeaderTree, EntriesServeRulesAsAncestors) {
  RandomTree world(5);
  world.GrowMany(500);
  const HeaderEntry* last = world.all().back();
  const auto path = PathOf(last);
  const EntryAncestors ancestors(last);
  EXPECT_EQ(ancestors.Height(), last->height);
  for (int i = 0; i < 1000; ++i) {  // up and down: a remembered place must not mislead
    const size_t at = world.random()() % path.size();
    const consensus::AncestorFacts facts = ancestors.At(static_cast<int>(at));
    ASSERT_EQ(facts.time, path[at]->header.time);
    ASSERT_EQ(facts.bits, path[at]->header.bits);
    ASSERT_EQ(facts.version, path[at]->header.version);
  }
}

/// True if the entry and all before it have their bodies.
bool IsComplete(const HeaderEntry* entry, const std::set<const HeaderEntry*>& bodies) {
  for (; entry != nullptr; entry = entry->parent) {
    if (!bodies.contains(entry)) return false;
  }
  return true;
}

bool HasFailed(const HeaderEntry* entry, const std::set<const HeaderEntry*>& failed) {
  for (; entry != nullptr; entry = entry->parent) {
    if (failed.contains(entry)) return true;
  }
  return false;
}

/// Compares the tree's choice of the best candidate and of the best header with a look at all.
void ExpectBest(RandomTree& world, const std::set<const HeaderEntry*>& bodies,
                const std::set<const HeaderEntry*>& failed) {
  U256 most_headers;
  U256 most;
  uint64_t first_arrival = UINT64_MAX;
  for (const HeaderEntry* entry : world.all()) {
    ASSERT_EQ(entry->failed, HasFailed(entry, failed));
    if (entry->failed) continue;
    most_headers = std::max(most_headers, entry->chain_work);
    const bool complete = IsComplete(entry, bodies);
    ASSERT_EQ(entry->chain_tx_count != 0, complete);
    if (!complete || entry->chain_work < most) continue;
    if (entry->chain_work > most) first_arrival = UINT64_MAX;
    most = entry->chain_work;
    first_arrival = std::min(first_arrival, entry->arrival);
  }
  ASSERT_FALSE(world.tree().best_header()->failed);
  ASSERT_EQ(world.tree().best_header()->chain_work, most_headers);
  const HeaderEntry* best = world.tree().BestCandidate();
  if (most.IsZero()) {
    ASSERT_EQ(best, nullptr);
    return;
  }
  ASSERT_NE(best, nullptr);
  ASSERT_EQ(best->chain_work, most);
  ASSERT_EQ(best->arrival, first_arrival);
  ASSERT_TRUE(IsComplete(best, bodies));
}

TEST(HeaderTree, CandidatesComeAsBodiesArriveInAnyOrder) {
  for (unsigned seed = 10; seed < 16; ++seed) {
    RandomTree world(seed);
    world.GrowMany(120);
    std::vector<HeaderEntry*> order = world.all();
    std::shuffle(order.begin(), order.end(), world.random());
    std::set<const HeaderEntry*> bodies;
    std::set<const HeaderEntry*> failed;
    for (HeaderEntry* entry : order) {
      entry->tx_count = 1 + world.random()() % 3;
      world.tree().LinkBody(entry);
      bodies.insert(entry);
      if (world.random()() % 25 == 0) {
        HeaderEntry* bad = world.all()[1 + world.random()() % (world.all().size() - 1)];
        world.tree().MarkFailed(bad);
        failed.insert(bad);
      }
      ExpectBest(world, bodies, failed);
      if (testing::Test::HasFatalFailure()) return;
    }
    for (const HeaderEntry* entry : world.all()) {  // all bodies are there now
      uint64_t count = 0;
      for (const HeaderEntry* on_path : PathOf(entry)) count += on_path->tx_count;
      ASSERT_EQ(entry->chain_tx_count, count);
    }
  }
}

TEST(HeaderTree, OfEqualWorkTheFirstToBeCompleteIsBest) {
  RandomTree world(20);
  HeaderEntry* genesis = world.all()[0];
  genesis->tx_count = 1;
  world.tree().LinkBody(genesis);
  // Two branches of two blocks with the same work.
  const auto grow = [&](HeaderEntry* parent, uint32_t nonce) {
    Header header;
    header.previous = parent->hash;
    header.time = 1'500'000'000;
    header.bits = kBits[0];
    header.nonce = nonce;
    HeaderEntry* entry = world.tree().Insert(header, header.Hash(), parent);
    entry->tx_count = 1;
    return entry;
  };
  HeaderEntry* a1 = grow(genesis, 1000);
  HeaderEntry* a2 = grow(a1, 1001);
  HeaderEntry* b1 = grow(genesis, 1002);
  HeaderEntry* b2 = grow(b1, 1003);
  ASSERT_EQ(a2->chain_work, b2->chain_work);
  world.tree().LinkBody(a2);  // waits for a1
  EXPECT_EQ(world.tree().BestCandidate(), genesis);
  world.tree().LinkBody(b1);
  EXPECT_EQ(world.tree().BestCandidate(), b1);
  world.tree().LinkBody(b2);
  EXPECT_EQ(world.tree().BestCandidate(), b2);
  world.tree().LinkBody(a1);  // completes a2, later than b2
  EXPECT_EQ(world.tree().BestCandidate(), b2);
  EXPECT_EQ(a2->chain_tx_count, 3u);

  world.tree().PruneCandidates(b2);
  EXPECT_EQ(world.tree().BestCandidate(), b2);
  world.tree().MarkFailed(b1);
  EXPECT_TRUE(b2->failed);
  EXPECT_EQ(world.tree().BestCandidate(), nullptr);  // what was worse is forgotten
}

TEST(HeaderTree, MarkingFailedNamesEveryEntryThatChanged) {
  RandomTree world(21);
  world.GrowMany(300);
  std::set<HeaderEntry*> changed;
  for (int i = 0; i < 20; ++i) {
    HeaderEntry* bad = world.all()[1 + world.random()() % (world.all().size() - 1)];
    std::set<HeaderEntry*> expected;
    for (HeaderEntry* entry : world.all()) {
      if (!entry->failed && entry->Ancestor(bad->height) == bad) expected.insert(entry);
    }
    const auto now = world.tree().MarkFailed(bad);
    ASSERT_EQ(std::set<HeaderEntry*>(now.begin(), now.end()), expected);
    ASSERT_EQ(now.size(), expected.size());
  }
}

TEST(HeaderTree, ChildrenOfAFailedBlockAreBornFailed) {
  RandomTree world(22);
  world.GrowMany(10);
  HeaderEntry* bad = world.all()[3];
  world.tree().MarkFailed(bad);
  HeaderEntry* child = world.Grow(bad);
  EXPECT_TRUE(child->failed);
  EXPECT_NE(world.tree().best_header(), child);
  EXPECT_FALSE(world.tree().best_header()->failed);
}

TEST(HeaderTree, KnowsTheHighestCheckpoint) {
  consensus::Params params = ChainNamed("regtest");
  Header genesis;
  genesis.bits = kBits[0];
  Header child = genesis;
  child.previous = genesis.Hash();
  Header grandchild = genesis;
  grandchild.previous = child.Hash();
  params.checkpoints = {{0, genesis.Hash()}, {1, child.Hash()}, {2, grandchild.Hash()}};
  HeaderTree tree(params);
  HeaderEntry* entry = tree.Insert(genesis, genesis.Hash(), nullptr);
  EXPECT_EQ(tree.checkpointed_height(), 0);
  entry = tree.Insert(child, child.Hash(), entry);
  EXPECT_EQ(tree.checkpointed_height(), 1);
  Header other = child;
  other.nonce = 9;
  tree.Insert(other, other.Hash(), tree.Find(genesis.Hash()));
  EXPECT_EQ(tree.checkpointed_height(), 1);
  tree.Insert(grandchild, grandchild.Hash(), entry);
  EXPECT_EQ(tree.checkpointed_height(), 2);
}

TEST(HeaderTree, IsSearchedWhileItGrows) {
  RandomTree world(23);
  const BlockHash first = world.all()[0]->hash;
  std::atomic<bool> stop{false};
  std::jthread reader([&] {
    while (!stop) {
      const HeaderEntry* found = world.tree().Find(first);
      ASSERT_NE(found, nullptr);
      ASSERT_EQ(found->height, 0);
      ASSERT_EQ(world.tree().Find(BlockHash{}), nullptr);
    }
  });
  world.GrowMany(2000);
  stop = true;
}

}  // namespace
}  // namespace cairn::ledger
