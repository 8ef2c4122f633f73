#include <gtest/gtest.h>

#include "tests/support/protocol_world.h"

namespace cairn::p2p {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::HeadersOn;
using test::ProtocolWorld;

/// The answer to a getheaders of a peer that has these headers and nothing else.
wire::Headers AnswerTo(const wire::GetHeaders& question, const std::vector<Header>& chain) {
  size_t from = 0;
  for (const BlockHash& hash : question.locator.hashes) {
    const auto found = std::find_if(chain.begin(), chain.end(),
                                    [&](const Header& header) { return header.Hash() == hash; });
    if (found == chain.end()) continue;
    from = static_cast<size_t>(found - chain.begin()) + 1;
    break;
  }
  const size_t count = std::min(wire::Headers::kMostHeaders, chain.size() - from);
  wire::Headers answer;
  answer.headers.assign(chain.begin() + static_cast<long>(from),
                        chain.begin() + static_cast<long>(from + count));
  return answer;
}

/// Lets the peer answer until it is asked no more; how often it was.
int AnswerAllFrom(ProtocolWorld& world, PeerId peer, const std::vector<Header>& chain) {
  int asked = 0;
  for (; asked < 1000; ++asked) {
    const auto questions = world.Take<wire::GetHeaders>(peer);
    if (questions.empty()) break;
    world.Receive(peer, AnswerTo(questions.back(), chain));
  }
  return asked;
}

consensus::Params WithMinimumWorkOf(int blocks) {
  consensus::Params params = ProtocolWorld::Regtest();
  params.minimum_chain_work = U256(2) * static_cast<uint32_t>(blocks + 1);  // 2 each on regtest
  return params;
}

TEST(HeaderSync, AsksFromTheBlockBeforeOurBest) {
  ProtocolWorld world;
  world.chain.Extend(3);
  const PeerId peer = world.Join();
  const auto asked = world.Take<wire::GetHeaders>(peer);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].locator.hashes.front(), world.chain.View()->At(2)->hash);
  EXPECT_EQ(asked[0].locator.hashes.back(), world.chain.params().genesis_hash);
  EXPECT_TRUE(asked[0].locator.stop.IsZero());
}

TEST(HeaderSync, LearnsWhatAPeerHas) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  EXPECT_EQ(world.InfoOf(peer).synced_headers, -1);
  world.hold = ProtocolWorld::kBlocks;
  world.Announce(peer, world.chain.Make(5));
  EXPECT_EQ(world.InfoOf(peer).synced_headers, 5);
  EXPECT_EQ(world.chain.View()->best_header->height, 5);
}

TEST(HeaderSync, FarBehindAsksOnePeerUntilItHasToldAll) {
  ProtocolWorld world;
  world.now += hours(72);
  const PeerId first = world.Join();
  const PeerId second = world.Join();
  EXPECT_EQ(world.Take<wire::GetHeaders>(first).size(), 1u);
  EXPECT_EQ(world.Take<wire::GetHeaders>(second).size(), 0u);
  world.Receive(first, wire::Headers{});
  EXPECT_EQ(world.Take<wire::GetHeaders>(second).size(), 1u);
}

TEST(HeaderSync, FarBehindAsksAnotherWhenTheFirstHasGone) {
  ProtocolWorld world;
  world.now += hours(72);
  const PeerId first = world.Join();
  const PeerId second = world.Join();
  world.Leave(first);
  EXPECT_EQ(world.Take<wire::GetHeaders>(second).size(), 1u);
}

TEST(HeaderSync, FarBehindPrefersPeersThatWeChose) {
  ProtocolWorld world;
  world.now += hours(72);
  const PeerId chosen = world.Join();
  const PeerId inbound = world.JoinInbound();
  world.Leave(chosen);
  EXPECT_EQ(world.Take<wire::GetHeaders>(inbound).size(), 1u);  // better than nobody
}

