#include <gtest/gtest.h>

#include "cairn/wire/compact_block.h"
#include "src/p2p/peer.h"
#include "tests/support/protocol_world.h"

namespace cairn::p2p {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using test::Mutated;
using test::ProtocolWorld;

/// Far from the tip, so that nothing is fetched outside the window.
struct FarWorld : ProtocolWorld {
  FarWorld() { chain.initial_download = true; }
};

TEST(BlockSync, FetchesFromManyAtOnce) {
  FarWorld world;
  const auto blocks = world.chain.Make(64);
  std::set<BlockHash> asked;
  for (int i = 0; i < 3; ++i) {
    const PeerId peer = world.JoinWith(blocks);
    const auto of_peer = world.TakeAsked(peer);
    EXPECT_EQ(of_peer.size(), 16u);
    asked.insert(of_peer.begin(), of_peer.end());
    EXPECT_EQ(world.InfoOf(peer).in_flight.size(), 16u);
  }
  EXPECT_EQ(asked.size(), 48u);
}

TEST(BlockSync, AsksForTheNextAsBlocksArrive) {
  FarWorld world;
  const auto blocks = world.chain.Make(100);
  const PeerId peer = world.JoinWith(blocks);
  for (const BlockPtr& block : blocks) world.Deliver(peer, block);
  EXPECT_EQ(world.TakeAsked(peer).size(), 100u);
  EXPECT_EQ(world.chain.Height(), 100);
  EXPECT_EQ(world.InfoOf(peer).synced_blocks, 100);
}

TEST(BlockSync, BlocksMayComeInAnyOrder) {
  FarWorld world;
  const auto blocks = world.chain.Make(16);
  const PeerId peer = world.JoinWith(blocks);
  for (auto it = blocks.rbegin(); it != blocks.rend(); ++it) world.Deliver(peer, *it);
  EXPECT_EQ(world.chain.Height(), 16);
}

TEST(BlockSync, WhoKeepsTheWindowFromMovingIsLetGo) {
  FarWorld world;
  const auto blocks = world.chain.Make(1100);
  const PeerId staller = world.JoinWith(blocks);
  const PeerId honest = world.JoinWith(blocks);
  const auto deliver_all = [&] {
    while (world.DeliverAsked(honest, blocks)) continue;
  };
  deliver_all();
  EXPECT_EQ(world.chain.Height(), 0);
  world.Wait(seconds(1));
  EXPECT_FALSE(world.IsGone(staller));
  world.Wait(seconds(2));
  EXPECT_EQ(world.gone[staller], "stalling block download");
  deliver_all();
  EXPECT_EQ(world.chain.Height(), 1100);
  EXPECT_FALSE(world.IsGone(honest));
}

TEST(BlockSync, WhatWeHaveNotJudgedIsNobodysFault) {
  FarWorld world;
  const auto blocks = world.chain.Make(1100);
  const PeerId first = world.JoinWith(blocks);
  const PeerId second = world.JoinWith(blocks);
  world.hold = ProtocolWorld::kBlocks;
  world.DeliverAsked(first, blocks);
  world.DeliverAsked(second, blocks);
  world.Wait(seconds(100));
  EXPECT_FALSE(world.IsGone(first));
  EXPECT_FALSE(world.IsGone(second));
}

TEST(BlockSync, BlocksOfOneWhoHasGoneAreAskedOfAnother) {
  FarWorld world;
  const auto blocks = world.chain.Make(10);
  const PeerId first = world.JoinWith(blocks);
  const PeerId second = world.JoinWith(blocks);
  EXPECT_TRUE(world.TakeAsked(second).empty());
  world.Leave(first);
  EXPECT_EQ(world.TakeAsked(second).size(), 10u);
}

TEST(BlockSync, WhoDoesNotHaveABlockIsNotAwaited) {
  FarWorld world;
  const auto blocks = world.chain.Make(1);
  const PeerId first = world.JoinWith(blocks);
  const PeerId second = world.JoinWith(blocks);
  world.Receive(
      first, wire::NotFound{{wire::InvItem::Of(blocks[0]->hash(), wire::InvItem::kWitnessBlock)}});
  EXPECT_EQ(world.TakeAsked(first).size(), 1u);
  EXPECT_EQ(world.TakeAsked(second).size(), 1u);
  // Nor is it asked again at once, if there is nobody else; later it may have it.
  world.Leave(second);
  EXPECT_TRUE(world.TakeAsked(first).empty());
  world.Wait(minutes(2));
  EXPECT_EQ(world.TakeAsked(first).size(), 1u);
}

TEST(BlockSync, WhoDoesNotDeliverIsLetGo) {
  FarWorld world;
  world.settings.ping_timeout = std::chrono::hours(100);
  const PeerId peer = world.JoinWith(world.chain.Make(3));
  world.Wait(minutes(9));
  EXPECT_FALSE(world.IsGone(peer));
  world.Wait(minutes(2));
  EXPECT_EQ(world.gone[peer], "timeout downloading block");
}

TEST(BlockSync, WhatIsHandedOverIsBounded) {
  FarWorld world;
  const auto blocks = world.chain.Make(300);
  world.hold = ProtocolWorld::kBlocks;
  std::vector<PeerId> peers;
  for (int i = 0; i < 8; ++i) {
    peers.push_back(world.JoinWith(blocks));
  }
  for (int round = 0; round < 20; ++round) {
    for (const PeerId peer : peers) world.DeliverAsked(peer, blocks);
  }
  EXPECT_GE(world.questions.size(), BlockSync::kMostJudging);
  EXPECT_LE(world.questions.size(), BlockSync::kMostJudging + 8 * BlockSync::kPerPeer);
  world.hold = 0;
  world.AnswerAll();
  for (int round = 0; round < 20; ++round) {
    for (const PeerId peer : peers) world.DeliverAsked(peer, blocks);
  }
  EXPECT_EQ(world.chain.Height(), 300);
}

TEST(BlockSync, MutatedBytesCostTheSenderNotTheBlock) {
  ProtocolWorld world;
  const auto blocks = world.chain.Make(1);
  const PeerId liar = world.JoinWith(blocks);
  const PeerId honest = world.JoinWith(blocks);
  world.Deliver(liar, Mutated(blocks[0]));
  EXPECT_TRUE(world.IsGone(liar));
  EXPECT_TRUE(world.IsDiscouraged(liar));
  EXPECT_EQ(world.TakeAsked(honest).size(), 1u);
  world.Deliver(honest, blocks[0]);
  EXPECT_EQ(world.chain.Height(), 1);
}

TEST(BlockSync, AnInvalidBlockIsTheSendersFault) {
  ProtocolWorld world;
  const auto blocks = world.chain.Make(1);
  world.chain.breaking.insert(blocks[0]->hash());
  const PeerId peer = world.JoinWith(blocks);
  world.Deliver(peer, blocks[0]);
  EXPECT_TRUE(world.IsGone(peer));
  EXPECT_TRUE(world.chain.Find(blocks[0]->hash())->failed);
  // Whom we chose must not send it even later; others may not have noticed.
  const PeerId inbound = world.JoinInbound();
  world.Deliver(inbound, blocks[0]);
  EXPECT_FALSE(world.IsGone(inbound));
  const PeerId chosen = world.Join();
  world.Deliver(chosen, blocks[0]);
  EXPECT_TRUE(world.IsGone(chosen));
}

TEST(BlockSync, ABlockThatNobodyAskedForIsTakenIfItLeads) {
  ProtocolWorld world;
  const PeerId peer = world.JoinInbound();
  const auto blocks = world.chain.Make(2);
  world.Deliver(peer, blocks[0]);
  world.Deliver(peer, blocks[1]);
  EXPECT_EQ(world.chain.Height(), 2);
  EXPECT_GT(world.InfoOf(peer).last_block, Instant{});
}

TEST(BlockSync, OfAnUnaskedBlockThatDoesNotLeadTheHeaderIsKept) {
  ProtocolWorld world;
  const auto fork = world.chain.Make(1, 9);
  world.chain.Extend(3);
  const PeerId peer = world.JoinInbound();
  world.Deliver(peer, fork[0]);
  const ledger::HeaderEntry* entry = world.chain.Find(fork[0]->hash());
  ASSERT_NE(entry, nullptr);
  EXPECT_FALSE(entry->HasBody());
  EXPECT_FALSE(world.IsGone(peer));
}

TEST(BlockSync, UnaskedBlocksBehindOthersAreJudgedInOrder) {
  ProtocolWorld world;
  const auto fork = world.chain.Make(1, 9);
  world.chain.Extend(3);
  const auto next = world.chain.Make(1);
  const PeerId peer = world.JoinInbound();
  world.hold = ProtocolWorld::kBlocks | ProtocolWorld::kHeaders;
  world.Deliver(peer, next[0]);
  world.Deliver(peer, fork[0]);  // its header alone is handed over, while the other is judged
  world.Receive(peer, wire::Ping{1});
  EXPECT_EQ(world.questions.size(), 2u);
  world.Answer();
  EXPECT_TRUE(world.Take<wire::Pong>(peer).empty());
  world.Answer();
  EXPECT_EQ(world.Take<wire::Pong>(peer).size(), 1u);
}

TEST(BlockSync, AnUnaskedBlockOfTooLittleWorkIsIgnored) {
  consensus::Params params = ProtocolWorld::Regtest();
  params.minimum_chain_work = U256(1000);
  ProtocolWorld world(params);
  const auto blocks = world.chain.Make(1);
  const PeerId peer = world.JoinInbound();
  world.Deliver(peer, blocks[0]);
  EXPECT_EQ(world.chain.Find(blocks[0]->hash()), nullptr);
  EXPECT_FALSE(world.IsGone(peer));
}

TEST(BlockSync, AnUnaskedBlockFarAheadIsNotStored) {
  ProtocolWorld world;
  const auto blocks = world.chain.Make(300);
  world.JoinWith(blocks);
  const PeerId other = world.JoinInbound();
  world.Deliver(other, blocks[287]);
  world.Deliver(other, blocks[288]);
  EXPECT_TRUE(world.chain.Find(blocks[287]->hash())->HasBody());
  EXPECT_FALSE(world.chain.Find(blocks[288]->hash())->HasBody());
}

TEST(BlockSync, ABlockOnAnUnknownOneIsMisbehaviour) {
  ProtocolWorld world;
  const auto blocks = world.chain.Make(2);
  const PeerId peer = world.JoinInbound();
  world.Deliver(peer, blocks[1]);
  EXPECT_TRUE(world.IsGone(peer));
}

TEST(BlockSync, FarBehindAsksWhoHasAllBlocksAndWasChosen) {
  FarWorld world;
  const auto blocks = world.chain.Make(40);
  const PeerId limited = world.Join({.services = wire::kNodeNetworkLimited | wire::kNodeWitness});
  const PeerId chosen = world.Join();
  const PeerId inbound = world.JoinInbound();
  for (const PeerId peer : {limited, chosen, inbound}) world.Announce(peer, blocks);
  EXPECT_TRUE(world.TakeAsked(limited).empty());
  EXPECT_EQ(world.TakeAsked(chosen).size(), 16u);
  EXPECT_TRUE(world.TakeAsked(inbound).empty());
  world.Leave(chosen);
  EXPECT_EQ(world.TakeAsked(inbound).size(), 16u);
}

TEST(BlockSync, APeerWithoutWitnessesIsNotAsked) {
  ProtocolWorld world;
  const PeerId peer =
      world.Join({.type = ConnectionType::kInbound, .services = wire::kNodeNetwork});
  world.Announce(peer, world.chain.Make(3));
  EXPECT_TRUE(world.TakeAsked(peer).empty());
}

TEST(BlockSync, ANewTipIsFetchedFromWhoToldOfItAsCompactBlock) {
  ProtocolWorld world;
  world.Join();
  const PeerId teller = world.JoinInbound();
  world.Announce(teller, world.chain.Make(1));
  const auto asked = world.Take<wire::GetData>(teller);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].items[0].type, wire::InvItem::kCompactBlock);
  EXPECT_EQ(world.Take<wire::GetHeaders>(teller).size(), 1u);  // that of the beginning
}

