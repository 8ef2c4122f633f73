// The Stratum v1 server (-stratum): gives the node's own templates to miners, judges and counts
// their shares, and hands the blocks that they find to the ledger.
//
// One thread has all connections. Templates come, shares are stored, and blocks go to the ledger on
// threads of their own, so that nobody's miner waits for another one's. A share is answered once it
// is on disk. All members may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/clock.h"
#include "cairn/base/result.h"
#include "cairn/ledger/ledger.h"
#include "cairn/mining/block_template.h"
#include "cairn/mining/worker_totals.h"
#include "cairn/primitives/address.h"

namespace cairn::mining {

struct StratumOptions {
  std::string host;  // an address, or a name that the system resolves at start
  uint16_t port = 0;
  std::filesystem::path folder;  // of the shares
  AddressPrefixes prefixes;
  bool pplns = false;  // pay by the last shares instead of the finder
  /// Of the shares of a new miner, and the least. Without it 1; and never more than the block's.
  std::optional<double> difficulty;
  size_t most_connections = 4096;
  std::chrono::seconds login_time{30};
  std::filesystem::path found_folder{};  // for blocks that the ledger cannot store; may be empty
};

/// What is to be mined: a template whose coinbase's first output takes everything.
struct StratumJob {
  uint64_t number = 0;  // ascends
  std::shared_ptr<const BlockTemplate> block;
  uint32_t earliest_time = 0;
  /// The template's header at another time.
  std::function<Header(UnixSeconds)> header_at;
};

struct StratumNeeds {
  const Clock& clock;
  /// The newest job if its number is above `number`, which is waited for; nothing if time ran out.
  std::function<std::optional<StratumJob>(uint64_t number, std::chrono::milliseconds patience)>
      next_job;
  std::function<std::future<ledger::SubmitResult>(Bytes block)> submit_block;
};

class StratumServer {
 public:
  /// Opens the shares, binds and begins to serve. What it needs must outlive it.
  static Result<std::unique_ptr<StratumServer>> Start(StratumOptions options, StratumNeeds needs);
  ~StratumServer();  // NOLINT(bugprone-exception-escape): without memory there is nothing but to
                     // end
  StratumServer(const StratumServer&) = delete;
  StratumServer& operator=(const StratumServer&) = delete;

  /// That is bound; for who asked for port 0.
  uint16_t port() const;

  struct Worker {
    WorkerTotals totals;
    size_t connections = 0;       // at present
    double share_difficulty = 0;  // of the last of them; 0 without one
  };
  /// Those that ever had a good share, in the order of their first one.
  std::vector<Worker> Workers() const;

  struct Payee {
    std::string address;
    double difficulty = 0;  // of the shares that count
  };
  /// The shares that would share in a block found now, if that is how blocks are paid.
  struct Window {
    bool pplns = false;
    double wanted = 0;          // difficulty, twice the block's; 0 without a job
    double difficulty = 0;      // of those that there are
    size_t shares = 0;          // how many
    size_t stored = 0;          // of all shares
    std::vector<Payee> payees;  // who did most first
  };
  Window LastShares() const;

  struct Counts {
    size_t connections = 0;
    size_t miners = 0;    // of these, that get jobs
    uint64_t blocks = 0;  // that the ledger took, since the start
  };
  Counts Count() const;

 private:
  class Core;
  explicit StratumServer(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace cairn::mining
