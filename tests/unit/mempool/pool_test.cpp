// What the pool holds and says: entries, families, events, tips.
#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "tests/unit/mempool/pool_fixture.h"

namespace cairn::mempool {
namespace {

TEST_F(PoolTest, TakesATransactionOnce) {
  const TransactionPtr tx = SpendReward();
  const AdmissionResult first = Submit(tx);
  EXPECT_TRUE(first.Accepted()) << first.ToString();
  EXPECT_EQ(first.fee, kFee);
  EXPECT_EQ(first.vsize, tx->VirtualSize());
  const AdmissionResult second = Submit(tx);
  EXPECT_EQ(second.outcome, Admission::kAlreadyKnown);
  EXPECT_EQ(second.reason, "txn-already-in-mempool");
  EXPECT_EQ(pool_->Find(tx->txid), tx);
  EXPECT_EQ(pool_->Find(tx->wtxid), tx);
  EXPECT_EQ(pool_->SpenderOf(rewards_[0]), tx);
  const PoolInfo info = pool_->Info();
  EXPECT_EQ(info.count, 1u);
  EXPECT_EQ(info.vsize, tx->VirtualSize());
  EXPECT_EQ(info.fees, kFee);
  EXPECT_EQ(info.unbroadcast, 1u);
}

TEST_F(PoolTest, TestsWithoutTakingIn) {
  const TransactionPtr tx = SpendReward();
  EXPECT_TRUE(pool_->Test(tx).Accepted());
  EXPECT_FALSE(pool_->Contains(tx->txid));
}

TEST_F(PoolTest, ProvesScriptsForTheNextBlock) {
  const TransactionPtr tx = SpendReward();
  const consensus::ScriptCache& proven = world_.ledger->Proofs().scripts;
  const consensus::ScriptFlags of_block =
      consensus::ScriptFlagsAt(world_.Height() + 1, BlockHash{}, world_.params);
  EXPECT_FALSE(proven.Contains(tx->wtxid, of_block));
  ASSERT_TRUE(pool_->Test(tx).Accepted());
  EXPECT_TRUE(proven.Contains(tx->wtxid, of_block));
  // Nobody asks for this by itself, and a large pool fills the cache.
  EXPECT_FALSE(proven.Contains(tx->wtxid, kStandardScriptFlags));

  TransactionDraft wrong = RewardDraft(1);
  wrong.inputs[0].witness = {Bytes{OP_0}};
  const TransactionPtr unproven = wrong.Finish();
  ASSERT_FALSE(pool_->Submit(unproven, {}).Accepted());
  EXPECT_FALSE(proven.Contains(unproven->wtxid, of_block));
}

TEST_F(PoolTest, RefusesAnotherWitnessOfWhatItHas) {
  const TransactionPtr tx = Enter(SpendReward());
  TransactionDraft other = TransactionDraft::From(*tx);
  other.inputs[0].witness = {Bytes{1}, OpenScript()};
  const AdmissionResult result = Submit(other.Finish());
  EXPECT_EQ(result.outcome, Admission::kRejected);
  EXPECT_EQ(result.reason, "txn-same-nonwitness-data-in-mempool");
}

TEST_F(PoolTest, KnowsWhatTheChainHas) {
  const TransactionPtr tx = SpendReward();
  Mine({tx});
  const AdmissionResult result = Submit(tx);
  EXPECT_EQ(result.outcome, Admission::kAlreadyKnown);
  EXPECT_EQ(result.reason, "txn-already-known");
}

TEST_F(PoolTest, SaysThatAParentIsMissing) {
  const TransactionPtr parent = SpendReward();
  const TransactionPtr child = Child(parent);
  const AdmissionResult orphan = Submit(child);
  EXPECT_TRUE(orphan.MissesInputs());
  EXPECT_EQ(orphan.reason, "bad-txns-inputs-missingorspent");
  Enter(parent);
  Enter(child);
  const TransactionPtr beyond =
      Draft({{parent->txid, 7}}, kReward).Finish();  // an output that it does not have
  EXPECT_TRUE(Submit(beyond).MissesInputs());
}

TEST_F(PoolTest, CountsFamilies) {
  const TransactionPtr parent = Enter(SpendReward(0, kFee, 2));
  const TransactionPtr left = Enter(Child(parent, 0, 2000));
  const TransactionPtr right = Enter(Child(parent, 1, 3000));
  const Amount value = left->outputs[0].value + right->outputs[0].value;
  const TransactionPtr last =
      Enter(Draft({{left->txid, 0}, {right->txid, 0}}, value, 4000).Finish());

  const PoolEntry top = *pool_->Entry(parent->txid);
  EXPECT_EQ(top.descendant_count, 4u);
  EXPECT_EQ(top.descendant_fees, kFee + 2000 + 3000 + 4000);
  EXPECT_EQ(top.ancestor_count, 1u);
  EXPECT_EQ(top.children.size(), 2u);
  const PoolEntry bottom = *pool_->Entry(last->txid);
  EXPECT_EQ(bottom.ancestor_count, 4u);
  EXPECT_EQ(bottom.ancestor_fees, kFee + 2000 + 3000 + 4000);
  EXPECT_EQ(bottom.ancestor_vsize, pool_->Info().vsize);
  EXPECT_EQ(bottom.parents.size(), 2u);
  EXPECT_EQ(pool_->Ancestors(last->txid)->size(), 3u);
  EXPECT_EQ(pool_->Descendants(left->txid)->size(), 1u);
  EXPECT_FALSE(pool_->Entry(Txid{}).has_value());

  const std::vector<TransactionPtr> all = pool_->Transactions();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all.front(), parent);
  EXPECT_EQ(all[1], right);  // pays more
  EXPECT_EQ(all.back(), last);

