// The state of the ledger and its transitions: the header tree, the coins at the tip, the blocks
// that are being proven above it, and the store beneath. Everything is for the ledger's thread
// alone but what says otherwise.
//
// Blocks are *staged* in chain order: their coins are found, their money is checked, their scripts
// go to the workers, and the next block follows at once. They are *committed* in the same order as
// their scripts prove true. Nothing that is not proven reaches the table of coins, and so no flush.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cairn/base/clock.h"
#include "cairn/base/published.h"
#include "cairn/base/result.h"
#include "cairn/base/worker_pool.h"
#include "cairn/ledger/ledger.h"
#include "cairn/storage/block_store.h"
#include "cairn/storage/coin_store.h"
#include "consensus/rules/block.h"
#include "src/ledger/coin_overlay.h"
#include "src/ledger/coin_table.h"
#include "src/ledger/header_tree.h"
#include "src/ledger/index/index_set.h"
#include "src/ledger/progress_clock.h"
#include "src/ledger/pruner.h"
#include "src/ledger/read_ahead.h"
#include "src/ledger/script_job.h"
#include "src/ledger/store_thread.h"

namespace cairn::ledger {

/// Called once with what became of a submitted block, on the ledger's thread.
using Answer = std::function<void(SubmitResult)>;

/// A block after the checks that need no position.
struct BlockCheck {
  BlockPtr block;  // null if there is none
  tl::expected<consensus::CheckedBlock, consensus::Violation> verdict =
      tl::unexpected(consensus::Violation{});
  std::string malformed;  // why there is none
};

/// Where the records of a block lie already; 0: nowhere yet.
struct StoredRecords {
  uint64_t body = 0;
  uint64_t undo = 0;
};

/// What the state tells its owner. Called on any of the ledger's threads; must not call back.
struct StateEvents {
  std::function<void()> wake = [] {};       // there may be something to settle
  std::function<void()> published = [] {};  // a new view, or a block about to be connected
};

class ChainState {
 public:
  ChainState(const LedgerOptions& options, const consensus::Params& params, const Clock& clock,
             WorkerPool& workers, StateEvents events);
  ~ChainState();

  /// Opens the store, loads the headers and connects the stored blocks above the flushed tip.
  Status Open();

  /// Takes a header into the tree. On success the result carries the entry and `kStored`, or
  /// `kDuplicate` if it was known.
  SubmitResult AcceptHeader(const Header& header, const BlockHash& hash);

  /// Takes a block that passed `CheckBlock`: stores it, and stages it if it leads to the best
  /// chain. The answer comes when the block's fate is known.
  void AcceptBlock(const consensus::CheckedBlock& block, Answer answer, StoredRecords stored = {});

  /// Takes note of a block that failed `CheckBlock`, so that its header is condemned where the
  /// failure is the block's own.
  SubmitResult RefuseBlock(const Block& block, const consensus::Violation& violation);

  /// Commits the staged blocks whose scripts are proven, and goes on with what has become possible.
  void SettleReady();
  /// Waits until no block is staged any more.
  void SettleAll();
  /// Gives up what is staged, and answers for it; the blocks stay stored.
  void DropStaged();

  /// Checks a block that was parsed, or says why it was not, and warms what is sound. For workers.
  BlockCheck Check(Result<BlockPtr> block);
  /// Fetches the coins that the block will spend from the database. For workers.
  void Warm(const Block& block);

  /// All rules but proof of work against the tip; nothing is stored. The reason, or nothing if it
  /// would connect.
  std::optional<std::string> TestBlock(const BlockPtr& block);

  // Commands (chain_state_commands.cpp).
  Status InvalidateBlock(const BlockHash& hash);
  Status ReconsiderBlock(const BlockHash& hash);
  Status PreciousBlock(const BlockHash& hash);
  Result<ChainCheck> VerifyChain(int level, int blocks);
  Result<CoinSet> SnapshotCoins();
  Result<int> PruneTo(int height);  // chain_state_prune.cpp

