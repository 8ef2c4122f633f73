// Moving the tip: disconnecting, connecting, committing.

#include <cmath>
#include <utility>

#include "cairn/base/log.h"
#include "consensus/script/flags.h"
#include "consensus/work.h"
#include "src/ledger/block_scripts.h"
#include "src/ledger/chain_state.h"
#include "src/ledger/connect.h"
#include "src/ledger/undo.h"

namespace cairn::ledger {
namespace {

/// The entries from above `fork` up to `last`, in ascending order.
std::vector<HeaderEntry*> PathFrom(const HeaderEntry* fork, HeaderEntry* last,
                                   const HeaderTree& tree) {
  std::vector<HeaderEntry*> path;
  for (HeaderEntry* entry = last; entry != fork; entry = tree.Find(entry->header.previous)) {
    path.push_back(entry);
  }
  return {path.rbegin(), path.rend()};
}

}  // namespace

Result<ChainState::Activation> ChainState::Activate(const BlockPtr& fresh,
                                                    const HeaderEntry* watched) {
  Activation result;
  while (!MustPause()) {
    tree_.PruneCandidates(tip_);
    HeaderEntry* target = tree_.BestCandidate();
    if (target == nullptr || target == tip_) break;
    const HeaderEntry* fork = FindFork(tip_, target);
    if (fork != tip_) {
      LOG_INFO("Reorganising: {} blocks off, {} blocks on, to {}", tip_->height - fork->height,
               target->height - fork->height, target->hash);
    }
    while (tip_ != fork) {
      if (const Status done = Disconnect(); !done) return tl::unexpected(done.error());
    }
    for (HeaderEntry* entry : PathFrom(fork, target, tree_)) {
      if (MustPause()) break;
      BlockPtr block = fresh;
      if (fresh == nullptr || fresh->hash() != entry->hash) {
        auto read = ReadBlock(*entry);
        if (!read) return tl::unexpected(read.error());
        block = *std::move(read);
      }
      consensus::Violation violation{};
      const auto connected = Connect(entry, block, violation);
      if (!connected) return tl::unexpected(connected.error());
      if (!*connected) {
        Refuse(entry, violation);
        if (watched != nullptr && watched->failed) result.violation = violation;
        break;
      }
      // Readers never see a chain with less work than the one before.
      if (tip_->chain_work >= view_.Get()->tip->chain_work) Publish();
      if (const Status flushed = FlushIfDue(); !flushed) return tl::unexpected(flushed.error());
    }
  }
  Publish();
  return result;
}

bool ChainState::MustPause() const {
  return reached_stop_height_ || interrupted_ || options_.interrupted();
}

Status ChainState::Disconnect() {
  const auto block = ReadBlock(*tip_);
  if (!block) return tl::unexpected(block.error());
  const auto undo = block_store_->ReadUndo(tip_->undo_sequence);
  if (!undo) return tl::unexpected(undo.error());
  const auto spent = DecodeUndo(tip_->hash, *undo);
  if (!spent) {
    return cairn::Fail(ErrorCode::kCorruption,
                       "the undo data of " + tip_->hash.ToString() + " is damaged");
  }
  if (Status done = UnapplyBlock(**block, *spent, *cache_); !done) return done;
  tip_ = tree_.Find(tip_->header.previous);
  return {};
}

Result<bool> ChainState::Connect(HeaderEntry* entry, const BlockPtr& block,
                                 consensus::Violation& violation) {
  const auto resolved = ResolvedCoins::Resolve(*block, entry->height, *cache_);
  if (!resolved) return tl::unexpected(resolved.error());
  const auto verdict =
      CheckConnect(*block, entry->parent, resolved->pointers(), !AssumesValid(entry));
  if (!verdict) return tl::unexpected(verdict.error());
  if (!*verdict) {
    violation = verdict->error();
    return false;
  }
  if (entry->undo_sequence == 0) {
    const auto undo = block_store_->AppendUndo(EncodeUndo(entry->hash, resolved->pointers()));
    if (!undo) return tl::unexpected(undo.error());
    entry->undo_sequence = *undo;
  }
  if (const Status applied = ApplyBlock(*block, entry->height, *cache_); !applied) {
    return tl::unexpected(applied.error());
  }
  Commit(entry);
  return true;
}

Result<consensus::Verdict> ChainState::CheckConnect(const Block& block, const HeaderEntry* parent,
                                                    std::span<const Coin* const> coins,
                                                    bool with_scripts) {
  const int height = parent->height + 1;
  const HeaderEntry* at_bip34 = parent->Ancestor(params_.heights.bip34);
  const bool bip34_block_is_ours = at_bip34 != nullptr && at_bip34->hash == params_.bip34_hash;
  bool overwrites = false;
  if (consensus::Bip30Applies(height, block.hash(), bip34_block_is_ours, params_)) {
    const auto found = OverwritesCoin(block, *cache_);
    if (!found) return tl::unexpected(found.error());
    overwrites = *found;
  }
  const auto flags = consensus::ScriptFlagsAt(height, block.hash(), params_);
  const EntryAncestors ancestors(parent);
  const auto fees = consensus::ConnectBlock({block, params_, ancestors, flags, coins, overwrites});
  if (!fees) return consensus::Verdict(tl::unexpected(fees.error()));
  if (!with_scripts) return consensus::Verdict();
  return CheckBlockScripts(block, coins, flags, workers_);
}

/// Whether the scripts of a block are taken as valid: it lies below the assumed-valid block on the
/// best chain of headers, which has enough work and goes on long enough above it that nobody could
/// have made that up cheaply.
bool ChainState::AssumesValid(const HeaderEntry* entry) const {
  if (params_.assumed_valid.IsZero()) return false;
  const HeaderEntry* assumed = tree_.Find(params_.assumed_valid);
  const HeaderEntry* best = tree_.best_header();
  if (assumed == nullptr || assumed->Ancestor(entry->height) != entry) return false;
  if (best->Ancestor(entry->height) != entry) return false;
  if (best->chain_work < params_.minimum_chain_work) return false;
  constexpr int64_t kTwoWeeks = 14 * 24 * 60 * 60;
  const U256 blocks_above =
      (best->chain_work - entry->chain_work) / consensus::WorkOf(best->header.bits);
  return blocks_above * static_cast<uint32_t>(params_.retarget.spacing_seconds) > U256(kTwoWeeks);
}

std::optional<std::string> ChainState::TestBlock(const BlockPtr& block) {
  if (block->header().previous != tip_->hash) return "inconclusive-not-best-prevblk";
  auto checked = consensus::CheckBlockBody(*block, params_);
  if (!checked) return checked.error().Reason();
  const EntryAncestors ancestors(tip_);
  const auto placed = consensus::AcceptBlock({*block, params_, ancestors});
  if (!placed) return placed.error().Reason();
  const auto resolved = ResolvedCoins::Resolve(*block, tip_->height + 1, *cache_);
  if (!resolved) return resolved.error().message;
  const auto connected = CheckConnect(*block, tip_, resolved->pointers(), true);
  if (!connected) return connected.error().message;
  if (!*connected) return connected->error().Reason();
  return std::nullopt;
}

void ChainState::Commit(HeaderEntry* tip) {
  tip_ = tip;
  tip->validity = Validity::kConnected;
  dirty_rows_.insert(tip);
  ++blocks_since_flush_;
  if (options_.stop_at_height > 0 && tip->height >= options_.stop_at_height) {
    reached_stop_height_ = true;
  }
  if (!IsInitialDownload(*tip) || log::IsEnabled(log::kValidation)) {
    LOG_INFO("New tip {} height={} tx={} log2_work={}", tip->hash, tip->height,
             tip->chain_tx_count.load(), std::log2(tip->chain_work.ToDouble()));
  }
}

void ChainState::PublishIfStale() {
  if (!failure().empty()) return;  // the tip may stand in the middle of a reorganisation
  const ChainViewPtr view = view_.Get();
  if (view->tip != tip_ || view->best_header != tree_.best_header()) Publish();
}

void ChainState::Publish() {
  const ChainViewPtr previous = view_.Get();
  auto next = std::make_shared<ChainView>();
  next->params = &params_;
  next->tip = tip_;
  next->best_header = tree_.best_header();
  next->heights = previous != nullptr ? previous->heights.With(tip_) : HeightIndex().With(tip_);
  next->generation = previous != nullptr ? previous->generation + 1 : 1;
  view_.Set(std::move(next));
}

bool ChainState::IsInitialDownload(const HeaderEntry& tip) {
  const bool recent = int64_t{tip.header.time} >= clock_.Now() - options_.max_tip_age;
  if (recent && tip.chain_work >= params_.minimum_chain_work) initial_download_ = false;
  return initial_download_;
}

}  // namespace cairn::ledger
