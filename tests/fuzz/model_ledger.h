// A ledger in memory that takes any blocks as valid, one on another, and takes them off again: what
// a pool sees of a ledger, without disk, work or waits.
#pragma once

#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/base/assert.h"
#include "cairn/base/mutex.h"
#include "cairn/ledger/ledger.h"
#include "cairn/primitives/script.h"
#include "consensus/subsidy.h"
#include "src/ledger/header_tree.h"
#include "tests/support/block_maker.h"

namespace cairn::fuzz {

/// One thread changes it, while nobody else reads coins or blocks.
class ModelLedger final : public ledger::Ledger {
 public:
  /// A chain of its genesis block alone.
  explicit ModelLedger(const consensus::Params& params) : params_(params), tree_(params) {
    const BlockPtr genesis = Block::Parse(params.genesis_block).value();
    blocks_.push_back({tree_.Insert(genesis->header(), genesis->hash(), nullptr), {}, {}, {}});
    Publish();
  }

  // -- what the target does --

  /// A block of these on the tip. They must spend what is there, parents first.
  void Connect(std::vector<TransactionPtr> transactions, Bytes payout) {
    ledger::HeaderEntry* parent = blocks_.back().entry;
    const int height = parent->height + 1;
    test::BlockPlan plan;
    plan.transactions = std::move(transactions);
    plan.payout = std::move(payout);
    plan.tag = ++made_;
    const BlockPtr block = test::MakeBlock(params_, test::Place::Of(parent), plan).block;
    Row row{tree_.Insert(block->header(), block->hash(), parent),
            Bytes(block->bytes().begin(), block->bytes().end()),
            {},
            {}};
    for (const Transaction& tx : block->transactions()) {
      const bool coinbase = &tx == &block->transactions()[0];
      for (const TxIn& input : tx.inputs) {
        if (coinbase) break;
        const auto coin = coins_.find(input.prevout);
        CAIRN_ASSERT(coin != coins_.end());
        row.spent.push_back(*coin);
        coins_.erase(coin);
      }
      for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
        const TxOut& output = tx.outputs[i];
        if (IsUnspendable(output.script)) continue;
        const Bytes script(output.script.begin(), output.script.end());
        coins_[{tx.txid, i}] = {output.value, height, coinbase, script, nullptr};
        row.created.push_back({tx.txid, i});
      }
    }
    blocks_.push_back(std::move(row));
    Publish();
  }

  /// Takes the tip off.
  void Disconnect() {
    const Row row = std::move(blocks_.back());
    blocks_.pop_back();
    // In this order: what a block both creates and spends was not there before.
    for (const auto& coin : row.spent) coins_.insert(coin);
    for (const OutPoint& outpoint : row.created) coins_.erase(outpoint);
    Publish();
  }

  const std::map<OutPoint, ledger::FoundCoin>& coins() const { return coins_; }

  // -- what the pool asks --

  const consensus::Params& params() const override { return params_; }
  ledger::ChainViewPtr View() const override {
    base::MutexLock lock(mutex_);
    return view_;
  }
  consensus::ProofCaches& Proofs() override { return proofs_; }
  bool IsInitialBlockDownload() override { return false; }
  Result<Bytes> ReadBlock(const ledger::HeaderEntry& entry) const override {
    const auto body = bodies_.find(entry.hash);
    if (body != bodies_.end()) return body->second;
    return tl::unexpected(Error{ErrorCode::kNotFound, "no such block"});
  }
  Result<std::optional<ledger::FoundCoin>> FindCoin(const OutPoint& outpoint) override {
    const auto coin = coins_.find(outpoint);
    if (coin == coins_.end()) return std::optional<ledger::FoundCoin>();
    ledger::FoundCoin found = coin->second;
    found.tip = View()->tip;
    return std::optional(std::move(found));
  }
  bool HoldsCoin(const OutPoint& outpoint) const override { return coins_.contains(outpoint); }
  /// Nobody is told: who wants to know of a new tip looks at it.
  bool WaitForTip(const BlockHash&, std::chrono::milliseconds) const override { return false; }

  // -- what it never asks --

  const ledger::HeaderEntry* Find(const BlockHash&) const override { Unwanted(); }
  std::future<ledger::SubmitResult> SubmitBlock(BlockPtr) override { Unwanted(); }
  std::future<ledger::SubmitResult> SubmitRawBlock(Bytes) override { Unwanted(); }
  ledger::HeadersResult SubmitHeaders(std::vector<Header>) override { Unwanted(); }
  std::optional<std::string> TestBlock(BlockPtr) override { Unwanted(); }
  Result<std::vector<ledger::FoundCoin>> ReadSpentCoins(const ledger::HeaderEntry&) const override {
    Unwanted();
  }
  Result<ledger::CoinSet> SnapshotCoins() override { Unwanted(); }
  uint64_t CoinsOnDisk() const override { Unwanted(); }
  const ledger::IndexReader* FindIndex(std::string_view) const override { Unwanted(); }
  std::vector<const ledger::IndexReader*> Indexes() const override { Unwanted(); }
  Status InvalidateBlock(const BlockHash&) override { Unwanted(); }
  Status ReconsiderBlock(const BlockHash&) override { Unwanted(); }
  Status PreciousBlock(const BlockHash&) override { Unwanted(); }
  Result<ledger::ChainCheck> VerifyChain(int, int) override { Unwanted(); }
  ledger::PruneState Pruning() const override { Unwanted(); }
  Result<int> PruneTo(int) override { Unwanted(); }
  std::vector<ledger::BranchTip> BranchTips() override { Unwanted(); }
  uint64_t SizeOnDisk() const override { Unwanted(); }
  BlockPtr WaitForBlock(const BlockPtr&, std::chrono::milliseconds) const override { Unwanted(); }
  void Synchronize() override { Unwanted(); }
  Status Flush() override { Unwanted(); }
  std::string FailureReason() const override { return {}; }
  bool ReachedStopHeight() const override { return false; }
  void Stop() override {}

 private:
  struct Row {
    ledger::HeaderEntry* entry = nullptr;
    Bytes body;
    std::vector<std::pair<OutPoint, ledger::FoundCoin>> spent;
    std::vector<OutPoint> created;
  };

  [[noreturn]] static void Unwanted() {
    CAIRN_ASSERT(!"a pool has no business with it");
    std::abort();
  }

  void Publish() {
    const Row& tip = blocks_.back();
    bodies_.insert({tip.entry->hash, tip.body});
    const auto view = std::make_shared<ledger::ChainView>();
    view->params = &params_;
    view->tip = view->best_header = tip.entry;
    view->heights = (view_ == nullptr ? ledger::HeightIndex() : view_->heights).With(tip.entry);
    view->generation = ++generation_;
    base::MutexLock lock(mutex_);
    view_ = view;
  }

  const consensus::Params& params_;
  ledger::HeaderTree tree_;
  std::vector<Row> blocks_;            // the chain
  std::map<BlockHash, Bytes> bodies_;  // of all that ever were in it
  std::map<OutPoint, ledger::FoundCoin> coins_;
  consensus::ProofCaches proofs_{1 << 16, {}};
  uint32_t made_ = 0;
  uint64_t generation_ = 0;
  mutable base::Mutex mutex_;
  ledger::ChainViewPtr view_;
};

}  // namespace cairn::fuzz