  /// The coin at the published tip. From any thread. `kBusy` if the tip moved meanwhile.
  Result<std::optional<FoundCoin>> FindCoin(const OutPoint& outpoint) const;
  /// Whether the table has the coin. From any thread.
  bool HoldsCoin(const OutPoint& outpoint) const;
  std::vector<BranchTip> BranchTips() const;
  Result<BlockPtr> ReadBlock(const HeaderEntry& entry) const;  // from any thread
  Result<std::vector<storage::StoredCoin>> ReadSpent(const HeaderEntry& entry) const;  // likewise

  /// Makes all that is committed durable, and returns when it is. If that fails, the ledger stops.
  Status Flush();

  /// Publishes anew if tip or best header have moved since. To be called before a submission is
  /// answered.
  void PublishIfStale();

  const HeaderTree& tree() const { return tree_; }
  const storage::BlockStore& blocks() const { return *block_store_; }
  const StoreThread& store() const { return *store_; }
  const storage::CoinStore& coins() const { return *coin_store_; }
  IndexSet& indexes() const { return *indexes_; }
  PruneState Pruning() const {  // from any thread
    return {options_.prune, options_.prune_target_bytes, pruned_height_};
  }
  const HeaderEntry* tip() const { return tip_; }
  const Published<ChainView>& view() const { return view_; }
  /// See `Ledger::WaitForBlock`.
  const Published<Block>& fresh_block() const { return fresh_block_; }
  VerificationMeter& meter() { return meter_; }
  consensus::ProofCaches& proofs() { return proofs_; }  // from any thread
  /// Why nothing is written any more; empty while all is well. From any thread.
  std::string failure() const { return *failure_.Get(); }
  bool reached_stop_height() const { return reached_stop_height_; }
  void Fail(const Error& error);

  /// Ends a long `Advance` early. From any thread.
  void Interrupt() { interrupted_ = true; }
  /// Whether the node is still catching up, as of now; false once is false for ever. From any
  /// thread.
  bool IsInitialDownload(const HeaderEntry& tip);

 private:
  /// What the indexes make of a block, on a worker.
  class IndexJob {
   public:
    IndexJob(const IndexSet& set, BlockPtr block, int height,
             std::shared_ptr<const SpentCoins> spent)
        : run_([&set, block = std::move(block), height, spent = std::move(spent)] {
            return set.Digest(*block, height, spent->pointers());
          }),
          digests_(run_.get_future()) {}

    void Run() { run_(); }
    bool IsDone() const {
      return digests_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }
    IndexSet::Digests Take() { return digests_.get(); }

   private:
    std::packaged_task<IndexSet::Digests()> run_;
    std::future<IndexSet::Digests> digests_;
  };

  /// A block above the tip whose scripts are being proven.
  struct Staged {
    HeaderEntry* entry;
    BlockPtr block;
    std::shared_ptr<const SpentCoins> spent;
    std::shared_ptr<ScriptJob> scripts;  // null: assumed valid
    /// Of the submitted blocks whose fate is settled with this one: itself, or the one that
    /// made it possible to stage this.
    std::vector<std::pair<const HeaderEntry*, Answer>> answers;

    std::shared_ptr<IndexJob> indexes;  // null: no index is kept

    bool IsProven() const {
      return (scripts == nullptr || scripts->IsDone()) && (indexes == nullptr || indexes->IsDone());
    }
  };

  using HeldAnswers = std::vector<std::pair<Answer, SubmitResult>>;
  static void GiveAnswers(HeldAnswers& held);

