#include "src/ledger/coin_table.h"

#include <algorithm>
#include <utility>

#include "cairn/storage/coin_codec.h"

namespace cairn::ledger {
namespace {

// Marks of an entry.
constexpr uint8_t kSpentMark = 1;    // no coin: the database's copy is to be deleted, or is being
constexpr uint8_t kDirtyMark = 2;    // to be written by the next flush
constexpr uint8_t kFrozenMark = 4;   // being written by the present flush: not to be forgotten
constexpr uint8_t kInStoreMark = 8;  // the database may have (some version of) this coin

bool Has(const CompactCoin& entry, uint8_t mark) { return (entry.flags() & mark) != 0; }
void Set(CompactCoin& entry, uint8_t mark) { entry.set_flags(entry.flags() | mark); }
void Unset(CompactCoin& entry, uint8_t mark) {
  entry.set_flags(static_cast<uint8_t>(entry.flags() & ~mark));
}

}  // namespace

size_t FrozenCoins::Count() const {
  size_t count = 0;
  for (const Shard& shard : shards) count += shard.changes.size();
  return count;
}

void FrozenCoins::AddTo(storage::Batch& batch) const {
  for (const Shard& shard : shards) {
    for (const Change& change : shard.changes) {
      if (change.size == 0) {
        storage::CoinStore::DeleteCoin(batch, change.outpoint);
      } else {
        storage::CoinStore::PutRecord(batch, change.outpoint,
                                      ByteSpan(shard.records).subspan(change.at, change.size));
      }
    }
  }
}

CoinTable::CoinTable(storage::CoinStore& store, bool store_is_empty)
    : store_(store), complete_(store_is_empty) {
  const SaltedHasher hasher;
  for (size_t i = 0; i < kShards; ++i) shards_.emplace_back(hasher);
}

CoinTable::Presence CoinTable::Look(const OutPoint& outpoint, ScriptArena& scripts,
                                    Coin& coin) const {
  const Shard& shard = ShardOf(outpoint);
  base::MutexLock lock(shard.mutex);
  const auto found = shard.coins.find(outpoint);
  if (found == shard.coins.end()) return Presence::kUnknown;
  if (Has(found->second, kSpentMark)) return Presence::kSpent;
  coin = found->second.View();
  coin.script = scripts.Copy(coin.script);
  return Presence::kUnspent;
}

Result<std::optional<Coin>> CoinTable::FindOnly(const OutPoint& outpoint,
                                                ScriptArena& scripts) const {
  Coin coin;
  const Presence presence = Look(outpoint, scripts, coin);
  if (presence == Presence::kUnspent) return coin;
  // Asked after the look: the table says that it is no longer complete before it forgets a coin.
  if (presence == Presence::kSpent || IsComplete()) return std::nullopt;
  const auto stored = store_.ReadCoin(outpoint);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return std::nullopt;
  coin = (*stored)->View();
  coin.script = scripts.Copy(coin.script);
  return coin;
}

Result<std::optional<Coin>> CoinTable::Find(const OutPoint& outpoint, ScriptArena& scripts) {
  Coin coin;
  const Presence presence = Look(outpoint, scripts, coin);
  if (presence == Presence::kUnspent) return coin;
  if (presence == Presence::kSpent || IsComplete()) return std::nullopt;
  Shard& shard = ShardOf(outpoint);
  const uint64_t epoch = EpochOf(shard);
  const auto stored = store_.ReadCoin(outpoint);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return std::nullopt;
  coin = (*stored)->View();
  Remember(shard, epoch, outpoint, coin);
  coin.script = scripts.Copy(coin.script);
  return coin;
}

uint64_t CoinTable::EpochOf(const Shard& shard) {
  base::MutexLock lock(shard.mutex);
  return shard.epoch;
}

void CoinTable::Remember(Shard& shard, uint64_t epoch, const OutPoint& outpoint, const Coin& coin) {
  base::MutexLock lock(shard.mutex);
  if (shard.epoch != epoch) return;
  const auto [at, created] = shard.coins.try_emplace(outpoint);
  if (!created) return;
  at->second = CompactCoin(coin);
  at->second.set_flags(kInStoreMark);
  shard.script_bytes += at->second.OutsideBytes();
}

Status CoinTable::Warm(std::span<const OutPoint> outpoints) {
  for (const OutPoint& outpoint : outpoints) {
    Shard& shard = ShardOf(outpoint);
    uint64_t epoch = 0;
    {
      base::MutexLock lock(shard.mutex);
      if (shard.coins.contains(outpoint)) continue;
      epoch = shard.epoch;
    }
    const auto stored = store_.ReadCoin(outpoint);
    if (!stored) return tl::unexpected(stored.error());
    if (*stored) Remember(shard, epoch, outpoint, (*stored)->View());
  }
  return {};
}

void CoinTable::Uncount(Shard& shard, const CompactCoin& entry) {
  shard.script_bytes -= entry.OutsideBytes();
  if (Has(entry, kDirtyMark)) dirty_bytes_.fetch_sub(BytesOf(entry), std::memory_order_relaxed);
}

void CoinTable::CountDirty(Shard& shard, CompactCoin& entry) {
  Set(entry, kDirtyMark);
  shard.script_bytes += entry.OutsideBytes();
  dirty_bytes_.fetch_add(BytesOf(entry), std::memory_order_relaxed);
}

void CoinTable::Add(const OutPoint& outpoint, const Coin& coin, Origin origin) {
  Shard& shard = ShardOf(outpoint);
  base::MutexLock lock(shard.mutex);
  const auto [at, created] = shard.coins.try_emplace(outpoint);
  CompactCoin& entry = at->second;
  Uncount(shard, entry);
  const uint8_t kept = created ? (origin == Origin::kMayBeStored ? kInStoreMark : 0)
                               : static_cast<uint8_t>(entry.flags() & ~kSpentMark);
  entry = CompactCoin(coin);
  entry.set_flags(kept);
  CountDirty(shard, entry);
}

Result<bool> CoinTable::Spend(const OutPoint& outpoint) {
  Shard& shard = ShardOf(outpoint);
  {
    base::MutexLock lock(shard.mutex);
    const auto at = shard.coins.find(outpoint);
    if (at != shard.coins.end()) {
      CompactCoin& entry = at->second;
      if (Has(entry, kSpentMark)) return false;
      Uncount(shard, entry);
      if (!Has(entry, kInStoreMark)) {
        shard.coins.erase(at);
        return true;
      }
      const uint8_t flags = entry.flags();
      entry = CompactCoin();
      entry.set_flags(flags | kSpentMark);
      CountDirty(shard, entry);
      return true;
    }
  }
  if (IsComplete()) return false;
  const auto stored = store_.ReadCoin(outpoint);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return false;
  base::MutexLock lock(shard.mutex);
  CompactCoin& entry = shard.coins.try_emplace(outpoint).first->second;
  Uncount(shard, entry);  // it may have been warmed in the meantime
  entry = CompactCoin();
  entry.set_flags(kInStoreMark | kSpentMark);
  CountDirty(shard, entry);
  return true;
}

void CoinTable::FreezeShard(Shard& shard, FrozenCoins::Shard& into) {
  {
    base::MutexLock lock(shard.mutex);
    for (auto& [outpoint, entry] : shard.coins) {
      if (!Has(entry, kDirtyMark)) continue;
      FrozenCoins::Change change{outpoint, 0, into.records.size()};
      if (!Has(entry, kSpentMark)) {
        storage::AppendCoin(into.records, entry.View());
        change.size = static_cast<uint32_t>(into.records.size() - change.at);
      }
      into.changes.push_back(change);
      Unset(entry, kDirtyMark);
      Set(entry, kFrozenMark | kInStoreMark);
    }
  }
  std::sort(into.changes.begin(), into.changes.end(),
            [](const auto& a, const auto& b) { return a.outpoint < b.outpoint; });
}

FrozenCoins CoinTable::Freeze(WorkerPool& workers) {
  FrozenCoins frozen;
  frozen.shards.resize(kShards);
  workers.ForEach(kShards, [&](size_t i) { FreezeShard(shards_[i], frozen.shards[i]); });
  dirty_bytes_ = 0;
  return frozen;
}

void CoinTable::SettleShard(Shard& shard, const FrozenCoins::Shard& frozen) {
  base::MutexLock lock(shard.mutex);
  bool forgot = false;
  for (const FrozenCoins::Change& change : frozen.changes) {
    const auto at = shard.coins.find(change.outpoint);
    if (at == shard.coins.end()) continue;
    Unset(at->second, kFrozenMark);
    if (!Has(at->second, kSpentMark) || Has(at->second, kDirtyMark)) continue;
    shard.coins.erase(at);
    forgot = true;
  }
  if (forgot) ++shard.epoch;
}

void CoinTable::Settle(const FrozenCoins& frozen, WorkerPool& workers) {
  workers.ForEach(kShards, [&](size_t i) { SettleShard(shards_[i], frozen.shards[i]); });
}

void CoinTable::ShrinkShard(Shard& shard, uint64_t bytes) {
  base::MutexLock lock(shard.mutex);
  const auto is_too_large = [&shard, bytes]() CAIRN_REQUIRES(shard.mutex) {
    return shard.coins.size() * kEntryBytes + shard.script_bytes > bytes;
  };
  if (is_too_large()) ++shard.epoch;
  // The order of the map is the order of a salted hash: as good as chance.
  for (auto at = shard.coins.begin(); at != shard.coins.end() && is_too_large();) {
    const auto here = at++;
    if ((here->second.flags() & (kDirtyMark | kFrozenMark)) != 0) continue;
    shard.script_bytes -= here->second.OutsideBytes();
    shard.coins.erase(here);
  }
  if (shard.coins.bucket_count() > 2 * shard.coins.size()) shard.coins.rehash(0);
}

void CoinTable::Shrink(uint64_t bytes, WorkerPool& workers) {
  complete_ = false;
  workers.ForEach(kShards, [&](size_t i) { ShrinkShard(shards_[i], bytes / kShards); });
}

uint64_t CoinTable::MemoryBytes() const {
  uint64_t total = 0;
  for (const Shard& shard : shards_) {
    base::MutexLock lock(shard.mutex);
    // A table that has grown keeps its room, so the room counts, not only what is in it.
    total += shard.script_bytes +
             std::max<uint64_t>(shard.coins.size() * kEntryBytes,
                                shard.coins.bucket_count() * (sizeof(Map::value_type) + 1));
  }
  return total;
}

}  // namespace cairn::ledger
