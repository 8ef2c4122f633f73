#include "cairn/storage/coin_store.h"

#include <algorithm>
#include <utility>

#include "cairn/base/reader.h"
#include "cairn/base/writer.h"

namespace cairn::storage {
namespace {

// What to do where the files are damaged.
constexpr const char* kWayOut = "start with -reindex-chainstate to build it again";
constexpr std::string_view kTipKey = "tip";
constexpr uint8_t kCoinPrefix = 'c';

tl::unexpected<Error> Damaged(const std::string& what) {
  return Fail(ErrorCode::kCorruption, "chainstate " + what + "; " + kWayOut);
}

Result<std::optional<FlushedTip>> DecodeTip(ByteSpan bytes) {
  Reader reader(bytes);
  FlushedTip tip;
  tip.hash.bytes = reader.Array<32>();
  tip.flush_number = reader.U64();
  if (!reader.ok() || !reader.AtEnd()) {
    return Damaged("has a tip that cannot be read");
  }
  return tip;
}

/// `source` is a database or a snapshot of one.
template <typename Source>
Result<std::optional<StoredCoin>> ReadCoinFrom(const Source& source, const OutPoint& outpoint) {
  thread_local std::string value;  // keeps its room from coin to coin
  const auto found = source.Find(RawCoinKey(outpoint), value);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::nullopt;
  Reader reader(AsBytes(value));
  std::optional<StoredCoin> coin(std::in_place);
  ReadCoinInto(reader, *coin);
  if (!reader.ok() || !reader.AtEnd()) {
    return Damaged("has a coin that cannot be read: " + outpoint.ToString());
  }
  return coin;
}

/// `source` is a database or a snapshot of one.
template <typename Source, typename Visit>
Status ScanCoins(const Source& source, ByteSpan first, const Visit& visit) {
  const ByteSpan prefix(&kCoinPrefix, 1);
  bool intact = true;
  StoredCoin coin;  // keeps its room from coin to coin
  const Status scanned = source.Scan(prefix, first, [&](ByteSpan key, ByteSpan value) {
    Reader reader(value);
    ReadCoinInto(reader, coin);
    intact = key.size() == kCoinKeySize && reader.ok() && reader.AtEnd();
    return intact && visit({Txid::From(key.subspan(1, 32)), LoadBig<uint32_t>(&key[33])}, coin);
  });
  if (!scanned) return scanned;
  if (!intact) return Damaged("has a coin that cannot be read");
  return {};
}

}  // namespace

Result<std::unique_ptr<CoinStore>> CoinStore::Open(const std::filesystem::path& folder,
                                                   uint64_t budget) {
  std::unique_ptr<CoinStore> store(new CoinStore);
  DatabaseOptions options;
  options.name = "chainstate";
  options.way_out = kWayOut;
  options.bloom_filter = true;
  options.cache_bytes = std::max<uint64_t>(budget / 2, 1 << 20);
  options.write_buffer_bytes = std::clamp<uint64_t>(budget / 4, 1 << 20, 64 << 20);
  options.max_open_files = 256;
  auto opened = Database::Open(folder, options, kCoinsFormat);
  if (!opened) return tl::unexpected(opened.error());
  store->database_ = *std::move(opened);
  return store;
}

Result<std::optional<FlushedTip>> CoinStore::ReadTip() const {
  const auto found = database_->Get(AsBytes(kTipKey));
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::nullopt;
  return DecodeTip(**found);
}

Result<bool> CoinStore::ReadRawCoin(const OutPoint& outpoint, std::string& value) const {
  return database_->Find(RawCoinKey(outpoint), value);
}

Result<std::optional<StoredCoin>> CoinStore::ReadCoin(const OutPoint& outpoint) const {
  return ReadCoinFrom(*database_, outpoint);
}

Result<std::optional<StoredCoin>> CoinSnapshot::ReadCoin(const OutPoint& outpoint) const {
  return ReadCoinFrom(*snapshot_, outpoint);
}

void CoinStore::PutCoin(Batch& batch, const OutPoint& outpoint, const Coin& coin) {
  Bytes value;
  AppendCoin(value, coin);
  batch.Put(RawCoinKey(outpoint), value);
}

void CoinStore::PutRecord(Batch& batch, const OutPoint& outpoint, ByteSpan record) {
  batch.Put(RawCoinKey(outpoint), record);
}

void CoinStore::DeleteCoin(Batch& batch, const OutPoint& outpoint) {
  batch.Delete(RawCoinKey(outpoint));
}

Status CoinStore::Commit(Batch& batch, const FlushedTip& tip) {
  Bytes value;
  Writer(value).Raw(tip.hash.span()).U64(tip.flush_number);
  batch.Put(AsBytes(kTipKey), value);
  return database_->Write(batch, true);
}

Result<std::unique_ptr<CoinSnapshot>> CoinStore::TakeSnapshot() const {
  std::unique_ptr<CoinSnapshot> result(new CoinSnapshot);
  result->snapshot_ = database_->TakeSnapshot();
  const auto found = result->snapshot_->Get(AsBytes(kTipKey));
  if (!found) return tl::unexpected(found.error());
  if (*found) {
    auto tip = DecodeTip(**found);
    if (!tip) return tl::unexpected(tip.error());
    result->tip_ = *tip;
  }
  return result;
}

Status CoinSnapshot::Scan(
    const OutPoint& first,
    const std::function<bool(const OutPoint&, const StoredCoin&)>& visit) const {
  return ScanCoins(*snapshot_, RawCoinKey(first), visit);
}

Status CoinStore::ForEachCoin(
    const std::function<void(const OutPoint&, const StoredCoin&)>& visit) const {
  return ScanCoins(*database_, ByteSpan(&kCoinPrefix, 1),
                   [&](const OutPoint& outpoint, const StoredCoin& coin) {
                     visit(outpoint, coin);
                     return true;
                   });
}

}  // namespace cairn::storage
