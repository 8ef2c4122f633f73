#include <algorithm>
#include <set>

#include "cairn/wire/bloom_filter.h"
#include "tests/unit/p2p/transaction_world.h"

namespace cairn::p2p {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using test::SomeTransaction;
using test::TransactionWorld;
using wire::InvItem;
using Items = std::vector<InvItem>;

constexpr Duration kLong = minutes(5);  // any peer has had its turn after it

TEST(TransactionRelay, TellsAllButThoseWhoHaveIt) {
  TransactionWorld world;
  const PeerId sender = world.Join();
  const PeerId by_wtxid = world.Join();
  const PeerId by_txid = world.Join({.wtxid_relay = false});
  const PeerId quiet = world.Join({.wants_transactions = false});
  const PeerId for_blocks = world.Join({.type = ConnectionType::kBlockRelayOnly});
  const TransactionPtr tx = SomeTransaction(1);
  world.SendAndJudge(sender, tx, TransactionFate::kAccepted);
  world.Wait(kLong);
  EXPECT_TRUE(world.TakeItems<wire::Inv>(sender).empty());
  EXPECT_EQ(world.TakeItems<wire::Inv>(by_wtxid), Items{InvItem::Of(tx->wtxid)});
  EXPECT_EQ(world.TakeItems<wire::Inv>(by_txid), Items{InvItem::Of(tx->txid)});
  EXPECT_TRUE(world.TakeItems<wire::Inv>(quiet).empty());
  EXPECT_TRUE(world.TakeItems<wire::Inv>(for_blocks).empty());

  // Once is enough.
  world.protocol->TransactionAdded(tx, world.now);
  world.Wait(kLong);
  EXPECT_TRUE(world.TakeItems<wire::Inv>(by_wtxid).empty());
  const PeerInfo info = world.protocol->Peers(world.now).front();
  EXPECT_EQ(info.last_transaction, world.now - 2 * kLong);
  EXPECT_TRUE(info.relays_transactions);
}

TEST(TransactionRelay, InboundPeersAreToldAtOneMoment) {
  TransactionWorld world;
  std::vector<PeerId> inbound;
  for (int i = 0; i < 10; ++i) inbound.push_back(world.Join());
  std::vector<PeerId> outbound;
  for (int i = 0; i < 5; ++i) outbound.push_back(world.JoinOutbound());
  world.Wait(kLong);
  double total = 0;
  constexpr int kRounds = 200;
  for (int round = 0; round < kRounds; ++round) {
    const Instant entered = world.now;
    world.Enter(SomeTransaction(static_cast<uint32_t>(round)));
    EXPECT_TRUE(world.Take<wire::Inv>(inbound[0]).empty());
    std::set<Instant> moments;
    std::set<PeerId> told;
    while (told.size() < inbound.size() + outbound.size()) {
      world.now = std::max(world.now, world.protocol->NextDeadline());
      world.protocol->Advance(world.now);
      for (const PeerId id : outbound) {
        if (!world.Take<wire::Inv>(id).empty()) told.insert(id);
      }
      for (const PeerId id : inbound) {
        if (world.Take<wire::Inv>(id).empty()) continue;
        told.insert(id);
        moments.insert(world.now);
      }
    }
    EXPECT_EQ(moments.size(), 1u);
    total += static_cast<double>((*moments.begin() - entered).count());
    world.Wait(minutes(1));
  }
  // Five seconds on average, as long as anybody has to wait for a process without memory.
  EXPECT_NEAR(total / kRounds / 1e6, 5, 1.5);
}

TEST(TransactionRelay, ParentsComeFirstThenTheBestPayers) {
  TransactionWorld world;
  const PeerId peer = world.Join();
  const TransactionPtr poor = SomeTransaction(1);
  const TransactionPtr rich = SomeTransaction(2);
  const TransactionPtr child = SomeTransaction(3, {{poor->txid, 0}});
  world.Enter(child, 1'000'000, 2);
  world.Enter(poor, 500);
  world.Enter(rich, 50'000);
  const TransactionPtr gone = SomeTransaction(4);
  world.Enter(gone);
  world.pool.Remove(gone);
  world.Wait(kLong);
  EXPECT_EQ(world.TakeItems<wire::Inv>(peer),
            (Items{InvItem::Of(rich->wtxid), InvItem::Of(poor->wtxid), InvItem::Of(child->wtxid)}));
}

TEST(TransactionRelay, TellsOfAFewAtATime) {
  TransactionWorld world;
  const PeerId peer = world.Join();
  world.Wait(kLong);
  std::set<Wtxid> all;
  for (uint32_t i = 0; i < 100; ++i) {
    const TransactionPtr tx = SomeTransaction(i);
    all.insert(tx->wtxid);
    world.Enter(tx, 1000 + i);
  }
  world.Wait(kLong);
  std::vector<size_t> sizes;
  std::set<Wtxid> told;
  for (const wire::Inv& inv : world.Take<wire::Inv>(peer)) {
    sizes.push_back(inv.items.size());
    for (const InvItem& item : inv.items) told.insert(item.wtxid());
  }
  EXPECT_EQ(sizes, (std::vector<size_t>{35, 35, 30}));
  EXPECT_EQ(told, all);
}

TEST(TransactionRelay, KeepsToTheFeeFilterOfThePeer) {
  TransactionWorld world;
  const PeerId peer = world.Join();
  world.Receive(peer, wire::FeeFilter{5000});
  world.Receive(peer, wire::FeeFilter{-1});  // no amount: ignored
  EXPECT_EQ(world.protocol->Peers(world.now).front().fee_filter, 5000);
  const TransactionPtr enough = SomeTransaction(1);
  const TransactionPtr short_of = SomeTransaction(2);
  const auto least = static_cast<Amount>((enough->VirtualSize() * 5000 + 999) / 1000);
  world.Enter(enough, least);
  world.Enter(short_of, least - 1);
  world.Wait(kLong);
  EXPECT_EQ(world.TakeItems<wire::Inv>(peer), Items{InvItem::Of(enough->wtxid)});
}

TEST(TransactionRelay, ServesOnlyWhatWasToBeHeardOf) {
  TransactionWorld world;
  const TransactionPtr early = SomeTransaction(1);
  world.Enter(early);
  const PeerId peer = world.Join();
  const TransactionPtr tx = SomeTransaction(2);
  world.Enter(tx);
  const auto ask = [&](const Items& items) { world.Receive(peer, wire::GetData{items}); };

  // It has not been announced: nobody can tell by asking when it came.
  ask({InvItem::Of(tx->wtxid), InvItem::Of(early->wtxid)});
  EXPECT_EQ(world.TakeItems<wire::NotFound>(peer), Items{InvItem::Of(tx->wtxid)});
  EXPECT_EQ(world.Take<wire::TxMessage>(peer).size(), 1u);

  world.Wait(kLong);
  EXPECT_EQ(world.TakeItems<wire::Inv>(peer).size(), 1u);
  const InvItem with_witness{InvItem::kWitnessTx, tx->txid.bytes};
  ask({InvItem::Of(tx->wtxid), with_witness});
  const auto sent = world.Take<wire::TxMessage>(peer);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].transaction->wtxid, tx->wtxid);
  EXPECT_EQ(sent[1].transaction->wtxid, tx->wtxid);

