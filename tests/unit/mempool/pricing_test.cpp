// Fees, families and replacement: one rule broken at a time, and the repaired twin.
#include "src/mempool/pricing.h"

#include "tests/unit/mempool/pool_fixture.h"

namespace cairn::mempool {
namespace {

class PricingTest : public PoolTest {
 protected:
  static Amount RelayFeeOf(const TransactionPtr& tx) {
    return FeeRate(1000).For(tx->VirtualSize());
  }

  /// A chain of so many transactions in the pool; the last one.
  TransactionPtr EnterChain(const TransactionPtr& first, int length) {
    TransactionPtr last = Enter(first);
    for (int i = 1; i < length; ++i) last = Enter(Child(last));
    return last;
  }
};

TEST(FeeRate, Rounds) {
  EXPECT_EQ(FeeRate(1000).For(141), 141);
  EXPECT_EQ(FeeRate(1001).For(141), 142);
  EXPECT_EQ(FeeRate(1).For(1), 1);
  EXPECT_EQ(FeeRate(0).For(141), 0);
  EXPECT_EQ(FeeRate::Of(141, 141).per_kvb(), 1000);
  EXPECT_EQ(FeeRate::Of(1, 3).per_kvb(), 333);
  EXPECT_EQ(FeeRate::Of(1, 0).per_kvb(), 0);
  EXPECT_EQ(FeeRate(1234).ToString(), "0.00001234 BTC/kvB");
}

TEST_F(PricingTest, RelayFee) {
  const Amount needed = RelayFeeOf(SpendReward());
  const AdmissionResult result = Submit(SpendReward(0, needed - 1));
  EXPECT_EQ(result.reason, "min relay fee not met");
  EXPECT_EQ(result.detail, std::to_string(needed - 1) + " < " + std::to_string(needed));
  EXPECT_EQ(result.kind, RejectKind::kPolicy);
  EXPECT_EQ(Verdict(SpendReward(0, needed)), "");
}

TEST_F(PricingTest, RelayFeeOfVersion3CanBeReconsidered) {
  TransactionDraft draft = RewardDraft(0, 0);
  draft.version = kTrucVersion;
  const AdmissionResult result = Submit(draft.Finish());
  EXPECT_EQ(result.reason, "min relay fee not met");
  EXPECT_EQ(result.kind, RejectKind::kReconsiderable);
}

TEST_F(PricingTest, APriorityCountsAsFee) {
  const TransactionPtr tx = SpendReward(0, 0);
  EXPECT_NE(Verdict(tx), "");
  pool_->Prioritise(tx->txid, 1000);
  EXPECT_EQ(Verdict(tx), "");
  EXPECT_EQ(pool_->Entry(tx->txid)->modified_fee, 1000);
  EXPECT_EQ(pool_->Entry(tx->txid)->fee, 0);
}

TEST_F(PricingTest, Sigops) {
  // Each bare multisig counts as 20, at a cost of 4 each: 200 of them cost 16,000.
  const auto draft = [this](size_t multisigs) {
    TransactionDraft made = RewardDraft(0, 1'000'000);
    for (size_t i = 0; i < multisigs; ++i) made.outputs.push_back({1000, BareMultisig(1)});
    made.outputs[0].value -= static_cast<Amount>(1000 * multisigs);
    return made.Finish();
  };
  const AdmissionResult result = Submit(draft(201));
  EXPECT_EQ(result.ToString(), "bad-txns-too-many-sigops, 16080");
  const AdmissionResult accepted = Submit(draft(200));
  EXPECT_EQ(accepted.ToString(), "");
  EXPECT_EQ(accepted.vsize, 16'000 * 20 / 4);  // which is more than it has in bytes
}

TEST_F(PricingTest, Ancestors) {
  const TransactionPtr last = EnterChain(SpendReward(), 25);
  const AdmissionResult result = Submit(Child(last));
  EXPECT_EQ(result.ToString(),
            "too-long-mempool-chain, too many unconfirmed ancestors [limit: 25]");
  EXPECT_EQ(result.kind, RejectKind::kPolicy);
}

TEST_F(PricingTest, DescendantsAndTheCarveOut) {
  policy_.limits.descendants = 3;
  OpenPool();
  const TransactionPtr parent = Enter(SpendReward(0, kFee, 5));
  const TransactionPtr child = Enter(Child(parent, 0));
  const TransactionPtr grandchild = Enter(Child(child, 0));
  const AdmissionResult result = Submit(Child(grandchild));
  EXPECT_EQ(result.ToString(), "too-long-mempool-chain, too many descendants for tx " +
                                   parent->txid.ToString() + " [limit: 3]");
  // One more child of the parent itself may come, but not a second one.
  EXPECT_EQ(Verdict(Child(parent, 1)), "");
  EXPECT_EQ(Submit(Child(parent, 2)).reason, "too-long-mempool-chain");
}

TEST_F(PricingTest, SizeOfFamilies) {
  const int64_t size = SpendReward()->VirtualSize();
  policy_.limits.ancestor_vsize = 3 * size - 1;
  OpenPool();
  const TransactionPtr parent = Enter(SpendReward());
  const TransactionPtr child = Enter(Child(parent));
  EXPECT_EQ(Verdict(Child(child)), "too-long-mempool-chain, exceeds ancestor size limit [limit: " +
                                       std::to_string(3 * size - 1) + "]");
  policy_.limits.ancestor_vsize = 101'000;
  policy_.limits.descendant_vsize = 2 * size - 1;
  OpenPool();
  Enter(parent);
  EXPECT_EQ(Verdict(child), "");  // the carve-out
  EXPECT_EQ(Submit(Child(child)).reason, "too-long-mempool-chain");
}

// ---- Replacement ----

TEST_F(PricingTest, AReplacementPaysMore) {
  const TransactionPtr old = Enter(SpendReward(0, 1000));
  const TransactionPtr child = Enter(Child(old, 0, 1000));
  const Amount relay = RelayFeeOf(old);

  const AdmissionResult lower = Submit(SpendReward(0, 900));
  EXPECT_EQ(lower.reason, "insufficient fee");
  EXPECT_NE(lower.detail.find("<= old feerate"), std::string::npos) << lower.detail;
  const AdmissionResult less = Submit(SpendReward(0, 1999));
  EXPECT_EQ(less.detail, "rejecting replacement " + SpendReward(0, 1999)->txid.ToString() +
                             ", less fees than conflicting txs; 0.00001999 < 0.00002");
  const AdmissionResult no_relay = Submit(SpendReward(0, 2000 + relay - 1));
  EXPECT_EQ(no_relay.reason, "insufficient fee");
  EXPECT_NE(no_relay.detail.find("not enough additional fees to relay"), std::string::npos);
  EXPECT_EQ(no_relay.kind, RejectKind::kReconsiderable);

  const TransactionPtr better = SpendReward(0, 2000 + relay);
  const AdmissionResult result = Submit(better);
  EXPECT_TRUE(result.Accepted()) << result.ToString();
  EXPECT_EQ(result.replaced.size(), 2u);
  EXPECT_FALSE(pool_->Contains(old->txid));
  EXPECT_FALSE(pool_->Contains(child->txid));
  EXPECT_EQ(pool_->SpenderOf(rewards_[0]), better);
}

TEST_F(PricingTest, AReplacementNeedsASignalWhereThatIsWanted) {
  policy_.full_rbf = false;
  OpenPool();
  Enter(SpendReward(0, 1000));
  const AdmissionResult result = Submit(SpendReward(0, 5000));
  EXPECT_EQ(result.reason, "txn-mempool-conflict");
  EXPECT_EQ(result.kind, RejectKind::kPolicy);
  TransactionDraft signals = RewardDraft(1, 1000);
  signals.inputs[0].sequence = TxIn::kFinalSequence - 2;
  Enter(signals.Finish());
  EXPECT_EQ(Verdict(SpendReward(1, 5000)), "");
}

TEST_F(PricingTest, AReplacementDoesNotEvictMany) {
  policy_.limits.descendants = 200;
  OpenPool();
  const TransactionPtr wide = Enter(SpendReward(0, 10'000, 100));
  for (uint32_t i = 0; i < 100; ++i) Enter(Child(wide, i, 200));
  const AdmissionResult result = Submit(SpendReward(0, kCoin));
  EXPECT_EQ(result.reason, "too many potential replacements");
  EXPECT_NE(result.detail.find("(101 > 100)"), std::string::npos);
}

TEST_F(PricingTest, AReplacementAddsNoUnconfirmedCoins) {
  const TransactionPtr old = Enter(SpendReward(0));
  const TransactionPtr other = Enter(SpendReward(1));
  const TransactionPtr broken =
      Draft({rewards_[0], {other->txid, 0}}, 2 * kReward - kFee, 50'000).Finish();
  const AdmissionResult result = Submit(broken);
  EXPECT_EQ(result.ToString(), "replacement-adds-unconfirmed, replacement " +
                                   broken->txid.ToString() + " adds unconfirmed input, idx 1");
  EXPECT_EQ(Verdict(Draft({rewards_[0], rewards_[2]}, 2 * kReward, 50'000).Finish()), "");
}

TEST_F(PricingTest, AReplacementDoesNotSpendWhatItReplaces) {
  const TransactionPtr old = Enter(SpendReward(0));
  const TransactionPtr broken =
      Draft({rewards_[0], {old->txid, 0}}, 2 * kReward - kFee, 50'000).Finish();
  const AdmissionResult result = Submit(broken);
  EXPECT_EQ(result.reason, "bad-txns-spends-conflicting-tx");
  EXPECT_EQ(result.kind, RejectKind::kConsensus);
}

// ---- BIP431 ----

class TrucTest : public PricingTest {
 protected:
  static TransactionPtr Truc(TransactionDraft draft) {
    draft.version = kTrucVersion;
    return draft.Finish();
  }
  void ExpectViolation(const TransactionPtr& tx, const std::string& part) {
    const AdmissionResult result = Submit(tx);
    EXPECT_EQ(result.reason, "TRUC-violation");
    EXPECT_NE(result.detail.find(part), std::string::npos) << result.detail;
  }
};

TEST_F(TrucTest, FamiliesDoNotMix) {
  const TransactionPtr parent = Enter(Truc(RewardDraft(0)));
  ExpectViolation(ChildDraft(parent).Finish(), "cannot spend from version=3");
  EXPECT_EQ(Verdict(Truc(ChildDraft(parent))), "");
  const TransactionPtr other = Enter(SpendReward(1));
  ExpectViolation(Truc(ChildDraft(other)), "cannot spend from non-version=3");
}

TEST_F(TrucTest, Sizes) {
  ExpectViolation(Truc(RewardDraft(0, 20'000, 232)), "is too big: ");
  const TransactionPtr parent = Enter(Truc(RewardDraft(0, 20'000, 200)));
  ExpectViolation(Truc(ChildDraft(parent, 0, 5000, 24)), "virtual bytes");
  EXPECT_EQ(Verdict(Truc(ChildDraft(parent, 0, 5000, 20))), "");
}

/// A reorganisation may leave more children than anybody could submit: then none makes room.
TEST_F(TrucTest, NoThirdInAFamilyThatIsTooLargeAlready) {
  const TransactionPtr parent = Truc(RewardDraft(0, kFee, 3));
  Mine({parent});
  Enter(Truc(ChildDraft(parent, 0)));
  Enter(Truc(ChildDraft(parent, 1)));
  ASSERT_TRUE(world_.ledger->InvalidateBlock(world_.TipPlace().hash).has_value());
  pool_->Synchronize();
  ASSERT_EQ(pool_->Entry(parent->txid)->descendant_count, 3u);
  const TransactionPtr third = Truc(ChildDraft(parent, 2, 50 * kFee));
  ExpectViolation(third, "tx " + parent->txid.ToString() + " (wtxid=" + parent->wtxid.ToString() +
                             ") would exceed descendant count limit");
  world_.Connect(MakeBlockOn(world_.TipPlace(), {parent}, 9).block);
  pool_->Synchronize();
  EXPECT_EQ(Verdict(third), "");
}

TEST_F(TrucTest, OneParentAndOneChild) {
  const TransactionPtr parent = Enter(Truc(RewardDraft(0, kFee, 2)));
  const TransactionPtr child = Enter(Truc(ChildDraft(parent, 0)));
  ExpectViolation(Truc(ChildDraft(child)), "would have too many ancestors");
  // Another child takes the place of the first one if it pays for that.
  const AdmissionResult poor = Submit(Truc(ChildDraft(parent, 1, kFee)));
  EXPECT_EQ(poor.reason, "insufficient fee (including sibling eviction)");
  EXPECT_EQ(Verdict(Truc(ChildDraft(parent, 1, 5 * kFee))), "");
  EXPECT_FALSE(pool_->Contains(child->txid));
}

}  // namespace
}  // namespace cairn::mempool
