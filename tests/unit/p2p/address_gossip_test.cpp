#include <gtest/gtest.h>

#include "tests/support/protocol_world.h"

namespace cairn::p2p {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::ProtocolWorld;

constexpr Services kServices = wire::kNodeNetwork | wire::kNodeWitness;

struct GossipWorld : ProtocolWorld {
  explicit GossipWorld(const Settings& chosen = Calm()) : ProtocolWorld(Regtest(), chosen) {
    chain.Extend(3);
    now = Instant(seconds(chain.View()->tip->header.time + 60));
  }
  static Settings Calm() {
    Settings settings = Quiet();
    settings.ping_timeout = hours(10'000);
    return settings;
  }
  wire::PeerAddress Address(uint32_t number, int64_t age = 60) const {
    const wire::Endpoint endpoint{
        wire::NetAddress::Ipv4(static_cast<uint8_t>(30 + number / 65536 % 64),
                               static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number), 9),
        8333};
    return {endpoint, kServices, UnixSecondsOf(now) - age};
  }
  std::vector<wire::PeerAddress> Many(uint32_t count, uint32_t first = 0) const {
    std::vector<wire::PeerAddress> many;
    for (uint32_t i = 0; i < count; ++i) many.push_back(Address((first + i) * 257));
    return many;
  }
  /// One that has said a word about addresses, so that it is told of them.
  PeerId JoinInterested(const Joining& joining = {.type = ConnectionType::kInbound}) {
    const PeerId peer = Join(joining);
    Receive(peer, wire::Addr{{}});
    Forget(peer);
    return peer;
  }
  std::vector<wire::Endpoint> TakeTold(PeerId peer) {
    std::vector<wire::Endpoint> told;
    for (const auto& message : Take<wire::AddrV2>(peer)) {
      for (const auto& address : message.addresses) told.push_back(address.endpoint);
    }
    for (const auto& message : Take<wire::Addr>(peer)) {
      for (const auto& address : message.addresses) told.push_back(address.endpoint);
    }
    return told;
  }
};

TEST(AddressGossip, AsksThoseThatItChose) {
  GossipWorld world;
  const auto asks = [&](ConnectionType type) {
    return world.Take<wire::GetAddr>(world.Join(type)).size();
  };
  EXPECT_EQ(asks(ConnectionType::kFullRelay), 1u);
  EXPECT_EQ(asks(ConnectionType::kManual), 1u);
  EXPECT_EQ(asks(ConnectionType::kAddressFetch), 1u);
  EXPECT_EQ(asks(ConnectionType::kBlockRelayOnly), 0u);
  EXPECT_EQ(asks(ConnectionType::kInbound), 0u);
}

TEST(AddressGossip, WhatIsHeardGoesIntoTheBook) {
  GossipWorld world;
  const PeerId peer = world.Join();
  world.Receive(peer, wire::AddrV2{world.Many(500)});
  EXPECT_EQ(world.InfoOf(peer).addresses_processed, 500u);
  EXPECT_GT(world.addresses.Size(), 400u);
  const PeerId blocks = world.Join(ConnectionType::kBlockRelayOnly);
  world.Receive(blocks, wire::AddrV2{world.Many(10, 1000)});
  EXPECT_EQ(world.InfoOf(blocks).addresses_processed, 0u);
  EXPECT_FALSE(world.InfoOf(blocks).relays_addresses);
}

TEST(AddressGossip, WhoWasNotAskedHasARation) {
  GossipWorld world;
  const PeerId peer = world.JoinInbound();
  world.Receive(peer, wire::Addr{world.Many(5)});
  EXPECT_EQ(world.InfoOf(peer).addresses_processed, 1u);
  EXPECT_EQ(world.InfoOf(peer).addresses_rate_limited, 4u);
  world.Wait(seconds(100));  // ten more
  world.Receive(peer, wire::Addr{world.Many(50, 100)});
  EXPECT_EQ(world.InfoOf(peer).addresses_processed, 11u);
  const PeerId trusted =
      world.Join({.type = ConnectionType::kInbound, .permissions = kAddrPermission});
  world.Receive(trusted, wire::Addr{world.Many(500, 2000)});
  EXPECT_EQ(world.InfoOf(trusted).addresses_processed, 500u);
}

TEST(AddressGossip, TimesThatAreNoneAndNodesThatServeNothing) {
  GossipWorld world;
  const PeerId peer = world.Join();
  wire::PeerAddress future = world.Address(1, -3600);
  wire::PeerAddress ancient = world.Address(300);
  ancient.time = 5;
  wire::PeerAddress useless = world.Address(700);
  useless.services = 0;
  world.Receive(peer, wire::Addr{{future, ancient, useless}});
  const int64_t latest = UnixSecondsOf(world.now) - 5 * 24 * 3600;
  EXPECT_EQ(world.addresses.Size(), 2u);
  for (const auto& placed : world.addresses.Entries(Table::kNew)) {
    EXPECT_LE(placed.known.peer.time, latest);
  }
}

TEST(AddressGossip, NewsGoToTwoPeersAndNotBack) {
  GossipWorld world;
  std::vector<PeerId> peers;
  for (int i = 0; i < 10; ++i) peers.push_back(world.JoinInterested());
  world.Wait(minutes(1));
  const wire::PeerAddress news = world.Address(1);
  world.Receive(peers[0], wire::Addr{{news}});
  world.Wait(minutes(20));
  int told = 0;
  for (const PeerId peer : peers) told += static_cast<int>(world.TakeTold(peer).size());
  EXPECT_EQ(told, 2);
  EXPECT_TRUE(world.TakeTold(peers[0]).empty());
  // Said again, be it by others, it goes no further on the same day.
  for (size_t i = 1; i < 4; ++i) {
    world.Receive(peers[i], wire::Addr{{world.Address(1)}});
    world.Wait(minutes(5));
  }
  told = 0;
  for (const PeerId peer : peers) told += static_cast<int>(world.TakeTold(peer).size());
  EXPECT_LE(told, 2);  // to one who takes the place of the one who said it
}

TEST(AddressGossip, WhatIsOldOrAnAnswerIsNotPassedOn) {
  GossipWorld world;
  const PeerId teller =
      world.Join({.type = ConnectionType::kInbound, .permissions = kAddrPermission});
  const PeerId other = world.JoinInterested();
  const PeerId asked = world.Join();  // its answer is still to come
  world.Forget();
  world.Receive(teller, wire::Addr{{world.Address(1, 11 * 60)}});
  world.Receive(teller, wire::Addr{world.Many(11, 50)});
  world.Receive(asked, wire::Addr{{world.Address(900)}});
  world.Wait(minutes(20));
  EXPECT_TRUE(world.TakeTold(other).empty());
  // After the answer it is a teller like others.
  world.Receive(asked, wire::Addr{{world.Address(1500)}});
  world.Wait(minutes(20));
  EXPECT_EQ(world.TakeTold(other).size(), 1u);
}

TEST(AddressGossip, EachIsToldInTheFormThatItUnderstands) {
  GossipWorld world;
  const PeerId teller =
      world.Join({.type = ConnectionType::kInbound, .permissions = kAddrPermission});
  const PeerId old = world.JoinInterested({.type = ConnectionType::kInbound, .address_v2 = false});
  wire::PeerAddress onion = world.Address(1);
  onion.endpoint = *wire::Endpoint::Parse(
      "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion", 8333);
  world.Receive(teller, wire::AddrV2{{onion, world.Address(500)}});
  world.Wait(minutes(20));
  const auto told = world.Take<wire::Addr>(old);
  ASSERT_EQ(told.size(), 1u);
  ASSERT_EQ(told[0].addresses.size(), 1u);
  EXPECT_EQ(told[0].addresses[0].endpoint, world.Address(500).endpoint);
  EXPECT_TRUE(world.Take<wire::AddrV2>(old).empty());
}

TEST(AddressGossip, AnswersOnceAndOnlyThoseWhoCame) {
  GossipWorld world;
  for (uint32_t i = 0; i < 1000; ++i) {
    const wire::PeerAddress one = world.Address(i * 257);
    world.addresses.Add({&one, 1}, one.endpoint.address, 0, UnixSecondsOf(world.now));
  }
  const PeerId peer = world.JoinInbound();
  const PeerId chosen = world.Join();
  world.Forget();
  for (const PeerId one : {peer, chosen}) world.Receive(one, wire::GetAddr{});
  world.Wait(minutes(20));
  const size_t known = world.addresses.Size();
  const auto answer = world.TakeTold(peer);
  EXPECT_GT(answer.size(), known / 8);
  EXPECT_LE(answer.size(), known * 23 / 100);
  EXPECT_TRUE(world.TakeTold(chosen).empty());
  world.Receive(peer, wire::GetAddr{});
  world.Wait(minutes(20));
  EXPECT_TRUE(world.TakeTold(peer).empty());
  // Whoever asks on another connection learns no more for a day.
  const auto sorted = [](std::vector<wire::Endpoint> list) {
    std::sort(list.begin(), list.end());
    return list;
  };
  const PeerId again = world.JoinInbound();
  world.Receive(again, wire::GetAddr{});
  world.Wait(minutes(20));
  EXPECT_EQ(sorted(world.TakeTold(again)), sorted(answer));
  world.Wait(hours(30));
  const PeerId tomorrow = world.JoinInbound();
  world.Receive(tomorrow, wire::GetAddr{});
  world.Wait(minutes(20));
  EXPECT_NE(sorted(world.TakeTold(tomorrow)), sorted(answer));
}

TEST(AddressGossip, AConnectionForAddressesEndsWithThem) {
  GossipWorld world;
  const PeerId peer = world.Join(ConnectionType::kAddressFetch);
  world.Receive(peer, wire::Addr{{world.Address(1)}});  // its own, most likely
  EXPECT_FALSE(world.IsGone(peer));
  world.Receive(peer, wire::Addr{world.Many(30, 100)});
  EXPECT_TRUE(world.IsGone(peer));
}

TEST(AddressGossip, SaysWhereWeAreAboutOnceADay) {
  Settings settings = GossipWorld::Calm();
  settings.listens = true;
  settings.listen_port = 18444;
  GossipWorld world(settings);
  const wire::Endpoint ours{wire::NetAddress::Ipv4(99, 1, 2, 3), 18444};
  world.local.Add(ours, LocalScore::kManual);
  const PeerId peer = world.Join(ConnectionType::kManual);
  world.Wait(minutes(1));
  EXPECT_EQ(world.TakeTold(peer), std::vector<wire::Endpoint>{ours});
  world.Wait(hours(24 * 20));
  EXPECT_NEAR(static_cast<double>(world.TakeTold(peer).size()), 20, 14);
  // Not while we are far behind, and not where nobody can connect.
  world.chain.initial_download = true;
  const PeerId early = world.Join(ConnectionType::kManual);
  world.Wait(minutes(1));
  EXPECT_TRUE(world.TakeTold(early).empty());
  GossipWorld deaf;
  deaf.local.Add(ours, LocalScore::kManual);
  const PeerId other = deaf.Join(ConnectionType::kManual);
  deaf.Wait(hours(48));
  EXPECT_TRUE(deaf.TakeTold(other).empty());
}

TEST(AddressGossip, AFullAnswerWithOurselvesIsNoLongerThanItMayBe) {
  Settings settings = GossipWorld::Calm();
  settings.listens = true;
  settings.listen_port = 18444;
  GossipWorld world(settings);
  world.local.Add({wire::NetAddress::Ipv4(99, 1, 2, 3), 18444}, LocalScore::kManual);
  for (uint32_t i = 0; i < 40'000; ++i) {
    const wire::PeerAddress address = world.Address(i * 257);
    const wire::NetAddress source =
        wire::NetAddress::Ipv4(static_cast<uint8_t>(1 + i % 97), 7, 7, 7);
    world.addresses.Add(std::span(&address, 1), source, 0, UnixSecondsOf(world.now));
  }
  ASSERT_GT(world.addresses.Records().size(), 5000u);
  const PeerId peer = world.JoinInterested();
  world.Receive(peer, wire::GetAddr{});
  world.Wait(minutes(5));
  size_t told = 0;
  for (const auto& message : world.Take<wire::AddrV2>(peer)) {
    EXPECT_LE(message.addresses.size(), wire::kMostAddresses);
    told += message.addresses.size();
  }
  EXPECT_GE(told, wire::kMostAddresses);
}

TEST(AddressGossip, UnwelcomeAddressesAreNeitherKeptNorPassedOn) {
  GossipWorld world;
  const PeerId teller = world.JoinInterested();
  const PeerId other = world.JoinInterested();
  world.Wait(minutes(5));
  const wire::PeerAddress bad = world.Address(1);
  world.discouraged.push_back(bad.endpoint.address);
  world.Receive(teller, wire::Addr{{bad}});
  world.Wait(minutes(20));
  EXPECT_EQ(world.addresses.Size(), 0u);
  EXPECT_TRUE(world.TakeTold(other).empty());
}

}  // namespace
}  // namespace cairn::p2p