  // By txid alone the witness stays away.
  ask({InvItem::Of(tx->txid)});
  const auto raw = world.Take<wire::RawMessage>(peer);
  ASSERT_EQ(raw.size(), 1u);
  EXPECT_EQ(raw[0].command, "tx");
  const auto parsed = ParseTransaction(*raw[0].payload);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ((*parsed)->txid, tx->txid);
  EXPECT_FALSE((*parsed)->has_witness);
}

TEST(TransactionRelay, ServesInTimeWhatNeedNotBeAnnounced) {
  TransactionWorld world;
  const PeerId peer = world.Join();
  const TransactionPtr tx = SomeTransaction(1);
  world.SendAndJudge(peer, tx, TransactionFate::kAccepted);
  world.Receive(peer, wire::GetData{{InvItem::Of(tx->wtxid)}});
  EXPECT_EQ(world.Take<wire::NotFound>(peer).size(), 1u);
  world.Wait(kLong);
  EXPECT_TRUE(world.Take<wire::Inv>(peer).empty());
  world.Receive(peer, wire::GetData{{InvItem::Of(tx->wtxid)}});
  EXPECT_EQ(world.Take<wire::TxMessage>(peer).size(), 1u);

  // What comes later is not covered by that.
  const TransactionPtr later = SomeTransaction(2);
  world.SendAndJudge(peer, later, TransactionFate::kAccepted);
  world.Receive(peer, wire::GetData{{InvItem::Of(later->wtxid)}});
  EXPECT_EQ(world.Take<wire::NotFound>(peer).size(), 1u);
}