  // Opening (chain_state_open.cpp).
  Status OpenStores();
  Status LoadHeaders();
  Status InsertRows(std::vector<storage::HeaderRow> rows);
  void StoreGenesis(const BlockPtr& genesis);
  Status LoadTip();
  Status OpenIndexes();
  /// Whether the blocks that the indexes lack are stored.
  Status CheckIndexesCanBeBuilt() const;
  Status CheckAtStart();
  /// Takes the condemned blocks at the tip off, unless that is interrupted: then some are left, for
  /// the next start. The candidates must be collected anew after it.
  Status LeaveFailedTip();
  Status ConnectStored();

  // Making everything anew (chain_state_reindex.cpp).
  struct FoundRecords;
  struct FoundBlock;
  Status DestroyWhatIsRemade();
  Status Reindex();
  Result<FoundRecords> ScanRecords();
  Status CheckCoinsCanBeRemade() const;
  Result<std::vector<FoundBlock>> AcceptFoundHeaders(FoundRecords& found);
  Status AcceptFoundBodies(const std::vector<FoundBlock>& blocks);
  /// The number of the block's own record, if it is one of `left_out_`; else 0.
  uint64_t TakeLeftOut(const Block& block);
  bool IsInterrupted() const { return interrupted_ || options_.interrupted(); }

  // Pruning (chain_state_prune.cpp).
  Status OpenPruner();
  /// Deletes the records below all that an entry names: what a power cut brought back.
  Status DeleteLeftovers();
  bool PruneIsDue() const;
  /// The highest block that may be pruned, where no crash takes away a tip of height `durable` and
  /// the indexes have all blocks up to `indexed`.
  int PruneLimit(int durable, int indexed) const;
  /// Takes off what is to be pruned, for the flush that begins; gives `FlushPlan::prune_below`.
  uint64_t ChoosePruned();
  void FindPrunedHeight();
  /// Whether so much is stored that the node should prune by itself.
  bool WantsToPrune() const;
  /// Tells the pruner of the records that the entry names.
  void NoteRecords(HeaderEntry& entry);
  /// Whether all that is needed to go back from the tip to a block above `height` is stored.
  Status CheckWayBack(int height) const;
  /// Whether the bodies behind `fork` up to `target` are stored.
  bool HasWayTo(const HeaderEntry* target, const HeaderEntry* fork) const;

  SubmitResult Refuse(HeaderEntry* entry, const consensus::Violation& violation);
  void Condemn(HeaderEntry* entry);
  void StoreBody(HeaderEntry* entry, const BlockPtr& block, StoredRecords stored = {});
  /// Others may hear of a block that is the next of the best chain before it is connected (BIP152).
  void TellOf(const HeaderEntry& entry, const BlockPtr& block);

  // The best chain (chain_state_activate.cpp).
  /// Stages blocks towards the best candidate until there is none better than what is staged.
  /// `fresh` is the block just accepted, to save reading it.
  Status Advance(const BlockPtr& fresh);
  /// One step of it; false when there is nothing to do.
  Result<bool> Step(const BlockPtr& fresh);
  bool MustPause() const;
  bool WindowIsFull() const;
  /// The last staged block, or the tip.
  HeaderEntry* Front() const { return window_.empty() ? tip_ : window_.back().entry; }
  Status Stage(HeaderEntry* entry, const BlockPtr& block);
  /// Commits the blocks that are proven, and goes on.
  Status SettleProven();
  /// Waits for the oldest staged block and commits it, or condemns it and drops what follows.
  Status SettleOldest();
  Status CommitStaged(Staged staged);
  /// Queues the answers that wait with a block which is settled. `violation` is what condemned it.
  void HoldAnswers(Staged& staged, const consensus::Violation* violation);
  void CondemnStaged(Staged staged, const consensus::Violation& violation);
  Status DisconnectTip();
  Result<tl::expected<consensus::ScriptFlags, consensus::Violation>> CheckMoney(
      const Block& block, const HeaderEntry* parent, std::span<const Coin* const> coins,
      bool overwrites);
  Result<bool> OverwritesCoin(const Block& block, int height, const HeaderEntry* parent);
  /// The entry that a command is about, once nothing is staged.
  Result<HeaderEntry*> SettledEntry(const BlockHash& hash);
  /// Goes where a command leads to, and waits until that is settled.
  Status AdvanceAndSettle();
  /// What the overlay's coins point into while a chain is verified.
  struct Verified {
    std::deque<std::vector<storage::StoredCoin>> spent;
    std::deque<BlockPtr> blocks;
    uint64_t bytes = 0;  // about
  };
  /// One block of `VerifyChain`.
  Result<ChainCheck> VerifyOne(const HeaderEntry& entry, int level, Verified& kept);
  Result<ChainCheck> VerifyConnects(const HeaderEntry& entry, Verified& kept);
  bool AssumesValid(const HeaderEntry* entry) const;
  void Commit(HeaderEntry* tip);
  void Publish();

