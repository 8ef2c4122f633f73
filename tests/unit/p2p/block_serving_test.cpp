#include <gtest/gtest.h>

#include "cairn/wire/bloom_filter.h"
#include "tests/support/protocol_world.h"

namespace cairn::p2p {
namespace {

using test::BlockPlan;
using test::ProtocolWorld;

wire::GetData Ask(const BlockHash& hash, uint32_t type = wire::InvItem::kWitnessBlock) {
  return {{wire::InvItem::Of(hash, type)}};
}

/// The block that a `block` message holds, parsed.
BlockPtr BlockIn(const wire::RawMessage& message) {
  auto block = Block::Parse(*message.payload);
  return block ? *block : nullptr;
}

struct ServingWorld : ProtocolWorld {
  explicit ServingWorld(int height, Settings chosen = Quiet(), consensus::Params params = Regtest())
      : ProtocolWorld(std::move(params), std::move(chosen)) {
    chain.Extend(height);
    now = Instant(std::chrono::seconds(chain.View()->tip->header.time + 60));
    peer = JoinInbound();
    Forget();
  }
  const ledger::HeaderEntry& At(int height) const { return *chain.View()->At(height); }
  /// The blocks that were sent to the peer.
  std::vector<BlockPtr> TakeBlocks() {
    std::vector<BlockPtr> blocks;
    for (const auto& message : Take<wire::RawMessage>(peer)) {
      if (message.command == "block") blocks.push_back(BlockIn(message));
    }
    return blocks;
  }

