#include <gtest/gtest.h>

#include "tests/support/protocol_world.h"

namespace cairn::p2p {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using test::ProtocolWorld;
using wire::Endpoint;

constexpr Services kServices = wire::kNodeNetwork | wire::kNodeWitness;

/// A node that connects to others by itself; whoever it dials answers, unless a test has it
/// otherwise.
class PlannerWorld : public ProtocolWorld {
 public:
  struct Dialed {
    Endpoint endpoint;
    ConnectionType type{};
  };

  static Settings Busy() {
    Settings settings = Quiet();
    settings.automatic_outbound = true;
    settings.ping_timeout = std::chrono::hours(1000);
    return settings;
  }

  explicit PlannerWorld(const Settings& chosen = Busy()) : ProtocolWorld(Regtest(), chosen) {
    chain.Extend(3);
    now = Instant(seconds(chain.View()->tip->header.time + 60));
    protocol = std::make_unique<Protocol>(
        Protocol::Needs{settings, chain, pool, *this, addresses, local, Random(5)}, now);
  }

  void Connect(const Endpoint& endpoint, ConnectionType type) override {
    dialed.push_back({endpoint, type});
    waiting_.push_back({endpoint, type});
  }
  void AskSeeds(bool fixed) override { (fixed ? asked_fixed : asked_dns)++; }

  /// An address of a group of its own.
  static Endpoint At(uint32_t number, uint8_t host = 1, uint16_t port = 18444) {
    return {wire::NetAddress::Ipv4(static_cast<uint8_t>(20 + number / 256),
                                   static_cast<uint8_t>(number), 1, host),
            port};
  }
  void Know(const Endpoint& endpoint, Services services = kServices) {
    const std::vector<wire::PeerAddress> known = {{endpoint, services, UnixSecondsOf(now) - 3600}};
    // Each from a source of its own, so that they do not displace each other.
    addresses.Add(known, endpoint.address, 0, UnixSecondsOf(now));
  }
  void KnowMany(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) Know(At(i));
  }

  /// Time passes in small steps; whoever was dialed meanwhile answers or does not.
  void Live(Duration time) {
    for (const Instant end = now + time; now < end;) {
      Wait(std::min<Duration>(end - now, std::chrono::milliseconds(500)));
      for (const Dialed& one : std::exchange(waiting_, {})) Answer(one);
    }
  }
  void Answer(const Dialed& one) {
    if (!answers) return protocol->ConnectFailed(one.endpoint, one.type, now);
    NewConnection connection;
    connection.id = next_id_++;
    connection.endpoint = one.endpoint;
    connection.type = one.type;
    protocol->Connected(connection, now);
    Joining joining;
    Receive(connection.id, VersionOf(joining));
    Receive(connection.id, wire::Verack{});
    Receive(connection.id, wire::Headers{{chain.View()->tip->header}});  // it has what we have
  }
  size_t Count(ConnectionType type) const {
    const auto peers = protocol->Peers(now);
    return static_cast<size_t>(std::count_if(
        peers.begin(), peers.end(), [&](const PeerInfo& info) { return info.type == type; }));
  }
  PeerId AnyOf(ConnectionType type) const {
    for (const PeerInfo& info : protocol->Peers(now)) {
      if (info.type == type) return info.id;
    }
    ADD_FAILURE() << "no " << NameOf(type);
    return -1;
  }

  std::vector<Dialed> dialed;
  bool answers = true;
  int asked_dns = 0;
  int asked_fixed = 0;

 private:
  std::vector<Dialed> waiting_;
  PeerId next_id_ = 1000;
};

TEST(ConnectionPlanner, FillsThePlacesEachWithAnotherGroup) {
  PlannerWorld world;
  world.KnowMany(100);
  for (uint32_t i = 0; i < 100; ++i) world.Know(PlannerWorld::At(i, 2));  // the same groups
  world.Live(seconds(20));
  EXPECT_EQ(world.Count(ConnectionType::kFullRelay), 8u);
  EXPECT_EQ(world.Count(ConnectionType::kBlockRelayOnly), 2u);
  std::set<Bytes> groups;
  for (const auto& one : world.dialed) {
    if (one.type != ConnectionType::kFeeler) groups.insert(NetGroup(one.endpoint.address));
  }
  EXPECT_EQ(groups.size(), 10u);
  EXPECT_EQ(world.asked_dns, 0);
}

