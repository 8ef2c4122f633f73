// The state of the ledger and its transitions, without threads: the header tree, the coins at the
// tip, and the store beneath them. Everything but `tree().Find` and the stores is for one thread
// only.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
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
#include "src/ledger/coin_cache.h"
#include "src/ledger/header_tree.h"

namespace cairn::ledger {

class ChainState {
 public:
  ChainState(const LedgerOptions& options, const consensus::Params& params, const Clock& clock,
             WorkerPool& workers);

  /// Opens the store, loads the headers and connects the stored blocks above the flushed tip.
  Status Open();

  /// Takes a header into the tree. On success the result carries the entry and `kStored`, or
  /// `kDuplicate` if it was known.
  SubmitResult AcceptHeader(const Header& header, const BlockHash& hash);

  /// Takes a block that passed `CheckBlock`: stores it, and connects it if it leads to the best
  /// chain.
  SubmitResult AcceptBlock(const consensus::CheckedBlock& block);

  /// Takes note of a block that failed `CheckBlock`, so that its header is condemned where the
  /// failure is the block's own.
  SubmitResult RefuseBlock(const Block& block, const consensus::Violation& violation);

  /// All rules but proof of work against the tip; nothing is stored. The reason, or nothing if it
  /// would connect.
  std::optional<std::string> TestBlock(const BlockPtr& block);

  Result<std::optional<FoundCoin>> FindCoin(const OutPoint& outpoint);
  std::vector<BranchTip> BranchTips() const;
  Result<BlockPtr> ReadBlock(const HeaderEntry& entry) const;

  /// Makes all that is committed durable.
  Status Flush();
  /// Flushes if the cache is full, enough blocks have come, or enough time has passed.
  Status FlushIfDue();

  /// Publishes anew if tip or best header have moved since. To be called before a submission is
  /// answered.
  void PublishIfStale();

  const HeaderTree& tree() const { return tree_; }
  const storage::BlockStore& blocks() const { return *block_store_; }
  const Published<ChainView>& view() const { return view_; }
  /// Why nothing is written any more; empty while all is well.
  std::string failure() const { return *failure_.Get(); }
  bool reached_stop_height() const { return reached_stop_height_; }
  void Fail(const Error& error);

  /// Ends a long `Activate` early. From any thread.
  void Interrupt() { interrupted_ = true; }
  /// Whether the node is still catching up, as of now; false once is false for ever. From any
  /// thread.
  bool IsInitialDownload(const HeaderEntry& tip);

 private:
  // Opening (chain_state_open.cpp).
  Status LoadHeaders();
  Status InsertRows(std::vector<storage::HeaderRow> rows);
  Status StoreGenesis();
  Status LoadTip();

  SubmitResult Refuse(HeaderEntry* entry, const consensus::Violation& violation);
  void Condemn(HeaderEntry* entry);
  Status StoreBody(HeaderEntry* entry, const Block& block);

  // The best chain (chain_state_activate.cpp).
  /// Moves the tip to the best candidate. `fresh` is the block just accepted, to save reading it.
  /// Gives the violation of `watched`, if connecting it failed.
  struct Activation {
    std::optional<consensus::Violation> violation;
  };
  Result<Activation> Activate(const BlockPtr& fresh, const HeaderEntry* watched);
  bool MustPause() const;
  Status Disconnect();
  /// False if the block broke a rule, which is then in `violation`.
  Result<bool> Connect(HeaderEntry* entry, const BlockPtr& block, consensus::Violation& violation);
  Result<consensus::Verdict> CheckConnect(const Block& block, const HeaderEntry* parent,
                                          std::span<const Coin* const> coins, bool with_scripts);
  bool AssumesValid(const HeaderEntry* entry) const;
  void Commit(HeaderEntry* tip);
  void Publish();

  const LedgerOptions options_;
  const consensus::Params& params_;
  const Clock& clock_;
  WorkerPool& workers_;
  std::unique_ptr<storage::BlockStore> block_store_;
  std::unique_ptr<storage::CoinStore> coin_store_;
  HeaderTree tree_;
  std::unique_ptr<CoinCache> cache_;
  std::unordered_set<HeaderEntry*> dirty_rows_;
  HeaderEntry* tip_ = nullptr;
  Published<ChainView> view_;
  Published<std::string> failure_{std::make_shared<const std::string>()};
  uint64_t flush_number_ = 0;
  int blocks_since_flush_ = 0;
  std::chrono::steady_clock::time_point last_flush_ = std::chrono::steady_clock::now();
  std::atomic<bool> initial_download_{true};
  std::atomic<bool> interrupted_{false};
  std::atomic<bool> reached_stop_height_{false};
};

}  // namespace cairn::ledger
