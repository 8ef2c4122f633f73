#include <algorithm>

#include "tests/unit/p2p/transaction_world.h"

namespace cairn::p2p {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using test::PlayedPeer;
using test::SomeTransaction;
using test::TransactionWorld;
using wire::InvItem;
using Items = std::vector<InvItem>;

InvItem WitnessTx(const TransactionPtr& tx) { return {InvItem::kWitnessTx, tx->txid.bytes}; }

Items Asked(TransactionWorld& world, PeerId peer) { return world.TakeItems<wire::GetData>(peer); }

/// Whether all that the peer sent has been dealt with.
bool AnswersPings(TransactionWorld& world, PeerId peer) {
  world.Take<wire::Pong>(peer);
  world.Receive(peer, wire::Ping{77});
  return !world.Take<wire::Pong>(peer).empty();
}

TEST(TransactionDownload, AsksPeersThatWeChoseAtOnce) {
  TransactionWorld world;
  const PeerId inbound = world.Join();
  const PeerId outbound = world.JoinOutbound();
  const TransactionPtr tx = SomeTransaction(1);
  world.Announce(inbound, tx);
  EXPECT_TRUE(Asked(world, inbound).empty());
  world.Announce(outbound, tx);
  EXPECT_EQ(Asked(world, outbound), Items{InvItem::Of(tx->wtxid)});
  world.Wait(seconds(3));
  EXPECT_TRUE(Asked(world, inbound).empty());

  const TransactionPtr other = SomeTransaction(2);
  world.Announce(inbound, other);
  world.Wait(seconds(2) - Duration(1));
  EXPECT_TRUE(Asked(world, inbound).empty());
  world.Wait(Duration(1));
  EXPECT_EQ(Asked(world, inbound), Items{InvItem::Of(other->wtxid)});
}

TEST(TransactionDownload, AsksSomebodyElseAfterAMinuteOrNotFound) {
  TransactionWorld world;
  const PeerId first = world.JoinOutbound();
  const PeerId second = world.Join();
  const PeerId third = world.Join();
  const TransactionPtr tx = SomeTransaction(1);
  for (const PeerId peer : {first, second, third}) world.Announce(peer, tx);
  EXPECT_EQ(Asked(world, first).size(), 1u);
  world.Wait(seconds(59));
  EXPECT_TRUE(Asked(world, second).empty() && Asked(world, third).empty());
  world.Wait(seconds(1));
  const bool second_asked = !Asked(world, second).empty();
  EXPECT_NE(second_asked, !Asked(world, third).empty());
  const PeerId asked = second_asked ? second : third;
  const PeerId last = second_asked ? third : second;
  world.Receive(asked, wire::NotFound{{InvItem::Of(tx->wtxid)}});
  EXPECT_EQ(Asked(world, last).size(), 1u);
  // Late, but welcome.
  world.SendAndJudge(first, tx, TransactionFate::kAccepted);
}

TEST(TransactionDownload, TxidsWaitWhereWtxidsAreSpoken) {
  TransactionWorld world;
  const PeerId old = world.Join({.type = ConnectionType::kFullRelay, .wtxid_relay = false});
  const TransactionPtr tx = SomeTransaction(1);
  world.Announce(old, {InvItem::Of(tx->txid)});
  EXPECT_EQ(Asked(world, old), Items{WitnessTx(tx)});  // nobody speaks of wtxids
  world.Join();
  const TransactionPtr other = SomeTransaction(2);
  world.Announce(old, {InvItem::Of(other->txid)});
  EXPECT_TRUE(Asked(world, old).empty());
  world.Wait(seconds(2));
  EXPECT_EQ(Asked(world, old), Items{WitnessTx(other)});
}

TEST(TransactionDownload, PassesOverNamesOfTheOtherKind) {
  TransactionWorld world;
  const PeerId by_wtxid = world.JoinOutbound();
  const PeerId by_txid = world.Join({.wtxid_relay = false});
  const TransactionPtr tx = SomeTransaction(1);
  world.Announce(by_wtxid, {InvItem::Of(tx->txid)});
  world.Announce(by_txid, {InvItem::Of(tx->wtxid)});
  world.Wait(seconds(10));
  EXPECT_TRUE(Asked(world, by_wtxid).empty());
  EXPECT_TRUE(Asked(world, by_txid).empty());
}

TEST(TransactionDownload, AsksForNothingWhileFarBehind) {
  TransactionWorld world;
  world.chain.initial_download = true;
  const PeerId peer = world.JoinOutbound();
  const TransactionPtr tx = SomeTransaction(1);
  world.Announce(peer, tx);
  world.ReceiveTx(peer, tx);
  world.Wait(seconds(10));
  EXPECT_TRUE(Asked(world, peer).empty());
  EXPECT_TRUE(world.submitted.empty());
  EXPECT_FALSE(world.DisconnectReason(peer).has_value());
}

TEST(TransactionDownload, EndsConnectionsThatShouldBeFreeOfTransactions) {
  const TransactionPtr tx = SomeTransaction(1);
  const auto violate = [&](const Settings& settings, const PlayedPeer& peer, bool by_inv) {
    TransactionWorld world(settings);
    const PeerId id = world.Join(peer);
    by_inv ? world.Announce(id, tx) : world.ReceiveTx(id, tx);
    EXPECT_TRUE(world.discouraged.empty());
    return world.DisconnectReason(id).has_value();
  };
  Settings blocks_only;
  blocks_only.blocks_only = true;
  for (const bool by_inv : {false, true}) {
    EXPECT_TRUE(violate({}, {.type = ConnectionType::kBlockRelayOnly}, by_inv));
    EXPECT_TRUE(violate(blocks_only, {}, by_inv));
    EXPECT_TRUE(violate(blocks_only, {.type = ConnectionType::kFullRelay}, by_inv));
    EXPECT_FALSE(violate(blocks_only, {.permissions = kRelayPermission}, by_inv));
    EXPECT_FALSE(violate({}, {}, by_inv));
  }
}

TEST(TransactionDownload, BoundsWhatAPeerCanAnnounce) {
  TransactionWorld world;
  const PeerId flooder = world.Join();
  const PeerId trusted = world.Join({.permissions = kRelayPermission});
  const auto flood = [&](PeerId peer, uint8_t salt) {
    Items items(7000);
    for (size_t i = 0; i < items.size(); ++i) {
      items[i].type = InvItem::kWtx;
      StoreLittle(items[i].hash.data(), i);
      items[i].hash[31] = salt;
    }
    world.Announce(peer, items);
  };
  flood(flooder, 1);
  flood(trusted, 2);
  world.Wait(seconds(2));
  const auto requests = world.Take<wire::GetData>(flooder);
  ASSERT_EQ(requests.size(), 5u);
  for (const wire::GetData& request : requests) EXPECT_EQ(request.items.size(), 1000u);
  EXPECT_EQ(Asked(world, trusted).size(), 7000u);
  // With so many in flight it has to wait longer, where others do not.
  world.Wait(minutes(1));
  flood(flooder, 3);
  world.Wait(seconds(2));
  EXPECT_EQ(Asked(world, flooder).size(), 5000u);
  world.Receive(flooder, wire::NotFound{Items{}});
  EXPECT_LT(world.protocol->Peers(world.now).front().memory, 4'000'000u);
}

TEST(TransactionDownload, GrowsSlowToAskWhoLeavesUsWaiting) {
  TransactionWorld world;
  const PeerId peer = world.JoinOutbound();
  for (uint32_t i = 0; i < 100; ++i) world.Announce(peer, SomeTransaction(i));
  EXPECT_EQ(Asked(world, peer).size(), 100u);
  world.Announce(peer, SomeTransaction(100));
  EXPECT_TRUE(Asked(world, peer).empty());
  world.Wait(seconds(2));
  EXPECT_EQ(Asked(world, peer).size(), 1u);
}

TEST(TransactionDownload, RemembersWhatWasRefusedUntilTheTipChanges) {
  for (const TransactionFate fate : {TransactionFate::kPolicy, TransactionFate::kPolicyInputs,
                                     TransactionFate::kReconsiderable}) {
    TransactionWorld world;
    const PeerId peer = world.JoinOutbound();
    const PeerId old = world.Join({.wtxid_relay = false});
    const TransactionPtr tx = SomeTransaction(1);
    world.SendAndJudge(peer, tx, fate);
    EXPECT_FALSE(world.DisconnectReason(peer).has_value());
    world.Announce(peer, tx);
    world.ReceiveTx(peer, tx);
    EXPECT_EQ(world.submitted.size(), 1u);
    world.Announce(old, {InvItem::Of(tx->txid)});
    world.Wait(seconds(5));
    EXPECT_TRUE(Asked(world, peer).empty());
    // Another witness may do, unless the inputs are the fault.
    EXPECT_EQ(Asked(world, old).empty(), fate == TransactionFate::kPolicyInputs);
    world.Mine();
    world.Announce(peer, tx);
    world.Wait(seconds(120));
    EXPECT_EQ(Asked(world, peer).size(), 1u);
  }
}

TEST(TransactionDownload, AStrippedWitnessSaysNothing) {
  TransactionWorld world;
  const PeerId peer = world.JoinOutbound();
  const TransactionPtr tx = SomeTransaction(1);
  TransactionDraft draft = TransactionDraft::From(*tx);
  draft.inputs[0].witness.clear();
  world.SendAndJudge(peer, draft.Finish(), TransactionFate::kWitnessStripped);
  world.Announce(peer, tx);
  EXPECT_EQ(Asked(world, peer).size(), 1u);
  // By txid, which is the wtxid of what was refused.
  const PeerId old = world.Join({.wtxid_relay = false});
  world.Announce(old, {InvItem::Of(tx->txid)});
  world.Wait(seconds(5));
  EXPECT_EQ(Asked(world, old), Items{WitnessTx(tx)});
}

TEST(TransactionDownload, PunishesOnlyWhatNoBlockMayContain) {
  TransactionWorld world;
  const PeerId peer = world.Join();
  world.SendAndJudge(peer, SomeTransaction(1), TransactionFate::kInvalid);
  EXPECT_TRUE(world.DisconnectReason(peer).has_value());
  EXPECT_EQ(world.discouraged.size(), 1u);
  const PeerId trusted = world.Join({.permissions = kNoBanPermission});
  world.SendAndJudge(trusted, SomeTransaction(2), TransactionFate::kInvalid);
  EXPECT_FALSE(world.DisconnectReason(trusted).has_value());
}

TEST(TransactionDownload, NobodyElseIsAskedForWhatIsBeingJudged) {
  TransactionWorld world;
  const PeerId first = world.JoinOutbound();
  const PeerId second = world.JoinOutbound();
  const TransactionPtr tx = SomeTransaction(1);
  world.ReceiveTx(first, tx);
  world.Announce(second, tx);
  world.Wait(seconds(30));
  EXPECT_TRUE(Asked(world, second).empty());
  // It sends it nevertheless: what it says later waits for the same verdict.
  world.ReceiveTx(second, tx);
  EXPECT_EQ(world.submitted.size(), 1u);
  EXPECT_FALSE(AnswersPings(world, second));
  world.Judge(first, tx, TransactionFate::kWitnessStripped);
  EXPECT_EQ(world.Take<wire::Pong>(second).size(), 1u);
  EXPECT_TRUE(AnswersPings(world, first));
}

TEST(TransactionDownload, TransactionsFollowEachOtherWithoutAWait) {
  TransactionWorld world;
  const PeerId peer = world.Join();
  const TransactionPtr first = SomeTransaction(1);
  const TransactionPtr second = SomeTransaction(2);
  world.ReceiveTx(peer, first);
  world.ReceiveTx(peer, second);
  EXPECT_EQ(world.submitted.size(), 2u);
  EXPECT_FALSE(AnswersPings(world, peer));
  world.Judge(peer, first, TransactionFate::kAccepted);
  EXPECT_TRUE(world.Take<wire::Pong>(peer).empty());
  world.Judge(peer, second, TransactionFate::kAccepted);
  EXPECT_EQ(world.Take<wire::Pong>(peer).size(), 1u);
}

TEST(TransactionDownload, NobodyFillsTheQueueOfThePool) {
  TransactionWorld world;
  const PeerId flooder = world.Join();
  const PeerId other = world.Join();
  std::vector<TransactionPtr> all;
  for (uint32_t i = 0; i < 100; ++i) {
    all.push_back(SomeTransaction(i));
    world.ReceiveTx(flooder, all.back());
  }
  EXPECT_EQ(world.submitted.size(), 32u);
  world.ReceiveTx(other, SomeTransaction(100));
  EXPECT_EQ(world.submitted.size(), 33u);
  EXPECT_FALSE(AnswersPings(world, flooder));
  for (const TransactionPtr& tx : all) world.Judge(flooder, tx, TransactionFate::kPolicy);
  EXPECT_EQ(world.submitted.size(), 101u);
  EXPECT_EQ(world.Take<wire::Pong>(flooder).size(), 1u);

  // Nor with a few large ones.
  TransactionDraft draft = TransactionDraft::From(*all[0]);
  draft.outputs[0].script.resize(400'000);
  world.submitted.clear();
  for (uint32_t i = 0; i < 10; ++i) {
    draft.lock_time = 1000 + i;
    world.ReceiveTx(flooder, draft.Finish());
  }
  EXPECT_EQ(world.submitted.size(), 3u);
}

TEST(TransactionDownload, FetchesTheParentsOfAnOrphan) {
  TransactionWorld world;
  const PeerId peer = world.JoinOutbound();
  const TransactionPtr parent = SomeTransaction(1);
  const TransactionPtr pooled = SomeTransaction(2);
  world.Enter(pooled);
  const TransactionPtr child =
      SomeTransaction(3, {{parent->txid, 0}, {parent->txid, 1}, {pooled->txid, 0}});
  const TransactionPtr grandchild = SomeTransaction(4, {{child->txid, 0}});
  world.SendAndJudge(peer, child, TransactionFate::kOrphan);
  world.Wait(seconds(2));
  EXPECT_EQ(Asked(world, peer), Items{WitnessTx(parent)});
  // Its child waits for one that we have.
  world.SendAndJudge(peer, grandchild, TransactionFate::kOrphan);
  world.Wait(seconds(2));
  EXPECT_EQ(Asked(world, peer), Items{WitnessTx(child)});
  world.Announce(peer, child);
  world.Wait(seconds(2));
  EXPECT_TRUE(Asked(world, peer).empty());

  world.submitted.clear();
  world.ReceiveTx(peer, parent);
  EXPECT_FALSE(AnswersPings(world, peer));
  world.Judge(peer, parent, TransactionFate::kAccepted);
  ASSERT_EQ(world.submitted.size(), 2u);
  EXPECT_EQ(world.submitted[1], std::make_pair(peer, child));
  EXPECT_TRUE(world.Take<wire::Pong>(peer).empty());
  world.Judge(peer, child, TransactionFate::kAccepted);
  ASSERT_EQ(world.submitted.size(), 3u);
  EXPECT_EQ(world.submitted[2], std::make_pair(peer, grandchild));
  EXPECT_TRUE(world.Take<wire::Pong>(peer).empty());
  world.Judge(peer, grandchild, TransactionFate::kAccepted);
  EXPECT_EQ(world.Take<wire::Pong>(peer).size(), 1u);
  EXPECT_EQ(world.submitted.size(), 3u);
}

TEST(TransactionDownload, OrphansAreTriedOneByOneAndStallNobodyElse) {
  TransactionWorld world;
  const PeerId flooder = world.Join();
  const PeerId other = world.Join();
  const TransactionPtr parent = SomeTransaction(1);
  std::vector<TransactionPtr> children;
  for (uint32_t i = 0; i < 50; ++i) {
    children.push_back(SomeTransaction(10 + i, {{parent->txid, 0}}));
    world.SendAndJudge(flooder, children.back(), TransactionFate::kOrphan);
  }
  world.SendAndJudge(other, parent, TransactionFate::kAccepted);
  EXPECT_EQ(world.submitted.size(), 2u);
  EXPECT_TRUE(AnswersPings(world, other));
  EXPECT_FALSE(AnswersPings(world, flooder));
  world.Judge(flooder, children[0], TransactionFate::kAccepted);
  for (size_t i = 1; i < children.size(); ++i) {
    ASSERT_EQ(world.submitted.size(), i + 2);
    EXPECT_EQ(world.submitted.back().second, children[i]);
    world.Judge(flooder, children[i], TransactionFate::kPolicy);
  }
  EXPECT_EQ(world.Take<wire::Pong>(flooder).size(), 1u);
  // None is left to be tried.
  world.protocol->TransactionAdded(parent, world.now);
  EXPECT_EQ(world.submitted.size(), 51u);
}

TEST(TransactionDownload, AnOrphanThatIsInvalidFallsBackOnItsSender) {
  TransactionWorld world;
  const PeerId sender = world.Join();
  const PeerId other = world.Join();
  const TransactionPtr parent = SomeTransaction(1);
  const TransactionPtr child = SomeTransaction(2, {{parent->txid, 0}});
  world.SendAndJudge(sender, child, TransactionFate::kOrphan);
  world.SendAndJudge(other, parent, TransactionFate::kAccepted);
  world.Judge(sender, child, TransactionFate::kInvalid);
  EXPECT_TRUE(world.DisconnectReason(sender).has_value());
  EXPECT_FALSE(world.DisconnectReason(other).has_value());
}

TEST(TransactionDownload, AChildOfARefusedParentIsRefused) {
  TransactionWorld world;
  const PeerId peer = world.JoinOutbound();
  TransactionDraft draft = TransactionDraft::From(*SomeTransaction(1));
  draft.inputs[0].witness.clear();
  const TransactionPtr refused = draft.Finish();  // without witness, so that its txid is known
  draft.lock_time = 2;
  const TransactionPtr cheap = draft.Finish();
  draft.lock_time = 3;
  const TransactionPtr cheap_too = draft.Finish();
  world.SendAndJudge(peer, refused, TransactionFate::kPolicy);
  world.SendAndJudge(peer, cheap, TransactionFate::kReconsiderable);
  world.SendAndJudge(peer, cheap_too, TransactionFate::kReconsiderable);
  const TransactionPtr hopeless = SomeTransaction(10, {{refused->txid, 0}});
  world.SendAndJudge(peer, hopeless, TransactionFate::kOrphan);
  world.Wait(seconds(2));
  EXPECT_TRUE(Asked(world, peer).empty());
  world.Announce(peer, hopeless);
  world.Wait(seconds(2));
  EXPECT_TRUE(Asked(world, peer).empty());
  // A child may pay for one parent, which is asked for again, but not for two.
  const TransactionPtr paying = SomeTransaction(11, {{cheap->txid, 0}});
  world.SendAndJudge(peer, paying, TransactionFate::kOrphan);
  world.Wait(seconds(2));
  EXPECT_EQ(Asked(world, peer), Items{WitnessTx(cheap)});
  const TransactionPtr too_much = SomeTransaction(12, {{cheap->txid, 0}, {cheap_too->txid, 0}});
  world.SendAndJudge(peer, too_much, TransactionFate::kOrphan);
  world.Wait(seconds(2));
  EXPECT_TRUE(Asked(world, peer).empty());
}

TEST(TransactionDownload, DoesNotAskForWhatHasBeenMined) {
  TransactionWorld world;
  const PeerId peer = world.JoinOutbound();
  world.Mine();
  const TransactionPtr tx = SomeTransaction(1);
  world.Mine({tx});
  world.Announce(peer, tx);
  world.ReceiveTx(peer, tx);
  EXPECT_TRUE(Asked(world, peer).empty());
  EXPECT_TRUE(world.submitted.empty());
  // On another branch it may be to be mined once more.
  const ledger::HeaderEntry* genesis = world.chain.View()->At(0);
  world.chain.MineOn(genesis, {});
  world.protocol->TipChanged(world.now);
  world.Announce(peer, tx);
  EXPECT_EQ(Asked(world, peer).size(), 1u);
}

TEST(TransactionDownload, ABlockEndsRequestsAndOrphansOfItsTransactions) {
  TransactionWorld world;
  const PeerId peer = world.Join();
  const TransactionPtr parent = SomeTransaction(1);
  const TransactionPtr child = SomeTransaction(2, {{parent->txid, 0}});
  world.SendAndJudge(peer, child, TransactionFate::kOrphan);
  world.Mine({parent, child});
  world.Wait(seconds(10));
  EXPECT_TRUE(Asked(world, peer).empty());
}

TEST(TransactionDownload, AGatewayIsRelayedForAgain) {
  TransactionWorld world;
  const TransactionPtr tx = SomeTransaction(1);
  world.pool.Add(tx, 10'000);
  const PeerId gateway = world.Join({.permissions = kForceRelayPermission});
  const PeerId peer = world.Join();
  world.ReceiveTx(gateway, tx);
  world.Wait(minutes(2));
  EXPECT_EQ(world.TakeItems<wire::Inv>(peer), Items{InvItem::Of(tx->wtxid)});
  EXPECT_TRUE(world.submitted.empty());
}

TEST(TransactionDownload, AVerdictMayFindNobodyLeft) {
  TransactionWorld world;
  const PeerId first = world.Join();
  const PeerId second = world.Join();
  const TransactionPtr tx = SomeTransaction(1);
  world.ReceiveTx(first, tx);
  world.ReceiveTx(second, tx);
  world.protocol->Disconnected(first, world.now);
  world.protocol->Disconnected(second, world.now);
  world.Judge(first, tx, TransactionFate::kOrphan);
  const TransactionPtr bad = SomeTransaction(2);
  const PeerId third = world.Join();
  world.ReceiveTx(third, bad);
  world.protocol->Disconnected(third, world.now);
  world.Judge(third, bad, TransactionFate::kInvalid);
  EXPECT_TRUE(world.discouraged.empty());
  EXPECT_TRUE(world.protocol->Peers(world.now).empty());
}

}  // namespace
}  // namespace cairn::p2p