TEST(TransactionRelay, ServesWhatHasJustBeenMined) {
  TransactionWorld world;
  const PeerId peer = world.Join();
  const TransactionPtr tx = SomeTransaction(1);
  world.Enter(tx);
  world.Mine({tx});
  for (const InvItem& item : {InvItem::Of(tx->wtxid), InvItem::Of(tx->txid)}) {
    world.Receive(peer, wire::GetData{{item}});
  }
  EXPECT_EQ(world.Take<wire::TxMessage>(peer).size(), 1u);
  EXPECT_EQ(world.Take<wire::RawMessage>(peer).size(), 1u);
  world.Mine();
  world.Receive(peer, wire::GetData{{InvItem::Of(tx->wtxid)}});
  EXPECT_EQ(world.Take<wire::NotFound>(peer).size(), 1u);
}

TEST(TransactionRelay, SaysNothingOfTransactionsWhereThereAreNone) {
  TransactionWorld world;
  const TransactionPtr tx = SomeTransaction(1);
  world.Enter(tx);
  const PeerId peer = world.Join({.type = ConnectionType::kBlockRelayOnly});
  world.Receive(peer, wire::GetData{{InvItem::Of(tx->wtxid)}});
  EXPECT_TRUE(world.Take<wire::NotFound>(peer).empty());
  EXPECT_TRUE(world.Take<wire::TxMessage>(peer).empty());
}

TEST(TransactionRelay, DoesNotMakeTrustedPeersWait) {
  TransactionWorld world;
  const PeerId trusted = world.Join({.permissions = kNoBanPermission});
  const PeerId other = world.Join();
  for (uint32_t i = 0; i < 3; ++i) {
    const TransactionPtr tx = SomeTransaction(i);
    world.Enter(tx);
    EXPECT_EQ(world.TakeItems<wire::Inv>(trusted), Items{InvItem::Of(tx->wtxid)});
  }
  EXPECT_TRUE(world.TakeItems<wire::Inv>(other).empty());
}

