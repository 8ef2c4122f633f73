#include "src/p2p/manual_peers.h"

#include <gtest/gtest.h>

namespace cairn::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ManualPeersTest : public testing::Test {
 protected:
  std::string Due() {
    const ManualPeers::Entry* entry = peers.TakeDue(now);
    return entry != nullptr ? entry->name : "";
  }

  ManualPeers peers;
  ManualPeers::Time now{seconds(1000)};
};

TEST_F(ManualPeersTest, TriesEachAtOnce) {
  EXPECT_FALSE(peers.NextTry());
  EXPECT_TRUE(peers.Add("a", true, now));
  EXPECT_FALSE(peers.Add("a", true, now));
  EXPECT_TRUE(peers.Add("b", false, now));
  EXPECT_EQ(peers.NextTry(), now);
  EXPECT_EQ(Due(), "a");
  EXPECT_EQ(Due(), "b");
  EXPECT_EQ(Due(), "");
  EXPECT_FALSE(peers.NextTry());
}

TEST_F(ManualPeersTest, TriesLessOftenAfterFailures) {
  peers.Add("a", true, now);
  milliseconds last{0};
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(Due(), "a");
    peers.OnFailed("a", now);
    EXPECT_EQ(Due(), "");
    const auto pause = std::chrono::duration_cast<milliseconds>(*peers.NextTry() - now);
    EXPECT_GE(pause, last);
    EXPECT_LE(pause, seconds(60));
    last = pause;
    now = *peers.NextTry();
  }
  EXPECT_EQ(last, seconds(60));
}

TEST_F(ManualPeersTest, ComesBackToAPeerThatIsGone) {
  peers.Add("a", true, now);
  Due();
  peers.OnConnected("a", 7, now);
  EXPECT_FALSE(peers.NextTry());
  peers.OnGone(8, now);
  EXPECT_FALSE(peers.NextTry());
  now += seconds(100);
  peers.OnGone(7, now);
  EXPECT_EQ(peers.NextTry(), now + milliseconds(500));
}

TEST_F(ManualPeersTest, TakesAShortConnectionAsAFailure) {
  peers.Add("a", true, now);
  for (int i = 0; i < 3; ++i) {
    now = *peers.NextTry();
    Due();
    peers.OnConnected("a", i, now);
    peers.OnGone(i, now);
  }
  EXPECT_EQ(peers.NextTry(), now + seconds(2));
}

TEST_F(ManualPeersTest, ForgetsWhatIsRemoved) {
  peers.Add("a", true, now);
  Due();
  EXPECT_TRUE(peers.Remove("a"));
  EXPECT_FALSE(peers.Remove("a"));
  peers.OnConnected("a", 1, now);
  peers.OnFailed("a", now);
  peers.OnGone(1, now);
  EXPECT_TRUE(peers.entries().empty());
}

}  // namespace
}  // namespace cairn::p2p
