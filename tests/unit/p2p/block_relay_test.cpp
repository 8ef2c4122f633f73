#include <gtest/gtest.h>

#include "cairn/wire/compact_block.h"
#include "tests/support/protocol_world.h"
#include "tests/support/wire_samples.h"

namespace cairn::p2p {
namespace {

using test::HeadersOf;
using test::Mutated;
using test::Place;
using test::ProtocolWorld;
using test::TransactionsNumbered;

/// A block on our tip with these transactions.
BlockPtr BlockWith(const ProtocolWorld& world, std::vector<TransactionPtr> transactions,
                   uint32_t tag = 0) {
  test::BlockPlan plan;
  plan.transactions = std::move(transactions);
  plan.tag = tag;
  return test::MakeBlock(world.chain.params(), world.chain.TipPlace(), plan).block;
}

wire::BlockTxn PartsOf(const BlockPtr& block, const wire::GetBlockTxn& request) {
  return *wire::AnswerBlockTxn(block, request);
}

std::vector<wire::CompactBlock> TakeCompact(ProtocolWorld& world, PeerId peer) {
  std::vector<wire::CompactBlock> blocks;
  for (const auto& raw : world.Take<wire::RawMessage>(peer)) {
    auto message = wire::Decode(raw.command, Bytes(*raw.payload));
    if (!message) continue;
    if (auto* compact = std::get_if<wire::CompactBlock>(&*message)) {
      blocks.push_back(std::move(*compact));
    }
  }
  return blocks;
}

/// A peer knows our tip, as after it has answered our first getheaders.
void TellTip(ProtocolWorld& world, PeerId peer) {
  world.Receive(peer, wire::Headers{{world.chain.View()->tip->header}});
}

// -- announcing --

TEST(BlockRelay, CompactBlocksAreOfferedAfterTheHandshake) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  const auto said = world.Take<wire::SendCompact>(peer);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_FALSE(said[0].high_bandwidth);
  EXPECT_EQ(said[0].version, 2u);
  const PeerId old =
      world.Join({.type = ConnectionType::kInbound, .version = 70013, .compact = false});
  EXPECT_TRUE(world.Take<wire::SendCompact>(old).empty());
}

TEST(BlockRelay, HeadersAreWantedOnceThePeersChainIsKnown) {
  ProtocolWorld world;
  world.chain.Extend(1);
  const PeerId peer = world.Join();
  EXPECT_TRUE(world.Take<wire::SendHeaders>(peer).empty());
  TellTip(world, peer);
  EXPECT_EQ(world.Take<wire::SendHeaders>(peer).size(), 1u);
  TellTip(world, peer);
  EXPECT_TRUE(world.Take<wire::SendHeaders>(peer).empty());
}

TEST(BlockRelay, AnnouncesByHashUnlessAskedForMore) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  world.Forget();
  world.Mine(1);
  const auto inv = world.Take<wire::Inv>(peer);
  ASSERT_EQ(inv.size(), 1u);
  EXPECT_EQ(inv[0].items[0], wire::InvItem::Of(world.chain.View()->tip->hash));
  EXPECT_TRUE(world.TakeCommands(peer).empty());
}

TEST(BlockRelay, AnnouncesByHeadersThatConnect) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  world.Receive(peer, wire::SendHeaders{});
  world.Forget();
  world.Mine(1);  // the peer has not said that it knows even the first block
  EXPECT_EQ(world.TakeCommands(peer), std::vector<std::string>{"inv"});
  TellTip(world, peer);
  world.Forget();
  world.Mine(1);
  world.Mine(1);
  const auto headers = world.Take<wire::Headers>(peer);
  ASSERT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers[1].headers.size(), 1u);
  EXPECT_EQ(headers[1].headers[0].Hash(), world.chain.View()->tip->hash);
}

TEST(BlockRelay, WhatWeToldOnRequestIsKnown) {
  ProtocolWorld world;
  world.chain.Extend(3);
  const PeerId peer = world.Join();
  world.Receive(peer, wire::SendHeaders{});
  world.Receive(peer, wire::GetHeaders{{{world.chain.params().genesis_hash}, {}}});
  world.Forget();
  world.Mine(1);
  EXPECT_EQ(world.TakeCommands(peer), std::vector<std::string>{"headers"});
}