TEST(ConnectionPlanner, ReplacesThoseThatLeave) {
  PlannerWorld world;
  world.KnowMany(100);
  world.Live(seconds(20));
  world.Leave(world.AnyOf(ConnectionType::kFullRelay));
  world.Leave(world.AnyOf(ConnectionType::kBlockRelayOnly));
  world.Live(seconds(10));
  EXPECT_EQ(world.Count(ConnectionType::kFullRelay), 8u);
  EXPECT_EQ(world.Count(ConnectionType::kBlockRelayOnly), 2u);
}

TEST(ConnectionPlanner, DialsNobodyWhereItIsNotTo) {
  PlannerWorld world(ProtocolWorld::Quiet());
  world.KnowMany(100);
  world.Live(minutes(10));
  EXPECT_TRUE(world.dialed.empty());
  EXPECT_EQ(world.asked_dns + world.asked_fixed, 0);
}

TEST(ConnectionPlanner, PassesOverWhoIsOfNoUse) {
  PlannerWorld world;
  world.Know(PlannerWorld::At(1), wire::kNodeNetwork);  // no witnesses
  world.Know(PlannerWorld::At(2), wire::kNodeWitness);  // no blocks
  world.Know(PlannerWorld::At(3));                      // unwelcome
  world.discouraged.push_back(PlannerWorld::At(3).address);
  world.Know(PlannerWorld::At(4));  // ourselves
  world.local.Add(PlannerWorld::At(4), LocalScore::kManual);
  const Endpoint good = PlannerWorld::At(5);
  world.Know(good);
  world.settings.max_block_relay_only = 0;
  world.Live(seconds(30));
  std::set<Endpoint> dialed;
  for (const auto& one : world.dialed) {
    if (one.type == ConnectionType::kFullRelay) dialed.insert(one.endpoint);
  }
  EXPECT_EQ(dialed, std::set<Endpoint>{good});
}

