#include <gtest/gtest.h>

#include "src/p2p/peer.h"
#include "tests/support/protocol_world.h"

namespace cairn::p2p {
namespace {

using std::chrono::minutes;
using test::ProtocolWorld;

constexpr char kBehind[] = "its chain stays behind ours";

/// We have ten blocks; whoever joins has to be told of nothing.
struct WatchedWorld : ProtocolWorld {
  WatchedWorld() {
    settings.ping_timeout = std::chrono::hours(1000);
    blocks = chain.Make(10);
    Mine(blocks);
    now = Instant(std::chrono::seconds(chain.View()->tip->header.time + 60));
  }
  /// One whose chain has so many of our blocks.
  PeerId JoinAt(size_t height, ConnectionType type = ConnectionType::kFullRelay) {
    const PeerId peer = Join(type);
    Announce(peer, {blocks.begin(), blocks.begin() + static_cast<ptrdiff_t>(height)});
    Forget(peer);
    return peer;
  }
  std::vector<BlockPtr> blocks;
};

TEST(ChainWatch, WhoStaysBehindIsAskedOnceMoreAndLetGo) {
  WatchedWorld world;
  const PeerId peer = world.JoinAt(5);
  int waited = 0;
  for (; waited < 60 && world.Take<wire::GetHeaders>(peer).empty(); ++waited) {
    world.Wait(minutes(1));
  }
  EXPECT_GE(waited, 20);
  EXPECT_LE(waited, 21);
  EXPECT_FALSE(world.IsGone(peer));
  world.Wait(minutes(2));
  EXPECT_EQ(world.gone[peer], kBehind);
  EXPECT_FALSE(world.IsDiscouraged(peer));
}

TEST(ChainWatch, WhoCatchesUpStays) {
  for (const int answers_after : {5, 21}) {  // by itself, or when asked
    WatchedWorld world;
    const PeerId peer = world.JoinAt(5);
    world.Wait(minutes(answers_after));
    world.Announce(peer, {world.blocks.begin() + 5, world.blocks.end()});
    world.Wait(minutes(60));
    EXPECT_FALSE(world.IsGone(peer)) << answers_after;
  }
}

/// It has to reach where we were when it fell behind, not where we are by now.
TEST(ChainWatch, WhoFollowsAtADistanceStays) {
  WatchedWorld world;
  for (int i = 0; i < ChainWatch::kMostProtected; ++i) world.JoinAt(10);  // no protection is left
  const PeerId peer = world.JoinAt(9);
  for (int i = 0; i < 10; ++i) {
    const BlockPtr before = world.chain.BlockOf(world.chain.View()->tip->hash);
    world.Mine(1, static_cast<uint32_t>(i) + 50);
    world.Wait(minutes(10));
    world.Announce(peer, {before});
  }
  EXPECT_FALSE(world.IsGone(peer));
}

TEST(ChainWatch, FourThatHadAsMuchAsWeAreNeverDoubtedAgain) {
  WatchedWorld world;
  std::vector<PeerId> peers;
  for (int i = 0; i < ChainWatch::kMostProtected + 2; ++i) peers.push_back(world.JoinAt(10));
  world.Mine(1, 70);
  world.Wait(minutes(30));
  for (size_t i = 0; i < peers.size(); ++i) {
    const bool is_protected = i < static_cast<size_t>(ChainWatch::kMostProtected);
    EXPECT_EQ(world.IsGone(peers[i]), !is_protected) << i;
  }
  // When one of them leaves, another can take its place.
  world.Leave(peers[0]);
  const PeerId late = world.Join();
  world.Announce(late, {world.chain.BlockOf(world.chain.View()->tip->hash)});
  world.Mine(1, 71);
  world.Wait(minutes(30));
  EXPECT_FALSE(world.IsGone(late));
}

TEST(ChainWatch, OthersThanThoseWeChoseMayBeBehind) {
  WatchedWorld world;
  const PeerId inbound = world.JoinAt(5, ConnectionType::kInbound);
  const PeerId manual = world.JoinAt(5, ConnectionType::kManual);
  const PeerId blocks = world.JoinAt(5, ConnectionType::kBlockRelayOnly);
  world.Wait(minutes(60));
  EXPECT_FALSE(world.IsGone(inbound));
  EXPECT_FALSE(world.IsGone(manual));
  EXPECT_EQ(world.gone[blocks], kBehind);
}

}  // namespace
}  // namespace cairn::p2p