TEST(BlockRelay, ABlockIsNotAnnouncedToWhoGaveIt) {
  ProtocolWorld world;
  const PeerId giver = world.Join();
  const PeerId other = world.Join();
  const auto blocks = world.chain.Make(1);
  world.Announce(giver, blocks);
  world.Forget();
  world.Deliver(giver, blocks[0]);
  EXPECT_TRUE(world.Take<wire::Inv>(giver).empty());
  EXPECT_EQ(world.Take<wire::Inv>(other).size(), 1u);
}

/// The peer knows our tip and wants headers; then a branch of that length takes the place of all
/// above the first block. The branch.
std::vector<BlockPtr> Reorganise(ProtocolWorld& world, PeerId peer, int length) {
  world.Receive(peer, wire::SendHeaders{});
  TellTip(world, peer);
  const auto fork = world.chain.Make(Place::Of(world.chain.View()->At(1)), length, 9);
  world.chain.AcceptHeaders(HeadersOf(fork));
  world.Forget();
  world.Mine({fork.rbegin(), fork.rend()});
  return fork;
}

TEST(BlockRelay, AReorganisationIsAnnouncedFromTheForkOn) {
  ProtocolWorld world;
  world.chain.Extend(3);
  const PeerId peer = world.Join();
  const auto fork = Reorganise(world, peer, 8);
  const auto told = world.Take<wire::Headers>(peer);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].headers.size(), 8u);
  EXPECT_EQ(told[0].headers[0].Hash(), fork[0]->hash());
}

TEST(BlockRelay, ALargeReorganisationIsAnnouncedByItsTip) {
  ProtocolWorld world;
  world.chain.Extend(3);
  const PeerId peer = world.Join();
  Reorganise(world, peer, 9);
  EXPECT_EQ(world.TakeCommands(peer), std::vector<std::string>{"inv"});
}

TEST(BlockRelay, NothingIsAnnouncedDuringInitialDownload) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  world.chain.initial_download = true;
  world.Forget();
  world.Mine(1);
  EXPECT_TRUE(world.TakeCommands(peer).empty());
}

TEST(BlockRelay, WhoWantsCompactBlocksGetsThemBeforeTheyConnect) {
  ProtocolWorld world;
  const PeerId peer = world.JoinInbound();
  world.Receive(peer, wire::SendCompact{true, 2});
  EXPECT_TRUE(world.InfoOf(peer).high_bandwidth_from);
  world.Mine(1);
  TellTip(world, peer);
  const BlockPtr block = BlockWith(world, TransactionsNumbered(0, 3));
  const PeerId giver = world.JoinWith({block});
  world.Forget();
  world.protocol->BlockChecked(block, world.now);
  const auto compact = TakeCompact(world, peer);
  ASSERT_EQ(compact.size(), 1u);
  EXPECT_EQ(compact[0].header.Hash(), block->hash());
  EXPECT_EQ(compact[0].short_ids.size(), 3u);
  // Parts of it can be had, though it is not connected; and nothing is said twice.
  world.Receive(peer, wire::GetBlockTxn{block->hash(), {2}});
  EXPECT_EQ(world.Take<wire::BlockTxn>(peer).size(), 1u);
  world.Receive(peer, wire::GetData{{wire::InvItem::Of(block->hash(), 2u | (1u << 30))}});
  EXPECT_EQ(world.Take<wire::RawMessage>(peer).size(), 1u);
  world.Deliver(giver, block);
  EXPECT_EQ(world.chain.Height(), 2);
  EXPECT_TRUE(world.TakeCommands(peer).empty());
}

TEST(BlockRelay, AMutatedBlockIsNotSpread) {
  ProtocolWorld world;
  const PeerId peer = world.JoinInbound();
  world.Receive(peer, wire::SendCompact{true, 2});
  world.Mine(1);
  TellTip(world, peer);
  const BlockPtr block = BlockWith(world, {});
  world.chain.AcceptHeaders(HeadersOf({block}));
  world.Forget();
  world.protocol->BlockChecked(Mutated(block), world.now);
  EXPECT_TRUE(TakeCompact(world, peer).empty());
  world.protocol->BlockChecked(block, world.now);
  EXPECT_EQ(TakeCompact(world, peer).size(), 1u);
}

