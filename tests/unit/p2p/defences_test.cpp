// Peers that keep every single rule and yet are of no use: they cost us work without end.
#include <gtest/gtest.h>

#include "tests/support/protocol_world.h"

namespace cairn::p2p {
namespace {

using test::ProtocolWorld;

std::vector<wire::PeerAddress> Addresses(size_t count, uint32_t first) {
  std::vector<wire::PeerAddress> addresses(count);
  for (size_t i = 0; i < count; ++i) {
    const auto number = static_cast<uint32_t>(first + i);
    addresses[i].endpoint.address =
        wire::NetAddress::Ipv4(20, static_cast<uint8_t>(number >> 16),
                               static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number));
    addresses[i].endpoint.port = 8333;
    addresses[i].services = wire::kNodeNetwork;
  }
  return addresses;
}

/// A chain from the genesis block, which the world's own leaves far behind.
std::vector<BlockPtr> MakePoorChain(ProtocolWorld& world) {
  std::vector<BlockPtr> poor = world.chain.Make(test::Place::Genesis(world.chain.params()), 5, 77);
  world.Mine(200);
  return poor;
}

TEST(Defences, EndlessPoorChainsEndTheConnection) {
  ProtocolWorld world;
  const std::vector<BlockPtr> poor = MakePoorChain(world);
  const PeerId peer = world.JoinInbound();
  for (int i = 0; i < 7; ++i) {
    world.Announce(peer, poor);
    EXPECT_FALSE(world.IsGone(peer)) << i;
  }
  world.Announce(peer, poor);
  EXPECT_TRUE(world.IsGone(peer));
  EXPECT_FALSE(world.IsDiscouraged(peer));  // it may just be far behind
  EXPECT_EQ(world.chain.Find(poor.back()->hash()), nullptr);
}

/// It is those in a row that count.
TEST(Defences, AGoodChainMakesUpForPoorOnes) {
  ProtocolWorld world;
  const std::vector<BlockPtr> poor = MakePoorChain(world);
  const PeerId peer = world.JoinInbound();
  for (int i = 0; i < 7; ++i) world.Announce(peer, poor);
  world.Announce(peer, world.chain.Make(1, 1));
  for (int i = 0; i < 7; ++i) world.Announce(peer, poor);
  EXPECT_FALSE(world.IsGone(peer));
  world.Announce(peer, poor);
  EXPECT_TRUE(world.IsGone(peer));
}

TEST(Defences, AFloodOfAddressesEndsTheConnection) {
  for (const ConnectionType type : {ConnectionType::kInbound, ConnectionType::kBlockRelayOnly}) {
    ProtocolWorld world;
    const PeerId peer = world.Join(type);
    for (uint32_t i = 0; i < 9; ++i) world.Receive(peer, wire::Addr{Addresses(1000, 1000 * i)});
    EXPECT_FALSE(world.IsGone(peer));
    for (uint32_t i = 9; i < 12; ++i) world.Receive(peer, wire::Addr{Addresses(1000, 1000 * i)});
    EXPECT_TRUE(world.IsGone(peer));
  }
}

TEST(Defences, AnAnswerToGetAddrIsNoFlood) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  world.Receive(peer, wire::Addr{Addresses(1000, 0)});
  world.Receive(peer, wire::Addr{Addresses(1000, 1000)});
  EXPECT_FALSE(world.IsGone(peer));
}

TEST(Defences, NothingButOrphansEndsTheConnection) {
  ProtocolWorld world;
  const PeerId peer = world.JoinInbound();
  const auto send = [&](uint32_t number) {
    OutPoint unknown;
    unknown.txid.bytes[0] = 1;
    unknown.index = number;
    world.Receive(peer, wire::TxMessage{test::MakeSpend(unknown, 1000)});
  };
  world.judge_transaction = [](const TransactionPtr&) {
    TransactionVerdict verdict;
    verdict.fate = TransactionFate::kOrphan;
    return verdict;
  };
  for (uint32_t i = 0; i < 999; ++i) send(i);
  EXPECT_FALSE(world.IsGone(peer));
  send(999);
  EXPECT_TRUE(world.IsGone(peer));
}

TEST(Defences, PermissionsExcuse) {
  ProtocolWorld world;
  const std::vector<BlockPtr> poor = MakePoorChain(world);
  ProtocolWorld::Joining joining;
  joining.permissions = kNoBanPermission;
  const PeerId peer = world.Join(joining);
  for (int i = 0; i < 20; ++i) world.Announce(peer, poor);
  for (uint32_t i = 0; i < 20; ++i) world.Receive(peer, wire::Addr{Addresses(1000, 1000 * i)});
  EXPECT_FALSE(world.IsGone(peer));
}

/// Who announces first and never sends must not hold a block up for ten minutes, nor stay.
TEST(Defences, AnotherIsAskedSoonForABlockAtTheTip) {
  ProtocolWorld world;
  world.Mine(3);
  const PeerId staller = world.Join();
  const PeerId honest = world.Join();
  for (uint32_t round = 0; round < 3; ++round) {
    EXPECT_FALSE(world.IsGone(staller));
    const std::vector<BlockPtr> block = world.chain.Make(1, round);
    world.Forget();
    world.Announce(staller, block);
    ASSERT_EQ(world.TakeAsked(staller).size(), 1u);
    world.Announce(honest, block);
    EXPECT_TRUE(world.TakeAsked(honest).empty());
    size_t asked = 0;
    for (int waited = 0; waited < 41 && asked == 0; ++waited) {
      world.Wait(std::chrono::seconds(1));
      asked = world.TakeAsked(honest).size();
    }
    ASSERT_EQ(asked, 1u);
    world.Deliver(honest, block[0]);
    EXPECT_EQ(world.chain.View()->tip->hash, block[0]->hash());
  }
  EXPECT_TRUE(world.IsGone(staller));
  EXPECT_FALSE(world.IsGone(honest));
}

TEST(Defences, ALonePeerIsGivenItsTime) {
  ProtocolWorld world;
  world.Mine(3);
  const PeerId slow = world.Join();
  for (uint32_t round = 0; round < 4; ++round) {
    const std::vector<BlockPtr> block = world.chain.Make(1, round);
    world.Announce(slow, block);
    world.Wait(std::chrono::seconds(90));
    world.Deliver(slow, block[0]);
    EXPECT_EQ(world.chain.View()->tip->hash, block[0]->hash());
  }
  EXPECT_FALSE(world.IsGone(slow));
}

/// The deadline is kept while pings and pongs go by, and must still be right.
TEST(Defences, PingsAreOnTimeAfterPongs) {
  ProtocolWorld world;
  const PeerId peer = world.JoinInbound();
  std::vector<wire::Ping> pings = world.Take<wire::Ping>(peer);
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(pings.size(), 1u) << round;
    world.protocol->NextDeadline();
    world.Receive(peer, wire::Pong{pings.front().nonce});
    EXPECT_LE(world.protocol->NextDeadline(), world.now + world.settings.ping_interval);
    world.Wait(world.settings.ping_interval);
    pings = world.Take<wire::Ping>(peer);
  }
  world.Wait(world.settings.ping_timeout);  // the last one is not answered
  EXPECT_TRUE(world.IsGone(peer));
}

}  // namespace
}  // namespace cairn::p2p