  PeerId peer = 0;
};

TEST(BlockServing, HeadersBehindWhatThePeerKnows) {
  ServingWorld world(30);
  world.Receive(world.peer, wire::GetHeaders{{{BlockHash{}, world.At(20).hash}, {}}});
  auto answer = world.Take<wire::Headers>(world.peer);
  ASSERT_EQ(answer.size(), 1u);
  ASSERT_EQ(answer[0].headers.size(), 10u);
  EXPECT_EQ(answer[0].headers[0].Hash(), world.At(21).hash);
  // As far as it wants.
  world.Receive(world.peer, wire::GetHeaders{{{world.At(20).hash}, world.At(23).hash}});
  EXPECT_EQ(world.Take<wire::Headers>(world.peer)[0].headers.size(), 3u);
  // Nothing that we know: from the beginning. All that we have: an empty answer.
  world.Receive(world.peer, wire::GetHeaders{{{BlockHash{}}, {}}});
  EXPECT_EQ(world.Take<wire::Headers>(world.peer)[0].headers.size(), 30u);
  world.Receive(world.peer, wire::GetHeaders{{{world.At(30).hash}, {}}});
  EXPECT_EQ(world.Take<wire::Headers>(world.peer)[0].headers.size(), 0u);
}

TEST(BlockServing, AtMost2000Headers) {
  ServingWorld world(2005);
  world.Receive(world.peer, wire::GetHeaders{{{world.At(1).hash}, {}}});
  const auto answer = world.Take<wire::Headers>(world.peer);
  EXPECT_EQ(answer[0].headers.size(), 2000u);
  EXPECT_EQ(answer[0].headers.back().Hash(), world.At(2001).hash);
}

TEST(BlockServing, WhoIsAheadOnOurChainHasAll) {
  ServingWorld world(5);
  const auto ahead = world.chain.Make(2);
  world.chain.AcceptHeaders(test::HeadersOf(ahead));
  world.Receive(world.peer, wire::GetHeaders{{{ahead[1]->hash()}, {}}});
  EXPECT_TRUE(world.Take<wire::Headers>(world.peer)[0].headers.empty());
}

TEST(BlockServing, AHeaderByItsHash) {
  ServingWorld world(5);
  world.Receive(world.peer, wire::GetHeaders{{{}, world.At(3).hash}});
  EXPECT_EQ(world.Take<wire::Headers>(world.peer)[0].headers.size(), 1u);
  world.Receive(world.peer, wire::GetHeaders{{{}, BlockHash{}}});
  EXPECT_TRUE(world.Take<wire::Headers>(world.peer).empty());
}

TEST(BlockServing, AChainOfTooLittleWorkIsNotTold) {
  consensus::Params params = ProtocolWorld::Regtest();
  params.minimum_chain_work = U256(1000);
  ServingWorld world(5, ProtocolWorld::Quiet(), params);
  world.Receive(world.peer, wire::GetHeaders{{{world.At(1).hash}, {}}});
  const auto answer = world.Take<wire::Headers>(world.peer);
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_TRUE(answer[0].headers.empty());
  const PeerId trusted =
      world.Join({.type = ConnectionType::kInbound, .permissions = kDownloadPermission});
  world.Receive(trusted, wire::GetHeaders{{{world.At(1).hash}, {}}});
  EXPECT_EQ(world.Take<wire::Headers>(trusted)[0].headers.size(), 4u);
}

TEST(BlockServing, HashesOfBlocksAndWhatFollows) {
  ServingWorld world(520);
  world.Receive(world.peer, wire::GetBlocks{{{world.At(10).hash}, {}}});
  const auto first = world.Take<wire::Inv>(world.peer);
  ASSERT_EQ(first.size(), 1u);
  ASSERT_EQ(first[0].items.size(), 500u);
  EXPECT_EQ(first[0].items[0], wire::InvItem::Of(world.At(11).hash));
  // When it fetches the last one, it is told of the tip, so that it asks on.
  world.Receive(world.peer, Ask(world.At(510).hash));
  const auto more = world.Take<wire::Inv>(world.peer);
  ASSERT_EQ(more.size(), 1u);
  EXPECT_EQ(more[0].items, std::vector<wire::InvItem>{wire::InvItem::Of(world.At(520).hash)});
  world.Receive(world.peer, wire::GetBlocks{{{world.At(10).hash}, world.At(13).hash}});
  EXPECT_EQ(world.Take<wire::Inv>(world.peer)[0].items.size(), 2u);
}

TEST(BlockServing, BlocksAsTheyAreStored) {
  ServingWorld world(20);
  world.Receive(world.peer, Ask(world.At(3).hash));
  const auto blocks = world.TakeBlocks();
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_TRUE(Equal(blocks[0]->bytes(), world.chain.BlockOf(world.At(3).hash)->bytes()));
}

TEST(BlockServing, BlocksWithoutWitness) {
  ServingWorld world(20);
  for (const int height : {3, 20}) {  // from the disk and from memory
    world.Receive(world.peer, Ask(world.At(height).hash, wire::InvItem::kBlock));
    const auto blocks = world.TakeBlocks();
    ASSERT_EQ(blocks.size(), 1u);
    EXPECT_EQ(blocks[0]->hash(), world.At(height).hash);
    EXPECT_FALSE(blocks[0]->transactions()[0].has_witness);
    EXPECT_EQ(blocks[0]->transactions()[0].txid,
              world.chain.BlockOf(world.At(height).hash)->transactions()[0].txid);
  }
}

TEST(BlockServing, OneAfterAnotherInOrder) {
  ServingWorld world(20);
  world.hold = ProtocolWorld::kReads;
  wire::GetData request;
  for (const int height : {3, 20, 5, 19, 4}) {
    request.items.push_back(wire::InvItem::Of(world.At(height).hash, wire::InvItem::kWitnessBlock));
  }
  world.Receive(world.peer, request);
  world.Receive(world.peer, wire::Ping{1});
  int reads = 0;
  for (; !world.questions.empty(); ++reads) {
    EXPECT_EQ(world.questions.size(), 1u);
    EXPECT_TRUE(world.Take<wire::Pong>(world.peer).empty());
    world.Answer();
  }
  EXPECT_EQ(reads, 4);  // one comes from memory, no more: whoever reads sets the pace
  std::vector<int> heights;
  for (const BlockPtr& block : world.TakeBlocks()) {
    heights.push_back(world.chain.Find(block->hash())->height);
  }
  EXPECT_EQ(heights, (std::vector<int>{3, 20, 5, 19, 4}));
  EXPECT_EQ(world.Take<wire::Pong>(world.peer).size(), 1u);
}

TEST(BlockServing, CompactBlocksNearTheTipAndWholeOnesBelow) {
  ServingWorld world(20);
  const auto form = [&](int height) {
    world.Receive(world.peer, Ask(world.At(height).hash, wire::InvItem::kCompactBlock));
    const auto raw = world.Take<wire::RawMessage>(world.peer);
    return raw.size() == 1 ? raw[0].command : std::string();
  };
  EXPECT_EQ(form(20), "cmpctblock");
  EXPECT_EQ(form(15), "cmpctblock");
  EXPECT_EQ(form(14), "block");
  world.now += std::chrono::hours(30);
  EXPECT_EQ(form(20), "block");
}

TEST(BlockServing, WhatPassesAFilterOfABlock) {
  Settings settings = ProtocolWorld::Quiet();
  settings.serve_bloom = true;
  settings.services |= wire::kNodeBloom;
  ServingWorld world(3, settings);
  const TransactionPtr wanted = test::MakeSpend({Txid{}, 0}, 5);
  BlockPlan plan;
  plan.transactions = {wanted};
  const BlockPtr block = test::MakeBlock(world.chain.params(), world.chain.TipPlace(), plan).block;
  world.chain.AcceptBlock(block);
  const auto request = Ask(block->hash(), wire::InvItem::kFilteredBlock);
  world.Receive(world.peer, request);
  EXPECT_TRUE(world.TakeCommands(world.peer).empty());  // it has no filter
  wire::BloomFilter filter = wire::BloomFilter::For(1, 0.0001, 7, wire::FilterLoad::kNone);
  filter.Insert(wanted->txid.span());
  world.Receive(world.peer, filter.load());
  world.Forget();
  world.Receive(world.peer, request);
  EXPECT_EQ(world.Take<wire::MerkleBlock>(world.peer).size(), 1u);
  const auto sent = world.Take<wire::RawMessage>(world.peer);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].command, "tx");
  EXPECT_TRUE(Equal(*sent[0].payload, wanted->bytes));
}

