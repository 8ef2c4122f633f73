// Worlds so small that all their histories can be tried: money halves every 5 blocks, targets
// change every 10, coinbases mature after 2. Every way to fork up to depth 4 is played through a
// ledger, and every way in which two branches of four and five blocks can arrive; after each block
// the ledger must be what the chain alone says.

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/storage/coin_store.h"
#include "consensus/work.h"
#include "tests/support/block_maker.h"
#include "tests/support/ledger_world.h"
#include "tests/support/listed_ancestors.h"

namespace cairn::test {
namespace {

constexpr int kBase = 8;  // heights 9 to 12 see a new target and a halving, both at 10
constexpr int kDepth = 4;
constexpr uint32_t kSpacing = 600;

consensus::Params TinyParams() {
  consensus::Params params = ChainNamed("regtest");
  params.subsidy_interval = 5;
  params.coinbase_maturity = 2;
  params.retarget.timespan_seconds = 10 * kSpacing;
  params.retarget.never = false;
  params.retarget.allow_min_difficulty = false;
  return params;
}

struct PlainCoin {
  Amount value = 0;
  int height = 0;
  bool coinbase = false;
  friend bool operator==(const PlainCoin&, const PlainCoin&) = default;
};
using PlainCoins = std::map<OutPoint, PlainCoin>;

enum class Fault { kNone, kOverpaid, kPremature };

/// A block of the world, with what the ledger is not asked for.
struct Node {
  MadeBlock made;
  int parent = -1;  // in the list of nodes; -1 is genesis
  U256 work;        // of the chain up to here
  bool valid = true;
  Amount lost = 0;  // not claimed by the coinbase, or paid to nobody
};

/// All blocks that were made so far, and what follows from them, told in the plainest way.
class Model {
 public:
  explicit Model(const consensus::Params& params) : params_(params) {}

  const std::vector<Node>& nodes() const { return nodes_; }
  int HeightOf(int node) const { return node < 0 ? 0 : nodes_[node].made.place.height; }

  /// The indexes from the first block above genesis to `node`.
  std::vector<int> PathTo(int node) const {
    std::vector<int> path;
    for (; node >= 0; node = nodes_[node].parent) path.insert(path.begin(), node);
    return path;
  }

  /// How many blocks of the chain to `from` are not in the one to `to`.
  int Undone(int from, int to) const {
    const std::vector<int> kept = PathTo(to);
    int undone = 0;
    for (; from >= 0 && !std::binary_search(kept.begin(), kept.end(), from);
         from = nodes_[from].parent) {
      ++undone;
    }
    return undone;
  }

  /// Outputs minus spends, over the whole chain.
  PlainCoins CoinsAt(int node) const {
    PlainCoins coins;
    for (const int at : PathTo(node)) {
      const Node& block = nodes_[at];
      for (const Transaction& tx : block.made.block->transactions()) {
        for (const TxIn& input : tx.inputs) coins.erase(input.prevout);
        for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
          if (IsUnspendable(tx.outputs[i].script)) continue;
          coins[{tx.txid, i}] = {tx.outputs[i].value, block.made.place.height, tx.IsCoinbase()};
        }
      }
    }
    return coins;
  }

  /// All subsidies, less what nobody took. Genesis pays nobody.
  Amount SupplyAt(int node) const {
    Amount supply = 0;
    for (const int at : PathTo(node)) {
      supply += (50 * kCoin >> HeightOf(at) / 5) - nodes_[at].lost;
    }
    return supply;
  }

  /// The valid chain with the most work; of several, the one that was there first.
  int Best() const {
    int best = -1;
    for (int at = 0; at < static_cast<int>(nodes_.size()); ++at) {
      if (nodes_[at].valid && (best < 0 || nodes_[at].work > nodes_[best].work)) best = at;
    }
    return best;
  }

  /// Makes a block on `parent`. The next on the same parent spends the same coins otherwise.
  const Node& Grow(int parent, uint32_t spacing, Fault fault) {
    const Place place = parent < 0 ? Place::Genesis(params_) : nodes_[parent].made.place;
    Node node;
    node.parent = parent;
    node.valid = fault == Fault::kNone && (parent < 0 || nodes_[parent].valid);
    BlockPlan plan;
    plan.tag = static_cast<uint32_t>(nodes_.size());
    plan.time = place.time + spacing;
    plan.bits = consensus::NextBits(AncestorsOf(parent), *plan.time, params_.retarget);
    AddSpends(plan, parent, node, fault);
    const Amount unclaimed = plan.tag % 3;
    plan.fees += fault == Fault::kOverpaid ? 1 : -unclaimed;
    node.lost += unclaimed;
    node.made = MakeBlock(params_, place, plan);
    node.work = consensus::WorkOf(*plan.bits) + (parent < 0 ? U256() : nodes_[parent].work);
    nodes_.push_back(std::move(node));
    return nodes_.back();
  }