TEST(BlockRelay, WhoWantsCompactBlocksGetsOurOwnSo) {
  ProtocolWorld world;
  const PeerId peer = world.JoinInbound();
  world.Receive(peer, wire::SendCompact{true, 2});
  world.Mine(1);
  TellTip(world, peer);
  world.Forget();
  world.Mine(1);
  EXPECT_EQ(TakeCompact(world, peer).size(), 1u);
  world.Receive(peer, wire::SendCompact{false, 2});
  world.Mine(1);
  EXPECT_EQ(world.TakeCommands(peer), std::vector<std::string>{"inv"});
}

TEST(BlockRelay, OtherVersionsOfCompactBlocksAreNotSpoken) {
  ProtocolWorld world;
  const PeerId peer = world.Join({.type = ConnectionType::kInbound, .compact = false});
  world.Receive(peer, wire::SendCompact{true, 1});
  EXPECT_FALSE(world.InfoOf(peer).high_bandwidth_from);
}

// -- who is to send us compact blocks --

/// The peer gives us a new tip.
void GiveBlock(ProtocolWorld& world, PeerId peer) {
  const auto blocks = world.chain.Make(1, static_cast<uint32_t>(peer));
  world.Deliver(peer, blocks[0]);
}

TEST(BlockRelay, ThreeWhoGaveBlocksLatelyAreAskedForCompactOnes) {
  ProtocolWorld world;
  std::vector<PeerId> peers;
  for (int i = 0; i < 4; ++i) peers.push_back(world.Join());
  world.Forget();
  for (int i = 0; i < 3; ++i) GiveBlock(world, peers[static_cast<size_t>(i)]);
  for (int i = 0; i < 3; ++i) {
    const PeerId peer = peers[static_cast<size_t>(i)];
    EXPECT_TRUE(world.InfoOf(peer).high_bandwidth_to);
    const auto said = world.Take<wire::SendCompact>(peer);
    ASSERT_EQ(said.size(), 1u);
    EXPECT_TRUE(said[0].high_bandwidth);
  }
  GiveBlock(world, peers[0]);  // it keeps its place
  GiveBlock(world, peers[3]);
  EXPECT_TRUE(world.InfoOf(peers[0]).high_bandwidth_to);
  EXPECT_FALSE(world.InfoOf(peers[1]).high_bandwidth_to);
  EXPECT_TRUE(world.InfoOf(peers[3]).high_bandwidth_to);
  const auto said = world.Take<wire::SendCompact>(peers[1]);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_FALSE(said[0].high_bandwidth);
}

TEST(BlockRelay, TheLastOneThatWeChoseIsNotPushedOut) {
  ProtocolWorld world;
  const PeerId chosen = world.Join();
  GiveBlock(world, chosen);
  for (int i = 0; i < 6; ++i) GiveBlock(world, world.JoinInbound());
  EXPECT_TRUE(world.InfoOf(chosen).high_bandwidth_to);
  int inbound = 0;
  for (const PeerInfo& info : world.protocol->Peers(world.now)) {
    inbound += info.type == ConnectionType::kInbound && info.high_bandwidth_to;
  }
  EXPECT_EQ(inbound, 2);
}

TEST(BlockRelay, NobodyIsAskedDuringInitialDownloadOrWithoutTransactions) {
  ProtocolWorld world;
  world.chain.initial_download = true;
  const PeerId peer = world.Join();
  GiveBlock(world, peer);
  EXPECT_FALSE(world.InfoOf(peer).high_bandwidth_to);
  Settings settings = ProtocolWorld::Quiet();
  settings.blocks_only = true;
  ProtocolWorld quiet(ProtocolWorld::Regtest(), settings);
  const PeerId other = quiet.Join();
  GiveBlock(quiet, other);
  EXPECT_FALSE(quiet.InfoOf(other).high_bandwidth_to);
}

// -- compact blocks that come --

TEST(CompactBlocks, AreCompletedFromThePool) {
  ProtocolWorld world;
  const auto transactions = TransactionsNumbered(0, 5);
  for (const TransactionPtr& tx : transactions) world.pool.Add(tx);
  const BlockPtr block = BlockWith(world, transactions);
  const PeerId peer = world.Join();
  world.Forget();
  world.Receive(peer, wire::MakeCompactBlock(block, 1));
  EXPECT_EQ(world.chain.Height(), 1);
  EXPECT_TRUE(world.Take<wire::GetBlockTxn>(peer).empty());
  EXPECT_TRUE(Equal(world.chain.BlockOf(block->hash())->bytes(), block->bytes()));
}

