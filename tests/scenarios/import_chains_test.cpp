// Every chain of the vectors imports on its network, and a second start does no work.

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/ledger_world.h"
#include "tests/support/vectors.h"

namespace cairn::test {
namespace {

struct ChainCase {
  const char* network;
  const char* file;
  int height;
  const char* tip;
};

const ChainCase kChains[] = {
    {"mainnet", "mainnet_0_599.dat", 599,
     "0000000042844571bc6bce8e1c0fbec99466971eaff89fef8c0d123582181d4d"},
    {"mainnet", "mainnet_alt_0_2016.dat", 2016,
     "000000000c806553811fd3e6c40bc9c279db53643da7d3b401a9882c074c24b2"},
    {"signet", "signet_0_120.dat", 120,
     "0000013673a6d6169418a65dc888b51c10dd666ef0e82785515c2086476066ea"},
    {"regtest", "regtest_0_206.dat", 206,
     "3de082158b117acd088306c395d09771bb7cbf0b7355796c1b1e0bd748ef9bed"},
    {"regtest", "regtest_reorg.dat", 16,
     "4572ac401b94915dde6c4957b706abdb13b5824b000cad7f6065ebd9aea6dad1"},
};

class ImportChains : public testing::TestWithParam<ChainCase> {};

TEST_P(ImportChains, ReachesTheKnownTipAndKeepsEveryByte) {
  CAIRN_NEED_VECTORS();
  const ChainCase chain = GetParam();
  const std::filesystem::path file = VectorPath("chains/" + std::string(chain.file));
  LedgerWorld world(ChainNamed(chain.network));
  const ledger::ImportReport report = world.Import(file);
  EXPECT_EQ(report.error, "");
  EXPECT_EQ(world.Tip(), chain.tip);
  EXPECT_EQ(world.Height(), chain.height);

  const std::vector<Bytes> blocks = SplitFrames(ReadBinary(file));
  EXPECT_EQ(report.blocks, blocks.size() - 1);  // all but genesis, side branches included
  const auto all_stored = [&] {
    for (const Bytes& block : blocks) {
      const BlockHash hash = Header::From(ByteSpan(block).first<Header::kSize>()).Hash();
      const ledger::HeaderEntry* entry = world.ledger->Find(hash);
      ASSERT_NE(entry, nullptr);
      const auto stored = world.ledger->ReadBlock(*entry);
      ASSERT_TRUE(stored.has_value()) << stored.error().message;
      ASSERT_EQ(*stored, block);
    }
  };
  all_stored();
  world.Reopen();
  EXPECT_EQ(world.Tip(), chain.tip);
  all_stored();
  const ledger::ImportReport again = world.Import(file);
  EXPECT_EQ(again.error, "");
  EXPECT_EQ(again.blocks, 0u);
  EXPECT_EQ(again.known, blocks.size());
}

TEST_P(ImportChains, InAnyOrderOfBlocks) {
  CAIRN_NEED_VECTORS();
  const ChainCase chain = GetParam();
  LedgerWorld world(ChainNamed(chain.network));
  std::vector<Bytes> blocks =
      SplitFrames(ReadBinary(VectorPath("chains/" + std::string(chain.file))));
  std::shuffle(blocks.begin(), blocks.end(), std::mt19937(7));
  const ledger::ImportReport report = world.ImportBytes(JoinFrames(blocks, world.params));
  EXPECT_EQ(report.error, "");
  EXPECT_EQ(world.Tip(), chain.tip);
}

TEST_P(ImportChains, WithAFlushAtEveryBlockAndNoCache) {
  CAIRN_NEED_VECTORS();
  const ChainCase chain = GetParam();
  LedgerWorld world(ChainNamed(chain.network));
  world.ledger.reset();
  world.options.flush_every_blocks = 1;
  world.options.cache_bytes = 0;
  world.Open();
  const ledger::ImportReport report = world.Import(VectorPath("chains/" + std::string(chain.file)));
  EXPECT_EQ(report.error, "");
  EXPECT_EQ(world.Tip(), chain.tip);
}

INSTANTIATE_TEST_SUITE_P(All, ImportChains, testing::ValuesIn(kChains), [](const auto& test) {
  const std::string name = test.param.file;
  return name.substr(0, name.find('.'));
});

TEST(ImportExceptions, AnImmatureSpendIsRefusedAtHeightTwo) {
  CAIRN_NEED_VECTORS();
  LedgerWorld world(ChainNamed("mainnet"));
  const auto report = world.Import(VectorPath("chains/mainnet_params_reorg.dat"));
  EXPECT_EQ(world.Height(), 1);
  EXPECT_THAT(report.error, testing::HasSubstr("height 2, offset "));
  EXPECT_THAT(report.error, testing::HasSubstr("bad-txns-premature-spend-of-coinbase"));
}

TEST(ImportExceptions, WithMaturityOneTheSameChainReorganises) {
  CAIRN_NEED_VECTORS();
  consensus::Params params = ChainNamed("mainnet");
  params.coinbase_maturity = 1;
  LedgerWorld world(std::move(params));
  const auto file = VectorPath("chains/mainnet_params_reorg.dat");
  const auto report = world.Import(file);
  EXPECT_EQ(report.error, "");
  const Bytes last = SplitFrames(ReadBinary(file)).back();
  EXPECT_EQ(world.Height(), 5);
  EXPECT_EQ(world.Tip(), Header::From(ByteSpan(last).first<Header::kSize>()).Hash().ToString());
}

TEST(ImportReorganisation, TheChainWithMoreWorkWinsWhicheverComesFirst) {
  CAIRN_NEED_VECTORS();
  const auto real = VectorPath("chains/mainnet_0_599.dat");
  const auto other = VectorPath("chains/mainnet_alt_0_2016.dat");
  LedgerWorld world(ChainNamed("mainnet"));
  EXPECT_EQ(world.Import(real).error, "");
  EXPECT_EQ(world.Import(other).error, "");
  EXPECT_EQ(world.Height(), 2016);
  world.Reopen();
  EXPECT_EQ(world.Height(), 2016);

  LedgerWorld reversed(ChainNamed("mainnet"));
  EXPECT_EQ(reversed.Import(other).error, "");
  EXPECT_EQ(reversed.Import(real).error, "");
  EXPECT_EQ(reversed.Height(), 2016);
  EXPECT_EQ(reversed.Tip(), world.Tip());

  const auto tips = world.ledger->BranchTips();
  ASSERT_EQ(tips.size(), 2u);
  EXPECT_STREQ(tips[0].status, "active");
  EXPECT_EQ(tips[1].tip->height, 599);
  EXPECT_EQ(tips[1].branch_length, 599);
  EXPECT_STREQ(tips[1].status, "valid-fork");
}

}  // namespace
}  // namespace cairn::test
