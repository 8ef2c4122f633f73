#include "src/ledger/coin_cache.h"

#include <random>
#include <utility>

#include "cairn/crypto/hash.h"

namespace cairn::ledger {
namespace {

uint64_t RandomKey() {
  std::random_device source;
  return uint64_t{source()} << 32 | source();
}

}  // namespace

SaltedOutPointHasher::SaltedOutPointHasher() : key0_(RandomKey()), key1_(RandomKey()) {}

size_t SaltedOutPointHasher::operator()(const OutPoint& outpoint) const {
  uint8_t bytes[Txid::kSize + 4];
  std::memcpy(bytes, outpoint.txid.bytes.data(), Txid::kSize);
  StoreLittle(bytes + Txid::kSize, outpoint.index);
  return crypto::SipHash24(key0_, key1_, bytes);
}

Result<CoinCache::Table::iterator> CoinCache::Fetch(const OutPoint& outpoint) {
  const auto found = entries_.find(outpoint);
  if (found != entries_.end()) return found;
  auto stored = store_.ReadCoin(outpoint);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return entries_.end();
  Entry entry;
  entry.coin = *std::move(*stored);
  entry.in_store = true;
  script_bytes_ += entry.coin.script.capacity();
  return entries_.emplace(outpoint, std::move(entry)).first;
}

Result<std::optional<Coin>> CoinCache::Find(const OutPoint& outpoint) {
  const auto at = Fetch(outpoint);
  if (!at) return tl::unexpected(at.error());
  if (*at == entries_.end() || (*at)->second.spent) return std::nullopt;
  return (*at)->second.coin.View();
}

void CoinCache::Add(const OutPoint& outpoint, const Coin& coin, Origin origin) {
  auto [at, created] = entries_.try_emplace(outpoint);
  Entry& entry = at->second;
  script_bytes_ -= entry.coin.script.capacity();
  entry.coin = {coin.value, coin.height, coin.coinbase,
                Bytes(coin.script.begin(), coin.script.end())};
  script_bytes_ += entry.coin.script.capacity();
  entry.spent = false;
  entry.dirty = true;
  if (created) entry.in_store = origin == Origin::kMayBeStored;
}

Result<bool> CoinCache::Spend(const OutPoint& outpoint) {
  const auto at = Fetch(outpoint);
  if (!at) return tl::unexpected(at.error());
  if (*at == entries_.end() || (*at)->second.spent) return false;
  SetSpent(*at);
  return true;
}

void CoinCache::SetSpent(Table::iterator at) {
  Entry& entry = at->second;
  script_bytes_ -= entry.coin.script.capacity();
  if (!entry.in_store) {
    entries_.erase(at);  // the database never heard of it
    return;
  }
  entry.coin = {};
  entry.spent = true;
  entry.dirty = true;
}

Status CoinCache::Flush(const storage::FlushedTip& tip, bool drop) {
  storage::Batch batch;
  for (const auto& [outpoint, entry] : entries_) {
    if (!entry.dirty) continue;
    if (entry.spent) {
      storage::CoinStore::DeleteCoin(batch, outpoint);
    } else {
      storage::CoinStore::PutCoin(batch, outpoint, entry.coin.View());
    }
  }
  if (Status written = store_.Commit(batch, tip); !written) return written;
  if (drop) {
    entries_ = Table();
    script_bytes_ = 0;
    return {};
  }
  boost::unordered::erase_if(entries_, [](const auto& item) { return item.second.spent; });
  for (auto& [outpoint, entry] : entries_) {
    entry.dirty = false;
    entry.in_store = true;
  }
  return {};
}

}  // namespace cairn::ledger
