// Moving the tip: staging, proving, committing, disconnecting.

#include <algorithm>
#include <cmath>
#include <utility>

#include "cairn/base/log.h"
#include "consensus/rules/header.h"
#include "consensus/rules/spending.h"
#include "consensus/script/flags.h"
#include "consensus/work.h"
#include "src/ledger/chain_state.h"
#include "src/ledger/coin_views.h"
#include "src/ledger/undo.h"

namespace cairn::ledger {
namespace {

// Blocks and inputs that are proven at the same time: enough that the workers never run dry between
// two blocks, few enough that little memory waits.
constexpr size_t kMostStagedBlocks = 12;
constexpr size_t kMostStagedInputs = 20'000;

}  // namespace

Status ChainState::Advance(const BlockPtr& fresh) {
  while (true) {
    const auto stepped = Step(fresh);
    if (!stepped) return tl::unexpected(stepped.error());
    if (!*stepped) break;
  }
  while (!window_.empty() && window_.front().IsProven()) {
    if (Status settled = SettleOldest(); !settled) return settled;
  }
  if (!window_.empty()) return {};
  PublishIfStale();
  GiveAnswers(refusals_);
  return {};
}

void ChainState::GiveAnswers(HeldAnswers& held) {
  for (auto& [answer, result] : std::exchange(held, {})) answer(std::move(result));
}

Result<bool> ChainState::Step(const BlockPtr& fresh) {
  if (MustPause()) return false;
  tree_.PruneCandidates(tip_);
  HeaderEntry* target = tree_.BestCandidate();
  if (target == nullptr || target == Front()) return false;
  Status done;
  if (const HeaderEntry* fork = FindFork(Front(), target); fork != Front()) {
    if (!HasWayTo(target, fork)) {
      tree_.DropCandidate(target);  // an old branch, pruned before it became the best one
      return true;
    }
    if (done = CheckWayBack(fork->height); !done) return tl::unexpected(done.error());
    way_back_ = fork->height;
    // What is staged is committed first: it is on the way back, or it is part of the way.
    if (!window_.empty()) {
      done = SettleOldest();
    } else {
      if (tip_ == view_.Get()->tip) {
        LOG_INFO("Reorganising: {} blocks off, {} blocks on, to {}", tip_->height - fork->height,
                 target->height - fork->height, target->hash);
      }
      done = DisconnectTip();
    }
  } else if (WindowIsFull()) {
    done = SettleOldest();
  } else {
    way_back_ = INT32_MAX;
    HeaderEntry* next = tree_.Find(target->Ancestor(Front()->height + 1)->hash);
    if (!next->HasBody()) {
      tree_.DropCandidate(target);
      return true;
    }
    if (fresh != nullptr && fresh->hash() == next->hash) {
      done = Stage(next, fresh);
    } else {
      const auto read = read_ahead_->Take(*next, *target);
      if (!read) return tl::unexpected(read.error());
      done = Stage(next, *read);
    }
  }
  if (!done) return tl::unexpected(done.error());
  return true;
}

bool ChainState::MustPause() const {
  const bool high_enough =
      options_.stop_at_height > 0 && Front()->height >= options_.stop_at_height;
  return high_enough || reached_stop_height_ || IsInterrupted();
}

bool ChainState::WindowIsFull() const {
  size_t inputs = 0;
  for (const Staged& staged : window_) inputs += staged.block->SpendCount();
  return window_.size() >= kMostStagedBlocks || inputs >= kMostStagedInputs;
}

Status ChainState::Stage(HeaderEntry* entry, const BlockPtr& block) {
  const auto overwrites = OverwritesCoin(*block, entry->height, entry->parent);
  if (!overwrites) return tl::unexpected(overwrites.error());
  const auto spent = overlay_->Stage(*block, entry->height);
  if (!spent) return tl::unexpected(spent.error());
  const auto checked = CheckMoney(*block, entry->parent, (*spent)->pointers(), *overwrites);
  if (!checked) return tl::unexpected(checked.error());
  if (!*checked) {
    // Whether or not the blocks before it prove true, this one can never connect. They are settled
    // first, since dropping this one drops all that is staged.
    while (!window_.empty()) {
      if (Status settled = SettleOldest(); !settled) return settled;
    }
    overlay_->Clear();
    if (!entry->failed) Refuse(entry, checked->error());
    return {};
  }
  std::shared_ptr<ScriptJob> scripts;
  if (!AssumesValid(entry)) {
    scripts = std::make_shared<ScriptJob>(block, *spent, **checked, &proofs_.scripts, meter_,
                                          events_.wake);
  }
  std::shared_ptr<IndexJob> indexes;
  if (!indexes_->empty()) {
    indexes = std::make_shared<IndexJob>(*indexes_, block, entry->height, *spent);
  }
  window_.push_back({entry, block, *spent, scripts, {}, indexes});
  if (scripts != nullptr) scripts->Start(workers_);
  if (indexes != nullptr) {
    workers_.Run([indexes, wake = events_.wake] {
      indexes->Run();
      wake();
    });
  }
  const bool nothing_to_prove = scripts == nullptr && indexes == nullptr;
  return nothing_to_prove && window_.size() == 1 ? SettleOldest() : Status();
}

Status ChainState::SettleOldest() {
  Staged staged = std::move(window_.front());
  window_.pop_front();
  if (staged.scripts == nullptr) return CommitStaged(std::move(staged));
  staged.scripts->Wait();
  if (!staged.scripts->breakdown().empty()) {
    return cairn::Fail(ErrorCode::kIo, "scripts could not be run: " + staged.scripts->breakdown());
  }
  if (const consensus::Verdict& verdict = staged.scripts->verdict(); !verdict) {
    if (staged.indexes != nullptr) staged.indexes->Take();  // no worker is at it afterwards
    CondemnStaged(std::move(staged), verdict.error());
    return {};
  }
  return CommitStaged(std::move(staged));
}

Status ChainState::CommitStaged(Staged staged) {
  HeaderEntry* entry = staged.entry;
  if (entry->undo_sequence == 0) {
    Bytes undo = EncodeUndo(entry->hash, staged.spent->pointers());
    const size_t undo_size = undo.size();
    entry->undo_sequence = store_->WriteUndo(std::move(undo));
    if (pruner_ != nullptr) pruner_->Add(entry->undo_sequence, entry, undo_size);
  }
  // Behind what may wait for the disk, since readers wait from here on.
  if (coins_version_ % 2 == 0) ++coins_version_;
  if (Status done = overlay_->Commit(*staged.block, entry->height, *staged.spent); !done) {
    return done;
  }
  if (!indexes_->empty()) {
    const BlockPlace place{entry->height, entry->hash, entry->header.previous};
    Status done =
        indexes_->Append(place, *staged.block, staged.spent->pointers(), staged.indexes->Take());
    if (!done) return done;
  }
  Commit(entry);
  HoldAnswers(staged, nullptr);
  if (Status flushed = FlushByCount(); !flushed) return flushed;
  // Readers never see a chain with less work than the one before.
  if (tip_->chain_work >= view_.Get()->tip->chain_work) Publish();
  return FlushIfDue();
}

void ChainState::HoldAnswers(Staged& staged, const consensus::Violation* violation) {
  for (auto& [entry, answer] : std::exchange(staged.answers, {})) {
    SubmitResult result{BlockOutcome::kStored, "", entry, {}};
    if (tip_->Ancestor(entry->height) == entry) {
      result.outcome = BlockOutcome::kConnected;
    } else if (entry->failed && violation != nullptr) {
      result = {BlockOutcome::kRejected, violation->Reason(), entry, *violation};
    } else if (entry->failed) {
      result = {BlockOutcome::kDuplicateInvalid, "duplicate-invalid", entry, {}};
    }
    const bool refused = entry->failed;
    (refused ? refusals_ : held_answers_).emplace_back(std::move(answer), std::move(result));
  }
}

void ChainState::CondemnStaged(Staged staged, const consensus::Violation& violation) {
  Refuse(staged.entry, violation);
  HoldAnswers(staged, &violation);
  for (Staged& follower : window_) HoldAnswers(follower, &violation);
  DropStaged();
}

void ChainState::DropStaged() {
  for (Staged& staged : window_) {
    if (staged.scripts != nullptr) staged.scripts->Abandon();
  }
  for (Staged& staged : window_) {
    if (staged.scripts != nullptr) staged.scripts->Wait();
    if (staged.indexes != nullptr) staged.indexes->Take();
    HoldAnswers(staged, nullptr);
  }
  window_.clear();
  if (overlay_ != nullptr) overlay_->Clear();
  if (failure().empty() && !interrupted_) return;
  GiveAnswers(held_answers_);
  GiveAnswers(refusals_);
}

void ChainState::SettleReady() {
  if (failure().empty()) {
    if (const Status done = SettleProven(); !done) Fail(done.error());
  }
  // After a failure nothing may ring the bell again: those who wait are answered at once.
  if (!failure().empty()) DropStaged();
}

Status ChainState::SettleProven() {
  if (Status written = store_->status(); !written) return written;
  FinishFlush();
  if (window_.empty() || !window_.front().IsProven()) return {};
  while (!window_.empty() && window_.front().IsProven()) {
    if (Status settled = SettleOldest(); !settled) return settled;
  }
  return Advance(nullptr);
}

void ChainState::SettleAll() {
  Status done;
  while (done && failure().empty() && !window_.empty()) {
    done = SettleOldest();
    if (done) done = Advance(nullptr);
  }
  if (!done) Fail(done.error());
}

Status ChainState::DisconnectTip() {
  if (coins_version_ % 2 == 0) ++coins_version_;
  const auto block = ReadBlock(*tip_);
  if (!block) return tl::unexpected(block.error());
  const auto spent = ReadSpent(*tip_);
  if (!spent) return tl::unexpected(spent.error());
  const bool before_bip34 = tip_->height < params_.heights.bip34;
  if (Status done = overlay_->Unstage(**block, *spent, before_bip34); !done) return done;
  if (Status done = overlay_->CommitAll(); !done) return done;
  if (!indexes_->empty()) {
    const BlockPlace place{tip_->height, tip_->hash, tip_->header.previous};
    if (Status done = indexes_->Unwind(place, **block, CoinViews(*spent).pointers()); !done) {
      return done;
    }
  }
  tip_ = tree_.Find(tip_->header.previous);
  return FlushIfDue();
}

Status ChainState::LeaveFailedTip() {
  way_back_ = 0;  // nothing is pruned meanwhile, nor after an interruption
  while (tip_->failed) {
    if (IsInterrupted()) return {};
    if (Status there = CheckWayBack(tip_->height - 1); !there) return there;
    if (Status done = DisconnectTip(); !done) return done;
  }
  way_back_ = INT32_MAX;
  return {};
}

Result<bool> ChainState::OverwritesCoin(const Block& block, int height, const HeaderEntry* parent) {
  const HeaderEntry* at_bip34 = parent->Ancestor(params_.heights.bip34);
  const bool bip34_block_is_ours = at_bip34 != nullptr && at_bip34->hash == params_.bip34_hash;
  if (!consensus::Bip30Applies(height, block.hash(), bip34_block_is_ours, params_)) return false;
  return overlay_->Overwrites(block);
}

Result<tl::expected<consensus::ScriptFlags, consensus::Violation>> ChainState::CheckMoney(
    const Block& block, const HeaderEntry* parent, std::span<const Coin* const> coins,
    bool overwrites) {
  const int height = parent->height + 1;
  const auto flags = consensus::ScriptFlagsAt(height, block.hash(), params_);
  const EntryAncestors ancestors(parent);
  const auto fees = consensus::ConnectBlock({block, params_, ancestors, flags, coins, overwrites});
  using Checked = tl::expected<consensus::ScriptFlags, consensus::Violation>;
  if (!fees) return Checked(tl::unexpected(fees.error()));
  return Checked(flags);
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
  SettleAll();
  if (!failure().empty()) return failure();
  if (block->header().previous != tip_->hash) return "inconclusive-not-best-prevblk";
  const EntryAncestors ancestors(tip_);
  const auto header = consensus::CheckUnsolvedHeader(
      {block->header(), block->hash(), params_, ancestors, clock_.Now(), CheckpointedHeight()});
  if (!header) return header.error().Reason();
  auto checked = consensus::CheckBlockBody(*block, params_);
  if (!checked) return checked.error().Reason();
  const auto placed = consensus::AcceptBlock({*block, params_, ancestors});
  if (!placed) return placed.error().Reason();
  const int height = tip_->height + 1;
  const auto overwrites = OverwritesCoin(*block, height, tip_);
  if (!overwrites) return overwrites.error().message;
  const auto spent = overlay_->Stage(*block, height);
  if (!spent) return spent.error().message;
  overlay_->Clear();
  const auto money = CheckMoney(*block, tip_, (*spent)->pointers(), *overwrites);
  if (!money) return money.error().message;
  if (!*money) return money->error().Reason();
  const auto job =
      std::make_shared<ScriptJob>(block, *spent, **money, &proofs_.scripts, meter_, nullptr);
  job->Start(workers_);
  job->Wait();
  if (!job->breakdown().empty()) return job->breakdown();
  if (!job->verdict()) return job->verdict().error().Reason();
  return std::nullopt;
}

void ChainState::Commit(HeaderEntry* tip) {
  tip_ = tip;
  tip->validity = Validity::kConnected;
  dirty_rows_.insert(tip);
  ++blocks_since_flush_;
  if (progress_ && progress_->clock.IsDue()) {
    LOG_INFO("{}: height {} of {}, {} blocks/s", progress_->what, tip->height,
             tree_.best_header()->height,
             std::llround(progress_->clock.PerSecond(tip->height - progress_->from)));
  }
  if (options_.stop_at_height > 0 && tip->height >= options_.stop_at_height) {
    reached_stop_height_ = true;
  }
  if (!IsInitialDownload(*tip) || log::IsEnabled(log::kValidation)) {
    LOG_INFO("New tip {} height={} tx={} log2_work={}", tip->hash, tip->height,
             tip->chain_tx_count.load(), std::log2(tip->chain_work.ToDouble()));
  }
}

void ChainState::PublishIfStale() {
  // The tip may stand in the middle of a reorganisation.
  if (!failure().empty() || tip_->failed) return;
  const ChainViewPtr view = view_.Get();
  const bool behind = tip_->chain_work < view->tip->chain_work && !window_.empty();
  if (behind) return;  // of a reorganisation that is still being proven
  const bool changed = view->tip != tip_ || view->best_header != tree_.best_header();
  if (changed || !held_answers_.empty() || coins_version_ % 2 != 0) Publish();
}

void ChainState::Publish() {
  const ChainViewPtr previous = view_.Get();
  auto next = std::make_shared<ChainView>();
  next->params = &params_;
  next->tip = tip_;
  next->best_header = tree_.best_header();
  next->heights = previous != nullptr ? previous->heights.With(tip_) : HeightIndex().With(tip_);
  next->generation = previous != nullptr ? previous->generation + 1 : 1;
  indexes_->Publish();
  view_.Set(std::move(next));
  if (coins_version_ % 2 != 0) ++coins_version_;
  events_.published();
  GiveAnswers(held_answers_);
}

bool ChainState::IsInitialDownload(const HeaderEntry& tip) {
  const bool recent = int64_t{tip.header.time} >= clock_.Now() - options_.max_tip_age;
  if (recent && tip.chain_work >= params_.minimum_chain_work) initial_download_ = false;
  return initial_download_;
}

}  // namespace cairn::ledger
