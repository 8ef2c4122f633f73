// Making blocks on request and continuously.
#include "cairn/mining/miner.h"

#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/chain_world.h"
#include "tests/unit/mining/support.h"

namespace cairn::mining {
namespace {

using namespace std::chrono_literals;
using test::ChainWorld;

/// A chain whose first block needs this target, if its time is late enough.
consensus::Params WithTarget(uint32_t bits) {
  consensus::Params params = test::QuickRegtest();
  params.retarget.limit_bits = bits;
  params.retarget.never = false;
  params.retarget.allow_min_difficulty = true;
  return params;
}

/// A chain whose target no test will ever meet.
consensus::Params Hopeless() { return WithTarget(0x03000001); }

TEST(MineBlock, MovesTheTip) {
  ChainWorld world;
  for (int height = 1; height <= 5; ++height) {
    uint64_t tries = 1000;
    const auto block = MineBlock(*world.ledger, world.clock, PayAnyone(), tries, true, kNeverStop);
    ASSERT_TRUE(block.has_value() && *block != nullptr);
    EXPECT_EQ(world.Height(), height);
    EXPECT_EQ(world.Tip(), (*block)->hash().ToString());
    EXPECT_EQ(tries, 1000 - (*block)->header().nonce - 1);
    EXPECT_EQ((*block)->transactions()[0].outputs[0].script.size(), 1u);
  }
}

TEST(MineBlock, UsesTheClockThatItIsGiven) {
  ChainWorld world;
  world.clock.SetMock(1'600'000'000);
  uint64_t tries = 1000;
  const auto block = MineBlock(*world.ledger, world.clock, PayAnyone(), tries, true, kNeverStop);
  ASSERT_TRUE(block.has_value() && *block != nullptr);
  EXPECT_EQ((*block)->header().time, 1'600'000'000u);
}

TEST(MineBlock, KeepsTheBlockToItselfIfAsked) {
  ChainWorld world;
  uint64_t tries = 1000;
  const auto block = MineBlock(*world.ledger, world.clock, PayAnyone(), tries, false, kNeverStop);
  ASSERT_TRUE(block.has_value() && *block != nullptr);
  EXPECT_EQ(world.Height(), 0);
  EXPECT_EQ(world.ledger->Find((*block)->hash()), nullptr);
  world.Connect(*block);
}

TEST(MineBlock, GivesNothingWhenTriesRunOutOrItIsStopped) {
  ChainWorld world;
  uint64_t none = 0;
  auto block = MineBlock(*world.ledger, world.clock, PayAnyone(), none, true, kNeverStop);
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(*block, nullptr);
  const std::atomic<bool> stop{true};
  uint64_t tries = 1000;
  block = MineBlock(*world.ledger, world.clock, PayAnyone(), tries, true, stop);
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(*block, nullptr);
  EXPECT_EQ(world.Height(), 0);
}

TEST(MineBlock, SpendsItsTriesOnAHopelessTarget) {
  ChainWorld world(Hopeless());
  uint64_t tries = 1000;
  const auto block = MineBlock(*world.ledger, world.clock, PayAnyone(), tries, true, kNeverStop);
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(*block, nullptr);
  EXPECT_EQ(tries, 0u);
}

TEST(MineBlock, SaysWhyABlockIsRefused) {
  ChainWorld world;
  TemplateOptions options = PayAnyone();
  options.version = 1;
  uint64_t tries = 1000;
  auto block = MineBlock(*world.ledger, world.clock, options, tries, true, kNeverStop);
  ASSERT_FALSE(block.has_value());
  EXPECT_EQ(block.error().message, "bad-version(0x00000001)");
  world.ledger->Stop();
  block = MineBlock(*world.ledger, world.clock, PayAnyone(), tries, true, kNeverStop);
  ASSERT_FALSE(block.has_value());
  EXPECT_EQ(block.error().message, "the ledger has stopped");
}

void WaitForHeight(const ChainWorld& world, int height) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (world.Height() < height && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_GE(world.Height(), height);
}

TEST(Miner, MinesUntilItIsDestroyed) {
  ChainWorld world;
  uint64_t found = 0;
  {
    Miner miner(*world.ledger, world.clock, {PayAnyone(), 0s});
    WaitForHeight(world, 5);
    found = miner.blocks_found();
  }
  const int height = world.Height();
  EXPECT_GE(height, static_cast<int>(found));
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(world.Height(), height);
}

TEST(Miner, SearchesFurtherThanOneLook) {
  ChainWorld world;
  world.clock.SetMock(1'700'000'000);
  LastTemplate last;
  MinerOptions options{PayAnyone(), 0s};
  options.tries_per_look = 1;  // half of all blocks have another nonce than the first
  options.last_template = &last;
  const Miner miner(*world.ledger, world.clock, options);
  WaitForHeight(world, 20);
  EXPECT_TRUE(last.Get().has_value());
}

TEST(Miner, MeetsATargetThatOneLookDoesNotReach) {
  // The first nonce that solves a block of this time is the 1,124,457th.
  ChainWorld world(WithTarget(0x1e07ffff));
  world.clock.SetMock(1'700'000'016);
  MinerOptions options{PayAnyone(), 3600s};
  options.tries_per_look = 1 << 20;
  ASSERT_GT(1'124'456u, options.tries_per_look);
  const Miner miner(*world.ledger, world.clock, options);
  WaitForHeight(world, 1);
  const ledger::HeaderEntry* tip = world.ledger->View()->tip;
  EXPECT_EQ(tip->header.time, 1'700'000'016u);
  EXPECT_EQ(tip->header.nonce, 1'124'456u);
}

TEST(Miner, ThreadsSearchDifferentHeaders) {
  ChainWorld world;
  MinerOptions options{PayAnyone(), 0s};
  options.threads = 3;
  const Miner miner(*world.ledger, world.clock, options);
  std::set<Bytes> beginnings;  // what is behind the height in the coinbases
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  for (int height = 17; beginnings.size() < 3; ++height) {
    WaitForHeight(world, height);
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    const ledger::ChainViewPtr view = world.ledger->View();
    const auto block = Block::Parse(world.ledger->ReadBlock(*view->At(height)).value());
    ASSERT_TRUE(block.has_value());
    const ByteSpan script = (*block)->transactions()[0].inputs[0].script_sig;
    beginnings.emplace(script.begin() + 1 + script[0], script.end());
  }
  EXPECT_EQ(beginnings, (std::set<Bytes>{{0}, {0, 4, 1, 0, 0, 0}, {0, 4, 2, 0, 0, 0}}));
}

TEST(Miner, CountsItsHashes) {
  ChainWorld world(Hopeless());
  HashMeter meter;
  MinerOptions options{PayAnyone(), 0s};
  options.meter = &meter;
  options.look_every = 1ms;
  options.threads = 2;
  const Miner miner(*world.ledger, world.clock, options);
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (meter.Get(std::chrono::steady_clock::now()).hashes < 10'000) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_GT(meter.Get(std::chrono::steady_clock::now()).per_second, 0);
}

TEST(Miner, RollsVersionsWhereBlocksAreNotMadeOnDemand) {
  consensus::Params params = WithTarget(0x1f00ffff);
  params.mine_on_demand = false;
  ChainWorld world(params);
  world.clock.SetMock(1'700'000'000);
  const Miner miner(*world.ledger, world.clock, {PayAnyone(), 0s});
  std::set<int32_t> versions;
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  for (int height = 1; versions.size() < 2; ++height) {
    WaitForHeight(world, height);
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    versions.insert(world.ledger->View()->At(height)->header.version & 0x1fffe000);
  }
}

TEST(Miner, PausesBetweenBlocksAndEndsAtOnce) {
  ChainWorld world;
  const auto start = std::chrono::steady_clock::now();
  {
    Miner miner(*world.ledger, world.clock, {PayAnyone(), 3600s});
    WaitForHeight(world, 1);
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(world.Height(), 1);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);
}

TEST(Miner, EndsWhileItSearches) {
  ChainWorld world(Hopeless());
  const auto start = std::chrono::steady_clock::now();
  {
    Miner miner(*world.ledger, world.clock, {PayAnyone(), 0s});
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(miner.blocks_found(), 0u);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
  EXPECT_EQ(world.Height(), 0);
}

TEST(Miner, OutlivesAStoppedLedger) {
  ChainWorld world;
  Miner miner(*world.ledger, world.clock, {PayAnyone(), 0s});
  WaitForHeight(world, 1);
  world.ledger->Stop();
  std::this_thread::sleep_for(20ms);
}

TEST(Miner, KeepsABlockThatCannotBeStored) {
  ChainWorld world;
  const test::TempDir folder;
  world.ledger->Stop();
  MinerOptions options{PayAnyone(), 0s};
  options.found_folder = folder.path();
  const Miner miner(*world.ledger, world.clock, options);
  const BlockPtr block = WaitForFoundBlock(folder.path());
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->header().previous, world.ledger->View()->tip->hash);
}

TEST(Miner, SharesTheChainWithOthers) {
  ChainWorld world;
  {
    Miner first(*world.ledger, world.clock, {PayAnyone(), 0s});
    TemplateOptions other;
    other.payout_script = {OP_1, OP_1};
    Miner second(*world.ledger, world.clock, {other, 0s});
    WaitForHeight(world, 10);
  }
  EXPECT_EQ(world.ledger->FailureReason(), "");
}

}  // namespace
}  // namespace cairn::mining