 private:
  ListedAncestors AncestorsOf(int node) const {
    const Header genesis = Header::From(ByteSpan(params_.genesis_block).first<Header::kSize>());
    ListedAncestors chain({{genesis.version, genesis.time, genesis.bits}});
    for (const int at : PathTo(node)) {
      const Header& header = nodes_[at].made.block->header();
      chain.Add({header.version, header.time, header.bits});
    }
    return chain;
  }

  /// Splits the first mature coin, burns a bit of it, and spends one half again in the same block.
  void AddSpends(BlockPlan& plan, int parent, Node& node, Fault fault) const {
    const int height = HeightOf(parent) + 1;
    for (const auto& [outpoint, coin] : CoinsAt(parent)) {
      const bool mature = !coin.coinbase || height - coin.height >= params_.coinbase_maturity;
      if (mature == (fault == Fault::kPremature) || coin.value < 1000) continue;
      constexpr Amount kFee = 7;
      const Amount burnt = plan.tag % 2 == 0 ? 0 : 3;
      const Amount half = coin.value / 2 - plan.tag;
      TransactionDraft split;
      split.inputs.emplace_back().prevout = outpoint;
      split.outputs = {
          {half, {OP_1}}, {coin.value - half - kFee - burnt, {OP_1}}, {burnt, {OP_RETURN}}};
      const TransactionPtr tx = split.Finish();
      plan.transactions = {tx, MakeSpend(OutputOf(*tx), half - 1)};
      plan.fees = kFee + 1;
      node.lost += burnt;
      return;
    }
    EXPECT_NE(fault, Fault::kPremature) << "there is always the parent's coinbase";
  }

  const consensus::Params& params_;
  std::vector<Node> nodes_;
};

/// What every step of a history must find.
class History {
 public:
  explicit History(int flush_every) : world_(TinyParams()), model_(world_.params) {
    world_.ledger.reset();
    world_.clock.SetMock(Place::Genesis(world_.params).time + 1'000'000);
    world_.options.flush_every_blocks = flush_every;
    world_.Open();
    for (int i = 0; i < kBase; ++i) Submit(i - 1, kSpacing / 10, Fault::kNone);
  }

  void Submit(int parent, uint32_t spacing, Fault fault) {
    const Node& node = model_.Grow(parent, spacing, fault);
    for (const Transaction& tx : node.made.block->transactions()) {
      for (uint32_t i = 0; i < tx.outputs.size(); ++i) outpoints_.push_back({tx.txid, i});
    }
    const int tip_before = tip_;
    world_.ledger->SubmitBlock(node.made.block).get();
    tip_ = model_.Best();
    if (tip_ == tip_before) return;
    const int undone = model_.Undone(tip_before, tip_);
    if (undone > 0) ++reorganisations_;
    deepest_ = std::max(deepest_, undone);
  }

  void CheckStep() {
    const Node& best = model_.nodes()[tip_];
    const auto view = world_.ledger->View();
    ASSERT_EQ(view->tip->hash, best.made.place.hash);
    ASSERT_EQ(view->tip->chain_work - view->At(0)->chain_work, best.work);
    for (const Node& node : model_.nodes()) {
      if (!node.valid || node.made.place.height <= best.made.place.height) continue;
      ++longer_losers_;
      break;
    }
    const PlainCoins coins = model_.CoinsAt(tip_);
    Amount supply = 0;
    for (const OutPoint& outpoint : outpoints_) {
      const auto found = world_.ledger->FindCoin(outpoint);
      ASSERT_TRUE(found.has_value());
      const auto expected = coins.find(outpoint);
      ASSERT_EQ(found->has_value(), expected != coins.end()) << outpoint.ToString();
      if (!*found) continue;
      const PlainCoin coin{(*found)->value, (*found)->height, (*found)->coinbase};
      ASSERT_EQ(coin, expected->second) << outpoint.ToString();
      supply += coin.value;
    }
    ASSERT_EQ(supply, model_.SupplyAt(tip_));
  }

  /// The coins on disk are the chain's and no others, and a new start finds the same tip.
  void CheckAfterClosing() {
    const std::string tip = world_.Tip();
    world_.ledger.reset();
    {
      const auto store = storage::CoinStore::Open(world_.options.coins_folder, 1 << 20);
      ASSERT_TRUE(store.has_value());
      PlainCoins stored;
      const Status read =
          (*store)->ForEachCoin([&](const OutPoint& outpoint, const storage::StoredCoin& coin) {
            const Coin seen = coin.View();
            stored[outpoint] = {seen.value, seen.height, seen.coinbase};
          });
      ASSERT_TRUE(read.has_value());
      ASSERT_EQ(stored, model_.CoinsAt(tip_));
    }
    world_.Open();
    ASSERT_EQ(world_.Tip(), tip);
  }

  int reorganisations() const { return reorganisations_; }
  /// The most blocks that one reorganisation undid.
  int deepest() const { return deepest_; }
  /// Steps at which a longer chain had less work than the best.
  int longer_losers() const { return longer_losers_; }