TEST(TransactionRelay, AnswersMempoolWhereItMay) {
  Settings settings;
  settings.serve_bloom = true;
  TransactionWorld world(settings);
  std::set<Wtxid> all;
  for (uint32_t i = 0; i < 60; ++i) {
    const TransactionPtr tx = SomeTransaction(i);
    world.pool.Add(tx, 10'000);
    all.insert(tx->wtxid);
  }
  const PeerId peer = world.Join();
  world.Receive(peer, wire::GetMempool{});
  EXPECT_TRUE(world.TakeItems<wire::Inv>(peer).empty());
  world.Wait(kLong);
  std::set<Wtxid> told;
  for (const InvItem& item : world.TakeItems<wire::Inv>(peer)) told.insert(item.wtxid());
  EXPECT_EQ(told, all);

  TransactionWorld closed;
  const PeerId stranger = closed.Join();
  closed.Receive(stranger, wire::GetMempool{});
  EXPECT_TRUE(closed.DisconnectReason(stranger).has_value());
  EXPECT_TRUE(closed.discouraged.empty());
  const PeerId allowed = closed.Join({.permissions = kMempoolPermission});
  closed.pool.Add(SomeTransaction(1), 10'000);
  closed.Receive(allowed, wire::GetMempool{});
  closed.Wait(kLong);
  EXPECT_EQ(closed.TakeItems<wire::Inv>(allowed).size(), 1u);
}

TEST(TransactionRelay, DoesNotTellOfThePoolOnceTheDaysUploadIsSpent) {
  Settings settings;
  settings.serve_bloom = true;
  TransactionWorld world(settings);
  world.pool.Add(SomeTransaction(1), 10'000);
  world.upload_exhausted = true;
  const PeerId peer = world.Join();
  const PeerId trusted = world.Join({.permissions = kNoBanPermission});
  const PeerId allowed = world.Join({.permissions = kMempoolPermission});
  for (const PeerId one : {peer, trusted, allowed}) world.Receive(one, wire::GetMempool{});
  world.Wait(kLong);
  EXPECT_EQ(world.DisconnectReason(peer), "mempool request with bandwidth limit reached");
  EXPECT_FALSE(world.DisconnectReason(trusted).has_value());
  EXPECT_TRUE(world.TakeItems<wire::Inv>(trusted).empty());
  EXPECT_EQ(world.TakeItems<wire::Inv>(allowed).size(), 1u);
}

TEST(TransactionRelay, FiltersByBloomFilter) {
  Settings settings;
  settings.serve_bloom = true;
  TransactionWorld world(settings);
  const PeerId peer = world.Join({.wants_transactions = false});
  const TransactionPtr wanted = SomeTransaction(1);
  const TransactionPtr other = SomeTransaction(2);
  wire::BloomFilter filter = wire::BloomFilter::For(10, 0.0001, 7, wire::FilterLoad::kAll);
  world.Receive(peer, filter.load());
  EXPECT_TRUE(world.protocol->Peers(world.now).front().relays_transactions);
  world.Receive(peer, wire::FilterAdd{Bytes(wanted->txid.bytes.begin(), wanted->txid.bytes.end())});
  world.Enter(wanted);
  world.Enter(other);
  world.Wait(kLong);
  EXPECT_EQ(world.TakeItems<wire::Inv>(peer), Items{InvItem::Of(wanted->wtxid)});

  world.Receive(peer, wire::FilterClear{});
  const TransactionPtr third = SomeTransaction(3);
  world.Enter(third);
  world.Wait(kLong);
  EXPECT_EQ(world.TakeItems<wire::Inv>(peer), Items{InvItem::Of(third->wtxid)});
  world.Receive(peer, wire::FilterAdd{{1, 2, 3}});
  EXPECT_TRUE(world.DisconnectReason(peer).has_value());
  EXPECT_EQ(world.discouraged.size(), 1u);

  TransactionWorld closed;
  for (const wire::Message& message :
       {wire::Message(filter.load()), wire::Message(wire::FilterAdd{{1}}),
        wire::Message(wire::FilterClear{})}) {
    const PeerId stranger = closed.Join();
    closed.Receive(stranger, message);
    EXPECT_TRUE(closed.DisconnectReason(stranger).has_value());
  }
  EXPECT_TRUE(closed.discouraged.empty());
}

TEST(TransactionRelay, SaysAgainWhatNobodyHasAskedFor) {
  TransactionWorld world;
  const TransactionPtr tx = SomeTransaction(1);
  world.Enter(tx);
  world.pool.unbroadcast = {tx};
  world.Wait(minutes(1));
  const PeerId peer = world.Join();
  world.Wait(minutes(5));
  EXPECT_TRUE(world.TakeItems<wire::Inv>(peer).empty());
  world.Wait(minutes(15));
  EXPECT_EQ(world.TakeItems<wire::Inv>(peer), Items{InvItem::Of(tx->wtxid)});
  world.Receive(peer, wire::GetData{{InvItem::Of(tx->wtxid)}});
  EXPECT_TRUE(world.pool.unbroadcast.empty());

  const TransactionPtr other = SomeTransaction(2);
  world.pool.Add(other, 10'000);
  world.pool.unbroadcast = {other};
  world.protocol->AnnounceUnbroadcast(world.now);
  world.Wait(minutes(1));
  EXPECT_EQ(world.TakeItems<wire::Inv>(peer), Items{InvItem::Of(other->wtxid)});
}

TEST(TransactionRelay, IdleConnectionsAskForNoTime) {
  TransactionWorld world;
  for (int i = 0; i < 20; ++i) world.Join();
  for (int i = 0; i < 8; ++i) world.JoinOutbound();
  world.Wait(minutes(1));
  // Nothing but some fee filters is due.
  int steps = 0;
  for (const Instant end = world.now + seconds(50); world.protocol->NextDeadline() <= end;
       ++steps) {
    world.now = std::max(world.now, world.protocol->NextDeadline());
    world.protocol->Advance(world.now);
  }
  EXPECT_LT(steps, 20);
}

}  // namespace
}  // namespace cairn::p2p
