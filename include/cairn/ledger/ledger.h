// The ledger: which blocks there are, which of them form the best chain, and which coins are
// unspent.
//
// One thread changes it (the ledger thread); everybody else submits and reads. All members may be
// called from any thread. The ledger calls nobody above it: it answers and publishes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cairn/base/clock.h"
#include "cairn/base/result.h"
#include "cairn/base/worker_pool.h"
#include "cairn/ledger/chain_view.h"
#include "cairn/ledger/indexes.h"
#include "cairn/primitives/block.h"
#include "cairn/primitives/coin.h"
#include "cairn/storage/coin_store.h"
#include "consensus/params.h"
#include "consensus/script/script_cache.h"
#include "consensus/verdict.h"

namespace cairn::ledger {

struct LedgerOptions {
  std::filesystem::path blocks_folder;
  std::filesystem::path coins_folder;
  std::filesystem::path indexes_folder;
  IndexOptions indexes;                 // -txindex, -blockfilterindex, -coinstatsindex
  uint64_t cache_bytes = 450ull << 20;  // -dbcache
  uint64_t proof_cache_bytes = 0;       // -maxsigcachesize
  int flush_every_blocks = 0;           // -flushblocks: 0 decides by cache and time
  std::chrono::seconds flush_interval{600};
  int64_t max_tip_age = 24 * 60 * 60;  // -maxtipage, seconds
  int stop_at_height = 0;              // -stopatheight: 0 never
  bool use_checkpoints = true;         // -checkpoints
  int check_blocks = 6;                // -checkblocks: looked at again at start; 0 all
  int check_level = -1;                // -checklevel; below 0: nothing is looked at
  bool check_strictly = false;         // one of both was given: too little memory is an error
  bool prune = false;                  // -prune: old bodies and undo data may go
  uint64_t prune_target_bytes = 0;     // what may stay of them; 0: they go only when asked
  bool reindex = false;                // -reindex: make all anew from the stored blocks
  bool reindex_coins = false;          // -reindex-chainstate: make the coins anew from them
  /// Asked between blocks while many stored ones are connected; true ends that early.
  std::function<bool()> interrupted = [] { return false; };
};

/// What became of a submitted block.
enum class BlockOutcome {
  kConnected,  // it is part of the best chain now
  kStored,     // it keeps all rules that could be checked: a side chain, or ancestors are missing
  kDuplicate,  // it was known already and not invalid
  kDuplicateInvalid,  // it was known to be invalid
  kRejected,          // it breaks a rule; see `reason`
  kOrphan,            // its parent is unknown
  kMalformed,         // the bytes are no block
  kFailed,            // storage failed or the ledger stops
};

struct SubmitResult {
  BlockOutcome outcome = BlockOutcome::kFailed;
  std::string reason;                  // the reject reason or error text
  const HeaderEntry* entry = nullptr;  // where the header is known
  std::optional<consensus::Violation> violation;
};

struct HeadersResult {
  size_t accepted = 0;                  // leading headers that were valid, known ones included
  std::string reason;                   // why the next one was refused; empty if none was
  const HeaderEntry* last = nullptr;    // the last accepted
  std::optional<SubmitResult> refusal;  // of that next one
};

/// A coin that owns its script.
struct FoundCoin {
  Amount value = 0;
  int height = 0;
  bool coinbase = false;
  Bytes script;
  const HeaderEntry* tip = nullptr;  // the tip at which it is unspent
};

/// A tip of some branch, as getchaintips lists them.
struct BranchTip {
  const HeaderEntry* tip = nullptr;
  int branch_length = 0;    // blocks since it left the best chain
  const char* status = "";  // active, invalid, headers-only, valid-fork, valid-headers
};

/// What checking the chain again came to.
struct ChainCheck {
  enum class Outcome {
    kSound,
    kUnsound,        // the coins do not fit the blocks
    kDamaged,        // a stored block or its undo data is not what was stored
    kSkippedPruned,  // sound as far as it is stored: the rest is pruned
    kSkippedMemory,  // sound, but memory was too small to take all blocks off, and connect them
    kInterrupted,    // by the end of the node
  };
  Outcome outcome = Outcome::kSound;
  std::string reason;  // why it is unsound or damaged

  bool IsSound() const { return outcome == Outcome::kSound; }
};

/// How the node prunes, and how far it has.
struct PruneState {
  bool enabled = false;
  uint64_t target_bytes = 0;  // 0: only when asked
  int last_height = -1;       // of the best chain's blocks that are pruned; -1: none
};

/// Every unspent coin at one tip, read from the database while the chain goes on.
struct CoinSet {
  const HeaderEntry* tip = nullptr;
  std::unique_ptr<storage::CoinSnapshot> coins;
};

class Ledger {
 public:
  /// Opens or creates the store and continues at its committed tip. Params, clock and workers must
  /// outlive the ledger.
  static Result<std::unique_ptr<Ledger>> Open(const LedgerOptions& options,
                                              const consensus::Params& params, const Clock& clock,
                                              WorkerPool& workers);

