// The threads that hash for a pool: what they find are shares, none comes twice, and other work is
// taken up.
#include <set>

#include <gtest/gtest.h>

#include "src/mining/stratum/client_miner.h"
#include "src/mining/stratum/work.h"

namespace cairn::mining::stratum {
namespace {

constexpr uint32_t kMask = 0x1fffe000;

TEST(StratumExtranonceRange, ThreadsShareOutAllValues) {
  std::set<Bytes> seen;
  for (size_t thread = 0; thread < 4; ++thread) {
    ExtranonceRange range(thread, 4);
    for (int i = 0; i < 64; ++i) EXPECT_TRUE(seen.insert(range.Take(1)).second);
    EXPECT_FALSE(seen.insert(range.Take(1)).second) << "they begin anew";
  }
  EXPECT_EQ(seen.size(), 256u);
}

TEST(StratumExtranonceRange, AnySizeIsFilled) {
  for (const size_t size : {1, 2, 7, 8, 9, 32}) {
    ExtranonceRange range(1000, 1001);
    EXPECT_EQ(range.Take(size).size(), size);
    EXPECT_EQ(range.Take(size).size(), size);
  }
  EXPECT_EQ(ExtranonceRange(0x0102, 0x1000).Take(4), (Bytes{2, 1, 0, 0}));
}

/// Collects shares until there are enough.
class Collector {
 public:
  void Add(const FoundShare& share) {
    base::MutexLock lock(mutex_);
    shares_.push_back(share);
    changed_.NotifyAll();
  }

  std::vector<FoundShare> WaitFor(const std::string& job, size_t count) {
    base::MutexLock lock(mutex_);
    while (true) {
      std::vector<FoundShare> found;
      for (const FoundShare& share : shares_) {
        if (share.work->job.job == job) found.push_back(share);
      }
      if (found.size() >= count) return found;
      changed_.WaitFor(mutex_, std::chrono::seconds(1));
    }
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<FoundShare> shares_ CAIRN_GUARDED_BY(mutex_);
};

ClientWorkPtr Work(const std::string& job, double difficulty, std::optional<uint32_t> mask) {
  auto work = std::make_shared<ClientWork>();
  work->job.job = job;
  work->job.coinbase1 = {1, 2, 3};
  work->job.branch = {crypto::Sha256Of({})};
  work->job.version = 0x20000000;
  work->job.time = 5;
  work->extranonce1 = {9, 9};
  work->extranonce2_size = 4;
  work->version_mask = mask;
  work->target = TargetOfDifficulty(difficulty);
  return work;
}

/// The header as a pool builds it from what is sent to it.
Header PoolsHeader(const FoundShare& share) {
  const ClientWork& work = *share.work;
  Submit submit{"", work.job.job, share.extranonce2, share.time, share.nonce, std::nullopt};
  if (work.version_mask) submit.version_bits = share.version & *work.version_mask;
  return HeaderOf(work.job, work.extranonce1, work.version_mask.value_or(0), submit);
}

TEST(StratumClientMiner, WhatItFindsAreShares) {
  constexpr double kEasy = 1e-6;  // one hash in 4295
  Collector collector;
  HashMeter meter;
  ClientMiner miner({.threads = 3, .meter = meter, .on_share = [&](const FoundShare& share) {
                       collector.Add(share);
                     }});
  miner.SetWork(Work("plain", kEasy, std::nullopt));
  std::set<BlockHash> hashes;
  for (const FoundShare& share : collector.WaitFor("plain", 50)) {
    const Header header = PoolsHeader(share);
    EXPECT_EQ(header.version, 0x20000000);
    EXPECT_LE(U256::FromLittle(header.Hash().span()), TargetOfDifficulty(kEasy));
    EXPECT_TRUE(hashes.insert(header.Hash()).second) << "found twice";
  }

  miner.SetWork(Work("rolled", kEasy, kMask));
  std::set<int32_t> versions;
  for (const FoundShare& share : collector.WaitFor("rolled", 200)) {
    const Header header = PoolsHeader(share);
    versions.insert(header.version);
    EXPECT_LE(U256::FromLittle(header.Hash().span()), TargetOfDifficulty(kEasy));
    EXPECT_TRUE(hashes.insert(header.Hash()).second) << "found twice";
  }
  for (const int32_t version : versions) {
    EXPECT_EQ(static_cast<uint32_t>(version) & ~kMask, 0x20000000u);
  }
  EXPECT_GT(versions.size(), 1u);

  miner.SetWork(nullptr);
  EXPECT_GT(meter.Get(std::chrono::steady_clock::now()).hashes, 100'000u);
}

TEST(StratumClientMiner, HardWorkIsLeftForOtherWork) {
  Collector collector;
  HashMeter meter;
  ClientMiner miner({.threads = 2, .meter = meter, .on_share = [&](const FoundShare& share) {
                       collector.Add(share);
                     }});
  miner.SetWork(Work("hard", 1e30, kMask));
  miner.SetWork(Work("easy", 1e-6, kMask));
  collector.WaitFor("easy", 2);
  miner.SetWork(Work("hard", 1e30, kMask));
}

}  // namespace
}  // namespace cairn::mining::stratum