  pool_->Prioritise(left->txid, 500);
  EXPECT_EQ(pool_->Entry(last->txid)->ancestor_fees, kFee + 2000 + 3000 + 4000 + 500);
  EXPECT_EQ(pool_->Entry(parent->txid)->descendant_fees, kFee + 2000 + 3000 + 4000 + 500);
  EXPECT_EQ(pool_->Entry(left->txid)->modified_fee, 2500);
  EXPECT_EQ(pool_->Entry(left->txid)->fee, 2000);
  EXPECT_EQ(pool_->Priorities().size(), 1u);
}

TEST_F(PoolTest, SumsUpWhatItDescribes) {
  const TransactionPtr poor = Enter(SpendReward(0, 2000));
  const TransactionPtr child = Enter(Child(poor, 0, 90000));
  const TransactionPtr rich = Enter(SpendReward(1, 50000));
  for (const TransactionPtr& tx : {poor, child, rich}) {
    const PoolEntry entry = *pool_->Entry(tx->txid);
    for (const auto& summary : {pool_->Summary(tx->txid), pool_->Summary(tx->wtxid)}) {
      ASSERT_TRUE(summary.has_value());
      EXPECT_EQ(summary->tx, tx);
      EXPECT_EQ(summary->fee, entry.fee);
      EXPECT_EQ(summary->vsize, entry.vsize);
      EXPECT_EQ(summary->time, entry.time);
      EXPECT_EQ(summary->sequence, entry.sequence);
      EXPECT_EQ(summary->ancestor_count, entry.ancestor_count);
    }
  }
  EXPECT_EQ(pool_->Summary(child->txid)->ancestor_count, 2u);
  EXPECT_FALSE(pool_->Summary(Txid{}).has_value());
  EXPECT_FALSE(pool_->Summary(Wtxid{}).has_value());
  EXPECT_EQ(pool_->Sequence(), pool_->Info().sequence);

  // The child's rate counts no more than its family's.
  const std::vector<TransactionPtr> best_first = {rich, child, poor};
  EXPECT_EQ(pool_->TransactionsBestFirst(), best_first);
  const std::vector<PoolSummary> all = pool_->Summaries();
  ASSERT_EQ(all.size(), best_first.size());
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].tx, best_first[i]);
}