TEST(BlockSync, ABranchOfAsMuchWorkIsFetched) {
  ProtocolWorld world;
  const auto fork = world.chain.Make(2, 9);
  world.chain.Extend(2);
  const PeerId peer = world.JoinWith(fork);
  EXPECT_EQ(world.TakeAsked(peer).size(), 2u);
  for (const BlockPtr& block : fork) world.Deliver(peer, block);
  EXPECT_TRUE(world.chain.Find(fork[1]->hash())->HasBody());
  EXPECT_FALSE(world.chain.View()->Contains(world.chain.Find(fork[1]->hash())));
}

TEST(BlockSync, FetchesAnyBlockForTheOperator) {
  ProtocolWorld world;
  const auto fork = world.chain.Make(1, 9);
  world.chain.Extend(2);
  world.chain.AcceptHeaders(test::HeadersOf(fork));
  const PeerId peer = world.Join();
  Protocol& protocol = *world.protocol;
  EXPECT_EQ(protocol.FetchBlock(peer, BlockHash{}, world.now), "Block header missing");
  EXPECT_EQ(protocol.FetchBlock(77, fork[0]->hash(), world.now), "Peer does not exist");
  EXPECT_EQ(protocol.FetchBlock(peer, world.chain.View()->tip->hash, world.now),
            "Block already downloaded");
  EXPECT_EQ(protocol.FetchBlock(peer, fork[0]->hash(), world.now), std::nullopt);
  EXPECT_EQ(protocol.FetchBlock(peer, fork[0]->hash(), world.now),
            "Already requested from this peer");
  EXPECT_EQ(world.TakeAsked(peer), std::vector<BlockHash>{fork[0]->hash()});
  world.Deliver(peer, fork[0]);
  EXPECT_TRUE(world.chain.Find(fork[0]->hash())->HasBody());
}

