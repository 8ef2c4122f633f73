// What becomes of submitted blocks and headers, and what can be asked of the ledger afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/chain_world.h"

namespace cairn::ledger {
namespace {

using test::BlockPlan;
using test::ChainWorld;
using test::MadeBlock;
using test::MakeBlock;
using test::MakeChain;
using test::MakeSpend;
using test::OutputOf;
using test::Place;
using testing::ElementsAre;

Place Genesis(const ChainWorld& world) { return Place::Genesis(world.params); }

std::vector<Header> HeadersOf(const std::vector<MadeBlock>& chain) {
  std::vector<Header> headers;
  for (const MadeBlock& made : chain) headers.push_back(made.block->header());
  return headers;
}

/// "height:branch length:status" of every branch tip.
std::vector<std::string> Tips(const ChainWorld& world) {
  std::vector<std::string> tips;
  for (const BranchTip& tip : world.ledger->BranchTips()) {
    tips.push_back(std::to_string(tip.tip->height) + ":" + std::to_string(tip.branch_length) + ":" +
                   tip.status);
  }
  return tips;
}

TEST(LedgerSubmit, ANewLedgerHasGenesisAlone) {
  ChainWorld world;
  const ChainViewPtr view = world.ledger->View();
  EXPECT_EQ(view->Height(), 0);
  EXPECT_EQ(view->tip->hash, world.params.genesis_hash);
  EXPECT_EQ(view->best_header, view->tip);
  EXPECT_TRUE(world.ledger->IsInitialBlockDownload());
  EXPECT_EQ(world.ledger->ReadBlock(*view->tip), world.params.genesis_block);
  EXPECT_EQ(world.ledger->ReadSpentCoins(*view->tip).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(Tips(world), ElementsAre("0:0:active"));
  EXPECT_EQ(world.ledger->FailureReason(), "");
  EXPECT_FALSE(world.ledger->ReachedStopHeight());
  // Genesis' coin does not exist.
  const auto genesis = *Block::Parse(world.params.genesis_block);
  const auto coin = world.ledger->FindCoin(OutputOf(genesis->transactions()[0]));
  ASSERT_TRUE(coin.has_value());
  EXPECT_FALSE(coin->has_value());
  EXPECT_EQ(world.Submit(genesis).outcome, BlockOutcome::kDuplicate);
}

TEST(LedgerSubmit, ABlockOnTheTipIsConnected) {
  ChainWorld world;
  const MadeBlock made = MakeBlock(world.params, Genesis(world));
  const uint64_t generation = world.ledger->View()->generation;
  const SubmitResult result = world.Submit(made.block);
  EXPECT_EQ(result.outcome, BlockOutcome::kConnected);
  EXPECT_EQ(result.reason, "");
  EXPECT_FALSE(result.violation.has_value());
  ASSERT_NE(result.entry, nullptr);
  EXPECT_EQ(result.entry, world.ledger->Find(made.block->hash()));
  EXPECT_EQ(result.entry->validity, Validity::kConnected);
  EXPECT_EQ(result.entry->tx_count, 1u);
  EXPECT_EQ(result.entry->chain_tx_count, 2u);
  EXPECT_EQ(result.entry->body_size, made.block->bytes().size());
  const ChainViewPtr view = world.ledger->View();
  EXPECT_EQ(view->tip, result.entry);
  EXPECT_EQ(view->best_header, result.entry);
  EXPECT_EQ(view->At(1), result.entry);
  EXPECT_EQ(view->At(2), nullptr);
  EXPECT_GT(view->generation, generation);
  const ByteSpan raw = made.block->bytes();
  EXPECT_EQ(world.ledger->ReadBlock(*result.entry), Bytes(raw.begin(), raw.end()));
  EXPECT_GE(world.ledger->SizeOnDisk(), raw.size());
}

TEST(LedgerSubmit, RawBytesAreParsedFirst) {
  ChainWorld world;
  const auto chain = MakeChain(world.params, Genesis(world), 2);
  const ByteSpan raw = chain[0].block->bytes();
  EXPECT_EQ(world.ledger->SubmitRawBlock(Bytes(raw.begin(), raw.end())).get().outcome,
            BlockOutcome::kConnected);
  for (const Bytes& malformed :
       {Bytes(), Bytes(79, 0), Bytes(raw.begin(), raw.end() - 1), Bytes(100, 0xff)}) {
    const SubmitResult result = world.ledger->SubmitRawBlock(malformed).get();
    EXPECT_EQ(result.outcome, BlockOutcome::kMalformed);
    EXPECT_THAT(result.reason, testing::StartsWith("block is malformed or cut short"));
    EXPECT_EQ(result.entry, nullptr);
  }
  world.Connect(chain[1].block);
}

TEST(LedgerSubmit, AnOrphanIsNotKept) {
  ChainWorld world;
  const auto chain = MakeChain(world.params, Genesis(world), 2);
  const SubmitResult orphan = world.Submit(chain[1].block);
  EXPECT_EQ(orphan.outcome, BlockOutcome::kOrphan);
  EXPECT_EQ(orphan.reason, "prev-blk-not-found");
  EXPECT_EQ(world.ledger->Find(chain[1].block->hash()), nullptr);
  EXPECT_EQ(world.Height(), 0);
  world.Connect(chain[0].block);
  world.Connect(chain[1].block);
}

TEST(LedgerSubmit, DuplicatesChangeNothing) {
  ChainWorld world;
  const auto main = MakeChain(world.params, Genesis(world), 2, 1);
  const auto side = MakeChain(world.params, Genesis(world), 1, 2);
  for (const MadeBlock& made : main) world.Connect(made.block);
  EXPECT_EQ(world.Submit(side[0].block).outcome, BlockOutcome::kStored);
  for (const MadeBlock& made : {main[0], main[1], side[0]}) {
    const SubmitResult again = world.Submit(made.block);
    EXPECT_EQ(again.outcome, BlockOutcome::kDuplicate);
    EXPECT_EQ(again.reason, "duplicate");
    EXPECT_EQ(again.entry, world.ledger->Find(made.block->hash()));
  }
  EXPECT_EQ(world.Tip(), main[1].block->hash().ToString());
}

TEST(LedgerSubmit, TheSameBlockManyTimesAtOnce) {
  ChainWorld world;
  const MadeBlock made = MakeBlock(world.params, Genesis(world));
  std::vector<std::future<SubmitResult>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(world.ledger->SubmitBlock(made.block));
  int connected = 0;
  for (auto& answer : answers) {
    const BlockOutcome outcome = answer.get().outcome;
    EXPECT_TRUE(outcome == BlockOutcome::kConnected || outcome == BlockOutcome::kDuplicate);
    connected += outcome == BlockOutcome::kConnected ? 1 : 0;
  }
  EXPECT_EQ(connected, 1);
}

TEST(LedgerSubmit, BodiesInAnyOrderBehindTheirHeaders) {
  ChainWorld world;
  const auto chain = MakeChain(world.params, Genesis(world), 6);
  EXPECT_EQ(world.ledger->SubmitHeaders(HeadersOf(chain)).accepted, 6u);
  for (const size_t i : {5, 3, 1, 2, 4}) {
    const SubmitResult stored = world.Submit(chain[i].block);
    EXPECT_EQ(stored.outcome, BlockOutcome::kStored) << stored.reason;
    EXPECT_EQ(stored.entry->validity, Validity::kBody);
    EXPECT_EQ(stored.entry->chain_tx_count, 0u);
    EXPECT_EQ(world.Height(), 0);
  }
  EXPECT_EQ(world.Submit(chain[0].block).outcome, BlockOutcome::kConnected);
  EXPECT_EQ(world.Height(), 6);
  EXPECT_EQ(world.ledger->View()->tip->chain_tx_count, 7u);
  EXPECT_THAT(Tips(world), ElementsAre("6:0:active"));
}

TEST(LedgerSubmit, OfEqualWorkTheFirstStays) {
  ChainWorld world;
  const auto first = MakeChain(world.params, Genesis(world), 3, 1);
  const auto second = MakeChain(world.params, Genesis(world), 4, 2);
  for (const MadeBlock& made : first) world.Connect(made.block);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(world.Submit(second[i].block).outcome, BlockOutcome::kStored);
    EXPECT_EQ(world.Tip(), first[2].block->hash().ToString());
  }
  EXPECT_THAT(Tips(world), testing::UnorderedElementsAre("3:0:active", "3:3:valid-headers"));
  world.Connect(second[3].block);
  EXPECT_EQ(world.Height(), 4);
  EXPECT_THAT(Tips(world), ElementsAre("4:0:active", "3:3:valid-fork"));
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(world.ledger->View()->At(static_cast<int>(i) + 1)->hash, second[i].block->hash());
  }
}

TEST(LedgerHeaders, AloneTheyMoveTheBestHeaderOnly) {
  ChainWorld world;
  const auto chain = MakeChain(world.params, Genesis(world), 5);
  const HeadersResult result = world.ledger->SubmitHeaders(HeadersOf(chain));
  EXPECT_EQ(result.accepted, 5u);
  EXPECT_EQ(result.reason, "");
  ASSERT_NE(result.last, nullptr);
  EXPECT_EQ(result.last->hash, chain[4].block->hash());
  EXPECT_FALSE(result.last->HasBody());
  const ChainViewPtr view = world.ledger->View();
  EXPECT_EQ(view->Height(), 0);
  EXPECT_EQ(view->best_header, result.last);
  EXPECT_EQ(world.ledger->ReadBlock(*result.last).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(Tips(world), ElementsAre("5:5:headers-only", "0:0:active"));
  // Known ones count as accepted.
  EXPECT_EQ(world.ledger->SubmitHeaders(HeadersOf(chain)).accepted, 5u);
  EXPECT_EQ(world.ledger->SubmitHeaders({}).accepted, 0u);
  EXPECT_EQ(world.ledger->SubmitHeaders({}).reason, "");
}

TEST(LedgerHeaders, TheFirstBadOneEndsTheRun) {
  ChainWorld world;
  const auto chain = MakeChain(world.params, Genesis(world), 5);
  std::vector<Header> headers = HeadersOf(chain);
  headers[3].time = 0;  // no longer linked to by the next, and without work
  test::SolveHeader(headers[3], world.params);
  const HeadersResult result = world.ledger->SubmitHeaders(headers);
  EXPECT_EQ(result.accepted, 3u);
  EXPECT_EQ(result.reason, "time-too-old");
  EXPECT_EQ(result.last->hash, chain[2].block->hash());
  EXPECT_EQ(world.ledger->Find(headers[3].Hash()), nullptr);
  EXPECT_EQ(world.ledger->SubmitHeaders({headers[4]}).reason, "prev-blk-not-found");
}

TEST(LedgerHeaders, WithoutWorkEvenAnOrphanIsSaidToBeWorthless) {
  ChainWorld world;
  Header header = MakeChain(world.params, Genesis(world), 2)[1].block->header();
  test::SolveHeader(header, world.params, false);
  EXPECT_EQ(world.ledger->SubmitHeaders({header}).reason, "high-hash");
}

TEST(LedgerHeaders, HeadersOfALosingBranchChangeNothing) {
  ChainWorld world;
  world.Extend(4, 1);
  const auto side = MakeChain(world.params, Genesis(world), 2, 2);
  EXPECT_EQ(world.ledger->SubmitHeaders(HeadersOf(side)).accepted, 2u);
  EXPECT_EQ(world.ledger->View()->best_header, world.ledger->View()->tip);
  EXPECT_THAT(Tips(world), ElementsAre("4:0:active", "2:2:headers-only"));
}

TEST(LedgerHeaders, OnACondemnedBlockTheyAreRefused) {
  ChainWorld world;
  BlockPlan greedy;
  greedy.fees = 1;
  const MadeBlock bad = MakeBlock(world.params, Genesis(world), greedy);
  EXPECT_EQ(world.ledger->SubmitHeaders({bad.block->header()}).accepted, 1u);
  EXPECT_EQ(world.ledger->View()->best_header->hash, bad.block->hash());
  EXPECT_EQ(world.Submit(bad.block).outcome, BlockOutcome::kRejected);
  EXPECT_EQ(world.ledger->View()->best_header->hash, world.params.genesis_hash);
  const MadeBlock child = MakeBlock(world.params, bad.place);
  EXPECT_EQ(world.ledger->SubmitHeaders({child.block->header()}).reason, "bad-prevblk");
  EXPECT_EQ(world.ledger->SubmitHeaders({bad.block->header()}).reason, "duplicate-invalid");
}

TEST(LedgerBranchTips, SayHowFarEachBranchIsKnown) {
  ChainWorld world;
  const auto trunk = MakeChain(world.params, Genesis(world), 6, 1);
  for (const MadeBlock& made : trunk) world.Connect(made.block);
  // A branch that was never connected, one that has a gap, one of headers, one that is invalid.
  const auto stored = MakeChain(world.params, trunk[2].place, 2, 2);
  for (const MadeBlock& made : stored) world.Submit(made.block);
  const auto gap = MakeChain(world.params, trunk[1].place, 3, 3);
  world.ledger->SubmitHeaders(HeadersOf(gap));
  world.Submit(gap[2].block);
  BlockPlan greedy;
  greedy.fees = 1;
  const MadeBlock bad = MakeBlock(world.params, trunk[5].place, greedy);
  EXPECT_EQ(world.Submit(bad.block).reason, "bad-cb-amount");
  EXPECT_THAT(Tips(world), testing::UnorderedElementsAre("6:0:active", "5:2:valid-headers",
                                                         "5:3:headers-only", "7:1:invalid"));
  // What lies on top of the active tip is a branch of its own.
  const auto ahead = MakeChain(world.params, trunk[5].place, 2, 4);
  world.ledger->SubmitHeaders(HeadersOf(ahead));
  EXPECT_THAT(Tips(world), testing::Contains("8:2:headers-only"));
  EXPECT_THAT(Tips(world), testing::Contains("6:0:active"));
}

TEST(LedgerCoins, AreFoundUntilSpent) {
  ChainWorld world;
  const auto chain = MakeChain(world.params, Genesis(world), 2);
  for (const MadeBlock& made : chain) world.Connect(made.block);
  const OutPoint reward = OutputOf(chain[0].block->transactions()[0]);
  auto coin = world.ledger->FindCoin(reward);
  ASSERT_TRUE(coin.has_value() && coin->has_value());
  EXPECT_EQ((*coin)->value, 50 * kCoin);
  EXPECT_EQ((*coin)->height, 1);
  EXPECT_TRUE((*coin)->coinbase);
  EXPECT_EQ((*coin)->script, Bytes{OP_1});
  EXPECT_EQ((*coin)->tip->hash, chain[1].block->hash());

  BlockPlan plan;
  plan.transactions = {MakeSpend(reward, 49 * kCoin)};
  plan.fees = kCoin;
  const MadeBlock spending = MakeBlock(world.params, chain[1].place, plan);
  world.Connect(spending.block);
  EXPECT_FALSE(world.ledger->FindCoin(reward)->has_value());
  coin = world.ledger->FindCoin(OutputOf(*plan.transactions[0]));
  ASSERT_TRUE(coin.has_value() && coin->has_value());
  EXPECT_FALSE((*coin)->coinbase);
  EXPECT_EQ((*coin)->height, 3);

  const auto spent = world.ledger->ReadSpentCoins(*world.ledger->View()->tip);
  ASSERT_TRUE(spent.has_value());
  ASSERT_EQ(spent->size(), 1u);
  EXPECT_EQ((*spent)[0].value, 50 * kCoin);
  EXPECT_EQ((*spent)[0].height, 1);
  EXPECT_TRUE((*spent)[0].coinbase);
  EXPECT_EQ((*spent)[0].script, Bytes{OP_1});
  EXPECT_TRUE(world.ledger->ReadSpentCoins(*world.ledger->View()->At(1))->empty());
}

TEST(LedgerTestBlock, JudgesATemplateWithoutKeepingIt) {
  ChainWorld world;
  const Place tip = world.Extend(3);
  MadeBlock made = MakeBlock(world.params, tip);
  Header unsolved = made.block->header();
  test::SolveHeader(unsolved, world.params, false);
  Bytes raw(made.block->bytes().begin(), made.block->bytes().end());
  const auto serialized = unsolved.Serialize();
  std::copy(serialized.begin(), serialized.end(), raw.begin());
  const BlockPtr candidate = *Block::Parse(raw);
  EXPECT_EQ(world.ledger->TestBlock(candidate), std::nullopt);
  EXPECT_EQ(world.ledger->Find(candidate->hash()), nullptr);
  EXPECT_EQ(world.Height(), 3);

  BlockPlan greedy;
  greedy.fees = 1;
  EXPECT_EQ(world.ledger->TestBlock(MakeBlock(world.params, tip, greedy).block), "bad-cb-amount");
  BlockPlan tall;
  tall.edit_coinbase = [](TransactionDraft& draft) { draft.inputs[0].script_sig = {OP_1, OP_1}; };
  EXPECT_EQ(world.ledger->TestBlock(MakeBlock(world.params, tip, tall).block), "bad-cb-height");
  BlockPlan rootless;
  rootless.edit_header = [](Header& header) { header.merkle_root.bytes[0] ^= 1; };
  EXPECT_EQ(world.ledger->TestBlock(MakeBlock(world.params, tip, rootless).block),
            "bad-txnmrklroot");
  EXPECT_EQ(world.ledger->TestBlock(MakeBlock(world.params, Genesis(world)).block),
            "inconclusive-not-best-prevblk");
  world.Connect(made.block);  // nothing of all that was held against the chain
}

}  // namespace
}  // namespace cairn::ledger
