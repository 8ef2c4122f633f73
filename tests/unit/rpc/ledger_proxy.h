// A ledger in front of the real one, in which a test can put other answers.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "cairn/ledger/ledger.h"

namespace cairn::rpc {

class LedgerProxy : public ledger::Ledger {
 public:
  explicit LedgerProxy(ledger::Ledger& real) : real_(real) {}

  std::function<Result<ledger::CoinSet>()> snapshot_coins = [this] {
    return real_.SnapshotCoins();
  };
  std::function<const ledger::IndexReader*(std::string_view)> find_index =
      [this](std::string_view name) { return real_.FindIndex(name); };
  std::function<Result<ledger::ChainCheck>(int, int)> verify_chain = [this](int level, int blocks) {
    return real_.VerifyChain(level, blocks);
  };
  std::function<Status(const BlockHash&)> invalidate_block = [this](const BlockHash& hash) {
    return real_.InvalidateBlock(hash);
  };

  ledger::PruneState pruning;
  std::function<Result<int>(int)> prune_to = [this](int height) { return real_.PruneTo(height); };

  const consensus::Params& params() const override { return real_.params(); }
  ledger::ChainViewPtr View() const override { return real_.View(); }
  consensus::ProofCaches& Proofs() override { return real_.Proofs(); }
  bool IsInitialBlockDownload() override { return real_.IsInitialBlockDownload(); }
  const ledger::HeaderEntry* Find(const BlockHash& hash) const override { return real_.Find(hash); }
  std::future<ledger::SubmitResult> SubmitBlock(BlockPtr block) override {
    return real_.SubmitBlock(std::move(block));
  }
  std::future<ledger::SubmitResult> SubmitRawBlock(Bytes bytes) override {
    return real_.SubmitRawBlock(std::move(bytes));
  }
  ledger::HeadersResult SubmitHeaders(std::vector<Header> headers) override {
    return real_.SubmitHeaders(std::move(headers));
  }
  std::optional<std::string> TestBlock(BlockPtr block) override {
    return real_.TestBlock(std::move(block));
  }
  Result<Bytes> ReadBlock(const ledger::HeaderEntry& entry) const override {
    return real_.ReadBlock(entry);
  }
  Result<std::vector<ledger::FoundCoin>> ReadSpentCoins(
      const ledger::HeaderEntry& entry) const override {
    return real_.ReadSpentCoins(entry);
  }
  Result<std::optional<ledger::FoundCoin>> FindCoin(const OutPoint& outpoint) override {
    return real_.FindCoin(outpoint);
  }
  Result<ledger::CoinSet> SnapshotCoins() override { return snapshot_coins(); }
  uint64_t CoinsOnDisk() const override { return real_.CoinsOnDisk(); }
  const ledger::IndexReader* FindIndex(std::string_view name) const override {
    return find_index(name);
  }
  std::vector<const ledger::IndexReader*> Indexes() const override { return real_.Indexes(); }
  Status InvalidateBlock(const BlockHash& hash) override { return invalidate_block(hash); }
  Status ReconsiderBlock(const BlockHash& hash) override { return real_.ReconsiderBlock(hash); }
  Status PreciousBlock(const BlockHash& hash) override { return real_.PreciousBlock(hash); }
  Result<ledger::ChainCheck> VerifyChain(int level, int blocks) override {
    return verify_chain(level, blocks);
  }
  ledger::PruneState Pruning() const override { return pruning; }
  Result<int> PruneTo(int height) override { return prune_to(height); }
  std::vector<ledger::BranchTip> BranchTips() override { return real_.BranchTips(); }
  uint64_t SizeOnDisk() const override { return real_.SizeOnDisk(); }
  bool HoldsCoin(const OutPoint& outpoint) const override { return real_.HoldsCoin(outpoint); }
  BlockPtr WaitForBlock(const BlockPtr& seen, std::chrono::milliseconds timeout) const override {
    return real_.WaitForBlock(seen, timeout);
  }
  bool WaitForTip(const BlockHash& seen, std::chrono::milliseconds timeout) const override {
    return real_.WaitForTip(seen, timeout);
  }
  void Synchronize() override { real_.Synchronize(); }
  Status Flush() override { return real_.Flush(); }
  std::string FailureReason() const override { return real_.FailureReason(); }
  bool ReachedStopHeight() const override { return real_.ReachedStopHeight(); }
  void Stop() override { real_.Stop(); }

 private:
  ledger::Ledger& real_;
};

/// An index that stands somewhere else than the real one, or is not ready.
class IndexProxy : public ledger::IndexReader {
 public:
  explicit IndexProxy(const ledger::IndexReader& real) : real_(real), tip_(real.tip()) {}

  void SetBuilding(int height) {
    synced_ = false;
    tip_.height = height;
  }
  /// Every row is missing.
  void Forget() { forgotten_ = true; }
  /// Called before every read.
  std::function<void()> before_get = [] {};

  std::string_view name() const override { return real_.name(); }
  ledger::IndexTip tip() const override { return tip_; }
  bool synced() const override { return synced_; }
  Result<std::optional<Bytes>> Get(ByteSpan key) const override {
    before_get();
    return forgotten_ ? Result<std::optional<Bytes>>(std::nullopt) : real_.Get(key);
  }
  Status Scan(ByteSpan prefix, ByteSpan first, const Visitor& visit) const override {
    before_get();
    return forgotten_ ? Status() : real_.Scan(prefix, first, visit);
  }

 private:
  const ledger::IndexReader& real_;
  ledger::IndexTip tip_;
  bool synced_ = true;
  bool forgotten_ = false;
};

}  // namespace cairn::rpc
