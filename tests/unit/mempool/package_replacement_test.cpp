// Replacement by packages: one rule broken at a time, with Bitcoin Core's words, and the repaired
// twin.
#include "src/mempool/package_replacement.h"

#include <gmock/gmock.h>

#include "tests/unit/mempool/pool_fixture.h"

namespace cairn::mempool {
namespace {

using Package = std::vector<TransactionPtr>;

class PackageReplacementTest : public PoolTest {
 protected:
  /// Another transaction than all that came before, though it spends and pays the same.
  TransactionPtr Fresh(TransactionDraft draft, int32_t version = 2) {
    draft.version = version;
    draft.lock_time = ++made_;  // without effect, as all sequences are final
    return draft.Finish();
  }
  TransactionPtr Spend(size_t reward, Amount fee, size_t outputs = 1) {
    return Fresh(RewardDraft(reward, fee, outputs));
  }
  /// A parent that spends the coin, and its child.
  Package Pair(size_t reward, Amount fee, Amount child_fee, int32_t version = 2,
               size_t child_outputs = 1) {
    const TransactionPtr parent = Fresh(RewardDraft(reward, fee), version);
    return {parent, Fresh(ChildDraft(parent, 0, child_fee, child_outputs), version)};
  }
  /// Spends the first outputs of all of these, and coinbases.
  TransactionPtr Join(const Package& parents, const std::vector<size_t>& rewards, Amount fee,
                      size_t outputs = 1) {
    std::vector<OutPoint> coins;
    Amount value = 0;
    for (const TransactionPtr& parent : parents) {
      coins.push_back(test::OutputOf(*parent));
      value += parent->outputs[0].value;
    }
    for (const size_t reward : rewards) {
      coins.push_back(rewards_[reward]);
      value += kReward;
    }
    return Fresh(Draft(coins, value, fee, outputs));
  }
  void EnterAll(const Package& package) {
    for (const TransactionPtr& tx : package) Enter(tx);
  }

  static int64_t SizeOf(const Package& package) {
    int64_t vsize = 0;
    for (const TransactionPtr& tx : package) vsize += static_cast<int64_t>(tx->VirtualSize());
    return vsize;
  }
  /// What the members pay on top of those that they replace, so that it is just enough.
  Amount RelayFeeOf(const Package& package) const {
    return policy_.incremental_fee.For(SizeOf(package));
  }

  /// The pool as it is, to compare.
  std::string Picture() const {
    std::string picture;
    for (const PoolEntry& entry : pool_->Entries()) {
      picture += entry.tx->wtxid.ToString() + " " + std::to_string(entry.sequence) + " " +
                 std::to_string(entry.ancestor_count) + " " + std::to_string(entry.ancestor_fees) +
                 " " + std::to_string(entry.descendant_count) + " " +
                 std::to_string(entry.descendant_fees) + "\n";
    }
    return picture + std::to_string(pool_->Info().usage);
  }

  void ExpectRefused(const Package& package, const std::string& message) {
    const std::string before = Picture();
    const PackageResult result = pool_->SubmitPackage(package, {});
    EXPECT_EQ(result.message, message);
    for (const AdmissionResult& one : result.results) EXPECT_TRUE(one.replaced.empty());
    EXPECT_EQ(Picture(), before);
  }
  /// It is taken, and replaces these.
  void ExpectReplaces(const Package& package, const Package& gone) {
    const PackageResult result = pool_->SubmitPackage(package, {});
    EXPECT_EQ(result.message, "success");
    ASSERT_EQ(result.results.size(), package.size());
    Package replaced;
    for (size_t i = 0; i < package.size(); ++i) {
      EXPECT_NE(result.results[i].outcome, Admission::kRejected) << result.results[i].ToString();
      EXPECT_TRUE(pool_->Contains(package[i]->txid));
      replaced.insert(replaced.end(), result.results[i].replaced.begin(),
                      result.results[i].replaced.end());
    }
    EXPECT_THAT(replaced, testing::UnorderedElementsAreArray(gone));
    for (const TransactionPtr& tx : gone) EXPECT_FALSE(pool_->Contains(tx->txid));
  }