TEST(CompactBlocks, WhatIsMissingIsAskedFor) {
  ProtocolWorld world;
  const auto transactions = TransactionsNumbered(0, 5);
  for (const size_t i : {0u, 2u, 4u}) world.pool.Add(transactions[i]);
  const BlockPtr block = BlockWith(world, transactions);
  const PeerId peer = world.Join();
  world.Receive(peer, wire::MakeCompactBlock(block, 1));
  const auto asked = world.Take<wire::GetBlockTxn>(peer);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].indexes, (std::vector<uint16_t>{2, 4}));
  EXPECT_EQ(world.InfoOf(peer).in_flight, std::vector<int>{1});
  world.Receive(peer, PartsOf(block, asked[0]));
  EXPECT_EQ(world.chain.Height(), 1);
  EXPECT_TRUE(world.InfoOf(peer).in_flight.empty());
}

TEST(CompactBlocks, UseWhatWasReplacedOrRefusedLately) {
  ProtocolWorld world;
  const auto transactions = TransactionsNumbered(0, 2);
  TransactionVerdict verdict;
  verdict.fate = TransactionFate::kAccepted;
  verdict.replaced = {transactions[0]};
  world.protocol->TransactionJudged(0, test::TransactionNumbered(9), verdict, world.now);
  verdict.fate = TransactionFate::kOrphan;
  verdict.replaced.clear();
  world.protocol->TransactionJudged(0, transactions[1], verdict, world.now);
  const PeerId peer = world.Join();
  world.Receive(peer, wire::MakeCompactBlock(BlockWith(world, transactions), 1));
  EXPECT_EQ(world.chain.Height(), 1);
}

TEST(CompactBlocks, APeerThatSendsTooLittleMisbehaves) {
  ProtocolWorld world;
  const BlockPtr block = BlockWith(world, TransactionsNumbered(0, 3));
  const PeerId peer = world.Join();
  world.Receive(peer, wire::MakeCompactBlock(block, 1));
  world.Receive(peer, wire::BlockTxn{block->hash(), {}});
  EXPECT_TRUE(world.IsGone(peer));
}

TEST(CompactBlocks, TransactionsThatDoNotFitLeadToTheWholeBlock) {
  ProtocolWorld world;
  const BlockPtr block = BlockWith(world, TransactionsNumbered(0, 3));
  const PeerId peer = world.Join();
  world.Receive(peer, wire::MakeCompactBlock(block, 1));
  world.Forget();
  world.Receive(peer, wire::BlockTxn{block->hash(), TransactionsNumbered(50, 3)});
  EXPECT_FALSE(world.IsGone(peer));
  const auto asked = world.Take<wire::GetData>(peer);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].items[0].type, wire::InvItem::kWitnessBlock);
  world.Deliver(peer, block);
  EXPECT_EQ(world.chain.Height(), 1);
}

TEST(CompactBlocks, UnaskedTransactionsOfBlocksAreIgnored) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  world.Receive(peer, wire::BlockTxn{BlockHash{}, TransactionsNumbered(0, 3)});
  EXPECT_FALSE(world.IsGone(peer));
}

TEST(CompactBlocks, AnInvalidOneIsNotTheSendersFault) {
  ProtocolWorld world;
  const BlockPtr block = BlockWith(world, {});
  world.chain.breaking.insert(block->hash());
  const PeerId peer = world.Join();
  world.Receive(peer, wire::MakeCompactBlock(block, 1));
  EXPECT_FALSE(world.IsGone(peer));
  EXPECT_TRUE(world.chain.Find(block->hash())->failed);
  world.Receive(peer, wire::MakeCompactBlock(block, 1));
  EXPECT_FALSE(world.IsGone(peer));
}

