// A parent that pays too little by itself, and the child that pays for it.
#include <set>

#include "tests/unit/p2p/transaction_world.h"

namespace cairn::p2p {
namespace {

using std::chrono::seconds;
using test::SomeTransaction;
using test::TransactionWorld;
using wire::InvItem;
using Items = std::vector<InvItem>;

class TransactionPairs : public testing::Test {
 protected:
  static TransactionPtr ChildOf(const TransactionPtr& parent, uint32_t number) {
    return SomeTransaction(number, {{parent->txid, 0}});
  }
  Items Asked(PeerId peer) { return world_.TakeItems<wire::GetData>(peer); }
  /// Whether all that the peer sent has been dealt with.
  bool AnswersPings(PeerId peer) {
    world_.Take<wire::Pong>(peer);
    world_.Receive(peer, wire::Ping{77});
    return !world_.Take<wire::Pong>(peer).empty();
  }
  void ExpectPair(PeerId peer, const TransactionPtr& parent, const TransactionPtr& child) {
    ASSERT_FALSE(world_.pairs.empty());
    EXPECT_EQ(world_.pairs.back().peer, peer);
    EXPECT_EQ(world_.pairs.back().parent, parent);
    EXPECT_EQ(world_.pairs.back().child, child);
  }

  static constexpr TransactionFate kPoor = TransactionFate::kReconsiderable;
  static constexpr TransactionFate kOrphan = TransactionFate::kOrphan;
  static constexpr TransactionFate kAccepted = TransactionFate::kAccepted;

