// What must not keep the network thread waiting: blocks and headers go to the ledger, which may be
// busy, and stored blocks come from the disk. Each kind has a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <limits>
#include <thread>
#include <vector>

#include "cairn/base/bounded_queue.h"
#include "cairn/ledger/ledger.h"
#include "cairn/mempool/mempool.h"
#include "cairn/p2p/environment.h"
#include "src/p2p/outstanding.h"

namespace cairn::p2p {

/// Runs what it is given, one after the other. What still waits when it ends is dropped.
class JobThread {
 public:
  explicit JobThread(const char* name);
  ~JobThread() { Stop(); }
  JobThread(const JobThread&) = delete;
  JobThread& operator=(const JobThread&) = delete;

  /// Never waits: whoever asks has bounds of his own.
  void Run(std::function<void()> job) { jobs_.Push(std::move(job)); }
  void Stop();

 private:
  BoundedQueue<std::function<void()>> jobs_{std::numeric_limits<size_t>::max()};
  std::atomic<bool> stopped_{false};
  std::jthread thread_;
};

class Errands {
 public:
  /// Answers come on threads of the errands.
  Errands(ledger::Ledger& ledger, mempool::Mempool& pool) : ledger_(ledger), pool_(pool) {}
  ~Errands() { Stop(); }

  /// Blocks are handed over, and answered, in the order of the calls.
  void SubmitBlock(BlockPtr block, std::function<void(BlockVerdict)> done);
  void SubmitHeaders(std::vector<Header> headers, std::function<void(HeadersVerdict)> done);
  /// Answered, on the pool's thread, in the order of the calls.
  void SubmitTransaction(TransactionPtr transaction, PeerId peer,
                         std::function<void(TransactionVerdict)> done);
  void SubmitPair(TransactionPtr parent, TransactionPtr child, PeerId peer,
                  std::function<void(PairVerdict)> done);
  /// With the raw bytes, or none if the block cannot be read.
  void ReadBlock(const ledger::HeaderEntry& entry, std::function<void(Bytes)> done);
  void ReadFilters(wire::Message request, std::function<void(std::vector<wire::Message>)> done);

  /// Returns when no answer comes any more.
  void Stop();

 private:
  ledger::Ledger& ledger_;
  mempool::Mempool& pool_;
  Outstanding waiting_;  // for the pool
  // In the order in which one feeds the other; ended in that order, too.
  JobThread submit_{"net.submit"};
  JobThread verdicts_{"net.verdict"};
  JobThread headers_{"net.headers"};
  JobThread transactions_{"net.pool"};
  JobThread reads_{"net.read"};
};

/// What the ledger's answer means to the one who sent the block.
BlockVerdict VerdictOf(const ledger::SubmitResult& result);

}  // namespace cairn::p2p
