// Shares on disk: what was stored is there again, counts and all, and the store stays small.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cairn/storage/database.h"
#include "src/mining/stratum/share_store.h"
#include "tests/support/format_page.h"
#include "tests/support/temp_dir.h"

namespace cairn::mining::stratum {
namespace {

using test::TempDir;
using Refused = ShareStore::Refused;

Share MakeShare(const std::string& worker, uint8_t script, double difficulty = 1,
                double reached = 1.5, UnixSeconds time = 1'700'000'000) {
  return {worker, Bytes{0x51, script}, difficulty, reached, time};
}

std::unique_ptr<ShareStore> Open(const TempDir& dir, const ShareStoreOptions& options = {}) {
  auto store = ShareStore::Open(dir / "stratum", options);
  EXPECT_TRUE(store.has_value()) << store.error().message;
  return *std::move(store);
}

void AddAndWait(ShareStore& store, Share share) {
  store.Add(std::move(share), [](bool stored) { EXPECT_TRUE(stored); });
  store.Synchronize();
}

TEST(StratumShareStore, CountsEachWorkersSharesAndKeepsTheCounts) {
  TempDir dir;
  {
    const auto store = Open(dir);
    AddAndWait(*store, MakeShare("a.1", 1, 2, 7.5, 100));
    AddAndWait(*store, MakeShare("b", 2, 0.25, 0.5, 101));
    AddAndWait(*store, MakeShare("a.1", 1, 4, 4.5, 102));
    store->CountRefused("a.1", Refused::kStale);
    store->CountRefused("a.1", Refused::kOther);
    store->CountRefused("a.1", Refused::kOther);
    store->CountRefused("never seen", Refused::kOther);
    store->Synchronize();
  }
  const auto store = Open(dir);
  const auto workers = store->Workers();
  ASSERT_EQ(workers.size(), 2u);
  EXPECT_EQ(workers[0].name, "a.1");
  EXPECT_EQ(workers[0].accepted, 2u);
  EXPECT_EQ(workers[0].stale, 1u);
  EXPECT_EQ(workers[0].rejected, 2u);
  EXPECT_EQ(workers[0].difficulty, 6);
  EXPECT_EQ(workers[0].best, 7.5);
  EXPECT_EQ(workers[0].last_share, 102);
  EXPECT_EQ(workers[1].name, "b");
  EXPECT_EQ(workers[1].accepted, 1u);
  EXPECT_EQ(workers[1].difficulty, 0.25);
  AddAndWait(*store, MakeShare("b", 2));
  EXPECT_EQ(store->Workers()[1].accepted, 2u);
}

// Whoever sends nothing else does not wake the store each time.
TEST(StratumShareStore, LetsRefusedSharesWaitForASecond) {
  TempDir dir;
  const auto store = Open(dir);
  AddAndWait(*store, MakeShare("a", 1));
  const auto begun = std::chrono::steady_clock::now();
  store->CountRefused("a", Refused::kOther);
  while (store->Workers()[0].rejected == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(990));
  store->CountRefused("a", Refused::kStale);
  AddAndWait(*store, MakeShare("a", 1));  // takes it along
  EXPECT_EQ(store->Workers()[0].stale, 1u);
}

TEST(StratumShareStore, FindsTheLastSharesOfSoMuchWork) {
  TempDir dir;
  for (const bool again : {false, true}) {
    const auto store = Open(dir);
    if (!again) {
      AddAndWait(*store, MakeShare("a", 1, 8));
      AddAndWait(*store, MakeShare("b", 2, 2));
      AddAndWait(*store, MakeShare("a.2", 1, 1));
      AddAndWait(*store, MakeShare("b", 2, 4));
    }
    const U256 one = WorkOfShare(1);
    const auto none = store->LastShares(0);
    EXPECT_TRUE(none.payees.empty());
    EXPECT_EQ(none.stored, 4u);
    const auto last = store->LastShares(one * 6);  // all of the last two, a half of b's first
    ASSERT_EQ(last.payees.size(), 2u);
    EXPECT_EQ(last.shares, 3u);
    EXPECT_EQ(last.work, one * 6);
    EXPECT_EQ(last.payees[0].script, (Bytes{0x51, 2}));
    EXPECT_EQ(last.payees[0].work, one * 5);
    EXPECT_EQ(last.payees[1].script, (Bytes{0x51, 1}));
    EXPECT_EQ(last.payees[1].work, one);
    const auto all = store->LastShares(~U256());
    EXPECT_EQ(all.shares, 4u);
    EXPECT_EQ(all.work, one * 15);
  }
}

TEST(StratumShareStore, DeletesOldSharesAndKeepsTheTotals) {
  TempDir dir;
  const ShareStoreOptions options{.most_shares = 100, .compact_every = 250};
  {
    const auto store = Open(dir, options);
    for (int i = 0; i < 1000; ++i) store->Add(MakeShare(i % 2 == 0 ? "a" : "b", 1, i), {});
    store->Synchronize();
    EXPECT_EQ(store->LastShares(~U256()).shares, 100u);
  }
  const auto store = Open(dir, options);
  const auto window = store->LastShares(~U256());
  EXPECT_EQ(window.shares, 100u);
  EXPECT_EQ(window.stored, 100u);
  U256 sum;
  for (int i = 900; i < 1000; ++i) sum += U256(WorkOfShare(i));
  EXPECT_EQ(window.work, sum);
  ASSERT_EQ(store->Workers().size(), 2u);
  EXPECT_EQ(store->Workers()[0].accepted, 500u);
}

TEST(StratumShareStore, ForgetsTheWorkersThatWereIdleLongest) {
  TempDir dir;
  const ShareStoreOptions options{.most_shares = 3, .most_workers = 20};
  {
    const auto store = Open(dir, options);
    for (int i = 0; i < 50; ++i) {
      AddAndWait(*store, MakeShare("w" + std::to_string(i), 1, 1, 1, 1000 + i));
      ASSERT_LE(store->Workers().size(), 20u);
    }
  }
  const auto store = Open(dir, options);
  const auto workers = store->Workers();
  EXPECT_GE(workers.size(), 18u);
  EXPECT_LE(workers.size(), 20u);
  EXPECT_EQ(workers.back().name, "w49");
  for (const WorkerTotals& worker : workers) EXPECT_GE(worker.last_share, 1030);
}

TEST(StratumShareStore, KeepsWorkersWhoseSharesAreKept) {
  TempDir dir;
  const auto store = Open(dir, {.most_shares = 10, .most_workers = 2});
  for (int i = 0; i < 5; ++i) {
    AddAndWait(*store, MakeShare("w" + std::to_string(i), static_cast<uint8_t>(i)));
  }
  EXPECT_EQ(store->Workers().size(), 5u);
  EXPECT_EQ(store->LastShares(~U256()).payees.size(), 5u);
}

TEST(StratumShareStore, HasOnDiskWhatItSaysIsStored) {
  TempDir dir;
  const auto store = Open(dir);
  int copies = 0;
  for (int i = 0; i < 40; ++i) {
    // The files as a process that is killed now would leave them.
    store->Add(MakeShare("a", 1), [&, i](bool stored) {
      ASSERT_TRUE(stored);
      if (i % 8 != 7) return;
      std::filesystem::copy(dir / "stratum", dir / ("copy" + std::to_string(i)));
      ++copies;
    });
    if (i % 16 == 15) store->Synchronize();
  }
  store->Synchronize();
  ASSERT_EQ(copies, 5);
  for (int i = 7; i < 40; i += 8) {
    const auto copy = ShareStore::Open(dir / ("copy" + std::to_string(i)));
    ASSERT_TRUE(copy.has_value()) << copy.error().message;
    EXPECT_GE((*copy)->Workers().at(0).accepted, static_cast<uint64_t>(i + 1));
    EXPECT_EQ((*copy)->LastShares(~U256()).shares, (*copy)->Workers().at(0).accepted);
  }
}

TEST(StratumShareStore, RefusesDamagedRows) {
  TempDir dir;
  {
    const auto store = Open(dir);
    AddAndWait(*store, MakeShare("a", 1));
  }
  {
    auto database = storage::Database::Open(dir / "stratum", {}, "cairn stratum shares 1");
    ASSERT_TRUE(database.has_value());
    storage::Batch batch;
    batch.Put(Bytes{'s', 0, 0, 0, 0, 0, 0, 0, 1}, Bytes{1, 2, 3});
    ASSERT_TRUE((*database)->Write(batch, true).has_value());
  }
  const auto store = ShareStore::Open(dir / "stratum");
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code, ErrorCode::kCorruption);
}

TEST(StratumShareStore, WritesTheRowsThatItsPageDescribes) {
  TempDir dir;
  {
    const auto store = Open(dir);
    AddAndWait(*store, MakeShare("a", 1));
    AddAndWait(*store, MakeShare("b.x", 9, 0.5, 3, 1'700'000'001));
    store->CountRefused("b.x", Refused::kStale);
    store->Synchronize();
  }
  const test::FormatPage page("shares.md");
  const auto worker_rows = page.RowLayoutOf("## Workers");
  const auto share_rows = page.RowLayoutOf("## Shares");
  auto database = storage::Database::Open(dir / "stratum", {}, "cairn stratum shares 1");
  ASSERT_TRUE(database.has_value());
  size_t rows = 0;
  const Status read = (*database)->Scan({}, {}, [&](ByteSpan key, ByteSpan value) {
    ++rows;
    if (key[0] == 0) return true;
    if (const auto share = test::Record::Decode(share_rows.key, key)) {
      const auto content = test::Record::Decode(share_rows.value, value);
      EXPECT_TRUE(content && content->rest().empty());
      if (share->NumberAt(1) != 1) return true;
      EXPECT_EQ(content->Number("worker"), 1u);
      EXPECT_EQ(content->Number("hashes"), uint64_t{1} << 31);
      EXPECT_EQ(content->Number("time"), 1'700'000'001u);
      return true;
    }
    const auto worker = test::Record::Decode(worker_rows.key, key);
    EXPECT_TRUE(worker.has_value());
    const auto content = test::Record::Decode(worker_rows.value, value);
    EXPECT_TRUE(content && content->rest().empty());
    if (worker->NumberAt(1) != 1) return true;
    EXPECT_EQ(content->Raw("name and script"), (Bytes{3, 'b', '.', 'x', 2, 0x51, 9}));
    EXPECT_EQ(content->Number("accepted"), 1u);
    EXPECT_EQ(content->Number("stale"), 1u);
    EXPECT_EQ(content->Number("rejected"), 0u);
    EXPECT_EQ(content->Number("last share"), 1'700'000'001u);
    return true;
  });
  EXPECT_TRUE(read.has_value());
  EXPECT_EQ(rows, 5u);  // the format, two workers, two shares
}

}  // namespace
}  // namespace cairn::mining::stratum
