#include "src/ledger/coin_overlay.h"

#include <utility>

#include "cairn/primitives/script.h"

namespace cairn::ledger {

void SpentCoins::Reserve(size_t count) {
  coins_.reserve(count);
  pointers_.reserve(count);
  of_this_block_.reserve(count);
}

void SpentCoins::Append(const std::optional<Coin>& coin, bool of_this_block) {
  if (coin) coins_.push_back(*coin);
  pointers_.push_back(coin ? &coins_.back() : nullptr);
  of_this_block_.push_back(of_this_block);
}

Result<bool> CoinOverlay::Exists(const OutPoint& outpoint) {
  const auto staged = entries_.find(outpoint);
  if (staged != entries_.end()) return !staged->second.spent;
  ScriptArena scripts;
  const auto found = table_.Find(outpoint, scripts);
  if (!found) return tl::unexpected(found.error());
  return found->has_value();
}

Result<bool> CoinOverlay::Overwrites(const Block& block) {
  for (const Transaction& tx : block.transactions()) {
    for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
      const auto exists = Exists({tx.txid, i});
      if (!exists || *exists) return exists;
    }
  }
  return false;
}

Status CoinOverlay::StageInput(const OutPoint& prevout, SpentCoins& spent) {
  const auto [at, created] = entries_.try_emplace(prevout);
  Entry& entry = at->second;
  if (!created) {
    if (entry.spent) {
      spent.Append(std::nullopt, false);
      return {};
    }
    const bool of_this_block = entry.block == staged_;
    Coin coin = entry.coin;
    // A block before this one may be committed and gone while this one is still being proven.
    if (!of_this_block) coin.script = spent.scripts_.Copy(coin.script);
    spent.Append(coin, of_this_block);
  } else {
    const auto found = table_.Find(prevout, spent.scripts_);
    if (!found) return tl::unexpected(found.error());
    spent.Append(*found, false);
  }
  entry.coin = {};
  entry.spent = true;
  entry.block = staged_;
  return {};
}

Result<std::shared_ptr<const SpentCoins>> CoinOverlay::Stage(const Block& block, int height) {
  ++staged_;
  const auto spent = std::make_shared<SpentCoins>();
  spent->Reserve(block.SpendCount());
  bool coinbase = true;
  for (const Transaction& tx : block.transactions()) {
    if (!coinbase) {
      for (const TxIn& input : tx.inputs) {
        if (Status staged = StageInput(input.prevout, *spent); !staged) {
          return tl::unexpected(staged.error());
        }
      }
    }
    for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
      const TxOut& output = tx.outputs[i];
      if (IsUnspendable(output.script)) continue;
      entries_[{tx.txid, i}] = {{output.value, height, coinbase, output.script}, staged_, false};
    }
    coinbase = false;
  }
  return spent;
}

Status CoinOverlay::Commit(const Block& block, int height, const SpentCoins& spent) {
  ++committed_;
  size_t input_at = 0;
  bool coinbase = true;
  for (const Transaction& tx : block.transactions()) {
    if (!coinbase) {
      for (const TxIn& input : tx.inputs) {
        if (spent.of_this_block_[input_at++]) continue;  // the table never hears of it
        const auto done = table_.Spend(input.prevout);
        if (!done) return tl::unexpected(done.error());
        if (!*done) {
          return Fail(ErrorCode::kCorruption, "coin vanished: " + input.prevout.ToString());
        }
        const auto at = entries_.find(input.prevout);
        if (at != entries_.end() && at->second.block == committed_) entries_.erase(at);
      }
    }
    const auto origin = coinbase ? CoinTable::Origin::kMayBeStored : CoinTable::Origin::kNew;
    for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
      const TxOut& output = tx.outputs[i];
      if (IsUnspendable(output.script)) continue;
      const OutPoint outpoint{tx.txid, i};
      const auto at = entries_.find(outpoint);
      const bool last_touch = at != entries_.end() && at->second.block == committed_;
      const bool spent_here = last_touch && at->second.spent;
      if (last_touch) entries_.erase(at);
      if (spent_here) continue;
      table_.Add(outpoint, {output.value, height, coinbase, output.script}, origin);
    }
    coinbase = false;
  }
  return {};
}

Status CoinOverlay::RemoveOutputs(const Transaction& tx, bool may_be_gone) {
  for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
    if (IsUnspendable(tx.outputs[i].script)) continue;
    const OutPoint outpoint{tx.txid, i};
    const auto exists = Exists(outpoint);
    if (!exists) return tl::unexpected(exists.error());
    if (!*exists && may_be_gone) continue;
    if (!*exists) {
      return Fail(ErrorCode::kCorruption, "coin to take back is missing: " + outpoint.ToString());
    }
    entries_[outpoint] = {{}, 0, true};
  }
  return {};
}

Status CoinOverlay::Unstage(const Block& block, std::span<const storage::StoredCoin> spent,
                            bool coinbase_may_be_gone) {
  if (spent.size() != block.SpendCount()) {
    return Fail(ErrorCode::kCorruption,
                "undo data of " + block.hash().ToString() + " does not fit");
  }
  const auto transactions = block.transactions();
  size_t coins_left = spent.size();
  for (size_t i = transactions.size(); i-- > 0;) {
    const Transaction& tx = transactions[i];
    const bool may_be_gone = i == 0 && coinbase_may_be_gone;
    if (Status removed = RemoveOutputs(tx, may_be_gone); !removed) return removed;
    if (i == 0) break;
    for (size_t input = tx.inputs.size(); input-- > 0;) {
      entries_[tx.inputs[input].prevout] = {spent[--coins_left].View(), 0, false};
    }
  }
  return {};
}

Status CoinOverlay::CommitAll() {
  for (const auto& [outpoint, entry] : entries_) {
    if (!entry.spent) {
      table_.Add(outpoint, entry.coin, CoinTable::Origin::kMayBeStored);
      continue;
    }
    // An output that the block itself spent never reached the table.
    if (const auto removed = table_.Spend(outpoint); !removed) {
      return tl::unexpected(removed.error());
    }
  }
  Clear();
  return {};
}

void CoinOverlay::Clear() {
  entries_.clear();
  committed_ = staged_;
}

}  // namespace cairn::ledger
