#include "cairn/storage/coin_store.h"

#include <algorithm>
#include <utility>

#include "cairn/base/reader.h"
#include "cairn/base/writer.h"

namespace cairn::storage {
namespace {

constexpr std::string_view kFormat = "cairn coins 1";
constexpr std::string_view kTipKey = "tip";
constexpr uint8_t kCoinPrefix = 'c';
constexpr size_t kCoinKeySize = 1 + 32 + 4;

}  // namespace

Result<std::unique_ptr<CoinStore>> CoinStore::Open(const std::filesystem::path& folder,
                                                   uint64_t budget) {
  std::unique_ptr<CoinStore> store(new CoinStore);
  DatabaseOptions options;
  options.bloom_filter = true;
  options.cache_bytes = std::max<uint64_t>(budget / 2, 1 << 20);
  options.write_buffer_bytes = std::clamp<uint64_t>(budget / 4, 1 << 20, 64 << 20);
  options.max_open_files = 256;
  auto opened = Database::Open(folder, options, kFormat);
  if (!opened) return tl::unexpected(opened.error());
  store->database_ = *std::move(opened);
  return store;
}

Result<std::optional<FlushedTip>> CoinStore::ReadTip() const {
  const auto found = database_->Get(AsBytes(kTipKey));
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::nullopt;
  Reader reader(**found);
  FlushedTip tip;
  tip.hash.bytes = reader.Array<32>();
  tip.flush_number = reader.U64();
  if (!reader.ok() || !reader.AtEnd()) {
    return Fail(ErrorCode::kCorruption, "chainstate has a tip that cannot be read");
  }
  return tip;
}

Result<std::optional<StoredCoin>> CoinStore::ReadCoin(const OutPoint& outpoint) const {
  const auto found = database_->Get(CoinKey(outpoint));
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::nullopt;
  Reader reader(**found);
  StoredCoin coin = storage::ReadCoin(reader);
  if (!reader.ok() || !reader.AtEnd()) {
    return Fail(ErrorCode::kCorruption,
                "chainstate has a coin that cannot be read: " + outpoint.ToString());
  }
  return coin;
}

void CoinStore::PutCoin(Batch& batch, const OutPoint& outpoint, const Coin& coin) {
  Bytes value;
  AppendCoin(value, coin);
  batch.Put(CoinKey(outpoint), value);
}

void CoinStore::DeleteCoin(Batch& batch, const OutPoint& outpoint) {
  batch.Delete(CoinKey(outpoint));
}

Status CoinStore::Commit(Batch& batch, const FlushedTip& tip) {
  Bytes value;
  Writer(value).Raw(tip.hash.span()).U64(tip.flush_number);
  batch.Put(AsBytes(kTipKey), value);
  return database_->Write(batch, true);
}

Status CoinStore::ForEachCoin(
    const std::function<void(const OutPoint&, const StoredCoin&)>& visit) const {
  const ByteSpan prefix(&kCoinPrefix, 1);
  bool intact = true;
  const Status scanned = database_->Scan(prefix, prefix, [&](ByteSpan key, ByteSpan value) {
    Reader reader(value);
    const StoredCoin coin = storage::ReadCoin(reader);
    intact = key.size() == kCoinKeySize && reader.ok() && reader.AtEnd();
    if (intact) visit({Txid::From(key.subspan(1, 32)), LoadBig<uint32_t>(&key[33])}, coin);
    return intact;
  });
  if (!scanned) return scanned;
  if (!intact) return Fail(ErrorCode::kCorruption, "chainstate has a coin that cannot be read");
  return {};
}

}  // namespace cairn::storage
