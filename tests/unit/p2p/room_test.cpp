// No question makes us hold many answers: what a peer does not take, we do not go on preparing.
#include <gtest/gtest.h>

#include "tests/support/protocol_world.h"
#include "tests/unit/p2p/transaction_world.h"

namespace cairn::p2p {
namespace {

using test::ProtocolWorld;
using test::SomeTransaction;
using test::TransactionWorld;
using wire::InvItem;

constexpr Duration kLong = std::chrono::minutes(1);

TEST(Room, OneTransactionAskedForOverAndOver) {
  TransactionWorld world;
  const TransactionPtr tx = SomeTransaction(1);
  world.Enter(tx);
  const PeerId peer = world.Join();
  world.Take<wire::Ping>(peer);
  world.Wait(std::chrono::seconds(1));
  world.most_unsent = 30;
  constexpr size_t kAsked = 1000;
  world.Receive(peer, wire::GetData{std::vector<InvItem>(kAsked, InvItem::Of(tx->wtxid))});
  size_t served = 0;
  for (int rounds = 0; rounds < 200 && served < kAsked; ++rounds) {
    const size_t sent = world.Take<wire::TxMessage>(peer).size();
    EXPECT_LE(sent, world.most_unsent);
    served += sent;
    world.MakeRoom(peer);
  }
  EXPECT_EQ(served, kAsked);
}

TEST(Room, LaterMessagesWaitUntilThePeerTakesTheAnswers) {
  TransactionWorld world;
  const TransactionPtr tx = SomeTransaction(1);
  world.Enter(tx);
  const PeerId peer = world.Join();
  world.Take<wire::RawMessage>(peer);
  world.most_unsent = 50;
  world.Receive(peer, wire::GetData{std::vector<InvItem>(60, InvItem::Of(tx->wtxid))});
  world.Receive(peer, wire::Ping{5});
  EXPECT_TRUE(world.Take<wire::Pong>(peer).empty());
  const size_t first = world.Take<wire::TxMessage>(peer).size();
  EXPECT_LE(first, 50u);
  world.MakeRoom(peer);
  EXPECT_EQ(first + world.Take<wire::TxMessage>(peer).size(), 60u);
  ASSERT_EQ(world.Take<wire::Pong>(peer).size(), 1u);
  // Nothing is left over.
  world.Receive(peer, wire::Ping{6});
  EXPECT_EQ(world.Take<wire::Pong>(peer).size(), 1u);
}

struct RoomWorld : ProtocolWorld {
  explicit RoomWorld(int height) : ProtocolWorld(Regtest(), WithFilters()) {
    chain.Extend(height);
    now = Instant(std::chrono::seconds(chain.View()->tip->header.time + 60));
    peer = JoinInbound();
    Forget();
    most_unsent = kMost;
  }
  static Settings WithFilters() {
    Settings settings = Quiet();
    settings.services |= wire::kNodeCompactFilters;
    return settings;
  }
  const ledger::HeaderEntry& At(int height) const { return *chain.View()->At(height); }
  InvItem BlockAt(int height) const { return InvItem::Of(At(height).hash, InvItem::kWitnessBlock); }
  /// How often the peer takes what was sent to it until nothing comes any more; never much at once.
  template <typename M>
  size_t TakeAll(size_t most_at_once) {
    size_t total = 0;
    for (int rounds = 0; rounds < 2000; ++rounds) {
      const size_t sent = Take<M>(peer).size();
      EXPECT_LE(sent, most_at_once);
      if (sent == 0) break;
      total += sent;
      MakeRoom(peer);
    }
    return total;
  }

  static constexpr size_t kMost = 5;
  PeerId peer = 0;
};

TEST(Room, OneQuestionAfterAnother) {
  RoomWorld world(20);
  for (int i = 0; i < 100; ++i) world.Receive(world.peer, wire::GetHeaders{{{}, world.At(3).hash}});
  EXPECT_EQ(world.TakeAll<wire::Headers>(RoomWorld::kMost), 100u);
  for (int i = 0; i < 100; ++i)
    world.Receive(world.peer, wire::GetBlocks{{{world.At(3).hash}, {}}});
  EXPECT_EQ(world.TakeAll<wire::Inv>(RoomWorld::kMost), 100u);
  for (const int height : {20, 15}) {  // from memory and from the disk
    for (int i = 0; i < 100; ++i) {
      world.Receive(world.peer, wire::GetBlockTxn{world.At(height).hash, {0}});
    }
    EXPECT_EQ(world.TakeAll<wire::BlockTxn>(RoomWorld::kMost), 100u);
  }
  EXPECT_FALSE(world.IsGone(world.peer));
}

TEST(Room, BlocksFromMemoryAndFromTheDisk) {
  RoomWorld world(20);
  wire::GetData request;
  for (int i = 0; i < 100; ++i) request.items.push_back(world.BlockAt(i % 2 == 0 ? 20 : 3));
  world.Receive(world.peer, request);
  EXPECT_EQ(world.TakeAll<wire::RawMessage>(RoomWorld::kMost), 100u);
}

TEST(Room, FiltersAreReadInPieces) {
  RoomWorld world(1200);
  size_t most_read = 0;
  uint32_t next = 100;
  world.read_filters = [&](const FilterQuery& query) {
    const auto& request = std::get<wire::GetCFilters>(query.request);
    EXPECT_EQ(request.start_height, next);
    const int last = world.chain.Find(request.stop)->height;
    const size_t count = static_cast<size_t>(last) - request.start_height + 1;
    next += static_cast<uint32_t>(count);
    most_read = std::max(most_read, count);
    return std::vector<wire::Message>(count, wire::CFilter{});
  };
  world.Receive(world.peer, wire::GetCFilters{kBasicFilterType, 100, world.At(1099).hash});
  world.Receive(world.peer, wire::Ping{1});
  EXPECT_EQ(world.TakeAll<wire::CFilter>(100), 1000u);
  EXPECT_EQ(most_read, 100u);
  EXPECT_EQ(world.Take<wire::Pong>(world.peer).size(), 1u);
}

TEST(Room, AnIndexThatHasNotComeSoFarEndsTheAnswer) {
  RoomWorld world(1200);
  int asked = 0;
  world.read_filters = [&](const FilterQuery&) {
    return std::vector<wire::Message>(++asked == 1 ? 3 : 0, wire::CFilter{});
  };
  world.Receive(world.peer, wire::GetCFilters{kBasicFilterType, 100, world.At(1099).hash});
  EXPECT_EQ(asked, 2);
  world.Receive(world.peer, wire::Ping{1});
  EXPECT_EQ(world.Take<wire::Pong>(world.peer).size(), 1u);
}

TEST(Room, NothingIsAnnouncedToWhoDoesNotListen) {
  Settings settings;
  settings.serve_bloom = true;
  TransactionWorld world(settings);
  const PeerId peer = world.Join();
  world.Enter(SomeTransaction(1));
  world.most_unsent = 0;
  for (int i = 0; i < 20; ++i) {
    world.Receive(peer, wire::GetMempool{});
    world.Wait(kLong);
  }
  EXPECT_TRUE(world.Take<wire::Inv>(peer).empty());
  world.most_unsent = 1000;
  world.MakeRoom(peer);
  world.Wait(kLong);
  EXPECT_FALSE(world.Take<wire::Inv>(peer).empty());
}

}  // namespace
}  // namespace cairn::p2p