  uint32_t made_ = 0;
};

TEST_F(PackageReplacementTest, AChildPaysForWhatItsParentReplaces) {
  const Package old = Pair(0, 1000, 1000);
  EnterAll(old);
  const Package better = Pair(0, 1000, 5000);
  EXPECT_EQ(Submit(better[0]).reason, "insufficient fee");
  std::vector<PoolEvent> events;
  const uint64_t listener = pool_->Listen([&](const PoolEvent& event) { events.push_back(event); });
  const uint64_t sequence = pool_->Sequence();
  ExpectReplaces(better, old);
  pool_->Unlisten(listener);
  // Those that leave are told of before those that come, each with the next number.
  ASSERT_EQ(events.size(), 4u);
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence, sequence + i);
  EXPECT_EQ(events[0].tx, old[1]);
  EXPECT_EQ(events[1].tx, old[0]);
  for (size_t i : {0, 1}) {
    EXPECT_EQ(events[i].reason, RemovalReason::kReplaced);
    EXPECT_TRUE(events[2 + i].added);
    EXPECT_EQ(events[2 + i].tx, better[i]);
    EXPECT_EQ(pool_->Summary(better[i]->txid)->sequence, sequence + 2 + i);
  }
  EXPECT_EQ(pool_->Sequence(), sequence + 4);
  EXPECT_EQ(pool_->Entry(better[1]->txid)->ancestor_fees, 6000);
  EXPECT_EQ(pool_->Unbroadcast().size(), 2u);
}

TEST_F(PackageReplacementTest, AVersion3ParentMayPayNothing) {
  const Package old = Pair(0, 1000, 1000, kTrucVersion);
  EnterAll(old);
  ExpectReplaces(Pair(0, 0, 5000, kTrucVersion), old);
}

TEST_F(PackageReplacementTest, AChildMayReplaceToo) {
  const TransactionPtr other = Enter(Spend(1, 700));
  const Package old = Pair(0, 1000, 1000);
  EnterAll(old);
  const TransactionPtr parent = Spend(0, 500);
  ExpectReplaces({parent, Join({parent}, {1}, 9000)}, {other, old[0], old[1]});
}

TEST_F(PackageReplacementTest, IsOneParentAndOneChild) {
  const Package first = Pair(0, 1000, 1000);
  const Package second = Pair(1, 1000, 1000);
  EnterAll(first);
  EnterAll(second);
  const TransactionPtr left = Spend(0, 500);
  const TransactionPtr right = Spend(1, 500);
  ExpectRefused({left, right, Join({left, right}, {}, 50'000)},
                "package RBF failed: package must be 1-parent-1-child");
  ExpectReplaces({left, Join({left}, {}, 50'000)}, first);
}

TEST_F(PackageReplacementTest, HasNoOtherAncestors) {
  const Package old = Pair(0, 1000, 1000);
  EnterAll(old);
  const TransactionPtr poor = Spend(0, 500);
  const TransactionPtr rich = Enter(Spend(1, 5000));
  const Package package{poor, rich, Join({poor, rich}, {}, 50'000)};
  ExpectRefused(package, "package RBF failed: new transaction cannot have mempool ancestors");
  Mine({rich});
  ExpectReplaces({package[0], package[2]}, old);
}

TEST_F(PackageReplacementTest, AnAncestorIsNotReplacedUnseen) {
  const TransactionPtr grandparent = Enter(Spend(0, 1000));
  policy_.max_bytes = 40'000;
  OpenPool();
  for (size_t i = 2; i < 14; ++i) pool_->Submit(Spend(i, 30'000, 100), {});
  Enter(grandparent);
  const TransactionPtr parent = Fresh(ChildDraft(grandparent, 0, 200));
  ASSERT_EQ(Submit(parent).reason, "mempool min fee not met");
  ExpectRefused({parent, Join({parent}, {0}, 90'000)},
                "package RBF failed: new transaction cannot have mempool ancestors");
  ExpectReplaces({parent, Join({parent}, {1}, 90'000)}, {});
}

TEST_F(PackageReplacementTest, DoesNotSpendWhatItReplaces) {
  const Package old = Pair(0, 1000, 1000);
  EnterAll(old);
  const TransactionPtr grandparent = Enter(Spend(1, 5000));
  const TransactionPtr known = Enter(Fresh(ChildDraft(grandparent, 0, 5000)));
  const TransactionPtr poor = Spend(0, 500);
  const TransactionPtr child = Join({known, poor}, {1}, 50'000);
  const PackageResult result = pool_->SubmitPackage({known, poor, child}, {});
  EXPECT_EQ(result.message, "transaction failed");
  EXPECT_EQ(result.results[2].ToString(),
            "bad-txns-spends-conflicting-tx, " + child->txid.ToString() +
                " spends conflicting transaction " + grandparent->txid.ToString());
  EXPECT_EQ(result.results[2].kind, RejectKind::kConsensus);
}

TEST_F(PackageReplacementTest, EvictsFew) {
  const TransactionPtr fan = Fresh(RewardDraft(0, kFee, 101));
  Mine({fan});
  Package rivals;
  for (uint32_t i = 0; i < 101; ++i) rivals.push_back(Enter(Fresh(ChildDraft(fan, i, 1000))));
  const auto pair_against = [&](uint32_t count) {
    std::vector<OutPoint> coins;
    for (uint32_t i = 0; i < count; ++i) coins.push_back({fan->txid, i});
    const TransactionPtr parent =
        Fresh(Draft(coins, fan->outputs[0].value * count, 10'000));  // a poor rate for its size
    return Package{parent, Fresh(ChildDraft(parent, 0, 500'000))};
  };
  const Package broken = pair_against(101);
  ExpectRefused(broken,
                "package RBF failed: too many potential replacements, rejecting replacement " +
                    broken[1]->txid.ToString() + "; too many potential replacements (101 > 100)\n");
  ExpectReplaces(pair_against(100), Package(rivals.begin(), rivals.end() - 1));
}

TEST_F(PackageReplacementTest, PaysAsMuchAsItEvicts) {
  const Package old = Pair(0, 1000, 1000);
  EnterAll(old);
  const Package broken = Pair(0, 500, 1499);
  ExpectRefused(broken, "package RBF failed: insufficient anti-DoS fees, rejecting replacement " +
                            broken[1]->txid.ToString() +
                            ", less fees than conflicting txs; 0.00001999 < 0.00002");
  ExpectReplaces(Pair(0, 500, 1500 + RelayFeeOf(broken)), old);
}

TEST_F(PackageReplacementTest, PaysForTheRelayOfBoth) {
  const Package old = Pair(0, 1000, 1000);
  EnterAll(old);
  const Amount relay = RelayFeeOf(old);
  const Package broken = Pair(0, 500, 1500 + relay - 1);
  ExpectRefused(broken, "package RBF failed: insufficient anti-DoS fees, rejecting replacement " +
                            broken[1]->txid.ToString() + ", not enough additional fees to relay; " +
                            ShortAmount(relay - 1) + " < " + ShortAmount(relay));
  ExpectReplaces(Pair(0, 500, 1500 + relay), old);
}

TEST_F(PackageReplacementTest, ThePriorityCounts) {
  const Package old = Pair(0, 1000, 1000);
  EnterAll(old);
  const Package better = Pair(0, 500, 1500);
  pool_->Prioritise(better[1]->txid, RelayFeeOf(better));
  pool_->Prioritise(old[1]->txid, 1);
  ExpectRefused(better, "package RBF failed: insufficient anti-DoS fees, rejecting replacement " +
                            better[1]->txid.ToString() + ", not enough additional fees to relay; " +
                            ShortAmount(RelayFeeOf(better) - 1) + " < " +
                            ShortAmount(RelayFeeOf(better)));
  pool_->Prioritise(better[1]->txid, 1);
  ExpectReplaces(better, old);
}

TEST_F(PackageReplacementTest, TheChildPaysForTheParent) {
  const Package old = Pair(0, 1000, 1000);
  EnterAll(old);
  const Package broken = Pair(0, 1500, 1000);
  const FeeRate together = FeeRate::Of(2500, SizeOf(broken));
  const FeeRate parent = FeeRate::Of(1500, SizeOf({broken[0]}));
  ExpectRefused(broken,
                "package RBF failed: package feerate is less than or equal to parent feerate, "
                "package feerate " +
                    together.ToString() + " <= parent feerate is " + parent.ToString());
  ExpectReplaces(Pair(0, 1500, 1600), old);
}

/// What is replaced is alone or a family of two.
TEST_F(PackageReplacementTest, ReplacesSmallFamilies) {
  const auto broken = [&](size_t reward) { return Pair(reward, 500, 50'000); };
  const auto name = [](const TransactionPtr& tx) { return tx->txid.ToString(); };
  const std::string failed = "package RBF failed: ";
  {
    const TransactionPtr first = Enter(Spend(0, 1000));
    const TransactionPtr second = Enter(Join({first}, {1}, 2000));
    const TransactionPtr third = Enter(Join({second}, {2}, 2000));
    ExpectRefused(broken(0), failed + name(first) + " has 2 descendants, max 1 allowed");
    ExpectRefused(broken(1), failed + name(second) +
                                 " has both ancestor and descendant, exceeding cluster limit of 2");
    ExpectRefused(broken(2), failed + name(third) + " has 2 ancestors, max 1 allowed");
    Mine({first});
    ExpectReplaces(broken(1), {second, third});
  }
  {
    const TransactionPtr left = Enter(Spend(3, 1000));
    const TransactionPtr right = Enter(Spend(4, 1000));
    const TransactionPtr child = Enter(Join({left, right}, {5}, 3000));
    const std::string only = " is not the only parent of child " + name(child);
    ExpectRefused(broken(3), failed + name(left) + only);
    ExpectRefused(broken(4), failed + name(right) + only);
    ExpectRefused(broken(5), failed + name(child) + " has 2 ancestors, max 1 allowed");
    Mine({left});
    ExpectReplaces(broken(4), {right, child});
  }
  {
    const TransactionPtr parent = Enter(Spend(6, 2000, 2));
    const OutPoint second_output{parent->txid, 1};
    const TransactionPtr left = Enter(Join({parent}, {7}, 2000));
    const TransactionPtr right =
        Enter(Fresh(Draft({second_output, rewards_[8]}, kReward * 3 / 2 - 1000, 2000)));
    const std::string only = " is not the only child of parent " + name(parent);
    ExpectRefused(broken(6), failed + name(parent) + " has 2 descendants, max 1 allowed");
    ExpectRefused(broken(7), failed + name(left) + only);
    ExpectRefused(broken(8), failed + name(right) + only);
    Mine({parent});
    ExpectReplaces(broken(7), {left});
  }
}

TEST_F(PackageReplacementTest, MayTakeAChildFromAParentThatStays) {
  const TransactionPtr parent = Enter(Spend(0, 1000));
  const TransactionPtr child = Enter(Join({parent}, {1}, 2000));
  ExpectReplaces(Pair(1, 500, 50'000), {child});
  EXPECT_EQ(pool_->Entry(parent->txid)->descendant_count, 1u);
}

TEST_F(PackageReplacementTest, ABlockEarnsMore) {
  const std::string worse =
      "package RBF failed: insufficient feerate: does not improve feerate diagram";
  // More together, but a small block would rather have the old parent.
  const Package old = Pair(0, 3000, 1000);
  EnterAll(old);
  ExpectRefused(Pair(0, 1000, 3500), worse);
  ExpectReplaces(Pair(0, 1000, 6000), old);
  // An old child that pays for its parent counts with it.
  const Package lifted = Pair(1, 1000, 3000);
  EnterAll(lifted);
  ExpectReplaces(Pair(1, 1000, 3500), lifted);
  // A child that pays much for its size; its parent stays, and is worth less.
  const TransactionPtr parent = Enter(Spend(2, 200));
  const TransactionPtr child = Enter(Join({parent}, {3}, 20'000));
  ExpectRefused(Pair(3, 500, 25'000, 2, 10), worse);
  ExpectReplaces(Pair(3, 500, 25'000), {child});
}

TEST_F(PackageReplacementTest, WhatIsReplacedSignalsWhereThatIsWanted) {
  policy_.full_rbf = false;
  OpenPool();
  Enter(Spend(1, 1000));
  const TransactionPtr parent = Fresh(RewardDraft(0, 0), kTrucVersion);
  TransactionDraft draft = Draft({test::OutputOf(*parent), rewards_[1]}, 2 * kReward, 50'000);
  const TransactionPtr child = Fresh(draft, kTrucVersion);
  const PackageResult result = pool_->SubmitPackage({parent, child}, {});
  EXPECT_EQ(result.message, "transaction failed");
  EXPECT_EQ(result.results[1].reason, "txn-mempool-conflict");
  TransactionDraft signals = RewardDraft(2, 1000);
  signals.inputs[0].sequence = TxIn::kFinalSequence - 2;
  const TransactionPtr replaceable = Enter(signals.Finish());
  draft.inputs[1].prevout = rewards_[2];
  ExpectReplaces({parent, Fresh(draft, kTrucVersion)}, {replaceable});
}

TEST_F(PackageReplacementTest, WhatWasSetAsideComesBack) {
  const Package old = Pair(0, 1000, 1000);
  EnterAll(old);
  std::vector<PoolEvent> events;
  const uint64_t listener = pool_->Listen([&](const PoolEvent& event) { events.push_back(event); });
  // All is well but the size of the child, which is known only when its parent is in.
  const Package broken = Pair(0, 0, 200'000, kTrucVersion, 30);
  ExpectRefused(broken, "TRUC-violation, version=3 child tx " + broken[1]->txid.ToString() +
                            " (wtxid=" + broken[1]->wtxid.ToString() + ") is too big: " +
                            std::to_string(broken[1]->VirtualSize()) + " > 1000 virtual bytes");
  pool_->Unlisten(listener);
  EXPECT_TRUE(events.empty());
  EXPECT_EQ(pool_->SpenderOf(rewards_[0]), old[0]);
  EXPECT_EQ(pool_->SpenderOf({old[0]->txid, 0}), old[1]);
  EXPECT_EQ(pool_->Unbroadcast().size(), 2u);
  ExpectReplaces(Pair(0, 0, 200'000, kTrucVersion, 10), old);
}

TEST_F(PackageReplacementTest, ScriptsAreProvenBeforeAnybodyLeaves) {
  EnterAll(Pair(0, 1000, 1000));
  const TransactionPtr parent = Spend(0, 500);
  TransactionDraft wrong = ChildDraft(parent, 0, 50'000);
  wrong.inputs[0].witness = {Bytes{OP_0}};
  const std::string before = Picture();
  const PackageResult result = pool_->SubmitPackage({parent, Fresh(wrong)}, {});
  EXPECT_EQ(result.message, "transaction failed");
  EXPECT_THAT(result.results[1].reason, testing::HasSubstr("script-verify-flag"));
  EXPECT_EQ(Picture(), before);
}

TEST_F(PackageReplacementTest, ThePoolStaysWithinItsLimit) {
  policy_.max_bytes = 40'000;
  OpenPool();
  const Package old = Pair(0, 1000, 1000);
  EnterAll(old);
  for (size_t i = 1; i < 16; ++i) pool_->Submit(Spend(i, 200'000, 90), {});
  const Package package = Pair(0, 2000, 90'000, 2, 300);
  const PackageResult result = pool_->SubmitPackage(package, {});
  EXPECT_LE(pool_->Info().usage, 40'000u);
  for (const AdmissionResult& one : result.results) EXPECT_FALSE(one.Accepted() && one.vsize == 0);
  // Who was told of being in is in.
  EXPECT_EQ(result.results[1].Accepted(), pool_->Contains(package[1]->txid));
}

TEST_F(PackageReplacementTest, TrialsReplaceNothing) {
  EnterAll(Pair(0, 1000, 1000));
  const PackageResult result = pool_->Test(Pair(0, 1000, 50'000));
  EXPECT_EQ(result.results[0].reason, "bip125-replacement-disallowed");
  EXPECT_FALSE(result.results[1].Judged());
}

// ---- What a block earns ----

TEST(EarnsMore, ComparesAtEverySize) {
  EXPECT_FALSE(EarnsMore({{100, 10}}, {{100, 10}}));
  EXPECT_TRUE(EarnsMore({{101, 10}}, {{100, 10}}));
  EXPECT_TRUE(EarnsMore({{100, 9}}, {{100, 10}}));
  EXPECT_FALSE(EarnsMore({{100, 11}}, {{100, 10}}));
  EXPECT_TRUE(EarnsMore({{100, 10}}, {}));
  EXPECT_FALSE(EarnsMore({}, {{100, 10}}));
  // More in the end, less at the start.
  EXPECT_FALSE(EarnsMore({{300, 20}}, {{200, 10}}));
  EXPECT_TRUE(EarnsMore({{400, 20}}, {{200, 10}}));
  // In any order, and where pieces begin and end at other sizes.
  EXPECT_TRUE(EarnsMore({{10, 10}, {200, 10}}, {{100, 5}, {100, 10}}));
  EXPECT_FALSE(EarnsMore({{10, 10}, {190, 10}}, {{101, 5}, {100, 10}}));
  EXPECT_FALSE(EarnsMore({{500, 25}}, {{30, 1}, {470, 24}}));
  // Large figures do not overflow.
  constexpr Amount kAll = 21'000'000 * kCoin;
  EXPECT_TRUE(EarnsMore({{kAll, 400'000}}, {{kAll - 1, 400'000}}));
  EXPECT_FALSE(EarnsMore({{kAll - 1, 400'000}}, {{kAll, 400'000}}));
}

}  // namespace
}  // namespace cairn::mempool