  /// Below which no header may fork off.
  int CheckpointedHeight() const {
    return options_.use_checkpoints ? tree_.checkpointed_height() : 0;
  }

  // Flushing (chain_state_flush.cpp).
  /// Begins a flush if enough has changed or enough time has passed; finishes the one before.
  Status FlushIfDue();
  bool FlushIsDue() const;
  /// With -flushblocks, what is answered is durable: flushes and waits.
  Status FlushByCount();
  /// Flushes what is committed, and waits.
  Status FlushNow();
  void BeginFlush();
  void FinishFlush();

  const LedgerOptions options_;
  const consensus::Params& params_;
  const Clock& clock_;
  WorkerPool& workers_;
  const StateEvents events_;
  VerificationMeter meter_;
  consensus::ProofCaches proofs_;
  std::unique_ptr<storage::BlockStore> block_store_;
  std::unique_ptr<storage::CoinStore> coin_store_;
  HeaderTree tree_;
  std::unique_ptr<CoinTable> table_;
  std::unique_ptr<CoinOverlay> overlay_;
  std::unique_ptr<IndexSet> indexes_;
  std::unique_ptr<StoreThread> store_;
  std::unique_ptr<ReadAhead> read_ahead_;
  std::unique_ptr<Pruner> pruner_;  // null: nothing is pruned
  std::unordered_set<HeaderEntry*> dirty_rows_;
  /// Bodies that a -reindex found and could not place: their numbers.
  std::unordered_map<BlockHash, uint64_t, UnsaltedHasher> left_out_;
  /// And how many it refused, by rules that they once kept: something is set otherwise than then.
  uint64_t refused_records_ = 0;
  HeaderEntry* tip_ = nullptr;      // committed
  std::deque<Staged> window_;       // above the tip, in chain order
  HeldAnswers held_answers_;        // until the view shows their blocks
  HeldAnswers refusals_;            // until the chain without their blocks is settled
  HeaderEntry* watched_ = nullptr;  // the block just accepted
  std::optional<consensus::Violation> watched_violation_;  // why it, or one before it, failed
  Published<ChainView> view_;
  Published<Block> fresh_block_;
  /// Odd while the coins are not those of the published tip.
  std::atomic<uint64_t> coins_version_{0};
  Published<std::string> failure_{std::make_shared<const std::string>()};
  uint64_t flush_number_ = 0;
  int blocks_since_flush_ = 0;
  int durable_height_ = 0;    // of the last tip that was flushed
  int way_back_ = INT32_MAX;  // the height down to which the chain is being taken off
  int prune_to_ = -1;         // a command's height, until the next flush begins
  std::atomic<int> pruned_height_{-1};
  struct Progress {
    std::string what;
    int from = 0;  // height
    ProgressClock clock;
  };
  std::optional<Progress> progress_;  // while a long work lasts
  std::chrono::steady_clock::time_point last_flush_ = std::chrono::steady_clock::now();
  std::atomic<bool> initial_download_{true};
  std::atomic<bool> interrupted_{false};
  std::atomic<bool> reached_stop_height_{false};
};

}  // namespace cairn::ledger