TEST(CompactBlocks, AWrongWitnessLeadsToTheWholeBlock) {
  ProtocolWorld world;
  const BlockPtr block = BlockWith(world, {});
  wire::CompactBlock compact = wire::MakeCompactBlock(block, 1);
  const BlockPtr mutated = Mutated(block);
  compact.prefilled[0].transaction = TransactionPtr(mutated, &mutated->transactions()[0]);
  const PeerId peer = world.Join();
  world.Forget();
  world.Receive(peer, compact);
  EXPECT_FALSE(world.IsGone(peer));
  EXPECT_EQ(world.chain.Height(), 0);
  const auto asked = world.Take<wire::GetData>(peer);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].items[0].type, wire::InvItem::kWitnessBlock);
  world.Deliver(peer, block);
  EXPECT_EQ(world.chain.Height(), 1);
}

TEST(CompactBlocks, OfTooLittleWorkAreIgnored) {
  consensus::Params params = ProtocolWorld::Regtest();
  params.minimum_chain_work = U256(1000);
  ProtocolWorld world(params);
  const BlockPtr block = BlockWith(world, {});
  const PeerId peer = world.Join();
  world.Receive(peer, wire::MakeCompactBlock(block, 1));
  EXPECT_EQ(world.chain.Find(block->hash()), nullptr);
  EXPECT_FALSE(world.IsGone(peer));
}

TEST(CompactBlocks, WithoutWorkAreMisbehaviour) {
  ProtocolWorld world;
  wire::CompactBlock compact = wire::MakeCompactBlock(BlockWith(world, {}), 1);
  test::SolveHeader(compact.header, world.chain.params(), false);
  const PeerId peer = world.Join();
  world.Receive(peer, compact);
  EXPECT_TRUE(world.IsGone(peer));
}

TEST(CompactBlocks, OnAnUnknownParentHeadersAreAskedFor) {
  ProtocolWorld world;
  const auto blocks = world.chain.Make(2);
  const PeerId peer = world.Join();
  world.Receive(peer, wire::Headers{});
  world.Forget();
  world.Receive(peer, wire::MakeCompactBlock(blocks[1], 1));
  EXPECT_EQ(world.Take<wire::GetHeaders>(peer).size(), 1u);
}

TEST(CompactBlocks, FarAboveTheTipCountAsHeaders) {
  ProtocolWorld world;
  const auto blocks = world.chain.Make(4);
  const PeerId peer = world.Join();
  world.chain.AcceptHeaders(HeadersOf({blocks.begin(), blocks.begin() + 3}));
  world.Forget();
  world.Receive(peer, wire::MakeCompactBlock(blocks[3], 1));
  EXPECT_EQ(world.TakeAsked(peer).size(), 4u);
  EXPECT_EQ(world.InfoOf(peer).synced_headers, 4);
}

TEST(CompactBlocks, UpToThreePeersHelpAtATime) {
  ProtocolWorld world;
  std::vector<PeerId> peers;
  for (int i = 0; i < 3; ++i) {
    peers.push_back(world.JoinInbound());
    GiveBlock(world, peers.back());
  }
  const PeerId chosen = world.Join();
  GiveBlock(world, chosen);  // takes the first one's place
  const auto transactions = TransactionsNumbered(0, 3);
  const BlockPtr block = BlockWith(world, transactions);
  world.Forget();
  const auto asked_of = [&](PeerId peer) {
    world.Receive(peer, wire::MakeCompactBlock(block, static_cast<uint64_t>(peer) + 1));
    return world.Take<wire::GetBlockTxn>(peer).size();
  };
  EXPECT_EQ(asked_of(peers[0]), 1u);  // the first one, whoever it is
  EXPECT_EQ(asked_of(peers[1]), 1u);
  EXPECT_EQ(asked_of(peers[2]), 0u);  // the last place is for one that we chose
  EXPECT_EQ(asked_of(chosen), 1u);
  // Whoever is first, delivers.
  world.Receive(chosen, wire::BlockTxn{block->hash(), transactions});
  EXPECT_EQ(world.chain.View()->tip->hash, block->hash());
  for (const PeerInfo& info : world.protocol->Peers(world.now)) {
    EXPECT_TRUE(info.in_flight.empty());
  }
  world.Receive(peers[0], wire::BlockTxn{block->hash(), transactions});
  EXPECT_FALSE(world.IsGone(peers[0]));
}

/// The next block, of which three peers that we chose are asked for what is missing.
BlockPtr BlockThatThreeHelpWith(ProtocolWorld& world, const std::vector<TransactionPtr>& missing) {
  std::vector<PeerId> peers;
  for (int i = 0; i < 3; ++i) {
    peers.push_back(world.Join());
    GiveBlock(world, peers.back());
  }
  BlockPtr block = BlockWith(world, missing);
  for (const PeerId peer : peers) world.Receive(peer, wire::MakeCompactBlock(block, 1));
  return block;
}