TEST(BlockServing, PartsOfBlocks) {
  ServingWorld world(20);
  world.Receive(world.peer, wire::GetBlockTxn{world.At(20).hash, {0}});
  world.Receive(world.peer, wire::GetBlockTxn{world.At(10).hash, {0}});
  auto parts = world.Take<wire::BlockTxn>(world.peer);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[1].transactions[0]->wtxid,
            world.chain.BlockOf(world.At(10).hash)->transactions()[0].wtxid);
  // Too deep: the whole block.
  world.Receive(world.peer, wire::GetBlockTxn{world.At(9).hash, {0}});
  EXPECT_EQ(world.TakeBlocks().size(), 1u);
  world.Receive(world.peer, wire::GetBlockTxn{BlockHash{}, {0}});
  EXPECT_FALSE(world.IsGone(world.peer));
  world.Receive(world.peer, wire::GetBlockTxn{world.At(20).hash, {1}});
  EXPECT_TRUE(world.IsGone(world.peer));
}

TEST(BlockServing, WhatIsNotThere) {
  ServingWorld world(20);
  BlockHash unknown;
  unknown.bytes[0] = 1;
  const auto request = Ask(unknown);
  world.Receive(world.peer, request);
  const auto missing = world.Take<wire::NotFound>(world.peer);
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0].items, request.items);
  // A header without its block.
  const auto ahead = world.chain.Make(1);
  world.chain.AcceptHeaders(test::HeadersOf(ahead));
  world.Receive(world.peer, Ask(ahead[0]->hash()));
  EXPECT_EQ(world.Take<wire::NotFound>(world.peer).size(), 1u);
}

TEST(BlockServing, StaleBlocksAreServedWhileTheyAreYoung) {
  ServingWorld world(5);
  const ledger::HeaderEntry& stale = *world.chain.View()->tip;
  const auto fork = world.chain.Make(test::Place::Of(stale.parent), 2, 9);
  for (const BlockPtr& block : fork) world.chain.AcceptBlock(block);
  ASSERT_FALSE(world.chain.View()->Contains(&stale));
  world.Receive(world.peer, Ask(stale.hash));
  EXPECT_EQ(world.TakeBlocks().size(), 1u);
  // A month later it would tell that we were there then.
  BlockPlan late;
  late.time = fork[1]->header().time + 31 * 24 * 60 * 60;
  world.chain.AcceptBlock(
      test::MakeBlock(world.chain.params(), world.chain.TipPlace(), late).block);
  world.Receive(world.peer, Ask(stale.hash));
  world.Receive(world.peer, wire::GetHeaders{{{}, stale.hash}});
  EXPECT_TRUE(world.TakeBlocks().empty());
  EXPECT_TRUE(world.Take<wire::Headers>(world.peer).empty());
}

TEST(BlockServing, AStaleBlockThatWasNeverConnectedIsNotServed) {
  ServingWorld world(5);
  const auto fork = world.chain.Make(test::Place::Of(world.At(4).parent), 1, 9);
  world.chain.AcceptBlock(fork[0]);
  world.Receive(world.peer, Ask(fork[0]->hash()));
  EXPECT_TRUE(world.TakeBlocks().empty());
}

