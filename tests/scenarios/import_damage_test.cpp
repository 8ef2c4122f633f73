// A damaged import file never crashes the node, never passes a wrong block, and is always named.

#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/ledger_world.h"
#include "tests/support/vectors.h"

namespace cairn::test {
namespace {

/// The hashes of the true chain, by height.
std::vector<std::string> TrueHashes(const std::vector<Bytes>& blocks) {
  std::vector<std::string> hashes;
  for (const Bytes& block : blocks) {
    hashes.push_back(Header::From(ByteSpan(block).first<Header::kSize>()).Hash().ToString());
  }
  return hashes;
}

/// The first 150 blocks hold mainnet's first cases; a short file keeps 200 imports quick.
std::vector<Bytes> ShortChain() {
  std::vector<Bytes> blocks = SplitFrames(ReadBinary(VectorPath("chains/mainnet_0_599.dat")));
  blocks.resize(180);  // block 170 has the first spend
  return blocks;
}

TEST(ImportDamage, AFlippedBitIsNamedAndStopsNothingBefore) {
  CAIRN_NEED_VECTORS();
  const std::vector<Bytes> blocks = ShortChain();
  const std::vector<std::string> hashes = TrueHashes(blocks);
  const consensus::Params params = ChainNamed("mainnet");
  const Bytes file = JoinFrames(blocks, params);
  std::mt19937 random(2009);
  for (int i = 0; i < 200; ++i) {
    Bytes flipped = file;
    const size_t place = random() % file.size();
    flipped[place] ^= static_cast<uint8_t>(1u << random() % 8);
    SCOPED_TRACE("byte " + std::to_string(place));

    // The frame that was hit: all before it must be in.
    size_t frame = 0;
    for (size_t end = 8 + blocks[0].size(); end <= place; ++frame)
      end += 8 + blocks[frame + 1].size();

    LedgerWorld world(params);
    const ledger::ImportReport report = world.ImportBytes(flipped);
    ASSERT_NE(report.error, "");
    ASSERT_THAT(report.error, testing::HasSubstr("offset "));
    const int height = world.Height();
    ASSERT_EQ(height, frame == 0 ? 0 : static_cast<int>(frame) - 1) << report.error;
    for (int at = 0; at <= height; ++at) {
      ASSERT_EQ(world.ledger->View()->At(at)->hash.ToString(), hashes[static_cast<size_t>(at)]);
    }
    // The node runs on: the undamaged file goes in.
    if (i % 10 == 0) {
      ASSERT_EQ(world.ImportBytes(file).error, "");
      ASSERT_EQ(world.Tip(), hashes.back());
    }
  }
}

TEST(ImportDamage, ATruncatedFileKeepsWhatCameBefore) {
  CAIRN_NEED_VECTORS();
  const std::vector<Bytes> blocks = ShortChain();
  const consensus::Params params = ChainNamed("mainnet");
  const Bytes file = JoinFrames(blocks, params);
  std::mt19937 random(11);
  std::set<size_t> ends = {0};
  for (const Bytes& block : blocks) ends.insert(*ends.rbegin() + 8 + block.size());
  for (int i = 0; i < 60; ++i) {
    const size_t size = random() % file.size();
    LedgerWorld world(params);
    const auto report =
        world.ImportBytes(Bytes(file.begin(), file.begin() + static_cast<long>(size)));
    const auto whole = std::distance(ends.begin(), ends.upper_bound(size)) - 1;  // frames
    ASSERT_EQ(world.Height(), std::max<long>(whole - 1, 0)) << size;
    if (ends.contains(size)) {
      ASSERT_EQ(report.error, "");
    } else {
      ASSERT_THAT(report.error, testing::HasSubstr("cut short"));
    }
  }
}

TEST(ImportDamage, ZeroesAtTheEndArePadding) {
  CAIRN_NEED_VECTORS();
  const std::vector<Bytes> blocks = ShortChain();
  LedgerWorld world(ChainNamed("mainnet"));
  Bytes file = JoinFrames(blocks, world.params);
  file.resize(file.size() + 100'000);
  EXPECT_EQ(world.ImportBytes(file).error, "");
  EXPECT_EQ(world.Height(), 179);
  file.back() = 1;
  EXPECT_THAT(world.ImportBytes(file).error, testing::HasSubstr("magic"));
}

TEST(ImportDamage, FilesThatAreNoBootstrapFiles) {
  LedgerWorld world(ChainNamed("regtest"));
  EXPECT_EQ(world.ImportBytes({}).error, "");
  EXPECT_THAT(world.ImportBytes({1, 2, 3}).error, testing::HasSubstr("cut short"));
  EXPECT_THAT(world.ImportBytes(Bytes(500, 0x41)).error, testing::HasSubstr("magic"));
  EXPECT_THAT(world.Import(world.folder / "absent.dat").error, testing::HasSubstr("cannot open"));
  EXPECT_THAT(world.Import(world.folder.path()).error, testing::HasSubstr("cannot open"));
  Bytes endless;
  Writer(endless).Raw(world.params.magic).U32(0xffffffff).Raw(Bytes(100, 0));
  EXPECT_THAT(world.ImportBytes(endless).error, testing::HasSubstr("4294967295 bytes"));
  EXPECT_EQ(world.Height(), 0);
}

TEST(ImportDamage, AnotherNetworksBlocksAreRefused) {
  CAIRN_NEED_VECTORS();
  LedgerWorld world(ChainNamed("regtest"));
  std::vector<Bytes> blocks = ShortChain();
  blocks.erase(blocks.begin());
  const auto report = world.ImportBytes(JoinFrames(blocks, world.params));
  EXPECT_THAT(report.error, testing::HasSubstr("unknown parent"));
  EXPECT_EQ(world.Height(), 0);
}

}  // namespace
}  // namespace cairn::test