  TransactionWorld world_;
  const TransactionPtr parent_ = SomeTransaction(1);
  const TransactionPtr child_ = ChildOf(parent_, 2);
};

TEST_F(TransactionPairs, AChildThatWaitsPaysForItsParent) {
  const PeerId peer = world_.Join();
  world_.SendAndJudge(peer, child_, kOrphan);
  world_.Wait(seconds(5));
  EXPECT_EQ(Asked(peer), Items({{InvItem::kWitnessTx, parent_->txid.bytes}}));
  world_.SendAndJudge(peer, parent_, kPoor);
  ExpectPair(peer, parent_, child_);
  EXPECT_FALSE(AnswersPings(peer));
  world_.JudgePair(kAccepted, kAccepted);
  EXPECT_EQ(world_.Take<wire::Pong>(peer).size(), 1u);
  EXPECT_TRUE(AnswersPings(peer));
  EXPECT_EQ(world_.pairs.size(), 1u);
  EXPECT_EQ(world_.submitted.size(), 1u);  // the parent alone; the child is no orphan any more
  for (const TransactionPtr& tx : {parent_, child_}) world_.Announce(peer, tx);
  world_.Wait(seconds(5));
  EXPECT_TRUE(Asked(peer).empty());
}

TEST_F(TransactionPairs, AParentThatWasRefusedIsAskedForAgain) {
  const PeerId peer = world_.Join();
  world_.SendAndJudge(peer, parent_, kPoor);
  EXPECT_TRUE(world_.pairs.empty());
  world_.Announce(peer, child_);
  world_.Wait(seconds(5));
  EXPECT_EQ(Asked(peer), Items{InvItem::Of(child_->wtxid)});
  world_.SendAndJudge(peer, child_, kOrphan);
  world_.Wait(seconds(5));
  EXPECT_EQ(Asked(peer), Items({{InvItem::kWitnessTx, parent_->txid.bytes}}));
  world_.submitted.clear();
  world_.ReceiveTx(peer, parent_);
  EXPECT_TRUE(world_.submitted.empty());  // not once more by itself
  ExpectPair(peer, parent_, child_);
  world_.JudgePair(kAccepted, kAccepted);
  EXPECT_TRUE(AnswersPings(peer));
}

TEST_F(TransactionPairs, APairIsTriedOnceOnOneTip) {
  const PeerId peer = world_.Join();
  world_.SendAndJudge(peer, child_, kOrphan);
  world_.SendAndJudge(peer, parent_, kPoor);
  world_.JudgePair(kPoor, kOrphan);
  world_.submitted.clear();
  for (int i = 0; i < 3; ++i) world_.ReceiveTx(peer, parent_);
  EXPECT_EQ(world_.pairs.size(), 1u);
  EXPECT_TRUE(world_.submitted.empty());
  EXPECT_TRUE(AnswersPings(peer));
  // Another child is another pair.
  const TransactionPtr better = ChildOf(parent_, 3);
  world_.SendAndJudge(peer, better, kOrphan);
  world_.ReceiveTx(peer, parent_);
  EXPECT_EQ(world_.pairs.size(), 2u);
  ExpectPair(peer, parent_, better);
  world_.JudgePair(kPoor, kPoor);
  // A child that paid too little for both is not kept.
  world_.ReceiveTx(peer, parent_);
  EXPECT_EQ(world_.pairs.size(), 2u);
  // On another tip all is tried anew.
  world_.Mine();
  world_.SendAndJudge(peer, parent_, kPoor);
  EXPECT_EQ(world_.pairs.size(), 3u);
  ExpectPair(peer, parent_, child_);
}

TEST_F(TransactionPairs, ThePeersOwnChildrenComeFirstAndTheLatestOfThem) {
  const PeerId attacker = world_.Join();
  const PeerId honest = world_.Join();
  std::set<TransactionPtr> fakes;
  for (uint32_t i = 0; i < 20; ++i) {
    const TransactionPtr fake = ChildOf(parent_, 100 + i);
    world_.SendAndJudge(attacker, fake, kOrphan);
    fakes.insert(fake);
  }
  const TransactionPtr replaced = ChildOf(parent_, 3);
  world_.SendAndJudge(honest, replaced, kOrphan);
  world_.SendAndJudge(honest, child_, kOrphan);
  world_.SendAndJudge(attacker, ChildOf(parent_, 99), kOrphan);
  world_.SendAndJudge(honest, parent_, kPoor);
  ExpectPair(honest, parent_, child_);
  world_.JudgePair(kPoor, kOrphan);
  world_.ReceiveTx(honest, parent_);
  ExpectPair(honest, parent_, replaced);
  world_.JudgePair(kPoor, kOrphan);
  // With none left of its own, those of others do.
  world_.ReceiveTx(honest, parent_);
  ASSERT_EQ(world_.pairs.size(), 3u);
  EXPECT_NE(world_.pairs.back().child, child_);
  EXPECT_NE(world_.pairs.back().child, replaced);
}

TEST_F(TransactionPairs, EachAnswersForWhatItSent) {
  const PeerId of_child = world_.Join();
  const PeerId of_parent = world_.Join();
  world_.SendAndJudge(of_child, child_, kOrphan);
  world_.SendAndJudge(of_parent, parent_, kPoor);
  ExpectPair(of_parent, parent_, child_);
  EXPECT_TRUE(AnswersPings(of_child));
  EXPECT_FALSE(AnswersPings(of_parent));
  world_.JudgePair(kPoor, TransactionFate::kInvalid);
  EXPECT_TRUE(world_.DisconnectReason(of_child).has_value());
  EXPECT_FALSE(world_.DisconnectReason(of_parent).has_value());
  EXPECT_EQ(world_.Take<wire::Pong>(of_parent).size(), 1u);
  // Its orphan has gone with it.
  world_.ReceiveTx(of_parent, parent_);
  EXPECT_EQ(world_.pairs.size(), 1u);
}

TEST_F(TransactionPairs, OthersWaitForTheSameVerdict) {
  const PeerId first = world_.Join();
  const PeerId second = world_.Join();
  const PeerId third = world_.Join();
  world_.SendAndJudge(first, child_, kOrphan);
  world_.SendAndJudge(first, parent_, kPoor);
  world_.submitted.clear();
  world_.ReceiveTx(second, parent_);
  EXPECT_EQ(world_.pairs.size(), 1u);
  EXPECT_TRUE(world_.submitted.empty());
  EXPECT_FALSE(AnswersPings(second));
  world_.Announce(third, parent_);
  world_.Announce(third, {InvItem::Of(child_->wtxid)});
  world_.Wait(seconds(5));
  EXPECT_TRUE(Asked(third).empty());
  world_.JudgePair(kAccepted, kAccepted);
  EXPECT_EQ(world_.Take<wire::Pong>(second).size(), 1u);
  EXPECT_TRUE(AnswersPings(first));
  EXPECT_TRUE(world_.submitted.empty());
}

TEST_F(TransactionPairs, AChildWithAnotherMissingParentIsNoLossToThem) {
  const PeerId peer = world_.Join();
  const TransactionPtr other = SomeTransaction(7);
  const TransactionPtr child = SomeTransaction(8, {{parent_->txid, 0}, {other->txid, 1}});
  world_.SendAndJudge(peer, child, kOrphan);
  world_.SendAndJudge(peer, parent_, kPoor);
  ExpectPair(peer, parent_, child);
  world_.JudgePair(kPoor, TransactionFate::kFailed);
  // It is kept: its parents may come in a block.
  world_.SendAndJudge(peer, other, kAccepted);
  ASSERT_EQ(world_.submitted.size(), 2u);
  EXPECT_EQ(world_.submitted[1].second, child);
}

TEST_F(TransactionPairs, AVerdictMayFindNobodyLeft) {
  const PeerId of_child = world_.Join();
  const PeerId of_parent = world_.Join();
  const PeerId other = world_.Join();
  world_.SendAndJudge(of_child, child_, kOrphan);
  world_.SendAndJudge(of_parent, parent_, kPoor);
  world_.ReceiveTx(other, parent_);
  for (const PeerId peer : {of_child, of_parent, other}) {
    world_.protocol->Disconnected(peer, world_.now);
  }
  world_.JudgePair(TransactionFate::kInvalid, TransactionFate::kInvalid);
  EXPECT_TRUE(world_.discouraged.empty());
  // Nor is one tried whose sender leaves before the first verdict.
  const PeerId keeps = world_.Join();
  const PeerId leaves = world_.Join();
  const TransactionPtr poor = SomeTransaction(20);
  world_.SendAndJudge(keeps, ChildOf(poor, 21), kOrphan);
  world_.ReceiveTx(leaves, poor);
  world_.protocol->Disconnected(leaves, world_.now);
  world_.Judge(leaves, poor, kPoor);
  EXPECT_EQ(world_.pairs.size(), 1u);
  EXPECT_TRUE(AnswersPings(keeps));
}

}  // namespace
}  // namespace cairn::p2p
