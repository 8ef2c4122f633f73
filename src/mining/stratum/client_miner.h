// The threads that hash what a pool gives.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "cairn/base/mutex.h"
#include "cairn/mining/hash_meter.h"
#include "src/mining/stratum/client_session.h"

namespace cairn::mining::stratum {

/// Hashes at idle priority until it is destroyed. Other work is taken up within about a
/// millisecond. The threads share out the values of extranonce2, none of which comes again before
/// all have been used: even of one byte they last for longer than a job.
class ClientMiner {
 public:
  struct Needs {
    size_t threads = 1;
    HashMeter& meter;                                 // outlives the miner
    std::function<void(const FoundShare&)> on_share;  // called by any of the threads
  };
  explicit ClientMiner(Needs needs);
  ~ClientMiner();
  ClientMiner(const ClientMiner&) = delete;
  ClientMiner& operator=(const ClientMiner&) = delete;

  /// Null for a pause. From any thread.
  void SetWork(ClientWorkPtr work) CAIRN_EXCLUDES(mutex_);

 private:
  void Loop(size_t thread);
  /// The work that is not of `generation`, which is brought up to it; null at the end.
  ClientWorkPtr WaitForWork(uint64_t& generation) CAIRN_EXCLUDES(mutex_);
  /// Hashes one value of extranonce2 as far as the work stays what it is.
  void Search(const ClientWorkPtr& work, uint64_t generation, FoundShare share);

  Needs needs_;
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> generation_{0};
  base::Mutex mutex_;
  base::CondVar changed_;
  ClientWorkPtr work_ CAIRN_GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_;
};

/// The values of extranonce2 that are one thread's of several.
class ExtranonceRange {
 public:
  ExtranonceRange(size_t thread, size_t threads) : thread_(thread), threads_(threads) {}

  /// The next value in `size` bytes, the least significant first. They begin anew behind the last.
  Bytes Take(size_t size);

 private:
  const uint64_t thread_;
  const uint64_t threads_;
  uint64_t next_ = 0;
};

}  // namespace cairn::mining::stratum
