// Packages: what they must look like, and how a child pays for its parents.
#include "cairn/mempool/package.h"

#include <future>

#include <gmock/gmock.h>

#include "tests/unit/mempool/pool_fixture.h"

namespace cairn::mempool {
namespace {

class PackageTest : public PoolTest {
 protected:
  /// A parent that pays `fee`, and a child of it that pays `child_fee`.
  std::vector<TransactionPtr> Pair(size_t reward, Amount fee, Amount child_fee,
                                   int32_t version = 2) const {
    TransactionDraft parent = RewardDraft(reward, fee);
    parent.version = version;
    const TransactionPtr first = parent.Finish();
    TransactionDraft child = Draft({test::OutputOf(*first)}, kReward - fee, child_fee);
    child.version = version;
    return {first, child.Finish()};
  }
  size_t Count() const { return pool_->Info().count; }
};

TEST_F(PackageTest, MustHaveItsForm) {
  const auto pair = Pair(0, kFee, kFee);
  EXPECT_EQ(CheckPackage(pair), "");
  EXPECT_TRUE(IsChildWithParents(pair));
  EXPECT_EQ(CheckPackage(std::vector<TransactionPtr>{pair[1], pair[0]}), "package-not-sorted");
  EXPECT_EQ(CheckPackage(std::vector<TransactionPtr>{pair[0], pair[0]}),
            "package-contains-duplicates");
  EXPECT_EQ(CheckPackage(std::vector<TransactionPtr>{SpendReward(0), SpendReward(0, 2 * kFee)}),
            "conflict-in-package");
  std::vector<TransactionPtr> many;
  for (size_t i = 0; i < kMaxPackageCount; ++i)
    many.push_back(SpendReward(i % 20, kFee + Amount(i)));
  EXPECT_EQ(CheckPackage(std::vector<TransactionPtr>(many.begin(), many.begin() + 20)), "");
  many.push_back(pair[0]);
  EXPECT_EQ(CheckPackage(many), "package-too-many-transactions");
  std::vector<TransactionPtr> large;
  for (size_t i = 0; i < 5; ++i) large.push_back(SpendReward(i, kReward / 2, 500));
  EXPECT_EQ(CheckPackage(large), "package-too-large");

  const TransactionPtr grandchild = Draft({test::OutputOf(*pair[1])}, kReward / 2, kFee).Finish();
  EXPECT_FALSE(IsChildWithParents(std::vector<TransactionPtr>{pair[0], pair[1], grandchild}));
  EXPECT_FALSE(IsChildWithParents(std::vector<TransactionPtr>{pair[0], SpendReward(1)}));
  EXPECT_FALSE(IsChildWithParents(std::vector<TransactionPtr>{pair[0]}));
}

TEST_F(PackageTest, AChildPaysForAVersion3Parent) {
  const auto package = Pair(0, 0, 2 * kFee, 3);
  EXPECT_EQ(pool_->Submit(package[0], {}).reason, "min relay fee not met");
  const PackageResult result = pool_->SubmitPackage(package, {});
  EXPECT_EQ(result.message, "success");
  EXPECT_EQ(Count(), 2u);
  int64_t vsize = 0;
  for (const AdmissionResult& one : result.results) {
    EXPECT_TRUE(one.Accepted()) << one.ToString();
    EXPECT_EQ(one.paid_with, (std::vector<Wtxid>{package[0]->wtxid, package[1]->wtxid}));
    vsize += one.vsize;
  }
  EXPECT_EQ(result.results[0].EffectiveRate(), FeeRate::Of(2 * kFee, vsize));
  EXPECT_EQ(result.results[0].fee, 0);
  EXPECT_EQ(pool_->Entry(package[1]->txid)->ancestor_count, 2u);
  EXPECT_TRUE(pool_->Entry(package[0]->txid)->unbroadcast);
}

TEST_F(PackageTest, AChildPaysForWhatAFullPoolDoesNotWant) {
  // A pool that has evicted something wants more than relay does.
  policy_.max_bytes = 40'000;
  OpenPool();
  for (size_t i = 0; i < 12; ++i) pool_->Submit(SpendReward(i, 30 * kFee, 100), {});
  const FeeRate minimum = pool_->Info().min_fee;
  ASSERT_GT(minimum, FeeRate(1000));
  const auto package = Pair(15, kFee / 5, 50 * kFee);
  EXPECT_EQ(pool_->Submit(package[0], {}).reason, "mempool min fee not met");
  EXPECT_EQ(pool_->SubmitPackage(package, {}).message, "success");
  EXPECT_TRUE(pool_->Contains(package[0]->txid));
  EXPECT_TRUE(pool_->Contains(package[1]->txid));
}

TEST_F(PackageTest, EntersWholeOrNotAtAll) {
  const uint64_t sequence = pool_->Sequence();
  int events = 0;
  pool_->Listen([&](const PoolEvent&) { ++events; });
  // Too little together.
  auto package = Pair(0, 0, 100, 3);
  PackageResult result = pool_->SubmitPackage(package, {});
  EXPECT_EQ(result.message, "transaction failed");
  EXPECT_EQ(result.results[0].reason, "min relay fee not met");
  EXPECT_EQ(result.results[1].reason, "min relay fee not met");
  EXPECT_EQ(result.results[1].paid_with.size(), 2u);
  // A child that is too large for its kind.
  package = Pair(0, 0, 50 * kFee, 3);
  TransactionDraft large = Draft({test::OutputOf(*package[0])}, kReward, 50 * kFee, 30);
  large.version = 3;
  result = pool_->SubmitPackage({package[0], large.Finish()}, {});
  EXPECT_THAT(result.message, testing::StartsWith("TRUC-violation, version=3 child tx "));
  EXPECT_EQ(result.results[0].reason, "min relay fee not met");
  EXPECT_TRUE(result.results[1].MissesInputs());
  // A child whose script fails.
  TransactionDraft wrong = Draft({test::OutputOf(*package[0])}, kReward, 2 * kFee);
  wrong.version = 3;
  wrong.inputs[0].witness = {Bytes{OP_0}};
  result = pool_->SubmitPackage({package[0], wrong.Finish()}, {});
  EXPECT_EQ(result.message, "transaction failed");
  EXPECT_THAT(result.results[1].reason, testing::HasSubstr("script-verify-flag"));
  pool_->Synchronize();
  EXPECT_EQ(Count(), 0u);
  EXPECT_EQ(pool_->Sequence(), sequence);
  EXPECT_EQ(events, 0);
  EXPECT_EQ(pool_->SubmitPackage(package, {}).message, "success");
  EXPECT_EQ(pool_->Sequence(), sequence + 2);
}

TEST_F(PackageTest, TakesByThemselvesThoseThatCanPay) {
  const TransactionPtr rich = SpendReward(0);
  TransactionDraft poor_draft = RewardDraft(1, 0);
  poor_draft.version = 3;
  const TransactionPtr poor = poor_draft.Finish();
  // A child of a version 3 parent and another one: not of one family.
  const TransactionPtr child =
      Draft({test::OutputOf(*rich), test::OutputOf(*poor)}, 2 * kReward - kFee, 3 * kFee).Finish();
  const PackageResult result = pool_->SubmitPackage({rich, poor, child}, {});
  EXPECT_THAT(result.message, testing::HasSubstr("cannot spend from version=3 tx"));
  EXPECT_TRUE(result.results[0].Accepted());
  EXPECT_TRUE(result.results[0].paid_with.empty());
  EXPECT_TRUE(result.results[2].MissesInputs());
  EXPECT_EQ(Count(), 1u);
}

TEST_F(PackageTest, KnowsParentsThatAreIn) {
  const auto package = Pair(0, kFee, kFee);
  ASSERT_TRUE(pool_->Submit(package[0], {}).Accepted());
  PackageResult result = pool_->SubmitPackage(package, {});
  EXPECT_EQ(result.message, "success");
  EXPECT_EQ(result.results[0].outcome, Admission::kAlreadyKnown);
  EXPECT_TRUE(result.results[1].Accepted());
  EXPECT_EQ(pool_->SubmitPackage(package, {}).message, "success");

  // The same parent with another witness is as good.
  TransactionDraft other = TransactionDraft::From(*package[0]);
  other.inputs[0].witness.insert(other.inputs[0].witness.begin(), Bytes{1});
  result = pool_->SubmitPackage({other.Finish(), package[1]}, {});
  EXPECT_EQ(result.message, "success");
  EXPECT_EQ(result.results[0].kind, RejectKind::kConflict);
  EXPECT_EQ(result.results[0].other, package[0]->wtxid);
}

TEST_F(PackageTest, WantsAllParents) {
  const auto package = Pair(0, kFee, kFee);
  const TransactionPtr other = SpendReward(1);
  ASSERT_TRUE(pool_->Submit(other, {}).Accepted());
  const TransactionPtr child =
      Draft({test::OutputOf(*package[0]), test::OutputOf(*other)}, 2 * kReward - 2 * kFee).Finish();
  EXPECT_EQ(pool_->SubmitPackage({package[0], child}, {}).message,
            "package-not-child-with-unconfirmed-parents");
  EXPECT_EQ(pool_->SubmitPackage({package[0], other, child}, {}).message, "success");
}

TEST_F(PackageTest, WhoIsDrivenOutAgainIsToldSo) {
  // Too large for the pool together, though each has a place by itself.
  policy_.max_bytes = 40'000;
  OpenPool();
  const TransactionPtr parent = SpendReward(0, 2 * kFee, 100);
  const TransactionPtr child =
      Draft({test::OutputOf(*parent)}, kReward / 2, 60 * kFee, 200).Finish();
  for (size_t i = 1; i < 8; ++i) pool_->Submit(SpendReward(i, 90 * kFee, 100), {});
  const PackageResult result = pool_->SubmitPackage({parent, child}, {});
  const std::vector<TransactionPtr> package{parent, child};
  for (size_t i = 0; i < package.size(); ++i) {
    const bool told = result.results[i].outcome != Admission::kRejected;
    EXPECT_EQ(told, pool_->Contains(package[i]->txid)) << i << result.results[i].ToString();
  }
}

// ---- Trials ----

TEST_F(PackageTest, ATrialTakesSeveralWithoutTakingThemIn) {
  const uint64_t sequence = pool_->Sequence();
  const auto pair = Pair(0, kFee, kFee);
  const TransactionPtr grandchild =
      Draft({test::OutputOf(*pair[1])}, kReward - 2 * kFee, kFee).Finish();
  const PackageResult result = pool_->Test({pair[0], pair[1], grandchild, SpendReward(1)});
  EXPECT_EQ(result.message, "");
  ASSERT_EQ(result.results.size(), 4u);
  for (const AdmissionResult& one : result.results) {
    EXPECT_TRUE(one.Accepted()) << one.ToString();
    EXPECT_EQ(one.fee, kFee);
  }
  EXPECT_EQ(Count(), 0u);
  EXPECT_EQ(pool_->Sequence(), sequence);
  // Nobody pays for another.
  const auto poor = Pair(2, 0, 50 * kFee);
  const PackageResult refused = pool_->Test(poor);
  EXPECT_EQ(refused.results[0].reason, "min relay fee not met");
  EXPECT_FALSE(refused.results[1].Judged());
}

TEST_F(PackageTest, TheFirstRefusalEndsATrial) {
  const auto pair = Pair(0, kFee, kFee);
  ASSERT_TRUE(pool_->Submit(pair[0], {}).Accepted());
  PackageResult result = pool_->Test(pair);
  EXPECT_EQ(result.results[0].reason, "txn-already-in-mempool");
  EXPECT_FALSE(result.results[1].Judged());
  // None of several may replace; one alone may.
  const TransactionPtr rival = SpendReward(0, 10 * kFee);
  result = pool_->Test({SpendReward(1), rival, SpendReward(2)});
  EXPECT_FALSE(result.results[0].Judged());
  EXPECT_EQ(result.results[1].reason, "bip125-replacement-disallowed");
  EXPECT_FALSE(result.results[2].Judged());
  EXPECT_TRUE(pool_->Test(std::vector<TransactionPtr>{rival}).results[0].Accepted());
  // Scripts come last: those before the one that fails have their verdict.
  TransactionDraft wrong = RewardDraft(4, kFee);
  wrong.inputs[0].witness = {Bytes{OP_0}};
  result = pool_->Test({SpendReward(3), wrong.Finish(), SpendReward(5)});
  EXPECT_TRUE(result.results[0].Accepted());
  EXPECT_THAT(result.results[1].reason, testing::HasSubstr("script-verify-flag"));
  EXPECT_FALSE(result.results[2].Judged());
  EXPECT_EQ(pool_->Test({pair[1], pair[0]}).message, "package-not-sorted");
  EXPECT_TRUE(pool_->Test({pair[1], pair[0]}).results.empty());
  EXPECT_EQ(Count(), 1u);
}

/// The fault of several, of none of them alone.
TEST_F(PackageTest, ATrialTellsOfFamiliesThatDoNotFit) {
  const TransactionPtr parent = SpendReward(0);
  TransactionDraft child = ChildDraft(parent);
  child.version = kTrucVersion;
  PackageResult result = pool_->Test({parent, child.Finish()});
  EXPECT_EQ(result.message, "TRUC-violation, version=3 tx " + child.Finish()->txid.ToString() +
                                " (wtxid=" + child.Finish()->wtxid.ToString() +
                                ") cannot spend from non-version=3 tx " + parent->txid.ToString() +
                                " (wtxid=" + parent->wtxid.ToString() + ")");
  EXPECT_TRUE(result.results.empty());
  // With a parent that is in the pool it is the child's own.
  Enter(parent);
  result = pool_->Test({SpendReward(1), child.Finish()});
  EXPECT_EQ(result.message, "");
  EXPECT_EQ(result.results[1].reason, "TRUC-violation");
  child.version = 2;
  EXPECT_TRUE(pool_->Test({SpendReward(1), child.Finish()}).results[1].Accepted());
}

/// In BIP431's families of several no sibling makes room, neither in the pool nor among them.
TEST_F(PackageTest, ATrialOfSeveralEvictsNoSibling) {
  const auto family = [this](size_t reward) {
    TransactionDraft draft = RewardDraft(reward, kFee, 2);
    draft.version = kTrucVersion;
    std::vector<TransactionPtr> members{draft.Finish()};
    for (uint32_t i = 0; i < 2; ++i) {
      draft = ChildDraft(members[0], i, kFee * (i == 0 ? 1 : 10));
      draft.version = kTrucVersion;
      members.push_back(draft.Finish());
    }
    return members;
  };
  const auto one_too_many = [](const TransactionPtr& parent) {
    return "TRUC-violation, tx " + parent->txid.ToString() + " (wtxid=" + parent->wtxid.ToString() +
           ") would exceed descendant count limit";
  };
  const auto members = family(0);
  PackageResult result = pool_->Test(members);
  EXPECT_EQ(result.message, one_too_many(members[0]));
  EXPECT_TRUE(result.results.empty());
  // The parent is in the pool, and nothing else: it is still the fault of both.
  Enter(members[0]);
  EXPECT_EQ(pool_->Test({members[1], members[2]}).message, one_too_many(members[0]));
  // A sibling is in the pool: that is the fault of the one that comes, unless it comes alone.
  Enter(members[1]);
  result = pool_->Test({members[2], SpendReward(1)});
  EXPECT_EQ(result.message, "");
  ASSERT_EQ(result.results.size(), 2u);
  EXPECT_EQ(result.results[0].ToString(), one_too_many(members[0]));
  EXPECT_FALSE(result.results[1].Judged());
  EXPECT_TRUE(pool_->Test(std::vector{members[2]}).results[0].Accepted());
}

TEST_F(PackageTest, GetsNoReliefOfLimits) {
  policy_.limits.descendants = 3;
  OpenPool();
  const TransactionPtr parent = Enter(SpendReward(0, kFee, 5));
  const TransactionPtr child = Enter(Child(parent, 0));
  Enter(Child(child));
  // One more child may come, and one in the place of another, but for themselves only.
  const TransactionPtr carved_out = Child(parent, 1);
  const TransactionPtr replacement = Child(child, 0, 10 * kFee);
  const std::string refusal = "too-long-mempool-chain, too many descendants for tx " +
                              parent->txid.ToString() + " [limit: 3]";
  EXPECT_TRUE(pool_->Test(std::vector{carved_out}).results[0].Accepted());
  EXPECT_TRUE(pool_->Test(std::vector{replacement}).results[0].Accepted());
  PackageResult result = pool_->Test({SpendReward(1), carved_out, SpendReward(2)});
  EXPECT_EQ(result.message, "");
  EXPECT_FALSE(result.results[0].Judged());
  EXPECT_EQ(result.results[1].ToString(), refusal);
  EXPECT_FALSE(result.results[2].Judged());
  result = pool_->SubmitPackage({parent, carved_out}, {});
  EXPECT_EQ(result.message, "transaction failed");
  EXPECT_EQ(result.results[1].ToString(), refusal);
  result = pool_->SubmitPackage({child, replacement}, {});
  EXPECT_EQ(result.results[1].ToString(), refusal);
  EXPECT_EQ(Verdict(replacement), "");
}

TEST_F(PackageTest, AParentInTheChainIsNotIn) {
  const auto package = Pair(0, kFee, kFee);
  Mine({package[0]});
  const PackageResult result = pool_->SubmitPackage(package, {});
  EXPECT_EQ(result.message, "transaction failed");
  EXPECT_EQ(result.results[0].outcome, Admission::kRejected);
  EXPECT_EQ(result.results[0].kind, RejectKind::kKnown);
  EXPECT_EQ(result.results[0].ToString(), "txn-already-known");
  EXPECT_TRUE(result.results[1].Accepted());
}

/// As if all were of one family, though they are not.
TEST_F(PackageTest, ATrialCountsAllAncestorsTogether) {
  TransactionPtr last = Enter(SpendReward());
  for (int i = 1; i < 13; ++i) last = Enter(Child(last));
  std::vector<TransactionPtr> package{Child(last)};
  for (size_t i = 1; i < 12; ++i) package.push_back(SpendReward(i));
  for (const AdmissionResult& one : pool_->Test(package).results) EXPECT_TRUE(one.Accepted());
  package.push_back(SpendReward(12));
  PackageResult result = pool_->Test(package);
  EXPECT_EQ(result.message,
            "package-mempool-limits, possibly too many unconfirmed ancestors [limit: 25]");
  EXPECT_TRUE(result.results.empty());
  // The fault of one of them comes first.
  package.push_back(Child(last, 0, 2));
  package.erase(package.begin());
  result = pool_->Test(package);
  EXPECT_EQ(result.message, "");
  EXPECT_EQ(result.results.back().reason, "min relay fee not met");
  // A line of which each would have a place with those before it in the pool only.
  package = {Child(last)};
  for (int i = 1; i < 13; ++i) package.push_back(Child(package.back()));
  EXPECT_THAT(pool_->Test(package).message,
              testing::StartsWith("package-mempool-limits, possibly"));
  package.pop_back();
  for (const AdmissionResult& one : pool_->Test(package).results) EXPECT_TRUE(one.Accepted());
}

TEST_F(PackageTest, ATrialIsWithinLimitsByItself) {
  policy_.limits.descendants = 3;
  OpenPool();
  std::vector<TransactionPtr> package;
  for (size_t i = 0; i < 4; ++i) package.push_back(SpendReward(i));
  EXPECT_EQ(pool_->Test(package).message,
            "package-mempool-limits, package count 4 exceeds descendant count limit [limit: 3]");
  policy_.limits.ancestors = 2;
  OpenPool();
  EXPECT_EQ(pool_->Test(package).message,
            "package-mempool-limits, package count 4 exceeds ancestor count limit [limit: 2]");
  policy_.limits = {};
  const int64_t size = package[0]->VirtualSize();
  policy_.limits.descendant_vsize = 4 * size - 1;
  OpenPool();
  const std::string all = "package-mempool-limits, package size " + std::to_string(4 * size);
  const std::string limit = " size limit [limit: " + std::to_string(4 * size - 1) + "]";
  EXPECT_EQ(pool_->Test(package).message, all + " exceeds descendant" + limit);
  policy_.limits.ancestor_vsize = 4 * size - 1;
  OpenPool();
  EXPECT_EQ(pool_->Test(package).message, all + " exceeds ancestor" + limit);
  const TransactionPtr parent = Enter(SpendReward(4));
  package = {Child(parent), package[0], package[1]};
  EXPECT_EQ(pool_->Test(package).message,
            "package-mempool-limits, possibly exceeds descendant size limit for tx " +
                parent->txid.ToString() + " [limit: " + std::to_string(4 * size - 1) + "]");
  package.pop_back();
  EXPECT_EQ(pool_->Test(package).message, "");
}

TEST_F(PackageTest, CountsAllItsAncestorsTogether) {
  policy_.max_bytes = 40'000;
  policy_.limits.ancestors = 3;
  OpenPool();
  const TransactionPtr first = Enter(SpendReward(14, 90 * kFee));
  const TransactionPtr second = Enter(Child(first, 0, 90 * kFee));
  for (size_t i = 0; i < 12; ++i) pool_->Submit(SpendReward(i, 30 * kFee, 100), {});
  ASSERT_GT(pool_->Info().min_fee, FeeRate(1000));
  const TransactionPtr poor = Child(second, 0, kFee / 5);
  const TransactionPtr child = Child(poor, 0, 50 * kFee);
  const PackageResult result = pool_->SubmitPackage({poor, child}, {});
  EXPECT_EQ(result.message,
            "package-mempool-limits, possibly too many unconfirmed ancestors [limit: 3]");
  EXPECT_EQ(result.results[0].reason, "mempool min fee not met");
  EXPECT_TRUE(result.results[1].MissesInputs());
  EXPECT_FALSE(pool_->Contains(poor->txid));
}

TEST_F(PackageTest, AnswersOneWhoDoesNotWait) {
  std::promise<PackageResult> answer;
  pool_->SubmitPackage(Pair(0, 0, 2 * kFee, 3), Origin::Peer(7),
                       [&](const PackageResult& result) { answer.set_value(result); });
  const PackageResult result = answer.get_future().get();
  EXPECT_EQ(result.message, "success");
  EXPECT_TRUE(result.results[1].Accepted());
  EXPECT_EQ(pool_->Info().unbroadcast, 0u);  // a peer has them
  pool_->Stop();
  bool answered = false;
  pool_->SubmitPackage(Pair(1, kFee, kFee), {}, [&](const PackageResult& refused) {
    answered = refused.message != "success" && refused.results.empty();
  });
  EXPECT_TRUE(answered);
}

TEST_F(PackageTest, PaysNoMoreThanItsSenderWants) {
  Origin origin;
  origin.most = FeeRate(5000);
  const auto package = Pair(0, kFee, 5 * kFee);
  const PackageResult result = pool_->SubmitPackage(package, origin);
  EXPECT_EQ(result.results[0].ToString(), "max feerate exceeded");
  // What the pool has no place for is told first.
  policy_.limits.ancestors = 2;
  OpenPool();
  const TransactionPtr last = Enter(Child(Enter(SpendReward())));
  EXPECT_EQ(pool_->Submit(Child(last, 0, 5 * kFee), origin).reason, "too-long-mempool-chain");
  // What it replaces is asked for later.
  EXPECT_EQ(pool_->Submit(SpendReward(0, kFee + 1), origin).reason, "max feerate exceeded");
}

}  // namespace
}  // namespace cairn::mempool