TEST_F(PoolTest, TellsListenersOfChangesInOrder) {
  std::vector<PoolEvent> events;
  const uint64_t id = pool_->Listen([&](const PoolEvent& event) { events.push_back(event); });
  const TransactionPtr parent = Enter(SpendReward());
  const TransactionPtr child = Enter(Child(parent));
  Mine({parent});
  pool_->Unlisten(id);
  Enter(SpendReward(1));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_TRUE(events[0].added);
  EXPECT_EQ(events[0].tx, parent);
  EXPECT_EQ(events[0].sequence, 1u);
  EXPECT_EQ(events[1].tx, child);
  EXPECT_EQ(events[1].sequence, 2u);
  EXPECT_FALSE(events[2].added);
  EXPECT_EQ(events[2].tx, parent);
  EXPECT_EQ(events[2].reason, RemovalReason::kBlock);
  EXPECT_EQ(pool_->Info().sequence, 4u);
}

TEST_F(PoolTest, AnswersOneWhoDoesNotWait) {
  std::promise<AdmissionResult> answer;
  pool_->Submit(SpendReward(), Origin::Peer(7),
                [&](const AdmissionResult& result) { answer.set_value(result); });
  EXPECT_TRUE(answer.get_future().get().Accepted());
  EXPECT_EQ(pool_->Info().unbroadcast, 0u);  // a peer has it
}

TEST_F(PoolTest, FailsWhatComesAfterTheStop) {
  pool_->Stop();
  EXPECT_EQ(Submit(SpendReward()).kind, RejectKind::kFailed);
  bool answered = false;
  pool_->Submit(SpendReward(), {}, [&](const AdmissionResult& result) {
    answered = result.kind == RejectKind::kFailed;
  });
  EXPECT_TRUE(answered);
}

// ---- Tips ----