TEST(CompactBlocks, WhoMayNotHelpMayStillBringAllAtOnce) {
  ProtocolWorld world;
  const auto transactions = TransactionsNumbered(0, 2);
  const BlockPtr block = BlockThatThreeHelpWith(world, transactions);
  const PeerId fourth = world.JoinInbound();
  wire::CompactBlock compact = wire::MakeCompactBlock(block, 1);
  world.Receive(fourth, compact);
  EXPECT_EQ(world.chain.Height(), 3);
  for (const TransactionPtr& tx : transactions) world.pool.Add(tx);
  world.Receive(fourth, compact);
  EXPECT_EQ(world.chain.Height(), 4);
}

TEST(CompactBlocks, UnaskedOnesAreTriedAFewTimes) {
  ProtocolWorld world;
  const auto transactions = TransactionsNumbered(0, 2);
  const BlockPtr block = BlockThatThreeHelpWith(world, transactions);
  const PeerId fourth = world.JoinInbound();
  for (int i = 0; i < 4; ++i) {
    world.Receive(fourth, wire::MakeCompactBlock(block, 1));
  }
  for (const TransactionPtr& tx : transactions) world.pool.Add(tx);
  world.Receive(fourth, wire::MakeCompactBlock(block, 1));
  EXPECT_EQ(world.chain.Height(), 3);  // it costs a look at the whole pool
  const PeerId fifth = world.JoinInbound();
  world.Receive(fifth, wire::MakeCompactBlock(block, 1));
  EXPECT_EQ(world.chain.Height(), 4);
}

TEST(CompactBlocks, AnAnswerWhileAnotherIsJudgedIsAnAnswer) {
  ProtocolWorld world;
  const PeerId asked = world.Join();
  const PeerId quick = world.Join();
  const BlockPtr block = BlockWith(world, {});
  world.hold = ProtocolWorld::kBlocks;
  world.Announce(asked, {block});
  ASSERT_EQ(world.TakeAsked(asked).size(), 1u);
  world.Receive(quick, wire::MakeCompactBlock(block, 1));
  ASSERT_FALSE(world.questions.empty());
  world.Receive(asked, wire::MakeCompactBlock(block, 2));
  world.hold = 0;
  world.AnswerAll();
  EXPECT_EQ(world.chain.Height(), 1);
  for (int i = 0; i < 40; ++i) {  // as peers do who are alive
    world.Wait(std::chrono::minutes(1));
    for (const PeerId peer : {asked, quick}) {
      for (const wire::Ping& ping : world.Take<wire::Ping>(peer)) {
        world.Receive(peer, wire::Pong{ping.nonce});
      }
    }
  }
  EXPECT_FALSE(world.IsGone(asked)) << world.gone[asked];
}

TEST(CompactBlocks, WaitForTheVerdictOnTheHeader) {
  ProtocolWorld world;
  const PeerId peer = world.Join();
  world.hold = ProtocolWorld::kHeaders;
  world.Receive(peer, wire::MakeCompactBlock(BlockWith(world, {}), 1));
  world.Receive(peer, wire::Ping{1});
  EXPECT_EQ(world.questions.size(), 1u);
  EXPECT_TRUE(world.Take<wire::Pong>(peer).empty());
  world.Answer();
  EXPECT_EQ(world.chain.Height(), 1);
  EXPECT_EQ(world.Take<wire::Pong>(peer).size(), 1u);
}

TEST(CompactBlocks, OnAnInvalidParentAreMisbehaviour) {
  ProtocolWorld world;
  const auto bad = world.chain.Make(1, 7);
  world.chain.breaking.insert(bad[0]->hash());
  world.chain.AcceptBlock(bad[0]);
  const PeerId peer = world.JoinInbound();
  const auto next = world.chain.Make(Place{bad[0]->hash(), 1, bad[0]->header().time}, 1);
  world.Receive(peer, wire::MakeCompactBlock(next[0], 1));
  EXPECT_TRUE(world.IsGone(peer));
}

}  // namespace
}  // namespace cairn::p2p