 private:
  LedgerWorld world_;
  Model model_;
  std::vector<OutPoint> outpoints_;  // of every block, on any branch
  int tip_ = -1;
  int reorganisations_ = 0;
  int deepest_ = 0;
  int longer_losers_ = 0;
};

/// The parents of each block in turn: 0 is the end of the base, n the n-th block above it.
using Shape = std::vector<int>;

/// Every shape of `blocks` blocks no deeper than `kDepth`, in every order of arrival.
std::vector<Shape> AllShapes(int blocks) {
  std::vector<Shape> shapes = {{}};
  for (int made = 0; made < blocks; ++made) {
    std::vector<Shape> longer;
    for (const Shape& shape : shapes) {
      std::vector<int> depths = {0};
      for (const int parent : shape) depths.push_back(depths[parent] + 1);
      for (int parent = 0; parent <= made; ++parent) {
        if (depths[parent] == kDepth) continue;
        longer.push_back(shape);
        longer.back().push_back(parent);
      }
    }
    shapes = std::move(longer);
  }
  return shapes;
}

/// Every order in which the blocks of two branches of these lengths can arrive.
std::vector<Shape> AllInterleavings(int first, int second) {
  struct Arrivals {
    Shape shape;
    int left[2];
    int tip[2] = {0, 0};
  };
  std::vector<Arrivals> all = {{{}, {first, second}}};
  for (int made = 1; made <= first + second; ++made) {
    std::vector<Arrivals> longer;
    for (const Arrivals& so_far : all) {
      for (const int branch : {0, 1}) {
        if (so_far.left[branch] == 0) continue;
        Arrivals next = so_far;
        --next.left[branch];
        next.shape.push_back(next.tip[branch]);
        next.tip[branch] = made;
        longer.push_back(std::move(next));
      }
    }
    all = std::move(longer);
  }
  std::vector<Shape> shapes;
  for (Arrivals& arrivals : all) shapes.push_back(std::move(arrivals.shape));
  return shapes;
}

struct Tally {
  int histories = 0;
  int steps = 0;
  int reorganisations = 0;
  int deepest = 0;
  int longer_losers = 0;
};

/// Plays a shape. The base came quickly; a branch whose block 9 does too has a target a quarter as
/// large from block 10 on, one whose block 9 is late has the old one: so work and length disagree.
/// `faulty` is the block with the fault.
void Play(const Shape& shape, Fault fault, int faulty, Tally& tally) {
  History history(tally.histories % 2);  // every other one with a flush at each block
  for (int i = 0; i < static_cast<int>(shape.size()); ++i) {
    const int parent = kBase - 1 + shape[static_cast<size_t>(i)];
    history.Submit(parent, i % 2 == 0 ? 20 * kSpacing : 1, i == faulty ? fault : Fault::kNone);
    history.CheckStep();
    ++tally.steps;
    if (testing::Test::HasFatalFailure()) return;
  }
  history.CheckAfterClosing();
  ++tally.histories;
  tally.reorganisations += history.reorganisations();
  tally.deepest = std::max(tally.deepest, history.deepest());
  tally.longer_losers += history.longer_losers();
}

void Report(const char* what, const Tally& tally) {
  std::printf(
      "%s: %d histories, %d steps, %d reorganisations of up to %d blocks, %d steps with a longer "
      "loser\n",
      what, tally.histories, tally.steps, tally.reorganisations, tally.deepest,
      tally.longer_losers);
}

TEST(TinyWorlds, EveryForkUpToDepthFour) {
  Tally tally;
  for (const Shape& shape : AllShapes(5)) {
    Play(shape, Fault::kNone, -1, tally);
    ASSERT_FALSE(HasFatalFailure()) << testing::PrintToString(shape);
  }
  Report("forks", tally);
  EXPECT_EQ(tally.histories, 119);  // 5! less the one of depth 5
  EXPECT_GT(tally.reorganisations, 40);
  EXPECT_GT(tally.longer_losers, 0);
}

// Shorter branches are what the histories of these begin with.
TEST(TinyWorlds, EveryOrderOfTwoBranches) {
  Tally tally;
  for (const Shape& shape : AllInterleavings(4, 5)) {
    Play(shape, Fault::kNone, -1, tally);
    ASSERT_FALSE(HasFatalFailure()) << testing::PrintToString(shape);
  }
  Report("two branches", tally);
  EXPECT_EQ(tally.histories, 126);  // nine blocks, of which four are of one branch
  EXPECT_EQ(tally.deepest, 5);      // four blocks with more work undo five
  EXPECT_GT(tally.reorganisations, 100);
}

TEST(TinyWorlds, EveryForkWithOneInvalidBlock) {
  Tally tally;
  for (const Fault fault : {Fault::kOverpaid, Fault::kPremature}) {
    for (const Shape& shape : AllShapes(kDepth)) {
      for (int faulty = 0; faulty < kDepth; ++faulty) {
        Play(shape, fault, faulty, tally);
        ASSERT_FALSE(HasFatalFailure()) << testing::PrintToString(shape) << " " << faulty;
      }
    }
  }
  Report("forks with an invalid block", tally);
  EXPECT_EQ(tally.histories, 2 * 24 * kDepth);
}

}  // namespace
}  // namespace cairn::test
