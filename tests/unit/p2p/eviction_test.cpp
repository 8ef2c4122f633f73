#include "src/p2p/eviction.h"

#include <functional>
#include <set>

#include <gtest/gtest.h>

namespace cairn::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Candidates = std::vector<EvictionCandidate>;

/// So many peers that nothing speaks for, the first one the longest here, each of a group of its
/// own.
Candidates Plain(int count) {
  Candidates peers;
  for (int i = 0; i < count; ++i) {
    EvictionCandidate peer;
    peer.id = i;
    peer.connected_at = Instant(seconds(1000 + i));
    peer.keyed_group = static_cast<uint64_t>(i) + 1;
    peers.push_back(peer);
  }
  return peers;
}

/// Whom a stream of newcomers that nothing speaks for pushes out, one after the other.
std::set<PeerId> Evicted(Candidates peers, int rounds) {
  std::set<PeerId> evicted;
  for (int i = 0; i < rounds; ++i) {
    const auto chosen = SelectForEviction(peers);
    if (!chosen) break;
    std::erase_if(peers, [&](const auto& peer) { return peer.id == *chosen; });
    evicted.insert(*chosen);
  }
  return evicted;
}

void ExpectKept(const Candidates& peers, const std::set<PeerId>& kept) {
  const std::set<PeerId> evicted = Evicted(peers, 1000);
  EXPECT_FALSE(evicted.empty());
  for (const PeerId id : kept) EXPECT_FALSE(evicted.contains(id)) << id;
}

TEST(Eviction, FewPeersAreAllWorthKeeping) {
  EXPECT_FALSE(SelectForEviction({}));
  EXPECT_FALSE(SelectForEviction(Plain(20)));
}

TEST(Eviction, OfManyTheYoungestGoes) {
  // The four of secret groups and those that tie by ids are kept; half of the rest by age.
  const auto chosen = SelectForEviction(Plain(100));
  ASSERT_TRUE(chosen);
  EXPECT_GT(*chosen, 50);
}

TEST(Eviction, WhoMayNotBeEvictedIsNot) {
  Candidates peers = Plain(100);
  for (auto& peer : peers) peer.permitted = true;
  EXPECT_FALSE(SelectForEviction(peers));
  peers = Plain(60);
  peers[59].permitted = true;
  ExpectKept(peers, {59});
}

TEST(Eviction, TheFastestToAnswerStay) {
  Candidates peers = Plain(100);
  for (auto& peer : peers) peer.ping_least = milliseconds(500);
  std::set<PeerId> fast;
  for (PeerId id = 60; id < 68; ++id) {
    peers[static_cast<size_t>(id)].ping_least = milliseconds(10);
    fast.insert(id);
  }
  ExpectKept(peers, fast);
}

TEST(Eviction, WhoNeverAnsweredIsTheSlowest) {
  Candidates peers = Plain(100);
  std::set<PeerId> answered;
  for (PeerId id = 60; id < 68; ++id) {
    peers[static_cast<size_t>(id)].ping_least = seconds(3);
    answered.insert(id);
  }
  ExpectKept(peers, answered);
}

TEST(Eviction, ThoseWhoGaveNewsStay) {
  Candidates peers = Plain(100);
  for (auto& peer : peers) peer.relays_transactions = true;
  std::set<PeerId> useful;
  for (PeerId id = 60; id < 64; ++id) {
    peers[static_cast<size_t>(id)].last_transaction = Instant(seconds(5000));
    useful.insert(id);
  }
  for (PeerId id = 70; id < 74; ++id) {
    peers[static_cast<size_t>(id)].last_block = Instant(seconds(5000));
    useful.insert(id);
  }
  for (PeerId id = 80; id < 88; ++id) {  // for blocks alone
    auto& peer = peers[static_cast<size_t>(id)];
    peer.last_block = Instant(seconds(4000));
    peer.relays_transactions = false;
    peer.serves_blocks = true;
    useful.insert(id);
  }
  ExpectKept(peers, useful);
}

TEST(Eviction, SlowNetworksKeepPlaces) {
  Candidates peers = Plain(100);
  for (auto& peer : peers) peer.ping_least = milliseconds(50);
  std::set<PeerId> onion;
  for (PeerId id = 90; id < 93; ++id) {
    auto& peer = peers[static_cast<size_t>(id)];
    peer.network = wire::Network::kTorV3;
    peer.ping_least = seconds(2);
    onion.insert(id);
  }
  // They are among the youngest and the slowest. One newcomer takes none of their places.
  const auto chosen = SelectForEviction(peers);
  ASSERT_TRUE(chosen);
  EXPECT_FALSE(onion.contains(*chosen));
  const std::set<PeerId> evicted = Evicted(peers, 60);
  for (const PeerId id : onion) EXPECT_FALSE(evicted.contains(id)) << id;
}

TEST(Eviction, TheLargestGroupMakesWay) {
  Candidates peers = Plain(100);
  for (PeerId id = 70; id < 90; ++id) peers[static_cast<size_t>(id)].keyed_group = 40;
  const auto chosen = SelectForEviction(peers);
  ASSERT_TRUE(chosen);
  EXPECT_GE(*chosen, 70);
  EXPECT_LT(*chosen, 90);
}

TEST(Eviction, DiscouragedPeersGoFirst) {
  Candidates peers = Plain(100);
  for (PeerId id = 70; id < 90; ++id) peers[static_cast<size_t>(id)].keyed_group = 40;
  peers[95].prefers_others = true;
  EXPECT_EQ(SelectForEviction(peers), 95);
}

/// Thousands of connections of one attacker, who answers fast but gives us nothing, do not push out
/// those who do.
TEST(Eviction, AFloodDoesNotPushOutUsefulPeers) {
  Candidates peers = Plain(30);
  std::set<PeerId> useful;
  for (PeerId id = 0; id < 8; ++id) {
    auto& peer = peers[static_cast<size_t>(id)];
    peer.ping_least = milliseconds(80);
    (id < 4 ? peer.last_block : peer.last_transaction) = Instant(seconds(9000));
    peer.relays_transactions = peer.serves_blocks = true;
    useful.insert(id);
  }
  for (PeerId next = 30; next < 2000; ++next) {
    EvictionCandidate attacker;
    attacker.id = next;
    attacker.connected_at = Instant(seconds(1000 + next));
    attacker.ping_least = milliseconds(1);
    attacker.keyed_group = 1000;
    peers.push_back(attacker);
    if (peers.size() <= 114) continue;
    const auto chosen = SelectForEviction(peers);
    ASSERT_TRUE(chosen);
    EXPECT_FALSE(useful.contains(*chosen)) << next;
    std::erase_if(peers, [&](const auto& peer) { return peer.id == *chosen; });
  }
}

}  // namespace
}  // namespace cairn::p2p