TEST(BlockSync, APongTellsThatEarlierBlocksHaveBeenDealtWith) {
  ProtocolWorld world;
  const PeerId peer = world.JoinInbound();
  const auto blocks = world.chain.Make(2);
  world.hold = ProtocolWorld::kBlocks;
  world.Deliver(peer, blocks[0]);
  world.Deliver(peer, blocks[1]);
  world.Receive(peer, wire::Ping{3});
  EXPECT_EQ(world.questions.size(), 1u);  // whose parent the first is, the second waits for it
  world.Answer();
  EXPECT_TRUE(world.Take<wire::Pong>(peer).empty());
  world.Answer();
  EXPECT_EQ(world.Take<wire::Pong>(peer).size(), 1u);
  EXPECT_EQ(world.chain.Height(), 2);
}

TEST(BlockSync, BlocksThatWereAskedForArePipelined) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  const auto blocks = world.chain.Make(3);
  world.Announce(peer, blocks);
  world.hold = ProtocolWorld::kBlocks;
  for (const BlockPtr& block : blocks) world.Deliver(peer, block);
  EXPECT_EQ(world.questions.size(), 3u);
  world.AnswerAll();
  EXPECT_EQ(world.chain.Height(), 3);
}

/// A peer is asked for a new block, and another delivers it in its stead.
struct HelpedWorld : ProtocolWorld {
  HelpedWorld() {
    chain.Extend(3);
    now = Instant(seconds(chain.View()->tip->header.time + 60));
    settings.ping_timeout = std::chrono::hours(100);
    helper = Join();
    late = Join();
    block = chain.Make(1)[0];
    Announce(late, {block});
    EXPECT_EQ(TakeAsked(late).size(), 1u);
    Announce(helper, {block});
    Wait(seconds(21));
    EXPECT_EQ(TakeAsked(helper).size(), 1u);
    Deliver(helper, block);
    EXPECT_EQ(chain.Height(), 4);
  }