TEST_F(PoolTest, FollowsTheTipByItself) {
  const TransactionPtr tx = Enter(SpendReward());
  const test::MadeBlock made = MakeBlock({tx});
  world_.Connect(made.block);
  for (int i = 0; i < 1000 && pool_->Contains(tx->txid); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE(pool_->Contains(tx->txid));
  EXPECT_EQ(pool_->Tip()->hash, made.place.hash);
}

TEST_F(PoolTest, ABlockTakesItsTransactionsAndTheirConflicts) {
  const TransactionPtr mined = Enter(SpendReward(0));
  const TransactionPtr child = Enter(Child(mined));
  const TransactionPtr rival = Enter(SpendReward(1));
  const TransactionPtr heir = Enter(Child(rival));
  Mine({mined, SpendReward(1, 2 * kFee)});
  EXPECT_FALSE(pool_->Contains(mined->txid));
  EXPECT_FALSE(pool_->Contains(rival->txid));
  EXPECT_FALSE(pool_->Contains(heir->txid));
  EXPECT_EQ(pool_->Entry(child->txid)->ancestor_count, 1u);
  EXPECT_EQ(pool_->Info().count, 1u);
}

// Who asks for a template does not wait for all that peers have sent.
TEST_F(PoolTest, FollowsTheTipBeforeWhatPeersHaveSubmitted) {
  constexpr int kMany = 300;
  std::atomic<int> done{0};
  for (int i = 0; i < kMany; ++i) {
    pool_->Submit(SpendReward(0), Origin::Peer(1), [&done](const AdmissionResult&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      ++done;
    });
  }
  world_.Connect(MakeBlockOn(world_.TipPlace(), {}, 9).block);
  pool_->FollowTip();
  EXPECT_EQ(pool_->Tip()->hash, world_.TipPlace().hash);
  EXPECT_EQ(Submit(SpendReward(1)).outcome, Admission::kAccepted);
  EXPECT_LT(done, kMany);
  pool_->Synchronize();
  EXPECT_EQ(done, kMany);
}

TEST_F(PoolTest, AReorganisationGivesTransactionsBack) {
  const test::Place fork = world_.TipPlace();
  const TransactionPtr parent = SpendReward(0, 0);  // paid nothing, but was mined
  const TransactionPtr child = Child(parent);
  const TransactionPtr spent_otherwise = SpendReward(1);
  Mine({parent, child, spent_otherwise});
  const TransactionPtr grandchild = Enter(Child(child));
  EXPECT_EQ(pool_->Entry(grandchild->txid)->ancestor_count, 1u);

  const TransactionPtr rival = SpendReward(1, 5 * kFee);
  const test::MadeBlock first = MakeBlockOn(fork, {rival}, 9);
  const test::MadeBlock second = MakeBlockOn(first.place, {}, 9);
  world_.Submit(first.block);
  world_.Connect(second.block);
  pool_->Synchronize();
  EXPECT_EQ(pool_->Tip()->hash, second.place.hash);
  EXPECT_TRUE(pool_->Contains(parent->txid));
  EXPECT_TRUE(pool_->Contains(child->txid));
  EXPECT_FALSE(pool_->Contains(spent_otherwise->txid));
  const PoolEntry last = *pool_->Entry(grandchild->txid);
  EXPECT_EQ(last.ancestor_count, 3u);
  EXPECT_EQ(last.ancestor_fees, 2 * kFee);
  EXPECT_EQ(pool_->Entry(parent->txid)->descendant_count, 3u);
}

TEST_F(PoolTest, AReorganisationRemovesWhatIsNoLongerAllowed) {
  // The newest reward that is mature now, and a lock on the present height.
  const TransactionPtr immature = Enter(SpendReward(rewards_.size() - 2));
  const TransactionPtr heir = Enter(Child(immature));
  TransactionDraft locked = RewardDraft(0);
  locked.lock_time = static_cast<uint32_t>(world_.Height());
  locked.inputs[0].sequence = 0;
  const TransactionPtr final_now = Enter(locked.Finish());
  TransactionDraft relative = RewardDraft(1);
  relative.inputs[0].sequence = kBlocks - 1;  // of the second block: exactly reached
  const TransactionPtr reached = Enter(relative.Finish());
  const TransactionPtr other = Enter(SpendReward(2));

  ASSERT_TRUE(world_.ledger->InvalidateBlock(world_.TipPlace().hash).has_value());
  pool_->Synchronize();
  EXPECT_FALSE(pool_->Contains(immature->txid));
  EXPECT_FALSE(pool_->Contains(heir->txid));
  EXPECT_FALSE(pool_->Contains(final_now->txid));
  EXPECT_FALSE(pool_->Contains(reached->txid));
  EXPECT_TRUE(pool_->Contains(other->txid));
}

TEST_F(PoolTest, ABlockReturnedIsNotTakenAgainFromTheNewChain) {
  const test::Place fork = world_.TipPlace();
  const TransactionPtr tx = SpendReward();
  Mine({tx});
  const test::MadeBlock first = MakeBlockOn(fork, {tx}, 9);
  const test::MadeBlock second = MakeBlockOn(first.place, {}, 9);
  world_.Submit(first.block);
  world_.Connect(second.block);
  pool_->Synchronize();
  EXPECT_EQ(pool_->Info().count, 0u);
}

TEST_F(PoolTest, AReorganisationGivesBackOnlySoMuch) {
  constexpr size_t kBlockBytes = 900'000;
  constexpr uint32_t kFull = kMaxReturnedBytes / kBlockBytes + 1;
  const TransactionPtr fan = SpendReward(0, kFee, kFull);
  Mine({fan});
  const test::Place fork = world_.TipPlace();
  const TransactionPtr first = SpendReward(1);
  Mine({first});
  for (uint32_t i = 0; i < kFull; ++i) {
    TransactionDraft draft = ChildDraft(fan, i);
    draft.outputs.push_back({0, Bytes(kBlockBytes, OP_RETURN)});
    Mine({draft.Finish()});
  }
  const TransactionPtr last = SpendReward(2);
  const TransactionPtr again = SpendReward(3);
  Mine({last, again});
  const TransactionPtr of_first = Enter(Child(first));
  const TransactionPtr of_last = Enter(Child(last));
  const TransactionPtr of_again = Enter(Child(again));

  test::MadeBlock made = MakeBlockOn(fork, {again}, 9);
  while (made.place.height < world_.Height()) {
    world_.Submit(made.block);
    made = MakeBlockOn(made.place, {}, 9);
  }
  world_.Submit(made.block);
  world_.Connect(MakeBlockOn(made.place, {}, 9).block);
  pool_->Synchronize();
  EXPECT_TRUE(pool_->Contains(first->txid));
  EXPECT_TRUE(pool_->Contains(of_first->txid));
  EXPECT_FALSE(pool_->Contains(last->txid)) << "of too much, the last is dropped";
  EXPECT_FALSE(pool_->Contains(of_last->txid));
  EXPECT_TRUE(pool_->Contains(of_again->txid)) << "its parent is in the new chain";
}

// ---- Limits ----

TEST_F(PoolTest, EvictsWhatPaysLeast) {
  policy_.max_bytes = 8000;
  OpenPool();
  std::vector<TransactionPtr> all;
  for (size_t i = 0; i < 12; ++i) {
    all.push_back(SpendReward(i, 1000 + 1000 * static_cast<Amount>(i)));
    Submit(all.back());
  }
  const PoolInfo info = pool_->Info();
  EXPECT_LE(info.usage, 8000u);
  EXPECT_FALSE(pool_->Contains(all.front()->txid));
  EXPECT_TRUE(pool_->Contains(all.back()->txid));
  EXPECT_GT(info.min_fee, policy_.min_relay_fee);
  const AdmissionResult poor = Submit(SpendReward(15, 500));
  EXPECT_EQ(poor.reason, "mempool min fee not met");
  EXPECT_EQ(poor.kind, RejectKind::kReconsiderable);
}

TEST_F(PoolTest, RefusesWhatWouldBeEvictedAtOnce) {
  policy_.max_bytes = 500;
  OpenPool();
  const AdmissionResult result = Submit(SpendReward());
  EXPECT_EQ(result.outcome, Admission::kRejected);
  EXPECT_EQ(result.reason, "mempool full");
}

TEST_F(PoolTest, ExpiresWhatWaitsTooLong) {
  const UnixSeconds now = Clock::SystemNow();
  world_.clock.SetMock(now);
  const TransactionPtr old = Enter(SpendReward(0));
  const TransactionPtr heir = Enter(Child(old));
  world_.clock.SetMock(now + 336 * 3600);
  Enter(SpendReward(1));
  EXPECT_TRUE(pool_->Contains(old->txid));
  world_.clock.SetMock(now + 336 * 3600 + 1);
  Enter(SpendReward(2));
  EXPECT_FALSE(pool_->Contains(old->txid));
  EXPECT_FALSE(pool_->Contains(heir->txid));
  EXPECT_EQ(pool_->Info().count, 2u);
}

// ---- Selection ----

TEST_F(PoolTest, SelectsByFeeRateWithAncestors) {
  const TransactionPtr poor = Enter(SpendReward(0, 200));
  const TransactionPtr generous = Enter(Child(poor, 0, 50'000));
  const TransactionPtr middling = Enter(SpendReward(1, 10'000));
  const TransactionPtr least = Enter(SpendReward(2, 150));
  const Selection all = pool_->Select({3'992'000, 79'600, FeeRate(1000)});
  EXPECT_EQ(all.tip, world_.ledger->View()->tip);
  std::vector<TransactionPtr> order;
  for (const SelectedTransaction& one : all.transactions) order.push_back(one.tx);
  EXPECT_EQ(order, (std::vector{poor, generous, middling, least}));
  EXPECT_EQ(all.transactions[1].fee, 50'000);

  const uint64_t room = poor->Weight() + generous->Weight() + middling->Weight() + 100;
  EXPECT_EQ(pool_->Select({room, 79'600, FeeRate(1000)}).transactions.size(), 3u);
  EXPECT_EQ(pool_->Select({3'992'000, 79'600, FeeRate(50'000)}).transactions.size(), 3u);
}

}  // namespace
}  // namespace cairn::mempool
