// What people command: blocks to be taken as invalid or first, the chain to be checked again.

#include <utility>

#include "cairn/base/log.h"
#include "src/ledger/chain_state.h"
#include "src/ledger/memory_shares.h"

namespace cairn::ledger {

Result<HeaderEntry*> ChainState::SettledEntry(const BlockHash& hash) {
  SettleAll();
  if (!failure().empty()) return cairn::Fail(ErrorCode::kIo, failure());
  HeaderEntry* entry = tree_.Find(hash);
  if (entry == nullptr) {
    return cairn::Fail(ErrorCode::kNotFound, "block " + hash.ToString() + " is unknown");
  }
  return entry;
}

Status ChainState::AdvanceAndSettle() {
  if (const Status done = Advance(nullptr); !done) Fail(done.error());
  SettleAll();
  if (!failure().empty()) return cairn::Fail(ErrorCode::kIo, failure());
  return {};
}

Status ChainState::InvalidateBlock(const BlockHash& hash) {
  const auto entry = SettledEntry(hash);
  if (!entry) return tl::unexpected(entry.error());
  if ((*entry)->height == 0) {
    return cairn::Fail(ErrorCode::kInvalid, "the genesis block cannot be invalid");
  }
  const bool on_best_chain = tip_->Ancestor((*entry)->height) == *entry;
  if (on_best_chain) {
    if (Status there = CheckWayBack((*entry)->height - 1); !there) return there;
  }
  Condemn(*entry);
  if (Status left = LeaveFailedTip(); !left) {
    Fail(left.error());
    return left;
  }
  tree_.RebuildCandidates(tip_);
  if (tip_->failed) {
    return cairn::Fail(ErrorCode::kStopped, "the node stops; its next start goes on with that");
  }
  return AdvanceAndSettle();
}

Status ChainState::ReconsiderBlock(const BlockHash& hash) {
  const auto entry = SettledEntry(hash);
  if (!entry) return tl::unexpected(entry.error());
  for (HeaderEntry* changed : tree_.UnmarkFailed(*entry)) dirty_rows_.insert(changed);
  tree_.RebuildCandidates(tip_);
  return AdvanceAndSettle();
}

Status ChainState::PreciousBlock(const BlockHash& hash) {
  const auto entry = SettledEntry(hash);
  if (!entry) return tl::unexpected(entry.error());
  if ((*entry)->chain_work < tip_->chain_work || (*entry)->chain_tx_count == 0) return {};
  tree_.Prefer(*entry);
  return AdvanceAndSettle();
}

Result<CoinSet> ChainState::SnapshotCoins() {
  if (Status flushed = Flush(); !flushed) return tl::unexpected(flushed.error());
  auto snapshot = coin_store_->TakeSnapshot();
  if (!snapshot) return tl::unexpected(snapshot.error());
  return CoinSet{tip_, *std::move(snapshot)};
}

Result<ChainCheck> ChainState::VerifyChain(int level, int blocks) {
  using Outcome = ChainCheck::Outcome;
  SettleAll();
  if (!failure().empty()) return cairn::Fail(ErrorCode::kIo, failure());
  const int lowest = blocks <= 0 || blocks > tip_->height ? 1 : tip_->height - blocks + 1;
  Verified kept;
  const HeaderEntry* entry = tip_;
  Outcome in_the_end = Outcome::kSound;
  Result<ChainCheck> check = ChainCheck{};
  for (; entry->height >= lowest && check && check->IsSound(); entry = entry->parent) {
    if (IsInterrupted()) {
      check->outcome = Outcome::kInterrupted;
    } else if (!entry->HasBody()) {
      LOG_INFO("Checked blocks down to height {}; those before it are pruned", entry->height + 1);
      if (in_the_end == Outcome::kSound) in_the_end = Outcome::kSkippedPruned;
      break;
    } else {
      if (level >= 3 && kept.bytes > CoinBytes(options_.cache_bytes)) {
        LOG_INFO("Took blocks off down to height {}; more do not fit into -dbcache",
                 entry->height + 1);
        in_the_end = Outcome::kSkippedMemory;
        level = 2;
      }
      check = VerifyOne(*entry, level, kept);
    }
  }
  if (level >= 4) {
    for (int height = entry->height + 1; check && check->IsSound() && height <= tip_->height;
         ++height) {
      if (IsInterrupted()) {
        check->outcome = Outcome::kInterrupted;
      } else {
        check = VerifyConnects(*tip_->Ancestor(height), kept);
      }
    }
  }
  overlay_->Clear();
  if (check && check->IsSound()) check->outcome = in_the_end;
  return check;
}

Result<ChainCheck> ChainState::VerifyOne(const HeaderEntry& entry, int level, Verified& kept) {
  using Outcome = ChainCheck::Outcome;
  const auto wrong = [&entry](Outcome outcome, const std::string& why) {
    const std::string reason = "block " + entry.hash.ToString() + " at height " +
                               std::to_string(entry.height) + ": " + why;
    LOG_ERROR("Found by the check of the chain: {}", reason);
    return ChainCheck{outcome, reason};
  };
  const auto unreadable = [&wrong](const Error& error) -> Result<ChainCheck> {
    const bool damaged = error.code == ErrorCode::kCorruption || error.code == ErrorCode::kNotFound;
    if (!damaged) return tl::unexpected(error);
    return wrong(Outcome::kDamaged, error.message);
  };
  const auto block = ReadBlock(entry);
  if (!block) return unreadable(block.error());
  if (level >= 1) {
    const auto checked = consensus::CheckBlock(*block, params_);
    if (!checked) {
      return wrong(Outcome::kDamaged,
                   checked.error().ToString() + "; " + std::string(storage::kRecordWayOut));
    }
  }
  if (level < 2) return ChainCheck{};
  auto spent = ReadSpent(entry);
  if (!spent) return unreadable(spent.error());
  if (level < 3) return ChainCheck{};
  kept.spent.push_back(*std::move(spent));
  // With the undo data, the entries of the overlay and, at level 4, the block itself.
  kept.bytes += uint64_t{3} * entry.body_size;
  const bool before_bip34 = entry.height < params_.heights.bip34;
  const Status off = overlay_->Unstage(**block, kept.spent.back(), before_bip34);
  if (off) return ChainCheck{};
  if (off.error().code != ErrorCode::kCorruption) return tl::unexpected(off.error());
  return wrong(Outcome::kUnsound, off.error().message);
}

Result<ChainCheck> ChainState::VerifyConnects(const HeaderEntry& entry, Verified& kept) {
  const auto block = ReadBlock(entry);
  if (!block) return tl::unexpected(block.error());
  kept.blocks.push_back(*block);  // its outputs may be spent by the next
  const auto spent = overlay_->Stage(**block, entry.height);
  if (!spent) return tl::unexpected(spent.error());
  const auto money = CheckMoney(**block, entry.parent, (*spent)->pointers(), false);
  if (!money) return tl::unexpected(money.error());
  consensus::Verdict verdict;
  if (!*money) {
    verdict = tl::unexpected(money->error());
  } else {
    const auto job = std::make_shared<ScriptJob>(*block, *spent, **money, nullptr, meter_, nullptr);
    job->Start(workers_);
    job->Wait();
    if (!job->breakdown().empty()) return cairn::Fail(ErrorCode::kIo, job->breakdown());
    verdict = job->verdict();
  }
  if (verdict) return ChainCheck{};
  LOG_ERROR("Block {} at height {} does not connect: {}", entry.hash, entry.height,
            verdict.error());
  return ChainCheck{ChainCheck::Outcome::kUnsound, verdict.error().ToString()};
}

}  // namespace cairn::ledger