TEST(ConnectionPlanner, PrefersTheChainsOwnPort) {
  PlannerWorld world;
  for (uint32_t i = 0; i < 30; ++i) world.Know(PlannerWorld::At(i, 1, 9999));
  for (uint32_t i = 30; i < 60; ++i) world.Know(PlannerWorld::At(i));
  world.settings.max_full_relay = 4;
  world.settings.max_block_relay_only = 0;
  world.Live(seconds(5));
  ASSERT_GE(world.dialed.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(world.dialed[i].endpoint.port, 18444);
  // Better than nobody.
  PlannerWorld other;
  other.Know(PlannerWorld::At(1, 1, 9999));
  other.Live(seconds(5));
  EXPECT_FALSE(other.dialed.empty());
}

TEST(ConnectionPlanner, FailuresCountAgainstTheAddress) {
  PlannerWorld world;
  world.answers = false;
  world.KnowMany(10);
  world.Live(minutes(2));
  EXPECT_GT(world.dialed.size(), 20u);
  EXPECT_EQ(world.Count(ConnectionType::kFullRelay), 0u);
  bool counted = false;
  for (const PlacedAddress& placed : world.addresses.Entries(Table::kNew)) {
    counted |= placed.known.attempts > 0 && placed.known.last_try > 0;
  }
  EXPECT_TRUE(counted);
}

TEST(ConnectionPlanner, AsksTheSeedsWhenItKnowsNobody) {
  PlannerWorld world;
  world.Live(seconds(1));
  EXPECT_EQ(world.asked_dns, 1);
  EXPECT_EQ(world.asked_fixed, 0);
  std::vector<wire::PeerAddress> found;
  for (uint32_t i = 0; i < 40; ++i) {
    found.push_back({PlannerWorld::At(i), kServices, UnixSecondsOf(world.now)});
  }
  world.protocol->AddressesFound(found, world.now);
  world.Live(seconds(10));
  EXPECT_EQ(world.Count(ConnectionType::kFullRelay), 8u);
  world.Live(minutes(5));
  EXPECT_EQ(world.asked_dns, 1);
  EXPECT_EQ(world.asked_fixed, 0);
}

TEST(ConnectionPlanner, TakesTheFixedSeedsAfterAMinuteWithoutAddresses) {
  PlannerWorld world;
  world.Live(seconds(59));
  EXPECT_EQ(world.asked_fixed, 0);
  world.Live(seconds(20));
  EXPECT_EQ(world.asked_fixed, 1);
  world.Live(minutes(5));
  EXPECT_EQ(world.asked_fixed, 1);
}

TEST(ConnectionPlanner, AsksTheSeedsWhenAddressesAreOfNoUse) {
  PlannerWorld world;
  world.answers = false;
  world.KnowMany(20);
  world.Live(seconds(10));
  EXPECT_EQ(world.asked_dns, 0);
  world.Live(seconds(5));
  EXPECT_EQ(world.asked_dns, 1);
}

TEST(ConnectionPlanner, TriesTheAnchorsFirst) {
  PlannerWorld world;
  world.KnowMany(100);
  const std::vector<Endpoint> anchors = {PlannerWorld::At(500), PlannerWorld::At(501)};
  world.protocol->SetAnchors(anchors);
  world.Live(seconds(2));
  ASSERT_GE(world.dialed.size(), 2u);
  const std::set<Endpoint> first = {world.dialed[0].endpoint, world.dialed[1].endpoint};
  EXPECT_EQ(first, (std::set<Endpoint>{anchors.begin(), anchors.end()}));
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(world.dialed[i].type, ConnectionType::kBlockRelayOnly);
}

TEST(ConnectionPlanner, FeelersTestAddressesNowAndThen) {
  PlannerWorld world;
  world.KnowMany(200);
  world.Live(minutes(60));
  const auto feelers = std::count_if(world.dialed.begin(), world.dialed.end(), [](const auto& one) {
    return one.type == ConnectionType::kFeeler;
  });
  EXPECT_NEAR(static_cast<double>(feelers), 30, 20);
  EXPECT_EQ(world.Count(ConnectionType::kFeeler), 0u);  // they are over at once
  EXPECT_GT(world.addresses.Size({}, Table::kTried), 20u);
}

TEST(ConnectionPlanner, AStaleTipLetsOneMoreBeAsked) {
  PlannerWorld world;
  world.settings.max_block_relay_only = 0;
  world.KnowMany(200);
  world.Live(minutes(29));
  EXPECT_EQ(world.Count(ConnectionType::kFullRelay), 8u);
  size_t most = 0;
  for (int i = 0; i < 240; ++i) {
    world.Live(seconds(5));
    most = std::max(most, world.Count(ConnectionType::kFullRelay));
  }
  EXPECT_EQ(most, 9u);
  EXPECT_LE(world.Count(ConnectionType::kFullRelay), 9u);
}

TEST(ConnectionPlanner, AnExtraBlockRelayPeerComesForAWhile) {
  PlannerWorld world;
  world.KnowMany(200);
  size_t most = 0;
  for (int i = 0; i < 300; ++i) {
    world.Live(seconds(5));
    most = std::max(most, world.Count(ConnectionType::kBlockRelayOnly));
  }
  EXPECT_EQ(most, 3u);
}

TEST(ConnectionPlanner, InboundPeersFindAPlaceOrNone) {
  Settings settings = ProtocolWorld::Quiet();
  settings.max_inbound = 3;
  PlannerWorld world(settings);
  std::vector<PeerId> peers;
  for (int i = 0; i < 3; ++i) peers.push_back(world.JoinInbound());
  // Few as they are, all of them are worth keeping.
  const PeerId late = world.ProtocolWorld::Connect({.type = ConnectionType::kInbound});
  EXPECT_EQ(world.gone[late], "all places for inbound connections are taken");
  for (const PeerId peer : peers) EXPECT_FALSE(world.IsGone(peer));
  world.Leave(peers[0]);
  EXPECT_FALSE(world.IsGone(world.JoinInbound()));
}

TEST(ConnectionPlanner, OfManyInboundPeersOneMakesRoom) {
  Settings settings = ProtocolWorld::Quiet();
  settings.max_inbound = 100;
  PlannerWorld world(settings);
  std::vector<PeerId> peers;
  for (int i = 0; i < 100; ++i) {
    peers.push_back(world.JoinInbound());
    world.now += seconds(1);
  }
  const PeerId late = world.JoinInbound();
  EXPECT_FALSE(world.IsGone(late));
  ASSERT_EQ(world.gone.size(), 1u);
  EXPECT_EQ(world.gone.begin()->second, "evicted for a new inbound connection");
}

}  // namespace
}  // namespace cairn::p2p