  /// Finishes what is queued, flushes and closes.
  virtual ~Ledger() = default;

  virtual const consensus::Params& params() const = 0;

  /// The chain as of the last commit.
  virtual ChainViewPtr View() const = 0;

  /// Transactions whose scripts are in there are connected without running them again. For those
  /// who judge transactions before a block has them, from any thread.
  virtual consensus::ProofCaches& Proofs() = 0;

  /// False from the moment on that the tip is recent and has the minimum work, for good.
  virtual bool IsInitialBlockDownload() = 0;

  /// The header of that hash on any branch, or null.
  virtual const HeaderEntry* Find(const BlockHash& hash) const = 0;

  /// Hands over a block. Checks that need no position run on a worker; the rest in the order of
  /// submission. Waits while the inbox is full. The future is always fulfilled.
  virtual std::future<SubmitResult> SubmitBlock(BlockPtr block) = 0;
  /// The same for raw bytes, parsed on a worker.
  virtual std::future<SubmitResult> SubmitRawBlock(Bytes bytes) = 0;
  /// Headers in ascending order. Waits for the verdict.
  virtual HeadersResult SubmitHeaders(std::vector<Header> headers) = 0;

  /// All rules but proof of work, against the present tip, without storing: for templates. Nothing
  /// if it would connect, else the reason.
  virtual std::optional<std::string> TestBlock(BlockPtr block) = 0;

  /// The raw bytes of a stored block. `kNotFound`, with a message for people, if it was never
  /// stored or is pruned.
  virtual Result<Bytes> ReadBlock(const HeaderEntry& entry) const = 0;
  /// The block's coins that its inputs spent, in input order, behind the coinbase.
  virtual Result<std::vector<FoundCoin>> ReadSpentCoins(const HeaderEntry& entry) const = 0;

  /// The unspent output of that outpoint at the tip; nothing if there is none.
  virtual Result<std::optional<FoundCoin>> FindCoin(const OutPoint& outpoint) = 0;

  /// Whether that output is known to be unspent without asking the disk. Answers at once, if need
  /// be as of the middle of a block; a coin that only the database has is not known.
  virtual bool HoldsCoin(const OutPoint& outpoint) const = 0;

  /// Flushes, and gives the coins as they are then. Must not outlive the ledger.
  virtual Result<CoinSet> SnapshotCoins() = 0;
  /// Bytes of the database of coins.
  virtual uint64_t CoinsOnDisk() const = 0;

  /// Null if that index is not kept. Lives as long as the ledger.
  virtual const IndexReader* FindIndex(std::string_view name) const = 0;
  virtual std::vector<const IndexReader*> Indexes() const = 0;

  /// Takes the block, and all that build on it, as invalid until it is reconsidered.
  virtual Status InvalidateBlock(const BlockHash& hash) = 0;
  /// Forgets that the block, those before it and those that build on it are invalid.
  virtual Status ReconsiderBlock(const BlockHash& hash) = 0;
  /// Takes the block as the first to have come among those with as much work.
  virtual Status PreciousBlock(const BlockHash& hash) = 0;
  /// Checks `blocks` blocks from the tip down again: reads them (level 0), checks each (1), reads
  /// its undo data (2), takes it off in memory (3), connects it again (4). Zero blocks: all. What
  /// is wrong is in the log, too.
  virtual Result<ChainCheck> VerifyChain(int level, int blocks) = 0;

  virtual PruneState Pruning() const = 0;
  /// Prunes the blocks up to a height, but none of the last 288, nor what an index still needs.
  /// Gives the height of the last block that is pruned, -1 for none.
  virtual Result<int> PruneTo(int height) = 0;

  virtual std::vector<BranchTip> BranchTips() = 0;
  /// Bytes of stored bodies and undo data.
  virtual uint64_t SizeOnDisk() const = 0;

  /// Waits until the tip is another than `seen`, at most for `timeout`. False if it did not change.
  virtual bool WaitForTip(const BlockHash& seen, std::chrono::milliseconds timeout) const = 0;

  /// The last block that came to lie on the tip and keeps all rules that need no coins, told before
  /// it is connected: it may prove invalid yet. Waits for another than `seen`, which may be null;
  /// null if none comes within `timeout`. Not told while the node catches up.
  virtual BlockPtr WaitForBlock(const BlockPtr& seen, std::chrono::milliseconds timeout) const = 0;

  /// Returns when everything submitted before has been dealt with.
  virtual void Synchronize() = 0;

  /// Makes everything committed durable, and returns when it is.
  virtual Status Flush() = 0;

  /// Empty while all is well; else why the ledger refuses writes, for good.
  virtual std::string FailureReason() const = 0;
  /// True once -stopatheight is reached.
  virtual bool ReachedStopHeight() const = 0;
  /// Ends all waiting inside the ledger; submissions fail from now on.
  virtual void Stop() = 0;
};

}  // namespace cairn::ledger
