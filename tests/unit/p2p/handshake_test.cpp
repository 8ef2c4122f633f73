#include <gtest/gtest.h>

#include "tests/support/protocol_world.h"

namespace cairn::p2p {
namespace {

using std::chrono::seconds;
using test::ProtocolWorld;
using Commands = std::vector<std::string>;

TEST(Handshake, WhoConnectsSpeaksFirst) {
  ProtocolWorld world;
  const PeerId inbound = world.Connect({.type = ConnectionType::kInbound});
  EXPECT_TRUE(world.TakeCommands(inbound).empty());
  const PeerId outbound = world.Connect({.type = ConnectionType::kFullRelay});
  EXPECT_EQ(world.TakeCommands(outbound), Commands{"version"});
  world.Receive(inbound, world.VersionOf({}));
  EXPECT_EQ(world.TakeCommands(inbound),
            (Commands{"version", "wtxidrelay", "sendaddrv2", "verack"}));
  world.Receive(outbound, world.VersionOf({}));
  EXPECT_EQ(world.TakeCommands(outbound), (Commands{"wtxidrelay", "sendaddrv2", "verack"}));
}

TEST(Handshake, OurVersionSaysWhatWeAre) {
  ProtocolWorld world;
  world.settings.user_agent = "/Me/";
  world.chain.Extend(3);
  const PeerId peer = world.Connect({});
  const auto sent = world.Take<wire::Version>(peer);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].version, wire::kProtocolVersion);
  EXPECT_EQ(sent[0].services, world.settings.services);
  EXPECT_EQ(sent[0].user_agent, "/Me/");
  EXPECT_EQ(sent[0].start_height, 3);
  EXPECT_EQ(sent[0].time, UnixSecondsOf(world.now));
  EXPECT_EQ(sent[0].receiver, ProtocolWorld::EndpointOf(peer));
  EXPECT_TRUE(sent[0].relay);
  const PeerId blocks = world.Connect({.type = ConnectionType::kBlockRelayOnly});
  EXPECT_FALSE(world.Take<wire::Version>(blocks)[0].relay);
}

TEST(Handshake, OldPeersAreNotOfferedWhatTheyDoNotKnow) {
  ProtocolWorld world;
  const PeerId peer = world.Connect({.type = ConnectionType::kInbound});
  world.Receive(peer, world.VersionOf({.version = 70015}));
  EXPECT_EQ(world.TakeCommands(peer), (Commands{"version", "verack"}));
  EXPECT_EQ(world.InfoOf(peer).version, 70015);
  const PeerId ancient = world.Connect({.type = ConnectionType::kInbound});
  world.Receive(ancient, world.VersionOf({.version = 209}));
  EXPECT_TRUE(world.IsGone(ancient));
  EXPECT_FALSE(world.IsDiscouraged(ancient));
}

TEST(Handshake, LearnsWhoThePeerIs) {
  ProtocolWorld world;
  const PeerId peer = world.Connect({.type = ConnectionType::kInbound});
  wire::Version version = world.VersionOf({.version = 80000});
  version.time += 30;
  version.start_height = 77;
  world.Receive(peer, version);
  EXPECT_FALSE(world.InfoOf(peer).handshaken);
  world.Receive(peer, wire::Verack{});
  const PeerInfo info = world.InfoOf(peer);
  EXPECT_TRUE(info.handshaken);
  EXPECT_EQ(info.version, wire::kProtocolVersion);  // the lower one
  EXPECT_EQ(info.user_agent, "/Test/");
  EXPECT_EQ(info.start_height, 77);
  EXPECT_EQ(info.time_offset, 30);
}

TEST(Handshake, ANameShowsWithoutWhatCouldHarm) {
  ProtocolWorld world;
  const PeerId peer = world.Connect({.type = ConnectionType::kInbound});
  wire::Version version = world.VersionOf({});
  version.user_agent = "/Good:1.0(a; b)/\x1b[31m\n<b>\"'\xc3\xa9\\";
  world.Receive(peer, version);
  EXPECT_EQ(world.InfoOf(peer).user_agent, "/Good:1.0(a; b)/31mb");
}

TEST(Handshake, ASecondVersionOrVerackIsIgnored) {
  ProtocolWorld world;
  const PeerId peer = world.JoinInbound();
  world.Forget();
  wire::Version other = world.VersionOf({});
  other.user_agent = "/Other/";
  world.Receive(peer, other);
  world.Receive(peer, wire::Verack{});
  EXPECT_TRUE(world.TakeCommands(peer).empty());
  EXPECT_EQ(world.InfoOf(peer).user_agent, "/Test/");
}

TEST(Handshake, NothingIsDealtWithBeforeItsTime) {
  ProtocolWorld world;
  world.chain.Extend(3);
  const PeerId peer = world.Connect({.type = ConnectionType::kInbound});
  world.Receive(peer, wire::Verack{});  // before version
  world.Receive(peer, wire::Ping{1});
  EXPECT_TRUE(world.TakeCommands(peer).empty());
  world.Receive(peer, world.VersionOf({}));
  EXPECT_FALSE(world.InfoOf(peer).handshaken);
  world.Forget();
  world.Receive(peer, wire::Ping{2});  // before verack
  world.Receive(peer, wire::GetHeaders{{{world.chain.View()->At(1)->hash}, {}}});
  EXPECT_TRUE(world.TakeCommands(peer).empty());
  EXPECT_FALSE(world.IsGone(peer));
  world.Receive(peer, wire::Verack{});
  world.Forget();
  world.Receive(peer, wire::Ping{3});
  EXPECT_EQ(world.TakeCommands(peer), Commands{"pong"});
}