TEST(HeaderSync, EachNewBlockLetsOnePeerMoreBeAskedBeforeItsTurn) {
  ProtocolWorld world;
  world.now += hours(72);
  const PeerId first = world.Join();
  const PeerId second = world.Join();
  const PeerId third = world.Join();
  world.Forget();
  const auto inv = [&](uint8_t tag) {
    BlockHash hash;
    hash.bytes[0] = tag;
    return wire::Inv{{wire::InvItem::Of(hash)}};
  };
  world.Receive(second, inv(1));
  world.Receive(third, inv(1));
  EXPECT_EQ(world.Take<wire::GetHeaders>(second).size(), 1u);
  EXPECT_EQ(world.Take<wire::GetHeaders>(third).size(), 0u);
  world.Receive(second, inv(2));
  world.Receive(third, inv(2));
  EXPECT_EQ(world.Take<wire::GetHeaders>(second).size(), 0u);
  EXPECT_EQ(world.Take<wire::GetHeaders>(third).size(), 1u);
  EXPECT_FALSE(world.IsGone(first));
}

TEST(HeaderSync, ASilentPeerIsLetGoIfThereIsABetterOne) {
  ProtocolWorld world;
  world.settings.ping_timeout = hours(1000);
  world.now += hours(72);
  const PeerId silent = world.Join();
  world.Wait(minutes(17));
  EXPECT_FALSE(world.IsGone(silent));  // nobody else could do better
  const PeerId other = world.Join();
  world.Wait(minutes(2));
  EXPECT_TRUE(world.IsGone(silent));
  EXPECT_EQ(world.Take<wire::GetHeaders>(other).size(), 1u);
}

TEST(HeaderSync, AsksOnWhenAMessageIsFull) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  const auto chain =
      HeadersOn(world.chain.params(), world.chain.TipPlace(), wire::Headers::kMostHeaders + 7);
  EXPECT_EQ(AnswerAllFrom(world, peer, chain), 2);
  EXPECT_EQ(world.chain.View()->best_header->height, 2007);
}

TEST(HeaderSync, HeadersThatDoNotFollowEachOtherAreMisbehaviour) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  auto chain = HeadersOn(world.chain.params(), world.chain.TipPlace(), 3);
  std::swap(chain[1], chain[2]);
  world.Receive(peer, wire::Headers{chain});
  EXPECT_EQ(world.gone[peer], "non-continuous headers sequence");
  EXPECT_TRUE(world.IsDiscouraged(peer));
}

TEST(HeaderSync, HeadersWithoutWorkAreMisbehaviour) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  auto chain = HeadersOn(world.chain.params(), world.chain.TipPlace(), 1);
  test::SolveHeader(chain[0], world.chain.params(), false);
  world.Receive(peer, wire::Headers{chain});
  EXPECT_TRUE(world.IsGone(peer));
  EXPECT_TRUE(world.questions.empty());
}

TEST(HeaderSync, OnAnUnknownParentWhatLiesBetweenIsAskedForOnce) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  world.Receive(peer, wire::Headers{});
  world.Forget();
  const auto blocks = world.chain.Make(4);
  for (int i = 0; i < 5; ++i) world.Announce(peer, {blocks[3]});
  EXPECT_EQ(world.Take<wire::GetHeaders>(peer).size(), 1u);
  EXPECT_FALSE(world.IsGone(peer));
  // Another tells us of it: now we know that this one has it, too.
  world.hold = ProtocolWorld::kBlocks;
  world.JoinWith(blocks);
  world.Wait(seconds(1));
  world.Receive(peer, wire::Ping{1});
  EXPECT_EQ(world.InfoOf(peer).synced_headers, 4);
}

