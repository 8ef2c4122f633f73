#include "cairn/p2p/local_addresses.h"

#include <gtest/gtest.h>

namespace cairn::p2p {
namespace {

using wire::Endpoint;
using wire::Network;

constexpr char kOnion[] = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";

Endpoint At(std::string_view text) { return *Endpoint::Parse(text, 8333); }

LocalAddresses::Peer PeerAt(std::string_view text, bool inbound = false) {
  LocalAddresses::Peer peer;
  peer.address = *wire::NetAddress::Parse(text);
  peer.network = wire::NetClass(peer.address);
  peer.inbound = inbound;
  return peer;
}

std::string Best(const LocalAddresses& ours, std::string_view peer) {
  const auto best = ours.Best(PeerAt(peer));
  return best ? best->ToString() : "none";
}

TEST(LocalAddresses, TakesWhatOthersCanReach) {
  LocalAddresses ours(true);
  EXPECT_TRUE(ours.Add(At("20.0.0.1"), LocalScore::kInterface));
  EXPECT_FALSE(ours.Add(At("10.0.0.1"), LocalScore::kManual));
  ours.SetReachable(Network::kIpv6, false);
  EXPECT_FALSE(ours.Add(At("[1a1b::1]"), LocalScore::kManual));
  EXPECT_TRUE(ours.IsOurs(At("20.0.0.1")));
  EXPECT_FALSE(ours.IsOurs(At("20.0.0.1:1")));
  LocalAddresses told(false);
  EXPECT_FALSE(told.Add(At("20.0.0.1"), LocalScore::kBound));
  EXPECT_TRUE(told.Add(At("20.0.0.1"), LocalScore::kManual));
}

TEST(LocalAddresses, ScoresByOriginAndVotes) {
  LocalAddresses ours(true);
  ours.Add(At("20.0.0.1"), LocalScore::kInterface);
  ours.Add(At("20.0.0.2"), LocalScore::kBound);
  EXPECT_EQ(Best(ours, "8.8.8.8"), "20.0.0.2:8333");
  EXPECT_FALSE(ours.Seen(At("20.0.0.3")));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(ours.Seen(At("20.0.0.1")));
  EXPECT_EQ(Best(ours, "8.8.8.8"), "20.0.0.1:8333");
  ours.Add(At("20.0.0.2:9000"), LocalScore::kManual);
  ours.Add(At("20.0.0.1:7"), LocalScore::kInterface);
  EXPECT_EQ(Best(ours, "8.8.8.8"), "20.0.0.2:9000") << "named again: one more than manual";
  ASSERT_EQ(ours.Entries().size(), 2U);
  EXPECT_EQ(ours.Entries()[0].score, 4);
  EXPECT_EQ(ours.Entries()[0].endpoint.port, 8333);
  EXPECT_EQ(ours.Entries()[1].score, 5);
  ours.Remove(At("20.0.0.2"));
  EXPECT_EQ(Best(ours, "8.8.8.8"), "20.0.0.1:8333");
}

TEST(LocalAddresses, TellsEachPeerWhatItReachesBest) {
  LocalAddresses ours(true);
  EXPECT_EQ(Best(ours, "8.8.8.8"), "none");
  for (const std::string_view text : {"20.0.0.1", "[1a1b::1]", "[2002:1400:1::1]"}) {
    ours.Add(At(text), LocalScore::kManual);
  }
  ours.Seen(At("20.0.0.1"));
  EXPECT_EQ(Best(ours, "8.8.8.8"), "20.0.0.1:8333");
  EXPECT_EQ(Best(ours, "2a00::1"), "[1a1b::1]:8333");
  EXPECT_EQ(Best(ours, "2001::1"), "20.0.0.1:8333") << "Teredo is carried by IPv4";
  ours.Remove(At("20.0.0.1"));
  ours.Remove(At("[1a1b::1]"));
  EXPECT_EQ(Best(ours, "2a00::1"), "[2002:1400:1::1]:8333");
}

TEST(LocalAddresses, NeverTiesHiddenAddressesToOthers) {
  LocalAddresses ours(true);
  ours.Add(At(kOnion), LocalScore::kManual);
  EXPECT_EQ(Best(ours, "8.8.8.8"), "none");
  EXPECT_EQ(Best(ours, kOnion), At(kOnion).ToString());
  ours.Add(At("20.0.0.1"), LocalScore::kManual);
  ours.Seen(At("20.0.0.1"));
  EXPECT_EQ(Best(ours, kOnion), At(kOnion).ToString());
  ours.Remove(At(kOnion));
  EXPECT_EQ(Best(ours, kOnion), "none");
  // One who came in by our onion service seems to be on this machine.
  LocalAddresses::Peer inbound = PeerAt("127.0.0.1", true);
  inbound.network = Network::kTorV3;
  EXPECT_FALSE(ours.Best(inbound));
  inbound.sees_us = At("20.0.0.9");
  Random random(1);
  EXPECT_FALSE(ours.Announced(inbound, 8333, random));
}

TEST(LocalAddresses, TriesWhatAPeerSees) {
  Random random(1);
  LocalAddresses ours(true);
  LocalAddresses::Peer outbound = PeerAt("8.8.8.8");
  EXPECT_FALSE(ours.Announced(outbound, 8333, random));
  outbound.sees_us = At("20.0.0.9:5555");
  EXPECT_EQ(ours.Announced(outbound, 18444, random)->ToString(), "20.0.0.9:18444");
  LocalAddresses::Peer inbound = PeerAt("8.8.8.8", true);
  inbound.sees_us = At("20.0.0.9:5555");
  EXPECT_EQ(ours.Announced(inbound, 18444, random)->ToString(), "20.0.0.9:5555");
  inbound.sees_us = At("10.0.0.9:5555");
  EXPECT_FALSE(ours.Announced(inbound, 18444, random));
  inbound.sees_us = At(kOnion);
  EXPECT_FALSE(ours.Announced(inbound, 18444, random));

  ours.Add(At("20.0.0.1"), LocalScore::kManual);
  const auto others = [&] {
    int count = 0;
    for (int i = 0; i < 8000; ++i) {
      count += ours.Announced(outbound, 18444, random)->address == At("20.0.0.9").address ? 1 : 0;
    }
    return count;
  };
  EXPECT_NEAR(others(), 4000, 250);
  ours.Seen(At("20.0.0.1"));
  EXPECT_NEAR(others(), 1000, 150);
  LocalAddresses told(false);
  EXPECT_FALSE(told.Announced(outbound, 18444, random));
}

}  // namespace
}  // namespace cairn::p2p