TEST(Handshake, NegotiationsAfterVerackBreakTheProtocol) {
  const std::vector<wire::Message> late = {wire::WtxidRelay{}, wire::SendAddrV2{},
                                           wire::SendTxReconciliation{1, 5}};
  for (const wire::Message& message : late) {
    Settings settings = ProtocolWorld::Quiet();
    settings.reconciliation = true;
    ProtocolWorld world(ProtocolWorld::Regtest(), settings);
    const PeerId peer = world.JoinInbound();
    world.Receive(peer, message);
    EXPECT_TRUE(world.IsGone(peer)) << wire::CommandOf(message);
  }
}

TEST(Handshake, ReconciliationIsOfferedWhereTransactionsGoBothWays) {
  Settings settings = ProtocolWorld::Quiet();
  settings.reconciliation = true;
  ProtocolWorld world(ProtocolWorld::Regtest(), settings);
  const auto offers = [&](const ProtocolWorld::Joining& joining) {
    const PeerId peer = world.Connect(joining);
    world.Receive(peer, world.VersionOf(joining));
    return world.Take<wire::SendTxReconciliation>(peer).size();
  };
  EXPECT_EQ(offers({}), 1u);
  EXPECT_EQ(offers({.type = ConnectionType::kInbound}), 1u);
  EXPECT_EQ(offers({.relay = false}), 0u);
  EXPECT_EQ(offers({.type = ConnectionType::kBlockRelayOnly}), 0u);
  EXPECT_EQ(offers({.version = 70015}), 0u);
  // Twice, or in a version that there is not, ends the contact.
  for (const bool twice : {true, false}) {
    const PeerId peer = world.Connect({.type = ConnectionType::kInbound});
    world.Receive(peer, world.VersionOf({}));
    if (twice) world.Receive(peer, wire::SendTxReconciliation{1, 5});
    EXPECT_FALSE(world.IsGone(peer));
    world.Receive(peer, wire::SendTxReconciliation{twice ? 1u : 0u, 5});
    EXPECT_TRUE(world.IsGone(peer));
  }
}

TEST(Handshake, AConnectionToOurselvesEnds) {
  ProtocolWorld world;
  const PeerId out = world.Connect({});
  const wire::Version ours = world.Take<wire::Version>(out)[0];
  const PeerId in = world.Connect({.type = ConnectionType::kInbound});
  world.Receive(in, ours);
  EXPECT_EQ(world.gone[in], "connected to ourselves");
  EXPECT_FALSE(world.IsDiscouraged(in));
  // Once that connection is gone, the nonce is anybody's.
  world.Leave(out);
  const PeerId other = world.Connect({.type = ConnectionType::kInbound});
  world.Receive(other, ours);
  EXPECT_FALSE(world.IsGone(other));
}

TEST(Handshake, WhoDoesNotCompleteItInTimeIsLetGo) {
  ProtocolWorld world;
  const PeerId silent = world.Connect({.type = ConnectionType::kInbound});
  const PeerId half = world.Connect({.type = ConnectionType::kInbound});
  world.Receive(half, world.VersionOf({}));
  const PeerId done = world.JoinInbound();
  world.Wait(seconds(59));
  EXPECT_FALSE(world.IsGone(silent));
  world.Wait(seconds(2));
  EXPECT_EQ(world.gone[silent], "version handshake timeout");
  EXPECT_TRUE(world.IsGone(half));
  EXPECT_FALSE(world.IsGone(done));
}

TEST(Handshake, WhomWeChoseMustServeWhatWeLack) {
  struct Case {
    Services services;
    bool tip_is_old;
    bool stays;
  };
  const std::vector<Case> cases = {
      {wire::kNodeNetwork | wire::kNodeWitness, true, true},
      {wire::kNodeNetwork, false, false},
      {wire::kNodeWitness, false, false},
      {wire::kNodeNetworkLimited | wire::kNodeWitness, false, true},
      {wire::kNodeNetworkLimited | wire::kNodeWitness, true, false},
  };
  for (const Case& one : cases) {
    ProtocolWorld world;
    if (one.tip_is_old) world.now += std::chrono::hours(48);
    const PeerId chosen = world.Join({.services = one.services});
    EXPECT_EQ(world.IsGone(chosen), !one.stays) << one.services;
    // Nobody else has to.
    for (const ConnectionType type : {ConnectionType::kInbound, ConnectionType::kManual}) {
      const PeerId peer = world.Join({.type = type, .services = one.services});
      EXPECT_FALSE(world.IsGone(peer)) << one.services;
    }
  }
}

TEST(Handshake, AFeelerHasItsAnswer) {
  ProtocolWorld world;
  const PeerId peer = world.Connect({.type = ConnectionType::kFeeler});
  const wire::Endpoint endpoint = ProtocolWorld::EndpointOf(peer);
  const std::vector<wire::PeerAddress> known = {
      {endpoint, wire::kNodeNetwork, UnixSecondsOf(world.now)}};
  world.addresses.Add(known, endpoint.address, 0, UnixSecondsOf(world.now));
  world.Receive(peer, world.VersionOf({}));
  EXPECT_TRUE(world.IsGone(peer));
  EXPECT_EQ(world.addresses.Find(endpoint)->table, Table::kTried);
}

}  // namespace
}  // namespace cairn::p2p