  BlockPtr block;
  PeerId helper = 0;
  PeerId late = 0;
};

TEST(BlockSync, WhoNeverAnswersIsLetGoThoughAnotherDelivered) {
  HelpedWorld world;
  world.Wait(minutes(13));
  EXPECT_FALSE(world.IsGone(world.late));
  world.Wait(minutes(2));
  EXPECT_EQ(world.gone[world.late], "it never answered for a block");
  EXPECT_FALSE(world.IsDiscouraged(world.late));
  EXPECT_FALSE(world.IsGone(world.helper));
}

TEST(BlockSync, WhoAnswersLateMayStay) {
  const std::vector<std::function<wire::Message(const BlockPtr&)>> answers = {
      [](const BlockPtr& block) { return wire::BlockMessage{block}; },
      [](const BlockPtr& block) { return wire::MakeCompactBlock(block, 1); },
      [](const BlockPtr& block) {
        return wire::BlockTxn{block->hash(), {}};
      },
      [](const BlockPtr& block) { return wire::NotFound{{wire::InvItem::Of(block->hash())}}; },
  };
  for (const auto& answer : answers) {
    HelpedWorld world;
    world.Receive(world.late, answer(world.block));
    world.Wait(minutes(30));
    EXPECT_FALSE(world.IsGone(world.late)) << wire::CommandOf(answer(world.block));
  }
}

TEST(BlockSync, VerdictsOfOneWhoHasGoneAreTaken) {
  ProtocolWorld world;
  const PeerId peer = world.JoinInbound();
  const auto blocks = world.chain.Make(1);
  world.hold = ProtocolWorld::kBlocks;
  world.Deliver(peer, blocks[0]);
  world.Leave(peer);
  world.Answer();
  EXPECT_EQ(world.chain.Height(), 1);
}

}  // namespace
}  // namespace cairn::p2p