TEST(BlockServing, APrunedNodeServesWhatItOffersAndNoMore) {
  Settings settings = ProtocolWorld::Quiet();
  settings.services = wire::kNodeNetworkLimited | wire::kNodeWitness;
  ServingWorld world(400, settings);
  world.chain.PruneBelow(50);
  world.Receive(world.peer, Ask(world.At(110).hash));
  EXPECT_EQ(world.TakeBlocks().size(), 1u);
  const PeerId trusted =
      world.Join({.type = ConnectionType::kInbound, .permissions = kNoBanPermission});
  world.Receive(trusted, Ask(world.At(109).hash));
  world.Receive(trusted, Ask(world.At(20).hash));
  EXPECT_FALSE(world.IsGone(trusted));
  EXPECT_EQ(world.Take<wire::NotFound>(trusted).size(), 1u);
  world.Receive(world.peer, Ask(world.At(109).hash));
  EXPECT_TRUE(world.IsGone(world.peer));
  EXPECT_FALSE(world.IsDiscouraged(world.peer));
}

TEST(BlockServing, HistoryIsNotServedOnceTheDaysUploadIsSpent) {
  ServingWorld world(5);
  BlockPlan late;
  late.time = world.At(5).header.time + 8 * 24 * 60 * 60;
  world.chain.AcceptBlock(
      test::MakeBlock(world.chain.params(), world.chain.TipPlace(), late).block);
  world.upload_exhausted = true;
  world.Receive(world.peer, Ask(world.At(6).hash));
  EXPECT_EQ(world.TakeBlocks().size(), 1u);
  const PeerId trusted =
      world.Join({.type = ConnectionType::kInbound, .permissions = kDownloadPermission});
  world.Receive(trusted, Ask(world.At(3).hash));
  EXPECT_FALSE(world.IsGone(trusted));
  world.Receive(world.peer, Ask(world.At(3).hash));
  EXPECT_TRUE(world.IsGone(world.peer));
}

TEST(BlockServing, FiltersWhereTheyAreOffered) {
  Settings settings = ProtocolWorld::Quiet();
  settings.services |= wire::kNodeCompactFilters;
  ServingWorld world(20, settings);
  world.read_filters = [](const FilterQuery& query) {
    EXPECT_TRUE(std::holds_alternative<wire::GetCFilters>(query.request));
    return std::vector<wire::Message>(3, wire::CFilter{});
  };
  world.Receive(world.peer, wire::GetCFilters{kBasicFilterType, 3, world.At(5).hash});
  EXPECT_EQ(world.Take<wire::CFilter>(world.peer).size(), 3u);
  EXPECT_FALSE(world.IsGone(world.peer));
}

TEST(BlockServing, MisuseOfFiltersEndsTheContact) {
  Settings settings = ProtocolWorld::Quiet();
  settings.services |= wire::kNodeCompactFilters;
  ServingWorld world(2005, settings);
  const BlockHash tip = world.At(2005).hash;
  const std::vector<wire::Message> bad = {
      wire::GetCFilters{1, 2000, tip},
      wire::GetCFilters{kBasicFilterType, 2000, BlockHash{}},
      wire::GetCFilters{kBasicFilterType, 2006, tip},
      wire::GetCFilters{kBasicFilterType, 1005, tip},
      wire::GetCFHeaders{kBasicFilterType, 5, tip},
      wire::GetCFCheckpt{kBasicFilterType, BlockHash{}},
  };
  for (const wire::Message& message : bad) {
    const PeerId peer = world.JoinInbound();
    world.Receive(peer, message);
    EXPECT_TRUE(world.IsGone(peer)) << message.index();
  }
  const std::vector<wire::Message> good = {
      wire::GetCFilters{kBasicFilterType, 1006, tip},
      wire::GetCFHeaders{kBasicFilterType, 6, tip},
      wire::GetCFCheckpt{kBasicFilterType, tip},
  };
  for (const wire::Message& message : good) world.Receive(world.peer, message);
  EXPECT_FALSE(world.IsGone(world.peer));
  ServingWorld other(5);
  other.Receive(other.peer, wire::GetCFCheckpt{kBasicFilterType, other.At(5).hash});
  EXPECT_TRUE(other.IsGone(other.peer));  // not offered
}

}  // namespace
}  // namespace cairn::p2p
