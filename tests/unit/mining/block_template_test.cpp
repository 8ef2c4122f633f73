// Block templates: the very blocks that Bitcoin Core made on the same chain, and the rules of time
// and version.
#include "cairn/mining/block_template.h"

#include <deque>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/mining/solver.h"
#include "consensus/deployments.h"
#include "tests/support/chain_world.h"
#include "tests/support/vectors.h"

namespace cairn::mining {
namespace {

using test::ChainNamed;
using test::ChainWorld;

BlockPtr SolveTemplate(const BlockTemplate& job) {
  Header header = job.header;
  uint64_t tries = 1'000'000;
  const std::atomic<bool> stop{false};
  EXPECT_EQ(Solve(header, tries, stop), SolveOutcome::kSolved);
  return job.Finish(header);
}

TEST(BlockTemplate, IsByteForByteWhatBitcoinCoreMade) {
  CAIRN_NEED_VECTORS();
  ChainWorld world(ChainNamed("regtest"));
  size_t compared = 0;
  for (const Bytes& raw :
       test::SplitFrames(test::ReadBinary(test::VectorPath("chains/regtest_0_206.dat")))) {
    const BlockPtr block = *Block::Parse(raw);
    if (block->hash() == world.params.genesis_hash) continue;
    if (block->transactions().size() == 1) {
      TemplateOptions options;
      const ByteSpan payout = block->transactions()[0].outputs[0].script;
      options.payout_script.assign(payout.begin(), payout.end());
      const BlockTemplate job = BuildTemplate(*world.ledger->View(), options, block->header().time);
      EXPECT_EQ(job.height, world.Height() + 1);
      ASSERT_EQ(ToHex(SolveTemplate(job)->bytes()), ToHex(raw)) << "height " << job.height;
      ++compared;
    }
    world.Connect(block);
  }
  EXPECT_GT(compared, 150u);
}

// The other chain of mainnet, which begins with its real genesis block: 2,015 blocks at difficulty
// 1 and the first after a retarget. Its miner made barer coinbases, so that their nonces solve
// nothing of ours; functional_mined_work solves one anew.
TEST(BlockTemplate, OfMainnetFollowsTheRulesOfTheOtherChain) {
  CAIRN_NEED_VECTORS();
  ChainWorld world(ChainNamed("mainnet"));
  for (const Bytes& raw :
       test::SplitFrames(test::ReadBinary(test::VectorPath("chains/mainnet_alt_0_2016.dat")))) {
    const BlockPtr block = *Block::Parse(raw);
    if (block->hash() == world.params.genesis_hash) continue;
    const Transaction& theirs = block->transactions()[0];
    TemplateOptions options;
    options.payout_script.assign(theirs.outputs[0].script.begin(), theirs.outputs[0].script.end());
    const BlockTemplate job = BuildTemplate(*world.ledger->View(), options, block->header().time);
    Header expected = block->header();
    expected.merkle_root = job.header.merkle_root;
    expected.nonce = 0;
    ASSERT_EQ(job.header, expected) << "height " << job.height;
    const Transaction& ours = *job.transactions[0];
    ASSERT_EQ(ours.outputs[0].value, theirs.outputs[0].value);
    ASSERT_TRUE(Equal(ours.outputs[0].script, theirs.outputs[0].script));
    ASSERT_EQ(world.ledger->TestBlock(job.Finish(job.header)), std::nullopt);
    world.Connect(block);
  }
  EXPECT_EQ(world.Height(), 2016);
  EXPECT_EQ(world.ledger->View()->tip->header.bits, 0x1c3fffc0u);
}

TEST(BlockTemplate, DependsOnNothingButItsArguments) {
  ChainWorld world;
  world.Extend(3);
  const auto view = world.ledger->View();
  TemplateOptions options;
  options.payout_script = {OP_1};
  const BlockTemplate first = BuildTemplate(*view, options, 1'400'000'000);
  world.Extend(2);
  const BlockTemplate second = BuildTemplate(*view, options, 1'400'000'000);
  EXPECT_EQ(first.header, second.header);
  EXPECT_EQ(first.height, 4);
  EXPECT_EQ(first.header.nonce, 0u);
  EXPECT_EQ(first.header.previous, view->tip->hash);
  ASSERT_EQ(second.transactions.size(), 1u);
  EXPECT_TRUE(Equal(first.transactions[0]->bytes, second.transactions[0]->bytes));
}

TEST(BlockTemplate, WouldConnectAtEveryHeight) {
  ChainWorld world;  // over the first halving, at height 150
  TemplateOptions options;
  options.payout_script = {OP_1};
  for (int i = 0; i < 160; ++i) {
    const BlockTemplate job = BuildTemplate(*world.ledger->View(), options, 0);
    ASSERT_EQ(world.ledger->TestBlock(job.Finish(job.header)), std::nullopt);
    const Amount expected = job.height < 150 ? 50 * kCoin : 25 * kCoin;
    ASSERT_EQ(job.transactions[0]->outputs[0].value, expected);
    world.Connect(SolveTemplate(job));
  }
}

TEST(BlockTemplate, TakesTheTimeThatTheChainAllows) {
  ChainWorld world;
  world.Extend(20);
  const auto view = world.ledger->View();
  const int64_t median = view->tip->median_time;
  const TemplateOptions options;
  EXPECT_EQ(BuildTemplate(*view, options, 0).header.time, median + 1);
  EXPECT_EQ(BuildTemplate(*view, options, median).header.time, median + 1);
  EXPECT_EQ(BuildTemplate(*view, options, median + 1).header.time, median + 1);
  EXPECT_EQ(BuildTemplate(*view, options, median + 2).header.time, median + 2);
  EXPECT_EQ(BuildTemplate(*view, options, 2'000'000'000).header.time, 2'000'000'000u);
}

TEST(BlockTemplate, VotesUnlessAVersionIsForced) {
  ChainWorld world;
  TemplateOptions options;
  EXPECT_EQ(BuildTemplate(*world.ledger->View(), options, 0).header.version, 0x20000000);
  options.version = 4;
  EXPECT_EQ(BuildTemplate(*world.ledger->View(), options, 0).header.version, 4);
  options.version.reset();
  world.Extend(143);  // the next block begins the first period after the start of testdummy
  EXPECT_EQ(BuildTemplate(*world.ledger->View(), options, 0).header.version, 0x30000000);
}

/// A chain of headers without a ledger, to stand where a real one would be long.
class BareChain {
 public:
  explicit BareChain(const consensus::Params& params) : params_(params) {}

  void Add(uint32_t time, uint32_t bits) {
    ledger::HeaderEntry& entry = entries_.emplace_back();
    entry.header.time = time;
    entry.header.bits = bits;
    entry.height = static_cast<int>(entries_.size()) - 1;
    if (entry.height > 0) entry.parent = &entries_[entries_.size() - 2];
    entry.median_time = consensus::MedianTimePast(ledger::EntryAncestors(&entry));
    entry.states = consensus::GenesisStates(params_);
  }

  ledger::ChainView View() const {
    ledger::ChainView view;
    view.params = &params_;
    view.tip = &entries_.back();
    return view;
  }

 private:
  const consensus::Params& params_;
  std::deque<ledger::HeaderEntry> entries_;
};

TEST(BlockTemplate, AVersionIsForcedOnlyWhereBlocksAreMinedOnDemand) {
  const consensus::Params params = ChainNamed("testnet3");
  BareChain chain(params);
  chain.Add(1'700'000'000, params.retarget.limit_bits);
  TemplateOptions options;
  options.version = 4;
  EXPECT_EQ(BuildTemplate(chain.View(), options, 0).header.version, 0x20000000);
}

TEST(BlockTemplate, HasNoWitnessWhereSegwitIsNotInForce) {
  consensus::Params params = test::QuickRegtest();
  params.heights.segwit = 3;
  ChainWorld world(params);
  TemplateOptions options;
  options.payout_script = {OP_1};
  for (int height = 1; height <= 4; ++height) {
    const BlockTemplate job = BuildTemplate(*world.ledger->View(), options, 0);
    EXPECT_EQ(job.transactions[0]->has_witness, height >= 3) << height;
    world.Connect(SolveTemplate(job));
  }
}

TEST(BlockTemplate, DoesNotWarpTimeWhereAPeriodBegins) {
  consensus::Params params = ChainNamed("testnet4");
  ASSERT_TRUE(params.retarget.timewarp_guard);
  params.retarget.timespan_seconds = 4 * params.retarget.spacing_seconds;
  BareChain chain(params);
  for (uint32_t i = 0; i < 3; ++i) chain.Add(1'700'000'000 + i, params.retarget.limit_bits);
  chain.Add(1'700'100'000, params.retarget.limit_bits);  // far ahead of the median
  const TemplateOptions options;
  EXPECT_EQ(BuildTemplate(chain.View(), options, 0).header.time, 1'700'100'000u - 600);
  params.retarget.timewarp_guard = false;
  EXPECT_EQ(BuildTemplate(chain.View(), options, 0).header.time, 1'700'000'003u);
}

TEST(BlockTemplate, AsksForTheTargetOfItsTime) {
  // testnet: a block more than twice the spacing after its parent may be of the easiest target.
  const consensus::Params params = ChainNamed("testnet3");
  BareChain chain(params);
  chain.Add(1'700'000'000, params.retarget.limit_bits);
  chain.Add(1'700'000'600, 0x1b0404cb);
  const TemplateOptions options;
  EXPECT_EQ(BuildTemplate(chain.View(), options, 1'700'001'800).header.bits, 0x1b0404cbu);
  EXPECT_EQ(BuildTemplate(chain.View(), options, 1'700'001'801).header.bits,
            params.retarget.limit_bits);
}

}  // namespace
}  // namespace cairn::mining
