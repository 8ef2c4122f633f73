// Pruning the block store: what goes is really freed, what stays is untouched, numbers go on.
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "cairn/storage/block_store.h"
#include "tests/support/temp_dir.h"

namespace cairn::storage {
namespace {

using test::TempDir;

constexpr uint64_t kBudget = 8 << 20;  // tables of 2 MiB
constexpr size_t kBody = 100'000;

std::unique_ptr<BlockStore> Open(const TempDir& folder) {
  auto opened = BlockStore::Open(folder / "blocks", kBudget);
  EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
  return opened ? *std::move(opened) : nullptr;
}

/// The body with this number: of its own content, and incompressible.
Bytes BodyOf(uint64_t sequence) {
  std::mt19937_64 random(sequence);
  Bytes body(kBody);
  for (size_t i = 0; i + 8 <= body.size(); i += 8) {
    const uint64_t noise = random();
    std::copy_n(reinterpret_cast<const uint8_t*>(&noise), 8, body.begin() + static_cast<long>(i));
  }
  return body;
}

void AppendBodies(BlockStore& store, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t sequence = store.next_sequence();
    ASSERT_TRUE(store.WriteBody(sequence, BodyOf(sequence)).has_value());
  }
}

void ExpectRun(const BlockStore& store, uint64_t first, uint64_t last, bool there) {
  for (uint64_t sequence = first; sequence <= last; ++sequence) {
    const auto body = store.ReadBody(sequence);
    ASSERT_EQ(body.has_value(), there) << sequence;
    if (there) {
      ASSERT_EQ(*body, BodyOf(sequence)) << sequence;
    } else {
      ASSERT_EQ(body.error().code, ErrorCode::kNotFound);
    }
  }
}

TEST(Prune, FreesTheRoomOfTheRun) {
  const TempDir folder;
  {
    const auto store = Open(folder);
    AppendBodies(*store, 200);
    const uint64_t full = store->DiskBytes();
    EXPECT_GT(full, 200 * kBody);
    ASSERT_TRUE(store->PruneBelow(151).has_value());
    EXPECT_LT(store->DiskBytes(), 60 * kBody);
    EXPECT_FALSE(store->Has(150));
    EXPECT_TRUE(store->Has(151));
    EXPECT_EQ(store->first_sequence(), 151u);
    ExpectRun(*store, 1, 150, false);
    ExpectRun(*store, 151, 200, true);
  }
  const auto store = Open(folder);
  EXPECT_EQ(store->first_sequence(), 151u);
  EXPECT_EQ(store->next_sequence(), 201u);
  EXPECT_FALSE(store->Has(150));
  ExpectRun(*store, 151, 200, true);
}

TEST(Prune, RunAfterRunKeepsTheStoreSmall) {
  const TempDir folder;
  const auto store = Open(folder);
  uint64_t most = 0;
  for (int round = 0; round < 20; ++round) {
    AppendBodies(*store, 40);
    if (store->next_sequence() > 81) {
      ASSERT_TRUE(store->PruneBelow(store->next_sequence() - 80).has_value());
    }
    most = std::max(most, store->DiskBytes());
  }
  EXPECT_LT(most, 140 * kBody);  // 120 before a run goes, and the buffer's log
  ExpectRun(*store, store->next_sequence() - 80, store->next_sequence() - 1, true);
}

TEST(Prune, ARunInTheMiddleLeavesBothSides) {
  const TempDir folder;
  const auto store = Open(folder);
  AppendBodies(*store, 100);
  const uint64_t full = store->DiskBytes();
  ASSERT_TRUE(store->PruneRun(31, 80).has_value());
  EXPECT_LT(store->DiskBytes(), full - 45 * kBody);
  EXPECT_EQ(store->first_sequence(), 1u);
  ExpectRun(*store, 1, 30, true);
  ExpectRun(*store, 31, 80, false);
  ExpectRun(*store, 81, 100, true);
  ASSERT_TRUE(store->PruneBelow(41).has_value());
  EXPECT_EQ(store->first_sequence(), 41u);
  ExpectRun(*store, 81, 100, true);
}

TEST(Prune, TheNewestRecordStays) {
  const TempDir folder;
  {
    const auto store = Open(folder);
    ASSERT_TRUE(store->PruneBelow(100).has_value());  // an empty one
    AppendBodies(*store, 1);
    ASSERT_TRUE(store->PruneBelow(100).has_value());
    ExpectRun(*store, 1, 1, true);
    AppendBodies(*store, 5);
    ASSERT_TRUE(store->PruneRun(0, UINT64_MAX).has_value());
    ExpectRun(*store, 1, 5, false);
    ExpectRun(*store, 6, 6, true);
    ASSERT_TRUE(store->PruneRun(9, 3).has_value());
    EXPECT_TRUE(store->Has(6));
  }
  EXPECT_EQ(Open(folder)->next_sequence(), 7u);
}

TEST(Prune, PruningWhatIsGoneCostsNothing) {
  const TempDir folder;
  const auto store = Open(folder);
  AppendBodies(*store, 50);
  ASSERT_TRUE(store->PruneBelow(41).has_value());
  const uint64_t before = store->DiskBytes();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(store->PruneBelow(41).has_value());
  EXPECT_EQ(store->DiskBytes(), before);
}

TEST(Prune, AppendingGoesOnMeanwhile) {
  const TempDir folder;
  const auto store = Open(folder);
  AppendBodies(*store, 100);
  std::thread writer([&] { AppendBodies(*store, 100); });
  for (uint64_t below = 10; below <= 100; below += 10) {
    EXPECT_TRUE(store->PruneBelow(below).has_value());
  }
  writer.join();
  ExpectRun(*store, 1, 99, false);
  ExpectRun(*store, 100, 200, true);
}

}  // namespace
}  // namespace cairn::storage
