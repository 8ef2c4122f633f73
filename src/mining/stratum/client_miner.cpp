#include "src/mining/stratum/client_miner.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "cairn/base/log.h"
#include "cairn/mining/nonce_scan.h"
#include "cairn/mining/solver.h"
#include "cairn/mining/version_rolling.h"
#include "src/mining/idle_priority.h"
#include "src/mining/stratum/work.h"

namespace cairn::mining::stratum {
namespace {

constexpr std::chrono::seconds kTellMeterEvery{1};

std::vector<int32_t> VersionsOf(const ClientWork& work) {
  const auto version = static_cast<int32_t>(work.job.version);
  const uint32_t mask = work.version_mask.value_or(0);
  if (mask == 0) return {version};
  const size_t side_by_side = ChooseScanKernel(ScanMode::kVersionRolling).kernel->versions;
  return VersionsWithin(version, mask, side_by_side);
}

}  // namespace

Bytes ExtranonceRange::Take(size_t size) {
  constexpr unsigned kByte = 8;
  uint64_t values = ~uint64_t{0};  // more are not needed
  if (size < sizeof(values)) values = uint64_t{1} << (kByte * size);
  const uint64_t own = std::max<uint64_t>(1, values / threads_);
  uint64_t value = next_++ % own * threads_ + thread_;
  Bytes bytes(size);
  for (uint8_t& byte : bytes) {
    byte = static_cast<uint8_t>(value);
    value >>= kByte;
  }
  return bytes;
}

ClientMiner::ClientMiner(Needs needs) : needs_(std::move(needs)) {
  needs_.meter.Start(std::chrono::steady_clock::now());
  for (size_t i = 0; i < needs_.threads; ++i) {
    threads_.emplace_back([this, i] { Loop(i); });
  }
}

ClientMiner::~ClientMiner() {
  {
    base::MutexLock lock(mutex_);
    stop_ = true;
    changed_.NotifyAll();
  }
  threads_.clear();  // joins them
}

void ClientMiner::SetWork(ClientWorkPtr work) {
  base::MutexLock lock(mutex_);
  work_ = std::move(work);
  ++generation_;
  changed_.NotifyAll();
}

ClientWorkPtr ClientMiner::WaitForWork(uint64_t& generation) {
  base::MutexLock lock(mutex_);
  while (!stop_ && (work_ == nullptr || generation_ == generation)) changed_.Wait(mutex_);
  if (stop_) return nullptr;
  generation = generation_;
  return work_;
}

void ClientMiner::Loop(size_t thread) {
  log::SetThreadName(thread == 0 ? "miner" : "miner." + std::to_string(thread));
  ExtranonceRange range(thread, needs_.threads);
  uint64_t generation = 0;
  while (const ClientWorkPtr work = WaitForWork(generation)) {
    while (!stop_ && generation_ == generation) {
      FoundShare share{.work = work, .extranonce2 = range.Take(work->extranonce2_size)};
      share.time = work->job.time;
      Search(work, generation, std::move(share));
    }
  }
}

void ClientMiner::Search(const ClientWorkPtr& work, uint64_t generation, FoundShare share) {
  const std::vector<int32_t> versions = VersionsOf(*work);
  Header header = HeaderOf(work->job, work->extranonce1, share.extranonce2);
  while (!stop_ && generation_ == generation) {
    header.version = versions.front();
    const auto end = std::chrono::steady_clock::now() + kTellMeterEvery;
    const StopCheck stop([&] {
      return stop_.load(std::memory_order_relaxed) ||
             generation_.load(std::memory_order_relaxed) != generation ||
             std::chrono::steady_clock::now() >= end;
    });
    uint64_t tries = UINT64_MAX;
    SolveOutcome outcome;
    {
      const IdlePriority idle(true);
      outcome = Solve(header, work->target, versions, tries, stop);
    }
    needs_.meter.Add(UINT64_MAX - tries, std::chrono::steady_clock::now());
    if (outcome == SolveOutcome::kNoncesUsedUp) return;
    if (outcome != SolveOutcome::kSolved) continue;
    share.nonce = header.nonce;
    share.version = static_cast<uint32_t>(header.version);
    needs_.on_share(share);
    if (++header.nonce == 0) return;
  }
}

}  // namespace cairn::mining::stratum