TEST(HeaderSync, AFloodOfHeadersOfLittleWorkIsNotStored) {
  ProtocolWorld world(WithMinimumWorkOf(100'000));
  const PeerId peer = world.JoinInbound();
  const auto chain = HeadersOn(world.chain.params(), world.chain.TipPlace(), 9'000);
  EXPECT_EQ(AnswerAllFrom(world, peer, chain), 5);
  EXPECT_EQ(world.chain.View()->best_header->height, 0);
  EXPECT_LT(world.InfoOf(peer).memory, 10'000u);
  EXPECT_FALSE(world.IsGone(peer));
  // Again and again, it gets no further.
  for (int i = 0; i < 3; ++i) {
    world.Receive(peer, wire::Inv{{wire::InvItem::Of(chain.back().Hash())}});
    AnswerAllFrom(world, peer, chain);
  }
  EXPECT_EQ(world.chain.View()->best_header->height, 0);
  EXPECT_LT(world.InfoOf(peer).memory, 10'000u);
}

TEST(HeaderSync, AChainOfEnoughWorkIsFetchedTwiceAndThenStored) {
  ProtocolWorld world(WithMinimumWorkOf(4'500));
  const PeerId peer = world.Join();
  const auto chain = HeadersOn(world.chain.params(), world.chain.TipPlace(), 5'000);
  EXPECT_EQ(AnswerAllFrom(world, peer, chain), 6);
  EXPECT_EQ(world.chain.View()->best_header->height, 5'000);
  EXPECT_EQ(world.InfoOf(peer).synced_headers, 5'000);
  EXPECT_EQ(world.InfoOf(peer).presynced_headers, -1);
}

TEST(HeaderSync, AnotherChainAtTheSecondTimeIsNotStored) {
  ProtocolWorld world(WithMinimumWorkOf(4'500));
  const PeerId peer = world.Join();
  const auto shown = HeadersOn(world.chain.params(), world.chain.TipPlace(), 5'000);
  // A commitment is one bit: of several that differ, one is surely noticed.
  const auto given = HeadersOn(world.chain.params(), world.chain.TipPlace(), 4'400, 1);
  for (int i = 0; i < 3; ++i) {
    const auto questions = world.Take<wire::GetHeaders>(peer);
    ASSERT_EQ(questions.size(), 1u);
    world.Receive(peer, AnswerTo(questions[0], shown));
  }
  AnswerAllFrom(world, peer, given);
  EXPECT_EQ(world.chain.View()->best_header->height, 0);
  EXPECT_EQ(world.InfoOf(peer).presynced_headers, -1);
}

TEST(HeaderSync, APeerThatReorganisesMeanwhileBeginsAnew) {
  ProtocolWorld world(WithMinimumWorkOf(4'500));
  const PeerId peer = world.Join();
  const auto before = HeadersOn(world.chain.params(), world.chain.TipPlace(), 2'100);
  const auto after = HeadersOn(world.chain.params(), world.chain.TipPlace(), 5'000, 1);
  const auto questions = world.Take<wire::GetHeaders>(peer);
  world.Receive(peer, AnswerTo(questions[0], before));
  AnswerAllFrom(world, peer, after);
  EXPECT_EQ(world.chain.View()->best_header->height, 5'000);
}

TEST(HeaderSync, WhomWeTrustMayTellOfLittleWork) {
  ProtocolWorld world(WithMinimumWorkOf(100));
  const PeerId peer =
      world.Join({.type = ConnectionType::kInbound, .permissions = kNoBanPermission});
  world.Receive(peer, wire::Headers{HeadersOn(world.chain.params(), world.chain.TipPlace(), 3)});
  EXPECT_EQ(world.chain.View()->best_header->height, 3);
}

TEST(HeaderSync, WhatWasInvalidBeforeIsHeldAgainstThoseThatWeChoseOnly) {
  ProtocolWorld world;
  const auto bad = world.chain.Make(1, 7);
  world.chain.breaking.insert(bad[0]->hash());
  world.chain.AcceptBlock(bad[0]);
  const PeerId inbound = world.JoinInbound();
  const PeerId chosen = world.Join();
  world.Announce(inbound, bad);
  world.Announce(chosen, bad);
  EXPECT_FALSE(world.IsGone(inbound));
  EXPECT_TRUE(world.IsGone(chosen));
  // To build on it is everybody's fault.
  world.Announce(inbound, world.chain.Make({bad[0]->hash(), 1, bad[0]->header().time}, 1));
  EXPECT_TRUE(world.IsGone(inbound));
}

TEST(HeaderSync, OtherMessagesWaitForTheVerdict) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  world.hold = ProtocolWorld::kHeaders | ProtocolWorld::kBlocks;
  world.Announce(peer, world.chain.Make(1));
  world.Receive(peer, wire::Ping{5});
  EXPECT_TRUE(world.Take<wire::Pong>(peer).empty());
  world.Answer();
  EXPECT_EQ(world.Take<wire::Pong>(peer).size(), 1u);
}

}  // namespace
}  // namespace cairn::p2p
